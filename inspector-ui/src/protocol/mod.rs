//! What the page asks of the worker, and what it answers.
//!
//! Both are JSON. Tables are asked for by windows of rows, lists have limits, so that an answer is small whatever the
//! size of the heap, and the page never spends more than a few milliseconds on one.

mod course;
mod object;
mod pictures;

use heapy_engine::Facts;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::expression::SetExpression;
use crate::format;
use crate::list::List;

pub(crate) use course::{Course, Growth, Moment};
pub(crate) use object::{Brief, BytesQuestion, FrameLine, LinkLine, Links, ObjectDetails, ObjectQuestion, ValueLine};
pub(crate) use pictures::{
    ChangeRow, CompareQuestion, Compared, Dominators, DominatorsQuestion, LeakCluster, Leaks, LeaksQuestion, MapCell,
    MapQuestion, MemoryMap, Overview, OverviewQuestion, Paths, PathsQuestion, Pattern, PatternEdge, PatternNode,
    PatternQuestion, Piece, PieceBlock, PieceQuestion, Sites, SitesQuestion, Survivors, SurvivorsQuestion, Weight,
    WeightBox,
};

/// A question: its kind decides what the answer is.
pub(crate) trait Question: Into<Request> + Clone + PartialEq + 'static {
    /// What comes back.
    type Answer: DeserializeOwned + Clone + PartialEq + 'static;
}

/// Every question that can be asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Request {
    /// See [`LoadQuestion`].
    Load(LoadQuestion),
    /// See [`OpenQuestion`].
    Open(OpenQuestion),
    /// See [`FiguresQuestion`].
    Figures(FiguresQuestion),
    /// See [`TableQuestion`].
    Table(TableQuestion),
    /// See [`ObjectQuestion`].
    Object(ObjectQuestion),
    /// See [`BytesQuestion`].
    Bytes(BytesQuestion),
    /// See [`LeaksQuestion`].
    Leaks(LeaksQuestion),
    /// See [`OverviewQuestion`].
    Overview(OverviewQuestion),
    /// See [`PatternQuestion`].
    Pattern(PatternQuestion),
    /// See [`PathsQuestion`].
    Paths(PathsQuestion),
    /// See [`SitesQuestion`].
    Sites(SitesQuestion),
    /// See [`DominatorsQuestion`].
    Dominators(DominatorsQuestion),
    /// See [`MapQuestion`].
    Map(MapQuestion),
    /// See [`PieceQuestion`].
    Piece(PieceQuestion),
    /// See [`CompareQuestion`].
    Compare(CompareQuestion),
    /// See [`SurvivorsQuestion`].
    Survivors(SurvivorsQuestion),
    /// See [`DominatedQuestion`].
    Dominated(DominatedQuestion),
}

macro_rules! questions {
    ($($name:ident: $question:ident -> $answer:ty,)*) => {
        $(
            impl From<$question> for Request {
                fn from(question: $question) -> Self {
                    Self::$name(question)
                }
            }

            impl Question for $question {
                type Answer = $answer;
            }
        )*
    };
}

questions! {
    Load: LoadQuestion -> Loaded,
    Open: OpenQuestion -> Loaded,
    Figures: FiguresQuestion -> Figures,
    Table: TableQuestion -> Table,
    Object: ObjectQuestion -> ObjectDetails,
    Bytes: BytesQuestion -> String,
    Leaks: LeaksQuestion -> Leaks,
    Overview: OverviewQuestion -> Overview,
    Pattern: PatternQuestion -> Pattern,
    Paths: PathsQuestion -> Paths,
    Sites: SitesQuestion -> Sites,
    Dominators: DominatorsQuestion -> Dominators,
    Map: MapQuestion -> MemoryMap,
    Piece: PieceQuestion -> Piece,
    Compare: CompareQuestion -> Compared,
    Survivors: SurvivorsQuestion -> Survivors,
    Dominated: DominatedQuestion -> Vec<(usize, u64)>,
}

/// Download a recording from the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LoadQuestion {
    /// Which one, as the server counts them.
    pub recording: usize,
    /// Its name.
    pub name: String,
    /// What becomes of the one that is held.
    pub place: Place,
}

/// Read the file that comes with the message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OpenQuestion {
    /// Its name.
    pub name: String,
    /// What becomes of the recording that is held.
    pub place: Place,
}

/// Where a recording goes that is opened while another one is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Place {
    /// It is looked at in place of the one that is held.
    Instead,
    /// Its snapshots are added, to be compared with.
    Beside,
}

