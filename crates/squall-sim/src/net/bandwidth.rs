//! A link of finite speed: packets leave one after the other, and a finite queue holds what waits.
//!
//! The queue is one number, the moment at which it will be empty. A datagram that finds no room is
//! dropped. A stream is not: its sender keeps what the queue has no room for, as congestion control
//! would have it, without the losses by which TCP finds out; so a narrow link slows a stream and never
//! hangs it. A packet that meets an empty queue goes through whatever its size.

use squall_history::{Bandwidth, SimDuration, SimTime};

use super::conn::Conn;
use super::fate::Class;
use super::link::LinkId;
use crate::caller;
use crate::world::World;

/// IPv4's header, and with TCP's (RFC 9293) or UDP's (RFC 768).
pub(super) const IP_HEADER: u64 = 20;
const TCP_HEADERS: u64 = 40;
const UDP_HEADERS: u64 = 28;

const NANOS: u128 = 1_000_000_000;

/// A packet's way through queues: how long from its sending until its last byte had left the last
/// one, and how long its own bytes took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passage {
    pub(super) took: SimDuration,
    pub(super) own: SimDuration,
}

impl Passage {
    /// One queue after the other. Where it is narrowest its bytes are drawn out most.
    pub(super) fn then(self, next: Self) -> Self {
        Self { took: self.took + next.took, own: self.own.max(next.own) }
    }
}

/// Bytes on the wire of a packet with so much payload. A segment of ours is as many packets as it
/// needs.
pub(super) fn wire_bytes(class: Class, payload: u64, mtu: u16) -> u64 {
    match class {
        Class::Datagram => payload + UDP_HEADERS,
        Class::Fragment => payload + IP_HEADER,
        Class::Syn | Class::Control | Class::Probe => TCP_HEADERS,
        Class::Data | Class::Retransmit => {
            let segment = u64::from(mtu).saturating_sub(TCP_HEADERS).max(1);
            payload + TCP_HEADERS * payload.div_ceil(segment).max(1)
        }
    }
}

/// Sends `size` bytes through a queue; absent if there is no room.
pub(super) fn pass(bandwidth: Bandwidth, free_at: &mut SimTime, size: u64, class: Class) -> Option<Passage> {
    let now = caller::now();
    let rate = u128::from(bandwidth.bytes_per_second.max(1));
    let nanos = (u128::from(size) * NANOS).div_ceil(rate);
    let own = SimDuration(u64::try_from(nanos).unwrap_or(u64::MAX));
    let waiting = u128::from(free_at.saturating_since(now).0) * rate / NANOS;
    let may_be_dropped = matches!(class, Class::Datagram | Class::Fragment);
    if may_be_dropped && waiting > 0 && waiting + u128::from(size) > u128::from(bandwidth.queue_bytes) {
        return None;
    }
    *free_at = now.max(*free_at) + own;
    Some(Passage { took: *free_at - now, own })
}

impl World {
    /// A bandwidth is no more: what waits of streams in its queue goes on at once, sent anew.
    pub(super) fn drain_queues(&mut self, links: &[LinkId]) {
        for key in self.net.conns.keys() {
            for side in [0, 1] {
                let crosses = |conn: &Conn| links.contains(&conn.links[side as usize]);
                if self.net.conns.get(key).is_some_and(crosses) {
                    self.pipe_hurry(key, side);
                }
            }
        }
    }
}
