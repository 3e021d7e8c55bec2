//! The expression bar: how the set came about, each step a link; to copy and to edit.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::clipboard;
use super::named_sets::SetTools;
use crate::expression::SetExpression;
use crate::format;
use crate::list::List;
use crate::protocol::Crumb;

/// What the bar shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct CrumbsProps {
    /// The set.
    pub set: SetExpression,
    /// What each step leads to; empty while that is not known.
    pub crumbs: List<Crumb>,
    /// Goes to another set.
    pub on_set: Callback<SetExpression>,
}

/// The expression bar.
#[function_component]
pub(crate) fn Crumbs(props: &CrumbsProps) -> Html {
    let editing = use_state(|| false);
    let trouble = use_state(|| None::<String>);
    let input = use_node_ref();
    let submit = {
        let (editing, trouble, input, on_set) = (editing.clone(), trouble.clone(), input.clone(), props.on_set.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let text = input.cast::<HtmlInputElement>().map(|input| input.value()).unwrap_or_default();
            match text.parse::<SetExpression>() {
                Ok(set) => {
                    trouble.set(None);
                    editing.set(false);
                    on_set.emit(set);
                }
                Err(error) => trouble.set(Some(error)),
            }
        })
    };
    let edit = {
        let (editing, trouble) = (editing.clone(), trouble.clone());
        Callback::from(move |_: MouseEvent| {
            trouble.set(None);
            editing.set(!*editing);
        })
    };
    let text = props.set.to_string();
    html! {
        <div class="crumbs">
            if *editing {
                <form onsubmit={submit}>
                    <input ref={input} aria-label="Expression" value={text.clone()} spellcheck="false" />
                </form>
            } else {
                <nav aria-label="Expression"><ol>{ for (0..=props.set.steps.len()).map(|step| crumb(props, step)) }</ol></nav>
                if props.set.steps.is_empty() {
                    <span class="spring" />
                } else {
                    <code class="line quiet" title={text.clone()}>{ &text }</code>
                }
            }
            <SetTools set={props.set.clone()} on_set={props.on_set.clone()} />
            <Copy {text} />
            <button onclick={edit} aria-pressed={editing.to_string()}>{ "Edit" }</button>
            if let Some(error) = &*trouble {
                <span class="alarm" role="alert">{ error }</span>
            }
        </div>
    }
}

fn crumb(props: &CrumbsProps, steps: usize) -> Html {
    let set = props.set.up_to(steps);
    let known = props.crumbs.get(steps);
    let text = match known {
        Some(crumb) => format::visible(&crumb.label),
        None if steps == 0 => set.to_string(),
        None => props.set.steps[steps - 1].to_string(),
    };
    let title = known.map_or_else(String::new, |crumb| {
        let count = format::counted(crumb.count, "object", "objects");
        format!("{text}\n{count}, {}", format::counted(crumb.size, "byte", "bytes"))
    });
    let go = props.on_set.reform(move |_: MouseEvent| set.clone());
    if steps == props.set.steps.len() {
        html! { <li {title} aria-current="step"><strong>{ text }</strong></li> }
    } else {
        html! { <li {title}><button class="link" onclick={go}>{ text }</button></li> }
    }
}

#[derive(Clone, PartialEq, Properties)]
struct CopyProps {
    text: AttrValue,
}

/// Copies the expression as a line of the JS API.
#[function_component]
fn Copy(props: &CopyProps) -> Html {
    let done = use_state(|| false);
    let copy = {
        let (done, text) = (done.clone(), props.text.clone());
        Callback::from(move |_: MouseEvent| {
            let done = done.clone();
            clipboard::copy(&text, Callback::from(move |written| done.set(written)));
        })
    };
    let label = if *done { "Copied" } else { "Copy" };
    html! { <button class="copy" title={format!("Copy {}", props.text)} onclick={copy}>{ label }</button> }
}
