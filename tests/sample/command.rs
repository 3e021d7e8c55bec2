//! The command line, as the tests of its commands call it.
#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "fixtures of tests")]

use std::process::{Command, Output};

/// The `heapy-host` that these tests belong to.
pub(crate) fn heapy_host(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_heapy-host")).args(arguments).output().unwrap()
}

/// What a command wrote to stdout, which must have gone well.
pub(crate) fn answer(arguments: &[&str]) -> String {
    let output = heapy_host(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}
