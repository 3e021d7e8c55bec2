//! Objects by the runtime's spans: runs of pages with objects of one size each, and a bitmap of those in use.

use std::ops::Range;

use super::descriptors::Descriptors;
use super::image::View;
use super::{GoError, WORD};

/// Bytes of a page.
const PAGE: u64 = 8192;
/// The state of spans that hold objects.
const IN_USE: u64 = 1;
/// Larger objects with pointers have a word with their type in front.
const MAX_WITHOUT_HEADER: u64 = 512;
/// Most spans that a list may have.
const MAX_SPANS: u64 = 1 << 24;
/// Spans that are looked at to tell a list of spans.
const SAMPLE: u64 = 256;

/// An object that the runtime has given out and not swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Object {
    /// Its first byte, as the program sees it.
    pub(super) address: u64,
    /// Bytes that are there for it, without the header.
    pub(super) room: u64,
    /// Bytes of its place in the span.
    pub(super) usable: u64,
    /// The collector finds no pointers in it.
    pub(super) pointer_free: bool,
    /// The descriptor of its type, where the runtime keeps it; zero elsewhere.
    pub(super) ty: u64,
}

/// A field: its offset and size.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) offset: u64,
    pub(super) size: u64,
}

impl Place {
    /// The field of this name in a struct.
    pub(super) fn find(descriptors: Descriptors<'_>, of: &str, ty: u64, name: &str) -> Result<Self, GoError> {
        let fields = descriptors.fields(ty).unwrap_or_default();
        let field = fields.iter().find(|field| field.name == name);
        field
            .map(|field| Self { offset: field.offset, size: field.size })
            .ok_or_else(|| GoError::UnknownLayout { name: format!("{of}.{name}") })
    }

    pub(super) fn read(self, view: View<'_>, at: u64) -> Option<u64> {
        view.number(at.checked_add(self.offset)?, self.size)
    }
}

/// How this program's spans are laid out.
#[derive(Clone, Copy, Debug)]
pub(super) struct SpanLayout {
    start: Place,
    pages: Place,
    free_index: Place,
    count: Place,
    allocated: Place,
    class: Place,
    state: Place,
    size: Place,
    /// Since Go 1.22, as headers are.
    large_type: Option<Place>,
}

impl SpanLayout {
    /// Reads it of the descriptor of `runtime.mspan`.
    pub(super) fn new(descriptors: Descriptors<'_>, ty: u64) -> Result<Self, GoError> {
        let find = |name: &str| Place::find(descriptors, "runtime.mspan", ty, name);
        Ok(Self {
            start: find("startAddr")?,
            pages: find("npages")?,
            free_index: find("freeindex")?,
            count: find("nelems")?,
            allocated: find("allocBits")?,
            class: find("spanclass")?,
            state: find("state")?,
            size: find("elemsize")?,
            large_type: find("largeType").ok(),
        })
    }
}

/// A span that holds objects.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u64,
    end: u64,
    count: u64,
    size: u64,
    free_index: u64,
    allocated: u64,
    pointer_free: bool,
    /// Whether a word with its type stands before each object.
    headed: bool,
    large_type: u64,
}

/// What the list of spans says.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    spans: Vec<Span>,
    /// Spans that contradict the others, and are left out.
    pub(super) broken: u64,
}

impl Spans {
    /// Finds the list of all spans in static data, `data`: the longest slice of pointers to spans. Time O(data + spans).
    pub(super) fn find(view: View<'_>, data: Range<u64>, layout: &SpanLayout) -> Result<Self, GoError> {
        let mut best: Option<(u64, u64)> = None;
        let mut at = data.start.next_multiple_of(WORD);
        while at + 3 * WORD <= data.end.min(view.0.len() as u64) {
            if let Some((list, length)) = slice(view, at, MAX_SPANS)
                && best.is_none_or(|(_, longest)| length > longest)
                && layout.is_list(view, list, length)
            {
                best = Some((list, length));
            }
            at += WORD;
        }
        let (list, length) = best.ok_or(GoError::NoSpans)?;
        let mut found = Self::default();
        for index in 0..length {
            match view.word(list + WORD * index).and_then(|at| layout.span(view, at)) {
                Some(Some(span)) => found.spans.push(span),
                Some(None) => {}
                None => found.broken += 1,
            }
        }
        found.spans.sort_by_key(|span| span.start);
        let mut end = 0;
        let before = found.spans.len();
        found.spans.retain(|span| {
            let fits = span.start >= end;
            end = if fits { span.end } else { end };
            fits
        });
        found.broken += (before - found.spans.len()) as u64;
        Ok(found)
    }

