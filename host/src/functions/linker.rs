//! The functions as imports: their signatures for 32-bit and 64-bit memories, and codes in place of refusals.

use std::sync::Arc;

use heapy_guest::abi::MODULE;
use wasmtime::{Caller, Linker, Module, ValType, WasmTy};

use super::error::Refusal;
use super::session::Functions;
use super::source::Source;

/// An address or a length of the guest's memory.
trait Word: WasmTy + Into<u64> {}

impl Word for u32 {}
impl Word for u64 {}

impl Functions {
    /// Defines the module `heapy` for one instance of `module`.
    ///
    /// # Errors
    /// When the linker has functions of these names already.
    pub fn add_to_linker<T, S>(&self, linker: &mut Linker<T>, module: &Module, source: &Arc<S>) -> wasmtime::Result<()>
    where
        T: 'static,
        S: Source<T>,
    {
        let link = Link { functions: self.clone(), source: Arc::clone(source) };
        if has_wide_addresses(module) {
            define_questions::<T, S, u64>(linker, &link)?;
            define_sayings::<T, S, u64>(linker, &link)
        } else {
            define_questions::<T, S, u32>(linker, &link)?;
            define_sayings::<T, S, u32>(linker, &link)
        }
    }
}

/// Whether a module imports any of our functions.
#[must_use]
pub fn imports_heapy(module: &Module) -> bool {
    module.imports().any(|import| import.module() == MODULE)
}

/// In a 32-bit memory no parameter of ours has 64 bits.
fn has_wide_addresses(module: &Module) -> bool {
    let ours = module.imports().filter(|import| import.module() == MODULE);
    ours.filter_map(|import| import.ty().func().cloned())
        .any(|ty| ty.params().any(|parameter| matches!(parameter, ValType::I64)))
}

struct Link<S> {
    functions: Functions,
    source: Arc<S>,
}

impl<S> Clone for Link<S> {
    fn clone(&self) -> Self {
        Self { functions: self.functions.clone(), source: Arc::clone(&self.source) }
    }
}

impl<S> Link<S> {
    /// The number of an answer, or the code of a refusal whose message is kept.
    fn number(&self, answer: Result<u32, Refusal>) -> i32 {
        match answer {
            // Handles, numbers of snapshots and lengths of texts end below 2^31.
            Ok(number) => i32::try_from(number).unwrap_or(i32::MAX),
            Err(refusal) => self.functions.refuse(refusal),
        }
    }
}

fn define_questions<T: 'static, S: Source<T>, W: Word>(linker: &mut Linker<T>, link: &Link<S>) -> wasmtime::Result<()> {
    let at = link.clone();
    linker.func_wrap(MODULE, "open", move |version: u32| at.number(at.functions.open(version)))?;
    let at = link.clone();
    linker.func_wrap(
        MODULE,
        "call",
        move |mut caller: Caller<'_, T>, target: u32, name: W, length: W, arguments: W, count: W, answer: W| {
            let name = (name.into(), length.into());
            let arguments = (arguments.into(), count.into());
            at.number(at.functions.call(&mut caller, &*at.source, target, name, arguments, answer.into()))
        },
    )?;
    let at = link.clone();
    linker.func_wrap(MODULE, "text", move |target: u32, form: u32| at.number(at.functions.text(target, form)))?;
    let at = link.clone();
    linker.func_wrap(MODULE, "length", move |target: u32| match at.functions.length(target) {
        Ok(length) => length,
        Err(refusal) => i64::from(at.functions.refuse(refusal)),
    })?;
    let at = link.clone();
    linker.func_wrap(
        MODULE,
        "read",
        move |mut caller: Caller<'_, T>, target: u32, offset: W, into: W, length: W| {
            let range = (into.into(), length.into());
            at.number(at.functions.read(&mut caller, &*at.source, target, offset.into(), range))
        },
    )?;
    let at = link.clone();
    linker.func_wrap(MODULE, "item", move |mut caller: Caller<'_, T>, target: u32, index: u32, answer: W| {
        at.number(at.functions.item(&mut caller, &*at.source, target, index, answer.into()))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "release", move |target: u32| at.number(at.functions.release(target)))?;
    let at = link.clone();
    linker.func_wrap(MODULE, "error", move |mut caller: Caller<'_, T>, into: W, length: W| {
        at.number(at.functions.error(&mut caller, &*at.source, (into.into(), length.into())))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "snapshot", move |mut caller: Caller<'_, T>, name: W, length: W| {
        at.number(at.functions.snapshot(&mut caller, &*at.source, (name.into(), length.into())))
    })?;
    Ok(())
}

fn define_sayings<T: 'static, S: Source<T>, W: Word>(linker: &mut Linker<T>, link: &Link<S>) -> wasmtime::Result<()> {
    let at = link.clone();
    linker.func_wrap(MODULE, "describe", move |mut caller: Caller<'_, T>, layout: W, count: W| {
        at.number(at.functions.describe(&mut caller, &*at.source, (layout.into(), count.into())))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "label", move |mut caller: Caller<'_, T>, block: W, name: W, length: W, shape: u32| {
        let name = (name.into(), length.into());
        at.number(at.functions.label(&mut caller, &*at.source, block.into(), name, shape))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "hide", move |mut caller: Caller<'_, T>, block: W| {
        at.number(at.functions.hide(&mut caller, &*at.source, block.into()))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "pin", move |mut caller: Caller<'_, T>, block: W, name: W, length: W| {
        let name = (name.into(), length.into());
        at.number(at.functions.pin(&mut caller, &*at.source, block.into(), name))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "unpin", move |block: W| at.number(at.functions.unpin(block.into())))?;
    let at = link.clone();
    linker.func_wrap(MODULE, "allocator", move |mut caller: Caller<'_, T>, name: W, length: W, kind: u32| {
        let name = (name.into(), length.into());
        at.number(at.functions.allocator(&mut caller, &*at.source, name, kind))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "allocated", move |allocator: u32, block: W, size: W| {
        at.number(at.functions.allocated(allocator, block.into(), size.into()))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "freed", move |allocator: u32, block: W| {
        at.number(at.functions.freed(allocator, block.into()))
    })?;
    let at = link.clone();
    linker.func_wrap(MODULE, "reset", move |allocator: u32| at.number(at.functions.reset(allocator)))?;
    Ok(())
}
