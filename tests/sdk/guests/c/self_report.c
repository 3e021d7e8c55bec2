/* Prints its own heap; compiled as C and as C++, with Heapy and without. */
#include <stdio.h>
#include <stdlib.h>

static int failures;
#define HEAPY_FAIL(what, number) (void)(failures++, what, number)
#include "heapy.h"

struct node {
  struct node *next;
  char payload[40];
};

static struct node *held;

static void put(const char *piece, size_t length, void *with) {
  fwrite(piece, 1, length, (FILE *)with);
}

static int fail(int32_t code) {
  char message[200] = "";
  heapy_error(message, sizeof message);
  printf("error %d: %s\n", (int)code, message);
  return 1;
}

__attribute__((noinline)) static void use(size_t blocks, int give_back) {
  while (blocks--) {
    char *volatile block = (char *)malloc(600);
    block[0] = 1;
    if (give_back) free(block);
  }
}

/* What holds and what does not; without Heapy nothing is checked. */
static int assertions_work(void) {
  int enabled = heapy_open(HEAPY_VERSION) > 0;
  HEAPY_ASSERT_NO_LEAKS(use(3, 1));
  HEAPY_ASSERT_HEAP(1000, held = (struct node *)calloc(1, sizeof *held));
  if (failures != 0) return 0;
  HEAPY_ASSERT_NO_LEAKS(use(2, 0));
  HEAPY_ASSERT_HEAP(1000, held->next = (struct node *)malloc(2000));
  if (failures != (enabled ? 2 : 0)) return 0;
  free(held->next);
  free(held);
  held = 0;
  return 1;
}

int main(void) {
  heapy_handle hp, heap, leaks;
  int32_t result;
  int i;
  heapy_record layout[] = {
      heapy_str("struct node"), heapy_int(sizeof(struct node)),
      HEAPY_FIELD(struct node, next, "struct node *"), HEAPY_FIELD(struct node, payload, "char[40]"),
  };
  setvbuf(stdout, 0, _IONBF, 0);
  if (!assertions_work()) {
    printf("%d assertions failed\n", failures);
    return 1;
  }
  heapy_describe(layout, sizeof layout / sizeof *layout);
  for (i = 0; i < 30; i++) {
    struct node *node = (struct node *)calloc(1, sizeof *node);
    node->next = held;
    node->payload[0] = (char)i;
    held = node;
    heapy_label(node, "struct node");
  }
  for (i = 1; i <= 3; i++) ((char *)calloc(100, (size_t)i))[0] = 1;

  hp = heapy_open(HEAPY_VERSION);
  if (hp == HEAPY_ERROR_DISABLED) {
    puts("without Heapy");
    return 0;
  }
  heap = heapy_ask(hp, "heap");
  if (heap < 0) return fail(heap);
  result = heapy_snapshot("same");
  if (result < 0) return fail(result);
  result = heapy_print(heap, put, stdout);
  if (result < 0) return fail(result);
  puts("\n---");
  leaks = heapy_ask(hp, "heapu");
  if (leaks < 0) return fail(leaks);
  heapy_print(leaks, put, stdout);
  puts("");
  heapy_release(leaks);
  heapy_release(heap);
  return 0;
}
