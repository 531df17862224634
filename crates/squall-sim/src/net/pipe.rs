//! One direction of a stream: bytes written, under way, arrived, read.
//!
//! The bytes lie in one buffer from `read` to `written`; what has arrived is a position in it, so a
//! segment on its way is an event of a few words and copies nothing. Order is kept by construction:
//! a segment never arrives before the one sent ahead of it. A lost segment stops the direction until
//! the retransmission timer sends everything from there on again (go-back-N, RFC 9293 section
//! 3.8.1): loss slows a stream, it never hangs it.
//!
//! Acknowledgements and window updates are state, not events: the sender knows at once what arrived
//! and what was read, unless the way back is cut, when it learns it as the cut heals.

use std::collections::VecDeque;

use squall_history::{SimDuration, SimTime};

use super::conn::{ConnKey, Side, Socket, across};
use super::corrupt::flip;
use super::fate::{Class, Fate};
use crate::caller;
use crate::event::Event;
use crate::world::World;

/// Most bytes a direction holds that the receiver has not read: its window.
pub(super) const WINDOW: u64 = 64 << 10;

/// Payload of a full packet, and the time that a piece of a segment takes at least: a segment is no more
/// pieces than somebody could tell apart.
const PACKET: u64 = 1_460;
const PIECE: SimDuration = SimDuration::from_millis(1);

/// First retransmission after this long (Linux's `TCP_RTO_MIN`), then twice as long each time.
const RETRANSMIT_FIRST: SimDuration = SimDuration::from_millis(200);
/// At most this long (`TCP_RTO_MAX`).
const RETRANSMIT_MAX: SimDuration = SimDuration::from_secs(120);
/// Retransmissions before the connection is given up (`tcp_retries2`): about 15 minutes.
const RETRANSMISSIONS: u8 = 15;

#[derive(Debug, Default)]
pub(super) struct Pipe {
    buffer: VecDeque<u8>,
    /// Positions in the stream: `read <= arrived <= written`, and the sender knows of
    /// `credited <= read` and `acked <= arrived`.
    pub(super) read: u64,
    pub(super) arrived: u64,
    pub(super) written: u64,
    credited: u64,
    acked: u64,
    /// How far it was sent, but for what is lost: `arrived <= sent`, and what lies between is under way.
    sent: u64,
    /// The sender will write no more.
    pub(super) fin: bool,
    /// The receiver knows that.
    pub(super) fin_arrived: bool,
    fin_acked: bool,
    /// Segments of an older epoch are discarded: an earlier one was lost.
    epoch: u32,
    last_arrival: SimTime,
    /// The timer runs, for the n-th time in a row.
    recovering: bool,
    attempts: u8,
    /// Whether the sender has a user time-out, and since when it waits for news.
    pub(super) is_watched: bool,
    pub(super) progress: SimTime,
}

impl Pipe {
    /// Bytes the sender may write now.
    pub(super) const fn room(&self) -> u64 {
        WINDOW - (self.written - self.credited)
    }

    pub(super) const fn readable(&self) -> u64 {
        self.arrived - self.read
    }

    fn take(&mut self, into: &mut [u8]) -> usize {
        let count = into.len().min(usize::try_from(self.readable()).expect("at most a window"));
        let (front, back) = self.buffer.as_slices();
        let split = front.len().min(count);
        into[..split].copy_from_slice(&front[..split]);
        into[split..count].copy_from_slice(&back[..count - split]);
        self.buffer.drain(..count);
        if self.buffer.is_empty() {
            // Begins anew at its first place: what was touched last is touched next.
            self.buffer.clear();
        }
        self.read += count as u64;
        count
    }

    const fn retransmit_after(&self) -> SimDuration {
        let shift = if self.attempts < 16 { self.attempts } else { 16 };
        let wait = RETRANSMIT_FIRST.0 << shift;
        SimDuration(if wait < RETRANSMIT_MAX.0 { wait } else { RETRANSMIT_MAX.0 })
    }

    /// Whether something was written that the sender does not know to have arrived.
    pub(super) const fn is_behind(&self) -> bool {
        self.acked < self.written || (self.fin && !self.fin_acked)
    }

    /// The sender is about to write: if it waits for nothing yet, it will from now on.
    fn begin_to_wait(&mut self) {
        if self.is_watched && !self.is_behind() {
            self.progress = caller::now();
        }
    }

    /// The sender learns what has arrived.
    fn ack(&mut self) {
        if self.is_watched && (self.acked, self.fin_acked) != (self.arrived, self.fin_arrived) {
            self.progress = caller::now();
        }
        (self.acked, self.fin_acked) = (self.arrived, self.fin_arrived);
    }

    /// What is under way does not count any more: it must be sent again.
    const fn forget_under_way(&mut self) {
        self.epoch += 1;
        self.sent = self.arrived;
    }

    /// A bit of what arrived from position `start` on flips.
    fn corrupt(&mut self, start: u64, bit: usize) {
        let place = usize::try_from(start - self.read).expect("at most a window") + bit / 8;
        flip(&mut self.buffer[place], bit);
    }

