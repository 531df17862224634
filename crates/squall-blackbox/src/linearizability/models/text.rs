//! Texts that grow, in constant space.

/// A text by its length and two polynomial hashes of its bytes (Karp & Rabin 1987), modulo the prime
/// 2^61 - 1. The hash of a text and another behind it follows from theirs, so appending takes the same
/// time however long the text is. Two different texts of one length n have one hash with a chance of
/// about n^2 / 2^122.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Text {
    /// Bytes.
    pub len: u64,
    hash: [u64; 2],
    /// The bases to the power of the length.
    power: [u64; 2],
}

const MODULUS: u64 = (1 << 61) - 1;

// Digits of pi and of the golden ratio, below the modulus.
const BASES: [u64; 2] = [0x043f_6a88_85a3_08d3, 0x0e37_79b9_7f4a_7c15];

impl Text {
    /// The text without a byte.
    pub const EMPTY: Self = Self { len: 0, hash: [0; 2], power: [1; 2] };

    /// This text.
    pub fn of(text: &str) -> Self {
        let mut whole = Self::EMPTY;
        for byte in text.bytes() {
            for (hash, base) in whole.hash.iter_mut().zip(BASES) {
                // The byte zero must count as well.
                *hash = reduce(product(*hash, base) + u128::from(byte) + 1);
            }
        }
        whole.len = text.len() as u64;
        whole.power = BASES.map(|base| power(base, whole.len));
        whole
    }

    /// This text and `tail` behind it.
    #[must_use]
    pub fn then(&self, tail: &Self) -> Self {
        let lane = |lane: usize| {
            let hash = reduce(product(self.hash[lane], tail.power[lane]) + u128::from(tail.hash[lane]));
            (hash, reduce(product(self.power[lane], tail.power[lane])))
        };
        let ((left, left_power), (right, right_power)) = (lane(0), lane(1));
        Self { len: self.len + tail.len, hash: [left, right], power: [left_power, right_power] }
    }
}

fn product(a: u64, b: u64) -> u128 {
    u128::from(a) * u128::from(b)
}

/// Modulo 2^61 - 1, of what is below 2^123: 2^61 is 1 there, so high bits are added to low ones.
fn reduce(number: u128) -> u64 {
    let folded = (number as u64 & MODULUS) + (number >> 61) as u64;
    if folded >= MODULUS { folded - MODULUS } else { folded }
}

fn power(base: u64, exponent: u64) -> u64 {
    let (mut power, mut square, mut left) = (1, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            power = reduce(product(power, square));
        }
        square = reduce(product(square, square));
        left >>= 1;
    }
    power
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn a_text_is_its_parts_one_behind_the_other() {
        let text = "no order of \u{0} parts – matters";
        for cut in (0..=text.len()).filter(|cut| text.is_char_boundary(*cut)) {
            let (head, tail) = text.split_at(cut);
            assert_eq!(Text::of(head).then(&Text::of(tail)), Text::of(text));
            assert_eq!(Text::of(tail).then(&Text::of(head)) == Text::of(text), cut == 0 || cut == text.len());
        }
    }

    #[test]
    fn similar_texts_differ() {
        let texts = ["", "\0", "\0\0", "a", "b", "ab", "ba", "aab", "aba", "abb"];
        for (place, text) in texts.iter().enumerate() {
            assert!(texts[..place].iter().all(|other| Text::of(other) != Text::of(text)), "{text:?}");
        }
    }
}
