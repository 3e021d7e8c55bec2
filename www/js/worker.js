// The engine's side of the page: answers the user interface, the console's `hp` and the user's scripts.

import init, { answer, use_api } from "./inspector.js";
import { wrapUse } from "./heapy.js";
import { evaluate, runScript } from "./scripts.js";

const ready = init({ module_or_path: new URL("inspector_bg.wasm", import.meta.url) });

/** The answer to one message; see mirror.js, and `api.rs` of the inspector for requests. */
async function dispatch(message) {
  await ready;
  if ("request" in message) return answer(message.request, message.file);
  if ("chain" in message) return evaluate(wrapUse(use_api()), message.chain);
  if ("script" in message) return runScript(wrapUse(use_api()), message.script);
  throw new TypeError("the message asks nothing");
}

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ id: data.id, answer: await dispatch(data) });
  } catch (error) {
    self.postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
