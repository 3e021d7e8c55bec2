//! The table of a partition: rows that can be sorted, selected one by one or together, and opened.

use std::collections::BTreeMap;
use std::rc::Rc;

use yew::prelude::*;

use super::heap::Dominated;
use super::row_menu::RowMenu;
use crate::components::{Column, DataTable, Mark, TableRow, chip, number, share_bar};
use crate::format;
use crate::hooks::use_navigation;
use crate::protocol::{Row, Sort, SortKey, Table};
use crate::route::Route;

/// Columns that rows can be sorted by, by their positions.
const SORT_KEYS: [Option<SortKey>; 3] = [Some(SortKey::Name), Some(SortKey::Count), Some(SortKey::Size)];

/// Rows that can be selected together: each of them is a step of the set's expression.
const MOST_MARKED: usize = 50;

/// What is selected of a table.
#[derive(Clone, Default, PartialEq)]
pub(super) struct Selection {
    /// The row that was selected last.
    row: Option<usize>,
    /// The row from which more are selected.
    anchor: Option<usize>,
    /// All rows of a selection of several, by their positions.
    marked: BTreeMap<usize, Row>,
    /// Where the menu is open, if it is.
    menu: Option<(i32, i32)>,
}

impl Selection {
    /// One row alone.
    fn one(row: usize) -> Self {
        Self { row: Some(row), anchor: Some(row), ..Self::default() }
    }

    /// With more rows, or fewer. Rows are those that `at` knows.
    fn with(&self, mark: Mark, at: impl Fn(usize) -> Option<Row>) -> Self {
        let mut marked = self.marked.clone();
        let mut add = |position: usize| {
            let room = marked.len() < MOST_MARKED;
            marked.extend(at(position).filter(|_| room).map(|row| (position, row)));
        };
        let to = match mark {
            Mark::Turn(to) => {
                // What was selected alone is the first of several.
                self.row.filter(|_| self.marked.is_empty()).into_iter().for_each(&mut add);
                if self.marked.contains_key(&to) || (self.marked.is_empty() && self.row == Some(to)) {
                    marked.remove(&to);
                } else {
                    add(to);
                }
                return Self { row: Some(to), anchor: Some(to), marked, menu: None };
            }
            Mark::Until(to) => to,
        };
        let anchor = self.anchor.unwrap_or(to);
        (anchor.min(to)..=anchor.max(to)).for_each(add);
        // A shorter range takes back what a longer one has added.
        marked.retain(|position, _| (anchor.min(to)..=anchor.max(to)).contains(position));
        Self { row: Some(to), anchor: Some(anchor), marked, menu: None }
    }

    /// All rows that are selected.
    fn rows(&self, at: impl Fn(usize) -> Option<Row>) -> Vec<Row> {
        if self.marked.is_empty() {
            return self.row.and_then(at).into_iter().collect();
        }
        self.marked.values().cloned().collect()
    }
}

/// The table, what is known of it, and what is selected.
#[derive(Clone, PartialEq, Properties)]
pub(super) struct PartitionTableProps {
    /// The partition.
    pub table: Table,
    /// Dominated sizes as far as they are known.
    pub dominated: Dominated,
    /// Asks for other rows.
    pub window: UseStateSetter<(usize, usize)>,
    /// What is selected.
    pub selection: UseStateHandle<Selection>,
}

