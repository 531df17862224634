//! Which nodes there are, and where they are found: the same for each of the processes.

use std::fmt;
use std::net::TcpListener;
use std::str::FromStr;

use squall_io::real::Hosts;

/// The process that submits is a node too: it needs an address.
pub(super) const CLIENT: &str = "client-1";

/// How many of each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) controllers: u16,
    pub(super) workers: u16,
}

impl Size {
    pub(super) fn controllers(self) -> Vec<String> {
        (1..=self.controllers).map(|number| format!("controller-{number}")).collect()
    }

    pub(super) fn workers(self) -> Vec<String> {
        (1..=self.workers).map(|number| format!("worker-{number}")).collect()
    }

    /// Controllers, then workers.
    pub(super) fn servers(self) -> Vec<String> {
        self.controllers().into_iter().chain(self.workers()).collect()
    }

    pub(super) fn hosts(self) -> Hosts {
        let servers = self.servers();
        Hosts::on_loopback(servers.iter().map(String::as_str).chain([CLIENT]))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.controllers, self.workers)
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let [controllers, workers] = numbers(text)?;
        Ok(Self { controllers, workers })
    }
}

/// Where all of them listen, each on its own address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) raft: u16,
    pub(super) worker: u16,
    pub(super) shuffle: u16,
}

impl Ports {
    /// Ports that are free now: two clusters may stand side by side.
    pub(super) fn free() -> std::io::Result<Self> {
        let listeners: Vec<TcpListener> =
            (0..3).map(|_| TcpListener::bind("127.77.0.1:0")).collect::<Result<_, _>>()?;
        let ports: Vec<u16> =
            listeners.iter().map(|it| Ok(it.local_addr()?.port())).collect::<std::io::Result<_>>()?;
        Ok(Self { raft: ports[0], worker: ports[1], shuffle: ports[2] })
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.raft, self.worker, self.shuffle)
    }
}

impl FromStr for Ports {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let [raft, worker, shuffle] = numbers(text)?;
        Ok(Self { raft, worker, shuffle })
    }
}

fn numbers<const N: usize>(text: &str) -> Result<[u16; N], String> {
    let numbers: Result<Vec<u16>, _> = text.split(',').map(str::parse).collect();
    let wrong = || format!("`{text}` is not {N} numbers");
    numbers.map_err(|_| wrong())?.try_into().map_err(|_| wrong())
}
