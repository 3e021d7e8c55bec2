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

const worker = new EngineWorker();
await Promise.all([openSession(), init({ module_or_path: new URL("inspector_bg.wasm", import.meta.url) })]);
globalThis.hp = mirror(worker);
// The module is linked in one task and the page is made in another one, so that neither is long.
await new Promise((resolve) => setTimeout(resolve));
start_page(worker);
