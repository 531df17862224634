//! Handles on listeners and streams: plain numbers, valid in their own run and on its thread.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::task::{Context, Poll};

use super::conn::{ConnKey, Side, Socket, across};
use super::waiters::Waiters;
use super::{ListenerState, own_address};
use crate::caller;
use crate::world::{self, World};

/// A handle was used outside the simulation it belongs to.
pub(super) fn foreign() -> io::Error {
    io::Error::new(
        ErrorKind::NotConnected,
        "a simulator handle was used outside its simulation, or on another thread",
    )
}

/// Accepts connections on a port of a node.
#[derive(Debug)]
pub struct Listener {
    run: u32,
    node: u32,
    id: u64,
    address: SocketAddr,
}

impl Listener {
    /// Listens; port 0 takes a free one.
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
            let at = own_address(address, own)?;
            let port = world.claim_port(caller.node, address.port(), |net, port| {
                net.listeners.get((caller.node, port)).is_some()
            })?;
            world.net.opened += 1;
            let id = world.net.opened;
            let bound = address.ip();
            let state = ListenerState { id, bound, queue: VecDeque::new(), waiters: Waiters::default() };
            let address = SocketAddr::new(at.into(), port);
            world.net.listeners.insert((caller.node, port), state);
            Ok(Self { run: world.run, node: caller.node, id, address })
        })
    }

    /// Ready with the next connection.
    ///
    /// # Errors
    /// `NotConnected` if the listener is gone or foreign.
    pub fn poll_accept(&self, cx: &mut Context<'_>) -> Poll<io::Result<Stream>> {
        if self.run != caller::run() {
            return Poll::Ready(Err(foreign()));
        }
        world::with(|world| {
            let listener = world.net.listeners.get_mut((self.node, self.address.port()));
            let Some(listener) = listener.filter(|listener| listener.id == self.id) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            while let Some(key) = listener.queue.pop_front() {
                // A client that gave up meanwhile leaves nothing to accept.
                if world.net.conns.get(key).is_some() {
                    return Poll::Ready(Ok(Stream::new(key, 1)));
                }
            }
            listener.waiters.park(cx.waker());
            Poll::Pending
        })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// None so far.
    pub const fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.run != caller::run() {
            return;
        }
        world::with(|world| {
            let place = (self.node, self.address.port());
            if world.net.listeners.get(place).is_some_and(|listener| listener.id == self.id) {
                world.close_listener(place);
            }
        });
    }
}

/// One end of a connection.
#[derive(Debug)]
pub struct Stream {
    run: u32,
    key: ConnKey,
    side: Side,
}

impl Stream {
    pub(super) fn new(key: ConnKey, side: Side) -> Self {
        Self { run: caller::run(), key, side }
    }

    pub(super) fn parts(&self) -> io::Result<(ConnKey, Side)> {
        if self.run == caller::run() { Ok((self.key, self.side)) } else { Err(foreign()) }
    }

    /// Reads what has arrived; zero bytes mean the end of the stream.
    ///
    /// # Errors
    /// `ConnectionReset`, `TimedOut`; `NotConnected` for a handle that is stale or foreign.
    pub fn poll_read(&self, cx: &mut Context<'_>, into: &mut [u8]) -> Poll<io::Result<usize>> {
        let (key, side) = self.parts()?;
        world::with(|world| {
            let Some(conn) = world.net.conns.get_mut(key) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            let end = &mut conn.ends[side as usize];
            match end.socket {
                Socket::Open => {}
                Socket::Failed => {
                    return Poll::Ready(Err(end.error.unwrap_or(ErrorKind::ConnectionReset).into()));
                }
                Socket::Closed | Socket::Gone => return Poll::Ready(Err(ErrorKind::NotConnected.into())),
            }
            let pipe = &conn.pipes[across(side) as usize];
            if pipe.readable() > 0 && !into.is_empty() {
                return Poll::Ready(Ok(world.pipe_read(key, across(side), into)));
            }
            if pipe.fin_arrived || into.is_empty() {
                return Poll::Ready(Ok(0));
            }
            let old = end.reader.replace(cx.waker().clone());
            old.into_iter().for_each(|waker| world.discard(waker));
            Poll::Pending
        })
    }

