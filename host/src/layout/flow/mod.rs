//! What takes the result of a call: the variables that hold it, the typed fields and statics it is stored into, and
//! whether the function gives it to its own caller.
//!
//! Debug information tells where a variable is, the code tells where the result goes; where both meet, the variable's
//! type is that of the result. Each call is followed once, whatever the number of contexts it is in.

mod machine;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use gimli::constants as c;

use self::machine::Base;
use super::code::{self, CodeIndex, Place};
use super::dies::{DieRef, Dies, LOCATION_LIST, NONE};
use super::sections::Sections;

/// Location list entries of one variable that are looked at.
const MAX_PLACES: usize = 4096;

/// Something with a declared type that takes the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taker {
    /// A variable of this type.
    Value(DieRef),
    /// What is so many bytes behind the address that a variable of this type holds.
    Field(DieRef, u64),
    /// The static variable that covers this address.
    Static(u64),
}

/// Where the result of one call goes.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    /// What takes it, in the order of the code, with the bytes that were added to the result.
    pub(super) by: Vec<(Taker, i64)>,
    /// The function returns it, with so many bytes added.
    pub(super) returned: Option<i64>,
}

/// The calls that were followed.
#[derive(Debug, Default)]
pub(super) struct Flows {
    calls: Mutex<HashMap<u32, Option<Arc<Taken>>>>,
}

impl Flows {
    /// Where the result of the call at `place` goes, in bytes from the start of the module; none where no call is there
    /// or its code cannot be read. Time linear in the function, once for each call.
    pub(super) fn taken(&self, dies: &Dies, code: &CodeIndex, sections: &Sections, place: u32) -> Option<Arc<Taken>> {
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        calls.entry(place).or_insert_with(|| taken(dies, code, sections, place).map(Arc::new)).clone()
    }
}

fn taken(dies: &Dies, code: &CodeIndex, sections: &Sections, place: u32) -> Option<Taken> {
    let flow = machine::follow(sections, place)?;
    let start = u32::try_from(sections.code_start).ok()?;
    let function = code.function(place.checked_sub(start)?)?;
    let variables = variables(dies, sections, function);
    let holds = |local: u32, place: u32| {
        let covers = move |held: &&Held| held.local == local && (held.low..held.high).contains(&(place - start));
        variables.iter().filter(covers)
    };
    let mut by: Vec<(u32, Taker, i64)> = Vec::new();
    for &(at, local, delta) in &flow.held {
        // A variable that was there before the call is another one: compilers are slow to end the ranges of variables.
        let new = holds(local, at).filter(|held| held.low > place - start);
        by.extend(new.map(|held| (at, Taker::Value(held.ty), delta)));
    }
    for &(place, base, delta) in &flow.stored {
        match base {
            Base::Static(address) => by.push((place, Taker::Static(address), delta)),
            Base::Local(local, offset) => {
                by.extend(holds(local, place).map(|held| (place, Taker::Field(held.ty, offset), delta)));
            }
        }
    }
    by.sort_by_key(|&(place, ..)| place);
    let mut found: Vec<(Taker, i64)> = Vec::new();
    for (_, taker, delta) in by {
        if !found.contains(&(taker, delta)) {
            found.push((taker, delta));
        }
    }
    Some(Taken { by: found, returned: flow.returned })
}

/// Where in the code a variable is in a local.
struct Held {
    local: u32,
    low: u32,
    high: u32,
    ty: DieRef,
}

/// The typed variables of a function and of what is inlined into it, as far as they are in locals.
fn variables(dies: &Dies, sections: &Sections, function: DieRef) -> Vec<Held> {
    let unit = dies.unit(function);
    let (first, end) = (function.index, dies.die(function).end);
    let split = unit.split.and_then(|id| sections.debug().split(id));
    let dwarf = split.unwrap_or_else(|| sections.dwarf());
    let mut found = Vec::new();
    for index in first..end {
        let at = DieRef { unit: function.unit, index };
        let die = dies.die(at);
        let variable = matches!(gimli::DwTag(die.tag), c::DW_TAG_variable | c::DW_TAG_formal_parameter);
        let Some(ty) = dies.type_of(at).filter(|_| variable && die.extra != NONE) else { continue };
        if die.flags & LOCATION_LIST == 0 {
            if let Some(Place::Local(local)) = code::place(dies, sections, at) {
                found.push(Held { local, low: 0, high: u32::MAX, ty });
            }
            continue;
        }
        let Some((encoding, low_pc, addresses)) = unit.places else { continue };
        let offset = gimli::LocationListsOffset(die.extra as usize);
        let (lists, of) = (&dwarf.locations, &dwarf.debug_addr);
        let list = match dwarf.file_type {
            gimli::DwarfFileType::Main => lists.locations(offset, encoding, low_pc, of, addresses),
            gimli::DwarfFileType::Dwo => lists.locations_dwo(offset, encoding, low_pc, of, addresses),
        };
        let Ok(mut list) = list else { continue };
        for _ in 0..MAX_PLACES {
            let Ok(Some(entry)) = list.next() else { break };
            let place = code::expression(entry.data.0.slice(), sections.pointer_bytes(), |_| None);
            if let Some(Place::Local(local)) = place {
                found.push(Held { local, low: entry.range.begin as u32, high: entry.range.end as u32, ty });
            }
        }
    }
    found
}
