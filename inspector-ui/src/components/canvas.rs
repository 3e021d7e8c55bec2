//! A picture that is drawn on a canvas: sized by its place, redrawn when anything changes, moved and enlarged with the
//! mouse, with something under it.
//!
//! What is drawn comes as a [`Painter`]. Screen readers and the keyboard get the table twin that every view has.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, ResizeObserver};
use yew::prelude::*;

use super::sight::{Sight, Transform, use_sight};
use crate::hooks::Theme;

/// Draws on a surface; the second argument is what the mouse is over.
type Paint = dyn Fn(&Surface, Option<usize>);

/// Finds what is at a place of a surface of a size.
type FindHit = dyn Fn((f64, f64), (f64, f64)) -> Option<Hit>;

/// What is drawn, and what is where.
#[derive(Clone)]
pub(crate) struct Painter {
    /// Draws everything; the last argument is what the mouse is over.
    pub paint: Rc<Paint>,
    /// What is at a place of a surface of this size.
    pub hit: Rc<FindHit>,
}

impl PartialEq for Painter {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.paint, &other.paint)
    }
}

/// Something that was hit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Its position in what is drawn.
    pub index: usize,
    /// What it is, in a line.
    pub text: String,
}

/// Where a painter draws, in CSS pixels.
pub(crate) struct Surface {
    /// The canvas.
    pub context: CanvasRenderingContext2d,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    transform: Transform,
    style: Option<web_sys::CssStyleDeclaration>,
    /// Tokens that were asked for: asking the browser for each of thousands of nodes takes longer than drawing them.
    tokens: RefCell<HashMap<String, String>>,
}

impl Surface {
    /// The value of a token such as `--text`.
    pub(crate) fn token(&self, name: &str) -> String {
        if let Some(known) = self.tokens.borrow().get(name) {
            return known.clone();
        }
        let value = self.read_token(name);
        self.tokens.borrow_mut().insert(name.to_owned(), value.clone());
        value
    }

    /// How much larger things are seen than they are drawn.
    pub(crate) const fn zoom(&self) -> f64 {
        self.transform.scale
    }

    /// What of the surface is in sight: left, top, right, bottom.
    pub(crate) fn in_sight(&self) -> (f64, f64, f64, f64) {
        let Transform { scale, x, y } = self.transform;
        (-x / scale, -y / scale, (self.width - x) / scale, (self.height - y) / scale)
    }

    fn read_token(&self, name: &str) -> String {
        let value = self.style.as_ref().and_then(|style| style.get_property_value(name).ok());
        value.map(|value| value.trim().to_owned()).unwrap_or_default()
    }

    /// A text within a width, cut with an ellipsis; not drawn where not even three letters fit. It grows with the picture.
    pub(crate) fn text(&self, text: &str, (x, y): (f64, f64), width: f64) {
        if let Some(text) = fitting(text, width) {
            // A text that cannot be drawn is no failure of the picture.
            let _ = self.context.fill_text(&text, x, y);
        }
    }

    /// The same in letters that do not grow: of an enlarged picture more can be read.
    pub(crate) fn label(&self, text: &str, (x, y): (f64, f64), width: f64) {
        let zoom = self.zoom();
        if zoom == 1.0 {
            return self.text(text, (x, y), width);
        }
        let Some(text) = fitting(text, width * zoom) else { return };
        self.context.save();
        // The arguments are finite, so that the browser takes them.
        let _ = self.context.translate(x, y);
        let _ = self.context.scale(1.0 / zoom, 1.0 / zoom);
        let _ = self.context.fill_text(&text, 0.0, 0.0);
        self.context.restore();
    }
}

/// As much of a text as is about so wide.
fn fitting(text: &str, width: f64) -> Option<Cow<'_, str>> {
    /// About the width of a letter of the canvas font.
    const LETTER: f64 = 6.9;
    let room = (width / LETTER) as usize;
    if room < 3 {
        return None;
    }
    Some(match text.char_indices().nth(room) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(room - 1).chain(['…']).collect()),
    })
}

/// What a canvas shows.
#[derive(Clone, PartialEq, Properties)]
pub(crate) struct CanvasProps {
    /// What the picture is, in words.
    pub label: AttrValue,
    /// What is drawn.
    pub painter: Painter,
    /// Something was clicked.
    pub on_click: Callback<usize>,
}

/// How much larger or smaller a step of the wheel makes a picture.
const STEP: f64 = 1.15;

/// Mouse movement that is still a click.
const CLICK_PIXELS: i32 = 3;

