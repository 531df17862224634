//! A YAML document as a tree in which every key and value knows its place.
//!
//! Reading goes in two passes, text to tree and tree to typed values, because the second pass can
//! then report every error at once, and a system's own sections keep their places. The tree knows
//! nothing of the schema.

use serde_json::Value;

use crate::diagnostic::Span;

/// A value with its place.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) kind: Kind,
}

/// The three shapes a value can have.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A single value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Scalar {
    /// As written, without quotes.
    pub(crate) text: String,
    /// As YAML's core schema understands it.
    pub(crate) value: Value,
    /// Whether it was written in quotes (or as a block), and is therefore text and nothing else.
    pub(crate) quoted: bool,
}

/// A key with its value.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Span,
    pub(crate) value: Node,
}

impl Node {
    pub(crate) fn map(span: Span, entries: Vec<Entry>) -> Self {
        Self { span, kind: Kind::Map(entries) }
    }

    /// The text of a single value; `None` for null, lists and mappings.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(scalar) if !scalar.value.is_null() => Some(&scalar.text),
            _ => None,
        }
    }

    /// What it is, for an error message.
    pub(crate) fn shape(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(scalar) => match scalar.value {
                Value::Null => "nothing",
                Value::Bool(_) => "a boolean",
                Value::Number(_) => "a number",
                _ => "text",
            },
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }

    /// Where to point at when the value as a whole is meant: not a whole block of lines, but its
    /// first key or its opening bracket.
    pub(crate) fn head(&self) -> Span {
        match &self.kind {
            Kind::Map(entries) if self.span.is_empty() => {
                entries.first().map_or(self.span.clone(), |entry| entry.key_span.clone())
            }
            _ => self.span.clone(),
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Map(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The place of the key at the end of a path of keys, if all of it exists.
    pub(crate) fn find(&self, path: &[String]) -> Option<Span> {
        let (first, rest) = path.split_first()?;
        let entry = self.get(first)?;
        if rest.is_empty() { Some(entry.key_span.clone()) } else { entry.value.find(rest) }
    }

    /// The place of a path of keys and list positions: that of the last key that exists.
    pub(crate) fn place(&self, path: &[String]) -> Option<Span> {
        let (first, rest) = path.split_first()?;
        match &self.kind {
            Kind::Map(_) => {
                let entry = self.get(first)?;
                Some(entry.value.place(rest).unwrap_or_else(|| entry.key_span.clone()))
            }
            Kind::List(items) => {
                let item = items.get(first.parse::<usize>().ok()?)?;
                Some(item.place(rest).unwrap_or_else(|| item.head()))
            }
            Kind::Scalar(_) => None,
        }
    }

    /// Puts a value at a path of keys, making the mappings on the way.
    pub(crate) fn set(&mut self, path: &[&str], value: Self) {
        let Some((first, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if let Kind::List(items) = &mut self.kind
            && let Some(item) = first.parse::<usize>().ok().and_then(|index| items.get_mut(index))
        {
            return item.set(rest, value);
        }
        if !matches!(self.kind, Kind::Map(_)) {
            self.kind = Kind::Map(Vec::new());
        }
        let Kind::Map(entries) = &mut self.kind else { unreachable!("it was made one on the line before") };
        let known = entries.iter().position(|entry| entry.key == **first);
        let index = known.unwrap_or_else(|| {
            let (key, span) = ((*first).to_owned(), value.span.clone());
            entries.push(Entry { key, key_span: span.clone(), value: Self::map(span, Vec::new()) });
            entries.len() - 1
        });
        entries[index].value.set(rest, value);
    }

    /// The same tree with each single value replaced by what `replace` gives for it and its dotted
    /// path, where it gives anything.
    pub(crate) fn replaced(
        &self,
        path: &str,
        replace: &mut impl FnMut(&str, &Self) -> Option<Scalar>,
    ) -> Self {
        let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let kind = match &self.kind {
            Kind::Scalar(scalar) => Kind::Scalar(replace(path, self).unwrap_or_else(|| scalar.clone())),
            Kind::List(items) => {
                let items = items.iter().enumerate();
                Kind::List(items.map(|(i, item)| item.replaced(&below(&i.to_string()), replace)).collect())
            }
            Kind::Map(entries) => {
                let entry = |entry: &Entry| Entry {
                    key: entry.key.clone(),
                    key_span: entry.key_span.clone(),
                    value: entry.value.replaced(&below(&entry.key), replace),
                };
                Kind::Map(entries.iter().map(entry).collect())
            }
        };
        Self { span: self.span.clone(), kind }
    }

    /// The tree as JSON, without places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(scalar) => scalar.value.clone(),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.value.to_json())).collect(),
            ),
        }
    }
}
