//! Boxes of weights, drawn as an icicle or a treemap, with a table as their twin.

use std::rc::Rc;

use yew::prelude::*;

use super::treemap;
use crate::colour;
use crate::components::{Canvas, Column, Hit, LocalTable, Painter, RowMaker, Surface, TableRow, chip, number};
use crate::format;
use crate::list::List;
use crate::protocol::WeightBox;

/// Height of a box in pixels.
const BOX_PIXELS: f64 = 20.0;

/// Colour of labels: kinds have the same colours in light and dark, and all of them carry black.
pub(super) const LABEL: &str = "#10131a";

/// How boxes are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Rows from the whole downwards; widths stand for weights.
    Icicle,
    /// Boxes in boxes; areas stand for weights.
    Treemap,
    /// Rows of figures.
    Table,
}

/// What figures are called.
#[derive(Clone, PartialEq)]
pub(super) struct Words {
    unit: AttrValue,
    counts: AttrValue,
}

/// What the picture shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct BoxesProps {
    /// What it is, for screen readers.
    pub label: AttrValue,
    /// By depth first, the whole first.
    pub boxes: List<WeightBox>,
    /// What weights are: `bytes`, `objects`, ...
    pub unit: AttrValue,
    /// What is counted beside.
    #[prop_or(AttrValue::Static("objects"))]
    pub counts: AttrValue,
    /// Boxes whose name or place contains this stand out.
    #[prop_or_default]
    pub search: AttrValue,
    /// How they are shown.
    pub shape: Shape,
    /// A box was clicked or opened.
    pub on_open: Callback<usize>,
    /// The box that is shown in place of the whole: the names down to it, one a line.
    #[prop_or_default]
    pub within: AttrValue,
    /// Shows a box that stands for several objects in place of the whole, or the whole again.
    #[prop_or_default]
    pub on_within: Option<Callback<Option<String>>>,
}

/// The boxes.
#[function_component]
pub(crate) fn Boxes(props: &BoxesProps) -> Html {
    let focus = box_down(&props.boxes, &props.within);
    let words = Words { unit: props.unit.clone(), counts: props.counts.clone() };
    let painted = (props.boxes.clone(), focus, words, props.search.clone(), props.shape);
    let painter = use_memo(painted, |(boxes, focus, words, search, shape)| {
        let shown = subtree(boxes, *focus);
        match shape {
            Shape::Treemap => treemap::painter(shown, words.clone(), search.to_lowercase()),
            Shape::Icicle | Shape::Table => painter(shown, words.clone(), search.to_lowercase()),
        }
    });
    if props.shape != Shape::Table {
        let on_click = {
            let (boxes, open, within) = (props.boxes.clone(), props.on_open.clone(), props.on_within.clone());
            Callback::from(move |index: usize| {
                let index = focus + index;
                let several = index > 0 && boxes.get(index).is_some_and(|part| part.object.is_none());
                if let Some(within) = within.as_ref().filter(|_| several) {
                    within.emit(Some(names_down_to(&boxes, index).join("\n")));
                }
                open.emit(index);
            })
        };
        let whole = props.on_within.clone().filter(|_| focus > 0).map(|within| {
            let out = within.reform(|_: MouseEvent| None);
            html! { <button class="whole" onclick={out}>{ "The whole picture" }</button> }
        });
        return html! { <>{ whole }<Canvas label={props.label.clone()} painter={(*painter).clone()} {on_click} /></> };
    }
    let search = props.search.to_lowercase();
    let listed: Vec<usize> = (0..props.boxes.len()).filter(|index| matches(&props.boxes[*index], &search)).collect();
    let whole = props.boxes.first().map_or(0, |first| first.weight);
    let total = listed.len();
    let listed = Rc::new(listed);
    let make = {
        let (boxes, listed) = (props.boxes.clone(), Rc::clone(&listed));
        RowMaker::new(move |position| row(&boxes[listed[position]], whole))
    };
    let columns = vec![
        Column::text("Name"),
        Column::text("Where"),
        Column::number(if props.counts == "objects" { "Objects" } else { "Allocations" }),
        Column::number("Own"),
        Column::number("With all below"),
        Column::number("%"),
    ];
    let open = props.on_open.clone();
    let on_open = Callback::from(move |position: usize| {
        if let Some(index) = listed.get(position) {
            open.emit(*index);
        }
    });
    html! {
        <LocalTable label={props.label.clone()} {columns} {total} row={make} {on_open} />
    }
}

fn row(part: &WeightBox, whole: u64) -> TableRow {
    let indent = "  ".repeat(part.depth.min(40));
    TableRow {
        title: format!("{} {}", part.name, part.place).into(),
        cells: vec![
            html! { <>{ indent }{ chip(&part.name) }{ &part.name }</> },
            html! { <span class="mono">{ &part.place }</span> },
            number(part.count),
            number(part.own),
            number(part.weight),
            html! { format::percent(part.weight, whole) },
        ],
    }
}

/// A box with all below it, as a picture of its own.
fn subtree(boxes: &List<WeightBox>, top: usize) -> List<WeightBox> {
    let Some(first) = boxes.get(top).filter(|_| top > 0) else { return boxes.clone() };
    let below = boxes[top + 1..].iter().take_while(|part| part.depth > first.depth);
    let lifted = |part: &WeightBox| WeightBox { depth: part.depth - first.depth, ..part.clone() };
    std::iter::once(first).chain(below).map(lifted).collect()
}

