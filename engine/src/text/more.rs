//! Pages of long listings: ten lines, then a message that says how to see more.
//!
//! When exactly one line would be left over it is printed in place of the message, so that a message never says
//! "1 more".

use std::fmt;
use std::sync::Arc;

/// Lines of a page.
pub const PAGE_LINES: usize = 10;

/// Something that prints in lines.
pub trait Listing: fmt::Debug + Send + Sync {
    /// What stands above the header on the first page.
    fn label(&self) -> Vec<String>;

    /// What stands above the lines of every page.
    fn header(&self) -> Option<String>;

    /// A line, which may take several lines of text; none behind the last one. May be slow on first use.
    fn line(&self, index: usize) -> Option<String>;

    /// What stands below a page that ends before line `next`, while there are more.
    fn more_message(&self, next: usize) -> String;

    /// The same for a page that begins at line `start`.
    fn more_message_from(&self, start: usize, next: usize) -> String {
        let _ = start;
        self.more_message(next)
    }

    /// What a page behind the last line says.
    fn exhausted(&self) -> String {
        String::new()
    }

    /// Where the page ends that begins at `start`: a position behind its last line.
    fn page_end(&self, start: usize) -> usize {
        if self.line(start + PAGE_LINES + 1).is_some() {
            return start + PAGE_LINES;
        }
        (start..=start + PAGE_LINES).find(|&index| self.line(index).is_none()).unwrap_or(start + PAGE_LINES + 1)
    }
}

/// One page of a listing. Prints as that page.
#[derive(Clone, Debug)]
pub struct MorePrinter {
    listing: Arc<dyn Listing>,
    start: usize,
    /// How many lines from `start`; none for a page of the usual length.
    whole: bool,
    previous: Option<Arc<MorePrinter>>,
}

impl MorePrinter {
    /// The first page of a listing.
    #[must_use]
    pub fn new(listing: Arc<dyn Listing>) -> Self {
        Self { listing, start: 0, whole: false, previous: None }
    }

    /// The page after this one; it prints nothing if there is none.
    #[must_use]
    pub fn more(&self) -> Self {
        let start = if self.whole { usize::MAX } else { self.listing.page_end(self.start) };
        Self { listing: Arc::clone(&self.listing), start, whole: false, previous: Some(Arc::new(self.clone())) }
    }

    /// All lines.
    #[must_use]
    pub fn all(&self) -> Self {
        Self { listing: Arc::clone(&self.listing), start: 0, whole: true, previous: Some(Arc::new(self.clone())) }
    }

    /// The page that this one was made from; none for the first.
    #[must_use]
    pub fn prev(&self) -> Option<Self> {
        self.previous.as_deref().cloned()
    }
}

impl fmt::Display for MorePrinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        let first = self.whole || self.previous.is_none();
        if first {
            parts.extend(self.listing.label());
        }
        let in_range = self.start != usize::MAX && self.listing.line(self.start).is_some();
        if in_range {
            parts.extend(self.listing.header());
            let end = if self.whole { usize::MAX } else { self.listing.page_end(self.start) };
            let mut next = self.start;
            while next < end
                && let Some(line) = self.listing.line(next)
            {
                parts.push(line);
                next += 1;
            }
            if self.listing.line(next).is_some() {
                parts.push(self.listing.more_message_from(self.start, next));
            }
        } else if !first {
            parts.push(self.listing.exhausted());
        }
        f.write_str(parts.join("\n").trim_end())
    }
}
