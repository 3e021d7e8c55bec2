//! The TypeScript typings, made from the description.

use std::fmt::Write as _;

use super::entry::{Entry, Form, Owner, Parameter};
use super::{owner, owners};

/// Types of results that are plain data.
const RECORDS: &str = "\
/** A row of a table. */
export interface Row { index: number; count: number; size: number; cumulative: number; name: string; }
/** A row of a reference pattern. */
export interface PatternRow { index: number; label: string; depth: number; mark: string; kind: string; count: number; size: number; }
/** How members of a set are selected. */
export interface Classification { relation: EquivalenceRelation; class: string; comparison: string; }
/** An object with which a leak begins. */
export interface LeakRoot { set: IdentitySet; circle: number; held: number; }
/** What the allocations of one piece of code came to; bytes of its live blocks at the peak, where that was observed. */
export interface Totals { name: string; allocations: number; bytes: number; frees: number; temporary: number; peak: number | null; }
/** One object as plain data; references lead to addresses. */
export interface ObjectView {
  family: \"block\" | \"module\" | \"frame\"; instance: number; address: number; size: number; usable: number;
  class: string; evidence: string; name: string | null; moved_by: string | null;
  fields: { relation: string; to: number }[]; wasted: number;
  values: { name: string; offset: number; type: string; value: string }[];
}
/** One object of a set as plain data. */
export interface ObjectRow {
  address: number; size: number; usable: number; type: string; class: string; site: string | null; serial: number;
  family: \"block\" | \"module\" | \"frame\"; reachable: \"yes\" | \"no\" | \"stack\"; evidence: string;
}
/** How a column of numbers is wanted: a view is made without a copy, and is good until the next question. */
export interface ColumnOptions { view?: boolean; }
/** A snapshot of a recording, as its list names it. */
export interface SnapshotInfo { number: number; reason: string; at_nanos: number; objects: number; bytes: number; }
/** What can be opened: a path (in Node), an address, or bytes. */
export type Source = string | URL | Blob | ArrayBuffer | ArrayBufferView;
/** Opens a snapshot of a recording: the last one, or the one of a number. Of a `.hpy` file, all its stats. */
export function open(file: Source, options?: { snapshot?: number }): Promise<Use>;
export function open<Kind extends Use | Stat[]>(file: Source, options?: { snapshot?: number }): Promise<Kind>;
/** Runs a script with the given names, as `heapy-host query` does: its value. */
export function run(source: string, names: Record<string, unknown>): Promise<unknown>;
/** The text of a value as shells show it. */
export function show(value: unknown): string;
/** The JSON of a value. */
export function plain(value: unknown): string | undefined;
/** Whether a value is an object of this API. */
export function isObject(value: unknown): boolean;
";

/// What a binding for JavaScript adds to the names of a type.
const ADDED: [(&str, &str); 4] = [
    (
        "Use",
        "  /** The snapshots of the recording. */
  readonly snapshots: SnapshotInfo[];
  /** The top object of a moment, of recordings with events: `event:N`, `allocation:N`, `time:SECONDS`, `snapshot:N`, `peak` or `end`. */
  moment(text: string): Use;
  /** The top object of another snapshot; 0 is that of the peak. */
  snapshot(number: number): Use;
",
    ),
    (
        "IdentitySet",
        "  /** The addresses of the members, ascending. */
  addresses(options?: ColumnOptions): Float64Array;
  /** The requested bytes of each member, in the order of addresses. */
  sizes(options?: ColumnOptions): Float64Array;
  /** The bytes that the allocator committed for each member. */
  usable(options?: ColumnOptions): Float64Array;
  /** The serials of the members. */
  serials(options?: ColumnOptions): Float64Array;
  /** The members one by one, in the order of addresses. */
  objects(): IterableIterator<ObjectRow>;
  /** The rows of the table. */
  [Symbol.iterator](): IterableIterator<Row>;
",
    ),
    ("Partition", "  /** The rows of the table. */\n  [Symbol.iterator](): IterableIterator<Row>;\n"),
    ("Stat", "  /** The rows of the table. */\n  [Symbol.iterator](): IterableIterator<Row>;\n"),
];

/// The typings of the package `heapy`.
#[must_use]
pub fn typescript() -> String {
    let mut text = String::from("// Made from the engine's description of the API; do not edit.\n");
    text.push_str("/// <reference lib=\"esnext.disposable\" />\n\n");
    text.push_str(RECORDS);
    for owner in owners() {
        text.push('\n');
        interface(&mut text, owner);
    }
    text
}

