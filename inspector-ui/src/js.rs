//! What the wasm module exports: the page, the worker's answers, and the JS API.
//!
//! The API's names are those of Heapy's `Use` page. Here stands what the engine gives as it is; `heapy.js` makes `h[0]`
//! and the like of it.

use heapy_engine::{EquivalenceRelation, IdentitySet, Use};
use wasm_bindgen::prelude::*;
use web_sys::{File, Worker};

use crate::answers;
use crate::app::{App, AppProps};

/// Shows the page; `worker` is the one that runs `worker.js`.
#[wasm_bindgen]
pub fn start_page(worker: Worker) {
    yew::Renderer::<App>::with_props(AppProps { worker }).render();
}

/// The worker's answer to a question of the page; both are JSON.
///
/// # Errors
/// Why there is no answer, as an `Error`.
#[wasm_bindgen]
pub async fn answer(request: String, file: Option<File>) -> Result<String, JsError> {
    answers::answer(&request, file).await.map_err(|error| JsError::new(&error))
}

/// The top object of the snapshot that was looked at last.
///
/// # Errors
/// When no recording is open, as an `Error`.
#[wasm_bindgen]
pub fn use_api() -> Result<HeapUse, JsError> {
    answers::current_use().map(HeapUse).map_err(|error| JsError::new(&error))
}

fn failure(error: impl std::fmt::Display) -> JsError {
    JsError::new(&error.to_string())
}

/// `hp`: the top level interface to a snapshot.
#[wasm_bindgen]
pub struct HeapUse(Use);

#[wasm_bindgen]
impl HeapUse {
    /// The objects that the root reaches.
    pub fn heap(&self) -> HeapSet {
        HeapSet(self.0.heap())
    }

    /// The blocks that nothing reaches.
    pub fn leaks(&self) -> HeapSet {
        HeapSet(self.0.heapu_set())
    }

    /// The set of the objects at these addresses of the first instance.
    ///
    /// # Errors
    /// When no object is at an address, as an `Error`.
    pub fn iso(&self, addresses: Vec<f64>) -> Result<HeapSet, JsError> {
        let addresses: Vec<u64> = addresses.into_iter().map(|address| address as u64).collect();
        self.0.iso_at(0, &addresses).map(HeapSet).map_err(failure)
    }

    /// The empty set.
    pub fn nothing(&self) -> HeapSet {
        HeapSet(self.0.nothing())
    }

    /// The relation of a name, such as `Type`.
    ///
    /// # Errors
    /// When there is no such relation, as an `Error`.
    pub fn relation(&self, name: &str) -> Result<HeapRelation, JsError> {
        self.0.relation(name).map(HeapRelation).map_err(failure)
    }

    /// The top object of another snapshot of the recording.
    ///
    /// # Errors
    /// When there is none of this number, as an `Error`.
    pub fn snapshot(&self, number: u32) -> Result<HeapUse, JsError> {
        answers::numbered_use(number).map(HeapUse).map_err(|error| JsError::new(&error))
    }
}

/// A relation by which sets are grouped.
#[wasm_bindgen]
pub struct HeapRelation(EquivalenceRelation);

#[wasm_bindgen]
impl HeapRelation {
    /// The text that gives the relation again.
    pub fn repr(&self) -> String {
        self.0.repr()
    }

    /// The finer of two relations, or their product.
    ///
    /// # Errors
    /// When they are of different snapshots, as an `Error`.
    pub fn and(&self, other: &HeapRelation) -> Result<HeapRelation, JsError> {
        self.0.and(&other.0).map(HeapRelation).map_err(failure)
    }
}

/// A set of objects.
#[wasm_bindgen]
pub struct HeapSet(IdentitySet);

#[wasm_bindgen]
impl HeapSet {
    /// Number of objects.
    #[wasm_bindgen(getter)]
    pub fn count(&self) -> f64 {
        self.0.count() as f64
    }

