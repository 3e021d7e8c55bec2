//! The graph of a pattern on a canvas: nodes and edges where the worker has placed them.
//!
//! Only what is in sight is drawn; names and labels only where they can be read. Edges of one look are one path, for
//! strokes take most of the time.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::colour;
use crate::components::{Hit, Painter, Surface};
use crate::format;
use crate::protocol::{Pattern, PatternEdge, PatternNode};

/// Size of a node, and the space between nodes.
const NODE: (f64, f64) = PatternNode::SIZE;
const GAP: (f64, f64) = PatternNode::GAP;

/// About the room of a label.
const LABEL: (f64, f64) = (GAP.0, 8.0);

/// Size of the mark at a node that has more referrers than are shown.
const MARK: (f64, f64) = (34.0, 16.0);

/// Below this scale no letter can be read, and edges are straight.
const READABLE: f64 = 0.45;

/// Edges in sight of which each can still be curved and dashed.
const FEW_EDGES: usize = 400;

/// How edges look.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    /// One of very many: straight, and pale where it is conservative.
    Plain { conservative: bool },
    /// Curved, and dashed where it is conservative.
    Full { conservative: bool },
    /// The same, of what the mouse is over.
    Lit { conservative: bool },
}

impl Look {
    /// All of them, in the order in which they are drawn.
    const ALL: [Self; 6] = [
        Self::Plain { conservative: true },
        Self::Plain { conservative: false },
        Self::Full { conservative: true },
        Self::Full { conservative: false },
        Self::Lit { conservative: true },
        Self::Lit { conservative: false },
    ];

    /// Sets the pen.
    fn begin(self, surface: &Surface) {
        let context = &surface.context;
        let dashes = js_sys::Array::new();
        // Of a thousand long edges there would be a hundred thousand dashes.
        if matches!(self, Self::Full { conservative: true } | Self::Lit { conservative: true }) {
            dashes.push(&4.into());
            dashes.push(&3.into());
        }
        // Numbers that are positive make a valid pattern.
        let _ = context.set_line_dash(&dashes);
        let lit = matches!(self, Self::Lit { .. });
        context.set_global_alpha(match self {
            Self::Plain { conservative: true } => 0.25,
            Self::Plain { conservative: false } | Self::Full { .. } => 0.6,
            Self::Lit { .. } => 1.0,
        });
        context.set_stroke_style_str(&surface.token(if lit { "--accent" } else { "--quiet" }));
        context.set_line_width(if lit { 1.8 } else { 1.0 });
    }
}

/// Moves and shrinks the picture so that all of it is in sight, but never enlarges it.
fn fit(nodes: &[PatternNode], (width, height): (f64, f64)) -> (f64, f64, f64) {
    let bounds = nodes.iter().map(corner).fold((f64::MAX, f64::MAX, f64::MIN, f64::MIN), |bounds, (x, y)| {
        (bounds.0.min(x), bounds.1.min(y), bounds.2.max(x + NODE.0), bounds.3.max(y + NODE.1))
    });
    let (wide, high) = ((bounds.2 - bounds.0).max(1.0), (bounds.3 - bounds.1).max(1.0));
    let scale = ((width - 60.0) / wide).min((height - 40.0) / high).clamp(0.02, 1.0);
    (scale, (width - wide * scale) / 2.0 - bounds.0 * scale, (height - high * scale) / 2.0 - bounds.1 * scale)
}

fn corner(node: &PatternNode) -> (f64, f64) {
    (f64::from(node.at.0), f64::from(node.at.1))
}

/// The mark of a node that has more referrers, at its left edge.
fn mark(node: &PatternNode) -> (f64, f64) {
    let (x, y) = corner(node);
    (x - MARK.0 + 6.0, y + (NODE.1 - MARK.1) / 2.0)
}

