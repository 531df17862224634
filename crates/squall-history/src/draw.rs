//! Addressed randomness: every draw has an address, and no draw shifts another.
//!
//! `draw(domain, identity, n)` is a keyed, counter-based mix of its address. ChaCha8 derives one
//! key per domain from the seed alone; there is no stream that is consumed. Taking a fault, a node
//! or a packet away therefore leaves all other draws as they were, which is what makes replaying a
//! reduced plan meaningful (and shrinking possible).

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::{Ppm, Seed};

/// What a draw is for. Each domain has its own key, so equal addresses in two domains share nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Domain {
    /// Drawing the plan: (scenario entry, k).
    Plan,
    /// Binding a fault to its targets: (fault id, k).
    Bind,
    /// Which runnable task is next: (task, k-th wake).
    Schedule,
    /// A packet's fate: (from, to, class; k).
    Network,
    /// Time and survival of disk operations: (node, disk; operation).
    Disk,
    /// What clients do: (client, operation).
    Workload,
    /// What the system under test draws itself: (task, k).
    System,
    /// Entropy that code under test asks the operating system for: (node, boot; k).
    Entropy,
    /// How far and how fast a node's clocks are off before any fault: (node; 0).
    Clock,
    /// Unlikely turns that the system under test offers: (fault, site, node, boot; k), and what hooks
    /// do: (fault, point, node; k).
    Buggify,
}

const DOMAINS: usize = 10;

/// Who draws: a hash of names and numbers, built by [`Identity::of`] and [`Identity::with`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Identity(pub u64);

impl Identity {
    /// The identity of a name.
    pub fn of(name: &str) -> Self {
        let mut state = name.len() as u64;
        for chunk in name.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            state = mix(state, u64::from_le_bytes(word));
        }
        Self(state)
    }

    /// The identity of the part `number` of this one.
    #[inline]
    #[must_use]
    pub const fn with(self, number: u64) -> Self {
        Self(mix(self.0, number))
    }
}

/// All draws of one run.
#[derive(Clone, Debug)]
pub struct Draws {
    keys: [u64; DOMAINS],
}

impl Draws {
    /// The draws of `seed`.
    pub fn new(seed: Seed) -> Self {
        let mut source = ChaCha8Rng::seed_from_u64(seed.0);
        Self { keys: std::array::from_fn(|_| source.next_u64()) }
    }

    /// The `n`-th draw of `identity` in `domain`.
    #[inline]
    pub const fn draw(&self, domain: Domain, identity: Identity, n: u64) -> Draw {
        let key = self.keys[domain as usize];
        Draw(mix(mix(key, identity.0), mix(key.rotate_left(32), n)))
    }
}

/// One draw: 64 uniform bits, and as many independent further ones as there are properties to draw.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw(u64);

impl Draw {
    /// The bits themselves.
    #[inline]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// The draw of the `k`-th property of what was drawn; independent of the others.
    #[inline]
    #[must_use]
    pub const fn property(self, k: u64) -> Self {
        Self(mix(self.0, k))
    }

    /// Whether the `k`-th property of what was drawn says so, with this chance. As
    /// `property(k).chance(chance)`, but what cannot happen is not drawn: draws are addressed, so that
    /// changes nothing.
    #[inline]
    pub const fn happens(self, k: u64, chance: Ppm) -> bool {
        chance.get() > 0 && self.property(k).chance(chance)
    }

    /// Uniform in `0..bound`, with a bias below `bound / 2^64`. Zero if `bound` is zero.
    #[inline]
    pub const fn below(self, bound: u64) -> u64 {
        ((self.0 as u128 * bound as u128) >> 64) as u64
    }

    /// Uniform in `low..=high`.
    ///
    /// # Panics
    /// If `low > high`.
    #[inline]
    pub const fn between(self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range has nothing to draw from");
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.0,
        }
    }

    /// True with this chance.
    #[inline]
    pub const fn chance(self, chance: Ppm) -> bool {
        self.below(1_000_000) < chance.get() as u64
    }
}

/// Mixes two words into one: two rounds of a folded 64×64→128-bit multiplication (as in wyhash).
#[inline]
const fn mix(left: u64, right: u64) -> u64 {
    let first = fold_multiply(left ^ 0xa076_1d64_78bd_642f, right ^ 0xe703_7ed1_a0b4_28db);
    fold_multiply(first ^ left.rotate_left(23), right.rotate_left(41) ^ 0x8ebc_6af0_9c88_c6e3)
}

#[inline]
const fn fold_multiply(left: u64, right: u64) -> u64 {
    let product = left as u128 * right as u128;
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many() -> impl Iterator<Item = Draw> {
        let draws = Draws::new(Seed(7));
        let nodes = ["n-1", "n-2", "n-3", "client-1"].map(Identity::of);
        nodes.into_iter().flat_map(move |node| {
            let draws = draws.clone();
            (0..25_000).map(move |n| draws.draw(Domain::Network, node, n))
        })
    }

    #[test]
    fn draws_are_uniform_in_every_bit_and_share() {
        let mut ones = [0_u32; 64];
        let (mut low, mut chance, mut both) = (0, 0, 0);
        for draw in many() {
            for (bit, count) in ones.iter_mut().enumerate() {
                *count += (draw.bits() >> bit & 1) as u32;
            }
            let (first, second) =
                (draw.property(1).below(10) == 3, draw.property(2).chance(Ppm::percent(10)));
            low += u32::from(first);
            chance += u32::from(second);
            both += u32::from(first && second);
        }
        // 100,000 draws: 5 standard deviations are 790 of the bits, 475 of the tenths, 158 of both.
        for (bit, &count) in ones.iter().enumerate() {
            assert!(count.abs_diff(50_000) < 800, "bit {bit} is set in {count} of 100,000 draws");
        }
        assert!(low.abs_diff(10_000) < 480 && chance.abs_diff(10_000) < 480, "{low} {chance}");
        assert!(both.abs_diff(1_000) < 160, "properties depend on each other: {both}");
    }

    #[test]
    fn what_happens_is_what_the_property_says() {
        for (draw, percent) in many().zip((0..=100).cycle()) {
            let chance = Ppm::percent(percent);
            assert_eq!(draw.happens(2, chance), draw.property(2).chance(chance), "{percent} %");
        }
    }

    #[test]
    fn addresses_are_independent() {
        let mut all: Vec<u64> = many().map(Draw::bits).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 100_000, "two addresses gave the same draw");
    }

    #[test]
    fn is_the_same_for_ever() {
        // A golden value: changing the mix changes every run (SIM_FORMAT).
        let draw = Draws::new(Seed(0x1f3a)).draw(Domain::Schedule, Identity::of("server-1").with(2), 3);
        assert_eq!(format!("{:016x}", draw.bits()), "c93d6abf1073d7a4");
    }

    #[test]
    fn ranges_include_both_ends() {
        let seen: std::collections::BTreeSet<u64> = many().take(1_000).map(|d| d.between(3, 5)).collect();
        assert_eq!(seen, [3, 4, 5].into());
        assert_eq!(Draw(u64::MAX).between(0, u64::MAX), u64::MAX);
    }
}
