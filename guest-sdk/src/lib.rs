//! What a guest may ask of Heapy while it runs.

#![no_std]

pub mod abi;
