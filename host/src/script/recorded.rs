//! What scripts ask, answered from a recording.

use std::cell::RefCell;
use std::collections::BTreeMap;

use heapy_engine::binding::Value;
use heapy_engine::{Handles, Use};

use super::native::Native;

/// Gives the top object of a snapshot by its number, or says why not.
pub type Load = Box<dyn Fn(u32) -> Result<Use, String>>;

/// The snapshots of a recording, each read when a script first asks for it.
pub struct Recorded {
    snapshots: String,
    last: u32,
    load: Load,
    /// One top object a snapshot, so that what was computed of it serves every further question.
    tops: RefCell<BTreeMap<u32, Use>>,
    handles: Handles,
}

impl Recorded {
    /// A recording of `last` snapshots; `snapshots` is what scripts see of them, a JSON list.
    #[must_use]
    pub fn new(snapshots: String, last: u32, load: Load) -> Self {
        Self { snapshots, last, load, tops: RefCell::default(), handles: Handles::new() }
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
        let number = number.unwrap_or(self.last);
        if !(1..=self.last).contains(&number) {
            return Err(format!("there is no snapshot {number}; the recording has {}", self.last));
        }
        let known = self.tops.borrow().get(&number).cloned();
        let hp = match known {
            Some(hp) => hp,
            None => (self.load)(number)?,
        };
        self.tops.borrow_mut().insert(number, hp.clone());
        Ok(self.handles.keep(Value::Use(hp)))
    }

    fn column(&self, handle: u32, name: &str) -> Result<Vec<f64>, String> {
        self.handles.column(handle, name)
    }

    fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, String> {
        self.handles.call(handle, name, arguments)
    }

    fn release(&self, handle: u32) {
        self.handles.release(handle);
    }
}
