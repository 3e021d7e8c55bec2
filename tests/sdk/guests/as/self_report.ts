// Prints its own heap.
import * as heapy from "./heapy";

@external("env", "print") declare function print(text: usize, length: i32): void;

class Link {
  next: Link | null = null;
  payload: i64 = 0;
}

let held: Link | null = null;

export function run(): i32 {
  for (let i = 0; i < 30; i++) {
    const link = new Link();
    link.next = held;
    held = link;
    if (heapy.label(link, "Link") < 0) return -1;
  }
  const hp = heapy.open();
  if (hp < 0) return hp;
  const heap = heapy.ask(hp, "heap");
  if (heap < 0) return heap;
  const number = heapy.snapshot("same");
  if (number < 0) return number;
  const table = String.UTF8.encode(heapy.text(heap));
  print(changetype<usize>(table), table.byteLength);
  return heapy.release(heap);
}
