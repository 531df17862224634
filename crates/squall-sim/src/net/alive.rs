//! What ends a connection whose other side is silent: keep-alive probes and the user time-out.
//!
//! Both are off unless a program asks for them, as on Linux (tcp(7): `SO_KEEPALIVE`, `TCP_KEEPIDLE`,
//! `TCP_KEEPINTVL`, `TCP_KEEPCNT`, `TCP_USER_TIMEOUT`); a connection without them costs nothing.

use std::io::{self, ErrorKind};

use squall_history::{SimDuration, SimTime};

use super::conn::{ConnKey, End, Side, Socket, across};
use super::fate::{Class, Fate};
use super::stream::Stream;
use crate::caller;
use crate::event::Event;
use crate::world::{self, World};

/// When a silent connection is probed, and when it is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Keepalive {
    /// The first probe, after so long without a word.
    pub idle: SimDuration,
    /// Between probes.
    pub interval: SimDuration,
    /// Probes without an answer before the connection ends with `TimedOut`.
    pub probes: u32,
}

/// What a side watches of the side across.
#[derive(Debug)]
pub(super) struct Alive {
    keepalive: Option<Keepalive>,
    user_timeout: Option<SimDuration>,
    /// When the side across was last heard of.
    heard: SimTime,
    /// Probes sent since.
    probed: u32,
    /// Timers of an earlier turn are void.
    turn: u32,
    /// Whether the timer of the user time-out runs.
    is_waiting: bool,
}

impl End {
    /// Something came from the side across.
    #[inline]
    pub(super) fn hear(&mut self) {
        if let Some(alive) = &mut self.alive {
            (alive.heard, alive.probed) = (caller::now(), 0);
        }
    }
}

impl Stream {
    /// Probes the other side when it is silent, or no longer does.
    ///
    /// # Errors
    /// `NotConnected` for a handle that is stale or foreign.
    pub fn set_keepalive(&self, keepalive: Option<Keepalive>) -> io::Result<()> {
        self.watch(|alive| alive.keepalive = keepalive)
    }

    /// Ends the connection with `TimedOut` if what was written is not acknowledged for so long, however
    /// often it would be sent again; nothing: after Linux's 15 retransmissions.
    ///
    /// # Errors
    /// `NotConnected` for a handle that is stale or foreign.
    pub fn set_user_timeout(&self, timeout: Option<SimDuration>) -> io::Result<()> {
        self.watch(|alive| alive.user_timeout = timeout)
    }

    fn watch(&self, change: impl FnOnce(&mut Alive)) -> io::Result<()> {
        let (key, side) = self.parts()?;
        world::with(|world| {
            let conn = world.net.conns.get_mut(key).ok_or(ErrorKind::NotConnected)?;
            let alive = conn.ends[side as usize].alive.get_or_insert_with(|| {
                let heard = caller::now();
                Box::new(Alive {
                    keepalive: None,
                    user_timeout: None,
                    heard,
                    probed: 0,
                    turn: 0,
                    is_waiting: false,
                })
            });
            change(alive);
            (alive.turn, alive.is_waiting) = (alive.turn + 1, false);
            let pipe = &mut conn.pipes[side as usize];
            (pipe.is_watched, pipe.progress) = (alive.user_timeout.is_some(), caller::now());
            if let Some(Keepalive { idle, .. }) = alive.keepalive {
                let at = caller::now().max(alive.heard + idle);
                world.queue.push(at, Event::Keepalive { conn: key, side, turn: alive.turn });
            }
            world.begin_patience(key, side);
            Ok(())
        })
    }
}

