//! Leaks: the blocks that nothing reaches, by the kind and the line of what holds them.

use heapy_engine::{Facts, Seen};
use yew::prelude::*;

use super::ShownProps;
use crate::components::{Column, LocalTable, Message, RowMaker, TableRow, answered, chip, number};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::{use_answer, use_navigation};
use crate::protocol::{LeakCluster, Leaks, LeaksQuestion};
use crate::route::{Route, View};

/// Clusters that are listed.
const MOST_CLUSTERS: usize = 500;

/// The view.
#[function_component]
pub(crate) fn LeaksView(props: &ShownProps) -> Html {
    let answer = use_answer(Some(LeaksQuestion { snapshot: props.snapshot, most: MOST_CLUSTERS }));
    let facts = props.loaded.snapshots.get(props.snapshot).map(|summary| summary.facts.clone()).unwrap_or_default();
    answered(&answer, |leaks| {
        if leaks.count == 0 {
            let text = format!("Every live block is reachable.\n{}", seen(&facts));
            return html! { <Message title="No leaks" {text} /> };
        }
        html! { <Clusters leaks={leaks.clone()} seen={seen(&facts)} /> }
    })
}

/// What could be seen of the roots, and so how far to trust the answer.
fn seen(facts: &Facts) -> String {
    let groups = [
        ("globals", facts.globals),
        ("static data", facts.statics),
        ("the stack", facts.shadow_stack),
        ("locals", facts.locals),
    ];
    let names = |wanted: Seen| {
        groups.iter().filter(|(_, seen)| *seen == wanted).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    };
    let (yes, unknown) = (names(Seen::Yes), names(Seen::Unknown));
    let mut text = if yes.is_empty() { "No roots were looked at.".to_owned() } else { format!("Looked at: {yes}.") };
    if !unknown.is_empty() {
        text += &format!(" Could not be looked at: {unknown}; what only they hold is listed here too.");
    }
    text
}

#[derive(Clone, PartialEq, Properties)]
struct ClustersProps {
    leaks: Leaks,
    seen: AttrValue,
}

/// The table of clusters.
#[function_component]
fn Clusters(props: &ClustersProps) -> Html {
    let navigation = use_navigation();
    let leaks = &props.leaks;
    let make = {
        let (clusters, whole) = (leaks.clusters.clone(), leaks.size);
        RowMaker::new(move |position| row(&clusters[position], whole))
    };
    let columns = vec![
        Column::text("Leaked kind"),
        Column::text("Allocated at"),
        Column::number("Leak roots"),
        Column::number("Cycles"),
        Column::number("Bytes held alone"),
        Column::number("%"),
    ];
    let show = {
        let (navigation, clusters) = (navigation.clone(), leaks.clusters.clone());
        Callback::from(move |position: usize| {
            if let Some(cluster) = clusters.get(position) {
                navigation.amend.emit(Route { object: Some(cluster.example.object), ..navigation.route.clone() });
            }
        })
    };
    let open = {
        let (navigation, clusters) = (navigation.clone(), leaks.clusters.clone());
        Callback::from(move |position: usize| {
            if let Some(cluster) = clusters.get(position) {
                let set = cluster.set.clone();
                navigation.go.emit(Route { view: View::Heap, set, by: "Id".into(), ..navigation.route.clone() });
            }
        })
    };
    let all = Route { view: View::Heap, set: SetExpression::leaks(), ..navigation.route.clone() };
    let total = format!(
        "{} in {} that nothing reaches",
        format::counted(leaks.size, "byte", "bytes"),
        format::counted(leaks.count, "block", "blocks")
    );
    html! {
        <>
            <div class="tools">
                <strong class="alarm">{ total }</strong>
                <a href={format!("#{}", all.to_fragment())}>{ "All of them as a set" }</a>
                if leaks.shared > 0 {
                    <span>{ format!("{} of them held by several leak roots together", format::counted(leaks.shared, "byte", "bytes")) }</span>
                }
                <span class="summary">{ &props.seen }</span>
            </div>
            <LocalTable
                label="Leaks by kind and allocating line" {columns} total={leaks.clusters.len()} row={make}
                on_select={show} on_open={open}
            />
            if leaks.more > 0 {
                <p class="quiet">{ format!("and {} smaller clusters", format::exact(leaks.more as u64)) }</p>
            }
        </>
    }
}

fn row(cluster: &LeakCluster, whole: u64) -> TableRow {
    let kind = format::visible(cluster.kind.trim());
    let site = format::visible(&cluster.site);
    TableRow {
        title: format!("{kind} at {site}").into(),
        cells: vec![
            html! { <>{ chip(&cluster.kind) }{ kind }</> },
            html! { <span class="mono">{ format::short_place(&site) }</span> },
            number(cluster.roots),
            number(cluster.cycles),
            number(cluster.held_size),
            html! { format::percent(cluster.held_size, whole) },
        ],
    }
}
