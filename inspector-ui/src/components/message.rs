//! What stands in place of an answer: a hint, or what went wrong.

use yew::prelude::*;

use crate::hooks::Remote;

/// What is said.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct MessageProps {
    /// In a few words.
    pub title: AttrValue,
    /// In full.
    #[prop_or_default]
    pub text: AttrValue,
    /// Whether something went wrong.
    #[prop_or_default]
    pub failed: bool,
    /// Makes it go away, where it can.
    #[prop_or_default]
    pub on_close: Option<Callback<()>>,
}

/// A hint or an error.
#[function_component]
pub(crate) fn Message(props: &MessageProps) -> Html {
    let class = classes!("message", props.failed.then_some("failed"));
    let role = if props.failed { "alert" } else { "status" };
    html! {
        <div {class} {role}>
            <strong>{ &props.title }</strong>
            <pre>{ &props.text }</pre>
            if let Some(on_close) = &props.on_close {
                <button onclick={on_close.reform(|_| ())}>{ "Close" }</button>
            }
        </div>
    }
}

/// Shows an answer once it is there; until then a bar, and if it fails why.
pub(crate) fn answered<T>(answer: &Remote<T>, show: impl FnOnce(&T) -> Html) -> Html {
    let waits = answer.is_loading();
    html! {
        <>
            if waits {
                <div class="progress" role="progressbar" aria-label="The engine is at work" />
            }
            if let Remote::Failed(error) = answer {
                <Message title="The engine cannot answer this" text={error.clone()} failed=true />
            }
            if let Some(value) = answer.shown() {
                { show(value) }
            }
        </>
    }
}
