//! What constructors and accessors tell of classes: ids, sizes, fields.

use std::collections::{BTreeMap, BTreeSet};

use wasmparser::{BinaryReader, FunctionBody, MemArg, Operator, OperatorsReader};

use crate::layout::sections::Sections;

/// A field as an accessor has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldCode {
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) size: u64,
    pub(super) float: bool,
    /// Whether it is known to hold an object.
    pub(super) reference: bool,
    /// Whether it is known whether it does.
    pub(super) certain: bool,
}

/// The functions of a module by class.
pub(super) struct Code<'a> {
    sections: &'a Sections,
    /// Functions that make objects.
    makers: Vec<u32>,
    /// Functions that tell the collector of a reference that was stored.
    linkers: Vec<u32>,
    /// Class and method, in the order of names.
    methods: BTreeMap<(&'a str, &'a str), u32>,
}

impl<'a> Code<'a> {
    /// Sorts the functions by their names. Time O(names log names).
    pub(super) fn read(sections: &'a Sections) -> Self {
        let mut code = Self { sections, makers: Vec::new(), linkers: Vec::new(), methods: BTreeMap::new() };
        for function in sections.names().functions() {
            let Some(name) = sections.function_name(function) else { continue };
            if name.starts_with("~lib/rt/") && name.ends_with("/__new") {
                code.makers.push(function);
            } else if name.starts_with("~lib/rt/") && name.ends_with("/__link") {
                code.linkers.push(function);
            } else if let Some((class, method)) = name.rsplit_once('#')
                && !class.starts_with("~lib/rt/")
            {
                code.methods.insert((class, method), function);
            }
        }
        code
    }

    /// Whether AssemblyScript made the module, with its runtime and with names.
    pub(super) fn has_runtime(&self) -> bool {
        !self.makers.is_empty()
    }

    /// The classes that have a method, each once, in the order of names.
    pub(super) fn classes(&self) -> BTreeSet<&'a str> {
        self.methods.keys().map(|&(class, _)| class).collect()
    }

    /// Id and size that the constructor of a class asks for: the last constants before its first call of a function that
    /// makes objects.
    pub(super) fn made(&self, class: &str) -> Option<(u32, u64)> {
        let &function = self.methods.get(&(class, "constructor"))?;
        let mut operators = self.body(function)?;
        let (mut last, mut before) = (None, None);
        while !operators.eof() {
            match operators.read().ok()? {
                Operator::I32Const { value } => (before, last) = (last, Some(value as u32)),
                Operator::Call { function_index } if self.makers.contains(&function_index) => {
                    return Some((last?, before.map_or(0, u64::from)));
                }
                _ => (last, before) = (None, None),
            }
        }
        None
    }

    /// The fields that accessors of a class read or write.
    pub(super) fn fields(&self, class: &str) -> Vec<FieldCode> {
        let of_class = self.methods.range((class, "")..).take_while(|((name, _), _)| *name == class);
        let mut found: Vec<FieldCode> =
            of_class.filter_map(|(&(_, method), &function)| self.field(method, function)).collect();
        // A setter tells more of a field than a getter.
        found.sort_by_key(|field| (field.offset, !field.certain));
        found.dedup_by_key(|field| field.offset);
        found
    }

    fn field(&self, method: &str, function: u32) -> Option<FieldCode> {
        let (accessor, name) = method.split_once(':')?;
        let name = name.to_owned();
        let mut operators = self.body(function)?;
        let Operator::LocalGet { local_index: 0 } = operators.read().ok()? else { return None };
        if accessor == "get" {
            let (memory, size, float) = load(&operators.read().ok()?)?;
            return Some(FieldCode { name, offset: memory.offset, size, float, reference: false, certain: size != 4 });
        }
        let Operator::LocalGet { local_index: 1 } = operators.read().ok()? else { return None };
        let (memory, size, float) = store(&operators.read().ok()?)?;
        let mut reference = false;
        while let Ok(operator) = operators.read() {
            if let Operator::Call { function_index } = operator {
                reference |= self.linkers.contains(&function_index);
            }
        }
        let certain = size != 4 || !self.linkers.is_empty();
        Some(FieldCode { name, offset: memory.offset, size, float, reference, certain })
    }

    fn body(&self, function: u32) -> Option<OperatorsReader<'a>> {
        let range = self.sections.body_of(function)?;
        let body = FunctionBody::new(BinaryReader::new(&self.sections.bytes[range.clone()], range.start));
        body.get_operators_reader().ok()
    }
}

/// Place, bytes and whether it is a fraction, of a load.
fn load(operator: &Operator<'_>) -> Option<(MemArg, u64, bool)> {
    Some(match *operator {
        Operator::I32Load8U { memarg } | Operator::I32Load8S { memarg } => (memarg, 1, false),
        Operator::I32Load16U { memarg } | Operator::I32Load16S { memarg } => (memarg, 2, false),
        Operator::I32Load { memarg } => (memarg, 4, false),
        Operator::F32Load { memarg } => (memarg, 4, true),
        Operator::I64Load { memarg } => (memarg, 8, false),
        Operator::F64Load { memarg } => (memarg, 8, true),
        _ => return None,
    })
}

/// Place, bytes and whether it is a fraction, of a store.
fn store(operator: &Operator<'_>) -> Option<(MemArg, u64, bool)> {
    Some(match *operator {
        Operator::I32Store8 { memarg } => (memarg, 1, false),
        Operator::I32Store16 { memarg } => (memarg, 2, false),
        Operator::I32Store { memarg } => (memarg, 4, false),
        Operator::F32Store { memarg } => (memarg, 4, true),
        Operator::I64Store { memarg } => (memarg, 8, false),
        Operator::F64Store { memarg } => (memarg, 8, true),
        _ => return None,
    })
}
