/* An arena and a pool of slots on top of malloc, and a pool on top of the arena:
   what they hand out is told in place of the slabs that it is cut from. */
#include "truth.h"
#include <stdlib.h>
#include <string.h>

#define ENTRY __attribute__((noinline))

/* An arena: bump allocation in slabs, which are kept when it is reset. */
struct slab { struct slab *next; size_t used; char room[2048 - 2 * sizeof(size_t)]; };
struct arena { struct slab *first, *top; };

static struct slab *slab_new(void) {
  struct slab *s = (struct slab *)malloc(sizeof *s);
  if (!s) abort();
  s->next = NULL;
  s->used = 0;
  return s;
}
ENTRY void *arena_take(struct arena *a, size_t bytes) {
  size_t n = (bytes + 7) & ~(size_t)7;
  if (n > sizeof a->top->room) abort();
  if (!a->top) a->top = a->first = slab_new();
  if (a->top->used + n > sizeof a->top->room) {
    if (!a->top->next) a->top->next = slab_new();
    a->top = a->top->next;
    a->top->used = 0;
  }
  void *p = a->top->room + a->top->used;
  a->top->used += n;
  return p;
}
ENTRY char *arena_text(struct arena *a, const char *s, size_t length) {
  char *p = (char *)arena_take(a, length);
  memcpy(p, s, length);
  return p;
}
ENTRY void arena_reset(struct arena *a) {
  a->top = a->first;
  if (a->top) a->top->used = 0;
}
static void arena_drop(struct arena *a) {
  for (struct slab *s = a->first; s;) {
    struct slab *next = s->next;
    free(s);
    s = next;
  }
  a->first = a->top = NULL;
}

/* A pool: slots of one size, which is kept in its head, and a list of free ones. */
struct pool { size_t size; void *room, *free; };

ENTRY struct pool *pool_new(size_t size, size_t count) {
  struct pool *p = (struct pool *)malloc(sizeof *p);
  if (!p) abort();
  p->size = size;
  p->room = malloc(size * count);
  p->free = NULL;
  for (size_t i = count; i-- > 0;) {
    void **slot = (void **)((char *)p->room + i * size);
    *slot = p->free;
    p->free = slot;
  }
  return p;
}
ENTRY void *pool_take(struct pool *p) {
  void **slot = (void **)p->free;
  if (slot) p->free = *slot;
  return slot;
}
ENTRY void pool_give(struct pool *p, void *slot) {
  *(void **)slot = p->free;
  p->free = slot;
}

/* Cells of 24 bytes, cut from an arena, 20 at a time. */
struct cells { struct arena *from; char *at; int left; };
ENTRY void *cell_take(struct cells *c) {
  if (!c->left) {
    c->at = (char *)arena_take(c->from, 480);
    c->left = 20;
  }
  c->left--;
  char *p = c->at;
  c->at += 24;
  return p;
}

struct node { struct node *next; uint32_t number; char *text; };

static struct arena texts, parts;
static struct pool *nodes;
static struct cells cells;
static struct node *list;
static struct node *numbers[30];
static struct node *kept;

static void told(const void *p, size_t size, const char *label, const char *reach) {
  truth_block(p, size, label, label, reach);
}

int main(void) {
  nodes = pool_new(sizeof(struct node) + 4, 64);
  told(nodes, sizeof *nodes, "pool", "global");
  cells.from = &parts;
  for (int i = 0; i < 50; i++) {
    struct node *n = (struct node *)pool_take(nodes);
    char s[16];
    size_t length = 3 + (size_t)(i * 7 % 11);
    memset(s, 'a' + i % 26, sizeof s);
    n->number = (uint32_t)i;
    n->text = arena_text(&texts, s, length);
    n->next = list;
    list = n;
    told(n, 16, "node", "heap");
    told(n->text, length, "text", "heap");
  }
  /* Every third node goes back; the one behind it holds the rest of the list. */
  for (struct node **at = &list; *at;) {
    struct node *n = *at;
    if (n->number % 3) {
      at = &n->next;
      continue;
    }
    *at = n->next;
    truth_gone(n);
    truth_gone(n->text);
    pool_give(nodes, n);
  }
  /* Two are taken again, the first of the room first: who holds the room seems to hold it. The other is forgotten. */
  kept = (struct node *)pool_take(nodes);
  memset(kept, 0, sizeof *kept);
  told(kept, 16, "kept", "global");
  told(pool_take(nodes), 16, "lost", "leak");
  for (int i = 0; i < 30; i++) {
    numbers[i] = (struct node *)cell_take(&cells);
    numbers[i]->next = NULL;
    told(numbers[i], 24, "cell", "global");
  }
  truth_mark(1);
  /* The texts go, their slabs stay; the cells go with their slab. */
  for (struct node *n = list; n; n = n->next) {
    truth_gone(n->text);
    n->text = NULL;
  }
  for (int i = 0; i < 30; i++) truth_gone(numbers[i]), numbers[i] = NULL;
  arena_reset(&texts);
  arena_drop(&parts);
  cells.left = 0;
  char *again = arena_text(&texts, "again", 5);
  list->text = again;
  told(again, 5, "again", "heap");
  truth_mark(2);
  arena_drop(&texts);
  return 0;
}
