//! Layouts of types: what the debugging entries of a type come to, each type once.
//!
//! Types are taken from the debug information when they are first asked for, together with what they consist of, by a
//! worklist: neither cyclic nor absurd entries can make it recurse. Equal types of several units become one.

use std::collections::HashMap;

use gimli::constants as c;

use super::dies::{
    ARTIFICIAL, BIT_FIELD, BITS_FROM_TOP, DECLARATION, DISCRIMINANT_LIST, DieRef, Dies, HAS_VALUE, NONE, VIRTUAL,
};
use super::form::{Form, Language, Layout, LayoutId, Member, Record, Scalar, Variant, Variants};
use super::names;
use super::sections::Sections;

/// Pointers to arrays of pointers ...: deeper than any program has them, and where cyclic entries end.
const MAX_WRAPPERS: usize = 64;

/// The types of one module, as far as they were asked for.
#[derive(Clone, Debug, Default)]
pub struct Layouts {
    layouts: Vec<Layout>,
    of_die: HashMap<DieRef, LayoutId>,
    canonical: HashMap<Key, LayoutId>,
    definitions: Option<HashMap<String, DieRef>>,
    pending: Vec<(LayoutId, DieRef)>,
}

/// What makes two types of different units one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Key {
    Named { name: String, size: u64, tag: u16, parts: u64 },
    Pointer { name: String, target: Option<LayoutId> },
    Array { element: LayoutId, count: Option<u64> },
}

enum Wrapper {
    Pointer(DieRef),
    Array(Vec<Option<u64>>),
}

impl Layouts {
    /// A type.
    #[must_use]
    pub fn get(&self, id: LayoutId) -> &Layout {
        &self.layouts[id.0 as usize]
    }

    /// Whether nothing is known of what is inside.
    #[must_use]
    pub fn is_raw(&self, id: LayoutId) -> bool {
        matches!(self.get(id).form, Form::Unknown)
    }

