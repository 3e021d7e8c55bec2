//! Printing as Heapy prints, to the column.

mod more;
mod render;
mod repr;
mod table;
mod wrap;

pub use more::{Listing, MorePrinter, PAGE_LINES};
pub(crate) use render::{Rendering, identity_header, identity_text, items, kind_text, member_text};
pub(crate) use repr::python_repr;

pub(crate) use wrap::fill;