    /// Sum of their sizes in bytes.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> f64 {
        self.0.size() as f64
    }

    /// Number of rows of its partition.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> usize {
        self.0.partition().row_count()
    }

    /// A short text.
    #[wasm_bindgen(getter)]
    pub fn brief(&self) -> String {
        self.0.brief()
    }

    /// The direct referrers that the root reaches.
    #[wasm_bindgen(getter)]
    pub fn referrers(&self) -> HeapSet {
        HeapSet(self.0.referrers())
    }

    /// The direct referents.
    #[wasm_bindgen(getter)]
    pub fn referents(&self) -> HeapSet {
        HeapSet(self.0.referents())
    }

    /// What lives only through it, itself included.
    #[wasm_bindgen(getter)]
    pub fn dominos(&self) -> HeapSet {
        HeapSet(self.0.dominos())
    }

    /// Bytes of those.
    #[wasm_bindgen(getter)]
    pub fn domisize(&self) -> f64 {
        self.0.domisize() as f64
    }

    /// The referrers that the root reaches without passing another one.
    #[wasm_bindgen(getter)]
    pub fn imdom(&self) -> HeapSet {
        HeapSet(self.0.imdom())
    }

    /// The shortest paths from the root, as Heapy prints them.
    #[wasm_bindgen(getter)]
    pub fn sp(&self) -> String {
        self.0.sp().pages().to_string()
    }

    /// The reference pattern: by what kinds of objects it is held.
    #[wasm_bindgen(getter)]
    pub fn rp(&self) -> String {
        self.0.rp().pages().to_string()
    }

    /// The next rows of its table.
    #[wasm_bindgen(getter)]
    pub fn more(&self) -> String {
        self.0.more().to_string()
    }

    /// Its whole table.
    #[wasm_bindgen(getter)]
    pub fn all(&self) -> String {
        self.0.all().to_string()
    }

    /// The same set, shown by relations whose names are joined by `&`.
    ///
    /// # Errors
    /// When there is no such relation, as an `Error`.
    pub fn by(&self, relations: &str) -> Result<HeapSet, JsError> {
        self.0.by(relations).map(HeapSet).map_err(failure)
    }

    /// The objects of a row; negative ones count from the end.
    ///
    /// # Errors
    /// When there is no such row, as an `Error`.
    pub fn part(&self, index: i32) -> Result<HeapSet, JsError> {
        self.0.part(i64::from(index)).map(HeapSet).map_err(failure)
    }

    /// The objects of the rows from `start` to before `end`, every `step`-th.
    ///
    /// # Errors
    /// When the step is not positive, as an `Error`.
    pub fn slice(&self, start: Option<i32>, end: Option<i32>, step: Option<i32>) -> Result<HeapSet, JsError> {
        self.0.slice(start.map(i64::from), end.map(i64::from), step.map(i64::from)).map(HeapSet).map_err(failure)
    }

    /// The objects in both.
    ///
    /// # Errors
    /// When they are of different snapshots, as an `Error`.
    pub fn and(&self, other: &HeapSet) -> Result<HeapSet, JsError> {
        self.0.and(&other.0).map(HeapSet).map_err(failure)
    }

    /// The objects in either.
    ///
    /// # Errors
    /// When they are of different snapshots, as an `Error`.
    pub fn or(&self, other: &HeapSet) -> Result<HeapSet, JsError> {
        self.0.or(&other.0).map(HeapSet).map_err(failure)
    }

    /// The objects in this one only.
    ///
    /// # Errors
    /// When they are of different snapshots, as an `Error`.
    pub fn sub(&self, other: &HeapSet) -> Result<HeapSet, JsError> {
        self.0.sub(&other.0).map(HeapSet).map_err(failure)
    }

    /// The objects in one only.
    ///
    /// # Errors
    /// When they are of different snapshots, as an `Error`.
    pub fn xor(&self, other: &HeapSet) -> Result<HeapSet, JsError> {
        self.0.xor(&other.0).map(HeapSet).map_err(failure)
    }

    /// Its table, as Heapy prints it.
    #[wasm_bindgen(js_name = toString)]
    pub fn text(&self) -> String {
        self.0.to_string()
    }
}
