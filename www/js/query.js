#!/usr/bin/env node
// `heapy-query FILE SCRIPT.js` or `heapy-query FILE -e EXPR`: the same as `heapy-host query`, without the host.

import { readFile } from "node:fs/promises";

import { open, run, show } from "./node.js";

const [file, second, third] = process.argv.slice(2);
if (!file || !second || (second === "-e" && third === undefined)) {
  console.error("heapy-query FILE (-e EXPR | SCRIPT.js)");
  process.exit(2);
}
try {
  const source = second === "-e" ? third : await readFile(second, "utf8");
  const hp = await open(file);
  const print = (...values) => console.log(values.map(show).join(" "));
  const value = await run(source, { hp, print, console: { ...console, log: print } });
  if (value !== undefined) console.log(show(value));
} catch (error) {
  console.error(`heapy-query: ${error instanceof Error && error.name === "Error" ? error.message : error}`);
  process.exit(1);
}
