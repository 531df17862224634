//! Connections: two sides and a pipe each way.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::task::Waker;

use super::alive::Alive;
use super::fate::{Class, Fate};
use super::link::LinkId;
use super::pipe::Pipe;
use crate::effects::Effects;
use crate::event::Event;

/// A connection; a stale key finds nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ConnKey {
    pub(super) index: u32,
    pub(super) generation: u32,
}

/// Which end: 0 connected, 1 accepted.
pub(super) type Side = u8;

/// The end across.
pub(super) const fn across(side: Side) -> Side {
    1 - side
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stage {
    /// The request is on its way.
    Requested,
    /// It reached a listener, the answer is on its way.
    Answered,
    /// The client is connected; the listener's side waits for the client's first segment.
    Connected,
    /// Both sides are.
    Accepted,
}

/// What a side's socket is to its kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Socket {
    /// Open.
    Open,
    /// It was reset, refused or given up; the program still holds it and will be told.
    Failed,
    /// The program closed it; the kernel still sends what was written, and its end.
    Closed,
    /// Nothing is left of it. What comes is answered by RST, if the node has power.
    Gone,
}

#[derive(Debug)]
pub(super) struct End {
    pub(super) node: u32,
    pub(super) address: SocketAddr,
    pub(super) socket: Socket,
    pub(super) error: Option<ErrorKind>,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
    /// What it watches of the end across, if its program asked for that.
    pub(super) alive: Option<Box<Alive>>,
}

#[derive(Debug)]
pub(super) struct Conn {
    /// Which connection of the run it is.
    pub(super) number: u64,
    pub(super) stage: Stage,
    pub(super) ends: [End; 2],
    /// `pipes[side]`: what that side sends.
    pub(super) pipes: [Pipe; 2],
    /// `links[side]`: what that side sends over.
    pub(super) links: [LinkId; 2],
}

impl Conn {
    /// Whether something a side sent awaits an answer: its retransmission timer must not stop. The
    /// client's first segment also ends the handshake, so it must arrive even if it is empty.
    pub(super) fn awaits(&self, side: Side) -> bool {
        self.pipes[side as usize].is_behind() || (side == 0 && self.stage == Stage::Connected)
    }
}

#[derive(Debug, Default)]
struct Slot {
    generation: u32,
    conn: Option<Box<Conn>>,
}

/// All connections.
#[derive(Debug, Default)]
pub(super) struct Conns {
    slots: Vec<Slot>,
    free: Vec<u32>,
}

impl Conns {
    pub(super) fn insert(&mut self, conn: Conn) -> ConnKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            u32::try_from(self.slots.len() - 1).expect("fewer connections than memory for them")
        });
        let slot = &mut self.slots[index as usize];
        slot.conn = Some(Box::new(conn));
        ConnKey { index, generation: slot.generation }
    }

    pub(super) fn get(&self, key: ConnKey) -> Option<&Conn> {
        let slot = self.slots.get(key.index as usize)?;
        slot.conn.as_deref().filter(|_| slot.generation == key.generation)
    }

    pub(super) fn get_mut(&mut self, key: ConnKey) -> Option<&mut Conn> {
        let slot = self.slots.get_mut(key.index as usize)?;
        slot.conn.as_deref_mut().filter(|_| slot.generation == key.generation)
    }

    pub(super) fn remove(&mut self, key: ConnKey) -> Option<Box<Conn>> {
        self.get(key)?;
        let slot = &mut self.slots[key.index as usize];
        slot.generation += 1;
        self.free.push(key.index);
        slot.conn.take()
    }

    /// Removes a connection that no program holds any more: nobody could read what is under way.
    pub(super) fn tidy(&mut self, key: ConnKey) -> Option<Box<Conn>> {
        let held = |end: &End| matches!(end.socket, Socket::Open | Socket::Failed);
        let conn = self.get(key)?;
        if conn.ends.iter().any(held) {
            return None;
        }
        self.remove(key)
    }

    /// Every live connection, in the order they were opened: slots depend on those closed before.
    pub(super) fn keys(&self) -> Vec<ConnKey> {
        let live = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let index = u32::try_from(index).expect("bounded at insertion");
            Some((slot.conn.as_ref()?.number, ConnKey { index, generation: slot.generation }))
        });
        let mut live: Vec<(u64, ConnKey)> = live.collect();
        live.sort_unstable_by_key(|(number, _)| *number);
        live.into_iter().map(|(_, key)| key).collect()
    }
}

