//! The words of a record. This alone is shared by the job and its reference, for it says what is
//! counted, not how.

/// Hands `take` the words of a record: maximal runs of ASCII letters in lower case; every other byte
/// separates. It is what `tr -cs A-Za-z '\n' | tr A-Z a-z` gives.
///
/// # Errors
/// The first that `take` gives; it gets no word after it.
pub fn each_word<E>(record: &[u8], mut take: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
    // The whole record in lower case at once, so that a word is a piece of it and no copy. What is not
    // ASCII separates; as spaces it leaves a text.
    let mut lower = record.to_ascii_lowercase();
    lower.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b' ');
    let text = String::from_utf8(lower).expect("ASCII is UTF-8");
    let mut rest = &*text;
    while let Some(start) = rest.bytes().position(|byte| byte.is_ascii_lowercase()) {
        let word = &rest[start..];
        let end = word.bytes().position(|byte| !byte.is_ascii_lowercase()).unwrap_or(word.len());
        take(&word[..end])?;
        rest = &word[end..];
    }
    Ok(())
}

/// The words of a record, each a string of its own.
#[cfg(test)]
pub(super) fn words(record: &[u8]) -> Vec<String> {
    let mut all = Vec::new();
    let Ok(()) = each_word(record, |word| {
        all.push(word.to_owned());
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
        let take = |word: &str| {
            seen.push(word.to_owned());
            if word == "b" { Err("enough") } else { Ok(()) }
        };
        assert_eq!(each_word(b"a b c", take), Err("enough"));
        assert_eq!(seen, ["a", "b"]);
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
