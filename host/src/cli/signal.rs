//! SIGUSR1: asks the guest for a snapshot.

use crate::target::Running;

/// The reason that snapshots asked for by the signal have.
#[cfg(unix)]
const REASON: &str = "signal";

/// Has the signal ask for snapshots, from now to the end of the process. Where there is no such signal, or the system
/// refuses the thread that waits for it, that is said.
#[cfg(unix)]
pub(super) fn watch(running: &Running) {
    use tokio::signal::unix::{SignalKind, signal};

    if running.lacks_signals() {
        super::say(format_args!(
            "no signal can stop a guest here that neither allocates nor releases: snapshots that are asked for wait until it \
             does; --pause anywhere helps"
        ));
    }
    let requester = running.requester();
    let wait = async move {
        let mut signals = signal(SignalKind::user_defined1())?;
        while signals.recv().await.is_some() {
            requester.request(REASON);
        }
        std::io::Result::Ok(())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let listen = move || match runtime {
        Ok(runtime) => runtime.block_on(wait),
        Err(error) => Err(error),
    };
    let told = move || {
        if let Err(error) = listen() {
            super::say(format_args!("the signal SIGUSR1 cannot be listened to: {error}"));
        }
    };
    if let Err(error) = std::thread::Builder::new().name("heapy-signal".into()).spawn(told) {
        super::say(format_args!("the signal SIGUSR1 cannot be listened to: {error}"));
    }
}

/// There are no such signals here.
#[cfg(not(unix))]
pub(super) fn watch(_running: &Running) {}