impl crate::world::World {
    /// A side fails: its program is told, its kernel forgets the connection.
    pub(super) fn conn_fail(&mut self, key: ConnKey, side: Side, error: ErrorKind) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let end = &mut conn.ends[side as usize];
        end.socket = match end.socket {
            Socket::Open => Socket::Failed,
            Socket::Failed => return,
            Socket::Closed | Socket::Gone => Socket::Gone,
        };
        end.error = Some(error);
        let (reader, writer) = (end.reader.take(), end.writer.take());
        self.wake_parked(reader);
        self.wake_parked(writer);
        self.conn_tidy(key);
    }

    /// A side's program closes its socket: the other side will see the end of the stream, or a reset
    /// if there was something left to read.
    pub(super) fn conn_close(&mut self, key: ConnKey, side: Side) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let unread = conn.pipes[across(side) as usize].readable() > 0;
        let unconnected = side == 0 && matches!(conn.stage, Stage::Requested | Stage::Answered);
        let unaccepted = side == 1 && conn.stage != Stage::Accepted;
        let end = &mut conn.ends[side as usize];
        let (reader, writer) = (end.reader.take(), end.writer.take());
        let was = end.socket;
        end.socket = match was {
            Socket::Open if !unread && !unconnected && !unaccepted => Socket::Closed,
            Socket::Closed => return,
            Socket::Open | Socket::Failed | Socket::Gone => Socket::Gone,
        };
        for parked in [reader, writer].into_iter().flatten() {
            self.discard(parked);
        }
        match was {
            Socket::Open if unconnected => {
                // Nobody has accepted it: both kernels forget it.
                if let Some(conn) = self.net.conns.get_mut(key) {
                    conn.ends[across(side) as usize].socket = Socket::Gone;
                }
            }
            // The listener's process died during the handshake: what the client sends next, be it
            // its request again, is refused or reset.
            Socket::Open if unaccepted => {}
            Socket::Open if unread => self.send_reset(key, side),
            Socket::Open => self.pipe_finish(key, side),
            Socket::Failed | Socket::Closed | Socket::Gone => {}
        }
        self.conn_tidy(key);
    }

    pub(super) fn conn_tidy(&mut self, key: ConnKey) {
        if let Some(conn) = self.net.conns.tidy(key) {
            for end in conn.ends {
                for parked in [end.reader, end.writer].into_iter().flatten() {
                    self.discard(parked);
                }
            }
        }
    }

    /// Sends a reset from `side` to the side across.
    pub(super) fn send_reset(&mut self, key: ConnKey, side: Side) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let link = conn.links[side as usize];
        match self.fate(link, Class::Control, 0) {
            Fate::Arrives { delay, .. } => {
                self.carry(link, delay, Event::Reset { conn: key, to: across(side) });
            }
            // What the other side sent stays unanswered: it must ask again, or it would hang.
            Fate::Lost => self.ask_again(key, across(side)),
        }
    }

    pub(crate) fn reset_arrived(&mut self, key: ConnKey, to: Side) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let (link, node) = (conn.links[across(to) as usize], conn.ends[to as usize].node);
        self.trace.fold(self.nodes.get(node).identity.0);
        if self.dropped_by_cut(link) {
            self.ask_again(key, to);
        } else {
            self.conn_fail(key, to, ErrorKind::ConnectionReset);
        }
    }

    /// A process dies; its kernel closes what it held.
    pub(crate) fn net_kill(&mut self, node: u32, effects: &mut Effects) {
        // Listeners first: a connection that nobody accepted is reset, not closed.
        let ends = self.conns_of(node);
        effects.add(
            "connections-closed",
            ends.iter().filter(|(.., socket)| *socket == Socket::Open).count() as u64,
        );
        self.close_sockets(node);
        ends.into_iter().for_each(|(key, side, _)| self.conn_close(key, side));
    }

    /// A machine dies; nobody is told.
    pub(crate) fn net_power_loss(&mut self, node: u32, effects: &mut Effects) {
        for (key, side, socket) in self.conns_of(node) {
            effects.add("connections-lost", u64::from(socket != Socket::Failed));
            let conn = self.net.conns.get_mut(key).expect("just listed");
            let end = &mut conn.ends[side as usize];
            end.socket = Socket::Gone;
            let parked = [end.reader.take(), end.writer.take()];
            parked.into_iter().flatten().for_each(|waker| self.discard(waker));
            self.conn_tidy(key);
        }
        self.close_sockets(node);
    }

    /// The ends that a node's kernel knows.
    fn conns_of(&self, node: u32) -> Vec<(ConnKey, Side, Socket)> {
        let mut ends = Vec::new();
        for key in self.net.conns.keys() {
            let conn = self.net.conns.get(key).expect("just listed");
            for side in [0, 1] {
                let end = &conn.ends[side as usize];
                if end.node == node && end.socket != Socket::Gone {
                    ends.push((key, side, end.socket));
                }
            }
        }
        ends
    }
}
