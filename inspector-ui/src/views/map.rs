//! Map: linear memory as a grid of cells, coloured by what is in them.

use std::rc::Rc;

use yew::prelude::*;

use super::ShownProps;
use crate::components::{
    Canvas, Column, Hit, LocalTable, Painter, RowMaker, Surface, TableRow, answered, chip, number,
};
use crate::format;
use crate::hooks::{Navigation, use_answer, use_navigation};
use crate::protocol::{MapCell, MapQuestion, MemoryMap, Piece, PieceBlock, PieceQuestion};
use crate::route::Route;

/// Sizes of cells that can be chosen: a page of wasm is the largest.
const CELL_SIZES: [u64; 5] = [256, 1024, 4096, 16_384, 65_536];

/// Cells at first; the size is the smallest that needs no more.
const COMFORTABLE_CELLS: u64 = 4096;

/// The view.
#[function_component]
pub(crate) fn MapView(props: &ShownProps) -> Html {
    let navigation = use_navigation();
    let memory = props.loaded.snapshots.get(props.snapshot).map_or(0, |summary| summary.facts.memory_bytes);
    let fitting = CELL_SIZES.into_iter().find(|size| memory / size <= COMFORTABLE_CELLS);
    let chosen = navigation.route.option("cell").and_then(|size| size.parse().ok());
    let cell_bytes = chosen.filter(|size| CELL_SIZES.contains(size)).or(fitting).unwrap_or(65_536);
    let as_table = navigation.route.is_on("table");
    let answer = use_answer(Some(MapQuestion { snapshot: props.snapshot, cell_bytes }));
    let option = |size: u64| html! { <option value={size.to_string()} selected={size == cell_bytes}>{ format::binary(size) }</option> };
    let on_cell = {
        let navigation = navigation.clone();
        Callback::from(move |start: u64| {
            navigation.go.emit(navigation.route.with_option("at", Some(start.to_string())));
        })
    };
    // A larger cell may have been chosen since, or made because there would be too many.
    let bytes = answer.shown().map_or(cell_bytes, |map| map.cell_bytes);
    let at = navigation.route.option("at").and_then(|at| at.parse::<u64>().ok()).map(|at| at - at % bytes);
    let piece = use_answer(at.map(|from| PieceQuestion { snapshot: props.snapshot, from, bytes }));
    html! {
        <>
            <div class="tools">
                <label>{ "Cells of " }<select onchange={navigation.choose("cell")}>{ for CELL_SIZES.map(option) }</select></label>
                <button class="toggle" aria-pressed={as_table.to_string()} onclick={navigation.turn("table")}>{ "As a table" }</button>
                { legend() }
                <span class="summary">{ answer.shown().map(|map| format!("{} of linear memory", format::counted(map.memory_bytes, "byte", "bytes"))) }</span>
            </div>
            <div class="panes">
                <div class="view">
                    { answered(&answer, |map| html! { <Cells map={map.clone()} {as_table} {at} {on_cell} /> }) }
                </div>
                if let Some(from) = at {
                    <section class="beside" aria-label="Blocks here" tabindex="0">
                        <h2 class="mono">{ format!("{}–{}", format::address(from), format::address(from + (bytes - 1))) }</h2>
                        { answered(&piece, |piece| blocks(piece, &navigation)) }
                    </section>
                }
            </div>
        </>
    }
}

/// What lies in a cell: what would have to go for its memory to be free.
fn blocks(piece: &Piece, navigation: &Navigation) -> Html {
    let line = |block: &PieceBlock| {
        let route = Route { object: Some(block.brief.object), ..navigation.route.clone() };
        let size = format::counted(block.brief.size, "byte", "bytes");
        let size = if block.inside < block.brief.size {
            format!("{} of {size} here", format::exact(block.inside))
        } else {
            size
        };
        html! {
            <li>
                <a href={format!("#{}", route.to_fragment())}>{ chip(&block.brief.kind) }{ &block.brief.kind }{ " " }<span class="mono">{ &block.brief.text }</span></a>
                <div class="quiet">
                    { size }{ ", " }<span class="mono">{ format::short_place(&block.site) }</span>
                    if !block.reachable {
                        { ", " }<span class="alarm">{ "leaked" }</span>
                    }
                </div>
            </li>
        }
    };
    let more = piece.blocks - piece.shown.len() as u64;
    html! {
        <>
            if piece.blocks == 0 {
                <p class="quiet">{ "No block lies here." }</p>
            } else {
                <p>{ format!("Kept by {} with {}.", format::counted(piece.blocks, "block", "blocks"), format::counted(piece.bytes, "byte", "bytes")) }</p>
            }
            <ul class="list">{ for piece.shown.iter().map(line) }</ul>
            if more > 0 {
                <p class="quiet">{ format!("and {} more", format::exact(more)) }</p>
            }
        </>
    }
}

/// What is in a cell, its token and its word, in the order of the legend.
const PARTS: [(&str, &str); 6] = [
    ("--kind-4", "static data"),
    ("--kind-2", "stack frames"),
    ("--kind-0", "reachable blocks"),
    ("--alarm", "leaked blocks"),
    ("--line", "free, or unused stack"),
    ("--sunken", "never handed out"),
];

