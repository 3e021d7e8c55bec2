//! Attaching to an instance of an instrumented module, in any wasmtime host.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use wasmtime::{AsContext, AsContextMut, Caller, Func, Instance, Memory, Ref, Store};

use super::condition::Condition;
use super::events::{EventOutput, EventSink};
use super::go::GoState;
use super::handles::{Handles, value};
use super::lifetimes::Lifetimes;
use super::peak::PeakKeeper;
use super::pools::Pools;
use super::request::Requester;
use super::signal::{self, Interrupted};
use super::state::{Problems, Sink, State};
use super::timeline::TimelineLog;
use super::walk::{Anchor, Walker};
use crate::error::TargetError;
use crate::functions::Functions;
use crate::instrument::InstrumentMap;
use crate::live::layout::HostFunction;
use crate::live::{ContextTable, Table};
use crate::paused::{LiveBlock, Paused, RawFrame};

/// The host's side of an instance whose heap is observed. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Attached {
    state: Arc<Mutex<State>>,
    requester: Requester,
    timeline: TimelineLog,
}

/// Figures of a run so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Allocations.
    pub allocations: u64,
    /// Bytes of live blocks.
    pub live_bytes: u64,
    /// Most of them at once.
    pub peak_bytes: u64,
    /// Distinct calling contexts of allocations.
    pub contexts: u64,
    /// Releases of what was no live block.
    pub wild_releases: u64,
    /// Time that the guest was paused for snapshots, what the sink did left out.
    pub paused: Duration,
}

