//! What the tests of types share: the guests that tell types, and the comparison of found types with told ones.

mod built;
mod label;
mod maps;
mod programs;
mod score;
mod shares;
mod told;

pub use built::{cpp_program, libstdcpp, zig_program};
pub use label::label;
pub use maps::{held_by as all_held_by, relations, rust_maps};
pub use programs::{JAQ, Program, SQLITE};
pub use score::Score;
pub use shares::Shares;
pub use told::{TOLD, Told, paused_at, push_size, stripped, told, told_zig};
