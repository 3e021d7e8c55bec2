//! `heapy-host`: runs a WebAssembly guest and shows what is in its heap.

use std::process::ExitCode;

fn main() -> ExitCode {
    heapy_host::cli::run()
}
