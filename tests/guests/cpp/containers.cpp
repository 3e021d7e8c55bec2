// The standard containers with keys and shared owners: what they hold is `Part`s of which each is a block of its own.
#include <map>
#include <memory>
#include <sched.h>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>
struct Part { int number; double weight; };
struct Holder {
  std::shared_ptr<Part> made;
  std::shared_ptr<Part> given;
  std::weak_ptr<Part> seen;
  std::unordered_map<int, Part *> by_number;
  std::unordered_map<std::string, Part *> by_name;
  std::map<long, Part *> sorted;
  std::map<std::string, std::unique_ptr<Part>> owned;
};
extern "C" Holder *holder;
Holder *holder;
int main() {
  holder = new Holder;
  holder->made = std::make_shared<Part>(Part{1, 0.5});
  holder->given = std::shared_ptr<Part>(new Part{2, 1.5});
  holder->seen = holder->made;
  for (int i = 0; i < 3; i++) holder->by_number[40 + i] = new Part{10 + i, 1};
  holder->by_name["one"] = new Part{20, 1};
  holder->by_name["a name that is longer than the string's own room"] = new Part{21, 1};
  holder->sorted[-7] = new Part{30, 1};
  holder->sorted[1000] = new Part{31, 1};
  holder->owned["owned"] = std::make_unique<Part>(Part{40, 1});
  sched_yield();
}
