//! Frames: a length, a checksum, a value.
//!
//! ```text
//! len: u32 le | crc32c of the payload: u32 le | payload: len bytes
//! ```
//! The payload is a value of [`encoding`](crate::encode). TCP's own checksum misses one damaged packet
//! in tens of thousands, hence another.

use std::io;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::encoding::{decode, encode_behind};

/// Longest payload of a frame. The largest honest ones are appends of a replicated log: a batch and
/// one entry more.
pub const MAX_FRAME: usize = 16 << 20;

/// What most frames fit into.
const USUAL: usize = 120;

/// A value as a frame.
///
/// # Panics
/// If it is longer than [`MAX_FRAME`]: the limits on what a system takes in must forbid it.
pub fn frame(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL);
    bytes.resize(8, 0);
    let mut bytes = encode_behind(bytes, value);
    let length = bytes.len() - 8;
    assert!(length <= MAX_FRAME, "a frame of {length} bytes: a limit further up does not hold");
    let length = u32::try_from(length).expect("below MAX_FRAME");
    let checksum = crc32c(0, &bytes[8..]);
    bytes[..4].copy_from_slice(&length.to_le_bytes());
    bytes[4..8].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The next value of a stream.
///
/// # Errors
/// `UnexpectedEof` at its end, `InvalidData` for a frame that is too long, damaged or not a `T`.
pub async fn read_frame<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<T> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("bad frame: {what}"));
    let mut head = [0; 8];
    stream.read_exact(&mut head).await?;
    let [length, checksum] =
        [0, 4].map(|at| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
    let length = usize::try_from(length).map_err(|_| invalid("too long"))?;
    if length > MAX_FRAME {
        return Err(invalid("too long"));
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    if crc32c(0, &payload) != checksum {
        return Err(invalid("wrong checksum"));
    }
    decode(&payload).map_err(|error| invalid(&error.to_string()))
}

/// CRC-32C (Castagnoli; RFC 3720, appendix B.4) of `bytes`, continued from `before` (0 at the start).
pub fn crc32c(before: u32, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(before, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> io::Result<String> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(read_frame(&mut &bytes[..]))
    }

    #[test]
    fn the_checksum_is_crc32c() {
        // The check value of the CRC catalogue, and RFC 3720's 32 zeros.
        assert_eq!(crc32c(0, b"123456789"), 0xe306_9283);
        assert_eq!(crc32c(0, &[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(crc32c(0, b"1234"), b"56789"), 0xe306_9283);
    }

    #[test]
    fn a_frame_comes_back_and_every_damage_is_seen() {
        let good = frame(&"häagen");
        assert_eq!(read(&good).unwrap(), "häagen");
        for place in 0..good.len() {
            let mut bad = good.clone();
            bad[place] ^= 0x10;
            assert!(read(&bad).is_err(), "byte {place}");
            assert!(read(&good[..place]).is_err(), "cut at {place}");
        }
        assert_eq!(read(&[0xff; 8]).unwrap_err().to_string(), "bad frame: too long");
    }
}
