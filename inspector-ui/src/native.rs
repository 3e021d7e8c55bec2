//! What `api.js` asks of the engine: the objects of the JS API by handles.
//!
//! On the page it asks the snapshots that the page looks at; for the package `heapy` it holds a recording of its own.
//! A recording is pushed in chunk by chunk, so that each byte is copied once, into the engine's memory; it is read when
//! it is opened, and each snapshot when it is first asked for.

use std::sync::Arc;

use heapy_engine::binding::Value;
use heapy_engine::events::Moment;
use heapy_engine::snapshot::{FileBytes, Recording};
use heapy_engine::{Handles, OpenSnapshots, Use, hpy};
use js_sys::{Float64Array, JSON, Uint8Array, WebAssembly};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use wasm_bindgen::prelude::*;

use crate::answers;

/// A recording and the objects that scripts hold of it.
#[wasm_bindgen]
#[derive(Default)]
pub struct Native {
    chunks: Vec<Vec<u8>>,
    of_page: bool,
    recording: Option<Recording>,
    tops: OpenSnapshots,
    handles: Handles,
    /// What the last view looks at.
    viewed: Vec<f64>,
}

fn failure(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

#[wasm_bindgen]
impl Native {
    /// Nothing yet.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the page looks at.
    #[must_use]
    pub fn of_page() -> Self {
        Self { of_page: true, ..Self::default() }
    }

    /// Adds the next bytes of the file.
    pub fn push(&mut self, chunk: &Uint8Array) {
        self.chunks.push(chunk.to_vec());
    }

    /// Opens the recording that was pushed.
    ///
    /// # Errors
    /// Why it is none, as an `Error`.
    pub fn open(&mut self) -> Result<(), JsError> {
        let bytes = FileBytes::from_chunks(std::mem::take(&mut self.chunks));
        self.recording = Some(Recording::read(bytes).map_err(failure)?);
        Ok(())
    }

    /// The stats of a `.hpy` file that was pushed: their handles.
    ///
    /// # Errors
    /// Why it is none, as an `Error`.
    pub fn stats(&mut self) -> Result<Vec<u32>, JsError> {
        let bytes = std::mem::take(&mut self.chunks).concat();
        let text = hpy::decode(&bytes);
        let stats = hpy::Packages::new(&text).collect::<Result<Vec<_>, _>>().map_err(failure)?;
        Ok(stats.into_iter().map(|stat| self.handles.keep(stat.into())).collect())
    }

    /// The description of the API, as JSON.
    #[must_use]
    pub fn describe(&self) -> String {
        Handles::describe().to_string()
    }

    /// The snapshots, as JSON.
    #[must_use]
    pub fn snapshots(&self) -> String {
        let snapshots = if self.of_page {
            answers::snapshots()
        } else {
            self.recording.as_ref().map_or_else(Vec::new, |recording| recording.snapshots().to_vec())
        };
        let list = snapshots.iter().map(|meta| {
            serde_json::json!({
                "number": meta.number, "reason": meta.reason, "at_nanos": meta.at_nanos,
                "objects": meta.objects, "bytes": meta.bytes,
            })
        });
        list.collect::<serde_json::Value>().to_string()
    }

    /// A handle of the top object of a snapshot; of the last one if no number is given.
    ///
    /// # Errors
    /// When there is no such snapshot, as an `Error`.
    pub fn top(&mut self, number: Option<u32>) -> Result<u32, JsError> {
        if self.of_page {
            let hp = number.map_or_else(answers::current_use, answers::numbered_use).map_err(failure)?;
            return Ok(self.handles.keep(Value::Use(hp)));
        }
        let recording = self.recording.as_ref().ok_or_else(|| failure("no recording is open"))?;
        let last = recording.snapshots().len() as u32;
        let number = number.unwrap_or(last);
        let there = (1..=last).contains(&number) || number == 0 && recording.peak().is_some();
        if !there {
            return Err(failure(format!("there is no snapshot {number}; the recording has {last}")));
        }
        let load = || recording.heap(number).map(|heap| Use::new(Arc::new(heap)));
        let hp = self.tops.get(number, load).map_err(failure)?;
        Ok(self.handles.keep(Value::Use(hp)))
    }

    /// A handle of the top object of a moment, of recordings with events; the page's own cannot be asked for one.
    ///
    /// # Errors
    /// When it is no moment of the recording, as an `Error`.
    pub fn moment(&mut self, text: &str) -> Result<u32, JsError> {
        let moment: Moment = text.parse().map_err(failure)?;
        let recording =
            self.recording.as_ref().ok_or_else(|| failure("moments can be asked of opened recordings only"))?;
        let heap = recording.heap_at(moment).map_err(failure)?;
        Ok(self.handles.keep(Value::Use(Use::new(Arc::new(heap)))))
    }

    /// Reads an attribute or calls a method; arguments and answer are JSON.
    ///
    /// # Errors
    /// The engine's message, as an `Error`.
    pub fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, JsError> {
        self.handles.call(handle, name, arguments).map_err(failure)
    }

    /// The same with plain objects in place of JSON. Numbers that JavaScript has not exactly come as the nearest ones.
    ///
    /// # Errors
    /// The engine's message, as an `Error`.
    pub fn ask(&self, handle: u32, name: &str, arguments: JsValue) -> Result<JsValue, JsError> {
        let arguments = serde_wasm_bindgen::from_value(arguments).map_err(failure)?;
        let answer = self.handles.ask(handle, name, arguments).map_err(failure)?;
        answer.serialize(&Serializer::json_compatible()).or_else(|_| {
            let text = serde_json::to_string(&answer).map_err(failure)?;
            JSON::parse(&text).map_err(|_| failure("an answer is no JSON"))
        })
    }

    /// A column of numbers of a set.
    ///
    /// # Errors
    /// The engine's message, as an `Error`.
    pub fn column(&self, handle: u32, name: &str) -> Result<Float64Array, JsError> {
        Ok(Float64Array::from(self.handles.column(handle, name).map_err(failure)?.as_slice()))
    }

    /// The same without a copy: an array over the engine's own memory. It is good until the next request, which may let
    /// that memory grow or put other numbers there.
    ///
    /// # Errors
    /// The engine's message, as an `Error`.
    pub fn view(&mut self, handle: u32, name: &str) -> Result<Float64Array, JsError> {
        self.viewed = self.handles.column(handle, name).map_err(failure)?;
        let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
        let start = self.viewed.as_ptr() as u32;
        Ok(Float64Array::new_with_byte_offset_and_length(&memory.buffer(), start, self.viewed.len() as u32))
    }

    /// Number of objects that scripts hold.
    #[must_use]
    pub fn held(&self) -> usize {
        self.handles.count()
    }

    /// Lets go of a handle.
    pub fn release(&self, handle: u32) {
        self.handles.release(handle);
    }
}
