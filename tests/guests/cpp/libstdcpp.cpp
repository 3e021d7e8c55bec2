// The containers of libstdc++, of which only the headers are there for this target: what its compiled part would have is
// here. Strings are short or long, and of the old kind with _GLIBCXX_USE_CXX11_ABI=0.
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

extern "C" {
void *malloc(std::size_t);
void free(void *);
void abort();
int sched_yield();
}
void *operator new(std::size_t size) { return malloc(size); }
void operator delete(void *block) noexcept { free(block); }
void operator delete(void *block, std::size_t) noexcept { free(block); }

namespace std {
void __throw_length_error(char const *) { abort(); }
void __throw_logic_error(char const *) { abort(); }
void __throw_bad_alloc() { abort(); }
void __throw_bad_array_new_length() { abort(); }
void __throw_out_of_range_fmt(char const *, ...) { abort(); }
bool _Sp_make_shared_tag::_S_eq(const type_info &) noexcept { return false; }
template class basic_string<char>;

// Trees that are not balanced, and tables that do not grow.
void _Rb_tree_insert_and_rebalance(const bool left, _Rb_tree_node_base *node, _Rb_tree_node_base *parent,
                                   _Rb_tree_node_base &header) noexcept {
  node->_M_parent = parent;
  node->_M_left = node->_M_right = nullptr;
  if (parent == &header) header._M_parent = header._M_left = header._M_right = node;
  else if (left) {
    parent->_M_left = node;
    if (parent == header._M_left) header._M_left = node;
  } else {
    parent->_M_right = node;
    if (parent == header._M_right) header._M_right = node;
  }
}
_Rb_tree_node_base *_Rb_tree_decrement(_Rb_tree_node_base *node) noexcept {
  if (node->_M_left) {
    node = node->_M_left;
    while (node->_M_right) node = node->_M_right;
    return node;
  }
  auto *parent = node->_M_parent;
  while (node == parent->_M_left) node = parent, parent = parent->_M_parent;
  return parent;
}
_Rb_tree_node_base *_Rb_tree_increment(_Rb_tree_node_base *node) noexcept {
  if (node->_M_right) {
    node = node->_M_right;
    while (node->_M_left) node = node->_M_left;
    return node;
  }
  auto *parent = node->_M_parent;
  while (node == parent->_M_right) node = parent, parent = parent->_M_parent;
  return parent;
}
namespace __detail {
size_t _Prime_rehash_policy::_M_next_bkt(size_t) const { return 13; }
pair<bool, size_t> _Prime_rehash_policy::_M_need_rehash(size_t buckets, size_t, size_t) const {
  return {buckets < 13, 13};
}
}
}

struct Part {
  int number;
  double weight;
};
struct Holder {
  std::string brief, name;
  std::shared_ptr<Part> made, given;
  std::vector<Part *> list;
  std::unordered_map<int, Part *> by_number;
  std::map<std::string, Part *> by_name;
};
extern "C" Holder *holder;
Holder *holder;

int main() {
  holder = new Holder;
  holder->brief = "short";
  holder->name = "a name that is too long for the string itself";
  holder->name.reserve(100);
  holder->made = std::make_shared<Part>(Part{1, 1});
  holder->given = std::shared_ptr<Part>(new Part{2, 1});
  holder->list.reserve(4);
  holder->list.push_back(new Part{3, 1});
  for (int number : {42, 43, -7}) holder->by_number[number] = new Part{number, 1};
  for (const char *name : {"one", "two"}) holder->by_name[name] = new Part{5, 1};
  sched_yield();
  return holder->name.empty() || holder->list.empty() || holder->by_name.empty();
}
