//! Debug information written down by hand, of sorts that no compiler at hand makes.

use super::Typing;

/// Codes of the abbreviations below.
const UNIT: u8 = 1;
const STRUCT: u8 = 2;
const MEMBER: u8 = 3;
const NUMBER: u8 = 4;
const SIGNED_VARIABLE: u8 = 5;
const VARIABLE: u8 = 6;
const TYPEDEF: u8 = 7;
const POINTER: u8 = 8;
const ARRAY: u8 = 9;
const TYPE_UNIT: u8 = 10;

/// Code, tag, whether there are children, and attributes with their forms.
type Abbreviation = (u8, u8, u8, &'static [(u8, u8)]);

const ABBREVIATIONS: [Abbreviation; 10] = [
    (UNIT, 0x11, 1, &[(0x03, 0x08), (0x13, 0x0b)]),
    (STRUCT, 0x13, 1, &[(0x03, 0x08), (0x0b, 0x0b)]),
    (MEMBER, 0x0d, 0, &[(0x03, 0x08), (0x49, 0x13), (0x38, 0x0b)]),
    (NUMBER, 0x24, 0, &[(0x03, 0x08), (0x3e, 0x0b), (0x0b, 0x0b)]),
    (SIGNED_VARIABLE, 0x34, 0, &[(0x03, 0x08), (0x49, 0x20), (0x02, 0x18)]),
    (VARIABLE, 0x34, 0, &[(0x03, 0x08), (0x49, 0x13), (0x02, 0x18)]),
    (TYPEDEF, 0x16, 0, &[(0x03, 0x08), (0x49, 0x13)]),
    (POINTER, 0x0f, 0, &[(0x49, 0x13)]),
    (ARRAY, 0x01, 0, &[(0x49, 0x13)]),
    (TYPE_UNIT, 0x41, 1, &[(0x13, 0x0b)]),
];

fn abbreviations() -> Vec<u8> {
    let mut bytes = Vec::new();
    for (code, tag, children, attributes) in ABBREVIATIONS {
        bytes.extend([code, tag, children]);
        bytes.extend(attributes.iter().flat_map(|&(name, form)| [name, form]));
        bytes.extend([0, 0]);
    }
    bytes.push(0);
    bytes
}

/// One unit of DWARF 5.
struct Unit(Vec<u8>);

impl Unit {
    /// Of the C language.
    fn compile() -> Self {
        let mut unit = Self(vec![0, 0, 0, 0, 5, 0, 1, 4, 0, 0, 0, 0]);
        unit.0.push(UNIT);
        unit.text("unit").0.push(0x1d);
        unit
    }

    /// With one type, whose entry is the first behind the unit's own.
    fn of_type(signature: u64) -> Self {
        let mut unit = Self(vec![0, 0, 0, 0, 5, 0, 2, 4, 0, 0, 0, 0]);
        unit.0.extend(signature.to_le_bytes());
        let first = unit.0.len() as u32 + 4 + 2;
        unit.0.extend(first.to_le_bytes());
        unit.0.extend([TYPE_UNIT, 0x1d]);
        unit
    }

    /// Where the next entry will be.
    fn next(&self) -> u32 {
        self.0.len() as u32
    }

    fn text(&mut self, text: &str) -> &mut Self {
        self.0.extend(text.as_bytes());
        self.0.push(0);
        self
    }

    fn entry(&mut self, code: u8, name: &str) -> &mut Self {
        self.0.push(code);
        self.text(name)
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend(bytes);
        self
    }

    fn reference(&mut self, to: u32) -> &mut Self {
        self.bytes(&to.to_le_bytes())
    }

    fn address(&mut self, address: u32) -> &mut Self {
        self.bytes(&[5, 3]).bytes(&address.to_le_bytes())
    }

    fn finish(mut self) -> Vec<u8> {
        self.0.push(0);
        let length = self.0.len() as u32 - 4;
        self.0[..4].copy_from_slice(&length.to_le_bytes());
        self.0
    }
}

fn module(units: Vec<Vec<u8>>) -> Typing {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (name, contents) in [(".debug_abbrev", abbreviations()), (".debug_info", units.concat())] {
        let size = (1 + name.len() + contents.len()) as u32;
        bytes.push(0);
        // Sizes may be written longer than they need be.
        bytes.extend((0..5).map(|group| (size >> (7 * group)) as u8 & 0x7f | if group < 4 { 0x80 } else { 0 }));
        bytes.push(name.len() as u8);
        bytes.extend(name.as_bytes());
        bytes.extend(contents);
    }
    Typing::new(bytes.into()).unwrap()
}

#[test]
fn types_of_type_units_are_found_by_their_signatures() {
    let mut types = Unit::of_type(0x1234_5678_9abc_def0);
    types.entry(STRUCT, "node").bytes(&[8]);
    let number = types.next() + 2 * (1 + 2 + 4 + 1) + 1;
    types.entry(MEMBER, "a").reference(number).bytes(&[0]);
    types.entry(MEMBER, "b").reference(number).bytes(&[4]).bytes(&[0]);
    assert_eq!(types.next(), number);
    types.entry(NUMBER, "int").bytes(&[5, 4]);
    let mut unit = Unit::compile();
    unit.entry(SIGNED_VARIABLE, "entry").bytes(&0x1234_5678_9abc_def0u64.to_le_bytes()).address(1024);
    unit.entry(SIGNED_VARIABLE, "other").bytes(&7u64.to_le_bytes()).address(2048);
    for units in [vec![0, 1], vec![1, 0]] {
        let parts = [Unit(types.0.clone()).finish(), Unit(unit.0.clone()).finish()];
        let typing = module(units.into_iter().map(|at: usize| parts[at].clone()).collect());
        let statics: Vec<_> = typing.statics().iter().map(|of| (of.name.as_str(), of.address, of.size)).collect();
        assert_eq!(statics, [("entry", 1024, 8)]);
        assert!(typing.notes().is_empty(), "{:?}", typing.notes());
    }
}

#[test]
fn types_that_are_made_of_themselves_end() {
    let mut unit = Unit::compile();
    let alias = unit.next();
    unit.entry(TYPEDEF, "alias").reference(alias);
    let pointer = unit.next();
    unit.bytes(&[POINTER]).reference(pointer);
    let array = unit.next();
    unit.bytes(&[ARRAY]).reference(array);
    let whole = unit.next();
    unit.entry(STRUCT, "whole").bytes(&[16]);
    unit.entry(MEMBER, "itself").reference(whole).bytes(&[0]);
    unit.entry(MEMBER, "beside").reference(whole).bytes(&[8]);
    unit.entry(MEMBER, "far").reference(u32::MAX).bytes(&[8]).bytes(&[0]);
    for (at, ty) in [alias, pointer, array, whole].into_iter().enumerate() {
        unit.entry(VARIABLE, "variable").reference(ty).address(1024 * (at as u32 + 1));
    }
    let typing = module(vec![unit.finish()]);
    assert!(typing.statics().iter().any(|of| of.size == 16), "{:?}", typing.statics());
    assert!(typing.notes().is_empty(), "{:?}", typing.notes());
}

#[test]
fn what_is_cut_off_is_told_once() {
    let mut unit = Unit::compile();
    let number = unit.next();
    unit.entry(NUMBER, "int").bytes(&[5, 4]);
    unit.entry(VARIABLE, "kept").reference(number).address(1024);
    // An abbreviation that there is none of.
    unit.bytes(&[99, 1, 2, 3]);
    let typing = module(vec![unit.finish(), vec![1, 2, 3]]);
    assert_eq!(typing.statics().len(), 1);
    assert_eq!(typing.notes().len(), 2, "{:?}", typing.notes());
}
