//! Hashes; and values as bytes and as frames, by [`squall_wire`].

pub use squall_wire::{MAX_FRAME, Malformed, crc32c, decode, encode, encoded_len, frame, read_frame};

/// FNV-1a, 64 bits (Fowler, Noll, Vo), of some byte strings; where one ends counts. For comparing
/// what members did, not against an adversary.
pub fn hash(parts: &[&[u8]]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        hash = with_length(hash, part.len() as u64);
        for byte in *part {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }
    hash
}

const PRIME: u64 = 0x0100_0000_01b3;
/// What the last seven bytes of a short length do, which are zero, together with the first.
const PRIME_TO_THE_EIGHTH: u64 = PRIME.wrapping_pow(8);

/// A hash with the eight bytes of a length folded into it.
fn with_length(hash: u64, length: u64) -> u64 {
    if length < 1 << 8 {
        return (hash ^ length).wrapping_mul(PRIME_TO_THE_EIGHTH);
    }
    length.to_le_bytes().into_iter().fold(hash, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(PRIME))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_part_ends_counts_for_the_hash() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        assert_ne!(hash(&[b"ab"]), hash(&[b"ab", b""]));
        assert_eq!(hash(&[b"ab", b"c"]), hash(&[b"ab", b"c"]));
    }

    #[test]
    fn a_hash_is_fnv_1a_of_each_length_and_its_bytes() {
        for length in [0, 1, 7, 255, 256, 257, 70_000] {
            let part: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let bytes = [&(length as u64).to_le_bytes()[..], &part].concat();
            let fold = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            assert_eq!(hash(&[&part]), bytes.iter().fold(0xcbf2_9ce4_8422_2325, fold), "{length}");
        }
    }
}