/// The names of the boxes from below the whole down to one of them.
pub(super) fn names_down_to(boxes: &[WeightBox], index: usize) -> Vec<String> {
    let mut names = Vec::new();
    let mut depth = usize::MAX;
    // The boxes above it are the last ones of each smaller depth before it.
    for part in boxes.iter().take(index + 1).rev() {
        if part.depth < depth && part.depth > 0 {
            names.push(part.name.clone());
            depth = part.depth;
        }
    }
    names.reverse();
    names
}

/// The box that names lead down to; the whole where they lead nowhere.
fn box_down(boxes: &[WeightBox], names: &str) -> usize {
    let mut at = 0;
    for name in names.lines() {
        let Some(depth) = boxes.get(at).map(|part| part.depth) else { return 0 };
        let below = boxes.iter().enumerate().skip(at + 1).take_while(|(_, part)| part.depth > depth);
        let mut found = below.filter(|(_, part)| part.depth == depth + 1 && part.object.is_none() && part.name == name);
        let Some((next, _)) = found.next() else { return 0 };
        at = next;
    }
    at
}

/// A box in a line.
pub(super) fn described(boxes: &[WeightBox], index: usize, words: &Words) -> String {
    let (Some(part), Some(whole)) = (boxes.get(index), boxes.first()) else { return String::new() };
    let share = format::percent(part.weight, whole.weight);
    let weight = format::exact(part.weight);
    let (unit, count, counts) = (&words.unit, format::exact(part.count), &words.counts);
    let beside = if unit == counts { String::new() } else { format!(" · {count} {counts}") };
    format!("{} {} · {weight} {unit} ({share} %){beside}", part.name, part.place)
}

pub(super) fn matches(part: &WeightBox, search: &str) -> bool {
    search.is_empty() || part.name.to_lowercase().contains(search) || part.place.to_lowercase().contains(search)
}

fn painter(boxes: List<WeightBox>, words: Words, search: String) -> Painter {
    let whole = boxes.first().map_or((0, 0), |first| (first.start, first.weight));
    let spans = move |part: &WeightBox, width: f64| {
        let left = format::share(part.start - whole.0, whole.1) * width;
        (left, format::share(part.weight, whole.1) * width)
    };
    let drawn = boxes.clone();
    let found: Vec<bool> = boxes.iter().map(|part| matches(part, &search)).collect();
    let paint = move |surface: &Surface, over: Option<usize>| {
        let (ground, quiet) = (surface.token("--ground"), surface.token("--sunken"));
        let (from, above, to, below) = surface.in_sight();
        let gap = 1.0 / surface.zoom();
        for (index, part) in drawn.iter().enumerate() {
            let (left, width) = spans(part, surface.width);
            let top = part.depth as f64 * BOX_PIXELS;
            let out = left > to || left + width < from || top > below || top + BOX_PIXELS < above;
            if out || width * surface.zoom() < 0.5 {
                continue;
            }
            let faded = !found[index];
            let fill = if faded { quiet.clone() } else { surface.token(&colour::token(&part.name)) };
            surface.context.set_global_alpha(if over == Some(index) { 0.75 } else { 1.0 });
            surface.context.set_fill_style_str(&fill);
            surface.context.fill_rect(left, top, width, BOX_PIXELS - gap);
            surface.context.set_fill_style_str(&ground);
            surface.context.fill_rect(left + width - gap, top, gap, BOX_PIXELS - gap);
            if !faded {
                surface.context.set_fill_style_str(LABEL);
                let label = format!("{} {}", part.name, format::short_place(&part.place));
                // Of a box that begins out of sight the name is seen all the same.
                let (left, right) = (left.max(from), (left + width).min(to));
                surface.label(&label, (left + 5.0 * gap, top + BOX_PIXELS / 2.0), right - left - 8.0 * gap);
            }
        }
        surface.context.set_global_alpha(1.0);
    };
    let hit = move |(x, y): (f64, f64), (width, _): (f64, f64)| {
        let depth = (y / BOX_PIXELS) as usize;
        let inside = |part: &WeightBox| {
            let (left, wide) = spans(part, width);
            part.depth == depth && x >= left && x < left + wide
        };
        let index = boxes.iter().position(inside)?;
        Some(Hit { index, text: described(&boxes, index, &words) })
    };
    Painter { paint: Rc::new(paint), hit: Rc::new(hit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_down_to_a_box() {
        let part = |depth: usize, name: &str| WeightBox {
            name: name.into(),
            place: String::new(),
            depth,
            start: 0,
            weight: 1,
            own: 0,
            count: 2,
            object: None,
        };
        let boxes = [part(0, "root"), part(1, "a"), part(2, "b"), part(1, "c"), part(2, "b"), part(3, "d")];
        for index in 0..boxes.len() {
            assert_eq!(box_down(&boxes, &names_down_to(&boxes, index).join("\n")), index);
        }
        assert_eq!(names_down_to(&boxes, 5), ["c", "b", "d"]);
        assert_eq!([box_down(&boxes, "c\nx"), box_down(&[], "a")], [0, 0]);
    }
}
