// The API's objects in JavaScript: the same file in a page, in Node and in the host's interpreter.
//
// An object is a proxy over a handle of the engine. Which names it has comes from the engine's description of the API;
// what they mean happens there. `native` carries requests across:
//   describe()                     the description, as JSON
//   snapshots()                    the snapshots of the recording, as JSON
//   top(number)                    the handle of the top object of a snapshot
//   moment(text)                   the handle of the top object of a moment, of recordings with events; may be missing
//   call(handle, name, arguments)  one request; arguments and answer are JSON, a failure throws
//   ask(handle, name, arguments)   the same with plain objects in place of JSON; may be missing
//   column(handle, name)           a column of numbers of a set, as a typed array of its own
//   view(handle, name)             the same without a copy, good until the next request; may be missing
//   release(handle)                lets go of a handle
//   guard(handle)                  a value that lets go of a handle when it is collected; may be missing
//   free()                         lets go of everything; may be missing

const HANDLE = Symbol("handle");
const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const DISPOSE = Symbol.dispose ?? Symbol.for("Symbol.dispose");
/** Names that shells, promises and test frameworks look for in any value. */
const PROBED = new Set(["then", "constructor", "prototype", "inspect", "nodeType", "tagName", "$$typeof", "asymmetricMatch"]);

const POSITION = /^(0|-?[1-9][0-9]*)$/;

/** Rows that are asked for at once: few enough to begin soon, enough to make requests rare. */
const ROWS = 256;
const OBJECTS = 4096;

/** Answers of the engine to JavaScript, and arguments back, for one engine. */
export function connect(native) {
  const description = JSON.parse(native.describe());
  const types = new Map(Object.entries(description.types).map(([name, type]) => [name, prepared(name, type)]));
  let open = true;
  const release = (handle) => {
    if (open) native.release(handle);
  };
  const released = new FinalizationRegistry(release);

  /** Lets go of the recording and of every object of it. */
  const close = () => {
    if (open) native.free?.();
    open = false;
  };

  const encoded = (value) => {
    if (value === undefined) return null;
    if (value === null || typeof value === "boolean" || typeof value === "string") return value;
    if (typeof value === "number") return value;
    if (typeof value === "bigint") return { big: String(value) };
    const handle = value[HANDLE];
    if (handle !== undefined) {
      if (handle.native !== native) throw new Error("this object is of another recording");
      return { h: handle.id };
    }
    if (typeof value[Symbol.iterator] === "function") return Array.from(value, encoded);
    if (typeof value === "object") {
      return { o: Object.fromEntries(Object.entries(value).map(([name, field]) => [name, encoded(field)])) };
    }
    throw new TypeError(`a ${typeof value} cannot be an argument`);
  };

  const decoded = (answer) => {
    const has = (form) => Object.hasOwn(answer, form); // A script may have put anything into prototypes.
    if (has("v")) return answer.v;
    if (has("h")) return object(answer.h, answer.t);
    if (has("l")) return answer.l.map(decoded);
    if (has("o")) return Object.fromEntries(Object.entries(answer.o).map(([name, field]) => [name, decoded(field)]));
    if (has("big")) return BigInt(answer.big);
    throw new TypeError("an answer of the engine is of no known form");
  };

  const whileOpen = () => {
    if (!open) throw new Error("the recording has been closed");
    return native;
  };

  const askHandle = (id, name, args = []) => {
    const [engine, sent] = [whileOpen(), args.map(encoded)];
    return decoded(engine.ask ? engine.ask(id, name, sent) : JSON.parse(engine.call(id, name, JSON.stringify(sent))));
  };

  // What asks later, such as a method or an iterator, holds the object and not its number: the handle is let go of when
  // nothing holds the object. The object's own traps must not hold it, or it would never be free of itself.
  const idOf = (asked) => asked[HANDLE].id;
  const ask = (asked, name, args) => askHandle(idOf(asked), name, args);

  const column = (asked, name, options) => {
    const engine = whileOpen();
    return options?.view && engine.view ? engine.view(idOf(asked), name) : engine.column(idOf(asked), name);
  };

  /** What every object has beside the names of its type. */
  const common = {
    toString: (asked) => () => ask(asked, "@text"),
    toJSON: (asked) => () => ask(asked, "@json"),
    [Symbol.toPrimitive]: (asked) => (hint) => (hint === "number" ? NaN : ask(asked, "@text")),
    [Symbol.iterator]: (asked, type) => (type.rows ? () => pages(asked, "@rows", ROWS) : undefined),
    [DISPOSE]: (asked) => () => release(idOf(asked)),
  };

  /** The rows of a list, asked for page by page. */
  function* pages(asked, list, page) {
    for (let start = 0; ; start += page) {
      const some = ask(asked, list, [start, page]);
      yield* some;
      if (some.length < page) return;
    }
  }

  const get = (asked, type, name) => {
    if (typeof name === "string" && POSITION.test(name) && type.index) return ask(asked, "at", [Number(name)]);
    if (type.columns.has(name)) return (options) => column(asked, name, options);
    if (type.objects && name === "objects") return () => pages(asked, "@objects", OBJECTS);
    if (type.methods.has(name)) return (...args) => ask(asked, name, args);
    if (type.attributes.has(name)) return ask(asked, name);
    if (Object.hasOwn(common, name)) return common[name](asked, type);
    if (type.top && name === "snapshots") return JSON.parse(whileOpen().snapshots());
    if (type.top && name === "snapshot") return (number) => object(whileOpen().top(number), "Use");
    if (type.top && name === "moment") return (text) => object(momentOf(whileOpen(), text), "Use");
    if (typeof name !== "string" || PROBED.has(name)) return undefined;
    // Some have the names that the heap gives them.
    if (type.anyName) return ask(asked, name);
    // A misspelt name that was undefined would make a rule that never fails.
    throw new Error(`there is no ${type.name}.${name}`);
  };

  /** The object of a handle; `dispose` is what disposing of it does, if not only to let go of the handle. */
  function object(id, typeName, dispose) {
    const type = types.get(typeName);
    if (!type) throw new TypeError(`the engine does not describe ${typeName}`);
    // Finalizers run between turns only; an interpreter that can do better says so.
    const own = { native, id, guard: native.guard?.(id) };
    const target = type.callable ? function () {} : {};
    // Node looks for its hook on the target, behind the proxy.
    Object.defineProperty(target, INSPECT, { value: () => askHandle(id, "@text"), configurable: true });
    const proxy = new Proxy(target, {
      get: (_, name, asked) => {
        if (name === HANDLE) return own;
        return dispose && name === DISPOSE ? dispose : get(asked, type, name);
      },
      has: (_, name) => type.names.has(name) || Object.hasOwn(common, name),
      apply: (_, __, args) => askHandle(id, "call", args),
      ownKeys: () => Reflect.ownKeys(target),
      set: (_, name) => {
        throw new TypeError(`${String(name)} cannot be set`);
      },
    });
    if (!own.guard) released.register(proxy, id);
    return proxy;
  }

  /** The top object of a snapshot; disposing of it closes the recording. */
  const top = (number) => object(whileOpen().top(number), "Use", close);

  return { top, object, close, description };
}

