//! EDN, as far as recordings use it, read into JSON values.
//!
//! A reader of its own: what is needed is small (one form at a time, places of the values, a limit to
//! the depth, no tree besides the JSON one), and the crates there are (`clojure-reader`, `edn-format`;
//! `edn-rs` calls itself deprecated) take a whole file and give no places of values.
//!
//! | EDN | JSON |
//! |---|---|
//! | `nil`, booleans, texts | the same |
//! | keyword, symbol, character | a string: `:x` is `"x"`, and so is `"x"` |
//! | integer within 64 bits, float | a number |
//! | larger integer, `1M`, `1/2`, `##Inf`, `0x1f` | a string, since a number would not be exact |
//! | vector, list, set | an array, in the order of the file |
//! | map | an object; keys that are no text become their JSON text |
//! | `#tag value` | the value |
//! | `#_ form`, `; comment` | nothing |

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Number, Value};

use super::DEPTH_MAX;
use super::keys::key_text;
use super::malformed::Problem;

/// Reads the values of a text, one after the other.
pub(super) struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Opens the map that the text is, its tags aside. `false`: the text is a discarded form.
    pub(super) fn open_map(&mut self) -> Result<bool, Problem> {
        self.skip_tags()?;
        if self.peek().is_none() {
            return Ok(false);
        }
        if self.peek() != Some(b'{') {
            return Err(self.here("an operation was expected, which is a map"));
        }
        self.at += 1;
        Ok(true)
    }

    /// The key of the next field of the open map: its name without colon, and its place. `None`
    /// behind the last.
    pub(super) fn field(&mut self) -> Result<Option<(&'t str, Range<usize>)>, Problem> {
        self.skip_blank()?;
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                Ok(None)
            }
            Some(b':') => {
                let start = self.at;
                let word = self.word();
                Ok(Some((&word[1..], start..self.at)))
            }
            Some(b']' | b')') => {
                Err(self.here("this bracket does not close the map").label("`}` was expected"))
            }
            _ => Err(self.here("the name of a field was expected, as `:process`")),
        }
    }

    /// The next value, which is a word: a keyword is lent. `None` if it is no word.
    pub(super) fn name(&mut self) -> Result<(Option<Cow<'t, str>>, Range<usize>), Problem> {
        self.skip_tags()?;
        let start = self.at;
        if self.peek() == Some(b':') {
            let word = self.word();
            return Ok((Some(Cow::Borrowed(&word[1..])), start..self.at));
        }
        let (value, place) = self.value()?;
        let name = match value {
            Value::String(name) => Some(Cow::Owned(name)),
            _ => None,
        };
        Ok((name, place))
    }

    /// The next value, and its place.
    pub(super) fn value(&mut self) -> Result<(Value, Range<usize>), Problem> {
        self.skip_tags()?;
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.map(),
            Some(b'[') => self.sequence(b']'),
            Some(b'(') => self.sequence(b')'),
            Some(b'#') => self.dispatch(),
            Some(b'"') => self.string().map(Value::String),
            Some(b'\\') => self.character(),
            Some(b'}' | b']' | b')') | None => Err(self.here("a value is missing")),
            Some(_) => self.atom(),
        }?;
        Ok((value, start..self.at))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn here(&self, title: impl Into<String>) -> Problem {
        Problem::new(self.at..self.at + 1, title)
    }

    /// Passes over whitespace, comments and discarded forms.
    fn skip_blank(&mut self) -> Result<(), Problem> {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() || byte == b',' => self.at += 1,
                Some(b';') => {
                    let rest = &self.text[self.at..];
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                Some(b'#') if self.text[self.at..].starts_with("#_") => {
                    self.at += 2;
                    self.nested(Self::value)?;
                }
                _ => return Ok(()),
            }
        }
    }

    /// Passes over tags: `#jepsen.history.Op{…}` is the map.
    fn skip_tags(&mut self) -> Result<(), Problem> {
        loop {
            self.skip_blank()?;
            let next = self.text.as_bytes().get(self.at + 1);
            if self.peek() != Some(b'#') || !next.is_some_and(u8::is_ascii_alphabetic) {
                return Ok(());
            }
            self.word();
        }
    }

    /// What `#` begins and is no tag.
    fn dispatch(&mut self) -> Result<Value, Problem> {
        match self.text.as_bytes().get(self.at + 1) {
            Some(b'{') => {
                self.at += 1;
                self.sequence(b'}')
            }
            // A regular expression, which Clojure prints although it is no EDN.
            Some(b'"') => {
                self.at += 1;
                self.raw_string().map(Value::String)
            }
            Some(b'#') => {
                let start = self.at;
                Ok(Value::String(self.word()[2..].to_owned())).inspect(|_| assert!(self.at > start))
            }
            Some(b':') => {
                // A map whose keys share a namespace.
                self.word();
                self.skip_blank()?;
                self.map()
            }
            _ => Err(self.here("`#` begins a tag, a set or `#_`")),
        }
    }

    /// One level down.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Problem>) -> Result<T, Problem> {
        if self.depth == DEPTH_MAX {
            return Err(self.here(format!("values are nested deeper than {DEPTH_MAX}")));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn sequence(&mut self, closer: u8) -> Result<Value, Problem> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        while !self.closes(closer, start)? {
            items.push(self.nested(Self::value)?.0);
        }
        Ok(Value::Array(items))
    }

    fn map(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        if self.peek() != Some(b'{') {
            return Err(self.here("a map was expected"));
        }
        self.at += 1;
        let mut object = Map::new();
        while !self.closes(b'}', start)? {
            let (key, place) = self.nested(Self::value)?;
            self.skip_blank()?;
            if self.peek() == Some(b'}') {
                return Err(Problem::new(place, "a key without a value: a map has both"));
            }
            let (value, _) = self.nested(Self::value)?;
            if object.insert(key_text(key), value).is_some() {
                return Err(Problem::new(place, "this key is in the map twice"));
            }
        }
        Ok(Value::Object(object))
    }

    /// Whether the collection from `start` on ends here; then it is passed over.
    fn closes(&mut self, closer: u8, start: usize) -> Result<bool, Problem> {
        self.skip_blank()?;
        match self.peek() {
            Some(byte) if byte == closer => {
                self.at += 1;
                Ok(true)
            }
            Some(b'}' | b']' | b')') => {
                let expected = char::from(closer);
                let problem = self.here("this bracket does not close what is open");
                Err(problem.label(format!("`{expected}` was expected")))
            }
            Some(_) => Ok(false),
            None => Err(Problem::new(start..start + 1, "this bracket is never closed")),
        }
    }

    /// Up to the next blank or bracket.
    fn word(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let ends = |byte: u8| {
            matches!(
                byte,
                b' ' | b'\t'
                    | b'\n'
                    | b'\r'
                    | b'\x0c'
                    | b','
                    | b';'
                    | b'"'
                    | b'('
                    | b')'
                    | b'['
                    | b']'
                    | b'{'
                    | b'}'
            )
        };
        let length = rest.bytes().position(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn character(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        self.at += 1;
        // The character itself may be a bracket or a blank, which would end a word.
        let first = self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        self.at += first;
        self.word();
        let name = &self.text[start + 1..self.at];
        let text = match name {
            "newline" => "\n".to_owned(),
            "return" => "\r".to_owned(),
            "space" => " ".to_owned(),
            "tab" => "\t".to_owned(),
            "backspace" => "\u{8}".to_owned(),
            "formfeed" => "\u{c}".to_owned(),
            _ if name.chars().count() == 1 => name.to_owned(),
            _ => {
                let code = name.strip_prefix('u').and_then(|hex| u32::from_str_radix(hex, 16).ok());
                let known = code.and_then(char::from_u32).map(String::from);
                known.ok_or_else(|| Problem::new(start..self.at, format!("`\\{name}` is no character")))?
            }
        };
        Ok(Value::String(text))
    }

    /// A text as it stands, escapes and all.
    fn raw_string(&mut self) -> Result<String, Problem> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    self.at = at + 1;
                    return Ok(self.text[start + 1..at].to_owned());
                }
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        Err(Problem::new(start..start + 1, "this text is never closed"))
    }

    fn string(&mut self) -> Result<String, Problem> {
        let start = self.at + 1;
        let raw = self.raw_string()?;
        if !raw.contains('\\') {
            return Ok(raw);
        }
        let mut text = String::with_capacity(raw.len());
        let mut rest = raw.as_str();
        while let Some(backslash) = rest.find('\\') {
            text += &rest[..backslash];
            let escape = &rest[backslash..];
            let at = start + raw.len() - escape.len();
            let wrong = || Problem::new(at..at + 2, "this escape is not known in a text");
            let (character, length) = unescaped(escape).ok_or_else(wrong)?;
            text.push(character);
            rest = &escape[length..];
        }
        Ok(text + rest)
    }

    /// A number, keyword, symbol, `nil` or boolean.
    fn atom(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        let word = self.word();
        if let Some(keyword) = word.strip_prefix(':') {
            return match keyword {
                "" => Err(Problem::new(start..self.at, "a keyword without a name")),
                name => Ok(Value::String(name.to_owned())),
            };
        }
        let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
        if digits.starts_with(|first: char| first.is_ascii_digit()) {
            return number(word)
                .ok_or_else(|| Problem::new(start..self.at, format!("`{word}` is no number")));
        }
        Ok(match word {
            "nil" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            symbol => Value::String(symbol.to_owned()),
        })
    }
}

