//! Bytes of recordings: from the server or from a file, chunk by chunk.

use heapy_engine::snapshot::FileBytes;
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DedicatedWorkerGlobalScope, File, ReadableStream, ReadableStreamDefaultReader, Response};

use super::Failure;
use crate::api::words;

/// Downloads a recording of the server.
pub(super) async fn download(recording: usize) -> Result<FileBytes, Failure> {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = JsFuture::from(scope.fetch_with_str(&format!("api/recordings/{recording}"))).await;
    let response: Response = answer.map_err(|_| "heapy-host does not answer: has it been stopped?")?.unchecked_into();
    if !response.ok() {
        return Err(format!("heapy-host does not give recording {recording}: status {}", response.status()));
    }
    read(response.body().ok_or("the recording came without bytes")?).await
}

/// Reads a file of the user's.
pub(super) async fn read_file(file: &File) -> Result<FileBytes, Failure> {
    read(file.stream()).await
}

/// One `Vec` ends at 2 GiB, hence chunks; each is copied once, into the engine's memory.
async fn read(stream: ReadableStream) -> Result<FileBytes, Failure> {
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut chunks = Vec::new();
    loop {
        let step = JsFuture::from(reader.read())
            .await
            .map_err(|error| format!("cannot be read to its end: {}", words(&error)))?;
        let field = |name: &str| Reflect::get(&step, &name.into()).map_err(|error| words(&error));
        if field("done")?.is_truthy() {
            return Ok(FileBytes::from_chunks(chunks));
        }
        let chunk: Uint8Array = field("value")?.dyn_into().map_err(|_| "the stream gives no bytes")?;
        chunks.push(chunk.to_vec());
    }
}