    /// All objects in use, ascending by address. Time O(places for objects).
    pub(super) fn objects(&self, view: View<'_>) -> Vec<Object> {
        let mut found = Vec::new();
        for span in &self.spans {
            found.extend((0..span.count).filter(|&index| span.has(view, index)).map(|index| span.object(view, index)));
        }
        found
    }
}

impl SpanLayout {
    /// Whether a slice looks like the list of spans: what it points to are spans, and one of the first holds objects.
    fn is_list(&self, view: View<'_>, list: u64, length: u64) -> bool {
        let mut any = false;
        for index in 0..length.min(SAMPLE) {
            let Some(span) = view.word(list + WORD * index).filter(|at| *at != 0 && at.is_multiple_of(WORD)) else {
                return false;
            };
            match self.span(view, span) {
                Some(found) => any |= found.is_some(),
                None => return false,
            }
        }
        any
    }

    /// The span at an address, if it holds objects; the outer none is for what is no span.
    fn span(&self, view: View<'_>, at: u64) -> Option<Option<Span>> {
        let state = self.state.read(view, at)?;
        if state != IN_USE {
            // A span that is not in use holds anything; its state is a small number.
            return (state <= 3).then_some(None);
        }
        let (start, pages) = (self.start.read(view, at)?, self.pages.read(view, at)?);
        let (count, size) = (self.count.read(view, at)?, self.size.read(view, at)?);
        let end = start.checked_add(pages.checked_mul(PAGE)?)?;
        let class = self.class.read(view, at)?;
        let fits = start > 0 && start.is_multiple_of(PAGE) && pages > 0 && end <= view.0.len() as u64;
        if !fits || count == 0 || size == 0 || !size.is_multiple_of(WORD) || count.checked_mul(size)? > end - start {
            return None;
        }
        let span = Span {
            start,
            end,
            count,
            size,
            free_index: self.free_index.read(view, at)?,
            allocated: self.allocated.read(view, at)?,
            pointer_free: class & 1 == 1,
            headed: self.large_type.is_some() && class & 1 == 0 && class >> 1 != 0 && size > MAX_WITHOUT_HEADER,
            large_type: self.large_type.and_then(|place| place.read(view, at)).unwrap_or(0),
        };
        Some(Some(span))
    }
}

impl Span {
    /// Whether the object of this number is in use: it was before the last sweep, or was given out since.
    fn has(&self, view: View<'_>, index: u64) -> bool {
        index < self.free_index
            || view.number(self.allocated.saturating_add(index / 8), 1).is_some_and(|bits| bits >> (index % 8) & 1 == 1)
    }

    fn object(&self, view: View<'_>, index: u64) -> Object {
        let place = self.start + index * self.size;
        let header = if self.headed { WORD } else { 0 };
        let ty = if self.headed { view.word(place).unwrap_or(0) } else { self.large_type };
        Object {
            address: place + header,
            room: self.size - header,
            usable: self.size,
            pointer_free: self.pointer_free,
            ty,
        }
    }
}

/// The slice at an address, if its words can be one: not empty, within the memory.
pub(super) fn slice(view: View<'_>, at: u64, most: u64) -> Option<(u64, u64)> {
    let (list, length, room) = (view.word(at)?, view.word(at + WORD)?, view.word(at + 2 * WORD)?);
    let fits = list != 0 && list.is_multiple_of(WORD) && length > 0 && length <= room && length <= most;
    let end = list.checked_add(length.checked_mul(WORD)?)?;
    (fits && end <= view.0.len() as u64).then_some((list, length))
}
