//! Snapshots of files, for the commands that ask them.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use heapy_engine::Use;
use heapy_engine::events::Moment;
use heapy_engine::snapshot::Recording;

use crate::recording;
use crate::script::{Limits, Recorded};

/// An opened recording and what to call it.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) recording: Recording,
}

/// The number of a snapshot as an option names it: `peak` is number zero of a recording.
pub(super) fn snapshot_number(text: &str) -> Result<u32, String> {
    if text == "peak" {
        return Ok(0);
    }
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "snapshots are numbered from 1; `peak` is that of the peak".to_owned())
}

/// Opens a recording.
pub(super) fn open(path: &Path) -> Result<Opened> {
    keep_freed_memory();
    Ok(Opened { name: path.display().to_string(), recording: recording::open(path)? })
}

impl Opened {
    /// Number of snapshots, which is the number of the last one.
    pub(super) fn last(&self) -> Result<u32> {
        Ok(u32::try_from(self.recording.snapshots().len())?)
    }

    /// The top object of a snapshot; of the last one if no number is given.
    pub(super) fn top(&self, number: Option<u32>) -> Result<Use> {
        let last = self.last()?;
        if last == 0 && number != Some(0) {
            bail!("{} has no snapshot", self.name);
        }
        let number = number.unwrap_or(last);
        let heap = self.recording.heap(number).with_context(|| format!("{}, snapshot {number}", self.name))?;
        Ok(Use::new(Arc::new(heap)))
    }

    /// The top object of a moment, of a recording with events.
    pub(super) fn top_at(&self, moment: Moment) -> Result<Use> {
        let heap = self.recording.heap_at(moment).with_context(|| format!("{}, {moment}", self.name))?;
        Ok(Use::new(Arc::new(heap)))
    }

    /// What scripts see of the snapshots: a JSON list.
    pub(super) fn list(&self) -> String {
        let described = self.recording.snapshots().iter().map(|meta| {
            serde_json::json!({
                "number": meta.number, "reason": meta.reason, "at_nanos": meta.at_nanos,
                "objects": meta.objects, "bytes": meta.bytes,
            })
        });
        described.collect::<serde_json::Value>().to_string()
    }

    /// What scripts ask about it; what they hold of it counts into their memory.
    pub(super) fn for_scripts(self, limits: &Limits) -> Result<Rc<Recorded>> {
        let (list, last, has_peak) = (self.list(), self.last()?, self.recording.peak().is_some());
        let opened = Rc::new(self);
        let of_moments = Rc::clone(&opened);
        let load = move |number| opened.top(Some(number)).map_err(|error| format!("{error:#}"));
        let load_at = move |text: &str| {
            let moment = text.parse::<Moment>().map_err(|error| error.to_string())?;
            of_moments.top_at(moment).map_err(|error| format!("{error:#}"))
        };
        Ok(Rc::new(
            Recorded::new(list, last, Box::new(load))
                .with_moments(Box::new(load_at))
                .with_peak(has_peak)
                .limited(limits.memory_bytes),
        ))
    }
}

/// Has the allocator keep what is freed. Tables are decoded into large buffers, one after the other; to give each back to
/// the system and to be given it anew costs as much time as decoding.
pub(super) fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: this sets parameters of the C library's allocator, and every value of these is allowed at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 1 << 30);
        libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
    }
}
