//! The views, one for each question.

mod compare;
mod completion;
mod contents;
mod details;
mod dominators;
mod flame;
mod graph;
mod graph_picture;
mod heap;
mod leaks;
mod map;
mod overview;
mod partition_table;
mod row_menu;
mod script;
mod script_field;
mod sites;
mod timeline;
mod top_tables;
mod treemap;

use yew::prelude::*;

use crate::app::StateHandle;
use crate::hooks::use_navigation;
use crate::protocol::Loaded;
use crate::route::View;
use details::Details;

/// What every view is about.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct ShownProps {
    /// The recording.
    pub loaded: Loaded,
    /// The snapshot's position in it.
    pub snapshot: usize,
    /// The page's state.
    pub state: StateHandle,
}

/// The view that the URL names, with the details of what is selected beside it.
#[function_component]
pub(crate) fn Shown(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let ShownProps { loaded, snapshot, state } = props.clone();
    let view = match navigation.route.view {
        View::Overview => html! { <overview::OverviewView {loaded} {snapshot} {state} /> },
        View::Heap => html! { <heap::HeapView {loaded} {snapshot} {state} /> },
        View::Leaks => html! { <leaks::LeaksView {loaded} {snapshot} {state} /> },
        View::Graph => html! { <graph::GraphView {loaded} {snapshot} {state} /> },
        View::Dominators => html! { <dominators::DominatorsView {loaded} {snapshot} {state} /> },
        View::Sites => html! { <sites::SitesView {loaded} {snapshot} {state} /> },
        View::Map => html! { <map::MapView {loaded} {snapshot} {state} /> },
        View::Compare => html! { <compare::CompareView {loaded} {snapshot} {state} /> },
        View::Script => html! { <script::ScriptView {loaded} {snapshot} {state} /> },
    };
    html! {
        <div class="panes">
            <div class="view">{ view }</div>
            if let Some(object) = navigation.route.object {
                <Details snapshot={props.snapshot} {object} />
            }
        </div>
    }
}