/// The character that an escape stands for, and the escape's length. UTF-16 surrogates come in pairs.
fn unescaped(escape: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let hex = escape.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(hex, 16).ok()
    };
    let simple = match escape.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            return match unit(0)? {
                high @ 0xD800..=0xDBFF => {
                    let low = unit(6).filter(|low| (0xDC00..=0xDFFF).contains(low))?;
                    Some((char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00))?, 12))
                }
                code => Some((char::from_u32(code)?, 6)),
            };
        }
        _ => return None,
    };
    Some((simple, 2))
}

/// The number that a word is; as text, if JSON's would not be exact.
fn number(word: &str) -> Option<Value> {
    let plain = word.strip_prefix('+').unwrap_or(word);
    let whole = plain.strip_suffix('N').unwrap_or(plain);
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if all_digits(digits) {
        let number =
            whole.parse::<i64>().map(Number::from).or_else(|_| whole.parse::<u64>().map(Number::from));
        return Some(number.map_or_else(|_| Value::String(whole.to_owned()), Value::Number));
    }
    if let Some((above, below)) = digits.split_once('/') {
        return (all_digits(above) && all_digits(below)).then(|| Value::String(plain.to_owned()));
    }
    if digits.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit())) {
        // No EDN, but in `#object[…]` there are addresses.
        return Some(Value::String(plain.to_owned()));
    }
    if let Some(exact) = plain.strip_suffix('M') {
        return exact.parse::<f64>().is_ok().then(|| Value::String(exact.to_owned()));
    }
    let float = plain.parse::<f64>().ok()?;
    Some(Number::from_f64(float).map_or_else(|| Value::String(plain.to_owned()), Value::Number))
}
