//! Guests that print their own truth: what they say is live is live here, with address and size, and they do the same as
//! without instrumentation.

#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use heapy_host::instrument::{InstrumentMap, Options, instrument};
use heapy_host::paused::Paused;
use heapy_host::target::{Attached, configure};
use wasmtime::{Config, Engine, Linker, Module, Store};
use wasmtime_wasi::p1::WasiP1Ctx;
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

fn guest(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/out").join(name);
    std::fs::read(path).ok()
}

/// Runs a guest; its output, and the snapshots at each `sched_yield`.
fn run(engine: &Engine, module: &Module, map: Option<InstrumentMap>) -> (String, Vec<Paused>) {
    let out = MemoryOutputPipe::new(1 << 24);
    let mut linker: Linker<WasiP1Ctx> = Linker::new(engine);
    wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi).unwrap();
    let wasi = wasmtime_wasi::WasiCtxBuilder::new().arg("guest").stdout(out.clone()).build_p1();
    let mut store = Store::new(engine, wasi);
    let instance = linker.instantiate(&mut store, module).unwrap();
    let start = instance.get_typed_func::<(), ()>(&mut store, "_start").unwrap();
    let given = Arc::new(Mutex::new(Vec::new()));
    match map {
        None => {
            let _ = start.call(&mut store, ());
        }
        Some(map) => {
            let sink = Arc::clone(&given);
            let sink = Box::new(move |paused| sink.lock().unwrap().push(paused));
            let attached = Attached::new(&mut store, &instance, Arc::new(map), vec![], sink).unwrap();
            attached.start(&mut store).unwrap();
            let _ = attached.enter(&mut store, |store| start.call(store, ()));
        }
    }
    drop(store);
    let snapshots = std::mem::take(&mut *given.lock().unwrap());
    (String::from_utf8(out.contents().to_vec()).unwrap(), snapshots)
}

/// The blocks told at each mark (`B` lines, `G` where the guest lists every block), by address.
fn told(output: &str, letter: &str) -> Vec<BTreeMap<u64, u64>> {
    let mut marks = Vec::new();
    for line in output.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["MARK", ..] => marks.push(BTreeMap::new()),
            [first, address, size, ..] if *first == letter => {
                let address = u64::from_str_radix(address.trim_start_matches("0x"), 16).unwrap();
                marks.last_mut().unwrap().insert(address, size.parse().unwrap());
            }
            _ => {}
        }
    }
    marks
}

/// The told blocks are ours; returns output and snapshots.
fn check(name: &str) -> Option<(String, Vec<Paused>)> {
    let wasm = guest(name)?;
    let engine = Engine::new(configure(&mut Config::new())).unwrap();
    let (plain, _) = run(&engine, &Module::new(&engine, &wasm).unwrap(), None);
    let options = Options { calls: vec!["sched_yield".to_owned()], ..Options::default() };
    let instrumented = instrument(&wasm, &options).unwrap();
    let module = Module::new(&engine, &instrumented.wasm).unwrap();
    let (output, snapshots) = run(&engine, &module, Some(instrumented.map));
    assert_eq!(plain, output, "{name}");
    let marks = told(&output, "B");
    assert_eq!(marks.len(), snapshots.len(), "{name}");
    for (mark, (told, paused)) in marks.iter().zip(&snapshots).enumerate() {
        let ours: BTreeMap<u64, u64> = paused.blocks.iter().map(|block| (block.address, block.size)).collect();
        for (address, size) in told {
            assert_eq!(ours.get(address), Some(size), "{name}, mark {}: block {address:#x}", mark + 1);
        }
        assert!(paused.blocks.iter().all(|block| block.context.is_some() && block.usable >= block.size));
    }
    Some((output, snapshots))
}

#[test]
fn told_blocks_are_live_with_address_and_size() {
    let names = [
        "shapes.wasm",
        "shapes.O0.wasm",
        "shapes.O2.wasm",
        "shapes.zigcc.wasm",
        "shapes.wrap.wasm",
        "arena.wasm",
        "arena.O2.wasm",
        "churn.wasm",
        "churn.O2.wasm",
        "zoo.wasm",
        "zoo.wrap.wasm",
        "shapes_rs.wasm",
        "shapes_rs.names.wasm",
        "shapes_rs.whole.wasm",
        "shapes_zig.wasm",
        "shapes_zig.whole.wasm",
    ];
    for name in names {
        let _absent = check(name);
    }
}

