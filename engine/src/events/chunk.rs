//! Some ten thousand events, packed.
//!
//! A chunk is a head (magic, number of events, of the first event and of the allocations before it, time at its end) and
//! one deflate stream with the columns, each behind its length. What the [`Predictor`] guesses right takes a code of one byte
//! at most, which compresses well; the rest is written out.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use thiserror::Error;

use super::Event;
use super::columns::{COLUMNS, Column, Reading, Written, along, distance};
use super::predict::Predictor;

/// Most events of a chunk.
pub const CHUNK_EVENTS_MAX: usize = 1 << 17;
/// What a chunk begins with.
const MAGIC: &[u8; 8] = b"heapyev1";
/// Bytes of the head.
const HEAD: usize = 8 + 4 + 3 * 8;
/// Most bytes that an event takes before compression; more is no chunk of ours.
const EVENT_BYTES_MAX: usize = 40;
/// Codes of places and of victims that were not guessed begin here.
const PLACES: u64 = 3;
const VICTIMS: u64 = 3;

/// Why bytes are no chunk, or do not follow from those before.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct EventError(pub(super) String);

/// A packed chunk, and what is known of it without unpacking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventChunk {
    /// Number of its events.
    pub events: u32,
    /// Events before the first one.
    pub first: u64,
    /// Allocations before it.
    pub allocations: u64,
    /// Nanoseconds since the guest began, at its end.
    pub nanos: u64,
}

impl EventChunk {
    /// Packs events that follow `first` others; releases tell the right sizes. Time O(events).
    ///
    /// # Errors
    /// [`EventError`] for more than [`CHUNK_EVENTS_MAX`] events, and for another number of them than the head tells.
    pub fn pack(self, events: impl IntoIterator<Item = Event>) -> Result<Vec<u8>, EventError> {
        let mut writer = Writer { guess: Predictor::new(), out: Written::default(), kinds: 0, count: 0 };
        events.into_iter().take(CHUNK_EVENTS_MAX + 1).for_each(|event| writer.event(event));
        if writer.count as usize > CHUNK_EVENTS_MAX {
            return Err(EventError(format!("more events than a chunk has at most, {CHUNK_EVENTS_MAX}")));
        }
        if writer.count != self.events {
            return Err(EventError(format!("{} events, {} were to come", writer.count, self.events)));
        }
        let columns = writer.finish();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(self.events.to_le_bytes());
        for number in [self.first, self.allocations, self.nanos] {
            bytes.extend(number.to_le_bytes());
        }
        let failed = |error: String| EventError(format!("cannot compress: {error}"));
        // Most of what is left is entropy, which more effort does not find anything in.
        let mut frame = DeflateEncoder::new(bytes, Compression::fast());
        for column in &columns {
            frame.write_all(&(column.len() as u32).to_le_bytes()).map_err(|error| failed(error.to_string()))?;
        }
        for column in &columns {
            frame.write_all(column).map_err(|error| failed(error.to_string()))?;
        }
        frame.finish().map_err(|error| failed(error.to_string()))
    }

    /// Reads the head of a chunk.
    ///
    /// # Errors
    /// [`EventError`] for what is no chunk.
    pub fn head(bytes: &[u8]) -> Result<Self, EventError> {
        let head = bytes.get(..HEAD).filter(|head| head.starts_with(MAGIC));
        let head = head.ok_or_else(|| EventError("no chunk of events".into()))?;
        let long = |at: usize| head[at..at + 8].try_into().map_or(0, u64::from_le_bytes);
        let events = head[8..12].try_into().map_or(0, u32::from_le_bytes);
        if events as usize > CHUNK_EVENTS_MAX {
            return Err(EventError(format!("{events} events, a chunk has {CHUNK_EVENTS_MAX} at most")));
        }
        Ok(Self { events, first: long(12), allocations: long(20), nanos: long(28) })
    }

    /// Gives each event of a chunk to `each`, until that refuses. `size` tells of an address the size of the block that is
    /// live there. Time O(events), memory O(bytes of the chunk): claims of more cost nothing.
    ///
    /// # Errors
    /// [`EventError`] for what is no chunk, and for a release of what is no block.
    pub fn unpack<S>(
        bytes: &[u8],
        state: &mut S,
        size: impl Fn(&S, u32) -> Option<u32>,
        mut each: impl FnMut(&mut S, Event) -> Result<bool, EventError>,
    ) -> Result<(), EventError> {
        let head = Self::head(bytes)?;
        let most = 4 * COLUMNS + EVENT_BYTES_MAX * head.events as usize;
        let mut raw = Vec::new();
        let read = DeflateDecoder::new(&bytes[HEAD..]).take(most as u64 + 1).read_to_end(&mut raw);
        if read.is_err() || raw.len() > most {
            return Err(EventError("the compressed bytes are damaged".into()));
        }
        let mut reader = Reader { guess: Predictor::new(), from: split(&raw)?, kinds: 0, left: 0 };
        for _ in 0..head.events {
            let event = reader.event(|address| size(state, address))?;
            if !each(state, event)? {
                break;
            }
        }
        Ok(())
    }
}

