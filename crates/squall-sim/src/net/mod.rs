//! The network: links with their rules, streams that behave like TCP, datagrams like UDP.
//!
//! A packet's fate is decided in one place (`fate`); whatever sends (a connection request, a
//! segment, a reset, a datagram) asks there, and sets out in one place (`link`, where a hold keeps it).
//! So a rule on a link touches everything that crosses it.

mod alive;
mod bandwidth;
mod cells;
mod conn;
mod connect;
mod corrupt;
mod datagram;
mod fate;
mod harness;
mod link;
mod names;
mod noted;
mod packets;
mod pipe;
mod ports;
pub(crate) mod rule;
mod shape;
mod stream;
mod trouble;
mod waiters;

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use squall_history::NetworkProfile;

pub use alive::Keepalive;
pub(crate) use conn::ConnKey;
pub use connect::Connecting;
pub use datagram::Datagrams;
pub use names::lookup;
pub use noted::note_sent;
pub use stream::{Listener, Stream};

use self::ports::Ports;
use self::waiters::Waiters;
use crate::event::Event;
use crate::node::EPHEMERAL_FIRST;
use crate::world;

/// Everything between the nodes.
#[derive(Debug)]
pub(crate) struct Network {
    links: link::Links,
    conns: conn::Conns,
    listeners: Ports<ListenerState>,
    sockets: Ports<datagram::SocketState>,
    packets: packets::Packets,
    /// Numbers listeners, datagram sockets and connections, so that a stale handle is recognised.
    opened: u64,
}

#[derive(Debug)]
struct ListenerState {
    id: u64,
    /// The address it was bound to: the unspecified one takes what is sent to any.
    bound: IpAddr,
    queue: VecDeque<ConnKey>,
    /// Several tasks may accept; each is woken.
    waiters: Waiters,
}

impl Network {
    pub(crate) fn new(base: NetworkProfile) -> Self {
        Self {
            links: link::Links::new(base),
            conns: conn::Conns::default(),
            listeners: Ports::default(),
            sockets: Ports::default(),
            packets: packets::Packets::default(),
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
            Event::Reset { conn, to } | Event::Probe { conn, to } | Event::ProbeAnswer { conn, to } => {
                (conn, conn::across(to))
            }
            Event::Keepalive { conn, side, .. } | Event::Patience { conn, side, .. } => (conn, side),
            Event::Datagram(packet) => return [None, self.packets.destination(packet)],
            Event::Timer(_) | Event::Processor(_) => return [None, None],
        };
        let Some(conn) = self.conns.get(conn) else { return [None, None] };
        [from, conn::across(from)].map(|side| Some(conn.ends[usize::from(side)].node))
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

/// Where a socket is that is bound to `address`, which must be one of the node's: its own, the
/// unspecified one, which stands for all of them and shows as its own, or one of the loopback interface.
fn own_address(address: SocketAddr, own: Ipv4Addr) -> std::io::Result<Ipv4Addr> {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() || ip == own => return Ok(own),
        IpAddr::V4(ip) if ip.is_loopback() => return Ok(ip),
        IpAddr::V6(ip) if ip.is_unspecified() => return Ok(own),
        _ => {}
    }
    let message = format!("{} is not an address of this node ({own})", address.ip());
    Err(std::io::Error::new(std::io::ErrorKind::AddrNotAvailable, message))
}

/// Whether a socket bound to `bound` gets what is sent to `target`.
fn reachable(bound: IpAddr, target: Ipv4Addr) -> bool {
    bound.is_unspecified() || bound == IpAddr::V4(target)
}
