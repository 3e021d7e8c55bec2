// What an AssemblyScript guest may ask of Heapy while it runs.
//
//     import * as heapy from "./heapy";
//
//     const hp = heapy.open();
//     const heap = heapy.ask(hp, "heap");
//     console.log(heapy.text(heap));          // the table
//     heapy.release(heap);
//
// Things of the host's are numbers, so that asking takes no memory from the heap that is asked about; the strings that
// `text`, `error` and `brief` return are the guest's own, as any other. A result below zero is an error code. The page
// "guest-abi" of the guide is the contract. A guest that does not import this file has no import of ours.

@external("heapy", "open") declare function heapy_open(version: u32): i32;
@external("heapy", "call") declare function heapy_call(target: i32, name: usize, length: usize, args: usize, count: usize, answer: usize): i32;
@external("heapy", "text") declare function heapy_text(target: i32, form: u32): i32;
@external("heapy", "length") declare function heapy_length(target: i32): i64;
@external("heapy", "read") declare function heapy_read(target: i32, offset: usize, into: usize, length: usize): i32;
@external("heapy", "item") declare function heapy_item(list: i32, index: u32, answer: usize): i32;
@external("heapy", "release") declare function heapy_release(target: i32): i32;
@external("heapy", "error") declare function heapy_error(into: usize, length: usize): i32;
@external("heapy", "snapshot") declare function heapy_snapshot(name: usize, length: usize): i32;
@external("heapy", "describe") declare function heapy_describe(layout: usize, count: usize): i32;
@external("heapy", "label") declare function heapy_label(block: usize, name: usize, length: usize, shape: u32): i32;
@external("heapy", "hide") declare function heapy_hide(block: usize): i32;
@external("heapy", "pin") declare function heapy_pin(block: usize, name: usize, length: usize): i32;
@external("heapy", "unpin") declare function heapy_unpin(block: usize): i32;
@external("heapy", "allocator") declare function heapy_allocator(name: usize, length: usize, kind: u32): i32;
@external("heapy", "allocated") declare function heapy_allocated(allocator: i32, block: usize, size: usize): i32;
@external("heapy", "freed") declare function heapy_freed(allocator: i32, block: usize): i32;
@external("heapy", "reset") declare function heapy_reset(allocator: i32): i32;

export const VERSION: u32 = 1;

/** The top object, or an error code. */
export function open(): i32 {
  return heapy_open(VERSION);
}

// Static memory, so that no question allocates. Calls do not nest, so that one of each is enough.
const TEXT_BYTES: usize = 4096;
const TEXTS: usize = memory.data(4096);
const RECORDS: usize = memory.data(16 * 4);
const ANSWER: usize = memory.data(16);

const TAG_INT: u16 = 2;
const TAG_TEXT: u16 = 4;
const TAG_HANDLE: u16 = 6;

/** A text that is longer than the static memory takes. */
export const ERROR_TOO_LONG: i32 = -7;
/** An answer that is no thing, text or list. */
export const ERROR_OTHER_ANSWER: i32 = -6;

/** Puts a text behind others and gives its length; below zero when it does not fit. */
function put(text: string, at: usize): isize {
  if (at + <usize>text.length * 3 > TEXT_BYTES) return ERROR_TOO_LONG;
  return <isize>String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, TEXTS + at);
}

function record(index: usize, tag: u16, length: u32, payload: u64): void {
  const at = RECORDS + 16 * index;
  store<u16>(at, tag);
  store<u16>(at, 0, 2);
  store<u32>(at, length, 4);
  store<u64>(at, payload, 8);
}

function call(target: i32, name: string, count: usize): i32 {
  const length = put(name, 0);
  if (length < 0) return ERROR_TOO_LONG;
  return heapy_call(target, TEXTS, length, RECORDS, count, ANSWER);
}

function answer(result: i32): i32 {
  if (result < 0) return result;
  return load<u16>(ANSWER) >= TAG_TEXT ? <i32>load<u64>(ANSWER, 8) : ERROR_OTHER_ANSWER;
}

/** Calls a name that answers a thing, a text or a list; its handle. */
export function ask(target: i32, name: string): i32 {
  return answer(call(target, name, 0));
}

/** The same with a text for argument: `askText(heap, "by", "Type")`. */
export function askText(target: i32, name: string, argument: string): i32 {
  const at = <usize>name.length * 3;
  const length = put(argument, at);
  if (length < 0) return ERROR_TOO_LONG;
  record(0, TAG_TEXT, <u32>length, <u64>(TEXTS + at));
  return answer(call(target, name, 1));
}

