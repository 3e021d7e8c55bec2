//! What the bench of overhead measures, and how.

pub(crate) mod clock;
pub(crate) mod measure;
pub(crate) mod native;
pub(crate) mod programs;
pub(crate) mod start;
