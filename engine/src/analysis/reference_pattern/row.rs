//! The rows of a reference pattern, and how they print.

use std::sync::Arc;

use super::label::label;
use crate::id::ObjectId;
use crate::relation::{Class, Rule};
use crate::text::{Rendering, items};
use crate::uniset::Kind;
use crate::view::View;

/// Width of a line.
const WIDTH: usize = 80;
/// Column behind which the mark of the first row stands.
const MARK_COLUMN: usize = 9;

/// Why a row has children or not; the first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// `[^ n]`: its set was the set of row n.
    Seen(usize),
    /// `[R]`: nothing that the root reaches refers to it.
    Root,
    /// `[S]`: its objects are all of the stop kind.
    Stop,
    /// `[-]`: its children follow.
    Inside,
    /// `[+]`: it has referrers, but the pattern ends at this depth.
    Depth,
}

impl Mark {
    /// The mark as it prints.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Seen(row) => format!("[^ {row}]"),
            Self::Root => "[R]".into(),
            Self::Stop => "[S]".into(),
            Self::Inside => "[-]".into(),
            Self::Depth => "[+]".into(),
        }
    }
}

/// A row of a reference pattern.
#[derive(Clone, Debug)]
pub struct PatternRow {
    pub(super) index: usize,
    pub(super) chain: Vec<u32>,
    pub(super) members: Arc<[ObjectId]>,
    pub(super) kind: String,
    pub(super) rendering: Rendering,
    pub(super) mark: Mark,
}

impl PatternRow {
    /// Its position.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its label: `_`, `a`, `aab4`.
    #[must_use]
    pub fn label(&self) -> String {
        label(&self.chain)
    }

    /// How many steps its objects are away from the first row.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.chain.len()
    }

    /// Its objects in the order of addresses.
    #[must_use]
    pub fn members(&self) -> &[ObjectId] {
        &self.members
    }

    /// What its objects have in common.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Why it has children or not.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark
    }

    pub(super) fn line(&self, view: &Arc<View>) -> String {
        let start = format!("{:2}: {} ", self.index, self.label());
        let fill = if self.index.is_multiple_of(2) { "-" } else { " " };
        let missing = (MARK_COLUMN + self.depth()).saturating_sub(start.chars().count());
        let start = format!("{start}{} {} ", fill.repeat(missing), self.mark.text());
        let room = WIDTH.saturating_sub(start.chars().count());
        format!("{start}{}", self.summary(view, room))
    }

    /// `COUNT KIND: items`, cut to `width`.
    fn summary(&self, view: &Arc<View>, width: usize) -> String {
        let start = format!("{} {}: ", self.members.len(), self.kind);
        let room = width.saturating_sub(start.chars().count());
        let text = format!("{start}{}", items(view, &self.members, self.rendering, room));
        if text.chars().count() <= width {
            return text;
        }
        let cut: String = text.chars().take(width.saturating_sub(3)).collect();
        format!("{cut}...")
    }
}

/// The kind of a row whose objects are all of one class, and how they are shown.
pub(super) fn kind_of_class(view: &Arc<View>, rule: &Rule, class: Class) -> (String, Rendering) {
    let rendering = Rendering::of_class(&class);
    (Kind::of_class(Arc::clone(view), rule.clone(), class).brief(), rendering)
}
