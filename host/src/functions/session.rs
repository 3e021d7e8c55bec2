//! One guest's questions: what it holds, what it has said, and what was wrong last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use heapy_engine::binding::{self, Value};
use heapy_engine::{Heap, Use};
use heapy_guest::abi::{OF_THIS_MOMENT, Record, VERSION, code, limit, shape, tag};
use wasmtime::Caller;

use super::answers::{self, Thing};
use super::error::Refusal;
use super::handles::Handles;
use super::source::Source;
use super::told::{Sayings, ToldField, ToldType};
use super::{memory, records, weight};
use crate::paused::{LiveBlock, Paused};

/// The functions of one instance. Cheap to clone; all clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Functions {
    session: Arc<Mutex<Session>>,
}

/// An address and a length.
type Range = (u64, u64);

#[derive(Debug, Default)]
struct Session {
    handles: Handles<Thing>,
    /// How many of the handles are top objects.
    tops: usize,
    sayings: Sayings,
    /// The message of the last refusal.
    message: String,
    /// Snapshots that may still be kept by a handle.
    snapshots: Vec<Weak<Heap>>,
}

impl Functions {
    /// The functions of an instance that has not asked anything yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts what the guest has said of its blocks into what was read of it now.
    pub fn annotate(&self, paused: &mut Paused) {
        self.session().sayings.apply(paused);
    }