/// What is held now: a recording, and those beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Loaded {
    /// The recordings' names, the one that is looked at first.
    pub files: List<String>,
    /// Their snapshots, each recording's in order of time.
    pub snapshots: List<SnapshotSummary>,
    /// The course of the run that the first one is of, where it was recorded.
    pub course: Option<Course>,
    /// The relations that partitions can be made by.
    pub relations: List<String>,
}

impl Loaded {
    /// The position of the last snapshot of the recording that is looked at.
    pub(crate) fn latest(&self) -> Option<usize> {
        self.snapshots.iter().rposition(|summary| summary.file == 0)
    }

    /// The position of the snapshot of a number.
    pub(crate) fn position(&self, number: u32) -> Option<usize> {
        self.snapshots.iter().position(|summary| summary.number == number)
    }

    /// A snapshot as lists name it: its number and why it was taken; of other recordings with their name.
    pub(crate) fn title(&self, summary: &SnapshotSummary) -> String {
        let (number, reason) = (summary.facts.snapshot, format::visible(&summary.facts.reason));
        match self.files.get(summary.file).filter(|_| summary.file > 0) {
            Some(file) => format!("{} · snapshot {number} · {reason}", format::visible(file)),
            None => format!("snapshot {number} · {reason}"),
        }
    }
}

/// A snapshot of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SnapshotSummary {
    /// Its number among all that are held, from 1; in the first recording that is its own number.
    pub number: u32,
    /// Which recording it is of, from 0.
    pub file: usize,
    /// When, why, and what could be seen.
    pub facts: Facts,
    /// Objects: blocks, modules and frames.
    pub objects: u64,
    /// Their requested bytes.
    pub bytes: u64,
}

/// The sums of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct FiguresQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
}

/// The sums of a snapshot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Live blocks.
    pub blocks: u64,
    /// Their requested bytes.
    pub bytes: u64,
    /// Bytes that the allocators committed for them.
    pub usable: u64,
    /// Bytes of static data.
    pub statics: u64,
    /// Edges between objects.
    pub edges: u64,
    /// How many of them rest on nothing but a word that looks like an address.
    pub conservative: u64,
}

/// A set of a snapshot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SetQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// The set.
    pub set: SetExpression,
}

/// A column that rows can be in the order of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum SortKey {
    /// Heapy's order: by size, then by name.
    #[default]
    Size,
    /// By number of objects.
    Count,
    /// By name.
    Name,
}

/// An order of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sort {
    /// By which column.
    pub key: SortKey,
    /// The other way round than one first expects.
    pub reversed: bool,
}

/// A window of the partition of a set by a relation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct TableQuestion {
    /// Of what.
    pub of: SetQuestion,
    /// The relation, or several joined by `&`.
    pub by: String,
    /// The order of rows.
    pub sort: Sort,
    /// Only rows whose name contains this, whatever the case.
    pub filter: String,
    /// First row.
    pub from: usize,
    /// Number of rows.
    pub count: usize,
}

/// The dominated sizes of rows: bytes that live only through the objects of each. The answer has the first ones of those
/// asked for, as many as can be had in a short time, and at least one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DominatedQuestion {
    /// The partition's set.
    pub of: SetQuestion,
    /// Its relation.
    pub by: String,
    /// Indices of rows.
    pub rows: Vec<usize>,
}

impl TableQuestion {
    /// No rows, only what each step of the set leads to.
    pub(crate) fn crumbs_of(of: SetQuestion) -> Self {
        let by = "Unity".to_owned();
        Self { of, by, sort: Sort::default(), filter: String::new(), from: 0, count: 0 }
    }
}

/// A window of a partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Table {
    /// What each step of the set's expression leads to.
    pub crumbs: List<Crumb>,
    /// Heapy's title of the column of names.
    pub header: String,
    /// Objects of the set.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
    /// Rows that pass the filter.
    pub rows_shown: usize,
    /// Rows without the filter.
    pub rows_all: usize,
    /// Position of the first of `rows` among those that pass.
    pub from: usize,
    /// The window.
    pub rows: List<Row>,
}

/// A step of an expression and the size of the set up to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Crumb {
    /// What the step selects, for reading.
    pub label: String,
    /// Objects of the set.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
}

/// A part of a partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Its index in the partition, the one in `set[index]`.
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Number of objects.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
    /// The object, where the part has only one.
    pub object: Option<u32>,
    /// The kind whose colour it has.
    pub kind: String,
    /// The set of its objects, by its kind where that has a name.
    pub set: SetExpression,
}