impl World {
    /// The keep-alive timer of a side fires (`tcp_keepalive_timer` of Linux).
    pub(crate) fn keepalive_due(&mut self, key: ConnKey, side: Side, turn: u32) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let behind = conn.pipes[side as usize].is_behind();
        let (link, end) = (conn.links[side as usize], &mut conn.ends[side as usize]);
        let (node, is_open) = (end.node, end.socket == Socket::Open);
        let Some(alive) = end.alive.as_mut().filter(|alive| is_open && alive.turn == turn) else { return };
        let Some(Keepalive { idle, interval, probes }) = alive.keepalive else { return };
        self.trace.fold(self.nodes.get(node).identity.0);
        let silent = caller::now() - alive.heard;
        let next = if behind {
            // What is under way will be asked for again, or be given up: no need to probe.
            caller::now() + idle
        } else if silent < idle {
            alive.heard + idle
        } else {
            let is_given_up = match alive.user_timeout {
                Some(timeout) => silent >= timeout && alive.probed > 0,
                None => alive.probed >= probes,
            };
            if is_given_up {
                self.send_reset(key, side);
                return self.conn_fail(key, side, ErrorKind::TimedOut);
            }
            alive.probed += 1;
            if let Fate::Arrives { delay, .. } = self.fate(link, Class::Probe, 0) {
                self.carry(link, delay, Event::Probe { conn: key, to: across(side) });
            }
            caller::now() + interval
        };
        self.queue.push(next, Event::Keepalive { conn: key, side, turn });
    }

    /// A probe reaches a side's kernel: it answers, or resets what it knows nothing of.
    pub(crate) fn probe_arrived(&mut self, key: ConnKey, to: Side) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let (there, back) = (conn.links[across(to) as usize], conn.links[to as usize]);
        let end = &conn.ends[to as usize];
        let (node, socket) = (end.node, end.socket);
        self.trace.fold(self.nodes.get(node).identity.0);
        if self.dropped_by_cut(there) || !self.nodes.get(node).powered {
            return;
        }
        if matches!(socket, Socket::Gone | Socket::Failed) {
            return self.send_reset(key, to);
        }
        self.net.conns.get_mut(key).expect("still live").ends[to as usize].hear();
        if let Fate::Arrives { delay, .. } = self.fate(back, Class::Probe, 0) {
            self.carry(back, delay, Event::ProbeAnswer { conn: key, to: across(to) });
        }
    }

    /// The answer to a probe is back.
    pub(crate) fn probe_answered(&mut self, key: ConnKey, to: Side) {
        let Some(conn) = self.net.conns.get(key) else { return };
        let (link, node) = (conn.links[across(to) as usize], conn.ends[to as usize].node);
        self.trace.fold(self.nodes.get(node).identity.0);
        if !self.dropped_by_cut(link) {
            self.net.conns.get_mut(key).expect("still live").ends[to as usize].hear();
        }
    }

    /// A side has written: from now on it waits for news of what it sent, if it has a user time-out.
    pub(super) fn begin_patience(&mut self, key: ConnKey, side: Side) {
        let conn = self.net.conns.get_mut(key).expect("the sender's connection is live");
        let pipe = &mut conn.pipes[side as usize];
        let Some(alive) = &mut conn.ends[side as usize].alive else { return };
        let Some(timeout) = alive.user_timeout.filter(|_| pipe.is_behind() && !alive.is_waiting) else {
            return;
        };
        alive.is_waiting = true;
        let turn = alive.turn;
        self.queue.push(pipe.progress + timeout, Event::Patience { conn: key, side, turn });
    }

    /// The timer of a user time-out fires.
    pub(crate) fn patience_due(&mut self, key: ConnKey, side: Side, turn: u32) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let pipe = &conn.pipes[side as usize];
        let (behind, since) = (pipe.is_behind(), pipe.progress);
        let end = &mut conn.ends[side as usize];
        let (node, is_live) = (end.node, matches!(end.socket, Socket::Open | Socket::Closed));
        let Some(alive) = end.alive.as_mut().filter(|alive| is_live && alive.turn == turn) else { return };
        let Some(timeout) = alive.user_timeout else { return };
        alive.is_waiting = behind;
        self.trace.fold(self.nodes.get(node).identity.0);
        if !behind {
            return;
        }
        if caller::now() >= since + timeout {
            self.conn_fail(key, side, ErrorKind::TimedOut);
        } else {
            self.queue.push(since + timeout, Event::Patience { conn: key, side, turn });
        }
    }
}
