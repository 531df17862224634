//! The last bytes of an output that may be endless.

/// Bytes kept of a run's output.
pub(crate) const TAIL: usize = 64 << 10;

/// Keeps the last [`TAIL`] bytes of what it is given.
#[derive(Default, Debug)]
pub(crate) struct Tail(Vec<u8>);

impl Tail {
    /// Takes more output.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
        // Cut at twice the size, so that a byte is moved once on average, not with every push.
        if self.0.len() > 2 * TAIL {
            self.cut();
        }
    }

    /// The tail.
    pub(crate) fn bytes(&mut self) -> &[u8] {
        self.cut();
        &self.0
    }

    fn cut(&mut self) {
        let excess = self.0.len().saturating_sub(TAIL);
        self.0.drain(..excess);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_end_and_no_more() {
        let mut tail = Tail::default();
        for n in 0..1_000_000_u32 {
            tail.push(&n.to_le_bytes());
            assert!(tail.0.len() <= 2 * TAIL);
        }
        assert_eq!(tail.bytes().len(), TAIL);
        assert_eq!(tail.bytes()[TAIL - 4..], 999_999_u32.to_le_bytes());
    }
}
