/* The functions of heapy.h as functions that can be linked: for Zig and other languages that call C.
 *
 *     zig build-exe guest.zig heapy.zig heapy.c -target wasm32-wasi -lc -DHEAPY_ENABLED
 */
#define HEAPY_FUNCTION
#include "heapy.h"
