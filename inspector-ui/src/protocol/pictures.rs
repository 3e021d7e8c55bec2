//! Questions whose answers are pictures or summaries: leaks, overview, graphs, maps, comparisons.

use serde::{Deserialize, Serialize};

use super::{Brief, SetQuestion};
use crate::expression::SetExpression;
use crate::list::List;

/// The blocks that nothing reaches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LeaksQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// Clusters of the answer, at most.
    pub most: usize,
}

/// Leaks, clustered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Leaks {
    /// Unreachable blocks.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
    /// Clusters of leak roots by kind and site, by the bytes they hold, largest first.
    pub clusters: List<LeakCluster>,
    /// Clusters beyond those.
    pub more: usize,
    /// Bytes that several leak roots hold together, and so none of them alone.
    pub shared: u64,
}

/// Leak roots of one kind that were allocated by one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LeakCluster {
    /// Their kind.
    pub kind: String,
    /// The allocating line.
    pub site: String,
    /// How many leaked blocks no other leaked block refers to, or one for each cycle.
    pub roots: u64,
    /// How many of them stand for a cycle.
    pub cycles: u64,
    /// Bytes that only they hold, their own included.
    pub held_size: u64,
    /// The root that holds most.
    pub example: Brief,
    /// The leaked objects of this kind from this line.
    pub set: SetExpression,
}

/// Where a snapshot stands as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct OverviewQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
}

/// The figures of the overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Overview {
    /// Reachable blocks and their bytes.
    pub reachable: (u64, u64),
    /// Unreachable blocks and their bytes.
    pub leaked: (u64, u64),
}

/// The reference pattern of a set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PatternQuestion {
    /// Of what.
    pub of: SetQuestion,
    /// By which relation referrers are grouped.
    pub by: String,
    /// Number of levels.
    pub depth: usize,
    /// The graph of the kinds within the set, in place of what refers to it.
    pub inside: bool,
    /// Nodes of the answer, at most.
    pub most: usize,
    /// Objects whose nodes show their referrers whatever the number of levels.
    pub opened: Vec<u32>,
}

/// The shortest paths from the root to a set, as Heapy prints them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PathsQuestion {
    /// To what.
    pub of: SetQuestion,
    /// Paths of the answer, at most.
    pub most: usize,
}

/// Paths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Paths {
    /// The first ones.
    pub shown: Vec<String>,
    /// How many there are; exact, and possibly huge, hence a text.
    pub count: String,
}

/// A graph of kinds, laid out in layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pattern {
    /// Its nodes; the first one is the set itself.
    pub nodes: List<PatternNode>,
    /// Its edges.
    pub edges: List<PatternEdge>,
    /// Whether there was more than could be shown.
    pub cut: bool,
}

/// A set of objects of one kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct PatternNode {
    /// Its kind.
    pub kind: String,
    /// Number of objects.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
    /// Steps away from the set.
    pub layer: usize,
    /// Whether it is the set that was asked about, rather than a kind.
    pub whole: bool,
    /// Whether the root holds some of them.
    pub rooted: bool,
    /// The object, where there is only one.
    pub object: Option<u32>,
    /// The expression of the set, where it can be written.
    pub set: Option<SetExpression>,
    /// References to it from objects that are not shown.
    pub more: u64,
    /// One of its objects; none of the root.
    pub first: Option<u32>,
    /// Where its left upper corner is.
    pub at: (f32, f32),
}

impl PatternNode {
    /// Width and height of a node, in the units of `at`.
    pub(crate) const SIZE: (f64, f64) = (180.0, 40.0);

    /// The space between two nodes: for labels of edges from left to right, and between those of a column.
    pub(crate) const GAP: (f64, f64) = (84.0, 48.0);
}

/// Referrers of one kind to referents of another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PatternEdge {
    /// The referrers' node.
    pub from: usize,
    /// The referents' node.
    pub to: usize,
    /// The commonest relations.
    pub relations: String,
    /// Number of edges.
    pub count: u64,
    /// How many of them are conservative.
    pub conservative: u64,
}

/// The calling contexts of a set, as a tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SitesQuestion {
    /// Of what.
    pub of: SetQuestion,
    /// From the allocating line outwards, in place of from the outermost caller inwards.
    pub inverted: bool,
    /// With the functions of libraries; without them only where a context has no others.
    pub library: bool,
    /// What widths stand for.
    pub weight: Weight,
    /// Functions on the way from the top to the part that is shown.
    pub below: Vec<String>,
}

/// What widths stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Weight {
    /// Requested bytes.
    #[default]
    Bytes,
    /// Number of objects.
    Blocks,
    /// Bytes that were live when most were, of the whole run.
    Peak,
    /// Bytes of all allocations of the run.
    Allocated,
    /// Number of all allocations of the run.
    Allocations,
    /// Allocations of the run that were released before the next one.
    Temporary,
}

impl Weight {
    /// All of them.
    pub(crate) const ALL: [Self; 6] =
        [Self::Bytes, Self::Blocks, Self::Peak, Self::Allocated, Self::Allocations, Self::Temporary];

