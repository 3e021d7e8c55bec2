//! The keyboard: one map for the whole page.

use gloo::events::EventListener;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};
use yew::prelude::*;

use crate::hooks::Navigation;
use crate::route::{Route, View};

/// Keys that are not for a view, and what they do.
const KEYS: [(&str, &str); 12] = [
    ("/", "search in the table"),
    ("j  k  ↓  ↑", "next row, previous row"),
    ("Home  End  PgUp  PgDn", "far through the table"),
    ("Enter  o", "open the row"),
    ("Space  Shift+↓  Shift+↑", "select more rows; with the mouse Ctrl and Shift"),
    (".", "what can be done with the selected rows"),
    ("u", "up: the set without its last step"),
    ("b", "choose the relation"),
    ("c", "copy the expression"),
    ("n", "give the set a name"),
    ("g then a letter", "go to a view"),
    ("?", "these keys"),
];

/// Follows the page's keys. `on_help` is told to show the list of keys.
#[hook]
pub(crate) fn use_keys(navigation: &Navigation, on_help: Callback<bool>) {
    let after_g = use_mut_ref(|| false);
    let navigation = navigation.clone();
    use_effect_with(navigation, move |navigation| {
        let navigation = navigation.clone();
        let listener = web_sys::window().map(|window| {
            let options = gloo::events::EventListenerOptions::enable_prevent_default();
            EventListener::new_with_options(&window, "keydown", options, move |event| {
                let Some(event) = event.dyn_ref::<KeyboardEvent>() else { return };
                if event.ctrl_key() || event.meta_key() || event.alt_key() || is_typing(event) {
                    return;
                }
                let second = std::mem::take(&mut *after_g.borrow_mut());
                let done = if second {
                    go_to_view(&navigation, &event.key())
                } else {
                    press(&navigation, &on_help, &mut after_g.borrow_mut(), &event.key())
                };
                if done {
                    event.prevent_default();
                }
            })
        });
        move || drop(listener)
    });
}

/// Whether the key belongs to a field that the user types into.
fn is_typing(event: &KeyboardEvent) -> bool {
    let element = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

fn go_to_view(navigation: &Navigation, key: &str) -> bool {
    let view = View::ALL.into_iter().find(|view| view.key() == key);
    if let Some(view) = view {
        navigation.go.emit(Route { view, filter: String::new(), ..navigation.route.clone() });
    }
    view.is_some()
}

/// Does what a key asks for; whether it asks for anything.
fn press(navigation: &Navigation, on_help: &Callback<bool>, after_g: &mut bool, key: &str) -> bool {
    match key {
        "g" => *after_g = true,
        "/" => return focus("input[type=search]"),
        "b" => return focus("select.relation"),
        "c" => return click("button.copy"),
        "n" => return click("button.name-set"),
        "?" => on_help.emit(true),
        "Escape" => on_help.emit(false),
        "u" => {
            let Some(count) = navigation.route.set.steps.len().checked_sub(1) else { return false };
            navigation.go.emit(Route { set: navigation.route.set.up_to(count), ..navigation.route.clone() });
        }
        "j" | "k" => return focus("table[role=grid]"),
        _ => return false,
    }
    true
}

fn find(selector: &str) -> Option<HtmlElement> {
    let document = web_sys::window()?.document()?;
    document.query_selector(selector).ok()??.dyn_into().ok()
}

fn focus(selector: &str) -> bool {
    find(selector).is_some_and(|element| element.focus().is_ok())
}

fn click(selector: &str) -> bool {
    find(selector).map(|element| element.click()).is_some()
}

/// What closes the list.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct KeyHelpProps {
    /// Closes it.
    pub on_close: Callback<()>,
}

/// The list of keys.
#[function_component]
pub(crate) fn KeyHelp(props: &KeyHelpProps) -> Html {
    let button = use_node_ref();
    {
        let button = button.clone();
        use_effect_with((), move |()| {
            if let Some(button) = button.cast::<HtmlElement>() {
                // An element that cannot take the focus is no harm.
                let _ = button.focus();
            }
        });
    }
    let row = |key: &str, what: &str| html! { <tr><th scope="row"><kbd>{ key.to_owned() }</kbd></th><td>{ what.to_owned() }</td></tr> };
    html! {
        <dialog open=true aria-label="Keys" class="keys">
            <table class="plain">
                <tbody>
                    { for KEYS.iter().map(|(key, what)| row(key, what)) }
                    { for View::ALL.into_iter().map(|view| row(&format!("g {}", view.key()), view.title())) }
                </tbody>
            </table>
            <p><button ref={button} onclick={props.on_close.reform(|_| ())}>{ "Close" }</button></p>
        </dialog>
    }
}
