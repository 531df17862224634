//! Nodes on real sockets and real files: one thread and one single-threaded tokio runtime per node.
//!
//! With a place of its own (address, directory, names of the others) a node of a system runs here
//! as it does in a simulation. Killing a node drops its runtime on its own thread, which takes all
//! of its tasks at once: aborting handles on a shared runtime leaves survivors. What a dropped
//! runtime cannot show is a loss of power: the kernel still sends FIN, and the page cache stays.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::sync::oneshot;

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
    let place = settle(hosts, name, root)?;
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
    Ok(RealNode { kill: Some(kill), thread: Some(thread) })
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
    let place = settle(hosts, name, root)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let before = PLACE.replace(Some(place));
    let ended = runtime.block_on(async { software().await });
    // Its other tasks end before the thread is another's.
    drop(runtime);
    PLACE.set(before);
    ended
}

/// A node's place, with its directory made.
fn settle(hosts: &Hosts, name: &str, root: &Path) -> io::Result<Arc<Place>> {
    let unknown = || io::Error::new(io::ErrorKind::NotFound, format!("`{name}` is not among the hosts"));
    let address = hosts.get(name).ok_or_else(unknown)?;
    std::fs::create_dir_all(root)?;
    Ok(Arc::new(Place { address: address.into(), root: root.to_owned(), hosts: hosts.clone() }))
}

impl RealNode {
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