fn legend() -> Html {
    let part = |(token, word): (&str, &'static str)| {
        html! { <span><span class="chip" style={format!("background: var({token})")} />{ word }</span> }
    };
    html! { <>{ for PARTS.map(part) }</> }
}

#[derive(Clone, PartialEq, Properties)]
struct CellsProps {
    map: MemoryMap,
    as_table: bool,
    /// The first address of the chosen cell.
    at: Option<u64>,
    on_cell: Callback<u64>,
}

/// The grid, or its table.
#[function_component]
fn Cells(props: &CellsProps) -> Html {
    let painter = use_memo((props.map.clone(), props.at), |(map, at)| painter(map.clone(), *at));
    let bytes = props.map.cell_bytes;
    let open = props.on_cell.reform(move |index: usize| index as u64 * bytes);
    if !props.as_table {
        return html! { <Canvas label="Linear memory by cells" painter={(*painter).clone()} on_click={open} /> };
    }
    let make = {
        let map = props.map.clone();
        RowMaker::new(move |index| row(index as u64 * map.cell_bytes, &map.cells[index]))
    };
    let columns = vec![
        Column::text("Address"),
        Column::number("Static bytes"),
        Column::number("Stack bytes"),
        Column::number("Reachable bytes"),
        Column::number("Leaked bytes"),
        Column::number("Blocks that begin here"),
    ];
    html! {
        <LocalTable
            label="Linear memory by cells" {columns} total={props.map.cells.len()} row={make} on_open={open}
        />
    }
}

fn row(start: u64, cell: &MapCell) -> TableRow {
    let figures =
        [cell.statics, cell.stack, cell.live, cell.leaked, cell.blocks].map(|figure| number(u64::from(figure)));
    let place = html! { <span class="mono">{ format::address(start) }</span> };
    TableRow { title: AttrValue::default(), cells: std::iter::once(place).chain(figures).collect() }
}

/// Side of a cell in pixels and cells in a row, so that all cells fit.
fn grid(cells: usize, (width, height): (f64, f64)) -> (f64, usize) {
    let mut side = 22.0_f64;
    while side > 2.0 && (width / side).floor() * (height / side).floor() < cells as f64 {
        side -= 1.0;
    }
    (side, ((width / side) as usize).max(1))
}

fn painter(map: MemoryMap, at: Option<u64>) -> Painter {
    let drawn = map.clone();
    let chosen = at.map(|at| (at / map.cell_bytes) as usize);
    let paint = move |surface: &Surface, over: Option<usize>| {
        let colours = PARTS.map(|(token, _)| surface.token(token));
        let (side, columns) = grid(drawn.cells.len(), (surface.width, surface.height));
        let gap = 1.0 / surface.zoom();
        let inner = if side > 5.0 * gap { side - gap } else { side };
        let (left, top, right, bottom) = surface.in_sight();
        for (index, cell) in drawn.cells.iter().enumerate() {
            let (x, y) = ((index % columns) as f64 * side, (index / columns) as f64 * side);
            if x > right || y > bottom || x + side < left || y + side < top {
                continue;
            }
            let ground = if cell.used { &colours[4] } else { &colours[5] };
            surface.context.set_fill_style_str(ground);
            surface.context.fill_rect(x, y, inner, inner);
            let mut at = 0.0;
            for (bytes, colour) in [cell.statics, cell.stack, cell.live, cell.leaked].into_iter().zip(&colours) {
                let wide = inner * format::share(u64::from(bytes), drawn.cell_bytes);
                surface.context.set_fill_style_str(colour);
                surface.context.fill_rect(x + at, y, wide, inner);
                at += wide;
            }
            if over == Some(index) || chosen == Some(index) {
                surface.context.set_stroke_style_str(&surface.token("--text"));
                surface.context.set_line_width(gap);
                surface.context.stroke_rect(x + gap / 2.0, y + gap / 2.0, inner, inner);
            }
        }
    };
    let hit = move |(x, y): (f64, f64), size: (f64, f64)| {
        let (side, columns) = grid(map.cells.len(), size);
        let column = (x / side) as usize;
        let index = (y / side) as usize * columns + column;
        let cell = map.cells.get(index).filter(|_| column < columns && x >= 0.0 && y >= 0.0)?;
        let start = index as u64 * map.cell_bytes;
        let text = format!(
            "{}–{}: {} static, {} stack, {} reachable, {} leaked, {} begin here",
            format::address(start),
            format::address(start + map.cell_bytes - 1),
            format::exact(u64::from(cell.statics)),
            format::exact(u64::from(cell.stack)),
            format::exact(u64::from(cell.live)),
            format::exact(u64::from(cell.leaked)),
            format::counted(u64::from(cell.blocks), "block", "blocks"),
        );
        Some(Hit { index, text })
    };
    Painter { paint: Rc::new(paint), hit: Rc::new(hit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cells_fit_while_they_can() {
        let (side, columns) = grid(1000, (440.0, 440.0));
        assert!(columns * (440.0 / side) as usize >= 1000 && side >= 13.0);
        assert_eq!(grid(0, (0.0, 0.0)).1, 1);
    }
}
