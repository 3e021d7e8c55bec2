//! Graph: who refers to the set, by kinds, in layers from the roots to the set.

use std::rc::Rc;

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::ShownProps;
use crate::colour;
use crate::components::{
    Canvas, Column, Crumbs, Hit, LocalTable, Painter, RowMaker, Surface, TableRow, answered, number,
};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::{use_answer, use_navigation};
use crate::list::List;
use crate::protocol::{Pattern, PatternEdge, PatternNode, PatternQuestion, SetQuestion, TableQuestion};
use crate::route::{DEFAULT_BY, Route, View};

/// Levels that can be chosen.
const DEPTHS: [usize; 5] = [1, 2, 4, 7, 16];

/// Levels at first, as Heapy has it.
const USUAL_DEPTH: usize = 7;

/// Size of a node, and the space between nodes.
const NODE: (f64, f64) = (180.0, 40.0);
const GAP: (f64, f64) = (84.0, 48.0);

/// The view.
#[function_component]
pub(crate) fn GraphView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let depth = use_state(|| USUAL_DEPTH);
    let as_table = use_state(|| false);
    let inside = use_state(|| None::<bool>);
    let route = &navigation.route;
    let of = SetQuestion { snapshot: props.snapshot, set: route.set.clone() };
    let crumbs = use_answer(Some(TableQuestion::crumbs_of(of.clone())));
    // Of one object every single referrer is of interest, of many their kinds.
    let single = crumbs.shown().and_then(|table| table.crumbs.last()).is_some_and(|crumb| crumb.count == 1);
    let by = match (route.by.as_str(), single) {
        ("Id", false) => DEFAULT_BY.to_owned(),
        (DEFAULT_BY, true) => "Id".to_owned(),
        (by, _) => by.to_owned(),
    };
    // Nothing refers to everything: at first the whole heap shows its kinds, any other set who refers to it.
    let within = inside.unwrap_or(route.set.steps.is_empty() && !single);
    // Nothing is asked before it is known which of the two it is.
    let question = || PatternQuestion { of, by: by.clone(), depth: *depth, inside: within };
    let answer = use_answer(crumbs.shown().is_some().then(question));
    let on_set = {
        let navigation = navigation.clone();
        Callback::from(move |set: SetExpression| navigation.go.emit(Route { set, ..navigation.route.clone() }))
    };
    let deepen = {
        let depth = depth.clone();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            depth.set(value.parse().unwrap_or(USUAL_DEPTH));
        })
    };
    let show_table = {
        let as_table = as_table.clone();
        Callback::from(move |_: MouseEvent| as_table.set(!*as_table))
    };
    html! {
        <>
            <Crumbs
                set={route.set.clone()} {on_set}
                crumbs={crumbs.shown().map_or_else(List::default, |table| table.crumbs.clone())}
            />
            <div class="tools">
                { side(&inside, false, !within, "Who refers to it") }
                { side(&inside, true, within, "Kinds within it") }
                <span>{ if by == "Id" { "one by one".to_owned() } else { format!("by {by}") } }</span>
                if !within {
                    <label>{ "levels " }
                        <select onchange={deepen}>
                            { for DEPTHS.map(|level| html! {
                                <option value={level.to_string()} selected={level == *depth}>{ level }</option>
                            }) }
                        </select>
                    </label>
                }
                <button class="toggle" aria-pressed={as_table.to_string()} onclick={show_table}>{ "As a table" }</button>
                <span class="quiet">{ "dashed: on no better evidence than a word that looks like an address" }</span>
                <span class="summary">{ answer.shown().map(summary) }</span>
            </div>
            { answered(&answer, |pattern| html! { <Picture pattern={pattern.clone()} as_table={*as_table} /> }) }
        </>
    }
}

/// A button for one of the two graphs.
fn side(inside: &UseStateHandle<Option<bool>>, within: bool, pressed: bool, text: &'static str) -> Html {
    let inside = inside.clone();
    let turn = Callback::from(move |_: MouseEvent| inside.set(Some(within)));
    html! { <button class="toggle" aria-pressed={pressed.to_string()} onclick={turn}>{ text }</button> }
}

fn summary(pattern: &Pattern) -> String {
    let kinds = format::counted(pattern.nodes.len() as u64, "kind", "kinds");
    if pattern.cut { format!("{kinds}, there are more") } else { kinds }
}

#[derive(Clone, PartialEq, Properties)]
struct PictureProps {
    pattern: Pattern,
    as_table: bool,
}