/// The picture.
#[function_component]
pub(crate) fn Canvas(props: &CanvasProps) -> Html {
    let canvas = use_node_ref();
    let size = use_state(|| (0.0, 0.0));
    let over = use_state(|| None::<Hit>);
    let (sight, show) = use_sight();
    let transform = sight.transform(*size);
    let pressed = use_mut_ref(|| None::<(i32, i32, Transform)>);
    // Colours are read when the picture is drawn, which is whenever this is rendered.
    let _theme = use_context::<Theme>();
    use_size(&canvas, &size);
    {
        let drawn = (canvas.clone(), props.painter.clone(), *size, transform, over.as_ref().map(|hit| hit.index));
        use_effect(move || draw(&drawn.0, &drawn.1, drawn.2, drawn.3, drawn.4));
    }
    let place = move |event: &MouseEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        ((x - transform.x) / transform.scale, (y - transform.y) / transform.scale)
    };
    let on_move = {
        let (over, show, pressed, painter, size) =
            (over.clone(), show.clone(), pressed.clone(), props.painter.clone(), *size);
        Callback::from(move |event: MouseEvent| {
            if let Some((x, y, begun)) = *pressed.borrow() {
                let moved = (event.client_x() - x, event.client_y() - y);
                if moved.0.abs().max(moved.1.abs()) > CLICK_PIXELS || begun != transform {
                    let (x, y) = (begun.x + f64::from(moved.0), begun.y + f64::from(moved.1));
                    show.emit(Sight::of(Transform { x, y, ..begun }, size));
                }
                return;
            }
            let hit = (painter.hit)(place(&event), size);
            if hit != *over {
                over.set(hit);
            }
        })
    };
    let on_down = {
        let pressed = pressed.clone();
        Callback::from(move |event: MouseEvent| {
            *pressed.borrow_mut() = Some((event.client_x(), event.client_y(), transform));
        })
    };
    let on_up = {
        let (pressed, painter, size, on_click) =
            (pressed.clone(), props.painter.clone(), *size, props.on_click.clone());
        Callback::from(move |event: MouseEvent| {
            let Some((x, y, _)) = pressed.borrow_mut().take() else { return };
            let moved = (event.client_x() - x).abs().max((event.client_y() - y).abs());
            if moved <= CLICK_PIXELS
                && let Some(hit) = (painter.hit)(place(&event), size)
            {
                on_click.emit(hit.index);
            }
        })
    };
    let on_leave = {
        let (over, pressed) = (over.clone(), pressed);
        Callback::from(move |_: MouseEvent| {
            *pressed.borrow_mut() = None;
            over.set(None);
        })
    };
    let all = show.reform(|_: MouseEvent| Sight::WHOLE);
    let on_wheel = {
        let size = *size;
        Callback::from(move |event: WheelEvent| {
            let factor = if event.delta_y() < 0.0 { STEP } else { 1.0 / STEP };
            let at = (f64::from(event.offset_x()), f64::from(event.offset_y()));
            show.emit(sight.zoomed(factor, at, size));
        })
    };
    html! {
        <div class="canvas-box">
            <canvas
                ref={canvas} role="img" aria-label={props.label.clone()} onmousemove={on_move} onmousedown={on_down}
                onmouseup={on_up} onmouseleave={on_leave} onwheel={on_wheel}
            />
            if !sight.is_whole() {
                <button class="whole" onclick={all}>{ "All of it" }</button>
            }
            if let Some(hit) = &*over {
                <div class="tip">{ &hit.text }</div>
            }
        </div>
    }
}

/// Keeps the size of the canvas's place.
#[hook]
fn use_size(canvas: &NodeRef, size: &UseStateHandle<(f64, f64)>) {
    let (canvas, size) = (canvas.clone(), size.clone());
    use_effect_with((), move |()| {
        let parent = canvas.cast::<HtmlElement>().and_then(|canvas| canvas.parent_element());
        let seen = parent.clone();
        let on_size = Closure::<dyn FnMut()>::new(move || {
            if let Some(element) = &seen {
                size.set((f64::from(element.client_width()), f64::from(element.client_height())));
            }
        });
        let observer = ResizeObserver::new(on_size.as_ref().unchecked_ref()).ok();
        if let (Some(observer), Some(parent)) = (&observer, &parent) {
            observer.observe(parent);
        }
        move || {
            if let Some(observer) = observer {
                observer.disconnect();
            }
            drop(on_size);
        }
    });
}

fn draw(canvas: &NodeRef, painter: &Painter, (width, height): (f64, f64), transform: Transform, over: Option<usize>) {
    let Some(canvas) = canvas.cast::<HtmlCanvasElement>() else { return };
    let Some(window) = web_sys::window() else { return };
    let ratio = window.device_pixel_ratio();
    let (wide, high) = ((width * ratio) as u32, (height * ratio) as u32);
    if wide == 0 || high == 0 {
        return;
    }
    if canvas.width() != wide || canvas.height() != high {
        canvas.set_width(wide);
        canvas.set_height(high);
    }
    let context = canvas.get_context("2d").ok().flatten().and_then(|context| context.dyn_into().ok());
    let Some(context): Option<CanvasRenderingContext2d> = context else { return };
    let root = window.document().and_then(|document| document.document_element());
    let style = root.and_then(|root| window.get_computed_style(&root).ok().flatten());
    let surface = Surface { context, width, height, transform, style, tokens: RefCell::default() };
    let scale = ratio * transform.scale;
    // The arguments are finite, so that the browser takes them.
    let _ = surface.context.set_transform(1.0, 0.0, 0.0, 1.0, 0.0, 0.0);
    surface.context.clear_rect(0.0, 0.0, f64::from(wide), f64::from(high));
    let _ = surface.context.set_transform(scale, 0.0, 0.0, scale, transform.x * ratio, transform.y * ratio);
    surface.context.set_font("12px system-ui, sans-serif");
    surface.context.set_text_baseline("middle");
    (painter.paint)(&surface, over);
}