fn split(raw: &[u8]) -> Result<Reading<'_>, EventError> {
    let short = || EventError("a column is missing".into());
    let (lengths, mut rest) = raw.split_at_checked(4 * COLUMNS).ok_or_else(short)?;
    let mut columns = [[].as_slice(); COLUMNS];
    for (column, length) in columns.iter_mut().zip(lengths.as_chunks::<4>().0) {
        (*column, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(short)?;
    }
    Ok(Reading { columns })
}

struct Writer {
    guess: Predictor,
    out: Written,
    /// Kinds of events that make no whole byte yet.
    kinds: u8,
    count: u32,
}

impl Writer {
    fn kind(&mut self, kind: u8) {
        self.kinds |= kind << (2 * (self.count % 4));
        self.count += 1;
        if self.count.is_multiple_of(4) {
            self.out.columns[Column::Kinds as usize].push(std::mem::take(&mut self.kinds));
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Allocate { address, size, context } => {
                self.kind(0);
                let guessed = self.guess.context();
                self.out.put(Column::Contexts, if guessed == context { 0 } else { u64::from(context) + 1 });
                let guessed = self.guess.size(context);
                self.out.put(Column::Sizes, if guessed == size { 0 } else { u64::from(size) + 1 });
                let guessed = self.guess.places(size).iter().position(|place| *place == address);
                let other = || PLACES + distance(self.guess.allocated, address);
                self.out.put(Column::Places, guessed.map_or_else(other, |at| at as u64));
                self.guess.allocate(address, size, context);
            }
            Event::Release { address, size } => {
                self.kind(1);
                let guessed = self.guess.victims().iter().position(|victim| *victim == address);
                let other = || VICTIMS + distance(self.guess.released, address);
                self.out.put(Column::Releases, guessed.map_or_else(other, |at| at as u64));
                self.guess.release(address, size);
            }
            Event::Resize { address, size } => {
                self.kind(2);
                self.out.put(Column::Others, distance(self.guess.allocated, address));
                self.out.put(Column::Others, u64::from(size));
            }
            Event::Time { nanos } => {
                self.kind(3);
                self.out.put(Column::Others, 0);
                self.out.put(Column::Others, nanos.wrapping_sub(self.guess.nanos));
                self.guess.nanos = nanos;
            }
            Event::Snapshot { number } => {
                self.kind(3);
                self.out.put(Column::Others, 1);
                self.out.put(Column::Others, u64::from(number));
            }
        }
    }

    fn finish(mut self) -> [Vec<u8>; COLUMNS] {
        if !self.count.is_multiple_of(4) {
            self.out.columns[Column::Kinds as usize].push(self.kinds);
        }
        self.out.columns
    }
}

struct Reader<'bytes> {
    guess: Predictor,
    from: Reading<'bytes>,
    kinds: u8,
    left: u8,
}

impl Reader<'_> {
    fn kind(&mut self) -> Result<u8, EventError> {
        if self.left == 0 {
            let short = || EventError("the column of kinds ends too early".into());
            let kinds = &mut self.from.columns[Column::Kinds as usize];
            let (&byte, rest) = kinds.split_first().ok_or_else(short)?;
            (*kinds, self.kinds, self.left) = (rest, byte, 4);
        }
        let kind = self.kinds & 3;
        (self.kinds, self.left) = (self.kinds >> 2, self.left - 1);
        Ok(kind)
    }

    fn event(&mut self, size_of: impl Fn(u32) -> Option<u32>) -> Result<Event, EventError> {
        Ok(match self.kind()? {
            0 => {
                let context = match self.from.take(Column::Contexts)? {
                    0 => self.guess.context(),
                    other => narrow(other - 1)?,
                };
                let size = match self.from.take(Column::Sizes)? {
                    0 => self.guess.size(context),
                    other => narrow(other - 1)?,
                };
                let address = match self.from.take(Column::Places)? {
                    code if code < PLACES => self.guess.places(size)[code as usize],
                    other => along(self.guess.allocated, other - PLACES),
                };
                self.guess.allocate(address, size, context);
                Event::Allocate { address, size, context }
            }
            1 => {
                let address = match self.from.take(Column::Releases)? {
                    code if code < VICTIMS => self.guess.victims()[code as usize],
                    other => along(self.guess.released, other - VICTIMS),
                };
                let none = || EventError(format!("{address:#x} is released, but no block is live there"));
                let size = size_of(address).ok_or_else(none)?;
                self.guess.release(address, size);
                Event::Release { address, size }
            }
            2 => {
                let address = along(self.guess.allocated, self.from.take(Column::Others)?);
                Event::Resize { address, size: self.from.word(Column::Others)? }
            }
            _ => match self.from.take(Column::Others)? {
                0 => {
                    self.guess.nanos = self.guess.nanos.wrapping_add(self.from.take(Column::Others)?);
                    Event::Time { nanos: self.guess.nanos }
                }
                1 => Event::Snapshot { number: self.from.word(Column::Others)? },
                other => return Err(EventError(format!("no event is of kind {other}"))),
            },
        })
    }
}

fn narrow(value: u64) -> Result<u32, EventError> {
    u32::try_from(value).map_err(|_| EventError(format!("{value} has more than 32 bits")))
}