    /// Number of types taken so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.layouts.len()
    }

    /// Whether no type was taken so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.layouts.is_empty()
    }

    /// The target of a pointer, where it has one with a known layout.
    #[must_use]
    pub fn target(&self, id: LayoutId) -> Option<LayoutId> {
        match self.get(id).form {
            Form::Pointer(target) => target,
            _ => None,
        }
    }

    /// The record of a type, if it is one.
    #[must_use]
    pub fn record(&self, id: LayoutId) -> Option<&Record> {
        match &self.get(id).form {
            Form::Record(record) => Some(record),
            _ => None,
        }
    }

    /// Takes a type and everything it consists of.
    pub(super) fn take(&mut self, dies: &Dies, sections: &Sections, die: DieRef) -> LayoutId {
        let taken = self.intern(dies, sections, die);
        while let Some((id, die)) = self.pending.pop() {
            let mut form = self.fill(dies, sections, die);
            if let Form::Record(record) = &mut form {
                self.complete(dies, sections, id, record);
            }
            self.layouts[id.0 as usize].form = form;
        }
        taken
    }

    /// The array of `count` elements, open where `count` is none.
    pub fn array_of(&mut self, element: LayoutId, count: Option<u64>) -> LayoutId {
        let of = self.get(element);
        let size = count.map_or(0, |count| count.saturating_mul(of.size));
        let name = names::array(&of.name, of.language, count);
        let layout =
            Layout { name, unit: of.unit.clone(), size, language: of.language, form: Form::Array { element, count } };
        self.canonical(Key::Array { element, count }, layout)
    }

    /// A type that no debug information describes, such as a class known by its run-time type only.
    pub(super) fn declare(&mut self, layout: Layout) -> LayoutId {
        let key = Key::Named { name: layout.name.clone(), size: layout.size, tag: 0, parts: 0 };
        self.canonical(key, layout)
    }

    /// A type that is told by a number, so that another one may have its name; what it consists of comes later.
    pub(super) fn declare_numbered(&mut self, layout: Layout, number: u64) -> LayoutId {
        let key = Key::Named { name: layout.name.clone(), size: layout.size, tag: u16::MAX, parts: number };
        self.canonical(key, layout)
    }

    /// Tells what a declared type consists of.
    pub(super) fn define(&mut self, id: LayoutId, form: Form) {
        self.layouts[id.0 as usize].form = form;
    }

    /// The type of this full name, among those that the module defines or that were taken.
    pub(super) fn by_name(&mut self, dies: &Dies, sections: &Sections, name: &str) -> Option<LayoutId> {
        let die = *self.definitions(dies, sections).get(name)?;
        Some(self.take(dies, sections, die))
    }

    fn canonical(&mut self, key: Key, layout: Layout) -> LayoutId {
        let layouts = &mut self.layouts;
        *self.canonical.entry(key).or_insert_with(|| {
            layouts.push(layout);
            LayoutId((layouts.len() - 1) as u32)
        })
    }

    pub(super) fn intern(&mut self, dies: &Dies, sections: &Sections, die: DieRef) -> LayoutId {
        if let Some(&known) = self.of_die.get(&die) {
            return known;
        }
        let mut wrappers = Vec::new();
        let mut core = peel(dies, sections, die);
        while let Some(at) = core.die {
            match gimli::DwTag(dies.die(at).tag) {
                c::DW_TAG_pointer_type
                | c::DW_TAG_reference_type
                | c::DW_TAG_rvalue_reference_type
                | c::DW_TAG_ptr_to_member_type => wrappers.push(Wrapper::Pointer(at)),
                c::DW_TAG_array_type => wrappers.push(Wrapper::Array(dimensions(dies, at))),
                _ => break,
            }
            if wrappers.len() > MAX_WRAPPERS {
                core.die = None;
                break;
            }
            core = dies.type_of(at).map_or_else(Peeled::default, |target| peel(dies, sections, target));
        }
        let language = language_of(dies, die);
        let mut inner = self.core(dies, sections, &core, language);
        while let Some(wrapper) = wrappers.pop() {
            inner = Some(match wrapper {
                Wrapper::Pointer(at) => self.pointer(dies, sections, at, inner),
                Wrapper::Array(counts) => {
                    let mut element = inner.unwrap_or_else(|| self.void(language));
                    for count in counts.into_iter().rev() {
                        element = self.array_of(element, count);
                    }
                    element
                }
            });
        }
        let id = inner.unwrap_or_else(|| self.void(language));
        self.of_die.insert(die, id);
        id
    }

    fn void(&mut self, language: Language) -> LayoutId {
        let layout = Layout { name: "void".into(), unit: None, size: 0, language, form: Form::Unknown };
        self.canonical(Key::Named { name: "void".into(), size: 0, tag: 0, parts: 0 }, layout)
    }

    fn pointer(&mut self, dies: &Dies, sections: &Sections, at: DieRef, target: Option<LayoutId>) -> LayoutId {
        let language = language_of(dies, at);
        let of = target.map(|target| self.get(target));
        let tag = gimli::DwTag(dies.die(at).tag);
        let name = match dies.name(sections, at) {
            Some(name) => names::clean(name, language),
            None => names::pointer(of.map_or("void", |of| &of.name), tag != c::DW_TAG_pointer_type, language),
        };
        let size = match dies.die(at).size {
            NONE => sections.pointer_bytes(),
            size => u64::from(size),
        };
        let unit = of.and_then(|of| of.unit.clone());
        // A pointer to a function or to `void` leads to no typed block.
        let target = target.filter(|&target| !(self.get(target).name == "void" && self.get(target).size == 0));
        let layout = Layout { name: name.clone(), unit, size, language, form: Form::Pointer(target) };
        self.canonical(Key::Pointer { name, target }, layout)
    }

    /// The layout behind all pointers and arrays; none for `void`.
    fn core(&mut self, dies: &Dies, sections: &Sections, core: &Peeled, language: Language) -> Option<LayoutId> {
        let at = core.die?;
        let at = self.definition(dies, sections, at);
        if let (Some(&known), false) = (self.of_die.get(&at), core.address) {
            return Some(known);
        }
        let die = dies.die(at);
        let tag = gimli::DwTag(die.tag);
        let kind = names::keyword(tag);
        let name = match (dies.name(sections, at), &core.alias) {
            (None, Some(alias)) => alias.clone(),
            (_, Some(_)) if core.address => "uintptr_t".to_owned(),
            _ => names::path(dies, sections, at, kind, language),
        };
        let size = if die.size == NONE { 0 } else { u64::from(die.size) };
        let key = Key::Named { name: name.clone(), size, tag: die.tag, parts: parts(dies, sections, at) };
        let known = self.layouts.len();
        let unit = names::unit(dies, sections, at, language);
        let form = match tag {
            c::DW_TAG_base_type => Form::Scalar(base(die.value, size, &name, core.address, sections.pointer_bytes())),
            _ => Form::Unknown,
        };
        let id = self.canonical(key, Layout { name, unit, size, language, form });
        if !core.address {
            self.of_die.insert(at, id);
        }
        let new = id.0 as usize == known;
        let has_parts = matches!(
            tag,
            c::DW_TAG_structure_type | c::DW_TAG_class_type | c::DW_TAG_union_type | c::DW_TAG_enumeration_type
        );
        if new && has_parts && die.flags & DECLARATION == 0 {
            self.pending.push((id, at));
        }
        Some(id)
    }

    /// The entry that defines what `at` only declares, if there is one.
    fn definition(&mut self, dies: &Dies, sections: &Sections, at: DieRef) -> DieRef {
        if dies.die(at).flags & DECLARATION == 0 {
            return at;
        }
        let name =
            names::path(dies, sections, at, names::keyword(gimli::DwTag(dies.die(at).tag)), language_of(dies, at));
        self.definitions(dies, sections).get(&name).copied().unwrap_or(at)
    }

    pub(super) fn definitions(&mut self, dies: &Dies, sections: &Sections) -> &HashMap<String, DieRef> {
        self.definitions.get_or_insert_with(|| definitions(dies, sections))
    }

    fn fill(&mut self, dies: &Dies, sections: &Sections, at: DieRef) -> Form {
        let die = *dies.die(at);
        let tag = gimli::DwTag(die.tag);
        if tag == c::DW_TAG_enumeration_type {
            return Form::Scalar(Scalar::Enumeration(enumerators(dies, sections, at)));
        }
        let mut record = Record { union: tag == c::DW_TAG_union_type, ..Record::default() };
        for child in dies.children(at) {
            match gimli::DwTag(dies.die(child).tag) {
                c::DW_TAG_inheritance if dies.die(child).flags & VIRTUAL != 0 => record.open = true,
                c::DW_TAG_member | c::DW_TAG_inheritance => record.members.extend(self.member(dies, sections, child)),
                c::DW_TAG_variant_part => record.variants = Some(self.variants(dies, sections, child)),
                c::DW_TAG_template_type_parameter => {
                    if let (Some(name), Some(ty)) = (dies.name(sections, child), dies.type_of(child)) {
                        let ty = self.intern(dies, sections, ty);
                        record.parameters.push((name.to_owned(), ty));
                    }
                }
                _ => {}
            }
        }
        record.members.sort_by_key(|member| (member.offset, member.bits));
        Form::Record(record)
    }

    fn member(&mut self, dies: &Dies, sections: &Sections, at: DieRef) -> Option<Member> {
        let die = *dies.die(at);
        // A static member is declared where the others are, and has no place there, though it may have a value.
        if die.flags & DECLARATION != 0 {
            return None;
        }
        let ty = self.intern(dies, sections, dies.type_of(at)?);
        let base = gimli::DwTag(die.tag) == c::DW_TAG_inheritance;
        let storage = if die.size == NONE { self.get(ty).size } else { u64::from(die.size) };
        let bits = (die.flags & BIT_FIELD != 0).then(|| bit_field(&die, storage));
        let mut offset = u64::try_from(die.value).ok()?;
        if let (Some((first, _)), false) = (bits, die.flags & HAS_VALUE != 0) {
            offset = u64::from(first) / 8;
        }
        let name = match dies.name(sections, at) {
            Some(name) => names::clean(name, language_of(dies, at)),
            None if base => names::last_component(&self.get(ty).name).to_owned(),
            None => String::new(),
        };
        Some(Member { name, offset, ty, bits, base, artificial: die.flags & ARTIFICIAL != 0 })
    }

    fn variants(&mut self, dies: &Dies, sections: &Sections, at: DieRef) -> Variants {
        let discriminant = dies.find(dies.die(at).extra).and_then(|member| {
            let offset = u64::try_from(dies.die(member).value).ok()?;
            Some((offset, self.intern(dies, sections, dies.type_of(member)?)))
        });
        let mut cases = Vec::new();
        for child in dies.children(at) {
            let die = *dies.die(child);
            if gimli::DwTag(die.tag) != c::DW_TAG_variant {
                continue;
            }
            let members = dies
                .children(child)
                .filter(|&part| gimli::DwTag(dies.die(part).tag) == c::DW_TAG_member)
                .collect::<Vec<_>>()
                .into_iter()
                .filter_map(|part| self.member(dies, sections, part))
                .collect();
            let listed = die.flags & DISCRIMINANT_LIST != 0;
            cases.push(Variant { value: (die.flags & HAS_VALUE != 0).then_some(die.value), listed, members });
        }
        Variants { discriminant, cases }
    }
}

