/* As much of Emscripten as its emmalloc.c asks for, so that another C library can be had with it. */
#pragma once
#include <stddef.h>

/* There the greatest alignment is 8. */
#define max_align_t double
#define EM_ASM(...)
#define MAIN_THREAD_ASYNC_EM_ASM(...)

size_t emscripten_get_heap_size(void);
size_t emscripten_get_heap_max(void);

struct mallinfo {
  int arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks, keepcost;
};
