//! The table of functions that every Go program carries (`pclntab`): names, lines, what was inlined, sizes of frames.
//!
//! Stripping leaves it in place, for the runtime needs it. A place in a function is a *block*: the number by which Go's code
//! goes on after a call, the lower half of a program counter.

use super::FIRST_FUNCTION;
use super::image::{Image, View};

/// Most functions that a table may list.
const MAX_FUNCTIONS: u64 = 1 << 22;
/// Entries of a table of one function that are read.
const MAX_STEPS: usize = 1 << 16;
/// Functions inlined into one another that are shown.
const MAX_INLINED: usize = 64;
/// Bytes of a function's fixed part.
const FIXED: u64 = 44;
/// The table of what was inlined where, among those of numbers and those of data.
const INLINE_INDEX: u64 = 2;
const INLINE_TREE: u64 = 3;
/// A function's flag: a stack ends with it.
const TOP_OF_STACK: u64 = 1;

/// A function that is active at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GoFrame {
    /// Its name: `main.litter`, `runtime.(*mheap).alloc`.
    pub(crate) function: String,
    /// The source file.
    pub(crate) file: Option<String>,
    /// The line.
    pub(crate) line: Option<u32>,
    /// Whether it was inlined into the next one.
    pub(crate) inlined: bool,
}

/// The functions of a Go program by index among the defined ones.
#[derive(Clone, Debug)]
pub(crate) struct Functions {
    image: Image,
    names: u64,
    units: u64,
    files: u64,
    numbers: u64,
    /// Where what was inlined is described.
    inlined: u64,
    /// Where each function is described; zero where the table has none.
    functions: Vec<u64>,
}

impl Functions {
    /// Reads a table. Time O(functions).
    pub(super) fn new(image: Image, table: u64, inlined: u64) -> Option<Self> {
        let view = image.view();
        let count = view.word(table + 8).filter(|&count| count <= MAX_FUNCTIONS)?;
        let part = |offset: u64| {
            let at = table.checked_add(view.word(table + offset)?);
            at.filter(|&at| at < view.0.len() as u64)
        };
        let [names, units, files, numbers, first] = [part(32)?, part(40)?, part(48)?, part(56)?, part(64)?];
        let mut functions = Vec::new();
        for index in 0..count {
            let entry = first + 8 * index;
            let (code, place) = (view.half(entry)?, view.half(entry + 4)?);
            let function = u64::from(code).checked_sub(FIRST_FUNCTION).filter(|&function| function <= MAX_FUNCTIONS)?;
            let function = function as usize;
            if functions.len() <= function {
                functions.resize(function + 1, 0);
            }
            functions[function] = first + u64::from(place);
        }
        Some(Self { names, units, files, numbers, inlined, functions, image })
    }

    fn view(&self) -> View<'_> {
        self.image.view()
    }

    fn place(&self, function: u32) -> Option<u64> {
        self.functions.get(function as usize).copied().filter(|&place| place != 0)
    }

    /// The name of a function.
    pub(crate) fn name(&self, function: u32) -> Option<&str> {
        self.name_at(self.view().signed(self.place(function)? + 4)?)
    }

    fn name_at(&self, offset: i32) -> Option<&str> {
        let name = self.view().text(self.names.checked_add(u64::try_from(offset).ok()?)?)?;
        (!name.is_empty()).then_some(name)
    }

    /// All functions with a name.
    pub(crate) fn named(&self) -> impl Iterator<Item = (u32, &str)> {
        (0..self.functions.len() as u32).filter_map(|function| Some((function, self.name(function)?)))
    }

    /// Bytes of stack from a function's return address to its caller's; zero where a stack ends.
    pub(super) fn stride(&self, function: u32) -> u32 {
        let stride = || {
            let place = self.place(function)?;
            let view = self.view();
            if view.number(place + 41, 1)? & TOP_OF_STACK != 0 {
                return None;
            }
            // The size of a frame is the same at all calls: behind the prologue.
            let steps = self.steps(view.half(place + 16)?);
            let frame = steps.map(|(size, _)| size).max().unwrap_or(0);
            u32::try_from(frame).ok()?.checked_add(8)
        };
        stride().unwrap_or(0)
    }

    /// The functions active at a place, innermost first; none for functions that the table does not list.
    pub(crate) fn frames(&self, function: u32, block: u16) -> Vec<GoFrame> {
        let Some(place) = self.place(function) else { return Vec::new() };
        let view = self.view();
        let table = |offset: u64| view.half(place + offset);
        let (mut at, mut frames) = (u64::from(block), Vec::new());
        for _ in 0..MAX_INLINED {
            let line = table(24).and_then(|table| self.value(table, at)).and_then(|line| u32::try_from(line).ok());
            let file = table(20).and_then(|table| self.file(place, self.value(table, at)?));
            let inlined = self.inlined_at(place, at);
            let name = match inlined {
                Some((name, _)) => self.name_at(name),
                None => self.name(function),
            };
            let Some(name) = name else { break };
            let file = file.map(str::to_owned);
            frames.push(GoFrame { function: name.to_owned(), file, line, inlined: inlined.is_some() });
            match inlined {
                Some((_, outer)) => at = outer,
                None => break,
            }
        }
        frames
    }

    /// The name of the function inlined at a place, and the place in what it was inlined into.
    fn inlined_at(&self, place: u64, at: u64) -> Option<(i32, u64)> {
        let view = self.view();
        let (numbers, data) = (u64::from(view.half(place + 28)?), view.number(place + 43, 1)?);
        if numbers <= INLINE_INDEX || data <= INLINE_TREE {
            return None;
        }
        let table = view.half(place + FIXED + 4 * INLINE_INDEX)?;
        let index = u64::try_from(self.value(table, at)?).ok()?;
        let tree = view.half(place + FIXED + 4 * numbers + 4 * INLINE_TREE).filter(|&tree| tree != u32::MAX)?;
        let entry = self.inlined.checked_add(u64::from(tree))?.checked_add(16 * index)?;
        let outer = u64::try_from(view.signed(entry + 8)?).ok()?;
        Some((view.signed(entry + 4)?, outer))
    }

    fn file(&self, place: u64, index: i32) -> Option<&str> {
        let view = self.view();
        let unit = u64::from(view.half(place + 32)?).checked_add(u64::try_from(index).ok()?)?;
        let offset = view.half(self.units.checked_add(4 * unit)?).filter(|&offset| offset != u32::MAX)?;
        view.text(self.files + u64::from(offset))
    }

    /// The value that a table has for a block.
    fn value(&self, table: u32, block: u64) -> Option<i32> {
        (table != 0).then(|| self.steps(table).find(|&(_, end)| block < end))?.map(|(value, _)| value)
    }

    /// The values of a table of one function, each with the first block that has another.
    fn steps(&self, table: u32) -> impl Iterator<Item = (i32, u64)> + '_ {
        let view = self.view();
        let (mut at, mut value, mut end) = (self.numbers + u64::from(table), -1i32, 0u64);
        let step = move |index: usize| {
            let (change, next) = view.variable(at)?;
            if change == 0 && index > 0 {
                return None;
            }
            let (blocks, next) = view.variable(next)?;
            let change = change as u32;
            value = value.wrapping_add(if change & 1 != 0 { !(change >> 1) } else { change >> 1 } as i32);
            end = end.checked_add(blocks)?;
            at = next;
            Some((value, end))
        };
        (0..MAX_STEPS).map_while(step)
    }
}
