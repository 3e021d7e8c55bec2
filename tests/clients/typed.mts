import { open, run, show, type IdentitySet, type ObjectRow, type Row, type Stat, type Use } from "heapy";

using hp = await open("sample.heapy", { snapshot: 1 });
const heap: IdentitySet = hp.heap();
const rows: Row[] = [...heap.by("Type")];
const first: IdentitySet = heap[0];
const sizes: Float64Array = heap.sizes();
const view: Float64Array = heap.addresses({ view: true });
const objects: ObjectRow[] = [...heap.objects()];
const both = heap.and(hp.Type("app::Entry"));
const names: string[] = rows.map((row) => row.name);
const pattern = heap.get_rp({ depth: 3 });
const stats = await open<Stat[]>("run.hpy");
const other: Use = hp.snapshot(2);
const value: unknown = await run("hp.heap()", { hp });
console.log(show(both), names.length + sizes.length + view.length + first.count, String(pattern), hp.snapshots[0].reason);
console.log(objects[0].reachable, stats[0].count, other.heap().count, value);
heap[Symbol.dispose]();
// @ts-expect-error a count is a number
const wrong: string = heap.count;
// @ts-expect-error relations have names or are relations
heap.by(7);
// @ts-expect-error there is no such reachability
const held: "maybe" = objects[0].reachable;
