//! Datagrams: lost, doubled, overtaken; altered by nothing but a fault that corrupts.
//!
//! One that is longer than a packet travels in fragments (RFC 791), each with a fate of its own: it is
//! there when the last of them is, and lost if one of them is.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::task::{Context, Poll};

use super::bandwidth::IP_HEADER;
use super::corrupt::flip;
use super::fate::{Class, Fate};
use super::link::LinkId;
use super::stream::foreign;
use super::waiters::Waiters;
use super::{own_address, reachable};
use crate::caller;
use crate::event::Event;
use crate::world::{self, World};

/// Largest payload of a datagram (65,535 less the IPv4 and UDP headers).
const PAYLOAD_MAX: usize = 65_507;
/// What a program is told about a longer one: EMSGSIZE, which has no [`ErrorKind`].
const MESSAGE_TOO_LONG: i32 = 90;
/// The header that only the first fragment carries.
const UDP_HEADER: u64 = 8;
/// Bytes a socket holds for its program; what exceeds it is dropped (Linux's `rmem_default`).
const RECEIVE_BUFFER: u32 = 212_992;

/// With its port it is as large as a line of the processor's cache: in a large cluster a datagram costs
/// mostly the memory that it touches.
#[derive(Debug)]
pub(super) struct SocketState {
    id: u64,
    /// The address it was bound to: the unspecified one takes what is sent to any.
    bound: Ipv4Addr,
    queued_bytes: u32,
    arrived: Arrived,
    /// Several tasks may receive; each is woken.
    waiters: Waiters,
}

const _: () = assert!(size_of::<(u16, SocketState)>() <= 64);

/// Datagrams that wait to be read, in the order they came. One needs no memory of its own.
#[derive(Debug, Default)]
struct Arrived {
    first: Option<u32>,
    #[expect(clippy::box_collection, reason = "mostly absent, and then as small as can be")]
    others: Option<Box<VecDeque<u32>>>,
}

impl Arrived {
    #[inline]
    fn push(&mut self, packet: u32) {
        if self.first.is_none() {
            self.first = Some(packet);
        } else {
            self.others.get_or_insert_default().push_back(packet);
        }
    }

    #[inline]
    fn pop(&mut self) -> Option<u32> {
        let next = self.others.as_mut().and_then(|others| others.pop_front());
        std::mem::replace(&mut self.first, next)
    }
}

#[derive(Debug)]
struct Packet {
    link: LinkId,
    from: SocketAddrV4,
    /// The address it was sent to: the node's, or one of its loopback interface.
    target: SocketAddrV4,
    payload: Vec<u8>,
}

/// Datagrams under way, and those that wait to be read.
#[derive(Debug, Default)]
pub(super) struct Packets {
    slots: Vec<Option<Packet>>,
    free: Vec<u32>,
    /// Payloads that were read: memory for the next ones.
    spare: Vec<Vec<u8>>,
}

/// So many payloads are kept for the next ones. What was read last is in the processor's cache still.
const SPARE_MAX: usize = 64;

impl Packets {
    fn insert(&mut self, packet: Packet) -> u32 {
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = Some(packet);
            return index;
        }
        self.slots.push(Some(packet));
        u32::try_from(self.slots.len() - 1).expect("fewer packets than memory for them")
    }

    /// A payload of its own.
    fn copy(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut payload = self.spare.pop().unwrap_or_default();
        payload.clear();
        payload.extend_from_slice(bytes);
        payload
    }

    /// A payload was read.
    fn put_by(&mut self, payload: Vec<u8>) {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(payload);
        }
    }

    /// The node that a packet under way is for.
    pub(super) fn destination(&self, index: u32) -> Option<u32> {
        self.slots.get(index as usize)?.as_ref().map(|packet| packet.link.to)
    }

    fn get(&mut self, index: u32) -> &mut Packet {
        self.slots[index as usize].as_mut().expect("a packet is there until it is read or lost")
    }

    fn take(&mut self, index: u32) -> Packet {
        self.free.push(index);
        self.slots[index as usize].take().expect("a packet is read or lost once")
    }

    /// A packet that nobody will read.
    fn lose(&mut self, index: u32) {
        let packet = self.take(index);
        self.put_by(packet.payload);
    }
}

