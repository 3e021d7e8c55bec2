//! What the tests of types share: the guests that tell types, and the comparison of found types with told ones.

mod label;
mod maps;
mod programs;
mod score;
mod shares;
mod told;

pub use label::label;
pub use maps::{held_by as all_held_by, relations, rust_maps};
pub use programs::{JAQ, Program, SQLITE};
pub use score::Score;
pub use shares::Shares;
pub use told::{TOLD, Told, push_size, stripped, told, told_zig};
