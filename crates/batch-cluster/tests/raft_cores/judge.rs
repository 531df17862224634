//! Judges what clients saw: every operation is an append of a unique word to one list, or a read of
//! the whole list. Such a history is linearizable if and only if there is one final list of which
//! each read saw a prefix, in which each word stands at most once and each acknowledged word stands,
//! and in whose order nothing contradicts real time. So the check is complete and needs no search.

use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub(crate) struct Operation {
    /// The word appended; `None` for a read.
    pub(crate) word: Option<String>,
    pub(crate) invoked: u64,
    /// When it was answered, and for a read with what. `None`: unknown.
    pub(crate) answered: Option<(u64, Option<String>)>,
}

/// Checks a history whose last read is the final list.
pub(crate) fn judge(history: &[Operation]) -> Result<(), String> {
    let reads = history.iter().filter_map(|op| op.answered.as_ref()?.1.as_deref());
    let longest = reads.max_by_key(|list| list.len()).unwrap_or_default();
    let mut places = BTreeMap::new();
    for (place, word) in (1..).zip(longest.split_terminator(',')) {
        if places.insert(word, place).is_some() {
            return Err(format!("`{word}` was appended twice: {longest}"));
        }
    }
    // Each operation with its place in the one order: a word's own, a read's after the last it saw.
    let mut placed = Vec::new();
    for op in history {
        let answered = op.answered.as_ref().map(|(at, _)| *at);
        let place = match (&op.word, &op.answered) {
            (Some(word), _) => match places.get(word.as_str()) {
                Some(place) => 2 * place,
                None if answered.is_some() => return Err(format!("`{word}` was acknowledged and is lost")),
                None => continue,
            },
            (None, Some((_, Some(list)))) => {
                if !longest.starts_with(list.as_str()) {
                    return Err(format!("a read saw `{list}`, which is no prefix of `{longest}`"));
                }
                2 * list.split_terminator(',').count() + 1
            }
            (None, _) => continue,
        };
        placed.push((op.invoked, answered, place));
    }
    follows_real_time(&placed)
}

/// Whatever was answered before another was invoked stands before it.
fn follows_real_time(placed: &[(u64, Option<u64>, usize)]) -> Result<(), String> {
    let mut moments = Vec::new();
    for &(invoked, answered, place) in placed {
        // At one moment an invocation counts as earlier: the two overlap.
        moments.push((invoked, 0, place));
        moments.extend(answered.map(|at| (at, 1, place)));
    }
    moments.sort_unstable();
    let mut reached = 0;
    for (at, kind, place) in moments {
        if kind == 1 {
            reached = reached.max(place);
        } else if place < reached {
            return Err(format!("at {at} ns place {place} was invoked, after place {reached} was answered"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn append(word: &str, invoked: u64, answered: Option<u64>) -> Operation {
        Operation { word: Some(word.into()), invoked, answered: answered.map(|at| (at, None)) }
    }

    fn read(list: &str, invoked: u64, answered: u64) -> Operation {
        Operation { word: None, invoked, answered: Some((answered, Some(list.into()))) }
    }

    #[test]
    fn good_histories_pass() {
        let unknown = [append("a", 0, Some(5)), append("b", 6, None), read("a,", 7, 8), read("a,b,", 90, 91)];
        judge(&unknown).unwrap();
        let overlap =
            [append("a", 0, Some(9)), append("b", 0, Some(5)), read("", 1, 2), read("a,b,", 10, 11)];
        judge(&overlap).unwrap();
    }

    #[test]
    fn bad_histories_fail() {
        let cases = [
            ("lost", vec![append("a", 0, Some(1)), read("", 2, 3)]),
            ("twice", vec![append("a", 0, Some(1)), read("a,a,", 2, 3)]),
            (
                "no prefix",
                vec![append("a", 0, None), append("b", 0, None), read("a,", 2, 3), read("b,a,", 4, 5)],
            ),
            ("answered", vec![append("a", 0, Some(1)), read("", 2, 3), read("a,", 4, 5)]),
            ("answered", vec![read("a,", 4, 5), append("a", 6, None), read("a,", 7, 8)]),
            ("answered", vec![append("a", 0, Some(1)), append("b", 2, Some(3)), read("b,a,", 4, 5)]),
        ];
        for (word, history) in cases {
            let error = judge(&history).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }
}
