/* heapy.h: what a C or C++ guest may ask of Heapy while it runs.
 *
 *     #define HEAPY_ENABLED          (or -DHEAPY_ENABLED; without it nothing is imported and every call
 *     #include "heapy.h"              answers HEAPY_ERROR_DISABLED)
 *
 *     heapy_handle hp = heapy_open(HEAPY_VERSION);
 *     heapy_handle heap = heapy_ask(hp, "heap");
 *     heapy_print(heap, put, 0);                   // the table, piece by piece, to your function
 *     heapy_release(heap);
 *
 * Nothing here takes memory from the guest's allocator, so that no buffer of a question is counted. A result below zero
 * is one of HEAPY_ERROR_*; heapy_error fetches the message. The page "guest-abi" of the guide is the contract.
 */
#ifndef HEAPY_H
#define HEAPY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HEAPY_VERSION 1

/* A value that is passed, or that a call answers. */
typedef struct heapy_record {
  uint16_t tag;    /* one of HEAPY_TAG_* */
  uint16_t sort;   /* of an answered handle: one of HEAPY_SORT_* */
  uint32_t length; /* bytes of a text, items of a list */
  uint64_t payload;
} heapy_record;

#define HEAPY_TAG_NONE 0
#define HEAPY_TAG_BOOL 1
#define HEAPY_TAG_INT 2
#define HEAPY_TAG_FLOAT 3
#define HEAPY_TAG_TEXT 4
#define HEAPY_TAG_LIST 5
#define HEAPY_TAG_HANDLE 6
#define HEAPY_TAG_NAME 7

#define HEAPY_SORT_OTHER 0
#define HEAPY_SORT_USE 1
#define HEAPY_SORT_SET 2
#define HEAPY_SORT_KIND 3
#define HEAPY_SORT_RELATION 4
#define HEAPY_SORT_PARTITION 5
#define HEAPY_SORT_STAT 6
#define HEAPY_SORT_PATHS 7
#define HEAPY_SORT_PATTERN 8
#define HEAPY_SORT_TEXT 9
#define HEAPY_SORT_LIST 10

#define HEAPY_ERROR_HANDLE (-1)
#define HEAPY_ERROR_POINTER (-2)
#define HEAPY_ERROR_TEXT (-3)
#define HEAPY_ERROR_RECORD (-4)
#define HEAPY_ERROR_NAME (-5)
#define HEAPY_ERROR_ARGUMENT (-6)
#define HEAPY_ERROR_LIMIT (-7)
#define HEAPY_ERROR_VERSION (-8)
#define HEAPY_ERROR_UNAVAILABLE (-9)
#define HEAPY_ERROR_CAPTURE (-10)
#define HEAPY_ERROR_NOT_FOUND (-11)
#define HEAPY_ERROR_DISABLED (-100)

#define HEAPY_FORM_STR 0
#define HEAPY_FORM_REPR 1
#define HEAPY_FORM_BRIEF 2

#define HEAPY_SHAPE_VALUE 0
#define HEAPY_SHAPE_ARRAY 1

#define HEAPY_ALLOCATOR_POOL 0
#define HEAPY_ALLOCATOR_ARENA 1

/* Above 0: something that the host keeps for this guest until heapy_release. Below 0: an error. */
typedef int32_t heapy_handle;

