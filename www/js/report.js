// Starts the inspector in a report: the page holds every file, compressed and as base64, and there is no server.
//
// Pages from disk may start classic workers only, and their workers cannot read addresses that the page has made. So a
// worker is sent the files, and makes addresses of its own.

/** Letters of base64 that are decoded at once; a multiple of four. */
const PIECE = 1 << 20;

/** What an element of the page holds. */
async function held(element) {
  const text = element.textContent;
  const pieces = [];
  for (let at = 0; at < text.length; at += PIECE) {
    pieces.push(Uint8Array.from(atob(text.slice(at, at + PIECE)), (letter) => letter.charCodeAt(0)));
  }
  const packed = new Blob(pieces).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).blob();
}

/** Gives the address of a file; the files that it imports get addresses too. Runs in workers as well: it stands alone. */
function linker(files) {
  const links = new Map();
  const link = async (name) => {
    if (!links.has(name)) links.set(name, await made(name));
    return links.get(name);
  };
  const made = async (name) => {
    if (name.endsWith(".wasm")) return URL.createObjectURL(new Blob([files.get(name)], { type: "application/wasm" }));
    let text = await files.get(name).text();
    const wanted = [
      [/from\s*["']\.\/([\w.]+)["']/g, (address) => `from "${address}"`],
      [/new URL\(["']([\w.]+\.wasm)["'], import\.meta\.url\)/g, (address) => `"${address}"`],
    ];
    for (const [pattern, written] of wanted) {
      for (const [whole, file] of text.matchAll(pattern)) text = text.replace(whole, written(await link(file)));
    }
    // What is left is the name of a worker's file, which is not an address here.
    text = text.replace(/new URL\(["']([\w.]+)["'], import\.meta\.url\)/g, (_, file) => `"${file}"`);
    return URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  };
  return link;
}

const files = new Map();
for (const element of document.querySelectorAll("script[data-file]")) {
  files.set(element.dataset.file, await held(element));
  element.remove();
}

/** A worker that first makes addresses of the files, and keeps what it is sent until its module listens. */
class ReportWorker extends Worker {
  constructor(file, { name }) {
    const source = `self.onmessage = async ({ data }) => {
  const early = [];
  self.onmessage = (event) => early.push(event);
  await import(await (${linker})(data.files)(data.file));
  for (const event of early) self.onmessage(event);
};`;
    super(URL.createObjectURL(new Blob([source], { type: "text/javascript" })), { name });
    this.postMessage({ files, file });
  }
}
globalThis.Worker = ReportWorker;

const recording = document.getElementById("recording");
const { name, snapshot } = recording.dataset;
globalThis.heapyRecording = new File([await held(recording)], name);
recording.remove();
if (snapshot && !location.hash) location.hash = `/overview?snapshot=${snapshot}`;
await import(await linker(files)("page.js"));
