//! Counting comparisons, and showing the first that differ.

use std::collections::BTreeMap;
use std::fmt::Debug;

/// How many mismatches are shown in full.
const SHOWN: usize = 12;
/// How much of an answer is shown.
const SHOWN_CHARACTERS: usize = 1500;

/// Comparisons made so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    families: BTreeMap<String, usize>,
    mismatches: usize,
}

impl Tally {
    /// Compares one answer; `place` is the vector's name, the family and what was asked, with slashes between.
    pub(crate) fn compare<G: Debug + PartialEq<W>, W: Debug>(&mut self, place: &str, got: &G, want: &W) {
        let family = place.split('/').nth(1).unwrap_or(place);
        *self.families.entry(family.to_owned()).or_default() += 1;
        if got == want {
            return;
        }
        self.mismatches += 1;
        if self.mismatches <= SHOWN {
            println!("MISMATCH {place}\n  got  {}\n  want {}", cut(got), cut(want));
        }
    }

    /// Number of comparisons by family.
    pub(crate) fn families(&self) -> impl Iterator<Item = (&str, usize)> {
        self.families.iter().map(|(family, &count)| (family.as_str(), count))
    }

    /// Number of comparisons.
    pub(crate) fn comparisons(&self) -> usize {
        self.families.values().sum()
    }

    /// Number of those that differ.
    pub(crate) fn mismatches(&self) -> usize {
        self.mismatches
    }
}

fn cut(value: &impl Debug) -> String {
    format!("{value:?}").chars().take(SHOWN_CHARACTERS).collect()
}
