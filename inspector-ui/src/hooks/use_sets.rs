//! Sets that the user has given names, remembered by the browser.

use yew::prelude::*;

use crate::expression::SetExpression;
use crate::list::List;

/// Where the browser keeps them.
const STORED: &str = "heapy.sets";

/// Named sets, as a context of all components.
#[derive(Clone, PartialEq)]
pub(crate) struct NamedSets {
    /// Names and sets, in the order in which they were named.
    pub sets: List<(String, SetExpression)>,
    /// Gives a set a name, in place of what had it.
    pub keep: Callback<(String, SetExpression)>,
    /// Forgets a name.
    pub forget: Callback<String>,
}

/// The page's named sets; only the top component calls it.
#[hook]
pub(crate) fn use_sets() -> NamedSets {
    let sets = use_state(read);
    let change = {
        let sets = sets.clone();
        move |name: &str, set: Option<SetExpression>| {
            let others = sets.iter().filter(|(known, _)| known != name).cloned();
            let changed: List<_> = others.chain(set.map(|set| (name.to_owned(), set))).collect();
            write(&changed);
            sets.set(changed);
        }
    };
    let keep = {
        let change = change.clone();
        Callback::from(move |(name, set): (String, SetExpression)| change(&name, Some(set)))
    };
    let forget = Callback::from(move |name: String| change(&name, None));
    NamedSets { sets: (*sets).clone(), keep, forget }
}

fn read() -> List<(String, SetExpression)> {
    let storage = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
    let text = storage.and_then(|storage| storage.get_item(STORED).ok().flatten()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn write(sets: &List<(String, SetExpression)>) {
    let storage = web_sys::window().and_then(|window| window.local_storage().ok().flatten());
    if let (Some(storage), Ok(text)) = (storage, serde_json::to_string(sets)) {
        // Where storage is full or switched off names last as long as the page.
        let _ = storage.set_item(STORED, &text);
    }
}
