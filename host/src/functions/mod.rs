//! Functions for guests.

mod error;
mod handles;
mod memory;
mod pools;
mod records;
mod told;

pub use error::Refusal;
pub use told::{Label, Pin, Told, ToldField, ToldLink, ToldType};
