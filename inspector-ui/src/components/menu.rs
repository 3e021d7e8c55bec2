//! A menu of what can be done with what is selected: by mouse, by arrow keys, by a letter.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

/// Room that a menu needs, so that it lies within the window.
const SIZE: (i32, i32) = (460, 340);

/// Something that can be done.
#[derive(Clone, PartialEq)]
pub(crate) struct MenuItem {
    /// What it does.
    pub label: AttrValue,
    /// The letter that chooses it.
    pub key: &'static str,
    /// The line of the JS API that does the same, if there is one.
    pub line: AttrValue,
}

/// What a menu offers.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct MenuProps {
    /// Where it opens, in the window.
    pub at: (i32, i32),
    /// What it is about.
    pub title: AttrValue,
    /// What can be chosen.
    pub items: Vec<MenuItem>,
    /// Something was chosen, by its position.
    pub on_choose: Callback<usize>,
    /// It was left.
    pub on_close: Callback<()>,
}

/// The menu. It takes the focus and gives it back to what had it.
#[function_component]
pub(crate) fn Menu(props: &MenuProps) -> Html {
    let list = use_node_ref();
    {
        let list = list.clone();
        use_effect_with((), move |()| {
            let before = focused();
            move_focus(&list, |_, _| 0);
            move || {
                // What has gone in the meantime cannot take the focus, which is no harm.
                let _ = before.map(|element| element.focus());
            }
        });
    }
    let on_key = {
        let (props, list) = (props.clone(), list.clone());
        Callback::from(move |event: KeyboardEvent| {
            // The page's own keys rest meanwhile.
            event.stop_propagation();
            let key = event.key();
            match key.as_str() {
                "Escape" | "Tab" => props.on_close.emit(()),
                "ArrowDown" => move_focus(&list, |at, count| (at + 1) % count),
                "ArrowUp" => move_focus(&list, |at, count| (at + count - 1) % count),
                "Home" => move_focus(&list, |_, _| 0),
                "End" => move_focus(&list, |_, count| count - 1),
                // The browser presses the button.
                "Enter" | " " => return,
                _ => match props.items.iter().position(|item| item.key == key) {
                    Some(index) => props.on_choose.emit(index),
                    None => return,
                },
            }
            event.prevent_default();
        })
    };
    let leave = props.on_close.reform(|event: MouseEvent| event.prevent_default());
    let item = |(index, item): (usize, &MenuItem)| {
        let choose = props.on_choose.reform(move |_: MouseEvent| index);
        html! {
            <button role="menuitem" tabindex="-1" title={item.line.clone()} onclick={choose}>
                <span>{ &item.label }</span><code class="quiet"><bdi>{ &item.line }</bdi></code><kbd>{ item.key }</kbd>
            </button>
        }
    };
    html! {
        <>
            <div class="menu-ground" onclick={leave.clone()} oncontextmenu={leave} />
            <div ref={list} class="menu" role="menu" aria-label={props.title.clone()} style={place(props.at)} onkeydown={on_key}>
                <div class="quiet title" role="presentation">{ &props.title }</div>
                { for props.items.iter().enumerate().map(item) }
            </div>
        </>
    }
}

/// Where the menu lies, so that all of it is in the window.
fn place((x, y): (i32, i32)) -> String {
    let size = |length: Result<wasm_bindgen::JsValue, _>| length.ok().and_then(|length| length.as_f64()).unwrap_or(0.0);
    let (wide, high) =
        web_sys::window().map_or((0.0, 0.0), |window| (size(window.inner_width()), size(window.inner_height())));
    let (left, top) = (x.min(wide as i32 - SIZE.0).max(0), y.min(high as i32 - SIZE.1).max(0));
    format!("left: {left}px; top: {top}px; width: {}px", SIZE.0)
}

fn focused() -> Option<HtmlElement> {
    web_sys::window()?.document()?.active_element()?.dyn_into().ok()
}

/// Gives the focus to the item whose position `next` tells from the present one and the number of all.
fn move_focus(list: &NodeRef, next: impl Fn(usize, usize) -> usize) {
    let Some(buttons) = list.cast::<Element>().and_then(|list| list.query_selector_all("button").ok()) else { return };
    let now = focused();
    let count = buttons.length() as usize;
    let is_now = |index: &usize| buttons.item(*index as u32).as_ref() == now.as_ref().map(AsRef::as_ref);
    let at = (0..count).find(is_now).unwrap_or(0);
    if count == 0 {
        return;
    }
    if let Some(button) = buttons.item(next(at, count) as u32).and_then(|node| node.dyn_into::<HtmlElement>().ok()) {
        // It is there and can take the focus.
        let _ = button.focus();
    }
}