/// A type entry without its qualifiers.
#[derive(Default)]
struct Peeled {
    die: Option<DieRef>,
    /// The name that a typedef gives it.
    alias: Option<String>,
    /// Whether a typedef says that it holds addresses.
    address: bool,
}

fn peel(dies: &Dies, sections: &Sections, die: DieRef) -> Peeled {
    let mut peeled = Peeled { die: Some(die), ..Peeled::default() };
    for _ in 0..MAX_WRAPPERS {
        let Some(at) = peeled.die else { return peeled };
        match gimli::DwTag(dies.die(at).tag) {
            c::DW_TAG_typedef | c::DW_TAG_template_alias => {
                let name = dies.name(sections, at).unwrap_or_default();
                peeled.address |= matches!(name, "uintptr_t" | "intptr_t" | "__uintptr_t" | "__intptr_t");
                peeled.alias.get_or_insert_with(|| name.to_owned());
            }
            c::DW_TAG_const_type
            | c::DW_TAG_volatile_type
            | c::DW_TAG_restrict_type
            | c::DW_TAG_atomic_type
            | c::DW_TAG_immutable_type => {}
            _ => return peeled,
        }
        peeled.die = dies.type_of(at);
    }
    Peeled::default()
}

pub(super) fn language_of(dies: &Dies, at: DieRef) -> Language {
    let unit = dies.unit(at);
    if unit.zig {
        return Language::Zig;
    }
    match gimli::DwLang(unit.language) {
        c::DW_LANG_Rust => Language::Rust,
        c::DW_LANG_Zig => Language::Zig,
        c::DW_LANG_C_plus_plus
        | c::DW_LANG_C_plus_plus_03
        | c::DW_LANG_C_plus_plus_11
        | c::DW_LANG_C_plus_plus_14
        | c::DW_LANG_C_plus_plus_17
        | c::DW_LANG_C_plus_plus_20 => Language::Cpp,
        _ => Language::C,
    }
}

