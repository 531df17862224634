//! Datagrams under way and those that wait to be read: one place for all, since what is few is in the
//! processor's cache.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use super::link::LinkId;

/// Datagrams that wait to be read, in the order they came. One needs no memory of its own.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    first: Option<u32>,
    #[expect(clippy::box_collection, reason = "mostly absent, and then as small as can be")]
    others: Option<Box<VecDeque<u32>>>,
}

impl Arrived {
    #[inline]
    pub(super) fn push(&mut self, packet: u32) {
        if self.first.is_none() {
            self.first = Some(packet);
        } else {
            self.others.get_or_insert_default().push_back(packet);
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<u32> {
        let next = self.others.as_mut().and_then(|others| others.pop_front());
        std::mem::replace(&mut self.first, next)
    }
}

#[derive(Debug)]
pub(super) struct Packet {
    pub(super) link: LinkId,
    pub(super) from: SocketAddrV4,
    /// The address it was sent to: the node's, or one of its loopback interface.
    pub(super) target: SocketAddrV4,
    pub(super) payload: Vec<u8>,
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
    pub(super) fn insert(&mut self, packet: Packet) -> u32 {
        if let Some(index) = self.free.pop() {
            self.slots[index as usize] = Some(packet);
            return index;
        }
        self.slots.push(Some(packet));
        u32::try_from(self.slots.len() - 1).expect("fewer packets than memory for them")
    }

    /// A payload of its own.
    pub(super) fn copy(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut payload = self.spare.pop().unwrap_or_default();
        payload.clear();
        payload.extend_from_slice(bytes);
        payload
    }

    /// A payload was read.
    pub(super) fn put_by(&mut self, payload: Vec<u8>) {
        if self.spare.len() < SPARE_MAX {
            self.spare.push(payload);
        }
    }

    /// The node that a packet under way is for.
    pub(super) fn destination(&self, index: u32) -> Option<u32> {
        self.slots.get(index as usize)?.as_ref().map(|packet| packet.link.to)
    }

    pub(super) fn get(&mut self, index: u32) -> &mut Packet {
        self.slots[index as usize].as_mut().expect("a packet is there until it is read or lost")
    }

    pub(super) fn take(&mut self, index: u32) -> Packet {
        self.free.push(index);
        self.slots[index as usize].take().expect("a packet is read or lost once")
    }

    /// A packet that nobody will read.
    pub(super) fn lose(&mut self, index: u32) {
        let packet = self.take(index);
        self.put_by(packet.payload);
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
