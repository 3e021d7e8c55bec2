//! Programs that are not ours read what we write: the package in Node, in a plain page and with Vite, and the viewers of
//! the formats that are exported.
//!
//! What needs a browser, node or npm is skipped with a message where there is none.
#![allow(clippy::unwrap_used, clippy::print_stderr, reason = "a test program")]

#[allow(dead_code, reason = "the inspector's tests use the rest")]
mod browser;
#[path = "clients/package.rs"]
mod package;
mod sample;
#[path = "clients/site.rs"]
mod site;
#[path = "clients/viewers.rs"]
mod viewers;
#[path = "clients/window.rs"]
mod window;
