//! Script: the JS API at work, cell by cell.

use gloo::timers::callback::Timeout;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::ShownProps;
use super::script_field::{ScriptField, remember};
use crate::expression::SetExpression;
use crate::hooks::{Asking, Navigation, use_navigation};
use crate::route::{Route, View};

/// A script and what came of it.
#[derive(Clone, PartialEq)]
struct Cell {
    asked: String,
    said: Result<String, String>,
}

/// What to try first.
const EXAMPLES: [&str; 5] = [
    "hp.heap()",
    "hp.heap().by(\"Size\")",
    "hp.heap().byprod[0].referrers",
    "hp.heapu()",
    "for (const part of hp.heap().parts.slice(0, 3)) print(part.brief)",
];

/// The view.
#[function_component]
pub(crate) fn ScriptView(_props: &ShownProps) -> Html {
    let asking = use_context::<Asking>();
    let navigation = use_navigation();
    let cells = use_state(Vec::<Cell>::new);
    let busy = use_state(|| false);
    let field = use_node_ref();
    let on_text = use_text(&field, &navigation);
    let run = {
        let (cells, busy, field, asking) = (cells.clone(), busy.clone(), field.clone(), asking.clone());
        let on_text = on_text.clone();
        Callback::from(move |()| {
            let (Some(field), Some(asking)) = (field.cast::<HtmlTextAreaElement>(), asking.clone()) else { return };
            let asked = field.value();
            if asked.trim().is_empty() || *busy {
                return;
            }
            busy.set(true);
            remember(&asked);
            on_text.emit(());
            let (cells, busy) = (cells.clone(), busy.clone());
            spawn_local(async move {
                let said = asking.engine.run_script(&asked).await.map(|result| {
                    let mut lines = result.printed;
                    lines.extend(result.text);
                    let value = result.value.filter(|value| !value.is_null());
                    lines.extend(value.map(|value| value.to_string()));
                    lines.join("\n")
                });
                let mut longer = (*cells).clone();
                longer.push(Cell { asked, said });
                cells.set(longer);
                busy.set(false);
            });
        })
    };
    let stop = {
        let asking = asking.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(asking) = &asking {
                asking.engine.stop();
            }
        })
    };
    let example = |text: &'static str| {
        let (field, on_text) = (field.clone(), on_text.clone());
        let put = Callback::from(move |_: MouseEvent| {
            if let Some(field) = field.cast::<HtmlTextAreaElement>() {
                field.set_value(text);
                on_text.emit(());
            }
        });
        html! { <li><button class="link mono" onclick={put}>{ text }</button></li> }
    };
    html! {
        <div class="scroll" tabindex="0" role="region" aria-label="Script">
            <div class="page">
                <label for="script">{ "Script: " }<span class="quiet">{ "hp is the heap, print() prints, Tab completes, Ctrl+Enter runs, ↑ brings back what was run" }</span></label>
                <ScriptField field={field.clone()} hint={navigation.route.set.to_string()} on_run={run.clone()} on_text={on_text.clone()} />
                <p>
                    <button class="primary" disabled={*busy} onclick={run.reform(|_: MouseEvent| ())}>{ "Run" }</button>
                    if *busy {
                        <button class="stop" onclick={stop}>{ "Stop" }</button>
                    }
                </p>
                if cells.is_empty() {
                    <h2>{ "To begin with" }</h2>
                    <ul class="list">{ for EXAMPLES.map(example) }</ul>
                }
                <div role="log" aria-label="Results">{ for cells.iter().rev().map(|done| cell(done, &navigation)) }</div>
            </div>
        </div>
    }
}

/// How long nothing is written before the address follows.
const STILL_MILLIS: u32 = 300;

/// Keeps the field and the address alike: a link brings a script back, and runs nothing. What comes out is to be called
/// whenever something else is written.
#[hook]
fn use_text(field: &NodeRef, navigation: &Navigation) -> Callback<()> {
    let told = navigation.route.option("script").unwrap_or_default().to_owned();
    let written = use_mut_ref(String::new);
    let latest = use_mut_ref(|| navigation.clone());
    latest.borrow_mut().clone_from(navigation);
    let later = use_mut_ref(|| None::<Timeout>);
    {
        let (field, written) = (field.clone(), written.clone());
        use_effect_with(told, move |told| {
            if let Some(field) = field.cast::<HtmlTextAreaElement>().filter(|_| *told != *written.borrow()) {
                written.borrow_mut().clone_from(told);
                field.set_value(told);
            }
        });
    }
    let field = field.clone();
    Callback::from(move |()| {
        let (field, written, latest) = (field.clone(), written.clone(), latest.clone());
        *later.borrow_mut() = Some(Timeout::new(STILL_MILLIS, move || {
            let Some(field) = field.cast::<HtmlTextAreaElement>() else { return };
            let (text, navigation) = (field.value(), latest.borrow().clone());
            written.borrow_mut().clone_from(&text);
            let script = Some(text).filter(|text| !text.is_empty());
            navigation.amend.emit(navigation.route.with_option("script", script));
        }));
    })
}

fn cell(cell: &Cell, navigation: &Navigation) -> Html {
    let said = match &cell.said {
        Ok(text) => html! { <pre class="printed">{ text }</pre> },
        Err(error) => html! { <pre class="printed alarm">{ error }</pre> },
    };
    let set = cell.asked.trim().trim_end_matches(';').parse().ok().filter(|_| cell.said.is_ok());
    html! {
        <div class="cell">
            <div class="asked mono">{ &cell.asked }</div>
            { said }
            { set.map(|set: SetExpression| set_links(&set, navigation)) }
        </div>
    }
}

/// A script that is a set can be looked at in every other way too.
fn set_links(set: &SetExpression, navigation: &Navigation) -> Html {
    let link = |view: View, text: &'static str| {
        let route = Route { view, set: set.clone(), ..navigation.route.clone() };
        html! { <a href={format!("#{}", route.to_fragment())}>{ text }</a> }
    };
    html! {
        <p class="set-links">
            { link(View::Heap, "As a table") }{ link(View::Graph, "As a graph") }{ link(View::Sites, "Its sites") }
        </p>
    }
}
