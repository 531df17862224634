//! The handshake: request, answer, first segment (RFC 9293 section 3.5).

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::task::{Context, Poll};

use squall_history::SimDuration;

use super::conn::{Conn, ConnKey, End, Socket, Stage};
use super::fate::{Class, Fate};
use super::link::LinkId;
use super::pipe::Pipe;
use super::reachable;
use super::stream::Stream;
use crate::caller;
use crate::event::Event;
use crate::world::{self, World};

/// The first request is repeated after this long, then after twice as long each time.
const SYN_RETRY_FIRST: SimDuration = SimDuration::from_secs(1);
/// Repetitions before giving up (`tcp_syn_retries`): 127 s in all.
const SYN_RETRIES: u8 = 6;
/// Most connections that wait to be accepted.
const BACKLOG: usize = 1_024;

/// A connection in the making. Dropping it gives it up.
#[derive(Debug)]
pub struct Connecting {
    /// Absent once it has become a [`Stream`].
    stream: Option<Stream>,
}

impl Connecting {
    /// Asks `address` for a connection.
    ///
    /// # Errors
    /// `InvalidInput` for anything but an IPv4 address.
    ///
    /// # Panics
    /// Outside software on a node.
    pub fn start(address: SocketAddr) -> io::Result<Self> {
        let IpAddr::V4(ip) = address.ip() else {
            return Err(io::Error::new(ErrorKind::InvalidInput, "the simulated network is IPv4"));
        };
        let caller = caller::expect();
        let key = world::with(|world| {
            if !world.nodes.is_current(caller.node, caller.boot) {
                return Err(io::Error::from(ErrorKind::NetworkDown));
            }
            // The unspecified address reaches the node itself, as on Linux, and so does the loopback.
            let is_own = ip.is_unspecified() || ip.is_loopback();
            let target = if is_own { Some(caller.node) } else { world.nodes.at_address(ip) };
            Ok(world.connect(caller.node, target, address))
        })?;
        Ok(Self { stream: Some(Stream::new(key, 0)) })
    }