/// The graph, or the table of its edges.
#[function_component]
fn Picture(props: &PictureProps) -> Html {
    let navigation = use_navigation();
    let painter = use_memo(props.pattern.clone(), |pattern| painter(pattern.clone()));
    let open = {
        let (navigation, nodes) = (navigation.clone(), props.pattern.nodes.clone());
        Callback::from(move |index: usize| {
            let Some(node) = nodes.get(index) else { return };
            let route = navigation.route.clone();
            if node.object.is_some() {
                navigation.go.emit(Route { object: node.object, ..route });
            } else if let Some(set) = &node.set {
                navigation.go.emit(Route { view: View::Heap, set: set.clone(), by: "Id".into(), ..route });
            }
        })
    };
    if !props.as_table {
        let label = "Kinds that refer to the set, from the roots on the left to the set on the right";
        return html! { <Canvas {label} painter={(*painter).clone()} on_click={open} zooms=true /> };
    }
    let make = {
        let pattern = props.pattern.clone();
        RowMaker::new(move |position| row(&pattern, &pattern.edges[position]))
    };
    let columns = vec![
        Column::text("Referrers"),
        Column::text("Relations"),
        Column::text("Referents"),
        Column::number("Edges"),
        Column::number("Conservative"),
    ];
    html! {
        <LocalTable label="References between kinds" {columns} total={props.pattern.edges.len()} row={make} />
    }
}

fn row(pattern: &Pattern, edge: &PatternEdge) -> TableRow {
    let kind = |node: usize| pattern.nodes.get(node).map_or_else(String::new, |node| node.kind.clone());
    TableRow {
        title: edge.relations.clone().into(),
        cells: vec![
            html! { kind(edge.from) },
            html! { <span class="mono">{ &edge.relations }</span> },
            html! { kind(edge.to) },
            number(edge.count),
            number(edge.conservative),
        ],
    }
}

/// Places nodes in columns by their layers, the set rightmost; within a column near to what they refer to.
///
/// Two sweeps of the barycentre rule of Sugiyama, Tagawa and Toda (1981). Time O(N log N + E).
fn layout(nodes: &[PatternNode], edges: &[PatternEdge]) -> Vec<(f64, f64)> {
    let deepest = nodes.iter().map(|node| node.layer).max().unwrap_or(0);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); deepest + 1];
    for (index, node) in nodes.iter().enumerate() {
        columns[node.layer].push(index);
    }
    let mut height = vec![0.0; nodes.len()];
    let place = |columns: &[Vec<usize>], height: &mut [f64]| {
        for column in columns {
            let whole = column.len() as f64 * (NODE.1 + GAP.1);
            for (row, node) in column.iter().enumerate() {
                height[*node] = row as f64 * (NODE.1 + GAP.1) - whole / 2.0;
            }
        }
    };
    place(&columns, &mut height);
    for sweep in 0..4 {
        let mut sums = vec![(0.0, 0.0); nodes.len()];
        for edge in edges {
            let (mine, other) = if sweep % 2 == 0 { (edge.from, edge.to) } else { (edge.to, edge.from) };
            sums[mine].0 += height[other];
            sums[mine].1 += 1.0;
        }
        for column in &mut columns {
            column.sort_by(|one, other| {
                let mean = |node: usize| if sums[node].1 > 0.0 { sums[node].0 / sums[node].1 } else { height[node] };
                mean(*one).total_cmp(&mean(*other)).then(one.cmp(other))
            });
        }
        place(&columns, &mut height);
    }
    let column_at = |layer: usize| (deepest - layer) as f64 * (NODE.0 + GAP.0);
    nodes.iter().enumerate().map(|(index, node)| (column_at(node.layer), height[index])).collect()
}

/// Moves and shrinks the picture so that all of it is in sight, but never enlarges it.
fn fit(places: &[(f64, f64)], (width, height): (f64, f64)) -> (f64, f64, f64) {
    let bounds = places.iter().fold((f64::MAX, f64::MAX, f64::MIN, f64::MIN), |bounds, (x, y)| {
        (bounds.0.min(*x), bounds.1.min(*y), bounds.2.max(x + NODE.0), bounds.3.max(y + NODE.1))
    });
    let (wide, high) = ((bounds.2 - bounds.0).max(1.0), (bounds.3 - bounds.1).max(1.0));
    let scale = ((width - 40.0) / wide).min((height - 40.0) / high).clamp(0.25, 1.0);
    (scale, (width - wide * scale) / 2.0 - bounds.0 * scale, (height - high * scale) / 2.0 - bounds.1 * scale)
}

fn painter(pattern: Pattern) -> Painter {
    let places: Rc<[(f64, f64)]> = layout(&pattern.nodes, &pattern.edges).into();
    let (drawn, at) = (pattern.clone(), places.clone());
    let paint = move |surface: &Surface, over: Option<usize>| {
        let (scale, x, y) = fit(&at, (surface.width, surface.height));
        let context = &surface.context;
        context.save();
        // The arguments are finite, so that the browser takes them.
        let _ = context.translate(x, y);
        let _ = context.scale(scale, scale);
        for edge in drawn.edges.iter() {
            draw_edge(surface, edge, at[edge.from], at[edge.to], over == Some(edge.from) || over == Some(edge.to));
        }
        for (index, node) in drawn.nodes.iter().enumerate() {
            draw_node(surface, node, at[index], over == Some(index));
        }
        context.restore();
    };
    let hit = move |(x, y): (f64, f64), size: (f64, f64)| {
        let (scale, left, top) = fit(&places, size);
        let (x, y) = ((x - left) / scale, (y - top) / scale);
        let inside = |(px, py): &(f64, f64)| x >= *px && x < px + NODE.0 && y >= *py && y < py + NODE.1;
        let index = places.iter().position(inside)?;
        let node = &pattern.nodes[index];
        let objects = format::counted(node.count, "object", "objects");
        Some(Hit {
            index,
            text: format!("{} · {objects} · {}", node.kind, format::counted(node.size, "byte", "bytes")),
        })
    };
    Painter { paint: Rc::new(paint), hit: Rc::new(hit) }
}

