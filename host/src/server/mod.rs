//! The inspector's server: one page, its data and nothing else, on the loopback interface.
//!
//! [`Server::start`] binds a free port of 127.0.0.1 and answers from its own threads until it is stopped or dropped.
//! What it serves comes from a [`Source`]: a running guest, or recordings that were opened. The page downloads a
//! recording once and answers every question in the browser; the server computes nothing.
//!
//! Who may ask is decided in one place, `guard`: the printed address carries a random token in its fragment, which
//! browsers do not send; the page exchanges it for a cookie. See [`Server::url`].

mod assets;
mod error;
mod guard;
mod routes;
mod source;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) use assets::{page_file, page_files};
pub use error::{ServerError, SourceError};
pub use source::{Bytes, LiveFigures, Phase, RecordingState, RunState, Source};

use guard::Guard;

/// How long open requests may take to end once the server is asked to stop.
const STOP_GRACE: Duration = Duration::from_millis(500);

/// A server that is running.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    token: String,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `source` on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// [`ServerError`] when there is no port, no thread or no randomness to be had.
    pub fn start(source: Arc<dyn Source>) -> Result<Self, ServerError> {
        Self::start_at(source, 0)
    }

    /// Serves `source` on the given port of 127.0.0.1; 0 takes a free one.
    ///
    /// # Errors
    /// [`ServerError`] when the port is taken, or there is no thread or no randomness to be had.
    pub fn start_at(source: Arc<dyn Source>, port: u16) -> Result<Self, ServerError> {
        let wanted = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let bind = |source| ServerError::Bind { address: wanted, source };
        let listener = TcpListener::bind(wanted).map_err(bind)?;
        listener.set_nonblocking(true).map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        let token = guard::random_token()?;
        let guard = Arc::new(Guard::new(address.port(), token.clone()));
        let (stop, stopped) = watch::channel(false);
        let (tell, told) = mpsc::channel();
        // The runtime lives and dies on a thread of its own, so that a server can be started from asynchronous code too.
        let thread = std::thread::Builder::new()
            .name("heapy-server".into())
            .spawn(move || match runtime(listener) {
                Ok((runtime, listener)) => {
                    // Nobody waits any more only if the starting thread is gone.
                    let _ = tell.send(Ok(()));
                    serve(runtime, listener, routes::router(source, guard, stopped.clone()), stopped);
                }
                Err(error) => {
                    let _ = tell.send(Err(ServerError::Runtime(error)));
                }
            })
            .map_err(ServerError::Runtime)?;
        told.recv().unwrap_or_else(|_| Err(ServerError::Runtime(io::ErrorKind::BrokenPipe.into())))?;
        Ok(Self { address, token, stop, thread: Some(thread) })
    }

    /// The address to open in a browser. It holds the token: whoever has it can read the guest's heap.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#token={}", self.address, self.token)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops taking requests, lets open ones end for half a second, and returns when everything is closed.
    pub fn stop(mut self) {
        self.shut_down();
    }

    fn shut_down(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic in there has been printed already, and there is nothing left to save.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shut_down();
    }
}

/// A runtime, and the listener as it knows it.
fn runtime(listener: TcpListener) -> io::Result<(Runtime, tokio::net::TcpListener)> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("heapy-server")
        .enable_all()
        .build()?;
    let entered = runtime.enter();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    drop(entered);
    Ok((runtime, listener))
}

fn serve(runtime: Runtime, listener: tokio::net::TcpListener, app: axum::Router, mut stopped: watch::Receiver<bool>) {
    let mut closing = stopped.clone();
    runtime.block_on(async move {
        let graceful = axum::serve(listener, app).with_graceful_shutdown(async move {
            // An error means that the sender is gone, which is a stop too.
            let _ = closing.wait_for(|stop| *stop).await;
        });
        let overdue = async move {
            let _ = stopped.wait_for(|stop| *stop).await;
            tokio::time::sleep(STOP_GRACE).await;
        };
        tokio::select! {
            _ = graceful => {}
            () = overdue => {}
        }
    });
    runtime.shutdown_timeout(STOP_GRACE);
}
