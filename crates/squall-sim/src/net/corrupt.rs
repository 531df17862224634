//! Flipped bits: what the checksums of TCP and UDP miss (Stone and Partridge, *When the CRC and TCP
//! Checksum Disagree*, SIGCOMM 2000: one packet in some tens of thousands of the damaged ones).
//!
//! The bit flips in what arrives. A sender keeps what it wrote, so what is sent again is whole.

use squall_history::Domain;

use super::link::LinkId;
use super::rule::Rule;
use crate::world::World;

/// Names the draws of a link that decide about its payloads; packets' fates have the numbers of their
/// classes.
const CORRUPT: u64 = 16;

// Properties of such a draw.
const WHETHER: u64 = 1;
const WHICH_BIT: u64 = 2;

impl World {
    /// The bits that flip in a payload of `bytes` as it arrives over a link: one for each rule that
    /// strikes (domain `Network`; identity: the link; n: arrivals under the rule).
    pub(super) fn flipped_bits(&mut self, link: LinkId, bytes: usize) -> Vec<usize> {
        let mut flipped = Vec::new();
        if self.net.links.laid(link).is_empty() || bytes == 0 {
            return flipped;
        }
        let identity = self.link_identity(link).with(CORRUPT);
        for place in 0..self.net.links.laid(link).len() {
            let links = &mut self.net.links;
            let at = links.place(link).expect("a rule lies on it");
            let laid = &mut links.states[at].rules[place];
            let active = links.rules.get(laid.id);
            let Rule::Corrupt(chance) = active.rule else { continue };
            laid.arrivals += 1;
            let draw = self.draws.draw(Domain::Network, identity, laid.arrivals);
            let draw = draw.property(active.identity.0);
            let decides = laid.correlated(active.correlation, draw);
            if !decides.property(WHETHER).chance(chance) {
                continue;
            }
            let bit = draw.property(WHICH_BIT).below(bytes as u64 * 8);
            self.trace.fold(bit);
            flipped.push(usize::try_from(bit).expect("below the bits of a payload in memory"));
            links.rules.count(laid.id, "packets-corrupted");
        }
        flipped
    }
}

/// Flips a bit.
pub(super) const fn flip(byte: &mut u8, bit: usize) {
    *byte ^= 1 << (bit % 8);
}
