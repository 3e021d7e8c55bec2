//! One object: what it is, who made it, who holds it, what it holds.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use yew::prelude::*;

use super::contents::Contents;
use crate::components::{answered, bytes, chip};
use crate::expression::{Base, SetExpression};
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::protocol::{Brief, FrameLine, LinkLine, Links, ObjectDetails, ObjectQuestion};
use crate::route::{Route, View};

/// Which object.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct DetailsProps {
    /// The snapshot's position in the recording.
    pub snapshot: usize,
    /// The object's id.
    pub object: u32,
}

/// Widths that the pane can have, in pixels.
const WIDTHS: std::ops::RangeInclusive<i32> = 260..=1200;

/// The width on a fresh page.
const USUAL_WIDTH: i32 = 400;

/// How far the arrow keys move the edge.
const KEY_STEP: i32 = 24;

/// The pane, with an edge that can be moved.
#[function_component]
pub(crate) fn Details(props: &DetailsProps) -> Html {
    let navigation = use_navigation();
    let told = navigation.route.pane.map_or(USUAL_WIDTH, |width| width.min(i32::MAX as u32) as i32);
    let told = told.clamp(*WIDTHS.start(), *WIDTHS.end());
    let width = use_state(|| told);
    let drags = use_state(|| false);
    use_edge(&width, &drags, &navigation);
    {
        let width = width.clone();
        use_effect_with(told, move |told| width.set(*told));
    }
    let answer = use_answer(Some(ObjectQuestion { snapshot: props.snapshot, object: props.object }));
    let begin = {
        let drags = drags.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            drags.set(true);
        })
    };
    let on_key = {
        let (width, navigation) = (width.clone(), navigation.clone());
        Callback::from(move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowLeft" => KEY_STEP,
                "ArrowRight" => -KEY_STEP,
                _ => return,
            };
            tell_width((*width + step).clamp(*WIDTHS.start(), *WIDTHS.end()), &navigation);
        })
    };
    let close = {
        let navigation = navigation.clone();
        Callback::from(move |_: MouseEvent| navigation.go.emit(Route { object: None, ..navigation.route.clone() }))
    };
    html! {
        <>
            <div
                class="split" role="separator" aria-orientation="vertical" aria-label="Width of the details" tabindex="0"
                aria-valuenow={width.to_string()} aria-valuemin={WIDTHS.start().to_string()}
                aria-valuemax={WIDTHS.end().to_string()} onmousedown={begin} onkeydown={on_key}
            />
            <aside class="details" aria-label="Object" tabindex="0" style={format!("width: {}px", *width)}>
                <button class="plain" style="float: right" aria-label="Close the details" onclick={close}>{ "×" }</button>
                { answered(&answer, |details| object(props.snapshot, details, &navigation)) }
            </aside>
        </>
    }
}

/// Puts the width into the address.
fn tell_width(width: i32, navigation: &Navigation) {
    let pane = Some(width.unsigned_abs()).filter(|_| width != USUAL_WIDTH);
    navigation.amend.emit(Route { pane, ..navigation.route.clone() });
}

/// Follows the mouse while the edge is dragged, and the address when it is let go.
#[hook]
fn use_edge(width: &UseStateHandle<i32>, drags: &UseStateHandle<bool>, navigation: &Navigation) {
    let (width, drags, navigation) = (width.clone(), drags.clone(), navigation.clone());
    use_effect_with(*drags, move |active| {
        let listeners = active.then(web_sys::window).flatten().map(|window| {
            let inner = window.inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default() as i32;
            let under = move |event: &Event| {
                let event = event.dyn_ref::<MouseEvent>()?;
                Some((inner - event.client_x()).clamp(*WIDTHS.start(), *WIDTHS.end()))
            };
            let moved = EventListener::new(&window, "mousemove", move |event| {
                if let Some(under) = under(event) {
                    width.set(under);
                }
            });
            let let_go = EventListener::new(&window, "mouseup", move |event| {
                drags.set(false);
                if let Some(under) = under(event) {
                    tell_width(under, &navigation);
                }
            });
            (moved, let_go)
        });
        move || drop(listeners)
    });
}

fn object(snapshot: usize, details: &ObjectDetails, navigation: &Navigation) -> Html {
    let brief = &details.brief;
    html! {
        <>
            <h2>{ chip(&brief.kind) }{ &brief.kind }</h2>
            <p class="mono">{ &brief.text }</p>
            { properties(details) }
            if details.held > 0 {
                <Contents {snapshot} details={details.clone()} />
            }
            <h3>{ "Shortest paths from the root" }{ " " }<span class="quiet">{ &details.path_count }</span></h3>
            if details.paths.is_empty() {
                <p class="alarm">{ "Nothing that could be seen leads to it." }</p>
            }
            { for details.paths.iter().map(|path| html! { <p class="path">{ path }</p> }) }
            { links("Referrers", &details.referrers, navigation) }
            { links("Referents", &details.referents, navigation) }
            { context(details) }
            if details.held == 0 {
                <Contents {snapshot} details={details.clone()} />
            }
            <p>{ graph_link(details.address, &details.family, navigation) }</p>
            <p>{ dominators_link(brief, details.reachable, navigation) }</p>
        </>
    }
}

/// What a serial says.
const SERIAL: &str = "The same number in two snapshots is the same block. It keeps it when it changes its size in place; a block that is moved is a new one.";

