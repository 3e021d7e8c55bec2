//! Compare: what is new, freed and grown between two snapshots.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::ShownProps;
use crate::components::{Column, LocalTable, Message, RowMaker, TableRow, answered, chip, number};
use crate::format;
use crate::hooks::{use_answer, use_navigation};
use crate::protocol::{ChangeRow, CompareQuestion, Compared};
use crate::route::{DEFAULT_BY, Route};

/// The view: the snapshot of the bar against an earlier one.
#[function_component]
pub(crate) fn CompareView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let snapshots = &props.loaded.snapshots;
    let named = navigation
        .route
        .before
        .and_then(|number| snapshots.iter().position(|summary| summary.facts.snapshot == number));
    let before = named.or_else(|| props.snapshot.checked_sub(1));
    // Every object is a name of its own by Id, and none of them changes.
    let by = if navigation.route.by == "Id" { DEFAULT_BY.to_owned() } else { navigation.route.by.clone() };
    let question = before.map(|before| CompareQuestion { before, after: props.snapshot, by: by.clone() });
    let answer = use_answer(question);
    let Some(before) = before else {
        let text =
            "Choose a later snapshot in the bar, or record more of them: --snapshot-at every:1s, grow, call:NAME.";
        return html! { <Message title="There is no earlier snapshot to compare with" {text} /> };
    };
    let choose_before = {
        let navigation = navigation.clone();
        Callback::from(move |event: Event| {
            let number = event.target_unchecked_into::<HtmlSelectElement>().value().parse().ok();
            navigation.go.emit(Route { before: number, ..navigation.route.clone() });
        })
    };
    let choose_by = {
        let navigation = navigation.clone();
        Callback::from(move |event: Event| {
            let by = event.target_unchecked_into::<HtmlSelectElement>().value();
            navigation.go.emit(Route { by, ..navigation.route.clone() });
        })
    };
    let option = |(position, summary): (usize, &crate::protocol::SnapshotSummary)| {
        let facts = &summary.facts;
        let text = format!("snapshot {} · {}", facts.snapshot, format::visible(&facts.reason));
        html! { <option value={facts.snapshot.to_string()} selected={position == before}>{ text }</option> }
    };
    let relations = props.loaded.relations.iter().filter(|name| *name != "Id");
    html! {
        <>
            <div class="tools">
                <label>{ "Since " }<select onchange={choose_before}>{ for snapshots.iter().enumerate().map(option) }</select></label>
                <label>{ "by " }
                    <select class="relation" onchange={choose_by}>
                        { for relations.map(|name| html! { <option value={name.clone()} selected={*name == by}>{ name }</option> }) }
                    </select>
                </label>
                <span class="summary" role="status">{ answer.shown().map(summary) }</span>
            </div>
            { answered(&answer, |compared| {
                let (rows, serials) = (compared.rows.clone(), compared.serials);
                let total = rows.len();
                let make = RowMaker::new(move |position| cells(&rows[position], serials));
                html! { <LocalTable label="Changes" columns={columns(serials)} {total} row={make} /> }
            }) }
        </>
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
    let mut cells = vec![html! { <>{ chip(&row.name) }{ &name }</> }];
    cells.extend([row.before.0, row.after.0, row.before.1, row.after.1].map(number));
    cells.push(html! { format::signed(row.before.1, row.after.1) });
    if serials {
        cells.extend([row.new.0, row.new.1, row.freed.0, row.freed.1].map(number));
    }
    TableRow { title: name.into(), cells }
}
