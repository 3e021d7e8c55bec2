//! Writes random modules, one after the other, into a file: `heapy-fuzz OUT COUNT [SEED]`.
//!
//! Each is a length (u32, little endian) and the module. They end by themselves, import nothing and export everything.

use std::error::Error;

use arbitrary::Unstructured;
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
        let Ok(mut module) = Module::new(config(), &mut Unstructured::new(&bytes)) else { continue };
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

fn config() -> Config {
    Config {
        allow_start_export: true,
        export_everything: true,
        max_imports: 0,
        min_funcs: 4,
        max_funcs: 12,
        min_memories: 1,
        max_memories: 1,
        max_memory32_bytes: 1 << 20,
        memory64_enabled: false,
        table64_enabled: false,
        threads_enabled: false,
        shared_everything_threads_enabled: false,
        gc_enabled: false,
        custom_page_sizes_enabled: false,
        wide_arithmetic_enabled: false,
        relaxed_simd_enabled: false,
        exceptions_enabled: true,
        tail_call_enabled: true,
        reference_types_enabled: true,
        bulk_memory_enabled: true,
        multi_value_enabled: true,
        simd_enabled: true,
        canonicalize_nans: true,
        ..Config::default()
    }
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
