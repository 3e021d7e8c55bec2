//! Graph: who refers to the set, by kinds, in layers from the roots to the set.

use yew::prelude::*;

use super::ShownProps;
use super::graph_picture::painter;
use crate::components::{Canvas, Column, Crumbs, LocalTable, RowMaker, TableRow, answered, number};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::list::List;
use crate::protocol::{
    Paths, PathsQuestion, Pattern, PatternEdge, PatternNode, PatternQuestion, SetQuestion, TableQuestion,
};
use crate::route::{DEFAULT_BY, Route, View};

/// Levels that can be chosen.
const DEPTHS: [usize; 5] = [1, 2, 4, 7, 16];

/// Levels at first, as Heapy has it.
const USUAL_DEPTH: usize = 7;

/// Nodes that can be chosen: more than can be read at once, but not more than can be drawn smoothly.
const MOST: [usize; 4] = [60, 250, 1000, 2000];

/// Paths that are listed beside.
const PATHS: usize = 10;

/// The view.
#[function_component]
pub(crate) fn GraphView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let route = &navigation.route;
    let number = |name: &str, usual: usize| route.option(name).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let (depth, most) = (number("levels", USUAL_DEPTH), number("most", MOST[0]));
    let as_table = route.is_on("table");
    let opened: Vec<u32> =
        route.option("opened").into_iter().flat_map(|list| list.split(',')).flat_map(str::parse).collect();
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
    let inside = route.option("inside").map(|side| side == "1").unwrap_or(route.set.steps.is_empty() && !single);
    // Nothing is asked before it is known which of the two it is.
    let is_known = crumbs.shown().is_some();
    let question = || PatternQuestion { of: of.clone(), by: by.clone(), depth, inside, most, opened };
    let answer = use_answer(is_known.then(question));
    let paths = use_answer((is_known && !inside).then_some(PathsQuestion { of: of.clone(), most: PATHS }));
    let on_set = {
        let navigation = navigation.clone();
        // What was opened were nodes of another graph.
        Callback::from(move |set: SetExpression| {
            navigation.go.emit(Route { set, ..navigation.route.with_option("opened", None) });
        })
    };
    let choice = |number: usize, chosen: usize| {
        html! { <option value={number.to_string()} selected={number == chosen}>{ number }</option> }
    };
    html! {
        <>
            <Crumbs
                set={route.set.clone()} {on_set}
                crumbs={crumbs.shown().map_or_else(List::default, |table| table.crumbs.clone())}
            />
            <div class="tools">
                { side(&navigation, !inside, "0", "Who refers to it") }
                { side(&navigation, inside, "1", "Kinds within it") }
                <span>{ if by == "Id" { "one by one".to_owned() } else { format!("by {by}") } }</span>
                if !inside {
                    <label>{ "levels " }
                        <select onchange={navigation.choose("levels")}>{ for DEPTHS.map(|level| choice(level, depth)) }</select>
                    </label>
                }
                <label>{ "nodes " }
                    <select onchange={navigation.choose("most")}>{ for MOST.map(|number| choice(number, most)) }</select>
                </label>
                <button class="toggle" aria-pressed={as_table.to_string()} onclick={navigation.turn("table")}>{ "As a table" }</button>
                <span class="quiet">{ "dashed: on no better evidence than a word that looks like an address" }</span>
                <span class="summary">{ answer.shown().map(summary) }</span>
            </div>
            <div class="panes">
                <div class="view">
                    { answered(&answer, |pattern| html! { <Picture pattern={pattern.clone()} {as_table} /> }) }
                </div>
                if let Some(paths) = paths.shown().filter(|_| !inside) {
                    { shortest(paths) }
                }
            </div>
        </>
    }
}

/// A button for one of the two graphs.
fn side(navigation: &Navigation, pressed: bool, value: &'static str, text: &'static str) -> Html {
    let (go, to) = (navigation.go.clone(), navigation.route.with_option("inside", Some(value.to_owned())));
    let turn = Callback::from(move |_: MouseEvent| go.emit(to.clone()));
    html! { <button class="toggle" aria-pressed={pressed.to_string()} onclick={turn}>{ text }</button> }
}

/// The shortest paths, beside the graph.
fn shortest(paths: &Paths) -> Html {
    html! {
        <section class="beside" aria-label="Shortest paths" tabindex="0">
            <h2>{ "Shortest paths from the root" }{ " " }<span class="quiet">{ &paths.count }</span></h2>
            if paths.shown.is_empty() {
                <p class="quiet">{ "Nothing that could be seen leads to it." }</p>
            }
            { for paths.shown.iter().map(|path| html! { <p class="path">{ path }</p> }) }
        </section>
    }
}

fn summary(pattern: &Pattern) -> String {
    let nodes = format::counted(pattern.nodes.len() as u64, "node", "nodes");
    let edges = format::counted(pattern.edges.len() as u64, "edge", "edges");
    if pattern.cut { format!("{nodes} · {edges} · there are more") } else { format!("{nodes} · {edges}") }
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
            // Marks of further referrers stand behind the nodes.
            if let Some(node) = index.checked_sub(nodes.len()).and_then(|index| nodes.get(index)) {
                navigation.go.emit(with_opened(&navigation.route, node));
                return;
            }
            let Some(node) = nodes.get(index) else { return };
            let route = navigation.route.clone();
            if node.object.is_some() {
                navigation.go.emit(Route { object: node.object, ..route });
            } else if let Some(set) = &node.set {
                navigation.go.emit(Route { view: View::Heap, set: set.clone(), by: "Id".into(), ..route });
            }
        })
    };
    let open_row = {
        let (open, pattern) = (open.clone(), props.pattern.clone());
        Callback::from(move |position: usize| {
            let Some(edge) = pattern.edges.get(position) else { return };
            let more = pattern.nodes.get(edge.from).is_some_and(|node| node.more > 0);
            open.emit(if more { pattern.nodes.len() + edge.from } else { edge.from });
        })
    };
    if !props.as_table {
        let label = "Kinds that refer to the set, from the roots on the left to the set on the right";
        return html! { <Canvas {label} painter={(*painter).clone()} on_click={open} /> };
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
        Column::number("Not shown")
            .explained("References to the referrers from objects that are not shown: opening the row shows them"),
    ];
    html! {
        <LocalTable label="References between kinds" {columns} total={props.pattern.edges.len()} row={make} on_open={open_row} />
    }
}

/// The same graph with the referrers of one more node.
fn with_opened(route: &Route, node: &PatternNode) -> Route {
    let opened = route.option("opened").into_iter().map(str::to_owned).chain(node.first.map(|first| first.to_string()));
    route.with_option("opened", Some(opened.collect::<Vec<_>>().join(",")))
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
            number(pattern.nodes.get(edge.from).map_or(0, |node| node.more)),
        ],
    }
}
