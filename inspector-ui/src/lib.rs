//! The web inspector of Heapy for WebAssembly, and its JS API.
//!
//! One wasm module plays two parts. On the page it is a Yew application that holds no heap: it asks. In a module worker
//! it holds the recordings and answers with the same engine as the host, so that the page never waits. What they say to
//! each other is in [`protocol`].
//!
//! Architecture invariant: no view computes anything about a heap, and nothing under `answers` knows of the page.

#![forbid(unsafe_code)]

mod answers;
mod api;
mod app;
mod colour;
mod components;
mod expression;
mod format;
mod hooks;
mod js;
mod kind_call;
mod list;
mod native;
mod order;
mod protocol;
mod route;
mod views;

pub use js::{answer, start_page};
pub use native::Native;
