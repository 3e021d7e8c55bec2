//! The types of all blocks of a paused guest: from their allocations, from run-time types, and along typed pointers.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use heapy_engine::TypeEvidence;

use super::LayoutError;
use super::allocation::{self, Named, Symbols};
use super::assembly_script::{Classes, Owners};
use super::block::{BlockType, Evidenced, Operator};
use super::code::{self, CodeIndex};
use super::dies::Dies;
use super::flow::Flows;
use super::form::{Language, LayoutId};
use super::go::GoTypes;
use super::lines::Lines;
use super::names;
use super::propagate::{self, Untyped};
use super::run_time::Vtables;
use super::sections::Sections;
use super::slots::{Bytes, Slot, Slots};
use super::types::{Layouts, language_of};
use crate::go::{GoHeap, WORD};
use crate::module::ModuleStructure;
use crate::paused::{ContextKey, Paused, RawFrame};

/// The types of one original module. Nothing of its debug information is read before the first question.
#[derive(Debug)]
pub struct Typing {
    module: Arc<ModuleStructure>,
    read: OnceLock<Read>,
}

/// What is read of the debug information, all at once.
#[derive(Debug)]
struct Read {
    sections: Sections,
    dies: Dies,
    code: CodeIndex,
    lines: Lines,
    flows: Flows,
    statics: Vec<StaticVariable>,
    classes: Classes,
    changing: Mutex<Changing>,
}

/// What grows with the questions.
#[derive(Debug, Default)]
struct Changing {
    layouts: Layouts,
    vtables: Vtables,
    slots: Slots,
    go: GoTypes,
}

/// A typed variable with static storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticVariable {
    /// Its address.
    pub address: u64,
    /// Its name, without a path where that is unambiguous.
    pub name: String,
    /// Its type.
    pub ty: LayoutId,
    /// Its size in bytes.
    pub size: u64,
}

/// The type of a block and its most-derived class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TypedBlock {
    /// The static type.
    pub ty: Option<BlockType>,
    /// The class, where run-time evidence tells one.
    pub class: Option<BlockType>,
    /// What the type rests on.
    pub evidence: TypeEvidence,
    /// A typed pointer disagrees with the type.
    pub contradicted: bool,
}

/// The types of the blocks of one [`Paused`].
#[derive(Debug)]
pub struct Typed {
    /// By position in [`Paused::blocks`].
    pub blocks: Vec<TypedBlock>,
    /// Number of pointers whose type disagrees with that of their target.
    pub contradictions: u64,
    /// Typed variables with static storage, by address.
    pub statics: Vec<StaticVariable>,
    /// For each of [`Paused::frames`] the variables in scope that lie in its part of the shadow stack, by offset; their
    /// addresses count from the lowest byte of that part.
    pub frames: Vec<Vec<StaticVariable>>,
    /// The types, as far as they are needed.
    pub layouts: Layouts,
    /// Bytes of a pointer.
    pub(super) word: u64,
    /// Whose the buffers of AssemblyScript's containers are.
    pub(super) owners: Owners,
    /// Blocks in which the guest's collector finds no pointers; empty where nothing is known of that.
    pub(super) pointer_free: Vec<bool>,
}

impl Changing {
    /// The types of the blocks of a Go guest.
    fn apply_go(&mut self, paused: &Paused, go: &GoHeap) -> Typed {
        let Self { layouts, vtables, slots, go: types } = self;
        let mut blocks = types.blocks(layouts, paused, go);
        let graph = propagate::Graph { paused, word: WORD, statics: &[], vtables, untyped: Untyped::Unknown };
        let contradictions = propagate::propagate(&graph, layouts, slots, &mut blocks, &[]);
        let frames = vec![Vec::new(); paused.frames.len()];
        let pointer_free = go.pointer_free.clone();
        Typed {
            blocks,
            contradictions,
            statics: Vec::new(),
            frames,
            layouts: layouts.clone(),
            word: WORD,
            pointer_free,
            owners: Owners::default(),
        }
    }
}