fn base(encoding: i64, size: u64, name: &str, address: bool, pointer_bytes: u64) -> Scalar {
    let whole = size == pointer_bytes && (address || matches!(name, "usize" | "isize"));
    match gimli::DwAte(encoding as u8) {
        c::DW_ATE_signed | c::DW_ATE_unsigned if whole => Scalar::Address,
        c::DW_ATE_signed => Scalar::Signed,
        c::DW_ATE_float | c::DW_ATE_complex_float => Scalar::Float,
        c::DW_ATE_boolean => Scalar::Bool,
        c::DW_ATE_signed_char | c::DW_ATE_unsigned_char | c::DW_ATE_UTF | c::DW_ATE_ASCII => {
            // Rust and Zig call their bytes characters of no sort.
            if matches!(name, "u8" | "i8") { Scalar::Unsigned } else { Scalar::Character }
        }
        _ => Scalar::Unsigned,
    }
}

fn dimensions(dies: &Dies, at: DieRef) -> Vec<Option<u64>> {
    let mut counts: Vec<Option<u64>> = dies
        .children(at)
        .map(|child| dies.die(child))
        .filter(|die| gimli::DwTag(die.tag) == c::DW_TAG_subrange_type)
        .take(MAX_WRAPPERS)
        .map(|die| if die.flags & HAS_VALUE != 0 { u64::try_from(die.value).ok() } else { None })
        .collect();
    if counts.is_empty() {
        counts.push(None);
    }
    counts
}

