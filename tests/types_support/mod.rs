//! What the tests of types share: the guests that tell types, and the comparison of found types with told ones.

mod label;
mod score;
mod told;

pub use label::label;
pub use score::Score;
pub use told::{TOLD, Told, push_size, stripped, told};
