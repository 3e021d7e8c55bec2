#!/bin/sh
# Builds every guest into out/. Tools come from the environment:
#   CLANG, CLANGXX   a clang that knows wasm32-wasi   (default clang, clang++)
#   SYSROOT          its wasi-libc                    (default /usr)
#   ZIG, OBJCOPY     the Zig compiler, llvm-objcopy   (default zig, llvm-objcopy)
#   ASC              the AssemblyScript compiler      (default asc)
#   EMMALLOC         Emscripten's emmalloc.c, as in Debian's package emscripten (default no)
#   MIMALLOC         mimalloc's folder, as in the crate libmimalloc-sys under c_src/mimalloc/v3 (default no)
# Set any of them to "no" to leave its guests out.
set -eu
cd "$(dirname "$0")"
mkdir -p out obj
CLANG=${CLANG:-clang} CLANGXX=${CLANGXX:-clang++} SYSROOT=${SYSROOT:-/usr}
OBJCOPY=${OBJCOPY:-llvm-objcopy} ZIG=${ZIG:-zig} ASC=${ASC:-asc}
here=$(pwd)
map="-ffile-prefix-map=$here=."
wrap=
for f in malloc free calloc realloc aligned_alloc posix_memalign; do
  wrap="$wrap -Wl,--wrap=$f"
done

# The link step gets no -O: with one, clang runs any wasm-opt it finds, which
# drops the name section and leaves DWARF behind that no longer fits the code.
if [ "$CLANG" != no ]; then
  t="--target=wasm32-wasi --sysroot=$SYSROOT"
  for o in truth wrap; do $CLANG $t $map -O1 -g -Wall -Wextra -c -o obj/$o.o c/$o.c; done
  for p in shapes arena churn; do
    for level in 0 1 2; do
      $CLANG $t $map -O$level -g -Wall -Wextra -c -o obj/$p.O$level.o c/$p.c
    done
    $CLANG $t -o out/$p.wasm obj/$p.O1.o obj/truth.o
    $CLANG $t $wrap -o out/$p.wrap.wasm obj/$p.O1.o obj/truth.o obj/wrap.o
    $CLANG $t -Wl,--strip-debug -o out/$p.O2.wasm obj/$p.O2.o obj/truth.o
    $CLANG $t -Wl,--strip-all -o out/$p.O2.stripped.wasm obj/$p.O2.o obj/truth.o
  done
  $CLANG $t $map -O1 -g -Wall -Wextra -c -o obj/pools.o c/pools.c
  $CLANG $t -o out/pools.wasm obj/pools.o obj/truth.o
  entries=
  for f in malloc calloc realloc aligned_alloc posix_memalign free; do entries="$entries -Wl,--export=heap_$f"; done
  $CLANG $t $map -O1 -c -o obj/heap.o c/heap.c
  $CLANG $t -mexec-model=reactor $entries -Wl,--strip-debug -o out/heap.wasm obj/heap.o
  $CLANG $t -mexec-model=reactor $entries -Wl,--strip-all -o out/heap.stripped.wasm obj/heap.o
  $CLANG $t -o out/shapes.O0.wasm obj/shapes.O0.o obj/truth.o
  $CLANG $t -mexec-model=reactor -Wl,--no-check-features -Wl,--export=__original_main -Wl,--export=malloc -Wl,--export=free \
    -Wl,--export=__heap_base -Wl,--export=__data_end -Wl,--export=__stack_pointer \
    -o out/shapes.reactor.wasm obj/shapes.O1.o obj/truth.o
fi
if [ "${EMMALLOC:-no}" != no ]; then
  t="--target=wasm32-wasi --sysroot=$SYSROOT"
  $CLANG $t -Iemscripten -O2 -Wno-everything -c -o obj/emmalloc.o "$EMMALLOC"
  $CLANG $t -O2 -c -o obj/sbrk.o emscripten/sbrk.c
  $CLANG $t -Wl,--strip-debug -o out/shapes.emmalloc.wasm obj/shapes.O1.o obj/truth.o obj/emmalloc.o obj/sbrk.o
