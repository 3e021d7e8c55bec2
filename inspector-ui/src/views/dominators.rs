//! Dominators: what lives only through what, as a treemap or an icicle that can be gone into.

use yew::prelude::*;

use super::ShownProps;
use super::flame::{Boxes, Shape};
use crate::components::answered;
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::protocol::{Brief, Dominators, DominatorsQuestion};
use crate::route::Route;

/// Shapes, and their words.
const SHAPES: [(Shape, &str); 3] = [(Shape::Treemap, "Treemap"), (Shape::Icicle, "Icicle"), (Shape::Table, "Table")];

/// The view.
#[function_component]
pub(crate) fn DominatorsView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let route = &navigation.route;
    let word = route.option("shape").unwrap_or_default();
    let shape = SHAPES.into_iter().find(|(_, name)| *name == word).map_or(Shape::Treemap, |(shape, _)| shape);
    let grouped = !route.is_on("apart");
    let answer = use_answer(Some(DominatorsQuestion { snapshot: props.snapshot, top: route.top, grouped }));
    let turn = {
        let (go, to) = (navigation.go.clone(), route.turned("apart").with_option("within", None));
        Callback::from(move |_: MouseEvent| go.emit(to.clone()))
    };
    let on_within = {
        let (go, route) = (navigation.go.clone(), route.clone());
        Callback::from(move |names| go.emit(route.with_option("within", names)))
    };
    let within = route.option("within").unwrap_or_default().to_owned();
    let choose = |(wanted, name): (Shape, &str)| {
        let (go, to) = (navigation.go.clone(), route.with_option("shape", Some(name.to_owned())));
        let onclick = Callback::from(move |_: MouseEvent| go.emit(to.clone()));
        html! { <button class="toggle" aria-pressed={(shape == wanted).to_string()} {onclick}>{ name }</button> }
    };
    html! {
        <>
            <div class="tools">
                { answer.shown().map(|shown| above(shown, &navigation)) }
                { for SHAPES.map(choose) }
                <button class="toggle" aria-pressed={grouped.to_string()} onclick={turn} title="Objects of one kind below one box share a box">{ "Kinds together" }</button>
                <span class="summary">{ answer.shown().map(summary) }</span>
            </div>
            { answered(&answer, |shown| html! {
                <Boxes
                    label="Bytes that live only through each object" boxes={shown.boxes.clone()} unit="bytes"
                    {shape} within={within.clone()} on_within={on_within.clone()} on_open={open(shown, &navigation)}
                />
            }) }
        </>
    }
}

fn summary(shown: &Dominators) -> String {
    let whole = shown.boxes.first().map_or(0, |top| top.weight);
    format!(
        "{} · {} too small to be seen",
        format::counted(whole, "byte", "bytes"),
        format::counted(shown.narrow as u64, "object", "objects")
    )
}

/// The way from the root down to what is shown.
fn above(shown: &Dominators, navigation: &Navigation) -> Html {
    let link = |top: Option<u32>, text: String| {
        let route = Route { top, ..navigation.route.with_option("within", None) };
        html! { <li><a href={format!("#{}", route.to_fragment())}>{ text }</a></li> }
    };
    let object = |brief: &Brief| link(Some(brief.object), format!("{} {}", brief.kind, brief.text));
    let here = shown.boxes.first().map(|top| format!("{} {}", top.name, top.place)).unwrap_or_default();
    html! {
        <nav class="crumbs way" aria-label="Dominators">
            <ol>
                if navigation.route.top.is_some() {
                    { link(None, "hp.Root".into()) }
                }
                { for shown.above.iter().map(object) }
                <li aria-current="step"><strong>{ here }</strong></li>
            </ol>
        </nav>
    }
}

/// A click goes into an object and shows it.
fn open(shown: &Dominators, navigation: &Navigation) -> Callback<usize> {
    let (boxes, navigation) = (shown.boxes.clone(), navigation.clone());
    Callback::from(move |index: usize| {
        // A box of several objects is only enlarged.
        if let Some(object) = boxes.get(index).and_then(|part| part.object) {
            let route = navigation.route.with_option("within", None);
            navigation.go.emit(Route { top: Some(object), object: Some(object), ..route });
        }
    })
}
