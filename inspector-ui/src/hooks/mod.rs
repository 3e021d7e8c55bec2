//! Hooks: asking the worker, following the URL.

mod use_answer;
mod use_route;
mod use_sets;
mod use_theme;

pub(crate) use use_answer::{Asking, Remote, use_answer};
pub(crate) use use_route::{Navigation, use_navigation, use_route};
pub(crate) use use_sets::{NamedSets, use_sets};
pub(crate) use use_theme::{Theme, use_theme};
