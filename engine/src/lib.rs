//! The frozen heap of a WebAssembly guest, and every question of Heapy about it.
//!
//! A [`HeapBuilder`] takes objects, edges, roots, types and calling contexts; [`HeapBuilder::finish`] checks them and
//! gives a [`Heap`] that never changes again. Everything else is a pure function of a heap.
//!
//! The crate does no IO, reads no clock and knows nothing of how a heap was captured, so that the same code answers in
//! the host, in the browser and in tests.
//!
//! ```
//! use heapy_engine::{EdgeRecord, HeapBuilder, ObjectRecord, Relation, RootPlace, Vocabulary};
//!
//! let mut builder = HeapBuilder::new(Vocabulary::wasm());
//! let list = builder.add_object(ObjectRecord::block(0x1000, 16));
//! let node = builder.add_object(ObjectRecord::block(0x1010, 48));
//! builder.add_edge(EdgeRecord::at_offset(list, node, 8));
//! builder.add_root(RootPlace::Global { instance: 0, name: "list".into() }, list);
//! let heap = builder.finish()?;
//! assert_eq!(heap.object_count(), 2);
//! # let _ = Relation::Identity;
//! # Ok::<(), heapy_engine::HeapError>(())
//! ```

mod analysis;
mod answer;
pub mod binding;
mod error;
pub mod events;
mod growth;
mod handles;
mod heap;
pub mod hpy;
mod id;
mod lifetimes;
mod object_description;
mod object_set;
mod open_snapshots;
mod partition;
mod relation;
mod root_state;
mod setref;
pub mod snapshot;
mod stat;
mod text;
mod timeline;
mod totals;
mod uniset;
mod use_api;
mod view;

pub use analysis::{
    Dominator, DominatorTree, Hold, LeakRoot, Mark, Natural, Path, PathEnd, PathOptions, Paths, PatternOptions,
    PatternPaths, PatternRow, ReferencePattern, Step, dominos, held_by_data, imdom, leak_roots, reach,
};
pub use answer::Answer;
pub use error::UseError;
pub use growth::{Growth, GrowthVerdict, Pin};
pub use handles::Handles;
pub use heap::{
    Context, ContextTotals, Edge, EdgeEvidence, EdgeLink, EdgeRecord, Facts, Family, Field, Frame, Heap, HeapBuilder,
    HeapError, HeldValue, Link, ObjectKey, ObjectRecord, Relation, ResidentSize, Root, RootPlace, RootRecord, Seen,
    Shape, TypeEvidence, TypeRecord, Vocabulary,
};
pub use id::{ContextId, FrameId, ObjectId, StringId, TypeId};
pub use lifetimes::{LifetimeRow, Lifetimes};
pub use object_description::ObjectDescription;
pub use object_set::ObjectSet;
pub use open_snapshots::OpenSnapshots;
pub use partition::{Partition, Row};
pub use relation::{
    Argument, Arguments, Class, Classes, EquivalenceRelation, EvidenceClass, TypeClass, parse_relation,
};
pub use root_state::RootState;
pub use stat::{Reference, SortBy, Stat, StatFormat, StatRow};
pub use text::{Listing, MorePrinter, PAGE_LINES};
pub use timeline::{Extents, GROWS_MAX, Grow, GrowCause, PeakSnapshot, Sample, Timeline};
pub use totals::SiteTotals;
pub use uniset::{Classification, FieldView, IdentitySet, Kind, MappingProxy, ObjectView, SetOfKind, UniSet};
pub use use_api::Use;
pub use view::View;
