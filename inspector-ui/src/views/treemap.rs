//! Boxes of weights as a treemap: areas stand for weights, boxes lie within the box above them.
//!
//! Squarified, after Bruls, Huizing and van Wijk (2000): rows are filled along the shorter side as long as that brings
//! the worst aspect ratio nearer to 1. Time O(N) for boxes in order of weight, which they come in.

use std::cell::RefCell;
use std::rc::Rc;

use super::flame::{LABEL, Words, described, matches};
use crate::colour;
use crate::components::{Hit, Painter, Surface};
use crate::list::List;
use crate::protocol::WeightBox;

/// Height of a box's title, and the border around what lies in it.
const TITLE: f64 = 17.0;
const BORDER: f64 = 2.0;

/// Boxes smaller than this hold nothing that could be seen.
const SMALLEST: f64 = 10.0;

/// A place: left, top, width, height.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Area {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
}

impl Area {
    /// What is left for the boxes within.
    fn inside(self) -> Self {
        let (width, height) = (self.width - 2.0 * BORDER, self.height - TITLE - BORDER);
        Self { x: self.x + BORDER, y: self.y + TITLE, width: width.max(0.0), height: height.max(0.0) }
    }

    fn holds(self, (x, y): (f64, f64)) -> bool {
        x >= self.x && x < self.x + self.width && y >= self.y && y < self.y + self.height
    }

    fn is_seen(self) -> bool {
        self.width >= SMALLEST && self.height >= SMALLEST
    }
}

/// The places of all boxes; those too small to be seen have none.
fn layout(boxes: &[WeightBox], (width, height): (f64, f64)) -> Vec<Option<Area>> {
    let mut places = vec![None; boxes.len()];
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); boxes.len()];
    let mut path: Vec<usize> = Vec::new();
    for (index, part) in boxes.iter().enumerate() {
        path.truncate(part.depth.saturating_sub(boxes[0].depth));
        if let Some(above) = path.last() {
            below[*above].push(index);
        }
        path.push(index);
    }
    let Some(first) = places.first_mut() else { return places };
    *first = Some(Area { x: 0.0, y: 0.0, width, height });
    // Depth first order: a box has its place before those within it.
    for index in 0..boxes.len() {
        let Some(area) = places[index].map(Area::inside).filter(|area| area.is_seen()) else { continue };
        let weights: Vec<f64> = below[index].iter().map(|child| boxes[*child].weight as f64).collect();
        let share = weights.iter().sum::<f64>() / (boxes[index].weight as f64).max(1.0);
        for (child, place) in below[index].iter().zip(squarified(&weights, area, share.min(1.0))) {
            places[*child] = Some(place).filter(|place| place.width >= 1.0 && place.height >= 1.0);
        }
    }
    places
}

/// Places for weights, largest first, that fill `share` of an area.
fn squarified(weights: &[f64], area: Area, share: f64) -> Vec<Area> {
    let whole: f64 = weights.iter().sum();
    let mut free = area;
    // What belongs to no box below stays free at the longer side's end.
    if free.width > free.height {
        free.width *= share
    } else {
        free.height *= share
    }
    let scale = if whole > 0.0 { free.width * free.height / whole } else { 0.0 };
    let mut places = Vec::with_capacity(weights.len());
    let mut begin = 0;
    while begin < weights.len() {
        let side = free.width.min(free.height).max(1e-9);
        let (mut end, mut sum) = (begin + 1, weights[begin] * scale);
        let mut worst = aspect(weights[begin] * scale, weights[begin] * scale, sum, side);
        while end < weights.len() {
            let longer = sum + weights[end] * scale;
            let next = aspect(weights[begin] * scale, weights[end] * scale, longer, side);
            if next > worst {
                break;
            }
            (worst, sum, end) = (next, longer, end + 1);
        }
        free = place_row(&weights[begin..end], scale, sum / side, free, &mut places);
        begin = end;
    }
    places
}

/// The worst aspect ratio in a row of this area along a side.
fn aspect(largest: f64, smallest: f64, sum: f64, side: f64) -> f64 {
    let square = side * side;
    (square * largest / (sum * sum)).max(sum * sum / (square * smallest.max(1e-9)))
}

/// Places a row along the shorter side; what is left of the area.
fn place_row(weights: &[f64], scale: f64, thickness: f64, free: Area, places: &mut Vec<Area>) -> Area {
    let wide = free.width >= free.height;
    let mut at = 0.0;
    for weight in weights {
        let length = if thickness > 0.0 { weight * scale / thickness } else { 0.0 };
        places.push(if wide {
            Area { x: free.x, y: free.y + at, width: thickness, height: length }
        } else {
            Area { x: free.x + at, y: free.y, width: length, height: thickness }
        });
        at += length;
    }
    if wide {
        Area { x: free.x + thickness, width: (free.width - thickness).max(0.0), ..free }
    } else {
        Area { y: free.y + thickness, height: (free.height - thickness).max(0.0), ..free }
    }
}

