//! The words of a record. This alone is shared by the job and its reference, for it says what is
//! counted, not how.

/// Hands `take` the words of a record: maximal runs of ASCII letters in lower case; every other byte
/// separates. It is what `tr -cs A-Za-z '\n' | tr A-Z a-z` gives. The record is left in lower case, so that
/// a word is a piece of it and no copy.
///
/// # Errors
/// The first that `take` gives; it gets no word after it.
pub fn each_word<E>(record: &mut [u8], take: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    record.make_ascii_lowercase();
    let words = record.split(|byte| !byte.is_ascii_lowercase());
    words.filter(|word| !word.is_empty()).try_for_each(take)
}

/// The words of a record, each a string of its own.
#[cfg(test)]
pub(super) fn words(record: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    let Ok(()) = each_word(&mut record.to_vec(), |word| {
        all.push(String::from_utf8(word.to_vec()).unwrap());
        Ok::<_, std::convert::Infallible>(())
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_ends_it() {
        let mut seen = Vec::new();
        let take = |word: &[u8]| {
            seen.push(word.to_owned());
            if word == b"b" { Err("enough") } else { Ok(()) }
        };
        assert_eq!(each_word(&mut b"a b c".to_vec(), take), Err("enough"));
        assert_eq!(seen, [b"a", b"b"]);
    }

    #[test]
    fn letters_make_words_and_everything_else_separates() {
        let of = |record: &[u8]| words(record).join(" ");
        assert_eq!(of(b"The cat, the CAT; a cat-fight!"), "the cat the cat a cat fight");
        assert_eq!(of(b"don't 3rd x2y"), "don t rd x y");
        assert_eq!(of("Stra\u{df}e na\u{ef}ve".as_bytes()), "stra e na ve");
        assert_eq!(of(b"\xff\x00a\tb\r"), "a b");
        assert_eq!(of(b""), "");
        assert_eq!(of(b" 42 -- "), "");
    }
}
