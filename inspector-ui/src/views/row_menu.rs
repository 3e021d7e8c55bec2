//! What can be done with the rows that are selected in a partition: sets that follow from them, and views of them.

use yew::prelude::*;

use crate::components::{Menu, MenuItem, copy};
use crate::expression::{Combine, Follow, SetExpression, Step};
use crate::format;
use crate::hooks::use_navigation;
use crate::protocol::{Row, Sort};
use crate::route::{Route, View};

/// Rows of which, and where the menu opens.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct RowMenuProps {
    /// The rows; at least one.
    pub rows: Vec<Row>,
    /// Where it opens, in the window.
    pub at: (i32, i32),
    /// It was left, or something was chosen.
    pub on_close: Callback<()>,
}

/// What an entry leads to.
#[derive(Clone)]
enum Target {
    Place(Route),
    Copied(String),
}

/// The menu.
#[function_component]
pub(crate) fn RowMenu(props: &RowMenuProps) -> Html {
    let navigation = use_navigation();
    let Some(set) = union(&props.rows) else { return html! {} };
    let entries = entries(&navigation.route, &set);
    let items =
        entries.iter().map(|(label, key, line, _)| MenuItem { label: (*label).into(), key, line: line.clone().into() });
    let items: Vec<MenuItem> = items.collect();
    let on_choose = {
        let (close, go) = (props.on_close.clone(), navigation.go.clone());
        Callback::from(move |index: usize| {
            match entries.get(index).map(|(_, _, _, target)| target.clone()) {
                Some(Target::Place(route)) => go.emit(route),
                Some(Target::Copied(text)) => copy(&text, Callback::noop()),
                None => {}
            }
            close.emit(());
        })
    };
    let title = match props.rows.as_slice() {
        [row] => format::visible(row.name.trim()),
        rows => format!("{} selected", format::counted(rows.len() as u64, "row", "rows")),
    };
    html! { <Menu at={props.at} {title} {items} {on_choose} on_close={props.on_close.clone()} /> }
}

/// The objects of all rows.
fn union(rows: &[Row]) -> Option<SetExpression> {
    let (first, rest) = rows.split_first()?;
    Some(rest.iter().fold(first.set.clone(), |set, row| set.with(Combine::Or, row.set.clone())))
}

/// Words, letters, lines and targets.
fn entries(route: &Route, set: &SetExpression) -> Vec<(&'static str, &'static str, String, Target)> {
    let table = |set: SetExpression, by: &str| Route {
        view: View::Heap,
        set,
        by: by.to_owned(),
        filter: String::new(),
        sort: Sort::default(),
        ..route.clone()
    };
    let shown = |label, key, set: SetExpression| (label, key, set.to_string(), Target::Place(table(set, &route.by)));
    let follow = |label, key, follow| shown(label, key, set.then(Step::Follow(follow)));
    let seen = |label, key, view| {
        let route = Route { view, set: set.clone(), filter: String::new(), ..route.clone() };
        (label, key, String::new(), Target::Place(route.with_option("opened", None).with_option("below", None)))
    };
    vec![
        ("Show their objects", "o", format!("{set}.byid"), Target::Place(table(set.clone(), "Id"))),
        shown("Show only these", "a", set.clone()),
        shown("Leave these out", "m", route.set.with(Combine::Sub, set.clone())),
        follow("What refers to them", "r", Follow::Referrers),
        follow("What they refer to", "e", Follow::Referents),
        follow("What lives only through them", "d", Follow::Dominos),
        follow("What holds them from outside", "i", Follow::Imdom),
        seen("Graph and shortest paths", "g", View::Graph),
        seen("Sites that allocated them", "s", View::Sites),
        ("Copy the line", "c", set.to_string(), Target::Copied(set.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> Row {
        let set = format!("hp.heap().and(hp.Type(\"{name}\"))").parse().expect("a set");
        let (kind, object) = (name.to_owned(), None);
        Row { index: 0, name: name.into(), count: 1, size: 1, object, kind, set }
    }

    #[test]
    fn rows_are_joined_and_left_out() {
        let set = union(&[row("A"), row("B")]).expect("two rows");
        let line = "hp.heap().and(hp.Type(\"A\")).or(hp.heap().and(hp.Type(\"B\")))";
        assert_eq!(set.to_string(), line);
        let entries = entries(&Route::default(), &set);
        let of = |key: &str| entries.iter().find(|entry| entry.1 == key).map(|entry| entry.2.clone());
        assert_eq!(of("m"), Some(format!("hp.heap().sub({line})")));
        assert_eq!(of("r"), Some(format!("{line}.referrers")));
        assert_eq!(union(&[]), None);
        let mut letters: Vec<_> = entries.iter().map(|entry| entry.1).collect();
        letters.sort_unstable();
        letters.dedup();
        assert_eq!(letters.len(), entries.len(), "each letter chooses one");
    }
}
