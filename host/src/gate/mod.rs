//! The gate for continuous integration: does a run of a guest keep the rules that its authors set?
//!
//! [`Figures`] are what a snapshot's heap comes to: its live blocks by kind and site, and which of them are leaked.
//! [`judge`] is a pure function from figures and [`Rules`] to a [`Verdict`]; the writers in [`report`] show a verdict as
//! text, JSON, JUnit XML or annotations of GitHub.
//!
//! Counts of a deterministic guest are exact and repeat from run to run, so no rule has a tolerance. What a rule cannot
//! know, such as leaks in a heap whose roots could not all be seen, is said in a note of the verdict.

mod baseline;
mod bytes;
mod figures;
mod judge;
mod pattern;
pub mod report;
mod rules;
mod script;

pub use baseline::{Baseline, BaselineError, BaselineRow};
pub use bytes::ByteLimit;
pub use figures::{Figures, Group};
pub use judge::{Finding, Level, Verdict, judge};
pub use pattern::Pattern;
pub use rules::{Growth, Leaks, Limit, Moment, Rules, RulesError, Suppression};
pub use script::judge_by_script;
