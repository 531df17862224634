//! Hashes; and values as bytes and as frames, by [`squall_wire`].

pub use squall_wire::{MAX_FRAME, Malformed, crc32c, decode, encode, encoded_len, frame, read_frame};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_part_ends_counts_for_the_hash() {
        assert_ne!(hash(&[b"ab", b"c"]), hash(&[b"a", b"bc"]));
        assert_ne!(hash(&[b"ab"]), hash(&[b"ab", b""]));
        assert_eq!(hash(&[b"ab", b"c"]), hash(&[b"ab", b"c"]));
    }
}
