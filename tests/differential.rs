//! The same with us and without us: random programs, random uses of the C library's allocator, and the calling contexts
//! of real programs, each compared with what is known by other means.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use heapy_host::instrument::{InstrumentMap, Options, instrument};
use heapy_host::paused::{Paused, RawFrame};
use heapy_host::target::{Attached, Condition, configure};
use proptest::prelude::*;
use wasmtime::{Config, Engine, Instance, Linker, Module, Ref, Store, Val, ValType};
use wasmtime_wasi::p1::WasiP1Ctx;

fn file(path: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn engine() -> Engine {
    Engine::new(configure(&mut Config::new())).unwrap()
}

/// A guest, observed or not.
struct Guest {
    store: Store<WasiP1Ctx>,
    instance: Instance,
    attached: Option<Attached>,
    given: Arc<Mutex<Vec<Paused>>>,
}

impl Guest {
    fn plain(wasm: &[u8]) -> wasmtime::Result<Self> {
        Self::new(wasm, None)
    }

    fn observed(wasm: &[u8], options: &Options) -> wasmtime::Result<Self> {
        let instrumented = instrument(wasm, options).unwrap_or_else(|error| panic!("{error}"));
        Self::new(&instrumented.wasm, Some((Arc::new(instrumented.map), options)))
    }

    fn new(wasm: &[u8], observed: Option<(Arc<InstrumentMap>, &Options)>) -> wasmtime::Result<Self> {
        let engine = engine();
        let module = Module::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p1::add_to_linker_sync(&mut linker, |wasi| wasi)?;
        let mut store = Store::new(&engine, wasmtime_wasi::WasiCtxBuilder::new().arg("guest").build_p1());
        let instance = linker.instantiate(&mut store, &module)?;
        let given = Arc::<Mutex<Vec<Paused>>>::default();
        let attached = match observed {
            None => None,
            Some((map, options)) => {
                let sink = Arc::clone(&given);
                let sink = Box::new(move |paused| sink.lock().unwrap().push(paused));
                let conditions = options.calls.iter().map(|name| Condition::Call(name.clone())).collect();
                let attached = Attached::new(&mut store, &instance, map, conditions, sink).unwrap();
                attached.start(&mut store)?;
                Some(attached)
            }
        };
        Ok(Self { store, instance, attached, given })
    }

    /// Calls an export; results, or what the trap says.
    fn call(&mut self, name: &str, args: &[Val]) -> Result<Vec<String>, String> {
        let function = self.instance.get_func(&mut self.store, name).unwrap();
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        let called = match &self.attached {
            Some(attached) => attached.enter(&mut self.store, |store| function.call(store, args, &mut results)),
            None => function.call(&mut self.store, args, &mut results),
        };
        match called {
            Ok(()) => Ok(results.iter().map(shown).collect()),
            Err(error) => Err(error.root_cause().to_string()),
        }
    }

    /// An export that takes and returns 32-bit integers.
    fn word(&mut self, name: &str, args: &[u32]) -> Result<u32, String> {
        let args: Vec<Val> = args.iter().map(|arg| Val::I32(*arg as i32)).collect();
        let results = self.call(name, &args)?;
        Ok(results.first().map_or(0, |text| text.parse::<i32>().unwrap() as u32))
    }

    /// The memory that is exported, whatever it is called.
    fn memory(&mut self) -> Option<Vec<u8>> {
        let memory = self.instance.get_memory(&mut self.store, "memory");
        let mut exports: Vec<_> = self
            .instance
            .exports(&mut self.store)
            .filter_map(|export| (!export.name().starts_with("heapy:")).then(|| export.into_memory()).flatten())
            .collect();
        let memory = memory.or_else(|| exports.pop())?;
        Some(memory.data(&self.store).to_vec())
    }
}

/// A value without its identity: references are null or not.
fn shown(value: &Val) -> String {
    match value {
        Val::I32(value) => value.to_string(),
        Val::I64(value) => value.to_string(),
        Val::F32(bits) => format!("f32:{bits:x}"),
        Val::F64(bits) => format!("f64:{bits:x}"),
        Val::V128(value) => format!("{:x}", value.as_u128()),
        Val::FuncRef(reference) => format!("func:{}", reference.is_some()),
        Val::ExternRef(reference) => format!("extern:{}", reference.is_some()),
        Val::AnyRef(reference) => format!("any:{}", reference.is_some()),
        Val::ExnRef(reference) => format!("exn:{}", reference.is_some()),
        Val::ContRef(_) => "cont".to_owned(),
    }
}

/// The random modules that were made by `tests/fuzz`: those that are recorded, or those of the named file.
fn random_modules() -> Vec<Vec<u8>> {
    let path = std::env::var("HEAPY_RANDOM_MODULES").unwrap_or_else(|_| "recorded/random_modules.bin".to_owned());
    let packed = file(&path);
    let mut modules = Vec::new();
    let mut rest = packed.as_slice();
    while let Some((length, behind)) = rest.split_first_chunk::<4>() {
        let (module, behind) = behind.split_at(u32::from_le_bytes(*length) as usize);
        modules.push(module.to_vec());
        rest = behind;
    }
    modules
}

/// Exported functions with their types, in order.
fn functions(wasm: &[u8]) -> Vec<(String, Vec<ValType>, Vec<ValType>)> {
    let module = Module::new(&engine(), wasm).unwrap();
    let functions = module.exports().filter_map(|export| {
        let ty = export.ty();
        let ty = ty.func()?;
        Some((export.name().to_owned(), ty.params().collect(), ty.results().collect()))
    });
    functions.collect()
}

/// Specifications that make probes of whatever functions could be an allocator's by their types, and of no others.
fn specifications(functions: &[(String, Vec<ValType>, Vec<ValType>)]) -> Vec<String> {
    let word = |ty: &ValType| matches!(ty, ValType::I32);
    let mut specs = Vec::new();
    for (place, (name, params, results)) in functions.iter().enumerate() {
        let plain =
            !name.is_empty() && name.trim() == name && !name.starts_with('#') && !name.contains([';', ':', '=']);
        if !plain || !params.iter().chain(results).all(word) {
            continue;
        }
        match (params.len(), results.len()) {
            (1, 1) => specs.push(format!("alloc={name}:size")),
            (2.., 1) if place % 2 == 0 => specs.push(format!("realloc={name}:block,size")),
            (2.., 1) => specs.push(format!("calloc={name}:count,size")),
            (1.., 0) => specs.push(format!("free={name}:block")),
            _ => {}
        }
    }
    specs
}

fn argument(ty: &ValType, round: i32) -> Option<Val> {
    Some(match ty {
        ValType::I32 => Val::I32(round.wrapping_mul(4096) - 3),
        ValType::I64 => Val::I64(i64::from(round) << 20),
        ValType::F32 => Val::F32(round as u32),
        ValType::F64 => Val::F64(round as u64),
        ValType::V128 => Val::V128((round as u128).into()),
        ValType::Ref(ty) if ty.is_nullable() => match ty.heap_type().top() {
            wasmtime::HeapType::Func => Val::from(Ref::Func(None)),
            wasmtime::HeapType::Extern => Val::from(Ref::Extern(None)),
            _ => return None,
        },
        ValType::Ref(_) => return None,
    })
}

/// Everything a program can be seen to do: what it returns or why it traps, and its memory afterwards.
fn behaviour(guest: wasmtime::Result<Guest>, functions: &[(String, Vec<ValType>, Vec<ValType>)]) -> Vec<String> {
    let mut guest = match guest {
        Ok(guest) => guest,
        Err(error) => return vec![error.root_cause().to_string()],
    };
    let mut seen = Vec::new();
    for round in 0..3 {
        for (name, params, _) in functions {
            let Some(args) = params.iter().map(|ty| argument(ty, round)).collect::<Option<Vec<Val>>>() else {
                continue;
            };
            seen.push(format!("{name} {:?}", guest.call(name, &args)));
        }
    }
    let memory = guest.memory().unwrap_or_default();
    let hash = memory
        .iter()
        .fold(0xCBF2_9CE4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3));
    seen.push(format!("{} bytes {hash:x}", memory.len()));
    seen
}

