//! Hashes, bytes as text; and the frames of [`squall_wire`].

pub use squall_wire::{MAX_FRAME, crc32c, frame, read_frame};

/// FNV-1a, 64 bits (Fowler, Noll, Vo), of some byte strings; where one ends counts. For comparing
/// what members did, not against an adversary.
pub fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut fold = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for part in parts {
        (part.len() as u64).to_le_bytes().into_iter().for_each(&mut fold);
        part.iter().copied().for_each(&mut fold);
    }
    hash
}

/// Byte strings as hexadecimal text, for `#[serde(with = "hex")]`.
pub mod hex {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    const DIGITS: &[u8; 16] = b"0123456789abcdef";

    /// Writes bytes as text.
    ///
    /// # Errors
    /// What the serializer says.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        let text: String = digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect();
        serializer.serialize_str(&text)
    }

    /// Reads bytes from text.
    ///
    /// # Errors
    /// For anything but an even number of hexadecimal digits.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        decode(&text).ok_or_else(|| D::Error::custom("not an even number of hexadecimal digits"))
    }

    fn decode(text: &str) -> Option<Vec<u8>> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        let pairs = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?));
        if rest.is_empty() { pairs.collect() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::{Deserialize, Serialize};

    #[test]
    fn where_a_part_ends_counts_for_the_hash() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        assert_ne!(hash(&[b"ab"]), hash(&[b"ab", b""]));
        assert_eq!(hash(&[b"ab", b"c"]), hash(&[b"ab", b"c"]));
    }

    #[test]
    fn bytes_as_text() {
        #[derive(Serialize, Deserialize, PartialEq, Debug)]
        struct Wrapped(#[serde(with = "hex")] Vec<u8>);
        let all = Wrapped((0..=255).collect());
        let text = serde_json::to_string(&all).unwrap();
        assert!(text.starts_with("\"000102") && text.ends_with("fdfeff\""), "{text}");
        assert_eq!(serde_json::from_str::<Wrapped>(&text).unwrap(), all);
        for bad in ["\"0\"", "\"0g\"", "\"0F\"", "7"] {
            assert!(serde_json::from_str::<Wrapped>(bad).is_err(), "{bad}");
        }
    }
}
