// What `make_shared` made before LLVM 12, and what it makes now with an allocator that has a state: the object as a member,
// and in raw memory behind the allocator. Declared as libc++ declares them.
extern "C" int sched_yield();

namespace std {
inline namespace __2 {
template <class T> struct allocator {};
struct __shared_count {
  virtual ~__shared_count() {}
  long __shared_owners_ = 0;
};
struct __shared_weak_count : __shared_count {
  long __shared_weak_owners_ = 0;
};
template <class T, int> struct __compressed_pair_elem {
  T __value_;
};
template <class T> struct __compressed_pair_elem<T, 0> : T {};
template <class A, class T> struct __compressed_pair : __compressed_pair_elem<A, 0>, __compressed_pair_elem<T, 1> {};
template <class _Tp, class _Alloc> struct __shared_ptr_emplace : __shared_weak_count {
  __compressed_pair<_Alloc, _Tp> __data_;
};
}
}

struct Part {
  int number;
  Part *next;
};
template <class T> struct Pool {
  int id;
  static T *none;
};

namespace std {
inline namespace __2 {
template <class _Tp> struct __shared_ptr_emplace<_Tp, Pool<_Tp>> : __shared_weak_count {
  struct _Storage {
    alignas(_Tp) char __blob_[sizeof(Pool<_Tp>) + sizeof(_Tp)];
  };
  _Storage __storage_;
};
}
}

extern "C" {
void *before, *stateful;
}

int main() {
  Part *last = new Part{9, nullptr};
  auto *old = new std::__shared_ptr_emplace<Part, std::allocator<Part>>();
  old->__data_.__value_ = Part{1, last};
  before = old;
  auto *pool = new std::__shared_ptr_emplace<Part, Pool<Part>>();
  *reinterpret_cast<Pool<Part> *>(pool->__storage_.__blob_) = Pool<Part>{7};
  *reinterpret_cast<Part *>(pool->__storage_.__blob_ + sizeof(Pool<Part>)) = Part{2, last};
  stateful = pool;
  sched_yield();
  return before == stateful;
}
