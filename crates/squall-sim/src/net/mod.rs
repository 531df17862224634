//! The network: links with their rules, streams that behave like TCP, datagrams like UDP.
//!
//! A packet's fate is decided in one place (`link`); whatever sends (a connection request, a
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

use crate::event::Event;
use crate::node::EPHEMERAL_FIRST;
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
    /// Numbers listeners, datagram sockets and connections, so that a stale handle is recognised.
    opened: u64,
}

#[derive(Debug)]
struct ListenerState {
    id: u64,
    queue: VecDeque<ConnKey>,
    /// Several tasks may accept; each is woken.
    waiters: Vec<Waker>,
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

impl Network {
    /// The nodes at both ends of what an event moves: first that which sent it, if that is known.
    pub(crate) fn ends_of(&self, event: Event) -> [Option<u32>; 2] {
        let (conn, from) = match event {
            Event::Syn(conn) | Event::SynRetry { conn, .. } => (conn, 0),
            Event::SynAck(conn) | Event::Refused(conn) => (conn, 1),
            Event::Segment { conn, from, .. } | Event::Retransmit { conn, from } => (conn, from),
            Event::Reset { conn, to } => (conn, conn::across(to)),
            Event::Datagram(packet) => return [None, self.packets.destination(packet)],
            _ => return [None, None],
        };
        let Some(conn) = self.conns.get(conn) else { return [None, None] };
        [from, conn::across(from)].map(|side| Some(conn.ends[usize::from(side)].node))
    }
}

/// The address of a node, by its name.
pub fn lookup(name: &str) -> Option<Ipv4Addr> {
    world::with(|world| world.nodes.named(name).map(|node| world.nodes.get(node).address))
}

/// Adds a waker to those that wait, if it is not among them.
fn park(waiters: &mut Vec<Waker>, waker: &Waker) {
    if !waiters.iter().any(|waiting| waiting.will_wake(waker)) {
        waiters.push(waker.clone());
    }
}

impl world::World {
    /// The port asked for, or a free one for port 0.
    fn claim_port(
        &mut self,
        node: u32,
        asked: u16,
        is_taken: impl Fn(&Network, u16) -> bool,
    ) -> std::io::Result<u16> {
        if asked == 0 {
            for _ in EPHEMERAL_FIRST..=u16::MAX {
                let port = self.nodes.get_mut(node).ephemeral_port();
                if !is_taken(&self.net, port) {
                    return Ok(port);
                }
            }
        } else if !is_taken(&self.net, asked) {
            return Ok(asked);
        }
        Err(std::io::ErrorKind::AddrInUse.into())
    }
}

/// Checks that `address` is one a node can bind: its own or the unspecified one.
fn own_address(address: SocketAddr, own: Ipv4Addr) -> std::io::Result<()> {
    if address.ip().is_unspecified() || address.ip() == own {
        return Ok(());
    }
    let message = format!("{} is not an address of this node ({own})", address.ip());
    Err(std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, message))
}