    /// Never held while the guest is read, so that whoever reads it may ask for annotations.
    fn session(&self) -> MutexGuard<'_, Session> {
        // What a panic left behind is still a whole session: nothing is changed in more than one step.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn refuse(&self, refusal: Refusal) -> i32 {
        self.session().message = refusal.message.into_owned();
        refusal.code
    }

    pub(super) fn open(&self, version: u32) -> Result<u32, Refusal> {
        if version == 0 || version > VERSION {
            let message = format!("open: version {version}; this host answers 1 to {VERSION}");
            return Err(Refusal::new(code::VERSION, message));
        }
        let mut session = self.session();
        if session.tops >= limit::TOPS {
            return Err(Refusal::limit("top objects at once; release some", limit::TOPS));
        }
        let handle = session.handles.insert(Thing::Top(None), 0)?;
        session.tops += 1;
        Ok(handle)
    }

    pub(super) fn call<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        target: u32,
        name: Range,
        arguments: Range,
        answer: u64,
    ) -> Result<u32, Refusal> {
        let memory = source.memory(caller).ok_or_else(no_memory)?;
        let data = memory.data(&*caller);
        let name = memory::text(data, "name", name, limit::NAME_BYTES)?;
        let arguments = records::read(data, arguments.0, arguments.1)?;
        memory::record(data, "answer", answer)?;
        let record = if self.session().needs_heap(target, name)? {
            let name = name.to_owned();
            self.look(caller, source, target, &name)?;
            self.session().call(target, &name, arguments)?
        } else {
            self.session().call(target, name, arguments)?
        };
        memory::write(memory.data_mut(&mut *caller), "answer", answer, &record.to_bytes())?;
        Ok(0)
    }

    /// Lets a top object look at the heap of this moment.
    fn look<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        target: u32,
        name: &str,
    ) -> Result<(), Refusal> {
        self.session().has_room_for_snapshot()?;
        let capture_error = |message| Refusal::new(code::CAPTURE, format!("{name}: {message}"));
        clear_dead_stack();
        let paused = source.pause(caller, &format!("guest:{name}")).map_err(capture_error)?;
        let heap = Arc::new(guarded(|| source.capture(paused).map_err(capture_error))?);
        self.session().look_at(target, heap)
    }

    pub(super) fn text(&self, target: u32, form: u32) -> Result<u32, Refusal> {
        let mut session = self.session();
        let text = guarded(|| answers::text(session.handles.get(target)?, form))?;
        let bytes = text.len();
        session.handles.insert(Thing::Value(Value::Text(text)), bytes)
    }

    pub(super) fn length(&self, target: u32) -> Result<i64, Refusal> {
        let length = match self.session().handles.get(target)? {
            Thing::Value(Value::Text(text)) => text.len(),
            Thing::Value(Value::List(items)) => items.len(),
            _ => return Err(no_text_or_list("length", target)),
        };
        Ok(length as i64)
    }

    pub(super) fn read<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        target: u32,
        offset: u64,
        into: Range,
    ) -> Result<u32, Refusal> {
        let memory = source.memory(caller).ok_or_else(no_memory)?;
        let session = self.session();
        let Thing::Value(Value::Text(text)) = session.handles.get(target)? else {
            return Err(no_text_or_list("read", target));
        };
        let start = usize::try_from(offset).map_or(text.len(), |offset| offset.min(text.len()));
        copy(memory.data_mut(&mut *caller), &text.as_bytes()[start..], into)
    }

    pub(super) fn item<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        target: u32,
        index: u32,
        answer: u64,
    ) -> Result<u32, Refusal> {
        let memory = source.memory(caller).ok_or_else(no_memory)?;
        memory::record(memory.data(&*caller), "answer", answer)?;
        let mut session = self.session();
        let Thing::Value(Value::List(items)) = session.handles.get(target)? else {
            return Err(no_text_or_list("item", target));
        };
        let count = items.len();
        let found = items.get(index as usize).cloned();
        let value = found.ok_or_else(|| Refusal::new(code::NOT_FOUND, format!("item: {index} of {count}")))?;
        let record = answers::keep(value, 0, &mut session.handles)?;
        memory::write(memory.data_mut(&mut *caller), "answer", answer, &record.to_bytes())?;
        Ok(0)
    }

    pub(super) fn release(&self, target: u32) -> Result<u32, Refusal> {
        // Dropped when the lock is not held: a snapshot may take its time.
        let released = {
            let mut session = self.session();
            let released = session.handles.release(target)?;
            session.tops -= usize::from(matches!(released, Thing::Top(_)));
            released
        };
        drop(released);
        Ok(0)
    }

    pub(super) fn error<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        into: Range,
    ) -> Result<u32, Refusal> {
        let memory = source.memory(caller).ok_or_else(no_memory)?;
        let message = self.session().message.clone();
        copy(memory.data_mut(&mut *caller), message.as_bytes(), into)?;
        Ok(message.len() as u32)
    }

    pub(super) fn snapshot<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        name: Range,
    ) -> Result<u32, Refusal> {
        let name = name_in(caller, source, "snapshot", name)?;
        let stored = source.store(caller, &format!("guest:{name}"));
        stored.map_err(|message| Refusal::new(code::CAPTURE, format!("snapshot: {message}")))
    }

    pub(super) fn describe<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        layout: Range,
    ) -> Result<u32, Refusal> {
        let memory = source.memory(caller).ok_or_else(no_memory)?;
        let layout = records::read(memory.data(&*caller), layout.0, layout.1)?;
        self.session().sayings.describe(described(layout.positional)?)?;
        Ok(0)
    }

    /// 1 when the type's layout is not described yet.
    pub(super) fn label<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        address: u64,
        name: Range,
        of: u32,
    ) -> Result<u32, Refusal> {
        let name = name_in(caller, source, "label", name)?;
        let block = self.block(caller, source, "label", address)?;
        let mut session = self.session();
        match of {
            shape::VALUE => session.sayings.label(&block, &name)?,
            shape::ARRAY => session.sayings.label(&block, &format!("[{name}]"))?,
            other => {
                let message = format!("label: shape {other}; accepted are 0 (value) and 1 (array)");
                return Err(Refusal::new(code::ARGUMENT, message));
            }
        }
        Ok(u32::from(!session.sayings.is_described(&name)))
    }

    pub(super) fn hide<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        address: u64,
    ) -> Result<u32, Refusal> {
        let block = self.block(caller, source, "hide", address)?;
        self.session().sayings.hide(&block).map(|()| 0)
    }

    pub(super) fn pin<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        address: u64,
        name: Range,
    ) -> Result<u32, Refusal> {
        let name = name_in(caller, source, "pin", name)?;
        let block = self.block(caller, source, "pin", address)?;
        self.session().sayings.pin(&block, &name).map(|()| 0)
    }

    pub(super) fn unpin(&self, address: u64) -> Result<u32, Refusal> {
        self.session().sayings.unpin(address).map(|()| 0)
    }

    pub(super) fn allocator<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        name: Range,
        kind: u32,
    ) -> Result<u32, Refusal> {
        let name = name_in(caller, source, "allocator", name)?;
        self.session().sayings.pools.register(&name, kind)
    }

    pub(super) fn allocated(&self, allocator: u32, address: u64, size: u64) -> Result<u32, Refusal> {
        self.session().sayings.pools.allocated(allocator, address, size).map(|()| 0)
    }

    pub(super) fn freed(&self, allocator: u32, address: u64) -> Result<u32, Refusal> {
        self.session().sayings.pools.freed(allocator, address).map(|()| 0)
    }

    pub(super) fn reset(&self, allocator: u32) -> Result<u32, Refusal> {
        self.session().sayings.pools.reset(allocator).map(|()| 0)
    }

    /// The live block that begins at an address: one of a registered allocator, or the language's.
    fn block<T, S: Source<T>>(
        &self,
        caller: &mut Caller<'_, T>,
        source: &S,
        function: &str,
        address: u64,
    ) -> Result<LiveBlock, Refusal> {
        let inside = self.session().sayings.pools.block_at(address);
        let block = inside.or_else(|| source.block_at(caller, address));
        let none = || Refusal::new(code::NOT_FOUND, format!("{function}: no live block begins at {address:#x}"));
        block.ok_or_else(none)
    }
}

