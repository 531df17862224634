//! The network: links with their rules, streams that behave like TCP, datagrams like UDP.
//!
//! A packet's fate is decided in one place ([`link`]); whatever sends (a connection request, a
//! segment, a reset, a datagram) asks there. So a rule on a link touches everything that crosses it.

mod conn;
mod connect;
mod datagram;
mod link;
mod pipe;
pub(crate) mod rule;
mod stream;

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::Waker;

use rustc_hash::FxHashMap;
use squall_history::NetworkProfile;

pub(crate) use conn::ConnKey;
pub use connect::Connecting;
pub use datagram::Datagrams;
pub use stream::{Listener, Stream};

use crate::world;

/// Everything between the nodes.
#[derive(Debug)]
pub(crate) struct Network {
    links: link::Links,
    conns: conn::Conns,
    /// By (node, port). Looked up, never iterated but to stop a node, in sorted order.
    listeners: FxHashMap<(u32, u16), ListenerState>,
    sockets: FxHashMap<(u32, u16), datagram::SocketState>,
    packets: datagram::Packets,
    /// Numbers listeners and datagram sockets, so that a stale handle is recognised.
    opened: u64,
}

#[derive(Debug)]
struct ListenerState {
    id: u64,
    queue: VecDeque<ConnKey>,
    waiter: Option<Waker>,
}

impl Network {
    pub(crate) fn new(base: NetworkProfile) -> Self {
        Self {
            links: link::Links::new(base),
            conns: conn::Conns::default(),
            listeners: FxHashMap::default(),
            sockets: FxHashMap::default(),
            packets: datagram::Packets::default(),
            opened: 0,
        }
    }
}

/// The address of a node, by its name.
pub fn lookup(name: &str) -> Option<Ipv4Addr> {
    world::with(|world| world.nodes.named(name).map(|node| world.nodes.get(node).address))
}

/// Checks that `address` is one a node can bind: its own or the unspecified one.
fn own_address(address: SocketAddr, own: Ipv4Addr) -> std::io::Result<()> {
    if address.ip().is_unspecified() || address.ip() == own {
        return Ok(());
    }
    let message = format!("{} is not an address of this node ({own})", address.ip());
    Err(std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, message))
}
