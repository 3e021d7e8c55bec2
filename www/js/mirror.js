// `hp` in the page's console: every name of the API, each call a promise.
//
// The engine lives in a worker, so nothing here computes. A mirror only remembers what was asked of it, a chain of
// names, calls and indices; awaiting it sends the chain to the worker. `await hp.heap()` prints the table,
// `await hp.heap().by("Size")[0].size` gives a number.

/** Numbers of the console's questions start here, far from those of the user interface. */
const FIRST_ID = 2 ** 40;

/** What a mirror of a set, a kind or a table resolves to: its text, which consoles show as it is. */
export class Printed extends String {}

/** A mirror of the worker's `hp`. */
export function mirror(worker) {
  let lastId = FIRST_ID;
  const waiting = new Map();
  worker.addEventListener("message", ({ data }) => {
    const asked = waiting.get(data.id);
    if (!asked) return;
    waiting.delete(data.id);
    if ("error" in data) asked.reject(new Error(data.error));
    else asked.resolve(data.answer);
  });

  const ask = (chain) =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, chain });
    }).then((result) => {
      if (!("text" in result)) return result.value;
      console.log(result.text);
      return new Printed(result.text);
    });

  const chains = new WeakMap();
  const plain = (value) => (chains.has(value) ? { chain: chains.get(value) } : { value });
  const extend = (chain) => {
    const proxy = new Proxy(function () {}, {
      get(_, name) {
        if (name === "then") return (resolve, reject) => ask(chain).then(resolve, reject);
        if (typeof name === "symbol") return undefined;
        return extend([...chain, { get: name }]);
      },
      apply: (_, __, args) => extend([...chain, { call: args.map(plain) }]),
      has: () => true,
    });
    chains.set(proxy, chain);
    return proxy;
  };
  return extend([]);
}
