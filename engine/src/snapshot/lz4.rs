//! Expands LZ4 frames whose expanded length is known.
//!
//! Frames as our writer and Arrow's make them, of independent blocks without checksums, are expanded block by block
//! straight to where the bytes belong. For any other frame there is the general decoder, which goes through a buffer of
//! its own.

use std::io::Read;

use lz4_flex::block::decompress_into;
use lz4_flex::frame::FrameDecoder;

/// The first bytes of a frame.
const MAGIC: [u8; 4] = [0x04, 0x22, 0x4d, 0x18];
/// Flags of a frame of version 1 whose blocks are independent, without checksums, length or dictionary.
const PLAIN: u8 = 0b0110_0000;
/// Bytes of the header of such a frame: magic, flags, sizes of blocks, checksum of the header.
const HEADER: usize = 7;
/// Bit in front of a block: its bytes are not compressed.
const STORED: u32 = 1 << 31;
/// Expanded bytes that a compressed byte stands for at most.
const MOST_RATIO: usize = 255;

/// Why a frame was not expanded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lz4Error {
    /// It holds fewer bytes.
    Short,
    /// It is no frame.
    Damaged,
}

/// The first `length` bytes of what a frame holds. Memory for a claimed length is only taken where as many bytes can come
/// of the frame.
pub(super) fn expand(frame: &[u8], length: usize) -> Result<Vec<u8>, Lz4Error> {
    if length > frame.len().saturating_mul(MOST_RATIO) {
        return Err(Lz4Error::Short);
    }
    match frame.split_first_chunk::<HEADER>() {
        Some(([m0, m1, m2, m3, PLAIN, _, _], blocks)) if [*m0, *m1, *m2, *m3] == MAGIC => plain(blocks, length),
        _ => general(frame, length),
    }
}

/// Expands the blocks of a plain frame.
fn plain(mut blocks: &[u8], length: usize) -> Result<Vec<u8>, Lz4Error> {
    let mut expanded = vec![0; length];
    let mut filled = 0;
    while filled < length {
        let (size, rest) = blocks.split_first_chunk::<4>().ok_or(Lz4Error::Short)?;
        let size = u32::from_le_bytes(*size);
        if size == 0 {
            return Err(Lz4Error::Short);
        }
        let (block, rest) = rest.split_at_checked((size & !STORED) as usize).ok_or(Lz4Error::Damaged)?;
        let into = &mut expanded[filled..];
        filled += if size & STORED != 0 {
            let count = block.len().min(into.len());
            into[..count].copy_from_slice(&block[..count]);
            count
        } else {
            decompress_into(block, into).map_err(|_| Lz4Error::Damaged)?
        };
        blocks = rest;
    }
    Ok(expanded)
}

/// Expands any frame.
fn general(frame: &[u8], length: usize) -> Result<Vec<u8>, Lz4Error> {
    let mut expanded = Vec::with_capacity(length.min(frame.len().saturating_mul(4)));
    match FrameDecoder::new(frame).take(length as u64).read_to_end(&mut expanded) {
        Ok(read) if read == length => Ok(expanded),
        Ok(_) => Err(Lz4Error::Short),
        Err(_) => Err(Lz4Error::Damaged),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use lz4_flex::frame::{BlockMode, FrameEncoder, FrameInfo};
    use proptest::prelude::*;

    use super::*;

    fn frame(info: FrameInfo, bytes: &[u8]) -> Vec<u8> {
        let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that compress, and some that do not, of several blocks.
    fn bytes(count: usize) -> Vec<u8> {
        let mut state = 1u32;
        let mut noise = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..count).map(|index| if index / 70_000 % 2 == 0 { (index / 100) as u8 } else { noise() }).collect()
    }

    #[test]
    fn every_kind_of_frame_is_expanded() {
        for count in [0, 1, 100, 65_536, 300_000] {
            let bytes = bytes(count);
            for info in [
                FrameInfo::new(),
                FrameInfo::new().block_checksums(true).content_checksum(true),
                FrameInfo::new().block_mode(BlockMode::Linked),
                FrameInfo::new().content_size(Some(count as u64)),
            ] {
                assert_eq!(expand(&frame(info, &bytes), count).unwrap(), bytes, "{count} bytes");
            }
            let plain = frame(FrameInfo::new(), &bytes);
            assert_eq!(plain[4], PLAIN, "the short way is the one that our files take");
            assert_eq!(expand(&plain, count + 1), Err(Lz4Error::Short));
            assert_eq!(expand(&plain, usize::MAX), Err(Lz4Error::Short));
        }
    }

    proptest! {
        #[test]
        fn both_ways_expand_the_same(
            (at, flipped) in (0usize..200, any::<u8>()),
            count in 0usize..3000,
            cut in 0usize..200,
        ) {
            let bytes = bytes(count);
            let mut damaged = frame(FrameInfo::new(), &bytes);
            let at = at % damaged.len();
            damaged[at] ^= flipped;
            damaged.truncate(damaged.len().saturating_sub(cut).max(1));
            // What both expand is equal; the checksum of the header is only looked at by one of them.
            if let (Ok(fast), Ok(slow)) = (expand(&damaged, count), general(&damaged, count)) {
                prop_assert_eq!(fast, slow);
            }
        }
    }
}
