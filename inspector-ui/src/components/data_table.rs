//! A table of any number of rows, of which only those in sight exist.
//!
//! A real table for screen readers: rows carry their positions, the rows above and below the window are two empty ones of
//! the right height. Browsers limit the height of an element, so that beyond about a million rows a pixel of scrolling
//! stands for several.

use std::collections::BTreeSet;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};
use yew::prelude::*;

/// Height of a row, as the tokens have it.
const ROW_PIXELS: f64 = 20.0;

/// Tallest table; browsers stop at about 33 million pixels.
const MOST_PIXELS: f64 = 20_000_000.0;

/// Rows beyond the edges of what is in sight, so that scrolling seldom shows a gap.
const MARGIN_ROWS: usize = 20;

/// A column.
#[derive(Clone, PartialEq)]
pub(crate) struct Column {
    /// What it shows.
    pub title: AttrValue,
    /// What that means, where the title does not say it.
    pub explanation: Option<AttrValue>,
    /// Whether it is as narrow as its content, and aligned to the right.
    pub is_number: bool,
    /// Whether rows can be in its order, and whether they are: `ascending` or `descending`.
    pub sort: Option<Option<&'static str>>,
}

impl Column {
    /// A column of texts.
    pub(crate) fn text(title: &str) -> Self {
        Self { title: title.to_owned().into(), explanation: None, is_number: false, sort: None }
    }

    /// A column of numbers.
    pub(crate) fn number(title: &str) -> Self {
        Self { is_number: true, ..Self::text(title) }
    }

    /// The same column, with a tooltip.
    pub(crate) fn explained(self, text: &str) -> Self {
        Self { explanation: Some(text.to_owned().into()), ..self }
    }

    /// The same column, by which rows can be sorted.
    pub(crate) fn sorted(self, order: Option<&'static str>) -> Self {
        Self { sort: Some(order), ..self }
    }
}

/// A row that is in sight.
#[derive(Clone, PartialEq)]
pub(crate) struct TableRow {
    /// Its cells, one for each column.
    pub cells: Vec<Html>,
    /// What it is, for the tooltip.
    pub title: AttrValue,
}

/// What a table shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct DataTableProps {
    /// What the table is, for screen readers.
    pub label: AttrValue,
    /// Another text means another table, which begins at its first row.
    #[prop_or_default]
    pub origin: AttrValue,
    /// The columns.
    pub columns: Vec<Column>,
    /// Number of rows.
    pub total: usize,
    /// Position of the first of `rows`.
    pub from: usize,
    /// Rows in sight and around.
    pub rows: Rc<Vec<TableRow>>,
    /// The selected row.
    pub selected: Option<usize>,
    /// Asks for rows: the first, and how many.
    #[prop_or_default]
    pub on_window: Callback<(usize, usize)>,
    /// A row was selected.
    #[prop_or_default]
    pub on_select: Callback<usize>,
    /// A row was opened.
    #[prop_or_default]
    pub on_open: Callback<usize>,
    /// A column's title was pressed.
    #[prop_or_default]
    pub on_sort: Callback<usize>,
    /// Rows that are selected besides.
    #[prop_or_default]
    pub marked: Rc<BTreeSet<usize>>,
    /// A row was added to what is selected, or taken from it; only where several can be selected.
    #[prop_or_default]
    pub on_mark: Option<Callback<Mark>>,
    /// What can be done with the selected rows is asked for, at a place of the window; or with a row that is not selected.
    #[prop_or_default]
    pub on_menu: Option<Callback<MenuCall>>,
}

/// A row that is not selected, if the menu is called on one, and where in the window.
pub(crate) type MenuCall = (Option<usize>, (i32, i32));

/// How rows are selected besides the one that was selected first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// This one more, or no longer.
    Turn(usize),
    /// All from the one that was selected first to this one.
    Until(usize),
}

