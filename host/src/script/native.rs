//! What the interpreter asks of the engine.

/// The engine's side of `www/js/api.js`; requests and answers are JSON, so that this side is the same for every
/// interpreter. A failure's text becomes the message of a JavaScript `Error`.
pub trait Native {
    /// The description of the API: for each type its attributes, methods and what else it can do.
    fn describe(&self) -> String;

    /// The handle of the top object.
    fn top(&self) -> u32;

    /// Asks `name` of the object of a handle.
    ///
    /// # Errors
    /// The engine's message.
    fn call(&self, handle: u32, name: &str, arguments: &str) -> Result<String, String>;

    /// Lets go of a handle.
    fn release(&self, handle: u32);
}