impl Attached {
    /// Attaches to an instance before anything of it ran; [`start`](Self::start) comes next. `map` is what came with the
    /// instrumented module; `sink` is given each snapshot while the guest is paused.
    ///
    /// The engine should be configured with [`configure`](super::configure), so that backtraces are long enough.
    ///
    /// # Errors
    /// [`TargetError::NotInstrumented`] when the instance lacks what instrumentation adds.
    pub fn new<T: 'static>(
        store: &mut Store<T>,
        instance: &Instance,
        map: Arc<InstrumentMap>,
        conditions: Vec<Condition>,
        sink: Sink,
    ) -> Result<Self, TargetError> {
        let handles = Handles::find(&mut *store, instance, &map)?;
        let stack_base = handles.stack_pointer.map_or(0, |pointer| value(&pointer, &mut *store));
        let requester = Requester::default();
        let timeline = TimelineLog::default();
        let memory = handles.live.data_mut(&mut *store);
        let table = Table::new(map.granule_log2, memory);
        // In a Go guest types are found by contexts, which then are types alone.
        let contexts = ContextTable::new(map.contexts || map.go.is_some(), memory);
        let go = map.go.as_ref().map(|program| GoState::new(program, memory));
        let pools = Pools::new(&map);
        let state = State {
            map,
            handles,
            table,
            contexts,
            go,
            problems: Problems::default(),
            module: instance.module(&*store).clone(),
            walker: Walker::new(instance.module(&*store)),
            conditions,
            requester: requester.clone(),
            timeline: timeline.clone(),
            sink,
            functions: None,
            stack_base,
            native_top: 0,
            interrupted: None,
            entered: 0,
            started: Instant::now(),
            interval: 1,
            given: 0,
            peak: PeakKeeper::default(),
            ages: vec![1],
            last_elsewhere: None,
            lifetimes: Lifetimes::default(),
            pools,
            events: None,
            exit_taken: false,
            released: HashMap::new(),
            trap_frames: Vec::new(),
            paused_for: Duration::ZERO,
        };
        let attached = Self { state: Arc::new(Mutex::new(state)), requester, timeline };
        attached.fill_table(store)?;
        Ok(attached)
    }

    /// Calls the module's start function, if it has one. Nothing else may run before.
    ///
    /// # Errors
    /// What the start function fails with.
    pub fn start<T: 'static>(&self, store: &mut Store<T>) -> wasmtime::Result<()> {
        let start = self.lock().handles.start;
        match start {
            Some(start) => self.enter(store, |store| start.call(store, &[], &mut [])),
            None => Ok(()),
        }
    }

    /// Runs `call`, which calls into the guest: while it does, roots in the guest's locals can be read, and requests from
    /// other threads are answered. A guest that is called otherwise is observed all the same, without these two.
    #[inline(never)]
    pub fn enter<T: 'static, R>(&self, store: &mut Store<T>, call: impl FnOnce(&mut Store<T>) -> R) -> R {
        let anchor = 0usize;
        let top = std::ptr::from_ref(&anchor) as usize;
        let (before, word, text) = {
            let mut state = self.lock();
            let before = std::mem::replace(&mut state.native_top, top);
            state.entered += 1;
            let word = (state.handles.live.data_ptr(&*store).cast_const(), state.contexts.disarmed());
            let text = state.module.text().as_ptr_range();
            (before, word, text.start as usize..text.end as usize)
        };
        let current = signal::Entered::new(text, store, self);
        let found = current.enter();
        let entered = Entered { attached: self, before, found };
        self.requester.publish(Some(word));
        let result = call(store);
        drop(entered);
        std::hint::black_box(&anchor);
        result
    }

    /// Takes a snapshot, gives it to the sink and returns its number. May be called while the guest does not run, or from
    /// a host function with its [`Caller`].
    pub fn snapshot(&self, store: impl AsContextMut, reason: &str) -> u32 {
        let mut state = self.lock();
        state.snapshot(store, reason);
        state.given
    }

    /// Puts what the guest says of its own blocks into every snapshot from now on.
    pub fn annotate_with(&self, functions: Functions) {
        self.lock().functions = Some(functions);
    }

    /// Has a snapshot of the peak kept, whatever the conditions are, and given to the sink when the guest has ended; it
    /// has the number zero. For modules that were instrumented with [`Options::peak`](crate::instrument::Options::peak).
    ///
    /// # Accuracy
    /// At least 99 % of the most live bytes are live in it. A guest whose live bytes rise and fall again and again, each
    /// time to a new peak, would be paused at each: once a gigabyte was copied that is not done while it takes more than
    /// 5 % of the time, and the snapshot's notes say how far from the peak it is.
    pub fn keep_peak(&self) {
        self.lock().peak.keep();
    }

    /// Has every event given to the sink, some ten thousand at a time, the last ones when the guest has ended. For modules
    /// that were instrumented with [`Options::events`](crate::instrument::Options::events); to be called before anything
    /// of the guest ran.
    pub fn record_events(&self, sink: EventSink) {
        self.lock().events = Some(EventOutput::new(sink));
    }

    /// The memory that holds the allocators' heap.
    #[must_use]
    pub fn memory(&self) -> Option<Memory> {
        self.lock().handles.memory
    }

    /// The live block that begins at an address.
    #[must_use]
    pub fn block_at(&self, store: impl AsContext, address: u64) -> Option<LiveBlock> {
        self.lock().block_at(store, address)
    }

    /// Takes a snapshot and returns it; it has the number zero.
    #[must_use]
    pub fn pause(&self, store: impl AsContextMut, reason: &str) -> Paused {
        self.lock().pause(store, reason)
    }

    /// Answers a request that is pending, if there is one. For hosts that interrupt the guest by epochs: their callback
    /// has the guest stand still at a place where it can be read.
    pub fn answer(&self, store: impl AsContextMut) {
        self.lock().answer_request(store);
    }

    /// Tells that the guest has ended: gives out the snapshots of the peak and the exit, where they are asked for. Does
    /// nothing when the guest has told so itself.
    pub fn finish(&self, store: impl AsContextMut) {
        self.lock().exit(store);
    }

    /// As [`finish`](Self::finish), after a trap: the guest's frames are those of its backtrace, and roots in its locals
    /// are gone.
    pub fn finish_after_trap(&self, store: impl AsContextMut, frames: Vec<RawFrame>) {
        let mut state = self.lock();
        state.trap_frames = frames;
        state.exit(store);
    }

    /// Lets requests from other threads stop the guest wherever it computes, by the signal SIGURG to its thread, from the
    /// next [`enter`](Self::enter) on. False where that cannot be: this is not Linux on x86-64 or aarch64, or the process has
    /// another handler for that signal. Then a request waits for an allocation.
    ///
    /// The signal may interrupt calls of the system that the thread makes on behalf of the guest; those that the system does
    /// not take up again by itself return `EINTR`, as with any other signal.
    pub fn stop_by_signals(&self) -> bool {
        let can = signal::install();
        self.requester.insist(can);
        can
    }

    /// The guest was interrupted in its compiled code, in a call that is active on this thread.
    pub(super) fn answer_interrupted(&self, store: impl AsContextMut, at: Interrupted) {
        // Whoever holds it now will have let go of it the next time.
        match self.state.try_lock() {
            Ok(mut state) => state.answer_interrupted(store, at),
            Err(TryLockError::Poisoned(state)) => state.into_inner().answer_interrupted(store, at),
            Err(TryLockError::WouldBlock) => {}
        }
    }

    /// Asks for snapshots from other threads.
    #[must_use]
    pub fn requester(&self) -> Requester {
        self.requester.clone()
    }

    /// The timeline so far. It has moments while a [`Sampler`](super::Sampler) asks for them.
    #[must_use]
    pub fn timeline(&self) -> TimelineLog {
        self.timeline.clone()
    }

    /// Figures of the run so far.
    #[must_use]
    pub fn totals(&self, mut store: impl AsContextMut) -> Totals {
        let state = self.lock();
        let live_bytes = value(&state.handles.live_bytes, &mut store);
        Totals {
            allocations: state.contexts.total(state.handles.live.data(&store)),
            live_bytes,
            peak_bytes: value(&state.handles.peak_bytes, &mut store).max(live_bytes),
            contexts: state.contexts.contexts().frames.len() as u64,
            wild_releases: state.problems.wild,
            paused: state.paused_for,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill_table<T: 'static>(&self, store: &mut Store<T>) -> Result<(), TargetError> {
        let state = || Arc::clone(&self.state);
        let with = |state: &Mutex<State>, act: &mut dyn FnMut(&mut State)| {
            act(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        };
        let (record, release, probe, peak, resize) = (state(), state(), state(), state(), state());
        let (tally, typed, drain, pool) = (state(), state(), state(), state());
        let functions = [
            Func::wrap(&mut *store, move |mut caller: Caller<'_, T>, turned: u32, size: u32, v: u32| {
                let here = 0usize;
                let anchor = Anchor { address: std::ptr::from_ref(&here) as usize, function: 0 };
                record_turned(&record, &mut caller, anchor, [turned, size, v]);
                std::hint::black_box(&here);
                scrub();
            }),
            Func::wrap(&mut *store, move |mut caller: Caller<'_, T>, address: u32, header: u32| {
                with(&release, &mut |state| state.release(&mut caller, address, header));
            }),
            Func::wrap(&mut *store, move |mut caller: Caller<'_, T>, number: u32| {
                with(&probe, &mut |state| state.probe(&mut caller, number));
            }),
            Func::wrap(&mut *store, move |mut caller: Caller<'_, T>| {
                with(&peak, &mut |state| state.leave_peak(&mut caller));
            }),
            Func::wrap(
                &mut *store,
                move |mut caller: Caller<'_, T>, from: u32, to: u32, size: u32, v: u32, header: u32| {
                    let here = 0usize;
                    let anchor = Anchor { address: std::ptr::from_ref(&here) as usize, function: 1 };
                    with(&resize, &mut |state| state.resize(&mut caller, anchor, from, [to, size, v], header));
                    std::hint::black_box(&here);
                },
            ),
            Func::wrap(&mut *store, move |_: Caller<'_, T>, tag: u32, bytes: u32| {
                with(&tally, &mut |state| state.tally(tag, bytes));
            }),
            Func::wrap(
                &mut *store,
                move |mut caller: Caller<'_, T>, turned: u32, size: u32, v: u32, ty: u32, before: u32| {
                    with(&typed, &mut |state| state.record_typed(&mut caller, [!turned, size, v], ty, before));
                    scrub();
                },
            ),
            Func::wrap(&mut *store, move |mut caller: Caller<'_, T>| {
                with(&drain, &mut |state| state.drain_events(&mut caller));
            }),
            Func::wrap(
                &mut *store,
                move |mut caller: Caller<'_, T>,
                      entry: u32,
                      result: u32,
                      block: u32,
                      handle: u32,
                      size: u32,
                      v: u32| {
                    let here = 0usize;
                    let anchor = Anchor { address: std::ptr::from_ref(&here) as usize, function: 2 };
                    tell_pool(&pool, &mut caller, anchor, [entry, result, block, handle, size, v]);
                    std::hint::black_box(&here);
                    scrub();
                },
            ),
        ];
        let places = [
            HostFunction::Record,
            HostFunction::Release,
            HostFunction::Probe,
            HostFunction::Peak,
            HostFunction::Resize,
            HostFunction::Tally,
            HostFunction::RecordTyped,
            HostFunction::Drain,
            HostFunction::Pool,
        ];
        let table = self.lock().handles.host_functions;
        for (place, function) in places.into_iter().zip(functions) {
            let set = table.set(&mut *store, place as u64, Ref::Func(Some(function)));
            set.map_err(|error| TargetError::engine(&error))?;
        }
        Ok(())
    }
}

