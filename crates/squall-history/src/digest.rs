//! The rolling digest of a run: two runs are the same if and only if their digests are.

use std::fmt;
use std::hash::Hasher;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A 128-bit digest, written as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Digest(pub u128);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Folds words into a digest. Two 64-bit lanes, one widening multiplication a word: not meant to
/// withstand an adversary, only to change when anything changes.
///
/// It is a [`Hasher`] too, so that whatever derives `Hash` folds with it; unlike the standard
/// hashers it gives the same value in every process.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Folder {
    left: u64,
    right: u64,
}

// Odd constants with about half of their bits set (digits of pi and of the golden ratio).
const LEFT_KEY: u64 = 0x243f_6a88_85a3_08d3;
const RIGHT_KEY: u64 = 0x9e37_79b9_7f4a_7c15;

impl Default for Folder {
    fn default() -> Self {
        Self { left: LEFT_KEY, right: RIGHT_KEY }
    }
}

impl Folder {
    /// Folds one word.
    #[inline]
    pub fn fold(&mut self, word: u64) {
        let product = u128::from(self.left ^ word) * u128::from(RIGHT_KEY ^ word.rotate_left(32) | 1);
        // The old right lane enters by addition, so a product of zero loses nothing.
        let mixed = self.right.wrapping_add(product as u64).rotate_left(29);
        self.right = self.left ^ (product >> 64) as u64 ^ word;
        self.left = mixed;
    }

    /// Folds bytes, eight at a time, and their number.
    #[inline]
    pub fn fold_bytes(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.fold(u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        self.fold(u64::from_le_bytes(last));
        self.fold(bytes.len() as u64);
    }

    /// The digest of all that was folded so far.
    pub fn digest(&self) -> Digest {
        let mut end = *self;
        end.fold(LEFT_KEY);
        end.fold(RIGHT_KEY);
        end.fold(LEFT_KEY);
        Digest(u128::from(end.left) << 64 | u128::from(end.right))
    }
}

impl Hasher for Folder {
    fn write(&mut self, bytes: &[u8]) {
        self.fold_bytes(bytes);
    }

    fn write_u8(&mut self, word: u8) {
        self.fold(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.fold(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.fold(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.fold(word as u64);
    }

    fn finish(&self) -> u64 {
        let digest = self.digest().0;
        (digest >> 64) as u64 ^ digest as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn of(words: &[u64]) -> Digest {
        let mut folder = Folder::default();
        words.iter().for_each(|&word| folder.fold(word));
        folder.digest()
    }

    #[test]
    fn any_change_changes_the_digest() {
        let base = [3, 0, 0, 7, u64::MAX];
        let mut seen = BTreeSet::from([of(&base)]);
        for place in 0..base.len() {
            for bit in 0..64 {
                let mut other = base;
                other[place] ^= 1 << bit;
                assert!(seen.insert(of(&other)), "flipping bit {bit} of word {place} changed nothing");
            }
        }
        assert!(seen.insert(of(&[0, 3, 0, 7, u64::MAX])), "order changed nothing");
        assert!(seen.insert(of(&[3, 0, 7, u64::MAX])), "length changed nothing");
    }

    #[test]
    fn trailing_zero_bytes_count() {
        let (mut short, mut long) = (Folder::default(), Folder::default());
        short.fold_bytes(&[1]);
        long.fold_bytes(&[1, 0]);
        assert_ne!(short.digest(), long.digest());
    }

    #[test]
    fn is_the_same_for_ever() {
        // A golden value: a change of the folder invalidates every stored digest (SIM_FORMAT).
        assert_eq!(of(&[1, 2, 3]).to_string(), "93fdd7720f0d5ea9a05b99b4950a0aab");
    }
}