    /// Its word.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Bytes => "live bytes",
            Self::Blocks => "live objects",
            Self::Peak => "bytes at the peak",
            Self::Allocated => "allocated bytes",
            Self::Allocations => "allocations",
            Self::Temporary => "temporary allocations",
        }
    }

    /// What it is counted in.
    pub(crate) const fn unit(self) -> &'static str {
        match self {
            Self::Bytes | Self::Peak | Self::Allocated => "bytes",
            Self::Blocks => "objects",
            Self::Allocations | Self::Temporary => "allocations",
        }
    }

    /// Whether it is of the whole run, rather than of a set.
    pub(crate) const fn of_run(self) -> bool {
        !matches!(self, Self::Bytes | Self::Blocks)
    }
}

/// A flame graph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sites {
    /// Boxes by depth first, the whole first; boxes too narrow to be seen are left out.
    pub boxes: List<WeightBox>,
    /// Number of boxes that were left out.
    pub narrow: usize,
    /// The weights that the snapshot knows.
    pub known: Vec<Weight>,
}

/// A box of a flame graph, an icicle or a treemap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WeightBox {
    /// What it stands for.
    pub name: String,
    /// Where that is; empty if unknown.
    pub place: String,
    /// Distance from the top.
    pub depth: usize,
    /// Weight to its left.
    pub start: u64,
    /// Its weight.
    pub weight: u64,
    /// Weight that is not in any box below it.
    pub own: u64,
    /// Number of objects.
    pub count: u64,
    /// The object, where it is one.
    pub object: Option<u32>,
}

/// The dominator tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct DominatorsQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// The object that is the top; none for the root.
    pub top: Option<u32>,
    /// Whether objects of one kind below one box share a box.
    pub grouped: bool,
}

/// A part of the dominator tree.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Dominators {
    /// Boxes by depth first, the top first.
    pub boxes: List<WeightBox>,
    /// Objects too small to be seen.
    pub narrow: usize,
    /// From the root to the top.
    pub above: Vec<Brief>,
}

/// Linear memory by pages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MapQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// Bytes of a cell.
    pub cell_bytes: u64,
}

/// What is where in linear memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MemoryMap {
    /// Bytes of memory.
    pub memory_bytes: u64,
    /// Bytes of a cell.
    pub cell_bytes: u64,
    /// Cells in the order of addresses.
    pub cells: List<MapCell>,
}

/// A piece of linear memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MapCell {
    /// Bytes of static data.
    pub statics: u32,
    /// Bytes of frames on the shadow stack.
    pub stack: u32,
    /// Bytes of reachable blocks.
    pub live: u32,
    /// Bytes of unreachable blocks.
    pub leaked: u32,
    /// Blocks that begin here.
    pub blocks: u32,
    /// Whether a block lies at or behind it, so that allocators have handed it out once.
    pub used: bool,
}

/// The blocks in a piece of linear memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PieceQuestion {
    /// The snapshot's position in the recording, from 0.
    pub snapshot: usize,
    /// First address.
    pub from: u64,
    /// Number of bytes.
    pub bytes: u64,
}

/// What lies in a piece of linear memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Piece {
    /// Number of blocks.
    pub blocks: u64,
    /// Bytes of them within the piece.
    pub bytes: u64,
    /// The first blocks, those with most bytes within the piece first.
    pub shown: List<PieceBlock>,
}

/// A block in a piece of linear memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PieceBlock {
    /// The block.
    pub brief: Brief,
    /// Bytes of it within the piece.
    pub inside: u64,
    /// The allocating line.
    pub site: String,
    /// Whether the root leads to it.
    pub reachable: bool,
}

/// Two snapshots of the recording, by a relation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CompareQuestion {
    /// The earlier snapshot's position, from 0.
    pub before: usize,
    /// The later one's.
    pub after: usize,
    /// The relation.
    pub by: String,
}

/// The three-snapshot method: what was made between two snapshots and is alive in a third.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SurvivorsQuestion {
    /// The positions of the first two, from 0.
    pub between: (usize, usize),
}

/// The interval between two snapshots, as objects tell when they were made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Survivors {
    /// The first interval of birth after the first snapshot.
    pub since: u32,
    /// The first one after the second.
    pub until: u32,
}

/// What changed between two snapshots.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Compared {
    /// Whether objects could be told apart by serial; rows then tell new and freed ones.
    pub serials: bool,
    /// The first interval of birth of objects that are new; none where objects cannot be told apart.
    pub since: Option<u32>,
    /// A row for each name that changed, by bytes, largest change first.
    pub rows: List<ChangeRow>,
}

/// What changed under one name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChangeRow {
    /// The name.
    pub name: String,
    /// The objects of this name, in either snapshot.
    pub set: Option<SetExpression>,
    /// Objects and bytes before.
    pub before: (u64, u64),
    /// Objects and bytes after.
    pub after: (u64, u64),
    /// Objects and bytes that only the later snapshot has.
    pub new: (u64, u64),
    /// Objects and bytes that only the earlier snapshot has.
    pub freed: (u64, u64),
}
