//! Looking names up, and guessing what a misspelt one was meant to be.

/// What people who know other tools will write, and what it is called here.
const SYNONYMS: [(&str, &str); 17] = [
    ("delay", "latency"),
    ("crash", "kill"),
    ("terminate", "kill"),
    ("restart", "kill"),
    ("reboot", "power-loss"),
    ("power-off", "power-loss"),
    ("poweroff", "power-loss"),
    ("freeze", "pause"),
    ("suspend", "pause"),
    ("sigstop", "pause"),
    ("drop", "loss"),
    ("packet-loss", "loss"),
    ("isolate", "partition"),
    ("split", "partition"),
    ("dup", "duplicate"),
    ("duration", "for"),
    ("nodes", "roles"),
];

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let known: Vec<&str> = known.into_iter().collect();
    let lower = name.to_lowercase().replace('_', "-");
    let meant = SYNONYMS.iter().find(|(foreign, _)| *foreign == lower).map(|(_, own)| *own);
    if let Some(own) = meant.and_then(|own| known.iter().find(|name| **name == own)) {
        return Some(own);
    }
    // Long garbage is not a typing error, and comparing it would be slow.
    if lower.len() > 64 {
        return None;
    }
    let score = |candidate: &str| strsim::damerau_levenshtein(&lower, &candidate.to_lowercase());
    let best = known.into_iter().map(|candidate| (score(candidate), candidate)).min()?;
    let tolerated = (lower.chars().count().max(best.1.chars().count()) / 3).max(1);
    (best.0 <= tolerated).then_some(best.1)
}

/// The sentence for a help line.
pub(crate) fn did_you_mean<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<String> {
    nearest(name, known).map(|name| format!("did you mean `{name}`?"))
}

/// Names in a row: `` `a`, `b` or `c` ``.
pub(crate) fn listed<'n>(names: impl IntoIterator<Item = &'n str>) -> String {
    let mut names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match names.pop() {
        None => "nothing".to_owned(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} or {last}", names.join(", ")),
    }
}

/// Whether a name fits `[a-z0-9-]+`.
pub(crate) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guesses_typing_errors_and_foreign_words_only() {
        let known = ["kill", "latency", "pause", "power-loss"];
        let guess = |name| nearest(name, known);
        assert_eq!(guess("kil"), Some("kill"));
        assert_eq!(guess("power_loss"), Some("power-loss"));
        assert_eq!(guess("delay"), Some("latency"));
        assert_eq!(guess("crash"), Some("kill"));
        assert_eq!(guess("frobnicate"), None);
        assert_eq!(guess(""), None);
    }
}
