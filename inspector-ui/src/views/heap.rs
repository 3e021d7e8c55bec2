//! Heap: a set, grouped by one relation or several.

use std::collections::BTreeMap;
use std::rc::Rc;

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::ShownProps;
use super::partition_table::{PartitionTable, Selection};
use crate::components::{Crumbs, answered};
use crate::expression::{Follow, SetExpression, Step};
use crate::format;
use crate::hooks::{Navigation, Remote, use_answer, use_navigation};
use crate::list::List;
use crate::protocol::{DominatedQuestion, SetQuestion, Sort, Table, TableQuestion};
use crate::route::Route;

/// Rows that are asked for before the table knows how many are in sight.
const FIRST_ROWS: usize = 80;

/// The view.
#[function_component]
pub(crate) fn HeapView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let route = &navigation.route;
    let window = use_state(|| (0, FIRST_ROWS));
    let selection = use_state(Selection::default);
    {
        // Another table begins at its first row.
        let (window, selection) = (window.clone(), selection.clone());
        let table = (route.set.clone(), route.by.clone(), route.filter.clone(), route.sort, props.snapshot);
        use_effect_with(table, move |_| {
            window.set((0, FIRST_ROWS));
            selection.set(Selection::default());
        });
    }
    let answer = use_answer(Some(TableQuestion {
        of: SetQuestion { snapshot: props.snapshot, set: route.set.clone() },
        by: route.by.clone(),
        sort: route.sort,
        filter: route.filter.clone(),
        from: window.0,
        count: window.1,
    }));
    let dominated = use_dominated(answer.shown(), props.snapshot, route);
    let on_set = {
        let navigation = navigation.clone();
        Callback::from(move |set: SetExpression| {
            navigation.go.emit(Route { set, filter: String::new(), ..navigation.route.clone() });
        })
    };
    let crumbs = answer.shown().map_or_else(List::default, |table| table.crumbs.clone());
    html! {
        <>
            <Crumbs set={route.set.clone()} {crumbs} on_set={on_set.clone()} />
            <Tools relations={props.loaded.relations.clone()} summary={answer.shown().map(summary)} />
            { answered(&answer, |table| html! {
                <PartitionTable table={table.clone()} {dominated} window={window.setter()} selection={selection.clone()} />
            }) }
        </>
    }
}

/// Dominated sizes by the indices of rows.
pub(super) type Dominated = Rc<BTreeMap<usize, u64>>;

/// The dominated sizes of the rows in sight. They come bit by bit, for each of them takes its time.
#[hook]
fn use_dominated(table: Option<&Table>, snapshot: usize, route: &Route) -> Dominated {
    let known = use_state(|| (None, Dominated::default()));
    let of = (snapshot, route.set.clone(), route.by.clone());
    let found = if known.0.as_ref() == Some(&of) { Rc::clone(&known.1) } else { Dominated::default() };
    let missing = table.map_or_else(Vec::new, |table| {
        let indices = table.rows.iter().map(|row| row.index);
        indices.filter(|index| !found.contains_key(index)).collect()
    });
    let question =
        DominatedQuestion { of: SetQuestion { snapshot, set: of.1.clone() }, by: of.2.clone(), rows: missing };
    let answer = use_answer((!question.rows.is_empty()).then_some(question));
    {
        let (known, found) = (known.clone(), Rc::clone(&found));
        use_effect_with(answer, move |answer| {
            if let Remote::Ready(more) = answer {
                let all = found.iter().map(|(index, size)| (*index, *size)).chain(more.iter().copied()).collect();
                known.set((Some(of), Rc::new(all)));
            }
        });
    }
    found
}

/// What the table holds, in a line.
fn summary(table: &Table) -> AttrValue {
    let rows = if table.rows_shown == table.rows_all {
        format::counted(table.rows_all as u64, "row", "rows")
    } else {
        format!(
            "{} of {}",
            format::exact(table.rows_shown as u64),
            format::counted(table.rows_all as u64, "row", "rows")
        )
    };
    let objects = format::counted(table.count, "object", "objects");
    format!("{rows} · {objects} · {}", format::counted(table.size, "byte", "bytes")).into()
}

