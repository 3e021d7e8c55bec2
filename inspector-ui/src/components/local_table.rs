//! A table whose rows the page has already: only those in sight are made.

use std::rc::Rc;

use yew::prelude::*;

use super::data_table::{Column, DataTable, TableRow};

/// Rows that are made before the table knows how many are in sight.
const FIRST_ROWS: usize = 80;

/// Makes the row at a position.
#[derive(Clone)]
pub(crate) struct RowMaker(Rc<dyn Fn(usize) -> TableRow>);

impl RowMaker {
    /// Rows as `make` makes them.
    pub(crate) fn new(make: impl Fn(usize) -> TableRow + 'static) -> Self {
        Self(Rc::new(make))
    }
}

impl PartialEq for RowMaker {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// What a table shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct LocalTableProps {
    /// What the table is, for screen readers.
    pub label: AttrValue,
    /// The columns.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub total: usize,
    /// The rows.
    pub row: RowMaker,
    /// A row was selected.
    #[prop_or_default]
    pub on_select: Callback<usize>,
    /// A row was opened.
    #[prop_or_default]
    pub on_open: Callback<usize>,
}

/// The table; it remembers which row is selected.
#[function_component]
pub(crate) fn LocalTable(props: &LocalTableProps) -> Html {
    let window = use_state(|| (0, FIRST_ROWS));
    let selected = use_state(|| None::<usize>);
    let from = window.0.min(props.total);
    let until = (from + window.1).min(props.total);
    let rows: Vec<TableRow> = (from..until).map(|position| (props.row.0)(position)).collect();
    let on_window = {
        let window = window.clone();
        Callback::from(move |range| window.set(range))
    };
    let on_select = {
        let (selected, tell) = (selected.clone(), props.on_select.clone());
        Callback::from(move |position: usize| {
            selected.set(Some(position));
            tell.emit(position);
        })
    };
    html! {
        <DataTable
            label={props.label.clone()} columns={props.columns.clone()} total={props.total} {from} rows={Rc::new(rows)}
            selected={*selected} {on_window} {on_select} on_open={props.on_open.clone()}
        />
    }
}
