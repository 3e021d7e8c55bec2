//! Sites: which code allocated a set, as a flame graph of calling contexts.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::ShownProps;
use super::flame::{Boxes, Shape};
use crate::components::{Crumbs, answered};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::{use_answer, use_navigation};
use crate::list::List;
use crate::protocol::{SetQuestion, Sites, SitesQuestion, TableQuestion, Weight};
use crate::route::Route;

/// The view.
#[function_component]
pub(crate) fn SitesView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let inverted = use_state(|| false);
    let weight = use_state(Weight::default);
    let shape = use_state(|| Shape::Icicle);
    let library = use_state(|| false);
    let below = use_state(Vec::<String>::new);
    let search = use_state(String::new);
    let of = SetQuestion { snapshot: props.snapshot, set: navigation.route.set.clone() };
    let crumbs = use_answer(Some(TableQuestion::crumbs_of(of.clone())));
    let question =
        SitesQuestion { of, inverted: *inverted, library: *library, weight: *weight, below: (*below).clone() };
    let answer = use_answer(Some(question));
    let on_set = {
        let (navigation, below) = (navigation.clone(), below.clone());
        Callback::from(move |set: SetExpression| {
            below.set(Vec::new());
            navigation.go.emit(Route { set, ..navigation.route.clone() });
        })
    };
    let turn = {
        let (inverted, below) = (inverted.clone(), below.clone());
        Callback::from(move |_: MouseEvent| {
            below.set(Vec::new());
            inverted.set(!*inverted);
        })
    };
    let weigh = {
        let weight = weight.clone();
        Callback::from(move |event: Event| {
            let bytes = event.target_unchecked_into::<HtmlSelectElement>().value() == "bytes";
            weight.set(if bytes { Weight::Bytes } else { Weight::Blocks });
        })
    };
    let type_search = {
        let search = search.clone();
        Callback::from(move |event: InputEvent| search.set(event.target_unchecked_into::<HtmlInputElement>().value()))
    };
    let show_table = {
        let shape = shape.clone();
        Callback::from(move |_: MouseEvent| {
            shape.set(if *shape == Shape::Table { Shape::Icicle } else { Shape::Table });
        })
    };
    let show_library = {
        let (library, below) = (library.clone(), below.clone());
        Callback::from(move |_: MouseEvent| {
            below.set(Vec::new());
            library.set(!*library);
        })
    };
    let up = {
        let below = below.clone();
        Callback::from(move |_: MouseEvent| {
            let shorter = below.len().saturating_sub(1);
            below.set(below[..shorter].to_vec());
        })
    };
    let unit = if *weight == Weight::Bytes { "bytes" } else { "objects" };
    html! {
        <>
            <Crumbs
                set={navigation.route.set.clone()} {on_set}
                crumbs={crumbs.shown().map_or_else(List::default, |table| table.crumbs.clone())}
            />
            <div class="tools">
                <input type="search" placeholder="search…" aria-label="Search in functions and files" value={(*search).clone()} oninput={type_search} />
                <label>{ "by " }
                    <select onchange={weigh}>
                        <option value="bytes" selected={*weight == Weight::Bytes}>{ "live bytes" }</option>
                        <option value="objects" selected={*weight == Weight::Blocks}>{ "live objects" }</option>
                    </select>
                </label>
                <button class="toggle" aria-pressed={inverted.to_string()} onclick={turn}>{ "From the allocating line" }</button>
                <button class="toggle" aria-pressed={library.to_string()} onclick={show_library} title="Functions of the language's libraries and run time">{ "Library frames" }</button>
                <button class="toggle" aria-pressed={(*shape == Shape::Table).to_string()} onclick={show_table}>{ "As a table" }</button>
                if let Some(top) = below.last() {
                    <button onclick={up}>{ format!("Out of {top}") }</button>
                }
                <span class="summary">{ answer.shown().map(summary) }</span>
            </div>
            { answered(&answer, |sites| html! {
                <Boxes
                    label="Calling contexts of the allocations" boxes={sites.boxes.clone()} {unit} search={(*search).clone()}
                    shape={*shape} on_open={zoom(sites, &below)}
                />
            }) }
        </>
    }
}

fn summary(sites: &Sites) -> String {
    let boxes = format::counted(sites.boxes.len() as u64, "box", "boxes");
    match sites.narrow {
        0 => boxes,
        narrow => format!("{boxes}, {} too narrow to be seen", format::exact(narrow as u64)),
    }
}

/// Zooms into a box: the functions from the top down to it.
fn zoom(sites: &Sites, below: &UseStateHandle<Vec<String>>) -> Callback<usize> {
    let (boxes, below) = (sites.boxes.clone(), below.clone());
    Callback::from(move |index: usize| {
        let Some(target) = boxes.get(index).filter(|target| target.depth > 0) else { return };
        // The boxes above it are the last ones of each smaller depth before it.
        let mut names = vec![target.name.clone()];
        let mut depth = target.depth;
        for part in boxes[..index].iter().rev() {
            if part.depth + 1 == depth && part.depth > 0 {
                names.push(part.name.clone());
                depth = part.depth;
            }
        }
        names.reverse();
        // The first box below the whole is the one that was zoomed into before.
        let kept = below.len().saturating_sub(1);
        below.set(below[..kept].iter().cloned().chain(names).collect());
    })
}