impl Typing {
    /// Reads the structure of a module; its debug information waits for the first question.
    ///
    /// # Errors
    /// [`LayoutError`] when the bytes are no core module.
    pub fn new(module: Arc<[u8]>) -> Result<Self, LayoutError> {
        Ok(Self::of(Arc::new(ModuleStructure::read(module)?)))
    }

    /// The same for a module that was read from a file: debug information that was split off is looked for beside it,
    /// and in the folder that it says it was compiled in.
    ///
    /// # Errors
    /// [`LayoutError`] when the bytes are no core module.
    pub fn of_file(module: Arc<[u8]>, file: &Path) -> Result<Self, LayoutError> {
        let mut module = ModuleStructure::read(module)?;
        module.beside(file);
        Ok(Self::of(Arc::new(module)))
    }

    /// Of a structure that was read.
    pub(crate) const fn of(module: Arc<ModuleStructure>) -> Self {
        Self { module, read: OnceLock::new() }
    }

    fn read(&self) -> &Read {
        self.read.get_or_init(|| {
            let sections = Sections::new(&self.module);
            let dies = Dies::read(&sections);
            let code = CodeIndex::new(&dies);
            let mut changing = Changing::default();
            changing.vtables = Vtables::new(&dies, &sections, &mut changing.layouts);
            let statics = statics(&dies, &sections, &mut changing.layouts);
            let classes = Classes::read(&sections);
            Read {
                sections,
                dies,
                code,
                lines: Lines::default(),
                flows: Flows::default(),
                statics,
                classes,
                changing: Mutex::new(changing),
            }
        })
    }

