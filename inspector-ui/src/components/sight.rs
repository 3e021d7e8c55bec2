//! What of a picture is in sight: part of the address, so that a link shows the same part.
//!
//! The middle is told in parts of the picture's width and height, so that another window shows the same place.

use gloo::timers::callback::Timeout;
use yew::prelude::*;

use crate::hooks::use_navigation;
use crate::route::ZOOM;

/// How far a picture can be shrunk and enlarged.
const SCALES: (f64, f64) = (0.1, 60.0);

/// How far the middle may lie from the picture, in sizes of it.
const FARTHEST: f64 = 4.0;

/// How long a picture stands still before the address follows it.
const STILL_MILLIS: u32 = 250;

/// How large a picture is seen, and what of it stands in the middle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    scale: f64,
    middle: (f64, f64),
}

/// The same as it is drawn: the scale, and where the picture's corner is, in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transform {
    pub(super) scale: f64,
    pub(super) x: f64,
    pub(super) y: f64,
}

impl Sight {
    /// All of the picture.
    pub(super) const WHOLE: Self = Self { scale: 1.0, middle: (0.5, 0.5) };

    /// Whether it is all of the picture where it belongs.
    pub(super) fn is_whole(self) -> bool {
        self == Self::WHOLE
    }

    /// How it is drawn in a place of this size.
    pub(super) fn transform(self, (width, height): (f64, f64)) -> Transform {
        let corner = |size: f64, middle: f64| size * (0.5 - self.scale * middle);
        Transform { scale: self.scale, x: corner(width, self.middle.0), y: corner(height, self.middle.1) }
    }

    /// What is seen when it is drawn so.
    pub(super) fn of(transform: Transform, (width, height): (f64, f64)) -> Self {
        let scale = transform.scale.clamp(SCALES.0, SCALES.1);
        let middle = |size: f64, corner: f64| {
            let middle = (size * 0.5 - corner) / (size * scale).max(1e-9);
            middle.clamp(-FARTHEST, FARTHEST)
        };
        Self { scale, middle: (middle(width, transform.x), middle(height, transform.y)) }
    }

    /// Enlarged or shrunk; the place under the mouse stays there.
    pub(super) fn zoomed(self, factor: f64, (x, y): (f64, f64), size: (f64, f64)) -> Self {
        let before = self.transform(size);
        let scale = (before.scale * factor).clamp(SCALES.0, SCALES.1);
        let kept = scale / before.scale;
        Self::of(Transform { scale, x: x - (x - before.x) * kept, y: y - (y - before.y) * kept }, size)
    }

    /// As it stands in the address; all of the picture is not told.
    fn to_text(self) -> Option<String> {
        (self != Self::WHOLE).then(|| format!("{:.4},{:.6},{:.6}", self.scale, self.middle.0, self.middle.1))
    }

    /// The other way round; what cannot be read is all of the picture.
    fn from_text(text: Option<&str>) -> Self {
        let numbers: Vec<f64> = text.unwrap_or_default().split(',').flat_map(str::parse).collect();
        let [scale, across, down] = numbers[..] else { return Self::WHOLE };
        if !numbers.iter().all(|number| number.is_finite()) {
            return Self::WHOLE;
        }
        let middle = |at: f64| at.clamp(-FARTHEST, FARTHEST);
        Self { scale: scale.clamp(SCALES.0, SCALES.1), middle: (middle(across), middle(down)) }
    }
}

/// What is in sight, and how to show another part. The address follows when the picture stands still: it changes without
/// a step in the history, and not with every movement of the mouse.
#[hook]
pub(super) fn use_sight() -> (Sight, Callback<Sight>) {
    let navigation = use_navigation();
    let told = navigation.route.option(ZOOM).map(str::to_owned);
    let sight = use_state(|| Sight::from_text(told.as_deref()));
    let written = use_mut_ref(|| told.clone());
    let latest = use_mut_ref(|| navigation.clone());
    *latest.borrow_mut() = navigation;
    let later = use_mut_ref(|| None::<Timeout>);
    {
        let (sight, written, later) = (sight.clone(), written.clone(), later.clone());
        use_effect_with(told, move |told| {
            if *told != *written.borrow() {
                written.borrow_mut().clone_from(told);
                *later.borrow_mut() = None;
                sight.set(Sight::from_text(told.as_deref()));
            }
        });
    }
    let show = {
        let sight = sight.clone();
        Callback::from(move |next: Sight| {
            sight.set(next);
            let (sight, latest, written) = (sight.clone(), latest.clone(), written.clone());
            *later.borrow_mut() = Some(Timeout::new(STILL_MILLIS, move || {
                let navigation = latest.borrow().clone();
                let text = next.to_text();
                // The picture is as its link will show it, to the last digit.
                sight.set(Sight::from_text(text.as_deref()));
                written.borrow_mut().clone_from(&text);
                navigation.amend.emit(navigation.route.with_option(ZOOM, text));
            }));
        })
    };
    (*sight, show)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: (f64, f64) = (800.0, 500.0);

    #[test]
    fn a_sight_survives_drawing_and_the_address() {
        assert_eq!(Sight::WHOLE.transform(SIZE), Transform { scale: 1.0, x: 0.0, y: 0.0 });
        assert_eq!(Sight::of(Sight::WHOLE.transform(SIZE), SIZE), Sight::WHOLE);
        let zoomed = Sight::WHOLE.zoomed(2.0, (800.0, 500.0), SIZE);
        // The corner under the mouse stays where it was.
        assert_eq!(zoomed.transform(SIZE), Transform { scale: 2.0, x: -800.0, y: -500.0 });
        assert_eq!(Sight::from_text(zoomed.to_text().as_deref()), zoomed);
        assert_eq!(Sight::WHOLE.to_text(), None);
        // In a window of twice the size the same place is in the middle.
        assert_eq!(zoomed.transform((1600.0, 1000.0)), Transform { scale: 2.0, x: -1600.0, y: -1000.0 });
    }

    #[test]
    fn no_address_makes_a_picture_that_cannot_be_drawn() {
        for text in ["", "2", "2,0.5", "1,2,3,4", "NaN,0,0", "inf,0,0", "x,y,z"] {
            assert_eq!(Sight::from_text(Some(text)), Sight::WHOLE, "{text}");
        }
        let far = Sight::from_text(Some("1e9,-1e9,1e300"));
        assert_eq!(far, Sight { scale: SCALES.1, middle: (-FARTHEST, FARTHEST) });
    }
}