/// The size of the picture that places were worked out for, and the places.
type Placed = ((f64, f64), Rc<Vec<Option<Area>>>);

/// Draws the boxes; those that the search does not find are grey.
pub(super) fn painter(boxes: List<WeightBox>, words: Words, search: String) -> Painter {
    let placed: Rc<RefCell<Option<Placed>>> = Rc::default();
    let places = {
        let boxes = boxes.clone();
        move |size: (f64, f64)| {
            let mut placed = placed.borrow_mut();
            match &*placed {
                Some((of, places)) if *of == size => Rc::clone(places),
                _ => {
                    let places = Rc::new(layout(&boxes, size));
                    *placed = Some((size, Rc::clone(&places)));
                    places
                }
            }
        }
    };
    let found: Vec<bool> = boxes.iter().map(|part| matches(part, &search)).collect();
    let (drawn, drawn_places) = (boxes.clone(), places.clone());
    let paint = move |surface: &Surface, over: Option<usize>| {
        let (ground, quiet) = (surface.token("--ground"), surface.token("--sunken"));
        let places = drawn_places((surface.width, surface.height));
        let (left, top, right, bottom) = surface.in_sight();
        for (index, (part, area)) in drawn.iter().zip(places.iter()).enumerate() {
            let Some(area) = area else { continue };
            if area.x > right || area.y > bottom || area.x + area.width < left || area.y + area.height < top {
                continue;
            }
            let faded = !found[index];
            let fill = if faded { quiet.clone() } else { surface.token(&colour::token(&part.name)) };
            surface.context.set_global_alpha(if over == Some(index) { 0.75 } else { 1.0 });
            surface.context.set_fill_style_str(&ground);
            surface.context.fill_rect(area.x, area.y, area.width, area.height);
            surface.context.set_fill_style_str(&fill);
            surface.context.fill_rect(area.x, area.y, area.width - 1.0, area.height - 1.0);
            if !faded && area.height >= TITLE {
                surface.context.set_fill_style_str(LABEL);
                let label = format!("{} {}", part.name, part.place);
                let gap = 1.0 / surface.zoom();
                surface.label(&label, (area.x + 4.0 * gap, area.y + TITLE / 2.0), area.width - 8.0 * gap);
            }
        }
        surface.context.set_global_alpha(1.0);
    };
    let hit = move |point: (f64, f64), size: (f64, f64)| {
        // The last box in order that holds the point lies deepest.
        let places = places(size);
        let index = places.iter().rposition(|area| area.is_some_and(|area| area.holds(point)))?;
        Some(Hit { index, text: described(&boxes, index, &words) })
    };
    Painter { paint: Rc::new(paint), hit: Rc::new(hit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(depth: usize, weight: u64) -> WeightBox {
        let (name, place) = (String::new(), String::new());
        WeightBox { name, place, depth, start: 0, weight, own: 0, count: 1, object: None }
    }

    #[test]
    fn areas_stand_for_weights_and_do_not_overlap() {
        let weights = [6.0, 6.0, 4.0, 3.0, 2.0, 2.0, 1.0];
        let area = Area { x: 0.0, y: 0.0, width: 600.0, height: 400.0 };
        let places = squarified(&weights, area, 1.0);
        for (weight, place) in weights.iter().zip(&places) {
            assert!((place.width * place.height - weight * 10_000.0).abs() < 1e-3);
            assert!(place.width.max(place.height) / place.width.min(place.height) < 3.0);
        }
        let centre = |place: &Area| (place.x + place.width / 2.0, place.y + place.height / 2.0);
        for (index, place) in places.iter().enumerate() {
            let holders = places.iter().filter(|other| other.holds(centre(place))).count();
            assert_eq!(holders, 1, "{index}");
        }
    }

    #[test]
    fn boxes_lie_within_the_box_above_them() {
        let boxes = [part(0, 100), part(1, 60), part(2, 30), part(1, 40)];
        let places = layout(&boxes, (500.0, 300.0));
        let (outer, inner) = (places[1].expect("a place"), places[2].expect("a place"));
        assert!(outer.holds((inner.x, inner.y)));
        assert!(outer.holds((inner.x + inner.width - 1.0, inner.y + inner.height - 1.0)));
        assert_eq!(layout(&[], (1.0, 1.0)), []);
    }
}
