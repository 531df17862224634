//! Text to tree: the one module that knows the YAML library, so that it can be replaced.
//!
//! It sets the limits (size, nodes, aliases, depth, one document, no duplicate keys) and turns the
//! library's errors into diagnostics. What the document means is for others.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};
use serde_saphyr::{Error, Location, Spanned};

use crate::codes::Code;
use crate::diagnostic::{Report, Span};
use crate::tree::{Entry, Kind, Node, Scalar};

/// Longest accepted text, in bytes.
const TEXT_MAX: usize = 1 << 20;
/// Most YAML nodes, counted after aliases are replaced.
const NODES_MAX: usize = 20_000;
/// Most uses of aliases.
const ALIASES_MAX: usize = 100;
/// Deepest nesting. In a debug build the library uses some 40 KiB of stack for each level, and a
/// test thread has 2 MiB; real scenarios nest about ten levels.
const DEPTH_MAX: usize = 32;

/// Reads one document. On failure the report holds the reason.
pub(crate) fn read(text: &str, report: &mut Report) -> Option<Node> {
    if text.len() > TEXT_MAX {
        let title = format!("the file is too large: {} bytes", text.len());
        report.error(Code::TooLarge, 0..0, title).label(format!("at most {TEXT_MAX} are accepted"));
        return None;
    }
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options()) {
        Ok(Spanned { value: Raw::Scalar(Value::Null), .. }) if is_blank(text) => {
            report.error(Code::Empty, 0..0, "the file is empty").label("a scenario is expected here");
            None
        }
        Ok(root) => Some(into_node(root, text)),
        Err(error) => {
            let error = error.without_snippet();
            let place = error.location().map_or(0..0, |location| span(location, text));
            explain(error, place, text, report);
            None
        }
    }
}

/// Reads a single value, as it stands on a command line.
pub(crate) fn read_value(text: &str) -> Result<Node, String> {
    let mut report = Report::default();
    let node = if text.trim().is_empty() { None } else { read(text, &mut report) };
    node.ok_or_else(|| {
        report.list.pop().map_or_else(|| "it is empty".to_owned(), |diagnostic| diagnostic.title)
    })
}

fn is_blank(text: &str) -> bool {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.lines().map(str::trim).all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

fn options() -> serde_saphyr::Options {
    let budget = serde_saphyr::budget! {
        max_nodes: NODES_MAX,
        max_aliases: ALIASES_MAX,
        max_anchors: ALIASES_MAX,
        max_depth: DEPTH_MAX,
        flow_nesting_limit: DEPTH_MAX,
        max_documents: 2,
    };
    serde_saphyr::options! {
        budget: budget,
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODES_MAX },
        strict_booleans: true,
        with_snippet: false,
        emit_comments: false,
    }
}

/// What the library hands over; the places come from the `Spanned` around each.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Raw, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("the number is not finite"))?;
        Ok(Raw::Scalar(number.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

fn into_node(raw: Spanned<Raw>, text: &str) -> Node {
    let kind = match raw.value {
        Raw::Scalar(value) => Kind::Scalar(into_scalar(value, text.get(span(raw.defined, text)))),
        Raw::List(items) => Kind::List(items.into_iter().map(|item| into_node(item, text)).collect()),
        Raw::Map(entries) => Kind::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    key_span: span(key.referenced, text),
                    key: key.value,
                    value: into_node(value, text),
                })
                .collect(),
        ),
    };
    Node { span: span(raw.referenced, text), kind }
}

fn into_scalar(value: Value, written: Option<&str>) -> Scalar {
    let written = written.unwrap_or_default();
    match value {
        // A plain value stands in the file letter for letter; anything else was quoted or folded.
        Value::String(content) => {
            Scalar { quoted: content != written, text: content.clone(), value: Value::String(content) }
        }
        value => Scalar { text: written.to_owned(), value, quoted: false },
    }
}

/// A location in bytes. The library gives bytes for nodes, but only line and column for some errors.
fn span(location: Location, text: &str) -> Span {
    let bytes = location.span().byte_offset().zip(location.span().byte_len());
    if let Some((start, len)) = bytes {
        let start = usize::try_from(start).unwrap_or(usize::MAX).min(text.len());
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        return start..start.saturating_add(len).min(text.len());
    }
    let line = usize::try_from(location.line().saturating_sub(1)).unwrap_or(usize::MAX);
    let column = usize::try_from(location.column().saturating_sub(1)).unwrap_or(usize::MAX);
    let mut line_start = 0;
    for _ in 0..line {
        let Some(newline) = text[line_start..].find('\n') else { break };
        line_start += newline + 1;
    }
    let rest = &text[line_start..];
    let mut chars = rest.char_indices().map(|(at, c)| (line_start + at, c.len_utf8()));
    let (start, len) = chars.nth(column).unwrap_or((text.len(), 0));
    start..start + len
}

/// Turns an error of the library into a diagnostic.
fn explain(error: &Error, place: Span, text: &str, report: &mut Report) {
    match error {
        // Something inside what the alias stands for; the place is that of the alias.
        Error::AliasError { error, .. } => explain(error.without_snippet(), place, text, report),
        Error::MultipleDocuments { .. } => {
            let title = "the file holds more than one document";
            report.error(Code::SeveralDocuments, place, title).label("the second one begins here");
        }
        Error::DuplicateMappingKey { key, .. } => {
            let title = format!("duplicate key `{}`", key.as_deref().unwrap_or("?"));
            report.error(Code::DuplicateKey, place, title).label("this key was given before");
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            let limits = format!("at most {NODES_MAX} values, {ALIASES_MAX} aliases, {DEPTH_MAX} levels");
            report.error(Code::TooLarge, place, "the file exceeds a limit").label(limits);
        }
        Error::ExternalMessage { msg, .. } if msg.contains("limit") => {
            report.error(Code::TooLarge, place, "the file exceeds a limit").label(clean(msg));
        }
        Error::ExternalMessage { msg, .. } => syntax_error(clean(msg), place, text, report),
        Error::Eof { .. } | Error::UnknownAnchor { .. } | Error::ContainerEndMismatch { .. } => {
            syntax_error(clean(&error.to_string()), place, text, report);
        }
        _ => {
            let title = "scenarios do not use this kind of YAML";
            report.error(Code::ForeignYaml, place, title).label(clean(&error.to_string()));
        }
    }
}

fn syntax_error(message: String, place: Span, text: &str, report: &mut Report) {
    let first = text.get(place.start..).and_then(|rest| rest.chars().next());
    let error = report.error(Code::Syntax, place, "this is not YAML").label(message);
    match first {
        Some('@' | '*' | '&' | '!' | '>' | '|' | '%' | '`') => {
            error.help("a value that begins with this character needs quotes");
        }
        Some('\t') => {
            error.help("indent with spaces, not with tabs");
        }
        _ => {}
    }
}

/// The library's message without its own position and its hints for programmers.
fn clean(message: &str) -> String {
    let end = [" at line ", ", set ", "; use "].iter().filter_map(|tail| message.find(tail)).min();
    message[..end.unwrap_or(message.len())].replace('\'', "`").replace("``", "`")
}
