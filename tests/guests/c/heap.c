/* The C library's allocator and nothing else, exported: a test calls it in whatever order it likes. */
#include <stdlib.h>

void *heap_malloc(size_t size) { return malloc(size); }
void *heap_calloc(size_t count, size_t size) { return calloc(count, size); }
void *heap_realloc(void *block, size_t size) { return realloc(block, size); }
void *heap_aligned_alloc(size_t alignment, size_t size) { return aligned_alloc(alignment, size); }
void *heap_posix_memalign(size_t alignment, size_t size) {
  void *block = 0;
  return posix_memalign(&block, alignment, size) == 0 ? block : 0;
}
void heap_free(void *block) { free(block); }
