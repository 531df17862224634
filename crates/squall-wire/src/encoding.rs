//! Values as bytes, in the format of [postcard](https://postcard.jamesmunns.com/wire-format).
//!
//! Nothing but the values themselves is written: no names of fields, no types. So messages are
//! short and quickly made, and whoever reads must know what it reads. A whole group runs one
//! version; nothing here bridges two.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Bytes that are no value of the wanted type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the bytes are no such value: {0}")]
pub struct Malformed(String);

/// What most values fit into: they are made without growing.
const USUAL: usize = 56;

/// A value as bytes.
pub fn encode(value: &impl Serialize) -> Vec<u8> {
    encode_behind(Vec::with_capacity(USUAL), value)
}

/// `bytes`, with a value behind them.
pub(crate) fn encode_behind(bytes: Vec<u8>, value: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(value, bytes).expect("plain data with lists of known length can be written")
}

/// How many bytes [`encode`] makes of a value.
pub fn encoded_len(value: &impl Serialize) -> usize {
    let size = postcard::ser_flavors::Size::default();
    postcard::serialize_with_flavor(value, size)
        .expect("plain data with lists of known length can be counted")
}

/// The value that `bytes` are, all of them.
///
/// # Errors
/// If they are not one value of the type, whole and nothing else.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Malformed> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok((_, rest)) => Err(Malformed(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(Malformed(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_comes_back_and_is_as_long_as_was_said() {
        let value = (u64::MAX, "häagen".to_owned(), Some(vec![1_u16, 300]), false);
        let bytes = encode(&value);
        assert_eq!(bytes.len(), encoded_len(&value));
        assert_eq!(decode(&bytes), Ok(value));
    }

    #[test]
    fn what_is_cut_off_or_too_long_or_of_another_kind_is_refused() {
        let mut bytes = encode(&("a word".to_owned(), 77_u32));
        for length in 0..bytes.len() {
            assert!(decode::<(String, u32)>(&bytes[..length]).is_err(), "cut at {length}");
        }
        bytes.push(0);
        let error = decode::<(String, u32)>(&bytes).unwrap_err();
        assert_eq!(error.to_string(), "the bytes are no such value: 1 bytes too many");
        assert!(decode::<bool>(&[2]).is_err());
        assert!(decode::<String>(&[1, 0xff]).is_err());
    }
}
