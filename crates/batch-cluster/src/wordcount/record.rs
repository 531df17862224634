//! The words of a record. This alone is shared by the job and its reference, for it says what is
//! counted, not how.

/// The words of a record: maximal runs of ASCII letters in lower case; every other byte separates.
/// It is what `tr -cs A-Za-z '\n' | tr A-Z a-z` gives.
pub fn words(record: &[u8]) -> impl Iterator<Item = String> {
    let runs = record.split(|byte| !byte.is_ascii_alphabetic()).filter(|run| !run.is_empty());
    runs.map(|run| run.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_make_words_and_everything_else_separates() {
        let of = |record: &[u8]| words(record).collect::<Vec<_>>().join(" ");
        assert_eq!(of(b"The cat, the CAT; a cat-fight!"), "the cat the cat a cat fight");
        assert_eq!(of(b"don't 3rd x2y"), "don t rd x y");
        assert_eq!(of("Stra\u{df}e na\u{ef}ve".as_bytes()), "stra e na ve");
        assert_eq!(of(b"\xff\x00a\tb\r"), "a b");
        assert_eq!(of(b""), "");
        assert_eq!(of(b" 42 -- "), "");
    }
}
