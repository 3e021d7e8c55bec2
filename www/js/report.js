// Starts the inspector in a report: the page holds every file, compressed and as base64, and there is no server.

/** Letters of base64 that are decoded at once; a multiple of four. */
const PIECE = 1 << 20;

/** What the page holds under a name. */
async function held(id) {
  const text = document.getElementById(id).textContent;
  const pieces = [];
  for (let at = 0; at < text.length; at += PIECE) {
    pieces.push(Uint8Array.from(atob(text.slice(at, at + PIECE)), (letter) => letter.charCodeAt(0)));
  }
  const packed = new Blob(pieces).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).blob();
}

const links = new Map();

/** The address of a file that the page holds; the files that it imports get addresses too. */
async function link(name) {
  if (!links.has(name)) links.set(name, await made(name));
  return links.get(name);
}

async function made(name) {
  if (name.endsWith(".wasm")) return URL.createObjectURL(new Blob([await held(name)], { type: "application/wasm" }));
  let text = await (await held(name)).text();
  const wanted = [
    [/from\s*["']\.\/([\w.]+)["']/g, (address) => `from "${address}"`],
    [/new URL\(["']([\w.]+)["'], import\.meta\.url\)/g, (address) => `"${address}"`],
  ];
  for (const [pattern, written] of wanted) {
    for (const [whole, file] of text.matchAll(pattern)) text = text.replace(whole, written(await link(file)));
  }
  return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
}

const { name, snapshot } = document.getElementById("recording").dataset;
globalThis.heapyRecording = new File([await held("recording")], name);
if (snapshot && !location.hash) location.hash = `/overview?snapshot=${snapshot}`;
await import(await link("page.js"));