#[test]
fn random_modules_do_the_same() {
    let (mut modules, mut probed, mut returned) = (0, 0, 0);
    for (number, wasm) in random_modules().iter().enumerate() {
        let functions = functions(wasm);
        let plain = behaviour(Guest::plain(wasm), &functions);
        let specs = specifications(&functions);
        probed += specs.len();
        for allocators in [Vec::new(), specs] {
            let options = Options { allocators, grow: true, peak: true, ..Options::default() };
            assert_eq!(behaviour(Guest::observed(wasm, &options), &functions), plain, "module {number}: {options:?}");
        }
        modules += 1;
        returned += plain.iter().filter(|line| line.contains("Ok(")).count();
    }
    assert!(modules >= 100 && probed >= 200 && returned >= 100, "{modules} {probed} {returned}");
}

/// What a program does with the allocator.
#[derive(Clone, Debug)]
enum Use {
    Malloc(u32),
    Calloc(u32, u32),
    Aligned(u32, u32),
    PosixAligned(u32, u32),
    Realloc(usize, u32),
    Free(usize),
}

fn uses() -> impl Strategy<Value = Vec<Use>> {
    let size = || prop_oneof![4 => 0u32..200, 2 => 0u32..5_000, 1 => 0u32..300_000];
    let one = prop_oneof![
        4 => size().prop_map(Use::Malloc),
        1 => (0u32..40, 0u32..100).prop_map(|(count, size)| Use::Calloc(count, size)),
        1 => (0u32..10, size()).prop_map(|(log2, size)| Use::Aligned(1 << log2, size)),
        1 => (2u32..10, size()).prop_map(|(log2, size)| Use::PosixAligned(1 << log2, size)),
        2 => (any::<usize>(), size()).prop_map(|(which, size)| Use::Realloc(which, size)),
        4 => any::<usize>().prop_map(Use::Free),
    ];
    prop::collection::vec(one, 0..160)
}

