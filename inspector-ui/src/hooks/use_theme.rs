//! Light or dark: an attribute of the document that the tokens follow, remembered by the browser.

use yew::prelude::*;

/// The colours of the page, as a context of all components; another value means that pictures are out of date.
#[derive(Clone, PartialEq)]
pub(crate) struct Theme {
    /// Whether they are dark.
    pub is_dark: bool,
    /// Changes between light and dark.
    pub turn: Callback<()>,
}

/// The page's theme; only the top component calls it.
#[hook]
pub(crate) fn use_theme() -> Theme {
    let is_dark = use_state(|| root().and_then(|root| root.get_attribute("data-theme")).as_deref() == Some("dark"));
    let turn = {
        let is_dark = is_dark.clone();
        use_callback(*is_dark, move |(), now_dark| {
            set(if *now_dark { "light" } else { "dark" });
            is_dark.set(!*now_dark);
        })
    };
    Theme { is_dark: *is_dark, turn }
}

fn root() -> Option<web_sys::Element> {
    web_sys::window()?.document()?.document_element()
}

fn set(theme: &str) {
    if let Some(root) = root() {
        // The attribute's name is fixed and valid.
        let _ = root.set_attribute("data-theme", theme);
    }
    let storage = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
    if let Some(storage) = storage {
        // Where storage is full or switched off the choice lasts as long as the page.
        let _ = storage.set_item("heapy.theme", theme);
    }
}
