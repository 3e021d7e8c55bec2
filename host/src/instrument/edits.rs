//! Probes for snapshot conditions: at the entry of a function, before calls of an import, before memory grows.
//!
//! A probe is `(call $probe (i32.const N))`; it leaves the operand stack as it is. A function that is defined here is
//! probed at its entry, however it is called. An import has no body: the calls of it are probed, and one that is made
//! through a table is missed.

use std::collections::HashMap;

use wasm_encoder::{Encode, Instruction};

use super::Options;
use super::body::{BodyFacts, Callee};
use super::info::{ModuleInfo, is_function};
use super::map::Probe;
use super::rewrite::Edit;
use crate::error::InstrumentError;

/// Where the host is to be told.
#[derive(Debug, Default)]
pub(crate) struct ProbeSites {
    /// What each probe stands for.
    pub(crate) probes: Vec<Probe>,
    entries: HashMap<u32, Vec<u32>>,
    imports: HashMap<u32, Vec<u32>>,
    grow: Option<u32>,
}

impl ProbeSites {
    /// Finds what the options name.
    pub(crate) fn find(info: &ModuleInfo<'_>, options: &Options) -> Result<Self, InstrumentError> {
        let mut sites = Self::default();
        for name in &options.calls {
            let functions = functions_called(info, name);
            if functions.is_empty() {
                return Err(InstrumentError::UnknownCall { name: name.clone() });
            }
            sites.add(info, Probe::Call(name.clone()), &functions);
        }
        let exits: Vec<u32> = (0u32..)
            .zip(&info.imports)
            .filter(|(_, import)| import.name == "proc_exit" && import.module.starts_with("wasi"))
            .map(|(function, _)| function)
            .collect();
        sites.add(info, Probe::Exit, &exits);
        if options.grow {
            sites.grow = Some(sites.probes.len() as u32);
            sites.probes.push(Probe::Grow);
        }
        Ok(sites)
    }

    fn add(&mut self, info: &ModuleInfo<'_>, probe: Probe, functions: &[u32]) {
        let number = self.probes.len() as u32;
        self.probes.push(probe);
        for &function in functions {
            let sites = if function < info.imported() { &mut self.imports } else { &mut self.entries };
            sites.entry(function).or_default().push(number);
        }
    }

    /// Whether the host is told of calls of a function that is defined here.
    pub(crate) fn has_entry(&self, function: u32) -> bool {
        self.entries.contains_key(&function)
    }

    /// Code for the entry of a function.
    pub(crate) fn at_entry(&self, function: u32, probe_function: u32) -> Vec<u8> {
        self.entries.get(&function).map(|probes| calls(probes, probe_function)).unwrap_or_default()
    }

    /// Edits inside a body, in order.
    pub(crate) fn inside(&self, facts: &BodyFacts, probe_function: u32) -> Vec<Edit> {
        let mut edits = Vec::new();
        if !self.imports.is_empty() {
            for call in &facts.calls {
                let Callee::Function(callee) = call.callee else { continue };
                if let Some(probes) = self.imports.get(&callee) {
                    edits.push(Edit { at: call.at, remove: 0, insert: calls(probes, probe_function) });
                }
            }
        }
        if let Some(grow) = self.grow {
            for &at in &facts.grows {
                edits.push(Edit { at, remove: 0, insert: calls(&[grow], probe_function) });
            }
            edits.sort_by_key(|edit| edit.at);
        }
        edits
    }
}

fn calls(probes: &[u32], probe_function: u32) -> Vec<u8> {
    let mut code = Vec::new();
    for &probe in probes {
        Instruction::I32Const(probe as i32).encode(&mut code);
        Instruction::Call(probe_function).encode(&mut code);
    }
    code
}

fn functions_called(info: &ModuleInfo<'_>, name: &str) -> Vec<u32> {
    let imports = (0u32..)
        .zip(&info.imports)
        .filter(|(_, import)| import.name == name || name == format!("{}.{}", import.module, import.name))
        .map(|(function, _)| function);
    let exports =
        info.exports.iter().filter(|export| is_function(export.kind) && export.name == name).map(|export| export.index);
    let named = info.function_names.iter().filter(|(_, known)| *known == name).map(|(function, _)| *function);
    // A program's own wrapper often has the name of the import that it wraps: only the first kind that has it counts.
    let mut functions: Vec<u32> = imports.collect();
    if functions.is_empty() {
        functions = exports.collect();
    }
    if functions.is_empty() {
        functions = named.collect();
    }
    functions.sort_unstable();
    functions.dedup();
    functions
}
