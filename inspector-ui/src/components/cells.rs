//! Pieces of tables: numbers, bytes, shares, colours.

use yew::prelude::*;

use crate::colour;
use crate::format;

/// An exact number; zero is dim.
pub(crate) fn number(value: u64) -> Html {
    let class = (value == 0).then_some("zero");
    html! { <span {class}>{ format::exact(value) }</span> }
}

/// Bytes in a binary unit, exact on hover and for screen readers.
pub(crate) fn bytes(value: u64) -> Html {
    let exact = format!("{} bytes", format::exact(value));
    html! {
        <span title={exact.clone()}>
            <span aria-hidden="true">{ format::binary(value) }</span>
            <span class="hidden">{ exact }</span>
        </span>
    }
}

/// The colour of a kind.
pub(crate) fn chip(kind: &str) -> Html {
    html! { <span class="chip" aria-hidden="true" style={colour::background(kind)} /> }
}

/// A bar as long as the share.
pub(crate) fn share_bar(part: u64, whole: u64) -> Html {
    let width = format!("width: {:.1}%", 100.0 * format::share(part, whole));
    html! { <span class="share" aria-hidden="true"><i style={width} /></span> }
}