/// What is known of a move, and what is not.
const MOVED: &str = "This function gave the block this place, in the calling context below. Where the block was before is not in the snapshot, nor where it was allocated first; called without a block, the function made it.";

fn properties(details: &ObjectDetails) -> Html {
    let row = |name: &'static str, value: Html| html! { <tr><th scope="row">{ name }</th><td>{ value }</td></tr> };
    let size = format::counted(details.size, "byte", "bytes");
    let held = format!(
        "{} in {}",
        format::counted(details.dominated, "byte", "bytes"),
        format::counted(details.dominated_count, "object", "objects")
    );
    html! {
        <table class="plain">
            <tbody>
                { row("Size", html! { size }) }
                if details.usable != details.size {
                    { row("Committed", html! { format::counted(details.usable, "byte", "bytes") }) }
                }
                if details.wasted > 0 {
                    { row("Unused", html! { <span title="Room in a container's buffer that no element takes">{ format::counted(details.wasted, "byte", "bytes") }</span> }) }
                }
                { row("Holds alone", html! { <>{ held }{ " (" }{ bytes(details.dominated) }{ ")" }</> }) }
                { row("Site", html! { <span class="mono" title={details.site.clone()}>{ format::short_place(&details.site) }</span> }) }
                if let Some(name) = &details.type_name {
                    { row("Type", html! { <>{ name }<span class="mark" title="What the type rests on">{ &details.type_evidence }</span></> }) }
                }
                if let Some(name) = &details.class_name {
                    { row("Class", html! { name }) }
                }
                { row("Family", html! { &details.family }) }
                { row("Address", html! { <span class="mono">{ format::address(details.address) }</span> }) }
                if let Some(serial) = details.serial {
                    { row("Serial", html! { <span title={SERIAL}>{ format!("#{}", format::exact(serial)) }</span> }) }
                }
                { row("Born", html! { format!("in snapshot interval {}", details.age) }) }
                if let Some(function) = &details.moved_by {
                    { row("Moved", html! { <span title={MOVED}>{ "last by " }<span class="mono">{ function }</span>{ "; what it was before is not recorded" }</span> }) }
                }
                { row("Reachable", html! { if details.reachable { { "yes" } } else { <span class="alarm">{ "no" }</span> } }) }
            </tbody>
        </table>
    }
}

fn links(title: &'static str, links: &Links, navigation: &Navigation) -> Html {
    let more = links.total - links.shown.len();
    html! {
        <>
            <h3>{ title }{ " " }<span class="quiet">{ format::exact(links.total as u64) }</span></h3>
            <ul class="list">{ for links.shown.iter().map(|link| link_line(link, navigation)) }</ul>
            if more > 0 {
                <p class="quiet">{ format!("and {} more", format::exact(more as u64)) }</p>
            }
        </>
    }
}

fn link_line(link: &LinkLine, navigation: &Navigation) -> Html {
    let other = link.other.as_ref().map(|brief| {
        let go = {
            let (navigation, object) = (navigation.clone(), brief.object);
            Callback::from(move |_: MouseEvent| navigation.go.emit(Route { object: Some(object), ..navigation.route.clone() }))
        };
        let title = format!("{} {}, {}", brief.kind, brief.text, format::counted(brief.size, "byte", "bytes"));
        html! { <button class="link" {title} onclick={go}>{ chip(&brief.kind) }{ &brief.kind }{ " " }<span class="mono">{ &brief.text }</span></button> }
    });
    html! { <li><span class="relation mono" title={link.relation.clone()}>{ &link.relation }</span>{ other }</li> }
}

fn context(details: &ObjectDetails) -> Html {
    let frames = &details.context;
    let title =
        if details.moved_by.is_some() { "Calling context of the move" } else { "Calling context of the allocation" };
    let line = |frame: &FrameLine| {
        let name = if frame.site {
            html! { <strong>{ &frame.function }</strong> }
        } else {
            html! { &frame.function }
        };
        html! {
            <tr>
                <td>
                    { name }
                    if frame.inlined {
                        <span class="mark" title="The compiler put it into its caller">{ "inlined" }</span>
                    }
                </td>
                <td class="mono quiet" title={frame.place.clone()}>{ format::short_place(&frame.place) }</td>
            </tr>
        }
    };
    html! {
        <>
            <h3>{ title }</h3>
            if frames.is_empty() {
                <p class="quiet">{ "Not recorded." }</p>
            } else {
                <table class="plain"><tbody>{ for frames.iter().map(line) }</tbody></table>
            }
        </>
    }
}

/// Only blocks are found by their address.
fn graph_link(address: u64, family: &str, navigation: &Navigation) -> Html {
    if family != "block" {
        return html! {};
    }
    let set = SetExpression { base: Base::Object(address), steps: Vec::new() };
    let route = Route { view: View::Graph, set, by: "Id".into(), ..navigation.route.clone() };
    html! { <a href={format!("#{}", route.to_fragment())}>{ "Graph of everything that leads to it" }</a> }
}

fn dominators_link(brief: &Brief, reachable: bool, navigation: &Navigation) -> Html {
    if !reachable {
        return html! {};
    }
    let route = Route { view: View::Dominators, top: Some(brief.object), ..navigation.route.clone() };
    html! { <a href={format!("#{}", route.to_fragment())}>{ "What lives only through it" }</a> }
}
