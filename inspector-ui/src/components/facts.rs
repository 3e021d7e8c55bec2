//! The line at the bottom: what the snapshot holds, and what could be seen of it.

use heapy_engine::Seen;
use yew::prelude::*;

use crate::format;
use crate::hooks::use_answer;
use crate::protocol::{FiguresQuestion, SnapshotSummary};

/// Which snapshot.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct FactsBarProps {
    /// Its position in the recording; none while there is none.
    pub snapshot: Option<(usize, SnapshotSummary)>,
}

/// The facts of a snapshot.
#[function_component]
pub(crate) fn FactsBar(props: &FactsBarProps) -> Html {
    let question = props.snapshot.as_ref().map(|(snapshot, _)| FiguresQuestion { snapshot: *snapshot });
    let answer = use_answer(question);
    let (Some((_, summary)), Some(figures)) = (&props.snapshot, answer.shown()) else {
        return html! { <footer class="facts" /> };
    };
    let facts = &summary.facts;
    let roots = [
        ("globals", facts.globals),
        ("statics", facts.statics),
        ("stack", facts.shadow_stack),
        ("locals", facts.locals),
    ];
    let live =
        format!("live {} in {}", format::binary(figures.bytes), format::counted(figures.blocks, "block", "blocks"));
    let memory = format!(
        "memory {} ({} % live)",
        format::binary(facts.memory_bytes),
        format::percent(figures.bytes, facts.memory_bytes)
    );
    html! {
        <footer class="facts">
            <span title={format!("{} bytes", format::exact(figures.bytes))}>{ live }</span>
            <span title={format!("{} bytes", format::exact(facts.memory_bytes))}>{ memory }</span>
            <span title="Edges that rest on nothing but a word that looks like an address">
                { format!("conservative: {} of {} edges", format::exact(figures.conservative), format::exact(figures.edges)) }
            </span>
            <span>{ "roots: " }{ for roots.map(|(name, seen)| root(name, seen)) }</span>
            if !facts.notes.is_empty() {
                <span class="unseen" title={facts.notes.join("\n")}>
                    { format::counted(facts.notes.len() as u64, "note", "notes") }
                </span>
            }
        </footer>
    }
}

/// Whether a group of roots was seen, in a mark and in words.
fn root(name: &'static str, seen: Seen) -> Html {
    let (mark, words, class) = match seen {
        Seen::Yes => ("✓", "all of them were looked at", ""),
        Seen::None => ("–", "there are none at this moment", ""),
        Seen::Unknown => ("?", "could not be looked at: what only they hold looks leaked", "unseen"),
    };
    html! {
        <span {class} title={format!("{name}: {words}")}>
            { name }{ " " }<span aria-hidden="true">{ mark }</span><span class="hidden">{ words }</span>{ "  " }
        </span>
    }
}
