//! A map that knows a digest of its content without visiting all of it.
//!
//! The replicated state is asked for a digest after every entry of the log. Each part therefore has
//! a weight, and the digest is their sum; only what an entry touched is weighed again. What is
//! restored from a snapshot is weighed afresh, so a restore that went wrong shows.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use crate::codec::{encode, hash};

/// An ordered map; written as a list of pairs, since in JSON a map's keys must be text.
#[derive(Clone, Debug)]
pub(super) struct Weighed<K, V> {
    parts: BTreeMap<K, V>,
    weights: BTreeMap<K, u64>,
    /// What may have changed since the last weighing.
    touched: BTreeSet<K>,
    sum: u64,
}

impl<K: Ord, V> Default for Weighed<K, V> {
    fn default() -> Self {
        Self { parts: BTreeMap::new(), weights: BTreeMap::new(), touched: BTreeSet::new(), sum: 0 }
    }
}

impl<K: Ord, V> Weighed<K, V> {
    pub(super) fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.parts.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.parts.iter()
    }

    pub(super) fn range(&self, range: impl RangeBounds<K>) -> impl Iterator<Item = (&K, &V)> {
        self.parts.range(range)
    }

    /// The sum of the weights, as of the last [`settle`](Self::settle).
    pub(super) fn sum(&self) -> u64 {
        self.sum
    }
}

impl<K: Ord + Clone + Serialize, V: Serialize> Weighed<K, V> {
    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        let part = self.parts.get_mut(key)?;
        self.touched.insert(key.clone());
        Some(part)
    }

    pub(super) fn insert(&mut self, key: K, part: V) {
        self.touched.insert(key.clone());
        self.parts.insert(key, part);
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let part = self.parts.remove(key)?;
        self.touched.insert(key.clone());
        Some(part)
    }

    /// Weighs again what was touched.
    pub(super) fn settle(&mut self) {
        // Most entries touch one part or two of the state.
        if self.touched.is_empty() {
            return;
        }
        for key in std::mem::take(&mut self.touched) {
            if let Some(weight) = self.weights.remove(&key) {
                self.sum = self.sum.wrapping_sub(weight);
            }
            if let Some(part) = self.parts.get(&key) {
                let weight = weight(&key, part);
                self.sum = self.sum.wrapping_add(weight);
                self.weights.insert(key, weight);
            }
        }
    }
}

fn weight(key: &impl Serialize, part: &impl Serialize) -> u64 {
    hash(&[&encode(key), &encode(part)])
}

impl<K: Serialize, V: Serialize> Serialize for Weighed<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(&self.parts)
    }
}

impl<'de, K, V> Deserialize<'de> for Weighed<K, V>
where
    K: Deserialize<'de> + Serialize + Ord + Clone,
    V: Deserialize<'de> + Serialize,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let parts: BTreeMap<K, V> = Vec::deserialize(deserializer)?.into_iter().collect();
        let touched = parts.keys().cloned().collect();
        let mut weighed = Self { parts, touched, ..Self::default() };
        weighed.settle();
        Ok(weighed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::decode;

    #[test]
    fn the_sum_follows_every_change_and_comes_back() {
        let mut map = Weighed::default();
        map.insert(1, "a".to_owned());
        map.insert(2, "b".to_owned());
        map.settle();
        let both = map.sum();
        map.get_mut(&2).unwrap().push('!');
        map.settle();
        let changed = map.sum();
        assert_ne!(changed, both);
        let back: Weighed<u32, String> = decode(&encode(&map)).unwrap();
        assert_eq!(back.sum(), changed);
        map.get_mut(&2).unwrap().pop();
        map.settle();
        assert_eq!(map.sum(), both);
        map.remove(&2);
        map.remove(&1);
        map.settle();
        assert_eq!(map.sum(), 0);
    }
}