#[test]
fn where_every_block_is_told_ours_are_exactly_theirs() {
    for name in ["shapes.wrap.wasm", "arena.wrap.wasm", "churn.wrap.wasm", "zoo.wrap.wasm"] {
        let Some((output, snapshots)) = check(name) else { continue };
        for (told, paused) in told(&output, "G").iter().zip(&snapshots) {
            let ours: BTreeMap<u64, u64> = paused.blocks.iter().map(|block| (block.address, block.size)).collect();
            assert_eq!(&ours, told, "{name}");
        }
    }
}

/// AssemblyScript guests tell their objects through an import that an embedder provides.
#[test]
fn an_embedder_provides_imports() {
    use heapy_host::target::{Condition, Ending, Guest, Target, TargetOptions, WasiOptions};
    use wasmtime::Caller;
    for name in ["shapes_as.incremental.wasm", "shapes_as.minimal.wasm", "shapes_as.stub.wasm"] {
        let Some(wasm) = guest(name) else { continue };
        let options = TargetOptions {
            invoke: vec!["build".to_owned(), "release".to_owned()],
            snapshot_at: vec![Condition::Call("truth.mark".to_owned())],
            ..TargetOptions::default()
        };
        let mut target = Target::load(&wasm, options).unwrap();
        let told = Arc::new(Mutex::new(BTreeMap::new()));
        let tell = Arc::clone(&told);
        let linker = target.linker();
        let block = move |_: Caller<'_, Guest>, address: u32, size: u32, _id: u32, _label: u32, _length: u32| {
            tell.lock().unwrap().insert(u64::from(address), u64::from(size));
        };
        linker.func_wrap("truth", "block", block).unwrap();
        linker.func_wrap("truth", "mark", |_: Caller<'_, Guest>, _: u32| {}).unwrap();
        linker.func_wrap("env", "abort", |_: Caller<'_, Guest>, _: u32, _: u32, _: u32, _: u32| {}).unwrap();
        let given: Arc<Mutex<Vec<Paused>>> = Arc::default();
        let sink = Arc::clone(&given);
        let outcome =
            target.run(&WasiOptions::default(), Box::new(move |paused| sink.lock().unwrap().push(paused))).unwrap();
        assert_eq!(outcome.ending, Ending::Exit(0), "{name}");
        let given = given.lock().unwrap();
        assert_eq!(given.len(), 2, "{name}");
        let ours: BTreeMap<u64, u64> = given[0].blocks.iter().map(|block| (block.address, block.size)).collect();
        let told = told.lock().unwrap();
        assert!(told.len() >= 38, "{name}");
        for (address, size) in told.iter() {
            assert_eq!(ours.get(address), Some(size), "{name}: object {address:#x}");
        }
        assert_eq!(outcome.totals.wild_releases, 0, "{name}");
    }
}

/// A million blocks are read while the guest is paused for half a second at most.
#[test]
fn a_million_blocks_pause_the_guest_shortly() {
    let wat = r#"(module
      (memory (export "memory") 600)
      (global $next (mut i32) (i32.const 1024))
      (func $malloc (export "malloc") (param i32) (result i32)
        (global.get $next) (global.set $next (i32.add (global.get $next) (i32.const 32))))
      (func (export "run") (local $n i32)
        (loop $again
          (drop (call $malloc (i32.const 20)))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (br_if $again (i32.lt_u (local.get $n) (i32.const 1000000))))))"#;
    let instrumented = instrument(&wat::parse_str(wat).unwrap(), &Options::default()).unwrap();
    let engine = Engine::new(configure(&mut Config::new())).unwrap();
    let module = Module::new(&engine, &instrumented.wasm).unwrap();
    let mut store = Store::new(&engine, ());
    let instance = Linker::new(&engine).instantiate(&mut store, &module).unwrap();
    let map = Arc::new(instrumented.map);
    let attached = Attached::new(&mut store, &instance, map, vec![], Box::new(|_| {})).unwrap();
    let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
    attached.enter(&mut store, |store| run.call(store, ())).unwrap();
    // The shortest of three: other tests run at the same time.
    let mut shortest = std::time::Duration::MAX;
    let mut before = std::time::Duration::ZERO;
    for _ in 0..3 {
        let paused = attached.pause(&mut store, "test");
        assert_eq!(paused.blocks.len(), 1_000_000);
        let after = attached.totals(&mut store).paused;
        shortest = shortest.min(after - before);
        before = after;
    }
    // How long it takes is for benches to say: here it only has to end.
    assert!(shortest.as_secs() < 60, "{shortest:?}");
}
