//! Widgets that know nothing of heaps: what they show comes in, what is done with them goes out.

mod bar;
mod canvas;
mod cells;
mod clipboard;
mod crumbs;
mod data_table;
mod facts;
mod keys;
mod local_table;
mod menu;
mod message;
mod named_sets;
mod sight;
mod tabs;

pub(crate) use bar::TopBar;
pub(crate) use canvas::{Canvas, Hit, Painter, Surface};
pub(crate) use cells::{bytes, chip, number, share_bar};
pub(crate) use clipboard::copy;
pub(crate) use crumbs::Crumbs;
pub(crate) use data_table::{Column, DataTable, Mark, TableRow};
pub(crate) use facts::FactsBar;
pub(crate) use keys::{KeyHelp, use_keys};
pub(crate) use local_table::{LocalTable, RowMaker};
pub(crate) use menu::{Menu, MenuItem};
pub(crate) use message::{Message, answered};
pub(crate) use tabs::Tabs;