function momentOf(native, text) {
  if (typeof text !== "string") throw new TypeError(`a moment is a text such as "event:100", not ${String(text)}`);
  if (!native.moment) throw new Error("moments cannot be asked for here");
  return native.moment(text);
}

function prepared(name, type) {
  const set = (names) => new Set(names ?? []);
  const [attributes, methods, columns] = [set(type.attributes), set(type.methods), set(type.columns)];
  const top = name === "Use";
  const objects = columns.size > 0;
  const added = [...(top ? ["moment", "snapshot", "snapshots"] : []), ...(objects ? ["objects"] : [])];
  const names = new Set([...attributes, ...methods, ...columns, ...added]);
  return { ...type, name, attributes, methods, columns, names, top, objects };
}

/** Whether a value is an object of the API. */
export function isObject(value) {
  return value !== null && (typeof value === "object" || typeof value === "function") && value[HANDLE] !== undefined;
}

/** The text of a value as shells show it: tables as they are, plain values on one line. */
export function show(value) {
  if (typeof value === "string") return value;
  return brief(value, 0);
}

const MOST_ITEMS = 100;

function brief(value, depth) {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (value === null || typeof value !== "object") return typeof value === "symbol" ? value.toString() : String(value);
  if (isObject(value)) return String(value);
  if (value instanceof Error) return String(value);
  if (depth > 4) return "…";
  const cut = (items) => (items.length > MOST_ITEMS ? [...items.slice(0, MOST_ITEMS), `… ${items.length - MOST_ITEMS} more`] : items);
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const first = Array.from({ length: Math.min(value.length, MOST_ITEMS + 1) }, (_, index) => brief(value[index], depth + 1));
    const rest = value.length > MOST_ITEMS ? [`… ${value.length - MOST_ITEMS} more`] : [];
    return `[${[...first.slice(0, MOST_ITEMS), ...rest].join(", ")}]`;
  }
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  const fields = entries.map(([name, field]) => `${String(name)}: ${brief(field, depth + 1)}`);
  return fields.length ? `{ ${cut(fields).join(", ")} }` : "{}";
}

/** The JSON of a value; undefined for what has none. */
export function plain(value) {
  const sendable = (_, field) => {
    if (typeof field === "bigint") return String(field);
    if (ArrayBuffer.isView(field)) return Array.from(field);
    return field instanceof Map ? Object.fromEntries(field) : field;
  };
  return JSON.stringify(value, sendable);
}

let scriptNames = {};

/** Makes the names that a script sees: `hp`, `print` and `console`; anything in `more` too. */
export function scope(target, hp, write, more = {}) {
  const print = (...values) => write(values.map(show).join(" "));
  const console = { log: print, info: print, warn: print, error: print, debug: print };
  scriptNames = { hp, print, console, ...more };
  if (target) Object.assign(target, scriptNames);
}

/** Runs a script: an expression, or statements of which `return` gives the value. Both may `await`. */
export async function run(source, names = scriptNames) {
  const AsyncFunction = (async () => {}).constructor;
  const parameters = Object.keys(names);
  let script;
  try {
    script = new AsyncFunction(...parameters, `return (${source}\n);`);
  } catch {
    script = new AsyncFunction(...parameters, source);
  }
  return script(...Object.values(names));
}