#if defined(HEAPY_ENABLED) && defined(__wasm__)
#define HEAPY_IMPORT(result, name, parameters) \
  __attribute__((import_module("heapy"), import_name(#name))) extern result heapy_import_##name parameters;
#else
#define HEAPY_IMPORT(result, name, parameters)
#endif

HEAPY_IMPORT(int32_t, open, (uint32_t version))
HEAPY_IMPORT(int32_t, call, (heapy_handle, const char *, size_t, const heapy_record *, size_t, heapy_record *))
HEAPY_IMPORT(int32_t, text, (heapy_handle, uint32_t form))
HEAPY_IMPORT(int64_t, length, (heapy_handle))
HEAPY_IMPORT(int32_t, read, (heapy_handle, size_t offset, char *, size_t))
HEAPY_IMPORT(int32_t, item, (heapy_handle, uint32_t index, heapy_record *))
HEAPY_IMPORT(int32_t, release, (heapy_handle))
HEAPY_IMPORT(int32_t, error, (char *, size_t))
HEAPY_IMPORT(int32_t, snapshot, (const char *, size_t))
HEAPY_IMPORT(int32_t, describe, (const heapy_record *, size_t))
HEAPY_IMPORT(int32_t, label, (const void *, const char *, size_t, uint32_t shape))
HEAPY_IMPORT(int32_t, hide, (const void *))
HEAPY_IMPORT(int32_t, pin, (const void *, const char *, size_t))
HEAPY_IMPORT(int32_t, unpin, (const void *))
HEAPY_IMPORT(int32_t, allocator, (const char *, size_t, uint32_t kind))
HEAPY_IMPORT(int32_t, allocated, (uint32_t allocator, const void *, size_t))
HEAPY_IMPORT(int32_t, freed, (uint32_t allocator, const void *))
HEAPY_IMPORT(int32_t, reset, (uint32_t allocator))

#if defined(HEAPY_ENABLED) && defined(__wasm__)
#define HEAPY_DO(name, arguments) (heapy_import_##name arguments)
#else
#define HEAPY_DO(name, arguments) (HEAPY_ERROR_DISABLED)
#endif
/* heapy.c defines it as nothing, so that other languages can link against the functions. */
#ifndef HEAPY_FUNCTION
#define HEAPY_FUNCTION static inline __attribute__((unused))
#endif

HEAPY_FUNCTION size_t heapy_strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

HEAPY_FUNCTION uint64_t heapy_address(const void *at) { return (uint64_t)(uintptr_t)at; }

/* The top object. */
HEAPY_FUNCTION heapy_handle heapy_open(uint32_t version) {
  (void)version;
  return HEAPY_DO(open, (version));
}

/* Calls a name of the Use API on a thing, with `count` arguments; 0 or an error. */
HEAPY_FUNCTION int32_t heapy_call(heapy_handle target, const char *name, const heapy_record *arguments, size_t count,
                                  heapy_record *answer) {
  (void)target, (void)name, (void)arguments, (void)count, (void)answer;
  return HEAPY_DO(call, (target, name, heapy_strlen(name), arguments, count, answer));
}

/* One of the texts of a thing, as a handle. */
HEAPY_FUNCTION heapy_handle heapy_text(heapy_handle target, uint32_t form) {
  (void)target, (void)form;
  return HEAPY_DO(text, (target, form));
}

/* Bytes of a text, items of a list. */
HEAPY_FUNCTION int64_t heapy_length(heapy_handle target) {
  (void)target;
  return HEAPY_DO(length, (target));
}

/* Copies bytes of a text; gives their number. */
HEAPY_FUNCTION int32_t heapy_read(heapy_handle target, size_t offset, char *into, size_t length) {
  (void)target, (void)offset, (void)into, (void)length;
  return HEAPY_DO(read, (target, offset, into, length));
}

/* An item of a list; 0 or an error. */
HEAPY_FUNCTION int32_t heapy_item(heapy_handle list, uint32_t index, heapy_record *answer) {
  (void)list, (void)index, (void)answer;
  return HEAPY_DO(item, (list, index, answer));
}

/* Gives a thing back; 0 or an error. */
HEAPY_FUNCTION int32_t heapy_release(heapy_handle target) {
  (void)target;
  return HEAPY_DO(release, (target));
}

/* Copies the message of the last error; gives its whole length. */
HEAPY_FUNCTION int32_t heapy_error(char *into, size_t length) {
  (void)into, (void)length;
  return HEAPY_DO(error, (into, length));
}

/* Stores a snapshot; its number or an error. */
HEAPY_FUNCTION int32_t heapy_snapshot(const char *name) {
  (void)name;
  return HEAPY_DO(snapshot, (name, heapy_strlen(name)));
}

/* Tells a layout: type (text), size (int), and for each field name (text), offset (int), size (int), type (text). */
HEAPY_FUNCTION int32_t heapy_describe(const heapy_record *layout, size_t count) {
  (void)layout, (void)count;
  return HEAPY_DO(describe, (layout, count));
}

/* Says what the block at an address is: 0, or 1 when the type is not described, or an error. */
HEAPY_FUNCTION int32_t heapy_label(const void *block, const char *type) {
  (void)block, (void)type;
  return HEAPY_DO(label, (block, type, heapy_strlen(type), HEAPY_SHAPE_VALUE));
}

/* The same for a block of as many values as fit. */
HEAPY_FUNCTION int32_t heapy_label_array(const void *block, const char *type) {
  (void)block, (void)type;
  return HEAPY_DO(label, (block, type, heapy_strlen(type), HEAPY_SHAPE_ARRAY));
}

/* Leaves a block out of every answer. */
HEAPY_FUNCTION int32_t heapy_hide(const void *block) {
  (void)block;
  return HEAPY_DO(hide, (block));
}

/* Says that something outside of the guest holds a block. */
HEAPY_FUNCTION int32_t heapy_pin(const void *block, const char *name) {
  (void)block, (void)name;
  return HEAPY_DO(pin, (block, name, heapy_strlen(name)));
}

HEAPY_FUNCTION int32_t heapy_unpin(const void *block) {
  (void)block;
  return HEAPY_DO(unpin, (block));
}

/* Makes a pool or arena known; its number or an error. */
HEAPY_FUNCTION int32_t heapy_register_allocator(const char *name, uint32_t kind) {
  (void)name, (void)kind;
  return HEAPY_DO(allocator, (name, heapy_strlen(name), kind));
}

HEAPY_FUNCTION int32_t heapy_allocated(int32_t allocator, const void *block, size_t size) {
  (void)allocator, (void)block, (void)size;
  return HEAPY_DO(allocated, ((uint32_t)allocator, block, size));
}

HEAPY_FUNCTION int32_t heapy_freed(int32_t allocator, const void *block) {
  (void)allocator, (void)block;
  return HEAPY_DO(freed, ((uint32_t)allocator, block));
}

HEAPY_FUNCTION int32_t heapy_reset(int32_t allocator) {
  (void)allocator;
  return HEAPY_DO(reset, ((uint32_t)allocator));
}

/* --- made of the functions above --- */

HEAPY_FUNCTION heapy_record heapy_record_of(uint16_t tag, uint32_t length, uint64_t payload) {
  heapy_record record;
  record.tag = tag;
  record.sort = 0;
  record.length = length;
  record.payload = payload;
  return record;
}

HEAPY_FUNCTION heapy_record heapy_int(int64_t value) { return heapy_record_of(HEAPY_TAG_INT, 0, (uint64_t)value); }
HEAPY_FUNCTION heapy_record heapy_bool(int value) { return heapy_record_of(HEAPY_TAG_BOOL, 0, value != 0); }
HEAPY_FUNCTION heapy_record heapy_thing(heapy_handle handle) {
  return heapy_record_of(HEAPY_TAG_HANDLE, 0, (uint32_t)handle);
}
HEAPY_FUNCTION heapy_record heapy_str(const char *text) {
  return heapy_record_of(HEAPY_TAG_TEXT, (uint32_t)heapy_strlen(text), heapy_address(text));
}
/* Names the argument that stands behind it. */
HEAPY_FUNCTION heapy_record heapy_name(const char *text) {
  return heapy_record_of(HEAPY_TAG_NAME, (uint32_t)heapy_strlen(text), heapy_address(text));
}

/* Calls a name without arguments that answers a thing, a text or a list; its handle or an error. */
HEAPY_FUNCTION heapy_handle heapy_ask(heapy_handle target, const char *name) {
  heapy_record answer = heapy_record_of(HEAPY_TAG_NONE, 0, 0);
  int32_t result = heapy_call(target, name, 0, 0, &answer);
  if (result < 0) return result;
  return answer.tag >= HEAPY_TAG_TEXT ? (heapy_handle)answer.payload : HEAPY_ERROR_ARGUMENT;
}

/* Calls a name without arguments for what it does; 0 or an error. */
HEAPY_FUNCTION int32_t heapy_do(heapy_handle target, const char *name) {
  heapy_record answer = heapy_record_of(HEAPY_TAG_NONE, 0, 0);
  int32_t result = heapy_call(target, name, 0, 0, &answer);
  if (result >= 0 && answer.tag >= HEAPY_TAG_TEXT) heapy_release((heapy_handle)answer.payload);
  return result;
}

/* The same as heapy_ask, with one argument. */
HEAPY_FUNCTION heapy_handle heapy_ask1(heapy_handle target, const char *name, heapy_record argument) {
  heapy_record answer = heapy_record_of(HEAPY_TAG_NONE, 0, 0);
  int32_t result = heapy_call(target, name, &argument, 1, &answer);
  if (result < 0) return result;
  return answer.tag >= HEAPY_TAG_TEXT ? (heapy_handle)answer.payload : HEAPY_ERROR_ARGUMENT;
}

/* Calls a name without arguments that answers a number; the number, or an error: no number of the API is below zero
 * but in differences of summaries, for which heapy_call is there. */
HEAPY_FUNCTION int64_t heapy_number(heapy_handle target, const char *name) {
  heapy_record answer = heapy_record_of(HEAPY_TAG_NONE, 0, 0);
  int32_t result = heapy_call(target, name, 0, 0, &answer);
  if (result < 0) return result;
  return answer.tag == HEAPY_TAG_INT ? (int64_t)answer.payload : HEAPY_ERROR_ARGUMENT;
}

/* Gives the text of a thing to `put`, piece by piece; 0 or an error. */
HEAPY_FUNCTION int32_t heapy_print(heapy_handle target, void (*put)(const char *piece, size_t length, void *with),
                                   void *with) {
  char piece[256];
  size_t offset = 0;
  int32_t read = 0;
  heapy_handle text = heapy_text(target, HEAPY_FORM_STR);
  if (text < 0) return text;
  while ((read = heapy_read(text, offset, piece, sizeof piece)) > 0) {
    put(piece, (size_t)read, with);
    offset += (size_t)read;
  }
  heapy_release(text);
  return read;
}

/* Clears the stack where the frames of finished calls were: what stands there still would be taken for references of
 * the frames that come to lie there. The assertions below do it. */
__attribute__((noinline, unused)) static void heapy_clear_stack(void) {
  volatile char area[2048];
  size_t i;
  for (i = 0; i < sizeof area; i++) area[i] = 0;
}

/* The number of blocks that were leaked since setrelheapg, or an error; for a check at the end of a test:
 *
 *     heapy_handle hp = heapy_open(HEAPY_VERSION);
 *     heapy_do(hp, "setrelheapg");
 *     ...
 *     assert(heapy_leaks(hp) == 0);
 */
HEAPY_FUNCTION int64_t heapy_leaks(heapy_handle hp) {
  heapy_handle leaks = heapy_ask(hp, "heapg");
  int64_t count = leaks < 0 ? leaks : heapy_number(leaks, "count");
  if (leaks > 0) heapy_release(leaks);
  return count;
}

/* The bytes of what is reachable, since setref if that was called, or an error. */
HEAPY_FUNCTION int64_t heapy_heap_bytes(heapy_handle hp) {
  heapy_handle heap = heapy_ask(hp, "heap");
  int64_t bytes = heap < 0 ? heap : heapy_number(heap, "size");
  if (heap > 0) heapy_release(heap);
  return bytes;
}

/* What the assertions below do when they do not hold; define it before this header to do something else. */
#ifndef HEAPY_FAIL
#define HEAPY_FAIL(what, number) __builtin_trap()
#endif

/* HEAPY_ASSERT_NO_LEAKS(parse("GET /")): runs a statement, and fails when it leaves blocks that nothing reaches.
 * Without Heapy the statement is run and nothing is checked. It should call a function that is not inlined: what code in
 * this function had in its variables may count as held. */
#define HEAPY_ASSERT_NO_LEAKS(statement)                                             \
  do {                                                                               \
    heapy_handle heapy_hp = heapy_open(HEAPY_VERSION);                               \
    int64_t heapy_found;                                                             \
    heapy_do(heapy_hp, "setrelheapg");                                               \
    { statement; }                                                                   \
    heapy_clear_stack();                                                             \
    heapy_found = heapy_leaks(heapy_hp);                                             \
    heapy_release(heapy_hp);                                                         \
    if (heapy_found && heapy_found != HEAPY_ERROR_DISABLED) {                        \
      HEAPY_FAIL("leaked blocks", heapy_found);                                      \
    }                                                                                \
  } while (0)

/* HEAPY_ASSERT_HEAP(4 << 20, load(&cache)): runs a statement, and fails unless it added fewer bytes than that to what
 * is reachable. */
#define HEAPY_ASSERT_HEAP(bytes, statement)                                          \
  do {                                                                               \
    heapy_handle heapy_hp = heapy_open(HEAPY_VERSION);                               \
    int64_t heapy_found;                                                             \
    heapy_do(heapy_hp, "setref");                                                    \
    { statement; }                                                                   \
    heapy_clear_stack();                                                             \
    heapy_found = heapy_heap_bytes(heapy_hp);                                        \
    heapy_release(heapy_hp);                                                         \
    if ((heapy_found < 0 && heapy_found != HEAPY_ERROR_DISABLED) || heapy_found >= (int64_t)(bytes)) { \
      HEAPY_FAIL("added bytes", heapy_found);                                        \
    }                                                                                \
  } while (0)

/* HEAPY_FIELD(struct page, next): four records of a layout for heapy_describe. */
#define HEAPY_FIELD(type, field, field_type)                                                   \
  heapy_str(#field), heapy_int((int64_t)offsetof(type, field)),                                \
      heapy_int((int64_t)sizeof(((type *)0)->field)), heapy_str(field_type)

#ifdef __cplusplus
}
#endif

#endif