/// Bytes of the host's own stack that are cleared before the guest is read.
const CLEARED_STACK_BYTES: usize = 16 << 10;

/// Clears the stack where the frames of finished calls were: addresses that the guest passed to them stand there still,
/// and under frames that are live again they would be taken for roots.
#[inline(never)]
fn clear_dead_stack() {
    // Not a temporary: that would be a constant in static memory.
    let mut cleared = [0u8; CLEARED_STACK_BYTES];
    std::hint::black_box(&mut cleared);
}

impl Session {
    fn needs_heap(&self, target: u32, name: &str) -> Result<bool, Refusal> {
        Ok(match self.handles.get(target)? {
            Thing::Top(top) => top.is_none() || OF_THIS_MOMENT.contains(&name),
            Thing::Value(_) => false,
        })
    }

    fn has_room_for_snapshot(&mut self) -> Result<(), Refusal> {
        self.snapshots.retain(|snapshot| snapshot.strong_count() > 0);
        if self.snapshots.len() >= limit::SNAPSHOTS {
            return Err(Refusal::limit(
                "snapshots kept by its handles; release sets of earlier ones",
                limit::SNAPSHOTS,
            ));
        }
        Ok(())
    }

    fn look_at(&mut self, target: u32, heap: Arc<Heap>) -> Result<(), Refusal> {
        let snapshot = Arc::downgrade(&heap);
        let Thing::Top(top) = self.handles.get_mut(target)? else { return Err(Refusal::handle(target)) };
        *top = Some(match &*top {
            Some(before) => before.at(heap),
            None => Use::new(heap),
        });
        self.snapshots.push(snapshot);
        Ok(())
    }

