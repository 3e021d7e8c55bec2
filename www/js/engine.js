// The page's worker, which can be started anew in the middle of a script.
//
// A script runs in the worker from its beginning to its end, and no message reaches it there: to stop it, the worker is
// ended. A new one is told what the old one held, and asked again what was still to be answered.

/** Numbers of what is asked again; those of the page and of the console are above zero. */
let lastReplay = 0;

/** Stands for a worker: it takes messages and gives answers as one. */
export class EngineWorker extends EventTarget {
  #worker;
  /** The messages that opened what the worker holds. */
  #opened = [];
  /** The question by which the worker knows which snapshot is looked at. */
  #looked;
  /** What has not been answered, by number. */
  #waiting = new Map();
  /** Messages that wait until a new worker holds what the old one held. */
  #held = null;
  #replayed;

  constructor() {
    super();
    this.#start();
  }

  postMessage(message) {
    this.#waiting.set(message.id, message);
    if (this.#held) this.#held.push(message);
    else this.#worker.postMessage(message);
  }

  /** Ends what runs: scripts and questions of the console fail, everything else is asked again. */
  async stop() {
    if (this.#held) return;
    this.#held = [];
    this.#worker.terminate();
    const unanswered = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#start();
    for (const message of unanswered) {
      if ("request" in message) this.postMessage(message);
      else this.#tell({ id: message.id, error: "stopped" });
    }
    for (const message of [...this.#opened, ...(this.#looked ? [this.#looked] : [])]) await this.#replay(message);
    const held = this.#held;
    this.#held = null;
    for (const message of held) this.#worker.postMessage(message);
  }

  #start() {
    this.#worker = new Worker(new URL("worker.js", import.meta.url), { type: "module", name: "engine" });
    this.#worker.onmessage = ({ data }) => {
      if (data.id < 0) return this.#replayed();
      const message = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (message && "request" in message && !("error" in data)) this.#remember(message);
      this.#tell(data);
    };
  }

  #replay(message) {
    return new Promise((resolve) => {
      this.#replayed = resolve;
      this.#worker.postMessage({ ...message, id: --lastReplay });
    });
  }

  #remember(message) {
    const request = JSON.parse(message.request);
    const open = request.Load ?? request.Open;
    const nameOf = ({ request }) => Object.values(JSON.parse(request))[0].name;
    if (!open) this.#looked = message;
    else if (open.place === "Beside") this.#opened.push(message);
    else if (this.#opened.length > 0 && nameOf(this.#opened[0]) === open.name) this.#opened[0] = message;
    else this.#opened = [message];
    if (open) this.#looked = undefined;
  }

  #tell(data) {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }
}
