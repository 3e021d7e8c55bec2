//! Tests that cross the crates of Heapy for WebAssembly.
