//! The web inspector of Heapy for WebAssembly, and its JS API.
