// The engine's side of the page: answers the user interface, the console's `hp` and the user's scripts.

import init, { answer, Native } from "./inspector.js";
import { connect } from "./api.js";
import { evaluate, runScript } from "./scripts.js";

const ready = init({ module_or_path: new URL("inspector_bg.wasm", import.meta.url) });

/** Answers by `hp`, the top object of the snapshot that the page looked at last; lets go of whatever it made. */
async function withTop(answer) {
  const api = connect(Native.of_page());
  try {
    return await answer(api.top());
  } finally {
    api.close();
  }
}

/** The answer to one message; see mirror.js, and `api.rs` of the inspector for requests. */
async function dispatch(message) {
  await ready;
  if ("request" in message) return answer(message.request, message.file);
  if ("chain" in message) return withTop((hp) => evaluate(hp, message.chain));
  if ("script" in message) return withTop((hp) => runScript(hp, message.script));
  throw new TypeError("the message asks nothing");
}

self.onmessage = async ({ data }) => {
  try {
    self.postMessage({ id: data.id, answer: await dispatch(data) });
  } catch (error) {
    self.postMessage({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
