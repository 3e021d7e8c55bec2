// Tests of the package as it is installed: `npm test` in its folder.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { isObject, open, plain, run, show } from "heapy";

import { connect } from "../api.js";
import { Native } from "../inspector.js";

const SAMPLE = new URL("sample.heapy", import.meta.url);
const path = fileURLToPath(SAMPLE);

/** An address at which `answer` gives the body of each request, until the test ends. */
async function serve(context, answer) {
  const server = createServer(answer);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  context.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

test("a recording is opened by path, address, blob and bytes", async (context) => {
  const bytes = await readFile(SAMPLE);
  const address = await serve(context, (_, response) => response.end(bytes));
  const copy = new Uint8Array(bytes).buffer;
  const sources = [path, SAMPLE, SAMPLE.href, `${address}/sample.heapy`, new URL(address), new Blob([bytes]), bytes, copy];
  for (const source of sources) {
    const hp = await open(source);
    assert.equal(hp.heap().count, 14, String(source));
  }
  const first = await open(path, { snapshot: 1 });
  assert.equal(first.heap().count, 9);
  assert.deepEqual(first.snapshots.map((snapshot) => snapshot.reason), ["call:mark", "exit"]);
});

test("a running host is asked with its token", async (context) => {
  const bytes = await readFile(SAMPLE);
  const address = await serve(context, (request, response) => {
    const known = request.url === "/api/recordings/0" && request.headers.authorization === "Bearer 00ff";
    response.statusCode = known ? 200 : 401;
    response.end(known ? bytes : "");
  });
  assert.equal((await open(`${address}/#token=00ff`)).heap().count, 14);
  await assert.rejects(open(`${address}/#token=00fe`), /status 401/);
});

test("what cannot be opened is an error", async () => {
  await assert.rejects(open("/nowhere.heapy"), /ENOENT/);
  await assert.rejects(open(Buffer.from("PK nonsense")), { name: "Error" });
  await assert.rejects(open(Buffer.alloc(0)), /empty/);
  await assert.rejects(open(7), TypeError);
  await assert.rejects(open(path, { snapshot: 3 }), /there is no snapshot 3/);
});

test("sets are combined, indexed, walked and shown", async () => {
  const hp = await open(path);
  const heap = hp.heap();
  const entries = heap.and(hp.Type("app::Entry"));
  assert.equal(entries.count, 5);
  assert.ok(entries.le(heap) && !heap.le(entries) && entries.ne(heap) && entries.disjoint(heap.sub(entries)));
  assert.equal(heap[0].count, heap.slice(0, 1).count);
  assert.equal(heap[-1].size, [...heap].at(-1).size);
  const rows = [];
  for (const row of heap.bytype) rows.push(row.name);
  assert.equal(rows[0], "[u8]");
  assert.equal(inspect(heap), String(heap));
  assert.equal(JSON.parse(JSON.stringify(heap)).count, 14);
  assert.equal(JSON.parse(plain(heap)).schema, "heapy-table/1");
  assert.ok(isObject(heap) && !isObject({}));
  assert.equal(hp.iso(0x2008).count, 1);
  assert.match(String(hp.doc.heap), /heap\(\)/);
  assert.equal(await run("hp.heap().count + 1", { hp }), 15);
  assert.equal(show([1, "a", null]), '[1, "a", null]');
});

test("single objects are plain rows", async () => {
  const hp = await open(path);
  const [first] = hp.heap().and(hp.Type("app::Entry")).objects();
  assert.deepEqual(first, {
    address: 0x2000, size: 48, usable: 48, type: "app::Entry", class: "app::Entry", site: "src/cache.rs:31",
    serial: 0x2000, family: "block", reachable: "yes", evidence: "debug information",
  });
  assert.equal([...hp.heap().objects()].length, 14);
});

test("columns are typed arrays, of their own or views of the engine's memory", async () => {
  const heap = (await open(path)).heap();
  const sizes = heap.sizes();
  assert.ok(sizes instanceof Float64Array);
  assert.equal(sizes.length, 14);
  assert.equal(sizes.reduce((sum, size) => sum + size), heap.size);
  const view = heap.sizes({ view: true });
  assert.deepEqual([...view], [...sizes]);
  assert.equal(sizes.buffer.byteLength, sizes.byteLength);
  assert.ok(view.buffer.byteLength > 1 << 16, "a view lies in the engine's memory");
  assert.equal(heap.addresses().length, heap.usable().length);
  assert.equal(heap.serials()[0], 0);
});

test("failures have the engine's message", async () => {
  const [hp, other] = [await open(path), await open(path)];
  assert.throws(() => hp.heap().by("Colour"), { name: "Error", message: /Colour/ });
  assert.throws(() => hp.heap()[99], /index/);
  assert.throws(() => hp.heap().coutn, { name: "Error", message: "there is no IdentitySet.coutn" });
  assert.throws(() => hp.heap().and(other.heap()), /another recording/);
  assert.throws(() => {
    hp.heap().count = 7;
  }, TypeError);
});

test("a stat is written and read again", async () => {
  const hp = await open(path);
  const [stat] = await open(Buffer.from(hp.heap().dump()));
  assert.equal(stat.count, 14);
});

test("objects are let go at once or by the collector", async () => {
  const native = new Native();
  native.push(await readFile(SAMPLE));
  native.open();
  const hp = connect(native).top();
  const before = native.held();
  const heap = hp.heap();
  assert.equal(native.held(), before + 1);
  heap[Symbol.dispose]();
  assert.equal(native.held(), before);
  assert.throws(() => heap.count, /released/);

  for (let index = 0; index < 1000; index++) hp.heap();
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc");
  for (let attempt = 0; attempt < 50 && native.held() > before; attempt++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.ok(native.held() < before + 10, `${native.held()} objects are still held`);
});

test("disposing of the top object closes the recording", async () => {
  const hp = await open(path);
  const heap = hp.heap();
  hp[Symbol.dispose]();
  assert.throws(() => heap.count, /closed/);
  assert.throws(() => hp.heap(), /closed/);
  hp[Symbol.dispose]();
});