/// Draws the pattern. What is hit is a node by its position, or the mark of a node by its position behind all nodes.
pub(super) fn painter(pattern: Pattern) -> Painter {
    let drawn = pattern.clone();
    let paint = move |surface: &Surface, over: Option<usize>| {
        let (scale, x, y) = fit(&drawn.nodes, (surface.width, surface.height));
        let context = &surface.context;
        context.save();
        // The arguments are finite, so that the browser takes them.
        let _ = context.translate(x, y);
        let _ = context.scale(scale, scale);
        let sight = surface.in_sight();
        let sight = ((sight.0 - x) / scale, (sight.1 - y) / scale, (sight.2 - x) / scale, (sight.3 - y) / scale);
        let readable = scale * surface.zoom() >= READABLE;
        draw_edges(surface, &drawn, over, sight, readable);
        for (index, node) in drawn.nodes.iter().enumerate() {
            let (x, y) = corner(node);
            if x + NODE.0 < sight.0 || x > sight.2 || y + NODE.1 < sight.1 || y > sight.3 {
                continue;
            }
            draw_node(surface, node, over == Some(index), readable);
            if node.more > 0 && readable {
                draw_mark(surface, node, over == Some(drawn.nodes.len() + index));
            }
        }
        context.restore();
    };
    let hit = move |(x, y): (f64, f64), size: (f64, f64)| {
        let (scale, left, top) = fit(&pattern.nodes, size);
        let at = ((x - left) / scale, (y - top) / scale);
        let inside = |(px, py): (f64, f64), (wide, high): (f64, f64)| {
            at.0 >= px && at.0 < px + wide && at.1 >= py && at.1 < py + high
        };
        let marked = pattern.nodes.iter().position(|node| node.more > 0 && inside(mark(node), MARK));
        if let Some(index) = marked {
            let more = format::counted(pattern.nodes[index].more, "reference", "references");
            let text =
                format!("{more} to {} from objects that are not shown: click to show them", pattern.nodes[index].kind);
            return Some(Hit { index: pattern.nodes.len() + index, text });
        }
        let index = pattern.nodes.iter().position(|node| inside(corner(node), NODE))?;
        let node = &pattern.nodes[index];
        let objects = format::counted(node.count, "object", "objects");
        let text = format!("{} · {objects} · {}", node.kind, format::counted(node.size, "byte", "bytes"));
        Some(Hit { index, text })
    };
    Painter { paint: Rc::new(paint), hit: Rc::new(hit) }
}

/// Draws all edges of which something may be in sight, those of one look in one stroke.
fn draw_edges(surface: &Surface, pattern: &Pattern, over: Option<usize>, sight: (f64, f64, f64, f64), readable: bool) {
    let context = &surface.context;
    let is_lit = |edge: &PatternEdge| over.is_some_and(|over| over == edge.from || over == edge.to);
    let seen: Vec<&PatternEdge> = pattern
        .edges
        .iter()
        .filter(|edge| {
            let (from, to) = (corner(&pattern.nodes[edge.from]), corner(&pattern.nodes[edge.to]));
            let reach = NODE.0 + GAP.0;
            from.0.max(to.0) + reach >= sight.0
                && from.0.min(to.0) - reach <= sight.2
                && from.1.max(to.1) + NODE.1 >= sight.1
                && from.1.min(to.1) - NODE.1 <= sight.3
        })
        .collect();
    let many = seen.len() > FEW_EDGES;
    let look_of = |edge: &PatternEdge| {
        let conservative = edge.conservative == edge.count;
        match (is_lit(edge), readable && !(many && is_long(pattern, edge))) {
            (true, true) => Look::Lit { conservative },
            (true, false) => Look::Lit { conservative: false },
            (false, true) => Look::Full { conservative },
            (false, false) => Look::Plain { conservative },
        }
    };
    for look in Look::ALL {
        look.begin(surface);
        context.begin_path();
        for edge in seen.iter().filter(|edge| look_of(edge) == look) {
            trace(surface, pattern, edge, !matches!(look, Look::Plain { .. }));
        }
        context.stroke();
    }
    context.set_global_alpha(1.0);
    let _ = context.set_line_dash(&js_sys::Array::new());
    if readable {
        // Labels that would lie on another one are left out; those of what the mouse is over come first.
        let (lit, others): (Vec<&PatternEdge>, Vec<_>) = seen.into_iter().partition(|edge| is_lit(edge));
        let mut taken: BTreeSet<(i64, i64)> = BTreeSet::new();
        for edge in lit.into_iter().chain(others) {
            let place = label_place(pattern, edge);
            let cell = ((place.0 / LABEL.0).round() as i64, (place.1 / LABEL.1).round() as i64);
            let around = [-1, 0, 1].map(|step| (cell.0, cell.1 + step));
            if around.iter().all(|cell| !taken.contains(cell))
                && draw_label(surface, pattern, edge, place, is_lit(edge))
            {
                taken.insert(cell);
            }
        }
    }
}

/// Whether an edge leads farther than to a neighbour.
fn is_long(pattern: &Pattern, edge: &PatternEdge) -> bool {
    let (from, to) = (corner(&pattern.nodes[edge.from]), corner(&pattern.nodes[edge.to]));
    (from.0 - to.0).abs() > 2.0 * (NODE.0 + GAP.0) || (from.1 - to.1).abs() > 4.0 * (NODE.1 + GAP.1)
}