    fn call(&mut self, target: u32, name: &str, arguments: records::Arguments) -> Result<Record, Refusal> {
        let plain = arguments.positional.is_empty() && arguments.named.is_empty();
        if let Some(record) = self.handles.answer(target, name).filter(|_| plain) {
            return Ok(record);
        }
        let arguments = answers::values(arguments, &self.handles)?;
        let ask = |value: &Value| {
            weight::check_extent(value, name, &arguments)?;
            binding::call(value, name, &arguments).map_err(Refusal::from)
        };
        let answer = match self.handles.get(target)? {
            Thing::Top(Some(top)) => guarded(|| ask(&Value::Use(top.clone())))?,
            Thing::Top(None) => return Err(Refusal::new(code::CAPTURE, "no heap was looked at")),
            Thing::Value(Value::Record(fields)) => field(fields, name)?,
            Thing::Value(value) => guarded(|| ask(value))?,
        };
        // Pages and proxies keep what they were made of.
        let least = match &answer {
            Value::Page(_) | Value::PatternPaths(_) | Value::Proxy(_) => self.handles.bytes(target),
            _ => 0,
        };
        let record = answers::keep(answer, least, &mut self.handles)?;
        if plain && record.tag < tag::TEXT && answers::is_frozen(self.handles.get(target)?) {
            self.handles.keep_answer(target, name, record);
        }
        Ok(record)
    }
}

/// An answer that fails in a way that nobody has foreseen is a refusal too: a guest must not end its host.
fn guarded<R>(answer: impl FnOnce() -> Result<R, Refusal>) -> Result<R, Refusal> {
    catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_| {
        Err(Refusal::new(code::UNAVAILABLE, "the question made the host fail; please report it with the question"))
    })
}

/// Plain data has its fields for names.
fn field(fields: &[(String, Value)], name: &str) -> Result<Value, Refusal> {
    let found = fields.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone()).ok_or_else(|| {
        let names: Vec<&str> = fields.iter().map(|(known, _)| known.as_str()).collect();
        Refusal::new(code::NAME, format!("a record has no '{name}'; it has {}", names.join(", ")))
    })
}

/// A layout: type, size, and of each field name, offset, size and type.
fn described(layout: Vec<records::Argument>) -> Result<ToldType, Refusal> {
    use records::Argument::{Int, Text};
    let bad = |what: &str| {
        let accepted = "accepted: type, size, and for each field name, offset, size, type";
        Refusal::new(code::ARGUMENT, format!("describe: {what}; {accepted}"))
    };
    let length = |number: i64| u64::try_from(number).map_err(|_| bad("a length below zero"));
    let short = |text: String| if text.len() <= limit::NAME_BYTES { Ok(text) } else { Err(bad("a name too long")) };
    let mut layout = layout.into_iter();
    let (Some(Text(name)), Some(Int(size))) = (layout.next(), layout.next()) else {
        return Err(bad("no type and size"));
    };
    let mut fields = Vec::new();
    while let Some(first) = layout.next() {
        let (Text(name), Some(Int(offset)), Some(Int(size)), Some(Text(type_name))) =
            (first, layout.next(), layout.next(), layout.next())
        else {
            return Err(bad("no field"));
        };
        let (offset, size) = (length(offset)?, length(size)?);
        fields.push(ToldField { name: short(name)?, offset, size, type_name: short(type_name)? });
    }
    Ok(ToldType { name: short(name)?, size: length(size)?, fields })
}

fn name_in<T, S: Source<T>>(
    caller: &mut Caller<'_, T>,
    source: &S,
    function: &str,
    range: Range,
) -> Result<String, Refusal> {
    let memory = source.memory(caller).ok_or_else(no_memory)?;
    let name = memory::text(memory.data(&*caller), function, range, limit::NAME_BYTES)?;
    if name.is_empty() {
        return Err(Refusal::new(code::ARGUMENT, format!("{function}: the name is empty")));
    }
    Ok(name.to_owned())
}

/// Copies as much as fits and gives its number of bytes.
fn copy(memory: &mut [u8], content: &[u8], (address, length): Range) -> Result<u32, Refusal> {
    memory::bytes(memory, "result", address, length)?;
    let fitting = content.len().min(usize::try_from(length).unwrap_or(usize::MAX)).min(i32::MAX as usize);
    memory::write(memory, "result", address, &content[..fitting])?;
    Ok(fitting as u32)
}

fn no_memory() -> Refusal {
    Refusal::new(code::POINTER, "the guest exports no memory that addresses could be of")
}

fn no_text_or_list(function: &str, target: u32) -> Refusal {
    Refusal::new(code::HANDLE, format!("{function}: {target} is no text or list"))
}