fn draw_edge(surface: &Surface, edge: &PatternEdge, from: (f64, f64), to: (f64, f64), lit: bool) {
    let context = &surface.context;
    let (x1, y1) = (from.0 + NODE.0, from.1 + NODE.1 / 2.0);
    let (x2, y2) = (to.0, to.1 + NODE.1 / 2.0);
    // Edges within a layer or back leave to the right and come in from the left all the same.
    let bend = if x2 > x1 { (x2 - x1) / 2.0 } else { GAP.0 / 2.0 };
    context.set_global_alpha(if lit { 1.0 } else { 0.6 });
    context.set_stroke_style_str(&surface.token(if lit { "--accent" } else { "--quiet" }));
    context.set_line_width((0.8 + 0.5 * (edge.count as f64).log10()).clamp(0.8, 3.0));
    let dashes = js_sys::Array::new();
    if edge.conservative == edge.count {
        dashes.push(&4.into());
        dashes.push(&3.into());
    }
    // Numbers that are positive make a valid pattern.
    let _ = context.set_line_dash(&dashes);
    context.begin_path();
    if from == to {
        // Members that refer to each other: a loop above the node.
        let (left, right, top) = (from.0 + NODE.0 - 60.0, from.0 + NODE.0 - 20.0, from.1);
        context.move_to(left, top);
        context.bezier_curve_to(left, top - 28.0, right, top - 28.0, right, top);
    } else {
        context.move_to(x1, y1);
        context.bezier_curve_to(x1 + bend, y1, x2 - bend, y2, x2, y2);
    }
    context.stroke();
    context.set_global_alpha(1.0);
    let _ = context.set_line_dash(&js_sys::Array::new());
    context.set_fill_style_str(&surface.token(if lit { "--text" } else { "--quiet" }));
    // A label of a long edge would stand among the nodes that it passes.
    if !lit && (x2 - x1).abs() > 1.5 * GAP.0 && from != to {
        return;
    }
    let label = if from == to { (from.0 + 8.0, from.1 - 10.0) } else { (x1 + 8.0, (y1 + y2) / 2.0 - 8.0) };
    surface.text(&edge.relations, label, GAP.0 - 12.0);
}

fn draw_node(surface: &Surface, node: &PatternNode, (x, y): (f64, f64), over: bool) {
    let context = &surface.context;
    context.set_fill_style_str(&surface.token(if over { "--accent-ground" } else { "--raised" }));
    context.fill_rect(x, y, NODE.0, NODE.1);
    context.set_line_width(if node.whole { 2.0 } else { 1.0 });
    context.set_stroke_style_str(&surface.token(if node.whole { "--accent" } else { "--line" }));
    context.stroke_rect(x, y, NODE.0, NODE.1);
    // A single object is named by its kind and its address, and has the colour of its kind.
    let kind = node.kind.rsplit_once(" 0x").map_or(node.kind.as_str(), |(kind, _)| kind);
    context.set_fill_style_str(&surface.token(&colour::token(kind)));
    context.fill_rect(x, y, 4.0, NODE.1);
    context.set_fill_style_str(&surface.token("--text"));
    surface.text(&node.kind, (x + 12.0, y + 13.0), NODE.0 - 16.0);
    context.set_fill_style_str(&surface.token("--quiet"));
    let objects = format::counted(node.count, "object", "objects");
    let text = if node.count == 0 { "roots".into() } else { format!("{objects} · {}", format::binary(node.size)) };
    surface.text(&text, (x + 12.0, y + 28.0), NODE.0 - 16.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(layer: usize) -> PatternNode {
        PatternNode { count: 1, size: 1, layer, ..PatternNode::default() }
    }

    fn edge(from: usize, to: usize) -> PatternEdge {
        PatternEdge { from, to, relations: String::new(), count: 1, conservative: 0 }
    }

    #[test]
    fn the_set_is_rightmost_and_nodes_do_not_overlap() {
        let nodes = [node(0), node(1), node(1), node(2)];
        let places = layout(&nodes, &[edge(1, 0), edge(2, 0), edge(3, 1)]);
        assert!(places[0].0 > places[1].0 && places[1].0 > places[3].0);
        assert!((places[1].1 - places[2].1).abs() >= NODE.1);
    }

    #[test]
    fn crossings_are_undone() {
        // 1 is above 2; 3 refers to 2 and 4 to 1, so that 4 belongs above 3.
        let nodes = [node(0), node(1), node(1), node(2), node(2)];
        let places = layout(&nodes, &[edge(1, 0), edge(2, 0), edge(3, 2), edge(4, 1)]);
        assert_eq!(places[1].1 < places[2].1, places[4].1 < places[3].1);
    }
}