#[derive(Clone, PartialEq, Properties)]
struct ToolsProps {
    relations: List<String>,
    summary: Option<AttrValue>,
}

/// Search, relations, and sets that follow from this one.
#[function_component]
fn Tools(props: &ToolsProps) -> Html {
    let navigation = use_navigation();
    let search = {
        let navigation = navigation.clone();
        Callback::from(move |event: InputEvent| {
            let filter = event.target_unchecked_into::<HtmlInputElement>().value();
            navigation.amend.emit(Route { filter, ..navigation.route.clone() });
        })
    };
    let follow = |follow: Follow, title: &'static str| {
        let navigation = navigation.clone();
        let go = Callback::from(move |_: MouseEvent| {
            let set = navigation.route.set.then(Step::Follow(follow));
            navigation.go.emit(Route { set, ..navigation.route.clone() });
        });
        html! { <button onclick={go} title={format!("The set's .{}", follow.name())}>{ title }</button> }
    };
    html! {
        <div class="tools">
            <input
                type="search" placeholder="search…" aria-label="Search in the names" value={navigation.route.filter.clone()}
                oninput={search}
            />
            { relations(&navigation, &props.relations) }
            { follow(Follow::Referrers, "Referrers") }
            { follow(Follow::Referents, "Referents") }
            { follow(Follow::Dominos, "Held alone") }
            <span class="summary" role="status">{ props.summary.clone().unwrap_or_default() }</span>
        </div>
    }
}

/// The first relation to choose, further ones to add and to take away.
fn relations(navigation: &Navigation, names: &[String]) -> Html {
    let chosen: Vec<String> = navigation.route.by.split('&').map(|name| name.trim().to_owned()).collect();
    let set_first = {
        let (go, chosen) = (callback(navigation), chosen.clone());
        Callback::from(move |event: Event| {
            let name = event.target_unchecked_into::<HtmlSelectElement>().value();
            let others = chosen.iter().skip(1).filter(|other| **other != name).cloned();
            go.emit(std::iter::once(name.clone()).chain(others).collect());
        })
    };
    let add = {
        let (go, chosen) = (callback(navigation), chosen.clone());
        Callback::from(move |event: Event| {
            let select = event.target_unchecked_into::<HtmlSelectElement>();
            let name = select.value();
            select.set_value("");
            go.emit(chosen.iter().cloned().chain(std::iter::once(name)).collect());
        })
    };
    let take = |name: &String| {
        let (go, chosen, gone) = (callback(navigation), chosen.clone(), name.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            go.emit(chosen.iter().filter(|name| **name != gone).cloned().collect());
        });
        html! { <button class="toggle" aria-pressed="true" title="Take this relation away" {onclick}>{ format!("& {name} ×") }</button> }
    };
    let first = chosen.first().cloned().unwrap_or_default();
    let rest = names.iter().filter(|name| !chosen.contains(name) && !matches!(name.as_str(), "Id" | "Unity"));
    html! {
        <>
            <label>
                { "by " }
                <select class="relation" onchange={set_first}>
                    { for names.iter().map(|name| html! {
                        <option value={name.clone()} selected={*name == first}>{ name }</option>
                    }) }
                </select>
            </label>
            { for chosen.iter().skip(1).map(take) }
            <select aria-label="Add a relation" onchange={add}>
                <option value="" selected=true disabled=true>{ "& …" }</option>
                { for rest.map(|name| html! { <option value={name.clone()}>{ name }</option> }) }
            </select>
        </>
    }
}

/// Goes to other relations.
fn callback(navigation: &Navigation) -> Callback<Vec<String>> {
    let navigation = navigation.clone();
    Callback::from(move |by: Vec<String>| {
        let by = by.join("&");
        navigation.go.emit(Route { by, sort: Sort::default(), filter: String::new(), ..navigation.route.clone() });
    })
}