    /// What could not be read, one sentence each.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.damage();
        notes.extend(self.elsewhere());
        notes
    }

    /// What of the debug information is broken or does not fit, one sentence each.
    #[must_use]
    pub fn damage(&self) -> Vec<String> {
        let read = self.read();
        let mut notes = Vec::new();
        let broken: Vec<&str> = read.dies.units.iter().filter_map(|unit| unit.broken.as_deref()).collect();
        if let Some(first) = broken.first() {
            notes.push(format!(
                "{} units of the debug information could not be read to their end: {first}",
                broken.len()
            ));
        }
        if let Some(error) = &read.dies.broken {
            notes.push(format!("the list of units in the debug information is broken: {error}"));
        }
        if !read.dies.units.is_empty() && self.is_stale(read) {
            notes.push(
                "the debug information does not fit the code (an optimiser has changed it): types from it are not used"
                    .to_owned(),
            );
        }
        notes
    }

    /// Debug information that is somewhere else than it is looked for, one sentence each.
    #[must_use]
    pub fn elsewhere(&self) -> Vec<String> {
        let sections = &self.read().sections;
        let mut notes = Vec::new();
        let missing = &sections.debug().missing;
        if let [first, rest @ ..] = &missing[..] {
            let first = names::clean(first, Language::C);
            notes.push(match rest.len() {
                0 => format!("the debug information is in another file, which is not there: {first}"),
                more => {
                    format!("the debug information is in other files, which are not there: {first} and {more} more")
                }
            });
        }
        if sections.debug().has(".debug_types") {
            notes.push("types in the section .debug_types (before DWARF 5) are not read".to_owned());
        }
        notes
    }

    /// Whether the code the debug information speaks of lies elsewhere than the module's functions.
    fn is_stale(&self, read: &Read) -> bool {
        let start = |body: &std::ops::Range<usize>| body.start.saturating_sub(self.module.code_start) as u32;
        let mut starts: Vec<u32> = self.module.bodies.iter().map(start).collect();
        starts.sort_unstable();
        let (mut fits, mut total) = (0usize, 0usize);
        for low in read.code.starts() {
            total += 1;
            // A function starts at its locals or, in some producers, at the size before them.
            let after = starts.partition_point(|&start| start <= low.saturating_add(5));
            fits += usize::from(after > 0 && low.abs_diff(starts[after - 1]) <= 5);
        }
        total > 0 && fits * 2 < total
    }

    /// Variables with static storage that have a type, by address.
    #[must_use]
    pub fn statics(&self) -> &[StaticVariable] {
        &self.read().statics
    }

    /// The type of a block of `size` bytes that was allocated in this context.
    #[must_use]
    pub fn type_of_allocation(&self, frames: &[RawFrame], size: u64) -> Option<Evidenced> {
        let read = self.read();
        if self.is_stale(read) {
            return None;
        }
        let mut changing = read.changing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        match allocation::type_of_allocation(&self.symbols(read), &mut changing.layouts, frames, None, size) {
            Named::Type(found) => Some(found),
            Named::Bytes(_) | Named::Nothing => None,
        }
    }

    fn symbols<'a>(&self, read: &'a Read) -> Symbols<'a> {
        Symbols {
            sections: &read.sections,
            dies: &read.dies,
            code: &read.code,
            lines: &read.lines,
            flows: &read.flows,
            statics: &read.statics,
        }
    }

    /// The types of all blocks of a paused guest.
    #[must_use]
    pub fn apply(&self, paused: &Paused) -> Typed {
        let read = self.read();
        let stale = self.is_stale(read);
        let mut changing = read.changing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(go) = &paused.go {
            return changing.apply_go(paused, go);
        }
        let Changing { layouts, vtables, slots, .. } = &mut *changing;
        let symbols = self.symbols(read);
        let mut known: HashMap<(ContextKey, u64), Named> = HashMap::new();
        let mut blocks = vec![TypedBlock::default(); paused.blocks.len()];
        let mut bytes: Vec<(usize, Option<BlockType>)> = Vec::new();
        for (index, (block, typed)) in paused.blocks.iter().zip(&mut blocks).enumerate() {
            let Some(context) = block.context.filter(|_| !stale) else { continue };
            let found = *known.entry((context, block.size)).or_insert_with(|| {
                let Some(frames) = paused.contexts.frames.get(context.0 as usize) else { return Named::Nothing };
                let entry = paused.contexts.entries.get(context.0 as usize).copied().flatten();
                let operator = entry.and_then(|entry| Operator::named(read.sections.function_name(entry)?));
                allocation::type_of_allocation(&symbols, layouts, frames, operator, block.size)
            });
            let borne_out = |found: &Evidenced| {
                found.block.is_borne_out(bytes_of(paused, block.address, block.size, read.sections.pointer_bytes()))
            };
            match found {
                Named::Type(found) if borne_out(&found) => {
                    *typed = TypedBlock { ty: Some(found.block), evidence: found.evidence, ..TypedBlock::default() };
                }
                // A size that a header does not bear out was a guess; what is left is a `void *`.
                Named::Type(found) if found.evidence == TypeEvidence::Size => bytes.push((index, None)),
                Named::Bytes(of) => bytes.push((index, of)),
                _ => {}
            }
        }
        let word = read.sections.pointer_bytes();
        let objects = read.classes.objects(layouts, paused);
        for (block, typed) in paused.blocks.iter().zip(&mut blocks) {
            let value = bytes_of(paused, block.address, block.size, word);
            if let Some(class) = objects.class_of(block.address, block.size) {
                // Arrays and maps keep their elements in a buffer of their own.
                let storage = layouts.get(class).name == "ArrayBuffer";
                let found = BlockType { storage, ..BlockType::one(class) };
                *typed =
                    TypedBlock { ty: Some(found), class: None, evidence: TypeEvidence::RunTime, contradicted: false };
            } else if let Some(class) =
                value.word(0).and_then(|first| vtables.cpp(&read.dies, &read.sections, layouts, first))
            {
                class_found(layouts, typed, class, block.size);
            }
        }
        let statics: &[StaticVariable] = if stale { &[] } else { &read.statics };
        let graph = propagate::Graph { paused, word, statics, vtables, untyped: Untyped::Bytes };
        let contradictions = propagate::propagate(&graph, layouts, slots, &mut blocks, &bytes);
        let mut in_frame: HashMap<RawFrame, Vec<StaticVariable>> = HashMap::new();
        let variables = |frame: &RawFrame| {
            let found = in_frame.entry(*frame).or_insert_with(|| symbols.frame_variables(layouts, *frame));
            if stale { Vec::new() } else { found.clone() }
        };
        let frames = paused.frames.iter().map(variables).collect();
        let owners = Owners::new(layouts, paused, &blocks);
        let (statics, layouts, pointer_free) = (statics.to_vec(), layouts.clone(), Vec::new());
        Typed { blocks, contradictions, statics, frames, layouts, word, owners, pointer_free }
    }

    /// The words of a typed block that are or may be references, by offset.
    #[must_use]
    pub fn slots(&self, paused: &Paused, address: u64, size: u64, block: BlockType) -> Vec<Slot> {
        let read = self.read();
        let mut changing = read.changing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let Changing { layouts, slots, .. } = &mut *changing;
        slots.of(layouts, block, bytes_of(paused, address, size, read.sections.pointer_bytes()))
    }
}

