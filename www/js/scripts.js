// Runs what the user writes, in the worker: chains from the page's console, and scripts.

import { isObject, run, show } from "./api.js";

const BASIC = new Set(["undefined", "boolean", "number", "string", "bigint"]);

/** Most items of a list that is made step by step, such as the objects of a set. */
const MOST_ITEMS = 10_000;

/** Whether a value is data through and through. */
function isData(value) {
  if (value === null || BASIC.has(typeof value) || ArrayBuffer.isView(value)) return true;
  if (typeof value !== "object" || isObject(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  return (Array.isArray(value) || prototype === Object.prototype) && Object.values(value).every(isData);
}

function firstOf(items) {
  const first = [];
  for (const item of items) {
    if (first.length === MOST_ITEMS) break;
    first.push(item);
  }
  return first;
}

/** What can be sent to the page: data, or the text of anything else. */
function sendable(value) {
  if (!isObject(value) && typeof value?.next === "function") return sendable(firstOf(value));
  return isData(value) ? { value } : { text: show(value) };
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
      // Relations can be called and have names of their own, so that `apply` would be one of those.
      value = Reflect.apply(value, owner, args);
      owner = undefined;
    }
  }
  return typeof value === "function" && !isObject(value) ? value.bind(owner) : value;
}

/** The value of a chain, as it can be sent. */
export async function evaluate(hp, chain) {
  return sendable(await follow(hp, chain));
}

/** Runs a script with `hp` and `print`; gives what it printed and the text of its value, as `heapy-host query` does. */
export async function runScript(hp, source) {
  const printed = [];
  const print = (...values) => printed.push(values.map(show).join(" "));
  const console = { log: print, info: print, warn: print, error: print, debug: print };
  const value = await run(source, { hp, print, console });
  return value === undefined ? { printed } : { printed, text: show(value) };
}
