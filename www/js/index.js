// The package `heapy` in a browser, without a bundler or with one.

import init, { Native } from "./inspector.js";
import { openChunks, piecesOf } from "./open.js";

export { isObject, plain, run, show } from "./api.js";

let ready;

/** Opens a recording: an address, a Blob or File, or bytes. */
export async function open(source, options) {
  ready ??= init({ module_or_path: new URL("./inspector_bg.wasm", import.meta.url) });
  await ready;
  return openChunks(Native, piecesOf(source), options);
}