/// Adds the line of an edge to the path.
fn trace(surface: &Surface, pattern: &Pattern, edge: &PatternEdge, curved: bool) {
    let context = &surface.context;
    let (from, to) = (corner(&pattern.nodes[edge.from]), corner(&pattern.nodes[edge.to]));
    let (x1, y1) = (from.0 + NODE.0, from.1 + NODE.1 / 2.0);
    let (x2, y2) = (to.0, to.1 + NODE.1 / 2.0);
    if edge.from == edge.to {
        // Members that refer to each other: a loop above the node.
        let (left, right, top) = (from.0 + NODE.0 - 60.0, from.0 + NODE.0 - 20.0, from.1);
        context.move_to(left, top);
        context.bezier_curve_to(left, top - 28.0, right, top - 28.0, right, top);
        return;
    }
    context.move_to(x1, y1);
    if curved {
        // Edges within a layer or back leave to the right and come in from the left all the same.
        let bend = if x2 > x1 { (x2 - x1) / 2.0 } else { GAP.0 / 2.0 };
        context.bezier_curve_to(x1 + bend, y1, x2 - bend, y2, x2, y2);
    } else {
        context.line_to(x2, y2);
    }
}

/// Where the label of an edge stands: beside its beginning, or above its loop.
fn label_place(pattern: &Pattern, edge: &PatternEdge) -> (f64, f64) {
    let (from, to) = (corner(&pattern.nodes[edge.from]), corner(&pattern.nodes[edge.to]));
    if edge.from == edge.to {
        return (from.0 + 8.0, from.1 - 10.0);
    }
    (from.0 + NODE.0 + 8.0, (from.1 + to.1) / 2.0 + NODE.1 / 2.0 - 8.0)
}

/// Draws the label of an edge; whether there is one.
fn draw_label(surface: &Surface, pattern: &Pattern, edge: &PatternEdge, place: (f64, f64), lit: bool) -> bool {
    let (from, to) = (corner(&pattern.nodes[edge.from]), corner(&pattern.nodes[edge.to]));
    // A label of a long edge would stand among the nodes that it passes.
    if !lit && (to.0 - from.0 - NODE.0).abs() > 1.5 * GAP.0 && edge.from != edge.to {
        return false;
    }
    surface.context.set_fill_style_str(&surface.token(if lit { "--text" } else { "--quiet" }));
    surface.text(&edge.relations, place, GAP.0 - 12.0);
    true
}

fn draw_node(surface: &Surface, node: &PatternNode, over: bool, readable: bool) {
    let context = &surface.context;
    let (x, y) = corner(node);
    // A single object is named by its kind and its address, and has the colour of its kind.
    let kind = node.kind.rsplit_once(" 0x").map_or(node.kind.as_str(), |(kind, _)| kind);
    let colour = surface.token(&colour::token(kind));
    if !readable {
        context.set_fill_style_str(&if over { surface.token("--accent") } else { colour });
        context.fill_rect(x, y, NODE.0, NODE.1);
        return;
    }
    context.set_fill_style_str(&surface.token(if over { "--accent-ground" } else { "--raised" }));
    context.fill_rect(x, y, NODE.0, NODE.1);
    context.set_line_width(if node.whole { 2.0 } else { 1.0 });
    context.set_stroke_style_str(&surface.token(if node.whole { "--accent" } else { "--line" }));
    context.stroke_rect(x, y, NODE.0, NODE.1);
    context.set_fill_style_str(&colour);
    context.fill_rect(x, y, 4.0, NODE.1);
    context.set_fill_style_str(&surface.token("--text"));
    surface.text(&node.kind, (x + 12.0, y + 13.0), NODE.0 - 16.0);
    context.set_fill_style_str(&surface.token("--quiet"));
    let objects = format::counted(node.count, "object", "objects");
    let text = if node.count == 0 { "roots".into() } else { format!("{objects} · {}", format::binary(node.size)) };
    surface.text(&text, (x + 12.0, y + 28.0), NODE.0 - 16.0);
}

fn draw_mark(surface: &Surface, node: &PatternNode, over: bool) {
    let context = &surface.context;
    let (x, y) = mark(node);
    context.set_fill_style_str(&surface.token(if over { "--accent-ground" } else { "--ground" }));
    context.fill_rect(x, y, MARK.0, MARK.1);
    context.set_line_width(1.0);
    context.set_stroke_style_str(&surface.token("--accent"));
    context.stroke_rect(x, y, MARK.0, MARK.1);
    context.set_fill_style_str(&surface.token("--text"));
    let text = if node.more > 999 { "+1k…".to_owned() } else { format!("+{}", node.more) };
    surface.text(&text, (x + 3.0, y + MARK.1 / 2.0), MARK.0);
}
