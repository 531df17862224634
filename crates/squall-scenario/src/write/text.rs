//! Single values as YAML text that reads back as the same value.

use std::fmt::Write as _;

use serde_json::Value;

/// Items in brackets.
pub(super) fn sequence(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// A text, in quotes unless it is plainly a word. Ranges are quoted too, else they would be drawn.
pub(crate) fn quoted(text: &str) -> String {
    const RESERVED: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./#".contains(&b))
        && !RESERVED.iter().any(|reserved| text.eq_ignore_ascii_case(reserved));
    if word { text.to_owned() } else { in_quotes(text) }
}

fn in_quotes(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            ' '..='~' => out.push(c),
            c if c.is_alphanumeric() => out.push(c),
            // Everything that might be invisible, a line break, or not printable to some reader.
            c => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out.push('"');
    out
}

/// A JSON value on one line.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => measured(text).unwrap_or_else(|| quoted(text)),
        Value::Array(items) => sequence(items.iter().map(flow)),
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), flow(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}

/// A number with a unit needs no quotes: `100ms`, `34%`, `4/s`.
fn measured(text: &str) -> Option<String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let plain = ["%", "ns", "us", "ms", "s", "B", "KiB", "MiB", "GiB", "/s"];
    (unit.len() < text.len() && plain.contains(&unit)).then(|| text.to_owned())
}