/// The table of a partition.
#[function_component]
pub(super) fn PartitionTable(props: &PartitionTableProps) -> Html {
    let navigation = use_navigation();
    let (table, selection) = (&props.table, &props.selection);
    let rows: Vec<TableRow> = table.rows.iter().map(|row| cells(row, table, &props.dominated)).collect();
    let at = {
        let (rows, from) = (table.rows.clone(), table.from);
        move |position: usize| rows.get(position.checked_sub(from)?).cloned()
    };
    let on_select = {
        let (navigation, at, selection) = (navigation.clone(), at.clone(), selection.clone());
        Callback::from(move |position: usize| {
            selection.set(Selection::one(position));
            if let Some(object) = at(position).and_then(|row| row.object) {
                navigation.amend.emit(Route { object: Some(object), ..navigation.route.clone() });
            }
        })
    };
    let on_mark = {
        let (at, selection) = (at.clone(), selection.clone());
        Callback::from(move |mark: Mark| selection.set(selection.with(mark, &at)))
    };
    let on_menu = {
        let setter = selection.setter();
        let selection = selection.clone();
        Callback::from(move |(other, place): (Option<usize>, (i32, i32))| {
            // What is not selected yet becomes all that is.
            let rows = other.map_or_else(|| (*selection).clone(), Selection::one);
            setter.set(Selection { menu: Some(place), ..rows });
        })
    };
    let on_close = {
        let selection = selection.clone();
        Callback::from(move |()| selection.set(Selection { menu: None, ..(*selection).clone() }))
    };
    let on_open = {
        let (navigation, at) = (navigation.clone(), at.clone());
        Callback::from(move |position: usize| {
            let Some(row) = at(position) else { return };
            let route = Route {
                set: row.set,
                by: "Id".into(),
                filter: String::new(),
                sort: Sort::default(),
                ..navigation.route.clone()
            };
            navigation.go.emit(Route { object: row.object.or(route.object), ..route });
        })
    };
    let on_sort = {
        let navigation = navigation.clone();
        Callback::from(move |column: usize| {
            let Some(key) = SORT_KEYS.get(column).copied().flatten() else { return };
            let old = navigation.route.sort;
            let sort = Sort { key, reversed: old.key == key && !old.reversed };
            navigation.amend.emit(Route { sort, ..navigation.route.clone() });
        })
    };
    let window = props.window.clone();
    html! {
        <>
            <DataTable
                label={format!("Partition of {} by {}", navigation.route.set, navigation.route.by)}
                origin={Route { object: None, ..navigation.route.clone() }.to_fragment()}
                columns={columns(table, navigation.route.sort)} total={table.rows_shown} from={table.from}
                rows={Rc::new(rows)} selected={selection.row} marked={Rc::new(selection.marked.keys().copied().collect())}
                on_window={move |range| window.set(range)} {on_select} {on_open} {on_sort} {on_mark} {on_menu}
            />
            if let Some(place) = selection.menu {
                <RowMenu rows={selection.rows(at)} at={place} {on_close} />
            }
        </>
    }
}

fn columns(table: &Table, sort: Sort) -> Vec<Column> {
    let order = |key: SortKey| {
        // Names ascend by themselves, numbers descend.
        let ascending = (key == SortKey::Name) != sort.reversed;
        (sort.key == key).then_some(if ascending { "ascending" } else { "descending" })
    };
    let header = if table.header.is_empty() { "Kind" } else { &table.header };
    vec![
        Column::text(header).sorted(order(SortKey::Name)),
        Column::number("Count").sorted(order(SortKey::Count)),
        Column::number("Size").sorted(order(SortKey::Size)),
        Column::number("%"),
        Column::number("Share"),
        Column::number("Dominated")
            .explained("Bytes that live only through the objects of the row, their own included"),
    ]
}

fn cells(row: &Row, table: &Table, dominated: &Dominated) -> TableRow {
    let name = format::visible(row.name.trim());
    let name = if name.is_empty() { "–".to_owned() } else { name };
    TableRow {
        title: name.clone().into(),
        cells: vec![
            html! { <>{ chip(&row.kind) }{ format::short_place(&name) }</> },
            number(row.count),
            number(row.size),
            html! { format::percent(row.size, table.size) },
            share_bar(row.size, table.size),
            // What is not known yet has its place.
            dominated.get(&row.index).map_or_else(|| html! { <span class="zero">{ "…" }</span> }, |size| number(*size)),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::expression::SetExpression;

    fn row(position: usize) -> Option<Row> {
        let (name, kind) = (format!("row {position}"), String::new());
        let set = SetExpression::heap().part("Type", position);
        (position < 100).then_some(Row { index: position, name, count: 1, size: 1, object: None, kind, set })
    }

    fn selected(selection: &Selection) -> Vec<usize> {
        selection.rows(row).iter().map(|row| row.index).collect()
    }

    #[test]
    fn rows_are_added_taken_away_and_ranged() {
        let one = Selection::one(3);
        assert_eq!(selected(&one), [3]);
        let two = one.with(Mark::Turn(7), row);
        assert_eq!(selected(&two), [3, 7]);
        assert_eq!(selected(&two.with(Mark::Turn(3), row)), [7]);
        let range = one.with(Mark::Until(6), row);
        assert_eq!(selected(&range), [3, 4, 5, 6]);
        assert_eq!(selected(&range.with(Mark::Until(4), row)), [3, 4]);
        assert_eq!(selected(&range.with(Mark::Until(1), row)), [1, 2, 3]);
        assert_eq!(selected(&one.with(Mark::Until(99), row)).len(), MOST_MARKED);
        assert_eq!(selected(&Selection::default()), [0; 0]);
    }
}
