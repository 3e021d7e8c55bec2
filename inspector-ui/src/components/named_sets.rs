//! Giving the set a name, and combining it with others that have one.

use web_sys::{HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use crate::expression::{Combine, SetExpression};
use crate::format;
use crate::hooks::NamedSets;

/// Which set, and where to go.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct SetToolsProps {
    /// The set that is shown.
    pub set: SetExpression,
    /// Goes to another set.
    pub on_set: Callback<SetExpression>,
}

/// What can be done with another set, in words.
const WAYS: [(Combine, &str); 3] = [(Combine::And, "and"), (Combine::Or, "or"), (Combine::Sub, "minus")];

/// The field for a name, and the list of combinations.
#[function_component]
pub(crate) fn SetTools(props: &SetToolsProps) -> Html {
    let Some(named) = use_context::<NamedSets>() else { return html! {} };
    html! {
        <>
            <NameField set={props.set.clone()} keep={named.keep.clone()} />
            { combinations(props, &named) }
        </>
    }
}

#[derive(Clone, PartialEq, Properties)]
struct NameFieldProps {
    set: SetExpression,
    keep: Callback<(String, SetExpression)>,
}

/// A button that becomes a field.
#[function_component]
fn NameField(props: &NameFieldProps) -> Html {
    let open = use_state(|| false);
    let field = use_node_ref();
    {
        let field = field.clone();
        use_effect_with(*open, move |open| {
            if let Some(field) = field.cast::<HtmlInputElement>().filter(|_| *open) {
                // A field that cannot take the focus is no harm.
                let _ = field.focus();
            }
        });
    }
    let toggle = {
        let open = open.clone();
        Callback::from(move |_: MouseEvent| open.set(!*open))
    };
    let submit = {
        let (open, field, props) = (open.clone(), field.clone(), props.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let name = field.cast::<HtmlInputElement>().map(|field| field.value()).unwrap_or_default();
            if !name.trim().is_empty() {
                props.keep.emit((name.trim().to_owned(), props.set.clone()));
            }
            open.set(false);
        })
    };
    if *open {
        return html! {
            <form class="naming" onsubmit={submit}>
                <input ref={field} aria-label="Name of the set" placeholder="name, then Enter" maxlength="60" />
            </form>
        };
    }
    html! { <button class="name-set" title="Give this set a name (n)" onclick={toggle}>{ "Name…" }</button> }
}

/// Every way to combine, with every set that has a name.
fn combinations(props: &SetToolsProps, named: &NamedSets) -> Html {
    let usual = [("the heap".to_owned(), SetExpression::heap()), ("the leaks".to_owned(), SetExpression::leaks())];
    let others: Vec<(String, SetExpression)> = named.sets.iter().cloned().chain(usual).collect();
    let choose = {
        let (props, named, others) = (props.clone(), named.clone(), others.clone());
        Callback::from(move |event: Event| {
            let select = event.target_unchecked_into::<HtmlSelectElement>();
            let value = select.value();
            select.set_value("");
            let Some((way, index)) = value.split_once(' ') else { return };
            let Some((name, other)) = index.parse().ok().and_then(|index: usize| others.get(index)) else { return };
            match (way, WAYS.iter().find(|(_, word)| *word == way)) {
                (_, Some((combine, _))) => props.on_set.emit(props.set.with(*combine, other.clone())),
                ("forget", _) => named.forget.emit(name.clone()),
                _ => props.on_set.emit(other.clone()),
            }
        })
    };
    let group = |title: &'static str, way: &'static str, count: usize| {
        let option = |(index, (name, set)): (usize, &(String, SetExpression))| {
            let text = format!("{way} {}", format::visible(name));
            html! { <option value={format!("{way} {index}")} title={set.to_string()}>{ text }</option> }
        };
        html! { <optgroup label={title}>{ for others.iter().take(count).enumerate().map(option) }</optgroup> }
    };
    let all = others.len();
    html! {
        <select class="combine" aria-label="Combine with a named set" onchange={choose}>
            <option value="" selected=true disabled=true>{ "Combine…" }</option>
            { group("objects in both", "and", all) }
            { group("objects in either", "or", all) }
            { group("without those of", "minus", all) }
            { group("show instead", "show", all) }
            if !named.sets.is_empty() {
                { group("forget the name", "forget", named.sets.len()) }
            }
        </select>
    }
}
