//! What the interpreter asks of the engine.

/// The engine's side of `www/js/api.js`; requests and answers are JSON, so that this side is the same for every
/// interpreter. A failure's text becomes the message of a JavaScript `Error`.
pub trait Native {
    /// The description of the API: for each type its attributes, methods and what else it can do; JSON.
    fn describe(&self) -> String;

    /// The snapshots of the recording: a JSON list.
    fn snapshots(&self) -> String;

    /// A handle of the top object of a snapshot; of the last one if no number is given.
    ///
    /// # Errors
    /// The message when there is no such snapshot, or when it cannot be read.
    fn top(&self, number: Option<u32>) -> Result<u32, String>;

    /// A handle of the top object of a moment, of recordings with events.
    ///
    /// # Errors
    /// The message when it is none, or none of this recording.
    fn moment(&self, text: &str) -> Result<u32, String> {
        Err(format!("moments such as {text:?} cannot be asked for here"))
    }

    /// A column of numbers of a set.
    ///
    /// # Errors
    /// The engine's message.
    fn column(&self, handle: u32, name: &str) -> Result<Vec<f64>, String>;

    /// Asks `name` of the object of a handle.
    ///
    /// # Errors
    /// The engine's message.
    fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, String>;

    /// Lets go of a handle.
    fn release(&self, handle: u32);
}
