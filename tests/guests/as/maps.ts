// Maps under texts, numbers and truths, and a set of texts.

class Part {
  constructor(public number: i32) {}
}

@external("truth", "mark")
declare function truthMark(k: u32): void;

const byName = new Map<string, Part>();
const byNumber = new Map<i32, Part>();
const byTruth = new Map<bool, Part>();
const byPart = new Map<Part, Part>();
const words = new Set<string>();

export function build(): void {
  byName.set("one", new Part(1));
  byName.set("two", new Part(2));
  byNumber.set(42, new Part(3));
  byNumber.set(-7, new Part(4));
  byTruth.set(true, new Part(5));
  byPart.set(new Part(6), new Part(7));
  words.add("a word".padEnd(8, "!"));
  truthMark(1);
}

export function release(): i32 {
  truthMark(2);
  return byName.size + byNumber.size + byTruth.size + byPart.size + words.size;
}