    /// Ready once the answer is here.
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut` after about two minutes without an answer.
    ///
    /// # Panics
    /// After it was ready.
    pub fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        let stream = self.stream.as_ref().expect("polled again after it was ready");
        let (key, side) = stream.parts()?;
        let ready = world::with(|world| {
            let Some(conn) = world.net.conns.get_mut(key) else {
                return Some(Err(ErrorKind::NotConnected.into()));
            };
            let end = &mut conn.ends[side as usize];
            if let Some(error) = end.error {
                return Some(Err(error.into()));
            }
            if matches!(conn.stage, Stage::Connected | Stage::Accepted) {
                return Some(Ok(()));
            }
            let old = end.reader.replace(cx.waker().clone());
            old.into_iter().for_each(|waker| world.discard(waker));
            None
        });
        match ready {
            None => Poll::Pending,
            Some(Err(error)) => Poll::Ready(Err(error)),
            Some(Ok(())) => Poll::Ready(Ok(self.stream.take().expect("checked above"))),
        }
    }
}

impl World {
    fn connect(&mut self, from: u32, to: Option<u32>, address: SocketAddr) -> ConnKey {
        let client = self.nodes.get_mut(from);
        let is_loopback = address.ip().is_loopback();
        let own = if is_loopback { address.ip() } else { client.address.into() };
        let local = SocketAddr::new(own, client.ephemeral_port());
        // An address without a node: requests go out over the node's own link and vanish.
        let target = to.unwrap_or(from);
        let links = [LinkId { from, to: target }, LinkId { from: target, to: from }];
        let end = |node, address, socket| End {
            node,
            address,
            socket,
            error: None,
            reader: None,
            writer: None,
            alive: None,
        };
        let address = match to {
            Some(to) if !is_loopback => SocketAddr::new(self.nodes.get(to).address.into(), address.port()),
            _ => address,
        };
        self.net.opened += 1;
        let key = self.net.conns.insert(Conn {
            number: self.net.opened,
            stage: Stage::Requested,
            ends: [end(from, local, Socket::Open), end(target, address, Socket::Gone)],
            pipes: [Pipe::default(), Pipe::default()],
            links,
        });
        match to {
            Some(_) => self.send_syn(key, 0),
            None => self.schedule_syn_retry(key, 0),
        }
        key
    }

    fn send_syn(&mut self, key: ConnKey, attempt: u8) {
        let link = self.net.conns.get(key).expect("checked by the caller").links[0];
        if let Fate::Arrives { delay, .. } = self.fate(link, Class::Syn, 0) {
            self.carry(link, delay, Event::Syn(key));
        }
        self.schedule_syn_retry(key, attempt);
    }

    fn schedule_syn_retry(&mut self, key: ConnKey, attempt: u8) {
        let wait = SimDuration(SYN_RETRY_FIRST.0 << attempt);
        self.queue.push(caller::now() + wait, Event::SynRetry { conn: key, attempt: attempt + 1 });
    }

    pub(crate) fn syn_again(&mut self, key: ConnKey, attempt: u8) {
        let Some(conn) = self.net.conns.get(key) else { return };
        if !matches!(conn.stage, Stage::Requested | Stage::Answered) || conn.ends[0].socket != Socket::Open {
            return;
        }
        let address = v4(conn.ends[1].address);
        let nowhere = !address.is_loopback() && self.nodes.at_address(address).is_none();
        if attempt > SYN_RETRIES {
            self.conn_fail(key, 0, ErrorKind::TimedOut);
        } else if nowhere {
            self.schedule_syn_retry(key, attempt);
        } else {
            self.send_syn(key, attempt);
        }
    }

    pub(crate) fn syn_arrived(&mut self, key: ConnKey) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let (node, port, links) = (conn.ends[1].node, conn.ends[1].address.port(), conn.links);
        let (stage, target) = (conn.stage, v4(conn.ends[1].address));
        self.trace.fold(self.nodes.get(node).identity.0);
        if self.dropped_by_cut(links[0]) || !self.nodes.get(node).powered {
            return;
        }
        let refuses = stage == Stage::Requested && self.refused_by_rule(links[0]).is_some();
        let listener = self.net.listeners.get((node, port));
        let Some(listener) = listener.filter(|listener| !refuses && reachable(listener.bound, target)) else {
            if let Fate::Arrives { delay, .. } = self.fate(links[1], Class::Control, 0) {
                self.carry(links[1], delay, Event::Refused(key));
            }
            return;
        };
        // A full backlog drops the request; the client will repeat it.
        if listener.queue.len() >= BACKLOG {
            return;
        }
        let conn = self.net.conns.get_mut(key).expect("still live");
        match conn.stage {
            Stage::Requested => {
                conn.stage = Stage::Answered;
                conn.ends[1].socket = Socket::Open;
            }
            // Asked again: the answer was lost, or is under way.
            Stage::Answered => conn.ends[1].socket = Socket::Open,
            Stage::Connected | Stage::Accepted => return,
        }
        if let Fate::Arrives { delay, .. } = self.fate(links[1], Class::Syn, 0) {
            self.carry(links[1], delay, Event::SynAck(key));
        }
    }

    pub(crate) fn syn_ack_arrived(&mut self, key: ConnKey) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let (client, link) = (conn.ends[0].node, conn.links[1]);
        self.trace.fold(self.nodes.get(client).identity.0);
        if self.dropped_by_cut(link) {
            return;
        }
        let conn = self.net.conns.get_mut(key).expect("still live");
        if conn.stage != Stage::Answered {
            return;
        }
        if conn.ends[0].socket != Socket::Open {
            // A client that forgot its request (its machine lost power) resets the answer.
            conn.ends[1].socket = Socket::Gone;
            self.conn_tidy(key);
            return;
        }
        conn.stage = Stage::Connected;
        let reader = conn.ends[0].reader.take();
        self.wake_parked(reader);
        self.pipe_send(key, 0, Class::Syn);
    }

    pub(crate) fn refusal_arrived(&mut self, key: ConnKey) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let (client, link, stage) = (conn.ends[0].node, conn.links[1], conn.stage);
        self.trace.fold(self.nodes.get(client).identity.0);
        if !self.dropped_by_cut(link) && matches!(stage, Stage::Requested | Stage::Answered) {
            self.conn_fail(key, 0, ErrorKind::ConnectionRefused);
        }
    }

    /// The client's first segment is here: the connection waits to be accepted. False if nobody
    /// listens any more.
    pub(super) fn handshake_completed(&mut self, key: ConnKey) -> bool {
        let conn = self.net.conns.get_mut(key).expect("checked by the caller");
        if conn.stage == Stage::Accepted {
            return true;
        }
        let port = (conn.ends[1].node, conn.ends[1].address.port());
        let Some(listener) = self.net.listeners.get_mut(port) else {
            conn.ends[1].socket = Socket::Gone;
            return false;
        };
        conn.stage = Stage::Accepted;
        listener.queue.push_back(key);
        let waiters = std::mem::take(&mut listener.waiters);
        waiters.into_iter().for_each(|waiter| self.wake(waiter));
        true
    }
}

fn v4(address: SocketAddr) -> std::net::Ipv4Addr {
    match address.ip() {
        IpAddr::V4(ip) => ip,
        IpAddr::V6(_) => unreachable!("refused at the start"),
    }
}