/// Records a block whose address comes with all bits turned over. In a frame of its own, which [`scrub`] clears: there the
/// address stands as it is.
#[inline(never)]
fn record_turned<T: 'static>(
    state: &Mutex<State>,
    caller: &mut Caller<'_, T>,
    anchor: Anchor,
    [turned, size, v]: [u32; 3],
) {
    state.lock().unwrap_or_else(PoisonError::into_inner).record(caller, anchor, [!turned, size, v]);
}

/// Tells of a block of a pool, whose addresses come with all bits turned over. In a frame of its own, as above.
#[inline(never)]
fn tell_pool<T: 'static>(state: &Mutex<State>, caller: &mut Caller<'_, T>, anchor: Anchor, told: [u32; 6]) {
    state.lock().unwrap_or_else(PoisonError::into_inner).pool_event(caller, anchor, told);
}

/// Clears the stack below: what the host did for the guest there left addresses of blocks behind, and frames that come to
/// lie over them do not write all of their words. A snapshot would take the blocks to be held.
#[inline(never)]
fn scrub() {
    const BYTES: usize = 8 * 1024;
    std::hint::black_box([0u64; BYTES / 8]);
}

/// Ends what [`Attached::enter`] began, also when the call panics.
struct Entered<'a> {
    attached: &'a Attached,
    before: usize,
    found: signal::Before,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        {
            let mut state = self.attached.lock();
            state.native_top = self.before;
            state.entered -= 1;
        }
        if self.before == 0 {
            self.attached.requester.publish(None);
        }
        signal::leave(&self.found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::{Options, instrument};

    /// Functions that call each other twice, and allocate.
    fn guest() -> Vec<u8> {
        let mut text = String::from(
            r#"(module (memory 1) (global $next (mut i32) (i32.const 1024))
            (func $malloc (export "malloc") (param i32) (result i32)
              global.get $next global.get $next i32.const 16 i32.add global.set $next)
            (func (export "run") call $f0)
            (func $f7 i32.const 7 call $malloc drop)"#,
        );
        for level in 0..7 {
            let below = level + 1;
            text += &format!("(func $f{level} i32.const {level} call $malloc drop call $f{below} call $f{below})");
        }
        wat::parse_str(text + ")").unwrap()
    }

    #[test]
    fn walks_tell_what_the_engine_tells() {
        let mut config = wasmtime::Config::new();
        let engine = wasmtime::Engine::new(super::super::configure(&mut config)).unwrap();
        let made = instrument(&guest(), &Options::default()).unwrap();
        let (module, map) = (wasmtime::Module::new(&engine, &made.wasm).unwrap(), Arc::new(made.map));
        let contexts = |walks: bool| {
            let mut store = Store::new(&engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            let attached =
                Attached::new(&mut store, &instance, Arc::clone(&map), Vec::new(), Box::new(|_| {})).unwrap();
            let run = instance.get_typed_func::<(), ()>(&mut store, "run").unwrap();
            if walks {
                attached.enter(&mut store, |store| run.call(store, ())).unwrap();
            } else {
                run.call(&mut store, ()).unwrap();
            }
            let walked = attached.lock().contexts.unnamed().count();
            (walked, attached.pause(&mut store, "end").contexts.frames)
        };
        let ((walked, by_walks), (none, by_engine)) = (contexts(true), contexts(false));
        assert_eq!(none, 0);
        assert!(walked > 0 || !cfg!(any(target_arch = "x86_64", target_arch = "aarch64")), "no walk was sure");
        assert!(by_engine.len() > 100, "{} contexts", by_engine.len());
        assert_eq!(by_walks, by_engine);
    }
}
