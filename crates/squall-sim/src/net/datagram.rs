//! Datagrams: lost, doubled, overtaken; altered by nothing but a fault that corrupts.
//!
//! One that is longer than a packet travels in fragments (RFC 791), each with a fate of its own: it is
//! there when the last of them is, and lost if one of them is.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::task::{Context, Poll};

use super::bandwidth::IP_HEADER;
use super::corrupt::flip;
use super::fate::{Class, Fate};
use super::link::LinkId;
use super::packets::{Arrived, Packet, Packets};
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
