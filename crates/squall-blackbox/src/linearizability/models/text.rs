//! Texts that grow, in constant space.

/// A text by its length and two polynomial hashes of its bytes (Karp & Rabin 1987), modulo the
/// primes 2^61 - 1 and 2^61 - 31. The hash of a text and another behind it follows from theirs, so
/// appending takes the same time however long the text is. Two different texts of one length n have
/// one hash with a chance of about n^2 / 2^122.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Text {
    /// Bytes.
    pub len: u64,
    hash: [u64; 2],
    /// The bases to the power of the length.
    power: [u64; 2],
}

const MODULI: [u64; 2] = [(1 << 61) - 1, (1 << 61) - 31];

// Digits of pi and of the golden ratio, below the moduli.
const BASES: [u64; 2] = [0x043f_6a88_85a3_08d3, 0x0e37_79b9_7f4a_7c15];

impl Text {
    /// The text without a byte.
    pub const EMPTY: Self = Self { len: 0, hash: [0; 2], power: [1; 2] };

    /// This text.
    pub fn of(text: &str) -> Self {
        let mut whole = Self::EMPTY;
        for byte in text.bytes() {
            // The byte zero must count as well.
            let hash = [u64::from(byte) + 1; 2];
            whole = whole.then(&Self { len: 1, hash, power: BASES });
        }
        whole
    }

    /// This text and `tail` behind it.
    #[must_use]
    pub fn then(&self, tail: &Self) -> Self {
        let lane = |lane: usize| {
            let modulus = u128::from(MODULI[lane]);
            let product = |a: u64, b: u64| u128::from(a) * u128::from(b) % modulus;
            let hash = (product(self.hash[lane], tail.power[lane]) + u128::from(tail.hash[lane])) % modulus;
            (hash as u64, product(self.power[lane], tail.power[lane]) as u64)
        };
        let ((left, left_power), (right, right_power)) = (lane(0), lane(1));
        Self { len: self.len + tail.len, hash: [left, right], power: [left_power, right_power] }
    }
}
