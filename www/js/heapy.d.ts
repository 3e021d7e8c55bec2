// Made from the engine's description of the API; do not edit.
/// <reference lib="esnext.disposable" />

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
  family: "block" | "module" | "frame"; instance: number; address: number; size: number; usable: number;
  class: string; evidence: string; name: string | null; moved_by: string | null;
  fields: { relation: string; to: number }[]; wasted: number;
  values: { name: string; offset: number; type: string; value: string }[];
}
/** One object of a set as plain data. */
export interface ObjectRow {
  address: number; size: number; usable: number; type: string; class: string; site: string | null; serial: number;
  family: "block" | "module" | "frame"; reachable: "yes" | "no" | "stack"; evidence: string;
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

/** Top level interface to Heapy. Every question about a heap starts here. */
export interface Use {
  /** Relation by the interval between snapshots in which an object was made. Age(n) is the kind of objects made in interval n; 0 is before the first snapshot. */
  readonly Age: EquivalenceRelation;
  /** The kind with every object of the heap. */
  readonly Anything: Kind;
  /** Relation by class: the most-derived type that run-time evidence shows, or the type where there is none. Class is finer than Type. */
  readonly Class: EquivalenceRelation;
  /** Relation by class or owner: an object's class, and backing storage that one value owns by the class of that owner. Clodo(tc) is Class(tc); Clodo({dictof: tc}) is the storage owned by such objects, Clodo({dictof: []}) that without an owner. */
  readonly Clodo: EquivalenceRelation;
  /** Relation by contents: objects with equal bytes are one class. Only for snapshots that hold contents (heapy-host run --contents). */
  readonly Content: EquivalenceRelation;
  /** Relation by how sure the references to an object are: typed, conservative, interior (they point past its start) or unreferred. */
  readonly Evidence: EquivalenceRelation;
  /** Relation by identity: each object is a class of its own. Id(address) is the kind of the one object at this address, or of the object that the address lies in. */
  readonly Id: EquivalenceRelation;
  /** Relation by identity that gives sets: Idset(address) is the same as iso(address). */
  readonly Idset: EquivalenceRelation;
  /** Relation by module object: one class for each module and one for everything else. Module("app") is the kind of that module, Module() of what is no module. */
  readonly Module: EquivalenceRelation;
  /** The empty set. */
  readonly Nothing: IdentitySet;
  /** Relation by producer: file and line of the allocation, outside of the allocator and of container libraries. Prod("src/app.rs", 12) is a line, Prod("src/") what comes from files whose names begin so, Prod({function: "app::cache"}) what the lines of a function allocate, or of all functions of a type or module, Prod() what is unknown. */
  readonly Prod: EquivalenceRelation;
  /** Relation by the set of Clodo classes of the referrers. Rcs(k, ...) is the kind of the objects that are referred to by exactly these kinds. */
  readonly Rcs: EquivalenceRelation;
  /** The symbolic root. Its attributes lead to everything that is reachable: hp.Root.i0_modules["app"].cache. */
  readonly Root: Root;
  /** Relation by the whole calling context of the allocation. Site is finer than Prod. */
  readonly Site: EquivalenceRelation;
  /** Relation by individual size: the requested bytes. Size(24) is the kind of objects of 24 bytes; Size(24).alt(">=") of those of 24 and more. */
  readonly Size: EquivalenceRelation;
  /** Relation by the threads from whose stacks and thread-local data an object is reachable. */
  readonly Thread: EquivalenceRelation;
  /** Relation by static type. Type("app::Node") is the kind of a type by the name that tables show. */
  readonly Type: EquivalenceRelation;
  /** Relation by the crate, translation unit or module whose code allocated the object. */
  readonly Unit: EquivalenceRelation;
  /** Relation that puts all objects into one class. Unity() is Anything. */
  readonly Unity: EquivalenceRelation;
  /** Relation by the set of relations by which the referrers refer to an object. Via(".next", "[0]") is the kind of the objects that are referred to in exactly these ways. */
  readonly Via: EquivalenceRelation;
  /** Overview of the attributes; hp.doc.heap is help about one of them. */
  readonly doc: Doc;
  /** Makes a relation of a sequence of kinds: an object's class is the index of the first kind that contains it, or the number of kinds if none does. Calling the relation with an index gives that class. */
  findex(...kinds: ((UniSet | string) | object)[]): EquivalenceRelation;
  /** The objects that the root reaches. After setref only those that were made since. */
  heap(): IdentitySet;
  /** The objects that the root does not reach, as a set. Deprecated in favour of heapu; kept because Heapy has it. */
  heapg(): IdentitySet;
  /** What the root does not reach: the leaks. A stat by Type; after setref the difference to then, unless abs is true. With stat: false the set itself, by Type; leakroots says with which objects the leaks begin. */
  heapu(abs?: boolean, stat?: boolean): Stat | IdentitySet;
  heapu(options: { abs?: boolean; stat?: boolean }): Stat | IdentitySet;
  /** The set of the given objects: addresses, or sets whose members are taken. The same as iso. */
  idset(...nodes: ((IdentitySet | number) | object)[]): IdentitySet;
  /** The set of the given objects: addresses (of the memory of instance 0 unless another is named; addresses inside an object mean that object), or sets whose members are taken. */
  iso(...nodes: ((IdentitySet | number) | object)[]): IdentitySet;
  /** The objects with which leaks begin, those that hold most first: unreachable objects that no other unreachable object holds, and one for each circle that nothing else holds. Each comes with the number of objects of its circle and the bytes that only it holds. */
  leakroots(): LeakRoot[];
  /** The first stat of the text of a .hpy file, which is read as a whole: use_readline has no effect. Hosts that have files take a file's name as well. */
  load(text: string, use_readline?: boolean): Stat;
  load(text: string, options: { use_readline?: boolean }): Stat;
  /** All stats of the text of a .hpy file, in order. */
  loadall(text: string): Stat[];
  /** No window opens here: the error says that heapy-host GUEST shows a running guest in the inspector. */
  monitor(): void;
  /** No window opens here: the error says that the command heapy-host pb shows a .hpy file as the profile browser does. */
  pb(filename?: string): void;
  pb(options: { filename?: string }): void;
  /** Sets a reference in time: heap shows only what is not in it, heapu the difference to it. Without arguments the present heap is the reference. Objects of an earlier snapshot are told by their serial, never by their address. */
  setref(reachable?: UniSet | string, unreachable?: Stat | IdentitySet): void;
  setref(options: { reachable?: UniSet | string; unreachable?: Stat | IdentitySet }): void;
  /** Sets what heap is relative to: a set, or the present heap. Nothing undoes it. */
  setrelheap(reference?: UniSet | string): void;
  setrelheap(options: { reference?: UniSet | string }): void;
  /** Sets what heapg is relative to: a set, or what is unreachable now. Nothing undoes it. */
  setrelheapg(reference?: UniSet | string): void;
  setrelheapg(options: { reference?: UniSet | string }): void;
  /** Sets what heapu is relative to: a stat, the numbers of a set by Type, or what is unreachable now. Nothing undoes it. */
  setrelheapu(reference?: Stat | IdentitySet): void;
  setrelheapu(options: { reference?: Stat | IdentitySet }): void;
  /** The empty set of kinds: sonokind.refdby is the kind of the objects that nothing refers to. */
  readonly sonokind: SetOfKind;
  /** What all allocations up to the snapshot came to, those of blocks that are gone too, by 'Prod' (line of allocation, the default), 'Site' (calling context) or 'Unit'; most bytes first. */
  totals(by?: string): Totals[];
  totals(options: { by?: string }): Totals[];
  /** The union of sets; Nothing for none. */
  union(...sets: ((UniSet | string) | object)[]): UniSet;
  /** The snapshots of the recording. */
  readonly snapshots: SnapshotInfo[];
  /** The top object of a moment, of recordings with events: `event:N`, `allocation:N`, `time:SECONDS`, `snapshot:N`, `peak` or `end`. */
  moment(text: string): Use;
  /** The top object of another snapshot; 0 is that of the peak. */
  snapshot(number: number): Use;
  toJSON(): unknown;
  toString(): string;
  /** Closes the recording; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A set of objects. It has members (an IdentitySet) or a rule (a Kind); a relation is one too, in which everything is. Where a set is an argument, a text stands for the type of that name. */
export interface UniSet {
  /** What is in both sets: x & y. */
  and(other: UniSet | string): UniSet;
  /** False for Nothing only. */
  as_bool(): boolean;
  /** The relation with two classes: 0 for what is in this set, 1 for what is not. */
  biper(): EquivalenceRelation;
  /** A short text. */
  readonly brief: string;
  /** The kind of the backing storage that members own; of Nothing, of the storage without an owner. */
  readonly dictof: Kind;
  /** Whether no object is in both sets. */
  disjoint(other: UniSet | string): boolean;
  /** Overview of the attributes; x.doc.sp is help about one of them. */
  readonly doc: Doc;
  /** Whether both sets have the same objects: x == y, decided on the heap. */
  eq(other: UniSet | string): boolean;
  /** Whether all of the other set is in this one: x >= y. */
  ge(other: UniSet | string): boolean;
  /** How members are selected: the relation, the name of its class, and how the class of an object is compared with it. */
  get_ckc(): Classification;
  /** The text by which listings of this set show the one object of the argument. */
  get_render(object: IdentitySet): string;
  /** Whether all of the other set is in this one, which has more: x > y. */
  gt(other: UniSet | string): boolean;
  /** Whether an object, or every member of a set, is in this set. */
  has(object: IdentitySet | number): boolean;
  /** Whether all of this set is in the other one: x <= y, decided on the heap. */
  le(other: UniSet | string): boolean;
  /** Whether all of this set is in the other one, which has more: x < y. */
  lt(other: UniSet | string): boolean;
  /** Whether the sets have different objects: x != y. */
  ne(other: UniSet | string): boolean;
  /** Everything that is not in this set: ~x. */
  not(): UniSet;
  /** What is in one of the sets or both: x | y. */
  or(other: UniSet | string): UniSet;
  /** The text that gives a kind again when it is evaluated; of a set with members its table. */
  readonly repr: string;
  /** What is in this set only: x - y. */
  sub(other: UniSet | string): UniSet;
  /** What is in one of the sets only: x ^ y. */
  xor(other: UniSet | string): UniSet;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A set of objects of one heap. It is shown as a table by an equivalence relation. */
export interface IdentitySet extends UniSet {
  /** The whole table. */
  readonly all: MorePrinter;
  /** The objects of one row of the table: x[index]; negative ones count from the end. */
  at(index: number): IdentitySet;
  /** A copy that is shown by another relation, or by the names of several joined by '&': by("Type&Size"). */
  by(er: EquivalenceRelation | string): IdentitySet;
  /** A copy that is shown by Age: the same as by("Age"). */
  readonly byage: IdentitySet;
  /** A copy that is shown by Class: the same as by("Class"). */
  readonly byclass: IdentitySet;
  /** A copy that is shown by Clodo: the same as by("Clodo"). */
  readonly byclodo: IdentitySet;
  /** A copy that is shown by Content: the same as by("Content"). */
  readonly bycontent: IdentitySet;
  /** A copy that is shown by Evidence: the same as by("Evidence"). */
  readonly byevidence: IdentitySet;
  /** A copy that is shown by Id: the same as by("Id"). */
  readonly byid: IdentitySet;
  /** A copy that is shown by Idset: the same as by("Idset"). */
  readonly byidset: IdentitySet;
  /** A copy that is shown by Module: the same as by("Module"). */
  readonly bymodule: IdentitySet;
  /** A copy that is shown by Prod: the same as by("Prod"). */
  readonly byprod: IdentitySet;
  /** A copy that is shown by Rcs: the same as by("Rcs"). */
  readonly byrcs: IdentitySet;
  /** A copy that is shown by Site: the same as by("Site"). */
  readonly bysite: IdentitySet;
  /** A copy that is shown by Size: the same as by("Size"). */
  readonly bysize: IdentitySet;
  /** A copy that is shown by Thread: the same as by("Thread"). */
  readonly bythread: IdentitySet;
  /** A copy that is shown by Type: the same as by("Type"). */
  readonly bytype: IdentitySet;
  /** A copy that is shown by Unit: the same as by("Unit"). */
  readonly byunit: IdentitySet;
  /** A copy that is shown by Unity: the same as by("Unity"). */
  readonly byunity: IdentitySet;
  /** A copy that is shown by Via: the same as by("Via"). */
  readonly byvia: IdentitySet;
  /** Number of objects. */
  readonly count: number;
  /** What this set has more and less than another one, row by row under this set's relation. The other may be of another snapshot. */
  diff(other: IdentitySet): Stat;
  /** The objects that live only because of the set, its members included. */
  readonly dominos: IdentitySet;
  /** The bytes of the dominos: what would go if the set went. */
  readonly domisize: number;
  /** The numbers of the set as one package of a .hpy file. Hosts that have files append it to one. */
  dump(): string;
  /** The relation by which the set is shown. */
  readonly er: EquivalenceRelation;
  /** The name of the family of sets it belongs to. */
  readonly fam: string;
  /** The reference pattern: a tree of the kinds of objects that hold the set, and those that hold them. depth (7) is how far it goes, er (Clodo) how referrers are grouped, imdom whether only referrers that the root reaches without another one count, src what is the root instead, stopkind what is not followed (modules and frames), nocyc whether objects of a row are left out below it, ref 'imdom' the same as imdom. bf is accepted and has no effect. */
  get_rp(depth?: number, er?: EquivalenceRelation | string, imdom?: boolean, bf?: boolean, src?: IdentitySet, stopkind?: UniSet | string, nocyc?: boolean, ref?: string): ReferencePattern;
  get_rp(options: { depth?: number; er?: EquivalenceRelation | string; imdom?: boolean; bf?: boolean; src?: IdentitySet; stopkind?: UniSet | string; nocyc?: boolean; ref?: string }): ReferencePattern;
  /** All shortest paths to the nearest members of the set: from src (the root), around avoid_nodes and avoid_edges, and over typed references only if typed is true. */
  get_shpaths(src?: IdentitySet, avoid_nodes?: IdentitySet, avoid_edges?: Edge[], typed?: boolean): Paths;
  get_shpaths(options: { src?: IdentitySet; avoid_nodes?: IdentitySet; avoid_edges?: Edge[]; typed?: boolean }): Paths;
  /** The referrers that the root reaches without passing another referrer. */
  readonly imdom: IdentitySet;
  /** Sum of the sizes of the members, in bytes; the same as size. */
  readonly indisize: number;
  /** The union of the kinds that the members have under the set's relation. */
  readonly kind: UniSet;
  /** Number of rows of the table, which is not the number of objects. */
  readonly len: number;
  /** Operations on every member: x.maprox.next is the set of what the members' fields next refer to. */
  readonly maprox: MappingProxy;
  /** The next rows of the table. */
  readonly more: MorePrinter;
  /** The addresses of the members, ascending. */
  readonly nodes: number[];
  /** The objects that own the backing storage among the members. */
  readonly owners: IdentitySet;
  /** The members grouped by the relation. */
  readonly partition: Partition;
  /** The groups, one set for each row of the table. */
  readonly parts: IdentitySet[];
  /** The shortest paths from the direct referrers to the set. */
  readonly pathsin: Paths;
  /** The shortest paths from the set to its referents. */
  readonly pathsout: Paths;
  /** The calling context in which the one member was allocated; null where that is unknown. */
  readonly prod: MorePrinter | null;
  /** What the members refer to directly, reachable or not. */
  readonly referents: IdentitySet;
  /** The reachable objects that refer to members directly. */
  readonly referrers: IdentitySet;
  /** The reference pattern with its default options; see get_rp. */
  readonly rp: ReferencePattern;
  /** The shortest paths from the root; the same as sp. */
  readonly shpaths: Paths;
  /** Sum of the sizes of the members, in bytes. */
  readonly size: number;
  /** The objects of several rows of the table: x[start:end:step]; negative positions count from the end. */
  slice(start?: number, end?: number, step?: number): IdentitySet;
  slice(options: { start?: number; end?: number; step?: number }): IdentitySet;
  /** The shortest paths from the root to the nearest members. */
  readonly sp: Paths;
  /** The numbers of the table without the objects. */
  readonly stat: Stat;
  /** The one member as plain data: where it is, its size, class and references, the allocator's function that moved it there (moved_by, null where none is known to have), and the values of its fields where the snapshot holds contents. */
  readonly theone: ObjectView;
  /** Bytes of room in the members that are containers' buffers that no element takes. */
  readonly wasted: number;
  /** The same as at. */
  readonly [index: number]: IdentitySet;
  /** The addresses of the members, ascending. */
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
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A set with a membership rule. It has no members of its own, but selects objects. */
export interface Kind extends UniSet {
  /** The kind whose class compares with this one's: '<', '<=', '==', '!=', '>=' or '>'. Size(24).alt(">") are the objects larger than 24 bytes. */
  alt(symbol: string): UniSet;
  /** The relation that this is a class of, if it is one. */
  readonly er: EquivalenceRelation | null;
  /** The objects that are referred to by this kind only. */
  readonly refdby: Kind;
  /** All objects of the heap that are of this kind, reachable or not. */
  select(): IdentitySet;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A set of classes of one relation, such as the referrers of an object may be of. */
export interface SetOfKind {
  /** The set with one class more. */
  and(kind: UniSet | string): SetOfKind;
  /** The relation that its classes are of. */
  readonly er: EquivalenceRelation;
  /** The objects whose referrers are of exactly these classes. */
  readonly refdby: Kind;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A way to group objects. Calling it gives the kind of one of its classes. It is a set too: every object is in it, and a set with members if these are of one class. */
export interface EquivalenceRelation extends Omit<UniSet, "and" | "dictof" | "has"> {
  /** The class that the arguments describe. */
  (...arguments: (string | number | UniSet | SetOfKind | null | [] | object)[]): Kind;
  /** Of two relations the finer one, or the one whose classes are pairs: Type & Size. With a set the formula of both. */
  and(other: UniSet | string): EquivalenceRelation | UniSet;
  /** The class that the arguments describe, as a kind: Type("app::Node"), Size(24), Via(".next"). What each relation accepts is told with its name at Use. */
  call(...arguments: ((string | number | UniSet | SetOfKind | null | []) | object)[]): Kind;
  /** The relation that puts backing storage into the class that its owner has under this one. */
  readonly dictof: EquivalenceRelation;
  /** Overview of the attributes. */
  readonly doc: Doc;
  /** Whether both are the same relation; compared with a set, whether that is everything. */
  eq(other: UniSet | string): boolean;
  /** Whether each class of the other relation lies in one class of this one, by the declared order. */
  ge(other: UniSet | string): boolean;
  /** Whether this relation is coarser than the other one, by the declared order. */
  gt(other: UniSet | string): boolean;
  /** Whether all members of a set are of one class, or a kind is a class of this relation or of a finer one. */
  has(set: UniSet | string): boolean;
  /** The header of the kind column of its tables. */
  readonly header: string;
  /** The union of the kinds of the members of a set under this relation: Type[x]. */
  image(set: IdentitySet): UniSet;
  /** Whether each class of this relation lies in one class of the other, by the declared order. */
  le(other: UniSet | string): boolean;
  /** Whether this relation is finer than the other one, by the declared order. */
  lt(other: UniSet | string): boolean;
  /** Whether the relations differ. */
  ne(other: UniSet | string): boolean;
  /** The relation by the set of classes that the referrers have under this one. Clodo.refdby is Rcs. */
  readonly refdby: EquivalenceRelation;
  /** The text that gives the relation again when it is evaluated. */
  readonly repr: string;
  /** The set of the one class that the arguments describe; its method and adds further ones. */
  sokind(...arguments: ((string | number | UniSet | SetOfKind | null | []) | object)[]): SetOfKind;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A set, grouped by its relation. The largest group comes first. */
export interface Partition {
  /** The whole table. */
  readonly all: MorePrinter;
  /** Number of objects. */
  readonly count: number;
  /** The relation by which the set is grouped. */
  readonly er: EquivalenceRelation;
  /** The objects of several rows together, from start to before end in steps; negative positions count from the end. */
  get_nodeset(start?: number, end?: number, step?: number): IdentitySet;
  get_nodeset(options: { start?: number; end?: number; step?: number }): IdentitySet;
  /** One row of the table as plain data. */
  get_row(index: number): Row;
  /** The rows from one on, as plain data. */
  get_rows(start?: number): Row[];
  get_rows(options: { start?: number }): Row[];
  /** The objects of one row: the same as get_set. */
  get_rowset(index: number): IdentitySet;
  /** The objects of one row; negative indices count from the end. */
  get_set(index: number): IdentitySet;
  /** The objects of each row. */
  readonly get_sets: IdentitySet[];
  /** The numbers of the table without the objects. */
  readonly get_stat: Stat;
  /** The header of the kind column. */
  readonly kindheader: string;
  /** What all objects have in common, in the table of single objects. */
  readonly kindname: string;
  /** The next rows of the table. */
  readonly more: MorePrinter;
  /** Number of rows. */
  readonly numrows: number;
  /** All rows as plain data. */
  readonly rows: Row[];
  /** The set that is grouped. */
  readonly set: IdentitySet;
  /** Sum of the sizes of the objects, in bytes. */
  readonly size: number;
  /** When it was made, in seconds. */
  readonly timemade: number;
  /** The rows of the table. */
  [Symbol.iterator](): IterableIterator<Row>;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A page of a listing. It prints as that page, and has all names of what is listed too. */
export interface MorePrinter {
  /** All lines. */
  readonly all: MorePrinter;
  /** What the index or label gives of what is listed: _.more[3]. */
  at(key: number | string): any;
  /** The page after this one; it prints nothing if there is none. */
  readonly more: MorePrinter;
  /** The page that this one was made from. */
  readonly prev: MorePrinter | null;
  /** What is listed. */
  readonly top: any;
  /** Names that depend on the heap. */
  readonly [name: string]: any;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** The numbers of a table without its objects. What .hpy files hold. */
export interface Stat {
  /** The whole table. */
  readonly all: MorePrinter;
  /** One row as a stat of its own: s[index]. */
  at(index: number): Stat;
  /** Number of objects of what was subtracted, of a difference. */
  readonly b_count: number | null;
  /** Bytes of what was subtracted, of a difference. */
  readonly b_size: number | null;
  /** Number of objects. */
  readonly count: number;
  /** The stat as one package of a .hpy file. Hosts that have files append it to one. */
  dump(): string;
  /** SetFormat, IdFormat or DiffFormat. */
  readonly format_name: string;
  /** One row as plain data. */
  get_row(index: number): Row;
  /** The rows from one on, as plain data. */
  get_rows(start?: number): Row[];
  get_rows(options: { start?: number }): Row[];
  /** The first n rows by 'Size' or by 'Count', and a row <Other> with the rest in front of the first row that is smaller. */
  get_rows_n_and_other(n: number, sortby?: string): Row[];
  get_rows_n_and_other(n: number, options: { sortby?: string }): Row[];
  /** The rows of the given names, in this order; names without a row are passed over. */
  get_rows_of_kinds(...kinds: ((string) | object)[]): Row[];
  /** The value of a line of the head of the .hpy package that it was read from. */
  header(name: string): string | null;
  /** The header of the kind column. */
  readonly kindheader: string;
  /** What all objects have in common, in the table of single objects. */
  readonly kindname: string;
  /** Number of rows. */
  readonly len: number;
  /** The next rows of the table. */
  readonly more: MorePrinter;
  /** Number of rows; the same as len. */
  readonly numrows: number;
  /** Sum of the sizes of the objects, in bytes. */
  readonly size: number;
  /** Several rows as a stat of their own: s[start:end:step]; the step may be negative. */
  slice(start?: number, end?: number, step?: number): Stat;
  slice(options: { start?: number; end?: number; step?: number }): Stat;
  /** The difference to another stat, or to the numbers of a set, row by row, largest absolute size first: a - b. */
  sub(other: Stat | IdentitySet): Stat;
  /** When it was made, in seconds. */
  readonly timemade: number;
  /** The same as at. */
  readonly [index: number]: Stat;
  /** The rows of the table. */
  [Symbol.iterator](): IterableIterator<Row>;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** All shortest paths between two sets. They are counted exactly and listed one by one. */
export interface Paths {
  /** The targets that paths end at. */
  readonly Dst: IdentitySet;
  /** The sources that paths begin at; the symbolic root is no member. */
  readonly Src: IdentitySet;
  /** All paths. */
  readonly all: MorePrinter;
  /** Some of the paths, from index start (0) on, as many as count (100). */
  aslist(start?: number, count?: number): Path[];
  aslist(options: { start?: number; count?: number }): Path[];
  /** The path of an index; negative ones count from the end. */
  at(index: number): Path;
  /** The same as copy_but_avoid_edges_at_levels. */
  avoided(...levels: ((number) | object)[]): Paths;
  /** The shortest paths between the same sets that use none of the references at the given levels. */
  copy_but_avoid_edges_at_levels(...levels: ((number) | object)[]): Paths;
  /** The references between the given levels and their next ones. */
  edges_at(...levels: ((number) | object)[]): Edge[];
  /** Whether paths begin at the symbolic root. */
  readonly from_root: boolean;
  /** The paths from index start (0) to before stop; without stop as many as aslist gives. */
  iter(start?: number, stop?: number): Path[];
  iter(options: { start?: number; stop?: number }): Path[];
  /** How many paths a page has. */
  readonly maxpaths: number;
  /** The next paths. */
  readonly more: MorePrinter;
  /** Number of paths, exactly. */
  readonly numpaths: number | bigint;
  /** Sets how many paths a page has. */
  set_maxpaths(paths: number): void;
  /** The objects at each level, sources first. */
  readonly sets: IdentitySet[];
  /** Number of references of each path. */
  readonly steps: number;
  /** The same as at. */
  readonly [index: number]: Path;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A chain of references. It prints as its source and the relations along it. */
export interface Path {
  /** Number of references. */
  readonly len: number;
  /** The relations in order. */
  readonly path: string[];
  /** The relations as one text, which follows the name of the source. */
  readonly relations: string;
  /** The object it begins at; Nothing where that is the root. */
  readonly src: IdentitySet;
  /** The object it ends at. */
  readonly tgt: IdentitySet;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A reference between two objects. It prints as its relation. */
export interface Edge {
  /** Whether it comes from the symbolic root. */
  readonly from_root: boolean;
  /** Its name, with ? behind where it only looks like a reference. */
  readonly relation: string;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** A tree of the kinds of objects that hold a set. Its rows are made as they are asked for; a row's set is an attribute by the row's label: rp.a3b. */
export interface ReferencePattern {
  /** All rows; makes them. */
  readonly all: MorePrinter;
  /** The objects of a row, by its index (negative ones count from the end) or its label. */
  at(key: number | string): IdentitySet;
  /** Number of rows; makes them all. */
  readonly len: number;
  /** The next rows. */
  readonly more: MorePrinter;
  /** The paths along the rows from the row of an index or label down to the first row; andsets restricts rows, given by label. */
  paths(key: number | string, andsets?: Record<string, IdentitySet>): PatternPaths;
  paths(key: number | string, options: { andsets?: Record<string, IdentitySet> }): PatternPaths;
  /** The same pattern of which nothing has been made yet. */
  reset(): ReferencePattern;
  /** Some of the rows as plain data, from index start (0) on, as many as count (100). */
  rows(start?: number, count?: number): PatternRow[];
  rows(options: { start?: number; count?: number }): PatternRow[];
  /** The set that it is the pattern of. */
  readonly set: IdentitySet;
  /** Names that depend on the heap. */
  readonly [name: string]: any;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** Paths along the rows of a reference pattern. They print as a tree, one object to a line. */
export interface PatternPaths {
  /** All lines. */
  readonly all: MorePrinter;
  /** The next lines. */
  readonly more: MorePrinter;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** An operation on every member of a set. Any attribute is the set of what the members' fields of that name refer to, or what is inside of these fields does; members without it are passed over. Numbers and texts are no objects and no members: values gives them. */
export interface MappingProxy {
  /** The set of what the members' elements at an index, or values under a key, refer to. */
  at(key: number | string): IdentitySet;
  /** The values of the members' fields of a name as text, numbers too. Needs a snapshot with contents. */
  values(name: string): string[];
  /** The set of what the members refer to by a relation in any of its printed forms. */
  via(relation: string): IdentitySet;
  /** Names that depend on the heap. */
  readonly [name: string]: any;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** The symbolic root, or what it holds somewhere. Any attribute is a place that holds references (i0_globals, i0_t0_f2, i0_modules), and behind a place a field of what it holds. */
export interface Root {
  /** The element of an index or a key: hp.Root.i0_modules["app"]. */
  at(key: number | string): Root;
  /** The places that hold references. */
  readonly attributes: string[];
  /** What is held there. */
  readonly set: IdentitySet;
  /** Names that depend on the heap. */
  readonly [name: string]: any;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}

/** Help. Any attribute is help about that name. */
export interface Doc {
  /** The address of a reference of the help; 0 is that of the thing itself. */
  at(reference: number): string;
  /** All names at once: 'l' gives a line for each, 'L' the whole help. */
  call(how?: string): string;
  call(options: { how?: string }): string;
  /** Names that depend on the heap. */
  readonly [name: string]: any;
  toJSON(): unknown;
  toString(): string;
  /** Lets go of the object; otherwise that happens when nothing refers to it any more. */
  [Symbol.dispose](): void;
}