    /// Writes as much as the window takes.
    ///
    /// # Errors
    /// `BrokenPipe` once the connection was reset or this direction ended, `TimedOut`;
    /// `NotConnected` for a handle that is stale or foreign.
    pub fn poll_write(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let (key, side) = self.parts()?;
        world::with(|world| {
            let Some(conn) = world.net.conns.get_mut(key) else {
                return Poll::Ready(Err(ErrorKind::NotConnected.into()));
            };
            let end = &mut conn.ends[side as usize];
            match (end.socket, end.error) {
                (Socket::Open, _) => {}
                (Socket::Failed, Some(ErrorKind::TimedOut)) => {
                    return Poll::Ready(Err(ErrorKind::TimedOut.into()));
                }
                (Socket::Failed, _) => return Poll::Ready(Err(ErrorKind::BrokenPipe.into())),
                (Socket::Closed | Socket::Gone, _) => {
                    return Poll::Ready(Err(ErrorKind::NotConnected.into()));
                }
            }
            let pipe = &conn.pipes[side as usize];
            if pipe.fin {
                return Poll::Ready(Err(ErrorKind::BrokenPipe.into()));
            }
            let room = usize::try_from(pipe.room()).expect("at most a window");
            if room == 0 && !bytes.is_empty() {
                let old = end.writer.replace(cx.waker().clone());
                old.into_iter().for_each(|waker| world.discard(waker));
                return Poll::Pending;
            }
            let count = bytes.len().min(room);
            if count > 0 {
                world.pipe_write(key, side, &bytes[..count]);
            }
            Poll::Ready(Ok(count))
        })
    }

    /// Ends this direction: the other side reads what was written, then the end of the stream.
    pub fn shutdown(&self) {
        if let Ok((key, side)) = self.parts() {
            world::with(|world| {
                let open = world.net.conns.get(key).map(|conn| conn.ends[side as usize].socket);
                if open == Some(Socket::Open) {
                    world.pipe_finish(key, side);
                }
            });
        }
    }

    /// The address of the other end.
    ///
    /// # Errors
    /// `NotConnected` for a handle that is stale or foreign.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.address(across(self.side))
    }

    /// The address of this end.
    ///
    /// # Errors
    /// `NotConnected` for a handle that is stale or foreign.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.address(self.side)
    }

    fn address(&self, side: Side) -> io::Result<SocketAddr> {
        let (key, _) = self.parts()?;
        let address = world::with(|world| Some(world.net.conns.get(key)?.ends[side as usize].address));
        address.ok_or_else(|| ErrorKind::NotConnected.into())
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if let Ok((key, side)) = self.parts() {
            world::with(|world| world.conn_close(key, side));
        }
    }
}

impl World {
    /// Closes a listener; connections nobody accepted are reset.
    fn close_listener(&mut self, place: (u32, u16)) {
        let Some(listener) = self.net.listeners.remove(place) else { return };
        listener.waiters.into_iter().for_each(|waker| self.discard(waker));
        for key in listener.queue {
            if let Some(conn) = self.net.conns.get_mut(key) {
                conn.ends[1].socket = Socket::Gone;
                self.send_reset(key, 1);
                self.conn_tidy(key);
            }
        }
    }

    /// Closes every listener and datagram socket of a node.
    pub(super) fn close_sockets(&mut self, node: u32) {
        let powered = self.nodes.get(node).powered;
        for port in self.net.listeners.of(node) {
            let place = (node, port);
            if powered {
                self.close_listener(place);
            } else if let Some(listener) = self.net.listeners.remove(place) {
                listener.waiters.into_iter().for_each(|waker| self.discard(waker));
            }
        }
        self.close_datagrams(node);
    }
}
