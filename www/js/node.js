// The package `heapy` in Node.

import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { initSync, Native } from "./inspector.js";
import { openChunks, piecesOf } from "./open.js";

export { isObject, plain, run, show } from "./api.js";

let ready;

/** Opens a recording: a path, an address, a Blob, or bytes. */
export async function open(source, options) {
  ready ??= readFile(new URL("./inspector_bg.wasm", import.meta.url)).then((module) => initSync({ module }));
  await ready;
  return openChunks(Native, pieces(source), options);
}

/** Bytes that are read from a file at once. */
const PIECE = 1 << 20;

function pieces(source) {
  const read = (path) => createReadStream(path, { highWaterMark: PIECE });
  if (source instanceof URL && source.protocol === "file:") return read(fileURLToPath(source));
  if (typeof source === "string" && source.startsWith("file:")) return read(fileURLToPath(source));
  if (typeof source === "string" && !/^(https?|blob|data):/.test(source)) return read(source);
  return piecesOf(source);
}
