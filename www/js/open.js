// Opening recordings: what Node and browsers share.

import { connect } from "./api.js";

/** Bytes that make a file a zip, as recordings are. */
const isZip = (bytes) => bytes[0] === 0x50 && bytes[1] === 0x4b;

/**
 * The top object of the last snapshot of a recording, or of the one of a number; of a `.hpy` file the list of its stats.
 * `chunks` gives the file's bytes piece by piece; each piece is copied once, into the engine's memory.
 */
export async function openChunks(Native, chunks, { snapshot } = {}) {
  const native = new Native();
  const api = connect(native);
  try {
    let first;
    for await (const chunk of chunks) {
      if (chunk.length === 0) continue;
      first ??= chunk.slice(0, 2);
      native.push(chunk);
    }
    if (first === undefined) throw new Error("the file is empty");
    if (!isZip(first)) return Array.from(native.stats(), (handle) => api.object(handle, "Stat"));
    native.open();
    return api.top(snapshot);
  } catch (error) {
    api.close();
    throw error;
  }
}

/** The pieces of what a browser and Node both know: bytes, blobs, and addresses of the web. */
export async function* piecesOf(source) {
  if (source instanceof ArrayBuffer) yield new Uint8Array(source);
  else if (ArrayBuffer.isView(source)) yield new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  else if (source instanceof Blob) yield* piecesOfStream(source.stream());
  else if (typeof source === "string" || source instanceof URL) {
    const { address, headers } = runningHost(String(source));
    const response = await fetch(address, { headers });
    if (!response.ok) throw new Error(`${address} answers with status ${response.status}`);
    yield* piecesOfStream(response.body);
  } else throw new TypeError("open takes an address, a Blob or bytes; in Node also a path");
}

/** Not every browser's streams can be walked by `for await`. */
async function* piecesOfStream(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

/** The address that `heapy-host` prints, with its token, stands for the recording of the run. */
function runningHost(text) {
  const found = /^(https?:\/\/[^#]+?)\/?#token=([0-9a-f]+)$/.exec(text);
  if (!found) return { address: text, headers: {} };
  return { address: `${found[1]}/api/recordings/0`, headers: { Authorization: `Bearer ${found[2]}` } };
}
