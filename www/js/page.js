// Starts the page: theme, session, worker, user interface, and `hp` for the console.

import init, { start_page } from "./inspector.js";
import { EngineWorker } from "./engine.js";
import { mirror } from "./mirror.js";

const root = document.documentElement;
root.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";

/** Takes the theme that was chosen last. The first look into the storage takes the browser tens of milliseconds. */
function restoreTheme() {
  try {
    root.dataset.theme = localStorage.getItem("heapy.theme") ?? root.dataset.theme;
  } catch {
    // Storage may be switched off.
  }
}

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

// The token leaves the address before anything else happens.
const session = openSession();
const worker = new EngineWorker();
await nextTask();
const loaded = init({ module_or_path: new URL("inspector_bg.wasm", import.meta.url) });
await nextTask();
restoreTheme();
await Promise.all([session, loaded]);
globalThis.hp = mirror(worker);
await nextTask();
start_page(worker);
