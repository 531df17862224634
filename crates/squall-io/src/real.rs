//! Nodes on real sockets and real files: one thread and one single-threaded tokio runtime per node.
//!
//! With a place of its own (address, directory, names of the others) a node of a system runs here
//! as it does in a simulation. Killing a node drops its runtime on its own thread, which takes all
//! of its tasks at once: aborting handles on a shared runtime leaves survivors. What a dropped
//! runtime cannot show is a loss of power: the kernel still sends FIN, and the page cache stays.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use tokio::sync::{oneshot, watch};

/// Names and addresses of the nodes of a real system.
#[derive(Clone, Debug, Default)]
pub struct Hosts(BTreeMap<String, Ipv4Addr>);

impl Hosts {
    /// Addresses `127.77.0.1` and on, in the order given: the loopback network is the machine's
    /// own, and an address for each node lets all of them listen on the same port.
    ///
    /// # Panics
    /// With more than 60,000 names.
    pub fn on_loopback<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let addresses = names.into_iter().enumerate().map(|(place, name)| {
            assert!(place < 60_000, "the loopback network has no address left");
            let [high, low] = u16::try_from(place + 1).expect("at most 60,000").to_be_bytes();
            (name.to_owned(), Ipv4Addr::new(127, 77, high, low))
        });
        Self(addresses.collect())
    }

    /// The address of that name.
    pub fn get(&self, name: &str) -> Option<Ipv4Addr> {
        self.0.get(name).copied()
    }
}

/// Where a real node stands.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) address: IpAddr,
    pub(crate) root: PathBuf,
    pub(crate) hosts: Hosts,
    /// The word to stop.
    pub(crate) stop: watch::Receiver<bool>,
}

thread_local! {
    static PLACE: RefCell<Option<Arc<Place>>> = const { RefCell::new(None) };
}

pub(crate) fn place() -> Option<Arc<Place>> {
    PLACE.with_borrow(Clone::clone)
}

/// A running real node.
#[derive(Debug)]
pub struct RealNode {
    stop: watch::Sender<bool>,
    kill: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Starts the node `name` of `hosts`, with its files under `root`. Software that returns an error is
/// told through `tracing`.
///
/// # Errors
/// If the runtime, the directory or the thread cannot be made, or `name` has no address.
pub fn start<F, S>(hosts: &Hosts, name: &str, root: &Path, software: F) -> io::Result<RealNode>
where
    F: FnOnce() -> S + Send + 'static,
    S: Future<Output = io::Result<()>> + Send + 'static,
{
    let (stop, word) = watch::channel(false);
    let place = settle(hosts, name, root, word)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (kill, killed) = oneshot::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        PLACE.set(Some(place));
        let name = thread::current().name().map(str::to_owned);
        // Ends when killed, or when the handle is dropped; software that returns leaves the node
        // up, as its tasks may go on.
        runtime.block_on(async move {
            let software = tokio::spawn(async move {
                if let Err(error) = software().await {
                    tracing::error!(target: "squall", node = name, %error, "a node's software ended");
                }
            });
            killed.await.ok();
            drop(software);
        });
    })?;
    Ok(RealNode { stop, kill: Some(kill), thread: Some(thread) })
}

/// Runs the node `name` of `hosts` on this thread, with its files under `root`, until its software
/// returns: for a process that is one node.
///
/// # Errors
/// As [`start`], and what the software returns.
pub fn run<F, S, T>(hosts: &Hosts, name: &str, root: &Path, software: F) -> io::Result<T>
where
    F: FnOnce() -> S,
    S: Future<Output = io::Result<T>>,
{
    // Nobody asks it to stop.
    let (_, word) = watch::channel(false);
    run_here(settle(hosts, name, root, word)?, async { software().await })
}

/// As [`run`], for a process that is asked to stop by SIGTERM or ctrl-c: the software hears it through
/// [`stop::token`](crate::stop::token). `None` if it has not returned `grace` later.
///
/// # Errors
/// As [`run`], and if signals cannot be listened to.
pub fn run_until_stopped<F, S, T>(
    hosts: &Hosts,
    name: &str,
    root: &Path,
    grace: Duration,
    software: F,
) -> io::Result<Option<T>>
where
    F: FnOnce() -> S,
    S: Future<Output = io::Result<T>>,
{
    let (stop, word) = watch::channel(false);
    run_here(settle(hosts, name, root, word)?, async {
        let mut software = std::pin::pin!(software());
        let mut signals = std::pin::pin!(Signals::listen()?.next());
        let ended = poll_fn(|cx| match software.as_mut().poll(cx) {
            Poll::Ready(ended) => Poll::Ready(Some(ended)),
            Poll::Pending => signals.as_mut().poll(cx).map(|()| None),
        });
        if let Some(ended) = ended.await {
            return ended.map(Some);
        }
        stop.send_replace(true);
        match tokio::time::timeout(grace, software).await {
            Ok(ended) => ended.map(Some),
            Err(_) => Ok(None),
        }
    })
}

/// The signals that ask a process to stop.
struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            terminate: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?,
        })
    }

    async fn next(mut self) {
        let mut interrupt = std::pin::pin!(tokio::signal::ctrl_c());
        poll_fn(|cx| {
            #[cfg(unix)]
            if self.terminate.poll_recv(cx).is_ready() {
                return Poll::Ready(());
            }
            interrupt.as_mut().poll(cx).map(drop)
        })
        .await;
    }
}

/// Runs software on this thread, which is the node's meanwhile.
fn run_here<T>(place: Arc<Place>, software: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = PLACE.replace(Some(place));
    let ended = runtime.block_on(software);
    // Its other tasks end before the thread is another's.
    drop(runtime);
    PLACE.set(before);
    ended
}

/// A node's place, with its directory made.
fn settle(hosts: &Hosts, name: &str, root: &Path, stop: watch::Receiver<bool>) -> io::Result<Arc<Place>> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("`{name}` is not among the hosts"));
    let address = hosts.get(name).ok_or_else(unknown)?;
    std::fs::create_dir_all(root)?;
    Ok(Arc::new(Place { address: address.into(), root: root.to_owned(), hosts: hosts.clone(), stop }))
}

impl RealNode {
    /// Asks the node's software to stop; [`kill`](Self::kill) it after a time of grace.
    pub fn ask_to_stop(&self) {
        self.stop.send_replace(true);
    }
    /// Kills the node: all its tasks are gone and its sockets closed when this returns.
    pub fn kill(mut self) {
        self.stop();
    }

    fn stop(&mut self) {
        if let Some(kill) = self.kill.take() {
            kill.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().expect("a node's tasks are caught by its runtime; its thread does not panic");
        }
    }
}

impl Drop for RealNode {
    fn drop(&mut self) {
        self.stop();
    }
}