/// The naive model: what the program asked for and has not given back, by what it was told.
#[derive(Default)]
struct Model {
    live: BTreeMap<u32, u32>,
    allocations: u64,
}

impl Model {
    fn pick(&self, which: usize) -> Option<u32> {
        (!self.live.is_empty()).then(|| *self.live.keys().nth(which % self.live.len()).unwrap())
    }

    fn made(&mut self, address: u32, size: u32) {
        if address != 0 {
            self.live.insert(address, size);
            self.allocations += 1;
        }
    }

    /// Does one thing in both guests, which are told the same.
    fn step(&mut self, step: &Use, guests: &mut [Guest; 2]) {
        let mut both = |name: &str, args: &[u32]| {
            let [plain, observed] = guests;
            let result = plain.word(name, args);
            assert_eq!(observed.word(name, args), result, "{name} {args:?}");
            result.unwrap()
        };
        match *step {
            Use::Malloc(size) => self.made(both("heap_malloc", &[size]), size),
            Use::Calloc(count, size) => self.made(both("heap_calloc", &[count, size]), count * size),
            Use::Aligned(alignment, size) => self.made(both("heap_aligned_alloc", &[alignment, size]), size),
            Use::PosixAligned(alignment, size) => self.made(both("heap_posix_memalign", &[alignment, size]), size),
            Use::Realloc(which, size) => {
                let old = self.pick(which);
                let new = both("heap_realloc", &[old.unwrap_or(0), size]);
                match old {
                    Some(old) if new == old => {
                        self.live.insert(old, size);
                    }
                    Some(old) if new != 0 => {
                        self.live.remove(&old);
                        self.made(new, size);
                    }
                    Some(_) => {}
                    None => self.made(new, size),
                }
            }
            Use::Free(which) => {
                if let Some(block) = self.pick(which) {
                    self.live.remove(&block);
                    both("heap_free", &[block]);
                }
            }
        }
    }
}

fn compare(name: &str, uses: &[Use], end: Option<u32>) {
    let wasm = file(&format!("guests/out/{name}.wasm"));
    let mut guests = [Guest::plain(&wasm).unwrap(), Guest::observed(&wasm, &Options::default()).unwrap()];
    let mut model = Model::default();
    for (number, step) in uses.iter().enumerate() {
        model.step(step, &mut guests);
        if number % 40 == 39 {
            agree(&model, &mut guests);
        }
    }
    agree(&model, &mut guests);
    let [mut plain, mut observed] = guests;
    if let Some(size) = end {
        // At last what no program should do: the guest goes on as it would, and it is told.
        let block = plain.word("heap_malloc", &[size]).unwrap();
        assert_eq!(observed.word("heap_malloc", &[size]).unwrap(), block);
        for wild in [block, block, block + 8] {
            assert_eq!(observed.word("heap_free", &[wild]), plain.word("heap_free", &[wild]));
        }
        let attached = observed.attached.clone().unwrap();
        assert_eq!(attached.totals(&mut observed.store).wild_releases, 2, "{name}");
        let told = attached.pause(&mut observed.store, "test").wild_releases;
        let addresses: Vec<u64> = told.iter().map(|release| release.address).collect();
        assert!(told[0].last.is_some(), "{name}: the block that was released twice is remembered");
        assert_eq!(addresses, [u64::from(block), u64::from(block + 8)], "{name}");
    }
    assert_eq!(plain.memory(), observed.memory(), "{name}: memory with and without us");
}

