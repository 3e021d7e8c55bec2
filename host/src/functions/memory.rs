//! Ranges of the guest's memory, as the guest names them: nothing outside of it is ever touched.

use heapy_guest::abi::{RECORD_BYTES, Record, code};

use super::error::Refusal;

/// The bytes of a range, or a refusal that names it.
pub(super) fn bytes<'memory>(
    memory: &'memory [u8],
    what: &str,
    address: u64,
    length: u64,
) -> Result<&'memory [u8], Refusal> {
    let refuse = || Refusal::pointer(what, address, length, memory.len());
    let start = usize::try_from(address).map_err(|_| refuse())?;
    let length_here = usize::try_from(length).map_err(|_| refuse())?;
    let end = start.checked_add(length_here).ok_or_else(refuse)?;
    memory.get(start..end).ok_or_else(refuse)
}

/// A UTF-8 text of at most `limit` bytes.
pub(super) fn text<'memory>(
    memory: &'memory [u8],
    what: &str,
    (address, length): (u64, u64),
    limit: usize,
) -> Result<&'memory str, Refusal> {
    let found = bytes(memory, what, address, length)?;
    if found.len() > limit {
        return Err(Refusal::new(code::LIMIT, format!("{what}: {length} bytes, at most {limit} are accepted")));
    }
    std::str::from_utf8(found).map_err(|error| {
        Refusal::new(code::TEXT, format!("{what}: no UTF-8 at byte {} of {length}", error.valid_up_to()))
    })
}

/// The record at an address.
pub(super) fn record(memory: &[u8], what: &str, address: u64) -> Result<Record, Refusal> {
    let found = bytes(memory, what, address, RECORD_BYTES as u64)?;
    let mut copy = [0; RECORD_BYTES];
    copy.copy_from_slice(found);
    Ok(Record::from_bytes(copy))
}

/// Puts bytes at an address.
pub(super) fn write(memory: &mut [u8], what: &str, address: u64, content: &[u8]) -> Result<(), Refusal> {
    // Checked as a shared slice first, so that there is one place that decides what is within the memory.
    bytes(memory, what, address, content.len() as u64)?;
    let start = address as usize;
    memory[start..start + content.len()].copy_from_slice(content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_end_with_the_memory() {
        let memory = [7u8; 64];
        assert_eq!(bytes(&memory, "x", 60, 4).map(<[u8]>::len), Ok(4));
        assert_eq!(bytes(&memory, "x", 64, 0).map(<[u8]>::len), Ok(0));
        for (address, length) in [(60, 5), (65, 0), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)] {
            assert_eq!(bytes(&memory, "x", address, length).map_err(|refusal| refusal.code), Err(code::POINTER));
        }
    }

    #[test]
    fn texts_are_utf8_and_not_endless() {
        let memory = *b"abc\xff";
        assert_eq!(text(&memory, "name", (0, 3), 8), Ok("abc"));
        assert_eq!(text(&memory, "name", (0, 4), 8).map_err(|refusal| refusal.code), Err(code::TEXT));
        assert_eq!(text(&memory, "name", (0, 3), 2).map_err(|refusal| refusal.code), Err(code::LIMIT));
    }

    #[test]
    fn nothing_is_written_past_the_end() {
        let mut memory = [0u8; 16];
        assert!(write(&mut memory, "result", 8, &[1; 9]).is_err());
        assert_eq!(memory, [0u8; 16]);
        assert!(write(&mut memory, "result", 8, &[1; 8]).is_ok());
    }
}
