//! Bytes at addresses: of a memory, or as data segments fill it before anything runs.

use std::ops::Range;

use wasmparser::{ConstExpr, DataKind, Operator, Parser, Payload};

/// Static data that reaches further is not looked at.
const MAX_BYTES: u64 = 1 << 30;
/// Longest text that is read.
const MAX_TEXT: usize = 4096;

/// Reads numbers and texts; what lies outside is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a>(pub(crate) &'a [u8]);

impl<'a> View<'a> {
    /// The bytes of a range.
    pub(crate) fn bytes(self, range: Range<u64>) -> Option<&'a [u8]> {
        self.0.get(usize::try_from(range.start).ok()?..usize::try_from(range.end).ok()?)
    }

    /// The unsigned number of `size` bytes, at most 8.
    pub(crate) fn number(self, at: u64, size: u64) -> Option<u64> {
        let bytes = self.bytes(at..at.checked_add(size.min(8))?)?;
        let mut value = [0; 8];
        value[..bytes.len()].copy_from_slice(bytes);
        Some(u64::from_le_bytes(value))
    }

    /// A pointer or a number of its size.
    pub(crate) fn word(self, at: u64) -> Option<u64> {
        self.number(at, super::WORD)
    }

    /// A number of 32 bits.
    pub(crate) fn half(self, at: u64) -> Option<u32> {
        self.number(at, 4).map(|number| number as u32)
    }

    /// A number with a sign.
    pub(crate) fn signed(self, at: u64) -> Option<i32> {
        self.half(at).map(|number| number as i32)
    }

    /// A number of variable length, and where it ends.
    pub(crate) fn variable(self, at: u64) -> Option<(u64, u64)> {
        let (mut value, mut next) = (0u64, at);
        for shift in (0..35).step_by(7) {
            let byte = self.number(next, 1)?;
            next += 1;
            value |= (byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some((value, next));
            }
        }
        None
    }

    /// The text up to a zero byte.
    pub(crate) fn text(self, at: u64) -> Option<&'a str> {
        let bytes = self.0.get(usize::try_from(at).ok()?..)?;
        let end = bytes.iter().take(MAX_TEXT).position(|&byte| byte == 0)?;
        std::str::from_utf8(&bytes[..end]).ok()
    }
}

/// What data segments fill.
#[derive(Clone, Debug, Default)]
pub(crate) struct Image {
    bytes: Vec<u8>,
}

impl Image {
    /// The image of a module whose data has the mark somewhere within a segment. None of other modules, which then cost a
    /// search only.
    pub(crate) fn with_mark(module: &[u8], mark: &[u8]) -> Option<(Self, u64)> {
        let segments = segments(module);
        let found = segments.iter().find_map(|&(address, data)| {
            let at = data.windows(mark.len()).position(|window| window == mark)?;
            Some(address + at as u64)
        })?;
        let end = segments.iter().map(|(address, data)| address + data.len() as u64).max()?;
        if end > MAX_BYTES {
            return None;
        }
        let mut bytes = vec![0; end as usize];
        for (address, data) in segments {
            bytes[address as usize..address as usize + data.len()].copy_from_slice(data);
        }
        Some((Self { bytes }, found))
    }

    /// To be read.
    pub(crate) fn view(&self) -> View<'_> {
        View(&self.bytes)
    }
}

/// Active segments of the first memory.
fn segments(module: &[u8]) -> Vec<(u64, &[u8])> {
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        match payload {
            Ok(Payload::DataSection(reader)) => {
                found.extend(reader.into_iter().flatten().filter_map(|segment| match &segment.kind {
                    DataKind::Active { memory_index: 0, offset_expr } => Some((constant(offset_expr)?, segment.data)),
                    _ => None,
                }));
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    found
}

fn constant(expression: &ConstExpr<'_>) -> Option<u64> {
    match expression.get_operators_reader().read().ok()? {
        Operator::I32Const { value } => Some(u64::from(value as u32)),
        _ => None,
    }
}