/** The same with a thing for argument: `askThing(a, "and", b)`. */
export function askThing(target: i32, name: string, argument: i32): i32 {
  record(0, TAG_HANDLE, 0, <u64>argument);
  return answer(call(target, name, 1));
}

/** The same with a number for argument: `askNumber(heap, "at", 0)`. */
export function askNumber(target: i32, name: string, argument: i64): i32 {
  record(0, TAG_INT, 0, <u64>argument);
  return answer(call(target, name, 1));
}

/** Calls a name for what it does: `perform(hp, "setref")`. */
export function perform(target: i32, name: string): i32 {
  const result = call(target, name, 0);
  if (result >= 0 && load<u16>(ANSWER) >= TAG_TEXT) heapy_release(<i32>load<u64>(ANSWER, 8));
  return result;
}

/** The blocks that were leaked since `perform(hp, "setrelheapg")`, as a set. */
export function leaks(hp: i32): i32 {
  return ask(hp, "heapg");
}

/** Calls a name that answers a number: `number(heap, "count")`. */
export function number(target: i32, name: string): i64 {
  const result = call(target, name, 0);
  if (result < 0) return result;
  return load<u16>(ANSWER) == TAG_INT ? <i64>load<u64>(ANSWER, 8) : ERROR_OTHER_ANSWER;
}

/** Items of a list, bytes of a text. */
export function length(target: i32): i64 {
  return heapy_length(target);
}

/** An item of a list that is a thing, a text or a list. */
export function item(list: i32, index: u32): i32 {
  return answer(heapy_item(list, index, ANSWER));
}

/** The text of a thing as Heapy prints it, as a string of the guest's. */
export function text(target: i32): string {
  return whole(heapy_text(target, 0));
}

/** One short line. */
export function brief(target: i32): string {
  return whole(heapy_text(target, 2));
}

function whole(handle: i32): string {
  if (handle < 0) return error();
  const length = <i32>heapy_length(handle);
  const buffer = new ArrayBuffer(length);
  heapy_read(handle, 0, changetype<usize>(buffer), length);
  heapy_release(handle);
  return String.UTF8.decode(buffer);
}

/** Gives a thing back. */
export function release(target: i32): i32 {
  return heapy_release(target);
}

/** What was wrong last. */
export function error(): string {
  const length = heapy_error(TEXTS, TEXT_BYTES);
  return String.UTF8.decodeUnsafe(TEXTS, min<usize>(length, TEXT_BYTES));
}

/** Stores a snapshot; its number. */
export function snapshot(name: string): i32 {
  const length = put(name, 0);
  return length < 0 ? ERROR_TOO_LONG : heapy_snapshot(TEXTS, length);
}

/** The block of a managed object: its header of 20 bytes stands before it, 16 of which its allocator has given. */
function blockOf<T>(object: T): usize {
  return changetype<usize>(object) - 16;
}

/** Says what an object is called. */
export function label<T>(object: T, type: string): i32 {
  const length = put(type, 0);
  if (length < 0) return ERROR_TOO_LONG;
  const result = heapy_label(changetype<usize>(object), TEXTS, length, 0);
  return result < 0 ? heapy_label(blockOf(object), TEXTS, length, 0) : result;
}

/** Leaves an object out of every answer. */
export function hide<T>(object: T): i32 {
  const result = heapy_hide(changetype<usize>(object));
  return result < 0 ? heapy_hide(blockOf(object)) : result;
}

/** Says that something outside of the guest holds an object. */
export function pin<T>(object: T, name: string): i32 {
  const length = put(name, 0);
  if (length < 0) return ERROR_TOO_LONG;
  const result = heapy_pin(changetype<usize>(object), TEXTS, length);
  return result < 0 ? heapy_pin(blockOf(object), TEXTS, length) : result;
}

/** Takes a pin back. */
export function unpin<T>(object: T): i32 {
  const result = heapy_unpin(changetype<usize>(object));
  return result < 0 ? heapy_unpin(blockOf(object)) : result;
}

/** Tells a layout that was laid out as records, see the guide. */
export function describe(layout: usize, count: usize): i32 {
  return heapy_describe(layout, count);
}

/** Makes a pool (0) or an arena (1) known; its number. */
export function registerAllocator(name: string, kind: u32): i32 {
  const length = put(name, 0);
  return length < 0 ? ERROR_TOO_LONG : heapy_allocator(TEXTS, length, kind);
}

export function allocated(allocator: i32, block: usize, size: usize): i32 {
  return heapy_allocated(allocator, block, size);
}

export function freed(allocator: i32, block: usize): i32 {
  return heapy_freed(allocator, block);
}

export function reset(allocator: i32): i32 {
  return heapy_reset(allocator);
}