/// A datagram socket of a node.
#[derive(Debug)]
pub struct Datagrams {
    run: u32,
    node: u32,
    id: u64,
    address: SocketAddrV4,
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
            let bound = own_address(address, own)?;
            let port = world.claim_port(caller.node, address.port(), |net, port| {
                net.sockets.get((caller.node, port)).is_some()
            })?;
            world.net.opened += 1;
            let id = world.net.opened;
            let state = SocketState {
                id,
                bound: if address.ip().is_unspecified() { Ipv4Addr::UNSPECIFIED } else { bound },
                queued_bytes: 0,
                arrived: Arrived::default(),
                waiters: Waiters::default(),
            };
            let address = SocketAddrV4::new(bound, port);
            world.net.sockets.insert((caller.node, port), state);
            Ok(Self { run: world.run, node: caller.node, id, address })
        })
    }

    /// Sends one datagram. One to an address without a node vanishes.
    ///
    /// # Errors
    /// EMSGSIZE (number 90) above 65,507 bytes; `InvalidInput` for an IPv6 address, and for another
    /// node's from a socket of the loopback interface; `NotConnected` for a handle that is stale or
    /// foreign.
    pub fn send_to(&self, payload: &[u8], address: SocketAddr) -> io::Result<usize> {
        let IpAddr::V4(ip) = address.ip() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the simulated network is IPv4"));
        };
        if payload.len() > PAYLOAD_MAX {
            return Err(io::Error::from_raw_os_error(MESSAGE_TOO_LONG));
        }
        if self.run != caller::run() {
            return Err(foreign());
        }
        world::with(|world| {
            world.socket(self)?;
            world.trace.fold_bytes(payload);
            let from_loopback = self.address.ip().is_loopback();
            if from_loopback && !ip.is_loopback() {
                return Err(ErrorKind::InvalidInput.into());
            }
            let node = if ip.is_loopback() { Some(self.node) } else { world.nodes.at_address(ip) };
            let Some(node) = node else { return Ok(payload.len()) };
            let link = LinkId { from: self.node, to: node };
            if let Fate::Arrives { delay, again, .. } = world.datagram_fate(link, payload.len() as u64) {
                // Over the loopback interface its own address is the sender's.
                let source = if ip.is_loopback() { ip } else { *self.address.ip() };
                for delay in [Some(delay), again].into_iter().flatten() {
                    let packet = Packet {
                        link,
                        from: SocketAddrV4::new(source, self.address.port()),
                        target: SocketAddrV4::new(ip, address.port()),
                        payload: world.net.packets.copy(payload),
                    };
                    let packet = world.net.packets.insert(packet);
                    world.carry(link, delay, Event::Datagram(packet));
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
            let (socket, packets) = world.socket_and_packets(self)?;
            if let Some(packet) = socket.arrived.pop() {
                let Packet { from, payload, .. } = packets.take(packet);
                socket.queued_bytes -= u32::try_from(payload.len()).expect("bounded when it was sent");
                let count = payload.len().min(into.len());
                into[..count].copy_from_slice(&payload[..count]);
                packets.put_by(payload);
                return Poll::Ready(Ok((count, from.into())));
            }
            socket.waiters.park(cx.waker());
            Poll::Pending
        })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// None so far.
    pub const fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(SocketAddr::V4(self.address))
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
        self.socket_and_packets(handle).map(|(socket, _)| socket)
    }

    fn socket_and_packets(&mut self, handle: &Datagrams) -> io::Result<(&mut SocketState, &mut Packets)> {
        let socket = self.net.sockets.get_mut((handle.node, handle.address.port()));
        let socket = socket.filter(|socket| socket.id == handle.id);
        socket.map(|socket| (socket, &mut self.net.packets)).ok_or_else(|| ErrorKind::NotConnected.into())
    }

    fn close_socket(&mut self, place: (u32, u16)) {
        let Some(mut closed) = self.net.sockets.remove(place) else { return };
        while let Some(packet) = closed.arrived.pop() {
            self.net.packets.lose(packet);
        }
        closed.waiters.into_iter().for_each(|waker| self.discard(waker));
    }

    pub(super) fn close_datagrams(&mut self, node: u32) {
        self.net.sockets.of(node).into_iter().for_each(|port| self.close_socket((node, port)));
    }

    /// The fate of a datagram with so much payload, from those of its fragments.
    fn datagram_fate(&mut self, link: LinkId, payload: u64) -> Fate {
        let mtu = u64::from(self.net.links.profile(link).mtu);
        if payload + UDP_HEADER + IP_HEADER <= mtu {
            return self.fate(link, Class::Datagram, payload);
        }
        // Fragments start at multiples of eight bytes.
        let room = (mtu.saturating_sub(IP_HEADER) & !7).max(8);
        let mut fate = self.fate(link, Class::Datagram, room - UDP_HEADER);
        let mut left = payload + UDP_HEADER - room;
        while left > 0 {
            let bytes = left.min(room);
            fate = fate.and(self.fate(link, Class::Fragment, bytes));
            left -= bytes;
        }
        fate
    }

    pub(crate) fn datagram_arrived(&mut self, packet: u32) {
        let Packet { link, .. } = *self.net.packets.get(packet);
        self.trace.fold(self.nodes.get(link.to).identity.0);
        match self.datagram_received(link, packet) {
            Some(waiters) => waiters.into_iter().for_each(|waiter| self.wake(waiter)),
            None => self.net.packets.lose(packet),
        }
    }

    /// Puts a packet on the socket that it is for, if there is one with room: who waits there.
    fn datagram_received(&mut self, link: LinkId, packet: u32) -> Option<Waiters> {
        if self.dropped_by_cut(link) || !self.nodes.get(link.to).powered {
            return None;
        }
        let Packet { target, ref payload, .. } = *self.net.packets.get(packet);
        let (place, length) = ((link.to, target.port()), payload.len());
        let bound = self.net.sockets.get(place)?.bound;
        if !reachable(bound.into(), *target.ip()) {
            return None;
        }
        for bit in self.flipped_bits(link, length) {
            flip(&mut self.net.packets.get(packet).payload[bit / 8], bit);
        }
        let socket = self.net.sockets.get_mut(place).expect("just seen");
        let queued_bytes = socket.queued_bytes + u32::try_from(length).expect("bounded when it was sent");
        if queued_bytes > RECEIVE_BUFFER {
            return None;
        }
        socket.queued_bytes = queued_bytes;
        socket.arrived.push(packet);
        Some(std::mem::take(&mut socket.waiters))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_is_read_in_that_order_however_the_two_alternate() {
        let (mut arrived, mut next_in, mut next_out) = (Arrived::default(), 0, 0);
        for (pushes, pops) in [(1, 1), (3, 2), (2, 1), (0, 2), (1, 0), (4, 5)] {
            for _ in 0..pushes {
                arrived.push(next_in);
                next_in += 1;
            }
            for _ in 0..pops {
                assert_eq!(arrived.pop(), Some(next_out));
                next_out += 1;
            }
        }
        assert_eq!((arrived.pop(), next_in), (None, next_out));
    }
}
