// Runs what the user writes, in the worker: chains from the page's console, and scripts.

import { run, show } from "./api.js";

const BASIC = new Set(["undefined", "boolean", "number", "string", "bigint"]);

/** What can be sent to the page: a plain value, or the text of anything else. */
function sendable(value) {
  if (value === null || BASIC.has(typeof value)) return { value };
  if (Array.isArray(value) && value.every((item) => item === null || BASIC.has(typeof item))) return { value };
  return { text: show(value) };
}

/** Follows a chain of names, calls and indices from `hp`. */
function follow(hp, chain) {
  let owner;
  let value = hp;
  for (const step of chain) {
    if ("get" in step) {
      owner = value;
      value = value[step.get];
      if (value === undefined) throw new TypeError(`there is no ${step.get}`);
    } else {
      const args = step.call.map((arg) => ("chain" in arg ? follow(hp, arg.chain) : arg.value));
      if (typeof value !== "function") throw new TypeError("this cannot be called");
      value = value.apply(owner, args);
      owner = undefined;
    }
  }
  return typeof value === "function" ? value.bind(owner) : value;
}

/** The value of a chain, as it can be sent. */
export async function evaluate(hp, chain) {
  return sendable(await follow(hp, chain));
}

/** Runs a script with `hp` and `print`; gives what it printed and its value. */
export async function runScript(hp, source) {
  const printed = [];
  const print = (...values) => printed.push(values.map(show).join(" "));
  const console = { log: print, info: print, warn: print, error: print, debug: print };
  const value = await run(source, { hp, print, console });
  return { printed, ...sendable(value) };
}
