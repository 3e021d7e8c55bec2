//! The short tables of the overview: each row leads to its objects, each table to its view.

use yew::prelude::*;

use crate::components::{chip, number, share_bar};
use crate::expression::SetExpression;
use crate::format;
use crate::hooks::Navigation;
use crate::order::largest_first;
use crate::protocol::{
    ChangeRow, Compared, Course, Dominators, Growth, LeakCluster, Leaks, Row, SnapshotSummary, Table, WeightBox,
};
use crate::route::{DEFAULT_BY, Route, View};

/// Rows of a short table.
pub(super) const ROWS: usize = 8;

/// A short table: its title, the names of its columns of numbers, its rows, and where all of them are.
struct Short {
    title: AttrValue,
    columns: &'static [&'static str],
    rows: Vec<Html>,
    all: Route,
    all_text: &'static str,
}

impl Short {
    fn html(self) -> Html {
        let head = |column: &&'static str| html! { <th class="number" scope="col">{ *column }</th> };
        html! {
            <section>
                <h2>{ self.title }</h2>
                <table class="short">
                    <thead><tr><th scope="col">{ "Name" }</th>{ for self.columns.iter().map(head) }</tr></thead>
                    <tbody>{ for self.rows }</tbody>
                </table>
                <p><a href={format!("#{}", self.all.to_fragment())}>{ self.all_text }</a></p>
            </section>
        }
    }
}

/// The first cell: a colour, and a name that leads somewhere. Names are cut, never wrapped.
fn name_cell(kind: &str, name: &str, route: &Route) -> Html {
    let full = format::visible(name.trim());
    let short = format::short_place(&full);
    html! { <td class="name" title={full}>{ chip(kind) }<a href={format!("#{}", route.to_fragment())}>{ short }</a></td> }
}

fn cell(content: Html) -> Html {
    html! { <td class="number">{ content }</td> }
}

fn percent_cells(part: u64, whole: u64) -> Html {
    html! { <td class="number">{ format::percent(part, whole) }{ " % " }{ share_bar(part, whole) }</td> }
}

/// Kinds or allocating lines with most bytes.
pub(super) fn top_table(title: &'static str, table: &Table, by: &'static str, navigation: &Navigation) -> Html {
    let whole = table.size;
    let row = |row: &Row| {
        let route = Route { view: View::Heap, set: row.set.clone(), by: "Id".into(), ..navigation.route.clone() };
        html! {
            <tr>
                { name_cell(&row.kind, &row.name, &route) }
                { cell(number(row.count)) }{ cell(number(row.size)) }{ percent_cells(row.size, whole) }
            </tr>
        }
    };
    let all = Route { view: View::Heap, set: SetExpression::heap(), by: by.into(), ..navigation.route.clone() };
    let rows = table.rows.iter().map(row).collect();
    Short { title: title.into(), columns: &["Count", "Bytes", "Share"], rows, all, all_text: "The whole heap" }.html()
}

/// The objects through which alone most bytes live.
///
/// Of a large heap they are worked out only in their own view, where the user asks for them.
pub(super) fn holders(held: Option<&Dominators>, quick: bool, navigation: &Navigation) -> Html {
    let whole = held.and_then(|held| held.boxes.first()).map_or(0, |top| top.weight);
    let row = |part: &WeightBox| {
        let route = Route { view: View::Dominators, top: part.object, object: part.object, ..navigation.route.clone() };
        html! {
            <tr>
                { name_cell(&part.name, &format!("{} {}", part.name, part.place), &route) }
                { cell(number(part.count)) }{ cell(number(part.weight)) }{ percent_cells(part.weight, whole) }
            </tr>
        }
    };
    let first = held.map_or_else(Vec::new, |held| {
        let mut parts: Vec<&WeightBox> = held.boxes.iter().filter(|part| part.depth == 1).collect();
        largest_first(&mut parts, |part| part.weight);
        parts.into_iter().take(ROWS).map(row).collect()
    });
    let all = Route { view: View::Dominators, top: None, ..navigation.route.clone() };
    let columns = &["Holds", "Bytes", "Share"];
    let all_text = if quick { "All dominators" } else { "Work out the dominators of this large heap" };
    Short { title: "What keeps it alive".into(), columns, rows: first, all, all_text }.html()
}