/// A vtable names the class of a block that is no array of something else.
fn class_found(layouts: &Layouts, typed: &mut TypedBlock, class: LayoutId, size: u64) {
    let Some(found) = BlockType::one(class).fitted(layouts, size).or_else(|| {
        // A class that the debug information does not describe has no size to check.
        (layouts.get(class).size == 0).then_some(BlockType::one(class))
    }) else {
        return;
    };
    if typed.ty.is_none() || typed.evidence < TypeEvidence::DebugInfo {
        typed.ty = Some(found);
        typed.evidence = TypeEvidence::RunTime;
    } else if typed.ty.is_some_and(|ty| ty.ty != class) {
        typed.class = Some(found);
    }
}

/// The bytes of a block, none where it lies outside of the memory.
pub(super) fn bytes_of(paused: &Paused, address: u64, size: u64, word: u64) -> Bytes<'_> {
    Bytes::new(&paused.memory, address, size, word)
}

fn statics(dies: &Dies, sections: &Sections, layouts: &mut Layouts) -> Vec<StaticVariable> {
    let mut found = parts_of_statics(dies, sections, layouts);
    let mut taken: HashMap<String, usize> = HashMap::new();
    for variable in code::statics(dies, sections) {
        let Some(ty) = dies.with_origin(variable.die, |die| dies.find(die.ty)) else { continue };
        let ty = layouts.take(dies, sections, ty);
        let size = layouts.get(ty).size;
        let path = names::path(dies, sections, variable.die, "", language_of(dies, variable.die));
        if size > 0 && !path.ends_with("{vtable}") {
            *taken.entry(names::last_component(&path).to_owned()).or_default() += 1;
            found.push(StaticVariable { address: variable.address, name: path, ty, size });
        }
    }
    found.sort_by_key(|variable| variable.address);
    found.dedup_by_key(|variable| variable.address);
    for variable in &mut found {
        let short = names::last_component(&variable.name);
        if taken.get(short) == Some(&1) {
            variable.name = short.to_owned();
        }
    }
    found
}

/// Members of static variables of which an optimiser has kept some only, each at a place of its own.
fn parts_of_statics(dies: &Dies, sections: &Sections, layouts: &mut Layouts) -> Vec<StaticVariable> {
    let mut found = Vec::new();
    for at in code::all_variables(dies) {
        for (offset, size, address) in code::pieces(dies, sections, at) {
            let Some(ty) = dies.type_of(at) else { continue };
            let whole = layouts.take(dies, sections, ty);
            let members = layouts.record(whole).map(|record| record.members.as_slice()).unwrap_or_default();
            let member = members.iter().find(|member| member.offset == offset && layouts.get(member.ty).size == size);
            let Some(member) = member else { continue };
            let of = names::path(dies, sections, at, "", language_of(dies, at));
            found.push(StaticVariable { address, name: format!("{of}.{}", member.name), ty: member.ty, size });
        }
    }
    found
}
