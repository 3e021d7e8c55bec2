//! Sites: which code allocated a set, as a flame graph of calling contexts.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::ShownProps;
use super::flame::{Boxes, Shape, names_down_to};
use crate::components::{Crumbs, answered};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::list::List;
use crate::protocol::{SetQuestion, Sites, SitesQuestion, TableQuestion, Weight};
use crate::route::Route;

/// The view.
#[function_component]
pub(crate) fn SitesView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let route = &navigation.route;
    let (inverted, library, as_table) = (route.is_on("inverted"), route.is_on("library"), route.is_on("table"));
    let word = route.option("weight").unwrap_or_default();
    let weight = Weight::ALL.into_iter().find(|weight| weight.title() == word).unwrap_or_default();
    // Names of functions are shown without control characters, so that a line's end is in none of them.
    let below: Vec<String> = route.option("below").into_iter().flat_map(str::lines).map(str::to_owned).collect();
    let search = route.option("search").unwrap_or_default().to_owned();
    let of = SetQuestion { snapshot: props.snapshot, set: route.set.clone() };
    let crumbs = use_answer(Some(TableQuestion::crumbs_of(of.clone())));
    let answer = use_answer(Some(SitesQuestion { of, inverted, library, weight, below: below.clone() }));
    let on_set = {
        let navigation = navigation.clone();
        Callback::from(move |set: SetExpression| {
            navigation.go.emit(Route { set, ..navigation.route.with_option("below", None) });
        })
    };
    // Turned round, another function is the top.
    let turn = |name: &'static str| {
        let (go, to) = (navigation.go.clone(), route.turned(name).with_option("below", None));
        Callback::from(move |_: MouseEvent| go.emit(to.clone()))
    };
    let type_search = {
        let navigation = navigation.clone();
        Callback::from(move |event: InputEvent| {
            let text = Some(event.target_unchecked_into::<HtmlInputElement>().value()).filter(|text| !text.is_empty());
            navigation.amend.emit(navigation.route.with_option("search", text));
        })
    };
    let up = {
        let (go, to) = (navigation.go.clone(), into(route, &below[..below.len().saturating_sub(1)]));
        Callback::from(move |_: MouseEvent| go.emit(to.clone()))
    };
    let known = answer.shown().map_or_else(|| vec![weight], |sites| sites.known.clone());
    let shape = if as_table { Shape::Table } else { Shape::Icicle };
    html! {
        <>
            <Crumbs
                set={navigation.route.set.clone()} {on_set}
                crumbs={crumbs.shown().map_or_else(List::default, |table| table.crumbs.clone())}
            />
            <div class="tools">
                <input type="search" placeholder="search…" aria-label="Search in functions and files" value={search.clone()} oninput={type_search} />
                <label>{ "by " }
                    <select class="weight" onchange={navigation.choose("weight")}>
                        { for Weight::ALL.into_iter().map(|choice| choice_of(choice, weight, &known)) }
                    </select>
                </label>
                if weight.of_run() {
                    <span class="mark" title="Allocations of blocks that are gone count too, so that no set can be told apart">{ "whole run" }</span>
                }
                <button class="toggle" aria-pressed={inverted.to_string()} onclick={turn("inverted")}>{ "From the allocating line" }</button>
                <button class="toggle" aria-pressed={library.to_string()} onclick={turn("library")} title="Functions of the language's libraries and run time">{ "Library frames" }</button>
                <button class="toggle" aria-pressed={as_table.to_string()} onclick={navigation.turn("table")}>{ "As a table" }</button>
                if let Some(top) = below.last() {
                    <button onclick={up}>{ format!("Out of {top}") }</button>
                }
                <span class="summary">{ answer.shown().map(summary) }</span>
            </div>
            { answered(&answer, |sites| html! {
                <Boxes
                    label="Calling contexts of the allocations" boxes={sites.boxes.clone()} unit={weight.unit()} counts={if weight.of_run() { "allocations" } else { "objects" }}
                    search={search.clone()} {shape} on_open={zoom(sites, &navigation, below.clone())}
                />
            }) }
        </>
    }
}

/// A weight that can be chosen, or why it cannot.
fn choice_of(choice: Weight, chosen: Weight, known: &[Weight]) -> Html {
    let is_known = known.contains(&choice);
    let text = if is_known { choice.title().to_owned() } else { format!("{} (not recorded)", choice.title()) };
    html! { <option value={choice.title()} selected={choice == chosen} disabled={!is_known}>{ text }</option> }
}

/// The same picture below these functions.
fn into(route: &Route, below: &[String]) -> Route {
    route.with_option("below", Some(below.join("\n")).filter(|names| !names.is_empty()))
}

fn summary(sites: &Sites) -> String {
    let boxes = format::counted(sites.boxes.len() as u64, "box", "boxes");
    match sites.narrow {
        0 => boxes,
        narrow => format!("{boxes}, {} too narrow to be seen", format::exact(narrow as u64)),
    }
}

/// Zooms into a box: the functions from the top down to it.
fn zoom(sites: &Sites, navigation: &Navigation, below: Vec<String>) -> Callback<usize> {
    let (boxes, navigation) = (sites.boxes.clone(), navigation.clone());
    Callback::from(move |index: usize| {
        let names = names_down_to(&boxes, index);
        if names.is_empty() {
            return;
        }
        // The first box below the whole is the one that was zoomed into before.
        let kept = below.len().saturating_sub(1);
        let names: Vec<String> = below[..kept].iter().cloned().chain(names).collect();
        navigation.go.emit(into(&navigation.route, &names));
    })
}
