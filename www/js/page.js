// Starts the page: theme, session, worker, user interface, and `hp` for the console.

import init, { start_page } from "./inspector.js";
import { EngineWorker } from "./engine.js";
import { mirror } from "./mirror.js";

const root = document.documentElement;
const stored = (() => {
  try {
    return localStorage.getItem("heapy.theme");
  } catch {
    return null; // Storage may be switched off.
  }
})();
root.dataset.theme = stored ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");

/** Exchanges the token of the printed address for a cookie, and takes it out of the address and the history. */
async function openSession() {
  const found = /^#token=([0-9a-f]+)$/.exec(location.hash);
  if (!found) return;
  history.replaceState(null, "", location.pathname);
  await fetch("api/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token: found[1] }),
  });
}

/** Lets the browser do something else: what follows is a task of its own, so that none is long. */
const nextTask = () => new Promise((resolve) => setTimeout(resolve));

const worker = new EngineWorker();
await nextTask();
await Promise.all([openSession(), init({ module_or_path: new URL("inspector_bg.wasm", import.meta.url) })]);
globalThis.hp = mirror(worker);
await nextTask();
start_page(worker);
