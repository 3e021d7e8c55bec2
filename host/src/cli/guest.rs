//! A guest as the command line names it: loaded, with its symbols, ready to run.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use super::options::{Contexts, GuestCommand, GuestOptions, Pause, parse_env};
use super::say;
use crate::capture::GuestInfo;
use crate::instrument;
use crate::symbols::Symbols;
use crate::target::{self, Condition, Ending, Folder, Outcome, Target, TargetOptions, WasiOptions};

/// A guest that can be run.
pub(super) struct Guest {
    pub(super) target: Target,
    pub(super) symbols: Arc<Symbols>,
    pub(super) wasi: WasiOptions,
    pub(super) info: GuestInfo,
}

impl Guest {
    /// Reads, instruments and compiles the module.
    pub(super) fn load(command: &GuestCommand, options: &GuestOptions) -> Result<Self> {
        Self::load_with(command, target_options(options)?, options)
    }

    /// The same, with every event to be recorded. What events refer to is told by the snapshot at the exit, which is taken
    /// in any case.
    pub(super) fn load_with_events(command: &GuestCommand, options: &GuestOptions) -> Result<Self> {
        let mut target = TargetOptions { events: true, ..target_options(options)? };
        if !target.snapshot_at.contains(&Condition::Exit) {
            target.snapshot_at.push(Condition::Exit);
        }
        Self::load_with(command, target, options)
    }

    fn load_with(command: &GuestCommand, target: TargetOptions, options: &GuestOptions) -> Result<Self> {
        let path = &command.guest;
        let events = target.events;
        let wasm = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let wasi = wasi_options(command, options)?;
        Target::check_imports(&wasm).with_context(|| path.display().to_string())?;
        let mut target = Target::load(&wasm, target).with_context(|| path.display().to_string())?;
        if events && target.map().collects() {
            bail!(
                "{}: the collector of Go releases blocks unseen, so that its events cannot be recorded",
                path.display()
            );
        }
        let name = guest_name(path);
        let symbols = Symbols::of_file(wasm.into(), &name, path).with_context(|| path.display().to_string())?;
        let (symbols, info) = (Arc::new(symbols), GuestInfo { name, contents: options.contents });
        target.answer_guest(&symbols, &info)?;
        Ok(Self { target, symbols, wasi, info })
    }
}

/// The module's file name without its ending.
fn guest_name(path: &Path) -> String {
    path.file_stem().map_or_else(|| "guest".to_owned(), |stem| stem.to_string_lossy().into_owned())
}

fn target_options(options: &GuestOptions) -> Result<TargetOptions> {
    let snapshot_at = options.snapshot_at.iter().map(|text| text.parse()).collect::<Result<_, _>>()?;
    Ok(TargetOptions {
        invoke: options.invoke.iter().cloned().collect(),
        snapshot_at,
        allocators: options.allocators.clone(),
        contexts: match options.contexts {
            Contexts::Full => instrument::Contexts::Full,
            Contexts::Off => instrument::Contexts::Off,
        },
        keep_peak: true,
        events: false,
        cache: options.cache,
        frees: options.frees,
        pause: match options.pause {
            Pause::Signal => target::Pause::Signal,
            Pause::Allocations => target::Pause::Allocations,
            Pause::Anywhere => target::Pause::Anywhere,
        },
    })
}

fn wasi_options(command: &GuestCommand, options: &GuestOptions) -> Result<WasiOptions> {
    let program = command.guest.file_name().unwrap_or(command.guest.as_os_str()).to_string_lossy().into_owned();
    let mut args = vec![program];
    args.extend(command.args.iter().cloned());
    let env = options.env.iter().map(|text| parse_env(text)).collect::<Result<_>>()?;
    let folder = |text: &String| -> Folder {
        match text.parse() {
            Ok(folder) => folder,
            Err(never) => match never {},
        }
    };
    Ok(WasiOptions { args, env, folders: options.dirs.iter().map(folder).collect() })
}

/// Tells of a trap: why, and where in the guest's own functions and lines.
pub(super) fn tell_ending(outcome: &Outcome, symbols: &Symbols) {
    let Ending::Trap { message, frames } = &outcome.ending else { return };
    say(format_args!("the guest trapped: {}", message.trim_end()));
    for (depth, place) in frames.iter().enumerate() {
        for frame in symbols.frames(*place).iter() {
            let line = match (&frame.file, frame.line) {
                (Some(file), Some(line)) => format!(" at {file}:{line}"),
                _ => String::new(),
            };
            say(format_args!("  {depth}: {}{line}", frame.function));
        }
    }
}

/// The guest's exit code as ours; codes that a system cannot give become 255.
pub(super) fn exit_code(outcome: &Outcome) -> ExitCode {
    ExitCode::from(u8::try_from(outcome.exit_code()).unwrap_or(u8::MAX))
}
