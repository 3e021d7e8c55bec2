//! Asking the worker from a component.

use std::rc::Rc;

use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::api::Engine;
use crate::protocol::Question;

/// Something that is being asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Remote<T> {
    /// Nothing is asked.
    Idle,
    /// It is on its way; what was there before is still shown.
    Loading(Option<T>),
    /// It is there.
    Ready(T),
    /// It cannot be had, for this reason.
    Failed(String),
}

impl<T> Remote<T> {
    /// What can be shown.
    pub(crate) const fn shown(&self) -> Option<&T> {
        match self {
            Self::Ready(value) | Self::Loading(Some(value)) => Some(value),
            Self::Idle | Self::Loading(None) | Self::Failed(_) => None,
        }
    }

    /// Whether it is on its way.
    pub(crate) const fn is_loading(&self) -> bool {
        matches!(self, Self::Loading(_))
    }
}

/// Whom to ask, as a context of all components.
#[derive(Clone)]
pub(crate) struct Asking {
    /// The worker.
    pub engine: Rc<Engine>,
    /// Grows when the worker holds another recording, so that everything is asked again.
    pub generation: u32,
}

impl PartialEq for Asking {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.engine, &other.engine) && self.generation == other.generation
    }
}

/// The answer to `question`; asked anew when the question or the recording changes. An answer that comes after the next
/// question is dropped.
#[hook]
pub(crate) fn use_answer<Q: Question>(question: Option<Q>) -> Remote<Q::Answer> {
    let asking = use_context::<Asking>();
    let answer = use_state(|| Remote::Idle);
    let latest = use_mut_ref(|| 0u32);
    {
        let answer = answer.clone();
        let generation = asking.as_ref().map(|asking| asking.generation);
        // What is shown stays while the next answer is on its way.
        let shown = answer.shown().cloned();
        use_effect_with((question, generation), move |(question, _)| {
            let number = {
                let mut latest = latest.borrow_mut();
                *latest = latest.wrapping_add(1);
                *latest
            };
            let (Some(question), Some(asking)) = (question.clone(), asking) else {
                answer.set(Remote::Idle);
                return;
            };
            answer.set(Remote::Loading(shown));
            spawn_local(async move {
                let result = asking.engine.ask(question).await;
                if *latest.borrow() == number {
                    answer.set(result.map_or_else(Remote::Failed, Remote::Ready));
                }
            });
        });
    }
    (*answer).clone()
}
