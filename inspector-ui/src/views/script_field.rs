//! The field that scripts are written in: completion from the API's description, and the scripts that were run before.

use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::completion::{Completion, complete, signature, written};

/// Scripts that are remembered.
const MOST_SCRIPTS: usize = 50;

/// Where the browser keeps them.
const STORED: &str = "heapy.scripts";

/// The field, and what happens to what is written.
#[derive(Clone, PartialEq, Properties)]
pub(super) struct ScriptFieldProps {
    /// The field itself.
    pub field: NodeRef,
    /// What an empty field hints at.
    pub hint: AttrValue,
    /// Runs the script.
    pub on_run: Callback<()>,
    /// Something else is written in it.
    pub on_text: Callback<()>,
}

/// The names that fit at the cursor, and the one that is chosen.
#[derive(Clone, Default, PartialEq)]
struct Open {
    names: Vec<Name>,
    from: usize,
    chosen: usize,
}

/// A name that fits.
#[derive(Clone, PartialEq)]
struct Name {
    signature: String,
    doc: &'static str,
    written: String,
}

/// The field with its list.
#[function_component]
pub(super) fn ScriptField(props: &ScriptFieldProps) -> Html {
    let open = use_state(Open::default);
    let back = use_mut_ref(|| 0usize);
    let on_input = {
        let (open, field, on_text) = (open.clone(), props.field.clone(), props.on_text.clone());
        Callback::from(move |_: InputEvent| {
            on_text.emit(());
            let found = field.cast::<HtmlTextAreaElement>().and_then(|field| complete(&before_cursor(&field)));
            open.set(found.map(listed).unwrap_or_default());
        })
    };
    let accept = {
        let (open, field, on_text) = (open.clone(), props.field.clone(), props.on_text.clone());
        Callback::from(move |chosen: usize| {
            if let (Some(field), Some(name)) = (field.cast::<HtmlTextAreaElement>(), open.names.get(chosen)) {
                put(&field, open.from, &name.written);
                on_text.emit(());
            }
            open.set(Open::default());
        })
    };
    let on_key = {
        let (open, props, accept) = (open.clone(), props.clone(), accept.clone());
        Callback::from(move |event: KeyboardEvent| {
            let Some(field) = props.field.cast::<HtmlTextAreaElement>() else { return };
            let runs = event.key() == "Enter" && (event.ctrl_key() || event.meta_key());
            let done = match event.key().as_str() {
                "Enter" if runs => {
                    open.set(Open::default());
                    *back.borrow_mut() = 0;
                    props.on_run.emit(());
                    true
                }
                key if !open.names.is_empty() => choose(&open, &accept, key),
                "ArrowUp" => recall(&field, &mut back.borrow_mut(), true),
                "ArrowDown" => recall(&field, &mut back.borrow_mut(), false),
                _ => false,
            };
            if done {
                props.on_text.emit(());
                event.prevent_default();
            }
        })
    };
    let active = open.names.get(open.chosen).map(|_| format!("name-{}", open.chosen));
    html! {
        <div class="script-field">
            <textarea
                id="script" ref={props.field.clone()} rows="5" spellcheck="false" aria-autocomplete="list"
                aria-activedescendant={active} placeholder={props.hint.clone()} oninput={on_input} onkeydown={on_key}
            />
            if !open.names.is_empty() {
                <ul class="names" role="listbox" aria-label="Names that fit">
                    { for open.names.iter().enumerate().map(|(index, name)| line(index, name, index == open.chosen, &accept)) }
                </ul>
            }
        </div>
    }
}

fn line(index: usize, name: &Name, chosen: bool, accept: &Callback<usize>) -> Html {
    // The field keeps the focus, so that writing goes on.
    let onmousedown = accept.reform(move |event: MouseEvent| {
        event.prevent_default();
        index
    });
    html! {
        <li id={format!("name-{index}")} role="option" aria-selected={chosen.to_string()} {onmousedown} title={name.doc}>
            <span class="mono">{ &name.signature }</span>
            <span class="quiet">{ name.doc.split_once(". ").map_or(name.doc, |(first, _)| first) }</span>
        </li>
    }
}

fn listed(completion: Completion) -> Open {
    let name = |entry: &&'static heapy_engine::binding::Entry| Name {
        signature: signature(entry),
        doc: entry.doc,
        written: written(entry),
    };
    Open { names: completion.entries.iter().map(name).collect(), from: completion.from, chosen: 0 }
}

/// Does what a key asks of the list; whether it asks for anything.
fn choose(open: &UseStateHandle<Open>, accept: &Callback<usize>, key: &str) -> bool {
    let count = open.names.len();
    let chosen = match key {
        "ArrowDown" => (open.chosen + 1) % count,
        "ArrowUp" => (open.chosen + count - 1) % count,
        "Enter" | "Tab" => {
            accept.emit(open.chosen);
            return true;
        }
        "Escape" => {
            open.set(Open::default());
            return true;
        }
        _ => return false,
    };
    open.set(Open { chosen, ..(**open).clone() });
    true
}

/// The text before the cursor; browsers count in units of UTF-16.
fn before_cursor(field: &HtmlTextAreaElement) -> String {
    let units: Vec<u16> = field.value().encode_utf16().collect();
    let cursor = field.selection_start().ok().flatten().map_or(units.len(), |cursor| cursor as usize);
    String::from_utf16_lossy(&units[..cursor.min(units.len())])
}

/// Writes a name in place of what stands between a byte and the cursor.
fn put(field: &HtmlTextAreaElement, from: usize, name: &str) {
    let (text, before) = (field.value(), before_cursor(field));
    let (Some(kept), Some(rest)) = (before.get(..from), text.get(before.len()..)) else { return };
    let start = format!("{kept}{name}");
    let cursor = start.encode_utf16().count() as u32;
    field.set_value(&format!("{start}{rest}"));
    // A cursor that cannot be set stays at the end.
    let _ = field.set_selection_range(cursor, cursor);
}

/// Puts an earlier or later script into a field that is empty or holds one; whether there was one.
fn recall(field: &HtmlTextAreaElement, back: &mut usize, earlier: bool) -> bool {
    let scripts = stored();
    let value = field.value();
    let shown = back.checked_sub(1).and_then(|back| scripts.iter().rev().nth(back));
    if !value.is_empty() && shown != Some(&value) {
        return false;
    }
    let to = if earlier { *back + 1 } else { back.saturating_sub(1) };
    match to.checked_sub(1).map(|to| scripts.iter().rev().nth(to)) {
        Some(Some(script)) => field.set_value(script),
        Some(None) => return false,
        None => field.set_value(""),
    }
    *back = to;
    true
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

fn stored() -> Vec<String> {
    let text = storage().and_then(|storage| storage.get_item(STORED).ok().flatten()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Remembers a script that was run.
pub(super) fn remember(script: &str) {
    let mut scripts = stored();
    scripts.retain(|known| known != script);
    scripts.push(script.to_owned());
    let surplus = scripts.len().saturating_sub(MOST_SCRIPTS);
    scripts.drain(..surplus);
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(&scripts)) {
        // Where storage is full or switched off nothing is remembered.
        let _ = storage.set_item(STORED, &text);
    }
}
