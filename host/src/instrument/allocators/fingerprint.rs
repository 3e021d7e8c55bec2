//! What a function body is made of, for recognising functions that have lost their names.
//!
//! Time O(length of the body). Only bodies that could be of interest by size and signature are read.

use std::collections::HashMap;

use wasmparser::{BinaryReader, FunctionBody, Operator};

use crate::instrument::body::BodyFacts;
use crate::instrument::info::ModuleInfo;

/// Static data lies above this address; smaller numbers are offsets and sizes.
const FIRST_ADDRESS: u64 = 1024;

/// Constants, addresses and telling instructions of a body.
#[derive(Debug, Default)]
pub(super) struct Fingerprint {
    /// How often each 32-bit constant stands there.
    constants: HashMap<i32, u32>,
    /// How often each absolute address is loaded from or stored to.
    addresses: HashMap<u64, u32>,
    /// Offsets of 32-bit stores.
    stores: Vec<u64>,
    /// Whether it multiplies integers.
    pub(super) multiplies: bool,
}

impl Fingerprint {
    /// Reads a body; what cannot be decoded is left out, for the module is validated elsewhere.
    pub(super) fn of(info: &ModuleInfo<'_>, body: &BodyFacts) -> Self {
        let mut print = Self::default();
        let Some(bytes) = info.bytes.get(body.start..body.end) else { return print };
        let Ok(reader) = FunctionBody::new(BinaryReader::new(bytes, body.start)).get_operators_reader() else {
            return print;
        };
        for operator in reader {
            let Ok(operator) = operator else { break };
            print.read(&operator);
        }
        print
    }

    /// Whether a constant stands there.
    pub(super) fn has(&self, constant: i32) -> bool {
        self.constants.contains_key(&constant)
    }

    /// How many of these constants stand there.
    pub(super) fn count_of(&self, constants: &[i32]) -> usize {
        constants.iter().filter(|constant| self.has(**constant)).count()
    }

    /// Whether a 32-bit value is stored at this offset from some address.
    pub(super) fn stores_at(&self, offset: u64) -> bool {
        self.stores.contains(&offset)
    }

    /// The absolute addresses that are used most, most used first.
    pub(super) fn state(&self, most: usize) -> Vec<u64> {
        let mut used: Vec<(u64, u32)> = self.addresses.iter().map(|(&address, &times)| (address, times)).collect();
        used.sort_unstable_by_key(|&(address, times)| (std::cmp::Reverse(times), address));
        used.into_iter().take(most).map(|(address, _)| address).collect()
    }

    /// How many of these addresses are used.
    pub(super) fn shares(&self, state: &[u64]) -> usize {
        state.iter().filter(|address| self.addresses.contains_key(address)).count()
    }

    fn read(&mut self, operator: &Operator<'_>) {
        match *operator {
            Operator::I32Const { value } => *self.constants.entry(value).or_default() += 1,
            Operator::I32Mul | Operator::I64Mul => self.multiplies = true,
            Operator::I32Load { memarg } | Operator::I64Load { memarg } | Operator::I64Store { memarg } => {
                self.address(memarg.offset);
            }
            Operator::I32Store { memarg } => {
                self.address(memarg.offset);
                self.stores.push(memarg.offset);
            }
            _ => {}
        }
    }

    fn address(&mut self, offset: u64) {
        if offset >= FIRST_ADDRESS {
            *self.addresses.entry(offset).or_default() += 1;
        }
    }
}
