//! Writes random modules, one after the other, into a file: `heapy-fuzz OUT COUNT [SEED]`.
//!
//! Each is a length (u32, little endian) and the module. They end by themselves, import nothing and export everything.

use std::error::Error;

use arbitrary::Unstructured;
use wasm_encoder::{
    CodeSection, ExportKind, ExportSection, Function, FunctionSection, MemorySection, MemoryType, TypeSection, ValType,
};
use wasm_smith::{Config, Module};

/// Bytes of randomness for a module.
const ENTROPY: usize = 3_000;
/// Fuel for loops and calls, after which a module traps.
const FUEL: u32 = 2_000;
/// Larger modules are left out.
const BYTES_MAX: usize = 8_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(out), Some(count)) = (args.next(), args.next()) else {
        return Err("usage: heapy-fuzz OUT COUNT [SEED]".into());
    };
    let (count, seed): (usize, u64) = (count.parse()?, args.next().unwrap_or_else(|| "1".into()).parse()?);
    let mut random = Random(seed.max(1));
    let mut file = Vec::new();
    let mut made = 0;
    while made < count {
        let bytes: Vec<u8> = (0..ENTROPY).map(|_| random.next() as u8).collect();
        let Ok(mut module) = Module::new(config(made), &mut Unstructured::new(&bytes)) else { continue };
        if module.ensure_termination(FUEL).is_err() {
            continue;
        }
        let wasm = module.to_bytes();
        if wasm.len() <= BYTES_MAX {
            file.extend_from_slice(&u32::try_from(wasm.len())?.to_le_bytes());
            file.extend_from_slice(&wasm);
            made += 1;
        }
    }
    std::fs::write(out, file)?;
    Ok(())
}

/// Every second module has plain types and exports functions that could be an allocator's; every other pair traps nowhere.
fn config(number: usize) -> Config {
    let plain = number % 2 == 1;
    Config {
        allow_floats: !plain,
        disallow_traps: number % 4 < 2,
        allow_start_export: true,
        export_everything: !plain,
        exports: plain.then(allocator),
        max_imports: 0,
        min_funcs: 4,
        max_funcs: 12,
        min_memories: 1,
        max_memories: 1,
        max_memory32_bytes: 1 << 20,
        memory64_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        gc_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        relaxed_simd_enabled: false,
        exceptions_enabled: !plain,
        tail_call_enabled: !plain,
        reference_types_enabled: !plain,
        bulk_memory_enabled: true,
        multi_value_enabled: !plain,
        simd_enabled: !plain,
        canonicalize_nans: true,
        ..Config::default()
    }
}

/// A module with the exports of an allocator; only their names and types matter.
fn allocator() -> Vec<u8> {
    let functions: [(&str, usize, usize); 6] =
        [("take", 1, 1), ("take_many", 2, 1), ("change", 2, 1), ("change_more", 3, 1), ("give", 1, 0), ("go", 0, 0)];
    let (mut types, mut section) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    for (index, (name, params, results)) in (0u32..).zip(functions) {
        types.ty().function(vec![ValType::I32; params], vec![ValType::I32; results]);
        section.function(index);
        exports.export(name, ExportKind::Func, index);
        let mut body = Function::new([]);
        body.instructions().unreachable().end();
        code.function(&body);
    }
    let mut memories = MemorySection::new();
    memories.memory(MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", ExportKind::Memory, 0);
    let mut module = wasm_encoder::Module::new();
    module.section(&types).section(&section).section(&memories).section(&exports).section(&code);
    module.finish()
}

/// Marsaglia's xorshift: the same modules for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }
}
