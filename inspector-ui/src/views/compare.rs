//! Compare: what is new, freed and grown between two snapshots, of one recording or of two.

use wasm_bindgen_futures::spawn_local;
use web_sys::{File, HtmlInputElement, HtmlSelectElement};
use yew::prelude::*;

use super::ShownProps;
use crate::app::{Action, StateHandle};
use crate::components::{Column, LocalTable, Message, RowMaker, TableRow, answered, chip, number};
use crate::expression::{Combine, KindCall, SetExpression};
use crate::format;
use crate::hooks::{Asking, Navigation, use_answer, use_navigation};
use crate::protocol::{
    ChangeRow, CompareQuestion, Compared, LoadQuestion, Loaded, OpenQuestion, Place, SurvivorsQuestion,
};
use crate::route::{DEFAULT_BY, Route, View};

/// The view: the snapshot of the bar against an earlier one.
#[function_component]
pub(crate) fn CompareView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let loaded = &props.loaded;
    let named = navigation.route.before.and_then(|number| loaded.position(number));
    let before = named.or_else(|| props.snapshot.checked_sub(1));
    // Every object is a name of its own by Id, and none of them changes.
    let by = if navigation.route.by == "Id" { DEFAULT_BY.to_owned() } else { navigation.route.by.clone() };
    let question = before.map(|before| CompareQuestion { before, after: props.snapshot, by: by.clone() });
    let answer = use_answer(question);
    let Some(before) = before else {
        let text = "Choose a later snapshot in the bar, compare with another recording, or record more of them: \
                    --snapshot-at every:1s, grow, call:NAME.";
        return html! {
            <>
                <div class="tools"><OtherFile state={props.state.clone()} /></div>
                <Message title="There is no earlier snapshot to compare with" {text} />
            </>
        };
    };
    let since = answer.shown().and_then(|compared| compared.since);
    html! {
        <>
            <div class="tools">
                { choose_before(loaded, before, &navigation) }
                { choose_by(loaded, &by, &navigation) }
                <OtherFile state={props.state.clone()} />
                { since.map(|since| new_link(since, &navigation)) }
                <Survivors loaded={loaded.clone()} {before} after={props.snapshot} />
                <span class="summary" role="status">{ answer.shown().map(summary) }</span>
            </div>
            { answered(&answer, |compared| table(compared, &navigation)) }
        </>
    }
}

fn choose_before(loaded: &Loaded, before: usize, navigation: &Navigation) -> Html {
    let choose = {
        let navigation = navigation.clone();
        Callback::from(move |event: Event| {
            let number = event.target_unchecked_into::<HtmlSelectElement>().value().parse().ok();
            navigation.go.emit(Route { before: number, ..navigation.route.clone() });
        })
    };
    let option = |(position, summary): (usize, &crate::protocol::SnapshotSummary)| {
        let text = loaded.title(summary);
        html! { <option value={summary.number.to_string()} selected={position == before}>{ text }</option> }
    };
    html! { <label>{ "Since " }<select class="since" onchange={choose}>{ for loaded.snapshots.iter().enumerate().map(option) }</select></label> }
}

fn choose_by(loaded: &Loaded, by: &str, navigation: &Navigation) -> Html {
    let choose = {
        let navigation = navigation.clone();
        Callback::from(move |event: Event| {
            let by = event.target_unchecked_into::<HtmlSelectElement>().value();
            navigation.go.emit(Route { by, ..navigation.route.clone() });
        })
    };
    let option = |name: &String| html! { <option value={name.clone()} selected={*name == by}>{ name }</option> };
    let relations = loaded.relations.iter().filter(|name| *name != "Id");
    html! { <label>{ "by " }<select class="relation" onchange={choose}>{ for relations.map(option) }</select></label> }
}

/// Leads to everything that is new.
fn new_link(since: u32, navigation: &Navigation) -> Html {
    let set = SetExpression::heap().with(Combine::And, SetExpression::kind(KindCall::made_since(since)));
    let route = Route { view: View::Heap, set, by: DEFAULT_BY.into(), ..navigation.route.clone() };
    html! { <a href={format!("#{}", route.to_fragment())}>{ "All that is new" }</a> }
}

#[derive(Clone, PartialEq, Properties)]
struct OtherFileProps {
    state: StateHandle,
}

/// Another recording to compare with: one of the server's, or a file.
#[function_component]
fn OtherFile(props: &OtherFileProps) -> Html {
    let asking = use_context::<Asking>();
    let field = use_node_ref();
    let state = &props.state;
    let names: Vec<(usize, String)> = state.run.as_ref().map_or_else(Vec::new, |run| {
        let others = run.recordings.iter().enumerate().filter(|(index, _)| *index != state.recording);
        others.map(|(index, recording)| (index, recording.name.clone())).collect()
    });
    let load = {
        let (asking, state, names) = (asking.clone(), state.clone(), names.clone());
        Callback::from(move |event: Event| {
            let chosen = event.target_unchecked_into::<HtmlSelectElement>().value().parse::<usize>().ok();
            let found = names.iter().find(|(index, _)| Some(*index) == chosen).cloned();
            if let (Some((recording, name)), Some(asking)) = (found, asking.clone()) {
                let state = state.clone();
                spawn_local(async move {
                    let question = LoadQuestion { recording, name, place: Place::Beside };
                    tell(&state, asking.engine.ask(question).await);
                });
            }
        })
    };
    let open = {
        let state = state.clone();
        Callback::from(move |event: Event| {
            let files = event.target_unchecked_into::<HtmlInputElement>().files();
            let file: Option<File> = files.and_then(|files| files.get(0));
            if let (Some(file), Some(asking)) = (file, asking.clone()) {
                let state = state.clone();
                spawn_local(async move {
                    let question = OpenQuestion { name: file.name(), place: Place::Beside };
                    tell(&state, asking.engine.ask_with_file(question, Some(file)).await);
                });
            }
        })
    };
    let press = {
        let field = field.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(field) = field.cast::<HtmlInputElement>() {
                field.click();
            }
        })
    };
    let option = |(index, name): &(usize, String)| html! { <option value={index.to_string()}>{ format::visible(name) }</option> };
    html! {
        <>
            if !names.is_empty() {
                <select class="beside" aria-label="Compare with another recording" onchange={load}>
                    <option value="" selected=true disabled=true>{ "Other recording…" }</option>
                    { for names.iter().map(option) }
                </select>
            }
            <input ref={field} class="beside" type="file" accept=".heapy" hidden=true aria-label="Recording to compare with" onchange={open} />
            <button title="Open a recording beside this one" onclick={press}>{ "With a file…" }</button>
        </>
    }
}