fn enumerators(dies: &Dies, sections: &Sections, at: DieRef) -> Vec<(i64, String)> {
    let named = dies.children(at).filter(|&child| gimli::DwTag(dies.die(child).tag) == c::DW_TAG_enumerator);
    named.map(|child| (dies.die(child).value, dies.name(sections, child).unwrap_or_default().to_owned())).collect()
}

/// First bit and number of bits, from the least significant bit of the record.
fn bit_field(die: &super::dies::Die, storage: u64) -> (u32, u32) {
    let (size, offset) = (die.extra >> 16, die.extra & 0xffff);
    if die.flags & BITS_FROM_TOP == 0 {
        return (offset, size);
    }
    let within = (storage as u32).saturating_mul(8).saturating_sub(offset).saturating_sub(size);
    ((die.value as u32).saturating_mul(8).saturating_add(within), size)
}

/// A number that differs where names or offsets of the parts differ.
fn parts(dies: &Dies, sections: &Sections, at: DieRef) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut add = |value: u64| hash = (hash ^ value).wrapping_mul(0x100_0000_01b3);
    for child in dies.children(at) {
        let die = dies.die(child);
        if matches!(gimli::DwTag(die.tag), c::DW_TAG_member | c::DW_TAG_enumerator | c::DW_TAG_inheritance) {
            add(die.value as u64);
            for &byte in dies.name(sections, child).unwrap_or_default().as_bytes() {
                add(u64::from(byte));
            }
        }
    }
    hash
}

/// The defining entry of every named struct, class, union and enum, and of every type of Zig; of several the first.
fn definitions(dies: &Dies, sections: &Sections) -> HashMap<String, DieRef> {
    let mut found = HashMap::new();
    for (number, unit) in dies.units.iter().enumerate() {
        for (index, die) in unit.dies.iter().enumerate() {
            let tag = gimli::DwTag(die.tag);
            let has_parts = matches!(
                tag,
                c::DW_TAG_structure_type | c::DW_TAG_class_type | c::DW_TAG_union_type | c::DW_TAG_enumeration_type
            );
            // Generic arguments of Zig are found by their names only, pointers and numbers too.
            let named = unit.zig && matches!(tag, c::DW_TAG_base_type | c::DW_TAG_pointer_type);
            if !(has_parts || named) || die.flags & DECLARATION != 0 {
                continue;
            }
            let at = DieRef { unit: number as u32, index: index as u32 };
            if dies.name(sections, at).is_some() {
                let name = names::path(dies, sections, at, names::keyword(tag), language_of(dies, at));
                found.entry(name).or_insert(at);
            }
        }
    }
    found
}
