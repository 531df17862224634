//! Datagrams: lost, doubled, overtaken; never altered.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll, Waker};

use super::link::{Class, Fate, LinkId};
use super::stream::foreign;
use super::{own_address, park};
use crate::caller;
use crate::event::Event;
use crate::world::{self, World};

/// Largest payload of a datagram (65,535 less the IPv4 and UDP headers).
const PAYLOAD_MAX: usize = 65_507;
/// Bytes a socket holds for its program; what exceeds it is dropped (Linux's `rmem_default`).
const RECEIVE_BUFFER: usize = 212_992;

#[derive(Debug)]
pub(super) struct SocketState {
    id: u64,
    queue: VecDeque<(SocketAddr, Vec<u8>)>,
    queued_bytes: usize,
    /// Several tasks may receive; each is woken.
    waiters: Vec<Waker>,
}

#[derive(Debug)]
struct Packet {
    link: LinkId,
    from: SocketAddr,
    to: (u32, u16),
    payload: Vec<u8>,
}

/// Datagrams under way.
#[derive(Debug, Default)]
pub(super) struct Packets {
    slots: Vec<Option<Packet>>,
    free: Vec<u32>,
}

impl Packets {
    fn insert(&mut self, packet: Packet) -> u32 {
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = Some(packet);
            return index;
        }
        self.slots.push(Some(packet));
        u32::try_from(self.slots.len() - 1).expect("fewer packets than memory for them")
    }

    /// The node that a packet under way is for.
    pub(super) fn destination(&self, index: u32) -> Option<u32> {
        self.slots.get(index as usize)?.as_ref().map(|packet| packet.to.0)
    }

    fn take(&mut self, index: u32) -> Packet {
        self.free.push(index);
        self.slots[index as usize].take().expect("a packet arrives once")
    }
}

/// A datagram socket of a node.
#[derive(Debug)]
pub struct Datagrams {
    run: u32,
    node: u32,
    id: u64,
    address: SocketAddr,
}

impl Datagrams {
    /// Takes a port; port 0 takes a free one.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `NetworkDown` on a node that is being stopped.
    ///
    /// # Panics
    /// Outside software on a node.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let caller = caller::expect();
        world::with(|world| {
            if !world.nodes.is_current(caller.node, caller.boot) {
                return Err(ErrorKind::NetworkDown.into());
            }
            let own = world.nodes.get(caller.node).address;
            own_address(address, own)?;
            let port = world.claim_port(caller.node, address.port(), |net, port| {
                net.sockets.contains_key(&(caller.node, port))
            })?;
            let address = SocketAddr::new(own.into(), port);
            world.net.opened += 1;
            let id = world.net.opened;
            let state = SocketState { id, queue: VecDeque::new(), queued_bytes: 0, waiters: Vec::new() };
            world.net.sockets.insert((caller.node, port), state);
            Ok(Self { run: world.run, node: caller.node, id, address })
        })
    }

    /// Sends one datagram. One to an address without a node vanishes.
    ///
    /// # Errors
    /// `InvalidInput` above 65,507 bytes or for an IPv6 address; `NotConnected` for a handle that is
    /// stale or foreign.
    pub fn send_to(&self, payload: &[u8], address: SocketAddr) -> io::Result<usize> {
        let IpAddr::V4(ip) = address.ip() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the simulated network is IPv4"));
        };
        if payload.len() > PAYLOAD_MAX {
            return Err(io::Error::new(ErrorKind::InvalidInput, "a datagram holds at most 65,507 bytes"));
        }
        if self.run != caller::run() {
            return Err(foreign());
        }
        world::with(|world| {
            world.socket(self)?;
            world.trace.fold_bytes(payload);
            let Some(node) = world.nodes.at_address(ip) else { return Ok(payload.len()) };
            let link = world.link(self.node, node);
            if let Fate::Arrives { delay, again } = world.fate(link, Class::Datagram, payload.len() as u64) {
                for delay in [Some(delay), again].into_iter().flatten() {
                    let packet = Packet {
                        link,
                        from: self.address,
                        to: (node, address.port()),
                        payload: payload.to_vec(),
                    };
                    let packet = world.net.packets.insert(packet);
                    world.queue.push(caller::now() + delay, Event::Datagram(packet));
                }
            }
            Ok(payload.len())
        })
    }

    /// Ready with the next datagram, cut to `into`, and its sender.
    ///
    /// # Errors
    /// `NotConnected` for a handle that is stale or foreign.
    pub fn poll_recv(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<(usize, SocketAddr)>> {
        if self.run != caller::run() {
            return Poll::Ready(Err(foreign()));
        }
        world::with(|world| {
            let socket = world.socket(self)?;
            if let Some((from, payload)) = socket.queue.pop_front() {
                socket.queued_bytes -= payload.len();
                let count = payload.len().min(into.len());
                into[..count].copy_from_slice(&payload[..count]);
                return Poll::Ready(Ok((count, from)));
            }
            park(&mut socket.waiters, cx.waker());
            Poll::Pending
        })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// None so far.
    pub const fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        if self.run != caller::run() {
            return;
        }
        world::with(|world| {
            if world.socket(self).is_ok() {
                world.close_socket((self.node, self.address.port()));
            }
        });
    }
}

impl World {
    fn socket(&mut self, handle: &Datagrams) -> io::Result<&mut SocketState> {
        let socket = self.net.sockets.get_mut(&(handle.node, handle.address.port()));
        socket.filter(|socket| socket.id == handle.id).ok_or_else(|| ErrorKind::NotConnected.into())
    }

    fn close_socket(&mut self, place: (u32, u16)) {
        let closed = self.net.sockets.remove(&place);
        closed.into_iter().flat_map(|socket| socket.waiters).for_each(|waker| self.discard(waker));
    }

    pub(super) fn close_datagrams(&mut self, node: u32) {
        let mut ports: Vec<(u32, u16)> = self.net.sockets.keys().copied().collect();
        ports.retain(|(of, _)| *of == node);
        ports.sort_unstable();
        ports.into_iter().for_each(|place| self.close_socket(place));
    }

    pub(crate) fn datagram_arrived(&mut self, packet: u32) {
        let packet = self.net.packets.take(packet);
        let (node, _) = packet.to;
        self.trace.fold(self.nodes.get(node).identity.0);
        if self.dropped_by_cut(packet.link) || !self.nodes.get(node).powered {
            return;
        }
        let Some(socket) = self.net.sockets.get_mut(&packet.to) else { return };
        if socket.queued_bytes + packet.payload.len() > RECEIVE_BUFFER {
            return;
        }
        socket.queued_bytes += packet.payload.len();
        socket.queue.push_back((packet.from, packet.payload));
        let waiters = std::mem::take(&mut socket.waiters);
        waiters.into_iter().for_each(|waiter| self.wake(waiter));
    }
}