/// The table.
#[function_component]
pub(crate) fn DataTable(props: &DataTableProps) -> Html {
    let scroller = use_node_ref();
    let tell_window = {
        let (scroller, on_window, total) = (scroller.clone(), props.on_window.clone(), props.total);
        Callback::from(move |()| {
            if let Some(element) = scroller.cast::<Element>() {
                on_window.emit(window_of(&element, total));
            }
        })
    };
    {
        let tell_window = tell_window.clone();
        use_effect_with(props.total, move |_| tell_window.emit(()));
    }
    {
        let scroller = scroller.clone();
        use_effect_with(props.origin.clone(), move |_| {
            if let Some(element) = scroller.cast::<Element>() {
                element.set_scroll_top(0);
            }
        });
    }
    let on_key = {
        let (props, scroller) = (props.clone(), scroller.clone());
        Callback::from(move |event: KeyboardEvent| {
            let page = scroller.cast::<Element>().map_or(10, |element| visible_rows(&element));
            if select_by_key(&props, &scroller, &event) {
                event.prevent_default();
                event.stop_propagation();
                return;
            }
            if let Some(row) = row_for_key(&event.key(), props.selected, props.total, page) {
                event.prevent_default();
                event.stop_propagation();
                props.on_select.emit(row);
                scroll_to(&scroller, row, props.total);
            } else if let ("Enter" | "o", Some(row)) = (event.key().as_str(), props.selected) {
                event.prevent_default();
                props.on_open.emit(row);
            }
        })
    };
    let columns = props.columns.len();
    let pixels = ROW_PIXELS / rows_per_step(props.total);
    let (above, below) = (props.from as f64, props.total.saturating_sub(props.from + props.rows.len()) as f64);
    // Where a pixel stands for several rows the window itself is still of full height.
    let above = (above * pixels).max(0.0);
    let below = (below * pixels).max(0.0);
    let active = props.selected.map(row_id);
    html! {
        <div class="scroll" ref={scroller} onscroll={tell_window.reform(|_: Event| ())}>
            <table
                class="data" role="grid" tabindex="0" aria-label={props.label.clone()} onkeydown={on_key}
                aria-rowcount={(props.total + 1).to_string()} aria-activedescendant={active}
                aria-multiselectable={props.on_mark.is_some().then_some("true")}
            >
                <thead>
                    <tr aria-rowindex="1">
                        { for props.columns.iter().enumerate().map(|(index, column)| head(props, index, column)) }
                    </tr>
                </thead>
                <tbody>
                    { space(above, columns) }
                    { for props.rows.iter().enumerate().map(|(offset, row)| body_row(props, props.from + offset, row)) }
                    { space(below, columns) }
                </tbody>
            </table>
        </div>
    }
}

fn row_id(row: usize) -> String {
    format!("row-{row}")
}

fn space(pixels: f64, columns: usize) -> Html {
    html! {
        <tr class="space" role="presentation" style={format!("height: {pixels:.0}px")}>
            if pixels > 0.0 {
                <td role="presentation" colspan={columns.to_string()} />
            }
        </tr>
    }
}

fn head(props: &DataTableProps, index: usize, column: &Column) -> Html {
    let class = column.is_number.then_some("number tight");
    let order = column.sort.map(|order| order.unwrap_or("none"));
    let mark = match order {
        Some("ascending") => " ▴",
        Some("descending") => " ▾",
        _ => "",
    };
    html! {
        <th {class} scope="col" aria-sort={order} title={column.explanation.clone()}>
            if column.sort.is_some() {
                <button onclick={props.on_sort.reform(move |_| index)}>{ &column.title }{ mark }</button>
            } else {
                { &column.title }
            }
        </th>
    }
}

fn body_row(props: &DataTableProps, position: usize, row: &TableRow) -> Html {
    let is_current = props.selected == Some(position);
    let is_selected = if props.marked.is_empty() { is_current } else { props.marked.contains(&position) };
    let on_menu = props.on_menu.clone().map(|on_menu| {
        let other = (!is_selected).then_some(position);
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            on_menu.emit((other, (event.client_x(), event.client_y())));
        })
    });
    let on_click = {
        let (select, mark) = (props.on_select.clone(), props.on_mark.clone());
        Callback::from(move |event: MouseEvent| match &mark {
            Some(mark) if event.shift_key() => mark.emit(Mark::Until(position)),
            Some(mark) if event.ctrl_key() || event.meta_key() => mark.emit(Mark::Turn(position)),
            _ => select.emit(position),
        })
    };
    let cell = |(column, content): (&Column, &Html)| {
        let class = column.is_number.then_some("number");
        html! { <td {class}>{ content.clone() }</td> }
    };
    html! {
        <tr
            key={position} id={row_id(position)} class={classes!("row", is_current.then_some("current"))} title={row.title.clone()}
            aria-selected={is_selected.to_string()}
            aria-rowindex={(position + 2).to_string()}
            onclick={on_click} oncontextmenu={on_menu} ondblclick={props.on_open.reform(move |_| position)}
        >
            { for props.columns.iter().zip(&row.cells).map(cell) }
        </tr>
    }
}