    /// In how many pieces a segment arrives that takes `spread` to send: what a narrow link lets
    /// through is there before the rest. A millisecond or a packet each, whichever is more.
    fn pieces(bytes: u64, spread: SimDuration) -> u64 {
        let packets = bytes.div_ceil(PACKET);
        packets.min(spread.0 / PIECE.0).max(1)
    }
}

impl World {
    /// Writes bytes into a direction and sends them. The caller has checked room and state.
    pub(super) fn pipe_write(&mut self, key: ConnKey, side: Side, bytes: &[u8]) {
        self.trace.fold_bytes(bytes);
        let conn = self.net.conns.get_mut(key).expect("checked by the caller");
        let pipe = &mut conn.pipes[side as usize];
        assert!(bytes.len() as u64 <= pipe.room(), "a write exceeds the window");
        pipe.begin_to_wait();
        pipe.buffer.extend(bytes);
        pipe.written += bytes.len() as u64;
        let is_watched = pipe.is_watched;
        self.pipe_send(key, side, Class::Data);
        if is_watched {
            self.begin_patience(key, side);
        }
    }

    /// The direction ends after what was written.
    pub(super) fn pipe_finish(&mut self, key: ConnKey, side: Side) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let pipe = &mut conn.pipes[side as usize];
        let is_watched = pipe.is_watched;
        pipe.begin_to_wait();
        if !std::mem::replace(&mut pipe.fin, true) {
            self.pipe_send(key, side, Class::Data);
            if is_watched {
                self.begin_patience(key, side);
            }
        }
    }

    /// Sends what was written, as one segment; while the direction recovers, the timer will.
    pub(super) fn pipe_send(&mut self, key: ConnKey, side: Side, class: Class) {
        let conn = self.net.conns.get(key).expect("the sender's connection is live");
        let pipe = &conn.pipes[side as usize];
        if pipe.recovering {
            return;
        }
        let link = conn.links[side as usize];
        let first = pipe.sent;
        let bytes = pipe.written - first;
        match self.fate(link, class, bytes) {
            Fate::Lost => self.pipe_recover(key, side),
            Fate::Arrives { delay, spread, .. } if spread == SimDuration::ZERO => {
                self.pipe_carry(key, side, delay, first + bytes);
            }
            Fate::Arrives { delay, spread, .. } => {
                let pieces = Pipe::pieces(bytes, spread);
                for piece in 1..=pieces {
                    // The last one takes the whole delay; those before it are there earlier.
                    let earlier = spread.0 / pieces * (pieces - piece);
                    let upto = first + bytes * piece / pieces;
                    self.pipe_carry(key, side, SimDuration(delay.0 - earlier), upto);
                }
            }
        }
    }

    /// A segment up to a position sets out, with the end if that is all. It does not arrive before the
    /// one ahead of it.
    #[inline]
    fn pipe_carry(&mut self, key: ConnKey, side: Side, delay: SimDuration, upto: u64) {
        let conn = self.net.conns.get_mut(key).expect("still live");
        let link = conn.links[side as usize];
        let pipe = &mut conn.pipes[side as usize];
        let at = (caller::now() + delay).max(pipe.last_arrival);
        (pipe.last_arrival, pipe.sent) = (at, upto);
        let (epoch, fin) = (pipe.epoch, pipe.fin && upto == pipe.written);
        self.carry_until(link, at, Event::Segment { conn: key, from: side, epoch, upto, fin });
    }

    /// A segment would be there at `at`; when it is, given those ahead of it.
    pub(super) fn pipe_arrives(&mut self, key: ConnKey, side: Side, at: SimTime) -> SimTime {
        let Some(conn) = self.net.conns.get_mut(key) else { return at };
        let pipe = &mut conn.pipes[side as usize];
        pipe.last_arrival = at.max(pipe.last_arrival);
        pipe.last_arrival
    }

    /// What is under way is forgotten and sent anew at once: the queue it waited in is gone.
    pub(super) fn pipe_hurry(&mut self, key: ConnKey, side: Side) {
        let conn = self.net.conns.get_mut(key).expect("checked by the caller");
        let (sends, behind) = (conn.ends[side as usize].socket, conn.awaits(side));
        let pipe = &mut conn.pipes[side as usize];
        let is_under_way = pipe.last_arrival > caller::now() && !pipe.recovering;
        if is_under_way && behind && matches!(sends, Socket::Open | Socket::Closed) {
            pipe.forget_under_way();
            pipe.last_arrival = caller::now();
            self.pipe_send(key, side, Class::Retransmit);
        }
    }

    /// A segment was lost: the timer will send again.
    fn pipe_recover(&mut self, key: ConnKey, side: Side) {
        let conn = self.net.conns.get_mut(key).expect("the sender's connection is live");
        let pipe = &mut conn.pipes[side as usize];
        if !std::mem::replace(&mut pipe.recovering, true) {
            let at = caller::now() + pipe.retransmit_after();
            self.queue.push(at, Event::Retransmit { conn: key, from: side });
        }
    }

    pub(crate) fn retransmit(&mut self, key: ConnKey, side: Side) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let sender = conn.ends[side as usize].socket;
        let behind = conn.awaits(side);
        let pipe = &mut conn.pipes[side as usize];
        pipe.recovering = false;
        if matches!(sender, Socket::Gone | Socket::Failed) || !behind {
            return;
        }
        // A user time-out stands in for the number of attempts, whichever would end first.
        if pipe.attempts >= RETRANSMISSIONS && !pipe.is_watched {
            self.conn_fail(key, side, std::io::ErrorKind::TimedOut);
            return;
        }
        pipe.attempts = pipe.attempts.saturating_add(1);
        self.pipe_send(key, side, Class::Retransmit);
    }

    pub(crate) fn segment_arrived(&mut self, key: ConnKey, from: Side, epoch: u32, upto: u64, fin: bool) {
        let Some(conn) = self.net.conns.get_mut(key) else { return };
        let pipe = &conn.pipes[from as usize];
        if pipe.epoch != epoch {
            return;
        }
        let (link, to) = (conn.links[from as usize], across(from));
        let receiver = &conn.ends[to as usize];
        let (socket, node) = (receiver.socket, receiver.node);
        self.trace.fold(self.nodes.get(node).identity.0);
        self.trace.fold(upto);
        if self.dropped_by_cut(link) || !self.nodes.get(node).powered {
            // Lost on the way; what follows it is of no use to a receiver that discards it.
            let conn = self.net.conns.get_mut(key).expect("still live");
            conn.pipes[from as usize].forget_under_way();
            self.pipe_recover(key, from);
            return;
        }
        if from == 0 && socket == Socket::Open && !self.handshake_completed(key) {
            self.send_reset(key, to);
            self.conn_tidy(key);
            return;
        }
        let conn = self.net.conns.get(key).expect("still live");
        let (start, back) = (conn.pipes[from as usize].arrived, conn.links[to as usize]);
        let acks = !self.is_shut(back);
        let flipped = match socket {
            Socket::Open => self.flipped_bits(link, usize::try_from(upto - start).expect("at most a window")),
            _ => Vec::new(),
        };
        let conn = self.net.conns.get_mut(key).expect("still live");
        conn.ends[to as usize].hear();
        if acks {
            conn.ends[from as usize].hear();
        }
        let pipe = &mut conn.pipes[from as usize];
        match socket {
            Socket::Open => {
                assert!(pipe.arrived <= upto && upto <= pipe.written);
                pipe.arrived = upto;
                flipped.into_iter().for_each(|bit| pipe.corrupt(start, bit));
                pipe.fin_arrived |= fin;
                pipe.attempts = 0;
                if acks {
                    pipe.ack();
                }
                let reader = conn.ends[to as usize].reader.take();
                self.wake_parked(reader);
            }
            // The other side's program has closed: only an end is welcome.
            Socket::Closed if upto == pipe.arrived => {
                pipe.fin_arrived |= fin;
                if acks {
                    pipe.ack();
                }
            }
            Socket::Closed | Socket::Failed | Socket::Gone => self.send_reset(key, to),
        }
    }

    /// Reads what has arrived and gives the sender room.
    pub(super) fn pipe_read(&mut self, key: ConnKey, from: Side, into: &mut [u8]) -> usize {
        let conn = self.net.conns.get_mut(key).expect("checked by the caller");
        let count = conn.pipes[from as usize].take(into);
        self.pipe_credit(key, from);
        count
    }

    /// The sender learns what was read, if the way back is open.
    fn pipe_credit(&mut self, key: ConnKey, from: Side) {
        let Some(conn) = self.net.conns.get(key) else { return };
        if self.is_shut(conn.links[across(from) as usize]) {
            return;
        }
        let conn = self.net.conns.get_mut(key).expect("still live");
        let receives = matches!(conn.ends[across(from) as usize].socket, Socket::Open | Socket::Closed);
        let pipe = &mut conn.pipes[from as usize];
        if receives {
            pipe.ack();
        }
        if pipe.credited < pipe.read {
            pipe.credited = pipe.read;
            let writer = conn.ends[from as usize].writer.take();
            self.wake_parked(writer);
        }
    }

    /// A cut or a hold is gone: every sender learns what arrived and was read in the meantime, or asks again if
    /// the receiver is no more.
    pub(super) fn release_credit(&mut self) {
        for key in self.net.conns.keys() {
            for side in [0, 1] {
                self.pipe_credit(key, side);
                let Some(conn) = self.net.conns.get(key) else { continue };
                let is_gone = conn.ends[across(side) as usize].socket == Socket::Gone;
                if is_gone && !self.is_shut(conn.links[across(side) as usize]) {
                    self.ask_again(key, side);
                }
            }
        }
    }

    /// The timer of a side that awaits an answer sends again what it sent.
    pub(super) fn ask_again(&mut self, key: ConnKey, side: Side) {
        let Some(conn) = self.net.conns.get(key) else { return };
        if conn.awaits(side) && matches!(conn.ends[side as usize].socket, Socket::Open | Socket::Closed) {
            self.pipe_recover(key, side);
        }
    }
}
