//! What scripts ask, answered from a recording.

use std::cell::RefCell;

use heapy_engine::binding::Value;
use heapy_engine::{Handles, OpenSnapshots, Use};

use super::native::Native;

/// Gives the top object of a snapshot by its number, or says why not.
pub type Load = Box<dyn Fn(u32) -> Result<Use, String>>;

/// Gives the top object of a moment.
pub type LoadAt = Box<dyn Fn(&str) -> Result<Use, String>>;

/// The snapshots of a recording, each read when a script first asks for it.
pub struct Recorded {
    snapshots: String,
    last: u32,
    /// Whether there is a snapshot of the peak, which is number 0.
    has_peak: bool,
    /// The snapshot that is asked if no number is given.
    first_asked: u32,
    load: Load,
    load_at: Option<LoadAt>,
    tops: RefCell<OpenSnapshots>,
    handles: Handles,
    /// Most bytes that the objects which scripts hold may take.
    most_bytes: usize,
}

/// Bytes of an object of the API beside its members.
const OBJECT_BYTES: usize = 512;

impl Recorded {
    /// A recording of `last` snapshots; `snapshots` is what scripts see of them, a JSON list.
    #[must_use]
    pub fn new(snapshots: String, last: u32, load: Load) -> Self {
        let (tops, handles) = (RefCell::default(), Handles::new());
        Self {
            snapshots,
            last,
            has_peak: false,
            first_asked: last,
            load,
            load_at: None,
            tops,
            handles,
            most_bytes: usize::MAX,
        }
    }

    /// Bounds what scripts may hold: sets take a bit for each object of the heap.
    #[must_use]
    pub fn limited(self, most_bytes: usize) -> Self {
        Self { most_bytes, ..self }
    }

    /// Lets scripts ask for moments between snapshots too.
    #[must_use]
    pub fn with_moments(self, load_at: LoadAt) -> Self {
        Self { load_at: Some(load_at), ..self }
    }

    /// Lets scripts ask for the snapshot of the peak too, as number 0.
    #[must_use]
    pub fn with_peak(self, has_peak: bool) -> Self {
        Self { has_peak, ..self }
    }

    /// An error once scripts hold more than they may.
    fn check_held(&self) -> Result<(), String> {
        let (held, each) = (self.handles.count(), self.tops.borrow().largest() / 8 + OBJECT_BYTES);
        if held.saturating_mul(each) <= self.most_bytes {
            return Ok(());
        }
        Err(format!("the script holds {held} sets and other objects of about {each} bytes, more than its memory limit"))
    }

    /// Has scripts begin with the snapshot of this number in place of the last one.
    #[must_use]
    pub fn beginning_with(self, number: u32) -> Self {
        Self { first_asked: number, ..self }
    }
}

impl Native for Recorded {
    fn describe(&self) -> String {
        Handles::describe().to_string()
    }

    fn snapshots(&self) -> String {
        self.snapshots.clone()
    }

    fn top(&self, number: Option<u32>) -> Result<u32, String> {
        let number = number.unwrap_or(self.first_asked);
        let there = (1..=self.last).contains(&number) || number == 0 && self.has_peak;
        if !there {
            return Err(format!("there is no snapshot {number}; the recording has {}", self.last));
        }
        let hp = self.tops.borrow_mut().get(number, || (self.load)(number))?;
        Ok(self.handles.keep(Value::Use(hp)))
    }

    fn moment(&self, text: &str) -> Result<u32, String> {
        let load = self.load_at.as_ref().ok_or("moments cannot be asked for here")?;
        self.check_held()?;
        Ok(self.handles.keep(Value::Use(load(text)?)))
    }

    fn column(&self, handle: u32, name: &str) -> Result<Vec<f64>, String> {
        self.handles.column(handle, name)
    }

    fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, String> {
        self.check_held()?;
        self.handles.call(handle, name, arguments)
    }

    fn release(&self, handle: u32) {
        self.handles.release(handle);
    }
}