/// Selects more rows, or opens the menu of those that are; whether the key does that.
fn select_by_key(props: &DataTableProps, scroller: &NodeRef, event: &KeyboardEvent) -> bool {
    let Some(row) = props.selected else { return false };
    let to = match event.key().as_str() {
        "ArrowDown" if event.shift_key() => (row + 1).min(props.total.saturating_sub(1)),
        "ArrowUp" if event.shift_key() => row.saturating_sub(1),
        " " => row,
        "." | "ContextMenu" | "F10" if event.key() != "F10" || event.shift_key() => {
            let Some(on_menu) = &props.on_menu else { return false };
            on_menu.emit((None, place_of(scroller, row)));
            return true;
        }
        _ => return false,
    };
    let Some(mark) = &props.on_mark else { return false };
    mark.emit(if to == row { Mark::Turn(row) } else { Mark::Until(to) });
    scroll_to(scroller, to, props.total);
    true
}

/// Where a row is in the window; where the table is if the row is not in sight.
fn place_of(scroller: &NodeRef, row: usize) -> (i32, i32) {
    let Some(scroller) = scroller.cast::<Element>() else { return (0, 0) };
    let found = scroller.query_selector(&format!("#{}", row_id(row))).ok().flatten();
    let place = found.unwrap_or_else(|| scroller.unchecked_into()).get_bounding_client_rect();
    (place.left() as i32 + 24, place.bottom() as i32)
}

/// How many rows the height of one row stands for.
fn rows_per_step(total: usize) -> f64 {
    (total as f64 * ROW_PIXELS / MOST_PIXELS).max(1.0)
}

fn visible_rows(element: &Element) -> usize {
    (f64::from(element.client_height()) / ROW_PIXELS) as usize
}

/// The rows that should be there: first one and number.
fn window_of(element: &Element, total: usize) -> (usize, usize) {
    let first = (f64::from(element.scroll_top()) / ROW_PIXELS * rows_per_step(total)) as usize;
    let from = first.min(total).saturating_sub(MARGIN_ROWS);
    (from, visible_rows(element) + 2 * MARGIN_ROWS)
}

fn scroll_to(scroller: &NodeRef, row: usize, total: usize) {
    let Some(element) = scroller.cast::<HtmlElement>() else { return };
    let top = row as f64 * ROW_PIXELS / rows_per_step(total);
    let (shown, height) = (f64::from(element.scroll_top()), f64::from(element.client_height()));
    // Below the title row, above the lower edge.
    if top < shown {
        element.set_scroll_top(top as i32);
    } else if top + 3.0 * ROW_PIXELS > shown + height {
        element.set_scroll_top((top + 3.0 * ROW_PIXELS - height) as i32);
    }
}

/// The row that a key leads to.
fn row_for_key(key: &str, selected: Option<usize>, total: usize, page: usize) -> Option<usize> {
    let last = total.checked_sub(1)?;
    let Some(row) = selected else {
        return matches!(key, "ArrowDown" | "ArrowUp" | "j" | "k" | "Home" | "PageDown").then_some(0);
    };
    let to = match key {
        "ArrowDown" | "j" => row + 1,
        "ArrowUp" | "k" => row.saturating_sub(1),
        "PageDown" => row + page,
        "PageUp" => row.saturating_sub(page),
        "Home" => 0,
        "End" => last,
        _ => return None,
    };
    Some(to.min(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lead_from_row_to_row_and_stop_at_the_ends() {
        let to = |key, selected| row_for_key(key, selected, 100, 30);
        assert_eq!(to("j", None), Some(0));
        assert_eq!(to("ArrowDown", Some(99)), Some(99));
        assert_eq!(to("PageUp", Some(10)), Some(0));
        assert_eq!((to("End", Some(3)), to("x", Some(3))), (Some(99), None));
        assert_eq!(row_for_key("j", None, 0, 30), None);
    }
}
