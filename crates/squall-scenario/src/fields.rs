//! Small readers that turn tree nodes into keys and words, and report what does not fit.
//!
//! Each returns `None` after it has reported an error, so that reading goes on and one pass finds
//! every error of the file.

use crate::codes::Code;
use crate::diagnostic::{Report, Span};
use crate::names::{did_you_mean, listed};
use crate::tree::{Entry, Kind, Node};

/// The keys that a mapping may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Keys {
    /// What the mapping is, as in "unknown key `x` in …".
    pub(crate) of: &'static str,
    /// Keys that work.
    pub(crate) known: &'static [&'static str],
    /// Keys that the design has and the program has not.
    pub(crate) planned: &'static [&'static str],
}

/// A mapping whose keys have been checked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'n> {
    node: &'n Node,
    keys: Keys,
}

impl<'n> Fields<'n> {
    /// Takes a mapping, and reports unknown and unsupported keys.
    pub(crate) fn open(node: &'n Node, keys: Keys, report: &mut Report) -> Option<Self> {
        let Kind::Map(entries) = &node.kind else {
            wrong_type(node, keys.of, "a mapping", report);
            return None;
        };
        for entry in entries {
            let key = entry.key.as_str();
            if keys.planned.contains(&key) {
                report.not_supported(entry.key_span.clone(), format!("`{key}` in {}", keys.of));
            } else if !keys.known.contains(&key) {
                unknown_key(entry, keys, report);
            }
        }
        Some(Self { node, keys })
    }

    /// A mapping whose keys the caller has checked.
    pub(crate) fn of_checked(node: &'n Node, keys: Keys) -> Self {
        Self { node, keys }
    }

    pub(crate) fn entry(&self, key: &str) -> Option<&'n Entry> {
        assert!(self.keys.known.contains(&key), "`{key}` is read but not known");
        self.node.get(key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// A key without which nothing goes.
    pub(crate) fn require(&self, key: &str, report: &mut Report) -> Option<&'n Node> {
        let found = self.get(key);
        if found.is_none() {
            missing_key(key, self.keys.of, self.node.head(), report);
        }
        found
    }

    /// Where to point at when the mapping as a whole is meant.
    pub(crate) fn head(&self) -> Span {
        self.node.head()
    }
}

fn unknown_key(entry: &Entry, keys: Keys, report: &mut Report) {
    let title = format!("unknown key `{}` in {}", shown(&entry.key), keys.of);
    let all = keys.known.iter().chain(keys.planned).copied();
    let error = report.error(Code::UnknownKey, entry.key_span.clone(), title).label("no such key");
    match did_you_mean(&entry.key, all) {
        Some(help) => error.help(help),
        None => error.help(format!("known are {}", listed(keys.known.iter().copied()))),
    };
}

pub(crate) fn missing_key(key: &str, of: &str, place: Span, report: &mut Report) {
    let title = format!("missing key `{key}` in {of}");
    report.error(Code::MissingKey, place, title).label(format!("`{key}` is required here"));
}

pub(crate) fn wrong_type(node: &Node, what: &str, expected: &str, report: &mut Report) {
    let title = format!("{what} is {}, not {expected}", node.shape());
    report.error(Code::WrongType, node.head(), title).label(format!("{expected} is expected here"));
}

/// The text of a single value.
pub(crate) fn text<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n str> {
    let text = node.text();
    if text.is_none() {
        wrong_type(node, what, "text", report);
    }
    text
}

/// `true` or `false`.
pub(crate) fn boolean(node: &Node, what: &str, report: &mut Report) -> Option<bool> {
    match &node.kind {
        Kind::Scalar(scalar) if scalar.value.is_boolean() => scalar.value.as_bool(),
        _ => {
            wrong_type(node, what, "`true` or `false`", report);
            None
        }
    }
}

/// The items of a list.
pub(crate) fn list<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<&'n [Node]> {
    match &node.kind {
        Kind::List(items) => Some(items),
        _ => {
            wrong_type(node, what, "a list", report);
            None
        }
    }
}

/// A list of texts, or one text alone, each with its node.
pub(crate) fn texts<'n>(node: &'n Node, what: &str, report: &mut Report) -> Option<Vec<(&'n str, &'n Node)>> {
    match &node.kind {
        Kind::List(items) => {
            let before = report.errors();
            let texts: Vec<_> =
                items.iter().filter_map(|item| Some((text(item, what, report)?, item))).collect();
            (report.errors() == before).then_some(texts)
        }
        Kind::Scalar(_) => text(node, what, report).map(|text| vec![(text, node)]),
        Kind::Map(_) => {
            wrong_type(node, what, "text or a list of texts", report);
            None
        }
    }
}

/// One of a few words.
pub(crate) fn word<T: Copy>(node: &Node, what: &str, words: &[(&str, T)], report: &mut Report) -> Option<T> {
    let text = text(node, what, report)?;
    if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*meaning);
    }
    let names = || words.iter().map(|(word, _)| *word);
    unknown(node, Code::UnknownValue, what, names(), report);
    None
}

/// Reports a name that is none of `known`.
pub(crate) fn unknown<'k>(
    node: &Node,
    code: Code,
    what: &str,
    known: impl Iterator<Item = &'k str> + Clone,
    report: &mut Report,
) {
    let name = node.text().unwrap_or_default();
    let label = match known.clone().count() {
        0 => "there is none".to_owned(),
        // More would bury the place that is pointed at.
        1..=8 => format!("expected {}", listed(known.clone())),
        _ => format!("no such {what}"),
    };
    let error =
        report.error(code, node.span.clone(), format!("unknown {what} `{}`", shown(name))).label(label);
    if let Some(help) = did_you_mean(name, known) {
        error.help(help);
    }
}

/// A name cut to a length that a title can carry, on one line.
pub(crate) fn shown(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if name.chars().count() <= 60 { name } else { name.chars().take(57).chain("...".chars()).collect() }
}
