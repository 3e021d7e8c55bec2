//! The bytes of a file, in one piece or in several.
//!
//! A browser gives a large file in chunks, and one `Vec` ends at 2 GiB there; so the file is a list of pieces, read
//! through a cursor, and a table that lies within one piece is borrowed instead of copied.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};

/// The bytes of a snapshot file.
#[derive(Clone, Debug, Default)]
pub struct FileBytes {
    chunks: Vec<Vec<u8>>,
    /// Offset in the file of each chunk.
    starts: Vec<u64>,
    length: u64,
}

impl FileBytes {
    /// Puts chunks together, in order.
    #[must_use]
    pub fn from_chunks(chunks: Vec<Vec<u8>>) -> Self {
        let mut bytes = Self::default();
        for chunk in chunks.into_iter().filter(|chunk| !chunk.is_empty()) {
            bytes.starts.push(bytes.length);
            bytes.length += chunk.len() as u64;
            bytes.chunks.push(chunk);
        }
        bytes
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// The bytes from `offset` on, as many as `length`; none where the file ends before.
    pub(super) fn range(&self, offset: u64, length: u64) -> Option<Cow<'_, [u8]>> {
        let end = offset.checked_add(length).filter(|&end| end <= self.length)?;
        if length == 0 {
            return Some(Cow::Borrowed(&[]));
        }
        let chunk = self.chunk_at(offset);
        let within = (offset - self.starts[chunk]) as usize;
        if let Some(bytes) = self.chunks[chunk].get(within..within + length as usize) {
            return Some(Cow::Borrowed(bytes));
        }
        let mut bytes = Vec::with_capacity(length as usize);
        let mut at = offset;
        while at < end {
            let rest = self.rest_of_chunk(at);
            let take = rest.len().min((end - at) as usize);
            bytes.extend_from_slice(&rest[..take]);
            at += take as u64;
        }
        Some(Cow::Owned(bytes))
    }

    pub(super) fn cursor(&self) -> Cursor<'_> {
        Cursor { bytes: self, at: 0 }
    }

    fn chunk_at(&self, offset: u64) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    fn rest_of_chunk(&self, offset: u64) -> &[u8] {
        if offset >= self.length {
            return &[];
        }
        let chunk = self.chunk_at(offset);
        &self.chunks[chunk][(offset - self.starts[chunk]) as usize..]
    }
}

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_chunks(vec![bytes])
    }
}

impl From<Vec<Vec<u8>>> for FileBytes {
    fn from(chunks: Vec<Vec<u8>>) -> Self {
        Self::from_chunks(chunks)
    }
}

impl From<&[u8]> for FileBytes {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

/// Reads a file from any place.
pub(super) struct Cursor<'bytes> {
    bytes: &'bytes FileBytes,
    at: u64,
}

impl Read for Cursor<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let rest = self.bytes.rest_of_chunk(self.at);
        let take = rest.len().min(into.len());
        into[..take].copy_from_slice(&rest[..take]);
        self.at += take as u64;
        Ok(take)
    }
}

impl Seek for Cursor<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.bytes.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "seek before the start of the file"))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cross_chunks() {
        let bytes = FileBytes::from_chunks(vec![vec![0, 1, 2], vec![], vec![3], vec![4, 5]]);
        assert_eq!(bytes.len(), 6);
        assert!(matches!(bytes.range(0, 3), Some(Cow::Borrowed([0, 1, 2]))));
        assert_eq!(bytes.range(2, 3).as_deref(), Some(&[2u8, 3, 4][..]));
        assert_eq!(bytes.range(6, 0).as_deref(), Some(&[][..]));
        assert_eq!(bytes.range(5, 2), None);
        assert_eq!(bytes.range(u64::MAX, 2), None);
    }

    #[test]
    fn a_cursor_reads_what_is_there() {
        let bytes = FileBytes::from_chunks(vec![vec![1, 2], vec![3]]);
        let mut cursor = bytes.cursor();
        let mut all = Vec::new();
        cursor.read_to_end(&mut all).unwrap();
        assert_eq!(all, [1, 2, 3]);
        assert_eq!(cursor.seek(SeekFrom::End(-1)).unwrap(), 2);
        assert!(cursor.seek(SeekFrom::Current(-3)).is_err());
    }
}
