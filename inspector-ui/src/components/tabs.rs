//! The views, as links.

use yew::prelude::*;

use crate::hooks::use_navigation;
use crate::route::{Route, View};

/// The column of views. The set, the relation and the object stay the same.
#[function_component]
pub(crate) fn Tabs() -> Html {
    let navigation = use_navigation();
    let tab = |view: View| {
        let route = Route { view, filter: String::new(), ..navigation.route.clone() };
        let current = (view == navigation.route.view).then_some("page");
        let href = format!("#{}", route.to_fragment());
        html! { <a key={view.title()} {href} aria-current={current}>{ view.title() }</a> }
    };
    html! { <nav class="tabs" aria-label="Views">{ for View::ALL.into_iter().map(tab) }</nav> }
}
