//! The URL as the page's state: every change is a step that back and forward can take.

use gloo::events::EventListener;
use wasm_bindgen::JsValue;
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::route::Route;

/// Where the page is, and how to go elsewhere; a context of all components.
#[derive(Clone, PartialEq)]
pub(crate) struct Navigation {
    /// Where it is.
    pub route: Route,
    /// Goes elsewhere; back leads here again.
    pub go: Callback<Route>,
    /// Changes the place without a step in the history, for what is typed.
    pub amend: Callback<Route>,
    /// What of the address could not be read.
    pub trouble: Option<AttrValue>,
}

impl Navigation {
    /// Turns what has two sides.
    pub(crate) fn turn(&self, name: &'static str) -> Callback<MouseEvent> {
        let (go, route) = (self.go.clone(), self.route.turned(name));
        Callback::from(move |_: MouseEvent| go.emit(route.clone()))
    }

    /// Chooses what a list of choices says.
    pub(crate) fn choose(&self, name: &'static str) -> Callback<Event> {
        let (go, route) = (self.go.clone(), self.route.clone());
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            go.emit(route.with_option(name, Some(value)));
        })
    }
}

/// The page's navigation; only the top component calls it.
#[hook]
pub(crate) fn use_route() -> Navigation {
    let place = use_state(read);
    let here = use_mut_ref(Route::default);
    here.borrow_mut().clone_from(&place.0);
    {
        let (place, here) = (place.clone(), here.clone());
        use_effect_with((), move |()| {
            let listener = web_sys::window().map(|window| {
                let moved = move |_: &Event| {
                    let (route, trouble) = read();
                    place.set((arrive(route, &here.borrow()), trouble));
                };
                (
                    EventListener::new(&window, "hashchange", moved.clone()),
                    EventListener::new(&window, "popstate", moved),
                )
            });
            move || drop(listener)
        });
    }
    let setter = |replace: bool| {
        let place = place.clone();
        let here = here.clone();
        Callback::from(move |route: Route| {
            let route = route.coming_from(&here.borrow());
            write(&route, replace);
            place.set((route, None));
        })
    };
    let (go, amend) = (setter(false), setter(true));
    let (route, trouble) = (*place).clone();
    Navigation { route, go, amend, trouble: trouble.map(AttrValue::from) }
}

/// The navigation that the top component has.
#[hook]
pub(crate) fn use_navigation() -> Navigation {
    let found = use_context::<Navigation>();
    found.unwrap_or_else(|| Navigation {
        route: Route::default(),
        go: Callback::noop(),
        amend: Callback::noop(),
        trouble: None,
    })
}

/// Where a link leads to; the address says no more of it than is so.
fn arrive(route: Route, before: &Route) -> Route {
    let arrived = route.clone().coming_from(before);
    if arrived != route {
        write(&arrived, true);
    }
    arrived
}

fn read() -> (Route, Option<String>) {
    let fragment = web_sys::window().and_then(|window| window.location().hash().ok());
    Route::from_fragment(&fragment.unwrap_or_default())
}

fn write(route: &Route, replace: bool) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    let url = format!("#{}", route.to_fragment());
    // A browser may refuse too frequent changes of the address; the page itself goes on.
    let _ = if replace {
        history.replace_state_with_url(&JsValue::NULL, "", Some(&url))
    } else {
        history.push_state_with_url(&JsValue::NULL, "", Some(&url))
    };
}
