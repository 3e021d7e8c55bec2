/* sbrk as Emscripten has it: in any step, where that of wasi-libc wants whole pages. */
#include <stddef.h>
#include <stdint.h>

extern unsigned char __heap_base;
static uintptr_t end;

void *sbrk(intptr_t by) {
  if (!end) end = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
  uintptr_t old = end, pages = (old + (uintptr_t)by + 0xFFFF) >> 16;
  size_t have = __builtin_wasm_memory_size(0);
  if (pages > have && __builtin_wasm_memory_grow(0, pages - have) == (size_t)-1) return (void *)-1;
  end = old + (uintptr_t)by;
  return (void *)old;
}
size_t emscripten_get_heap_size(void) { return __builtin_wasm_memory_size(0) << 16; }
size_t emscripten_get_heap_max(void) { return (size_t)1 << 31; }
