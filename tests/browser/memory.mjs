// How much linear memory a recording takes in a browser: node memory.mjs PACKAGE RECORDING
//
// PACKAGE is the folder of the package `heapy`, whose module is the one that browsers load. Linear memory never shrinks,
// so that the last figure is the peak.

import { pathToFileURL } from "node:url";

const [folder, recording] = process.argv.slice(2);
const part = (name) => import(pathToFileURL(`${folder}/${name}`));
const { open } = await part("node.js");
const { initSync } = await part("inspector.js");

const hp = await open(recording);
const { memory } = initSync();
const tell = (step) => console.log(`${String(Math.ceil(memory.buffer.byteLength / 2 ** 20)).padStart(5)} MiB after ${step}`);

tell("the heap");
const heap = hp.heap();
for (const relation of ["Type", "Size", "Prod", "Clodo", "Via", "Rcs", "Id"]) {
  const table = heap.by(relation);
  String(table);
  tell(`the table by ${relation} of ${heap.count} objects, ${table.partition.numrows} rows`);
}
const largest = heap.byclass.at(0);
tell(`the dominated size of the largest class, ${largest.domisize} bytes`);
String(largest.rp);
tell("its reference pattern");
String(largest.sp);
tell("the shortest paths to it");