/// The largest changes since the snapshot before.
pub(super) fn changes(compared: Option<&Compared>, before: Option<&SnapshotSummary>, navigation: &Navigation) -> Html {
    let Some(before) = before else { return html! {} };
    let row = |row: &ChangeRow| {
        let set = row.set.clone().unwrap_or_default();
        let route = Route { view: View::Heap, set, by: "Id".into(), ..navigation.route.clone() };
        html! {
            <tr>
                { name_cell(&row.name, &row.name, &route) }
                { cell(html! { format::signed(row.before.0, row.after.0) }) }
                { cell(html! { format::signed(row.before.1, row.after.1) }) }
                { cell(number(row.new.0)) }{ cell(number(row.freed.0)) }
            </tr>
        }
    };
    let rows = compared.map_or_else(Vec::new, |compared| compared.rows.iter().take(ROWS).map(row).collect());
    let title = format!("What changed since snapshot {}", before.facts.snapshot).into();
    let by = DEFAULT_BY.into();
    let all = Route { view: View::Compare, before: Some(before.number), by, ..navigation.route.clone() };
    Short { title, columns: &["Count", "Bytes", "New", "Freed"], rows, all, all_text: "All changes" }.html()
}

/// What nothing reaches any more.
pub(super) fn top_leaks(leaks: &Leaks, navigation: &Navigation) -> Html {
    let row = |cluster: &LeakCluster| {
        let set = cluster.set.clone();
        let route = Route { view: View::Heap, set, by: "Id".into(), ..navigation.route.clone() };
        let name = format!("{} from {}", cluster.kind.trim(), format::short_place(&cluster.site));
        html! {
            <tr>
                { name_cell(&cluster.kind, &name, &route) }
                { cell(number(cluster.roots)) }{ cell(number(cluster.held_size)) }{ percent_cells(cluster.held_size, leaks.size) }
            </tr>
        }
    };
    let rows = leaks.clusters.iter().map(row).collect();
    let all = Route { view: View::Leaks, ..navigation.route.clone() };
    let columns = &["Roots", "Bytes", "Share"];
    Short { title: "What leaks".into(), columns, rows, all, all_text: "All leaks" }.html()
}

/// The last growths of linear memory, and why they were needed.
pub(super) fn growths(course: &Course) -> Html {
    let row = |growth: &Growth| {
        let by = if growth.by.is_empty() { "unknown" } else { &growth.by };
        let words = format!("{by}\n{}", growth.cause);
        let grown = match growth.grown_bytes {
            0 => "refused".to_owned(),
            bytes => format!("+{}", format::binary(bytes)),
        };
        html! {
            <tr title={words}>
                <td class="name">{ growth.cause.clone() }<span class="quiet">{ format!(" · {by}") }</span></td>
                { cell(html! { format::moment(growth.at_nanos / 1_000_000) }) }
                { cell(html! { grown }) }{ cell(html! { format::binary(growth.live_bytes) }) }
            </tr>
        }
    };
    let shown = course.growths.iter().rev().take(ROWS);
    let others = course.growths.len() as u64 + course.more - shown.len() as u64;
    html! {
        <section class="growths">
            <h2>{ "Why memory grew" }</h2>
            <table class="short">
                <thead>
                    <tr><th scope="col">{ "Cause, and who asked" }</th><th class="number" scope="col">{ "At" }</th><th class="number" scope="col">{ "By" }</th><th class="number" scope="col">{ "Live then" }</th></tr>
                </thead>
                <tbody>{ for shown.rev().map(row) }</tbody>
            </table>
            if others > 0 {
                <p class="quiet">{ format!("and {} before", format::counted(others, "growth", "growths")) }</p>
            }
        </section>
    }
}
