//! Guests that print their own truth: what they say is live is live here, with address and size, and they do the same as
//! without instrumentation.

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