fn tell(state: &StateHandle, answer: Result<Loaded, String>) {
    state.dispatch(answer.map_or_else(Action::Trouble, Action::Added));
}

#[derive(Clone, PartialEq, Properties)]
struct SurvivorsProps {
    loaded: Loaded,
    before: usize,
    after: usize,
}

/// The three-snapshot method in one click: what was made between the two snapshots before this one and is still alive.
#[function_component]
fn Survivors(props: &SurvivorsProps) -> Html {
    let asking = use_context::<Asking>();
    let navigation = use_navigation();
    let trouble = use_state(|| None::<String>);
    let snapshots = &props.loaded.snapshots;
    let file = |position: usize| snapshots.get(position).map(|summary| summary.file);
    let first = props.before.checked_sub(1).filter(|first| {
        props.before < props.after && file(*first) == file(props.after) && file(props.before) == file(props.after)
    });
    let Some(first) = first else { return html! {} };
    let numbers = (snapshots[first].facts.snapshot, snapshots[props.before].facts.snapshot);
    let ask = {
        let (trouble, between) = (trouble.clone(), (first, props.before));
        Callback::from(move |_: MouseEvent| {
            let Some(asking) = asking.clone() else { return };
            let (navigation, trouble) = (navigation.clone(), trouble.clone());
            spawn_local(async move {
                match asking.engine.ask(SurvivorsQuestion { between }).await {
                    Ok(found) => {
                        let kind = |call| SetExpression::kind(call);
                        let set = SetExpression::heap()
                            .with(Combine::And, kind(KindCall::made_since(found.since)))
                            .with(Combine::And, kind(KindCall::made_before(found.until)));
                        let by = DEFAULT_BY.into();
                        navigation.go.emit(Route { view: View::Heap, set, by, ..navigation.route.clone() });
                    }
                    Err(error) => trouble.set(Some(error)),
                }
            });
        })
    };
    let title =
        "Three snapshots: what was made between the first two and is still alive in the third was probably meant to go";
    html! {
        <>
            <button class="survivors" {title} onclick={ask}>{ format!("Made between {} and {}, still alive", numbers.0, numbers.1) }</button>
            if let Some(error) = &*trouble {
                <span class="alarm" role="alert">{ error }</span>
            }
        </>
    }
}

fn table(compared: &Compared, navigation: &Navigation) -> Html {
    let (rows, serials) = (compared.rows.clone(), compared.serials);
    let total = rows.len();
    let make = RowMaker::new(move |position| cells(&rows[position], serials));
    let open = {
        let (rows, since, navigation) = (compared.rows.clone(), compared.since, navigation.clone());
        Callback::from(move |position: usize| {
            let Some(set) = rows.get(position).and_then(|row| opened(row, since)) else { return };
            navigation.go.emit(Route { view: View::Heap, set, by: "Id".into(), ..navigation.route.clone() });
        })
    };
    html! { <LocalTable label="Changes" columns={columns(serials)} {total} row={make} on_open={open} /> }
}

/// What a row leads to: its new objects where there are any, else all of its name.
fn opened(row: &ChangeRow, since: Option<u32>) -> Option<SetExpression> {
    let set = row.set.clone()?;
    match since.filter(|_| row.new.0 > 0) {
        Some(since) => Some(set.with(Combine::And, SetExpression::kind(KindCall::made_since(since)))),
        None => Some(set),
    }
}

fn summary(compared: &Compared) -> String {
    let sum = |side: fn(&ChangeRow) -> u64| compared.rows.iter().map(side).sum::<u64>();
    let change = format::signed(sum(|row| row.before.1), sum(|row| row.after.1));
    let names = format::counted(compared.rows.len() as u64, "name", "names");
    let trust =
        if compared.serials { "objects told apart by serial" } else { "objects cannot be told apart: sums only" };
    format!("{change} bytes · {names} · {trust}")
}

fn columns(serials: bool) -> Vec<Column> {
    let mut columns = vec![Column::text("Name")];
    for title in ["Count before", "Count after", "Bytes before", "Bytes after", "Change"] {
        columns.push(Column::number(title));
    }
    if serials {
        for title in ["New", "New bytes", "Freed", "Freed bytes"] {
            columns.push(Column::number(title));
        }
    }
    columns
}

fn cells(row: &ChangeRow, serials: bool) -> TableRow {
    let name = format::visible(&row.name);
    let mut cells = vec![html! { <>{ chip(&row.name) }{ format::short_place(&name) }</> }];
    cells.extend([row.before.0, row.after.0, row.before.1, row.after.1].map(number));
    cells.push(html! { format::signed(row.before.1, row.after.1) });
    if serials {
        cells.extend([row.new.0, row.new.1, row.freed.0, row.freed.1].map(number));
    }
    TableRow { title: name.into(), cells }
}