fn interface(text: &mut String, owner: &Owner) {
    let parent = owner.parent.map_or(String::new(), |parent| format!(" extends {}", extended(owner, parent)));
    let _ = writeln!(text, "/** {} */\nexport interface {}{parent} {{", owner.doc, owner.name);
    if owner.name == "EquivalenceRelation" {
        text.push_str("  /** The class that the arguments describe. */\n");
        text.push_str("  (...arguments: (string | number | UniSet | SetOfKind | null | [] | object)[]): Kind;\n");
    }
    for entry in owner.entries {
        let _ = writeln!(text, "  /** {} */", entry.doc);
        match entry.form {
            Form::Attribute => {
                let _ = writeln!(text, "  readonly {}: {};", entry.name, entry.result);
            }
            Form::Method => methods(text, entry),
        }
    }
    if owner.dynamic.is_some() {
        text.push_str("  /** Names that depend on the heap. */\n  readonly [name: string]: any;\n");
    }
    if owner.entries.iter().any(|entry| entry.name == "at") && owner.dynamic.is_none() {
        let result = owner.entries.iter().find(|entry| entry.name == "at").map_or("unknown", |entry| entry.result);
        let _ = writeln!(text, "  /** The same as at. */\n  readonly [index: number]: {result};");
    }
    for (_, added) in ADDED.iter().filter(|(name, _)| *name == owner.name) {
        text.push_str(added);
    }
    text.push_str("  toJSON(): unknown;\n  toString(): string;\n");
    let disposing = if owner.name == "Use" { "Closes the recording" } else { "Lets go of the object" };
    let _ = writeln!(text, "  /** {disposing}; otherwise that happens when nothing refers to it any more. */");
    text.push_str("  [Symbol.dispose](): void;\n}\n");
}

/// The parent, without the names that have another type or take something else here.
fn extended(owner: &Owner, parent: &str) -> String {
    let inherited = self::owner(parent).map_or(&[][..], |parent| parent.entries);
    let takes = |entry: &Entry| entry.parameters.iter().map(positional).collect::<Vec<_>>();
    let differs = |entry: &Entry, other: &Entry| other.result != entry.result || takes(other) != takes(entry);
    let changed = |entry: &&Entry| inherited.iter().any(|other| other.name == entry.name && differs(entry, other));
    let names: Vec<String> = owner.entries.iter().filter(changed).map(|entry| format!("\"{}\"", entry.name)).collect();
    if names.is_empty() { parent.to_owned() } else { format!("Omit<{parent}, {}>", names.join(" | ")) }
}

/// A method by position, and where arguments may be left out also by name.
fn methods(text: &mut String, entry: &Entry) {
    let Entry { name, result, parameters, .. } = entry;
    let result = if *result == "null" { "void" } else { result };
    let positional: Vec<String> = parameters_in_order(parameters).into_iter().map(positional).collect();
    let _ = writeln!(text, "  {name}({}): {result};", positional.join(", "));
    let optional: Vec<&Parameter> =
        parameters.iter().filter(|parameter| parameter.is_optional() && !parameter.is_repeated()).collect();
    let leading = parameters.iter().take_while(|parameter| !parameter.is_optional()).map(positional_of);
    if !optional.is_empty() && !parameters.iter().any(Parameter::is_repeated) {
        let named: Vec<String> = optional
            .iter()
            .map(|parameter| format!("{}?: {}", parameter.name, parameter.accepts.typescript()))
            .collect();
        let all: Vec<String> = leading.chain([format!("options: {{ {} }}", named.join("; "))]).collect();
        let _ = writeln!(text, "  {name}({}): {result};", all.join(", "));
    }
}

/// A rest parameter must be the last one; what would follow it is given by name only.
fn parameters_in_order(parameters: &[Parameter]) -> Vec<&Parameter> {
    match parameters.iter().position(Parameter::is_repeated) {
        Some(rest) => parameters[..=rest].iter().collect(),
        None => parameters.iter().collect(),
    }
}

fn positional_of(parameter: &Parameter) -> String {
    positional(parameter)
}

fn positional(parameter: &Parameter) -> String {
    let (name, kind) = (parameter.name, parameter.accepts.typescript());
    match (parameter.is_repeated(), parameter.is_optional()) {
        (true, _) => format!("...{name}: (({kind}) | object)[]"),
        (false, true) => format!("{name}?: {kind}"),
        (false, false) => format!("{name}: {kind}"),
    }
}
