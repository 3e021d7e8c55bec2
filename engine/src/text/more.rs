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

/// How many pages back `prev` goes at most.
const MAX_HISTORY: usize = 10_000;

/// One page of a listing. Prints as that page.
#[derive(Clone, Debug)]
pub struct MorePrinter {
    listing: Arc<dyn Listing>,
    start: usize,
    /// Whether the listing's own head stands above it.
    first: bool,
    /// How many pages are behind `previous`.
    history: usize,
    /// How many lines from `start`; none for a page of the usual length.
    whole: bool,
    previous: Option<Arc<MorePrinter>>,
}

impl MorePrinter {
    /// The first page of a listing.
    #[must_use]
    pub fn new(listing: Arc<dyn Listing>) -> Self {
        Self { listing, start: 0, first: true, history: 0, whole: false, previous: None }
    }

    /// The page after this one; it prints nothing if there is none.
    #[must_use]
    pub fn more(&self) -> Self {
        let start = if self.whole { usize::MAX } else { self.listing.page_end(self.start) };
        self.followed(start, false)
    }

    /// All lines.
    #[must_use]
    pub fn all(&self) -> Self {
        self.followed(0, true)
    }

    fn followed(&self, start: usize, whole: bool) -> Self {
        let (history, previous) =
            if self.history < MAX_HISTORY { (self.history + 1, Some(Arc::new(self.clone()))) } else { (0, None) };
        Self { listing: Arc::clone(&self.listing), start, first: false, history, whole, previous }
    }

    /// The page that this one was made from; none for the first.
    #[must_use]
    pub fn prev(&self) -> Option<Self> {
        self.previous.as_deref().cloned()
    }
}

/// A loop: dropped one within the other, ten thousand pages would take more stack than there is.
impl Drop for MorePrinter {
    fn drop(&mut self) {
        let mut next = self.previous.take();
        while let Some(mut page) = next.and_then(Arc::into_inner) {
            next = page.previous.take();
        }
    }
}

impl fmt::Display for MorePrinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Lines { formatter: f, begun: false, blank: String::new() };
        let first = self.whole || self.first;
        if first {
            for line in self.listing.label() {
                lines.put(&line)?;
            }
        }
        let in_range = self.start != usize::MAX && self.listing.line(self.start).is_some();
        if in_range {
            if let Some(header) = self.listing.header() {
                lines.put(&header)?;
            }
            let end = if self.whole { usize::MAX } else { self.listing.page_end(self.start) };
            let mut next = self.start;
            while next < end
                && let Some(line) = self.listing.line(next)
            {
                lines.put(&line)?;
                next += 1;
            }
            if self.listing.line(next).is_some() {
                lines.put(&self.listing.more_message_from(self.start, next))?;
            }
        } else if !first {
            lines.put(&self.listing.exhausted())?;
        }
        Ok(())
    }
}

/// Writes lines as they come, and no white space behind the last one.
struct Lines<'page, 'target> {
    formatter: &'page mut fmt::Formatter<'target>,
    begun: bool,
    /// White space that is only written when something follows.
    blank: String,
}

impl Lines<'_, '_> {
    fn put(&mut self, line: &str) -> fmt::Result {
        if std::mem::replace(&mut self.begun, true) {
            self.blank.push('\n');
        }
        let text = line.trim_end();
        if !text.is_empty() {
            self.formatter.write_str(&self.blank)?;
            self.formatter.write_str(text)?;
            self.blank.clear();
        }
        self.blank.push_str(&line[text.len()..]);
        Ok(())
    }
}
