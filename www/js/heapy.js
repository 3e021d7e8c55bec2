// The JS API by Heapy's names, over what the wasm module gives.
//
// `hp.heap()`, `hp.heap().byprod[0].referrers`, `hp.iso(0x1000)`, `hp.Type`: the same in the page's worker and in Node.
// Sets are indexed like arrays of their parts; `String(set)` is the table that Heapy prints.

/** The relations that sets have a `by` of. */
const RELATIONS = ["Age", "Class", "Clodo", "Evidence", "Id", "Idset", "Module", "Prod", "Rcs", "Site", "Size", "Thread", "Type", "Unit", "Unity", "Via"];

/** What a set gives that is a set again. */
const SETS = ["referrers", "referents", "dominos", "imdom"];

/** What a set gives that is a plain value or a text. */
const VALUES = ["count", "size", "domisize", "length", "brief", "more", "all", "sp", "rp"];

/** Methods that combine two sets. */
const OPERATORS = ["and", "or", "sub", "xor"];

/** The module's object behind a set or relation. */
const behind = new WeakMap();

function raw(value, method) {
  const found = behind.get(value);
  if (!found) throw new TypeError(`${method}: a set of this API is wanted, not ${String(value)}`);
  return found;
}

/** The name of a relation, or of a relation's object. */
function relationText(relation) {
  if (typeof relation === "string") return relation;
  return raw(relation, "by").repr().replace(/hp\.|[()]/g, "").replaceAll(" & ", "&");
}

/** A set as users see it. */
function wrapSet(set) {
  const methods = {
    by: (...relations) => wrapSet(set.by(relations.map(relationText).join("&"))),
    slice: (start, end, step) => wrapSet(set.slice(start, end, step)),
    toString: () => set.toString(),
    [Symbol.toPrimitive]: (hint) => (hint === "number" ? NaN : set.toString()),
  };
  for (const name of OPERATORS) methods[name] = (other) => wrapSet(set[name](raw(other, name)));
  const part = (index) => wrapSet(set.part(index));
  const parts = () => Array.from({ length: set.length }, (_, index) => part(index));
  const get = (name) => {
    if (Object.hasOwn(methods, name)) return methods[name];
    if (typeof name === "symbol") return name === Symbol.iterator ? () => parts()[Symbol.iterator]() : undefined;
    if (VALUES.includes(name)) return set[name];
    if (SETS.includes(name)) return wrapSet(set[name]);
    if (name === "parts") return parts();
    if (/^-?\d+$/.test(name)) return part(Number(name));
    const relation = RELATIONS.find((known) => name === `by${known.toLowerCase()}`);
    return relation && wrapSet(set.by(relation));
  };
  const proxy = new Proxy(methods, {
    get: (_, name) => get(name),
    has: (_, name) => get(name) !== undefined,
    set: () => {
      throw new TypeError("sets cannot be changed");
    },
  });
  behind.set(proxy, set);
  return proxy;
}

function wrapRelation(relation) {
  const wrapped = {
    and: (other) => wrapRelation(relation.and(raw(other, "and"))),
    toString: () => relation.repr(),
  };
  behind.set(wrapped, relation);
  return Object.freeze(wrapped);
}

/** `hp`: the top level interface, over the module's. */
export function wrapUse(use) {
  const hp = {
    heap: () => wrapSet(use.heap()),
    heapu: ({ stat = true } = {}) => {
      const set = wrapSet(use.leaks());
      return stat ? set.bytype : set;
    },
    iso: (...addresses) => wrapSet(use.iso(addresses.map(Number))),
    snapshot: (number) => wrapUse(use.snapshot(number)),
    get Nothing() {
      return wrapSet(use.nothing());
    },
    toString: () => "Top level interface to Heapy.\nUse eg: hp.doc for more info on hp.",
  };
  for (const name of RELATIONS) {
    Object.defineProperty(hp, name, { enumerable: true, get: () => wrapRelation(use.relation(name)) });
  }
  return Object.freeze(hp);
}