/// The live table says what the model says.
fn agree(model: &Model, guests: &mut [Guest; 2]) {
    let observed = &mut guests[1];
    let attached = observed.attached.clone().unwrap();
    let paused = attached.pause(&mut observed.store, "test");
    let live: BTreeMap<u32, u32> =
        paused.blocks.iter().map(|block| (block.address as u32, block.size as u32)).collect();
    assert_eq!(live, model.live);
    let totals = attached.totals(&mut observed.store);
    assert_eq!(totals.allocations, model.allocations);
    assert_eq!(totals.live_bytes, model.live.values().map(|size| u64::from(*size)).sum::<u64>());
    assert_eq!(totals.wild_releases, 0);
}

/// How many random uses of the allocator are tried.
fn cases() -> u32 {
    std::env::var("HEAPY_RANDOM_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_uses_of_the_allocator_agree_with_a_naive_model(uses in uses(), size in 1u32..100) {
        compare("heap", &uses, Some(size));
        compare("heap.stripped", &uses, None);
    }
}

/// A context keeps where recursion was entered and left, not how deep it was.
fn folded<'a>(frames: impl Iterator<Item = &'a RawFrame>) -> Vec<RawFrame> {
    let mut folded: Vec<RawFrame> = frames.copied().collect();
    folded.dedup_by_key(|frame| frame.function);
    folded
}

/// Frames that an allocator has at most.
const ALLOCATOR_FRAMES: usize = 6;

/// Compares the context of each block with the backtrace at the moment at which the allocator was entered for it.
fn contexts_of(name: &str, entry: &str, calls: &[&str]) -> usize {
    let wasm = file(&format!("guests/out/{name}.wasm"));
    let options = Options { calls: vec![entry.to_owned()], ..Options::default() };
    let instrumented = instrument(&wasm, &options).unwrap();
    let map = Arc::new(instrumented.map);
    let mut guest = Guest::observed(&wasm, &options).unwrap();
    for call in calls {
        // A guest may end itself.
        let _ = guest.call(call, &[]);
    }
    let attached = guest.attached.clone().unwrap();
    let last = attached.pause(&mut guest.store, "end");
    let mut given = std::mem::take(&mut *guest.given.lock().unwrap());
    given.push(last);
    let mut known: BTreeSet<u64> = BTreeSet::new();
    let mut compared = 0;
    for pair in given.windows(2) {
        let [before, after] = pair else { continue };
        known.extend(before.blocks.iter().map(|block| block.serial));
        let mut new = after.blocks.iter().filter(|block| !known.contains(&block.serial));
        // More than one are those of entries that were not paused at.
        let (Some(block), None) = (new.next(), new.next()) else { continue };
        // Behind the outermost of the allocator's functions, with whatever it has in between.
        let inner = &before.frames[..before.frames.len().min(ALLOCATOR_FRAMES)];
        let skipped = inner.iter().rposition(|frame| map.is_allocator(frame.function)).map_or(0, |last| last + 1);
        let real = before.frames[skipped..].iter();
        let context = block.context.unwrap();
        let told = after.contexts.frames[context.0 as usize].iter();
        assert_eq!(folded(told), folded(real), "{name}: block {:#x}", block.address);
        compared += 1;
    }
    compared
}

#[test]
fn contexts_are_the_backtraces_of_real_programs() {
    for (name, entry, calls, least) in [
        ("shapes", "dlmalloc", &["_start"][..], 50),
        ("shapes.O0", "dlmalloc", &["_start"], 50),
        ("shapes.O2", "dlmalloc", &["_start"], 50),
        ("zoo", "dlmalloc", &["_start"], 20),
        ("shapes_rs", "dlmalloc", &["_start"], 30),
        ("shapes_rs.names", "dlmalloc", &["_start"], 30),
    ] {
        let compared = contexts_of(name, entry, calls);
        assert!(compared >= least, "{name}: only {compared} contexts were compared");
    }
}