fi
if [ "${MIMALLOC:-no}" != no ]; then
  t="--target=wasm32-wasi --sysroot=$SYSROOT"
  names=
  for f in malloc free calloc realloc aligned_alloc posix_memalign; do names="$names -D$f=mi_$f"; done
  $CLANG $t -O2 -DNDEBUG -DMI_LIBC_MUSL=1 -Wno-everything -I"$MIMALLOC/include" -I"$MIMALLOC/src" \
    -c -o obj/mimalloc.o "$MIMALLOC/src/static.c"
  $CLANG $t $map $names -O1 -c -o obj/shapes.mi.o c/shapes.c
  $CLANG $t -Wl,--strip-debug -o out/shapes.mimalloc.wasm obj/shapes.mi.o obj/truth.o obj/mimalloc.o
fi
if [ "$CLANGXX" != no ]; then
  t="--target=wasm32-wasi --sysroot=$SYSROOT"
  $CLANGXX $t $map -std=c++17 -fno-exceptions -O1 -g -Wall -c -o obj/zoo.o cpp/zoo.cpp
  $CLANGXX $t -o out/zoo.wasm obj/zoo.o obj/truth.o
  $CLANGXX $t $wrap -o out/zoo.wrap.wasm obj/zoo.o obj/truth.o obj/wrap.o
fi
if command -v cargo >/dev/null; then
  ( cd rust
    export RUSTFLAGS="--remap-path-prefix=$here=. --remap-path-prefix=$(rustc --print sysroot)=rust -C strip=none"
    cargo build -q --release --target wasm32-wasip1 --bin shapes_rs
    cp target/wasm32-wasip1/release/shapes_rs.wasm ../out/shapes_rs.wasm
    RUSTFLAGS="$RUSTFLAGS -C strip=debuginfo" cargo build -q --release --target wasm32-wasip1 --bin shapes_rs
    cp target/wasm32-wasip1/release/shapes_rs.wasm ../out/shapes_rs.names.wasm
    RUSTFLAGS="$RUSTFLAGS -C strip=symbols" cargo build -q --release --target wasm32-wasip1 --bin shapes_rs
    cp target/wasm32-wasip1/release/shapes_rs.wasm ../out/shapes_rs.stripped.wasm
    RUSTFLAGS="$RUSTFLAGS -C strip=debuginfo" cargo build -q --release --target wasm32-wasip1 --features whole --bin shapes_rs
    cp target/wasm32-wasip1/release/shapes_rs.wasm ../out/shapes_rs.whole.wasm )
fi
if command -v cargo >/dev/null; then
  ( cd rust_bare
    export RUSTFLAGS="--remap-path-prefix=$here=. --remap-path-prefix=$(rustc --print sysroot)=rust"
    cargo build -q --release --target wasm32-unknown-unknown
    cp target/wasm32-unknown-unknown/release/bare_rs.wasm ../out/bare_rs.wasm
    for f in wee talc lol; do
      # Optimised any further lol_alloc has no function left that gives blocks back.
      [ $f = lol ] && export CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1
      cargo build -q --release --target wasm32-unknown-unknown --features $f
      cp target/wasm32-unknown-unknown/release/bare_rs.wasm ../out/bare_rs.$f.wasm
    done )
fi
if [ "$ZIG" != no ]; then
  ( cd zig
    for v in plain whole; do
      $ZIG build-exe -target wasm32-wasi -O safe --dep options -Mroot=shapes.zig \
        -Moptions=options_$v.zig -femit-bin=../out/shapes_zig.$v.wasm
    done
    $ZIG build-exe -target wasm32-wasi -O small -fstrip --dep options -Mroot=shapes.zig \
      -Moptions=options_plain.zig -femit-bin=../out/shapes_zig.small.wasm
    mv ../out/shapes_zig.plain.wasm ../out/shapes_zig.wasm )
  # the same C through Zig's clang and its own libc
  $ZIG cc -target wasm32-wasi -O1 -g -o out/shapes.zigcc.wasm c/shapes.c c/truth.c
  # Zig's DWARF names the directories it was built in: keep the names only
  for f in shapes_zig shapes_zig.whole shapes.zigcc; do $OBJCOPY --strip-debug out/$f.wasm; done
fi
if [ "$ASC" != no ]; then
  ( cd as
    for r in incremental minimal stub; do
      $ASC shapes.ts --runtime $r -O1 --debug -o ../out/shapes_as.$r.wasm
    done
    $ASC maps.ts --runtime incremental --debug -o ../out/maps_as.wasm
    $ASC shapes.ts --runtime incremental -O3 -o ../out/shapes_as.stripped.wasm )
fi
ls -l out
