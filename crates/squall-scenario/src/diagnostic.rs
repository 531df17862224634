//! Errors and warnings about a scenario file: what, where, and how to put it right.
//!
//! A diagnostic is data (code, position, words). Drawing it in rustc's style happens once, in
//! [`Diagnostics::render`]. Nothing here decides what is wrong.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::codes::Code;

/// A file's text with the name to show for it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as the user wrote it.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

impl Source {
    /// A text under a name.
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Line and column of a byte, both from 1; columns count characters.
    pub fn position(&self, byte: usize) -> (usize, usize) {
        let byte = self.text.floor_char_boundary(byte);
        let before = &self.text[..byte];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.bytes().filter(|&b| b == b'\n').count();
        (line, 1 + before[line_start..].chars().count())
    }
}

/// Whether the file is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The file is refused.
    Error,
    /// The file is accepted, but cannot be run as it is.
    Warning,
}

/// Whether rendered text carries ANSI colours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Colour {
    /// Plain text.
    Never,
    /// With ANSI escapes.
    Always,
}

/// A half-open range of bytes in the source.
pub type Span = Range<usize>;

/// One error or warning.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// What kind; stable.
    pub code: Code,
    /// Whether the file is refused for it.
    pub severity: Severity,
    /// One line, lower case, no full stop.
    pub title: String,
    /// Where, in bytes.
    pub span: Span,
    /// A few words under the place.
    pub label: String,
    /// A second place that matters, with its words.
    pub other: Option<(Span, String)>,
    /// How to put it right.
    pub help: Option<String>,
}

impl Diagnostic {
    pub(crate) fn label(&mut self, label: impl Into<String>) -> &mut Self {
        self.label = label.into();
        self
    }

    pub(crate) fn help(&mut self, help: impl Into<String>) -> &mut Self {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn other(&mut self, span: Span, label: impl Into<String>) -> &mut Self {
        self.other = Some((span, label.into()));
        self
    }
}

/// All errors or warnings about one file, in order of position.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    source: Source,
    list: Vec<Diagnostic>,
}

impl Diagnostics {
    pub(crate) fn new(source: Source, mut list: Vec<Diagnostic>) -> Self {
        list.sort_by_key(|diagnostic| diagnostic.span.start);
        Self { source, list }
    }

    /// The file they are about.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Each of them, in order of position.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Line and column of a diagnostic, both from 1.
    pub fn position(&self, diagnostic: &Diagnostic) -> (usize, usize) {
        self.source.position(diagnostic.span.start)
    }

    /// All of them in rustc's style, one blank line between two, with a final newline.
    pub fn render(&self, colour: Colour) -> String {
        let renderer = match colour {
            Colour::Never => Renderer::plain(),
            Colour::Always => Renderer::styled(),
        };
        let one = |diagnostic| render_one(&self.source, diagnostic, &renderer);
        self.list.iter().map(one).collect::<Vec<_>>().join("\n")
    }
}

/// As [`Diagnostics::render`], without colours.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Colour::Never))
    }
}

impl std::error::Error for Diagnostics {}

/// Lines longer than this are not quoted: they are not written by people.
const QUOTED_LINE_MAX: usize = 2_000;

fn render_one(source: &Source, diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let code = diagnostic.code.to_string();
    let title = level.primary_title(diagnostic.title.as_str()).id(code.as_str());
    // Only the lines in question are handed over: the renderer would walk the whole text.
    let others = diagnostic.other.iter().map(|(span, _)| span);
    let first = others.clone().map(|span| span.start).fold(diagnostic.span.start, usize::min);
    let last = others.map(|span| span.start).fold(diagnostic.span.start, usize::max);
    let (excerpt, offset) = lines_around(&source.text, first, last);
    let (line, column) = source.position(diagnostic.span.start);
    let too_long = excerpt.split('\n').any(|line| line.len() > QUOTED_LINE_MAX);
    let mut text = if too_long {
        let place = format!(" --> {}:{line}:{column}\n{}", source.name, diagnostic.label);
        format!("{}\n{place}", renderer.render(&[Group::with_title(title)]))
    } else {
        let inside = |span: &Span| clamp(excerpt, span, offset);
        let mut snippet = Snippet::source(excerpt)
            .path(&*source.name)
            .line_start(source.position(offset).0)
            .annotation(AnnotationKind::Primary.span(inside(&diagnostic.span)).label(&diagnostic.label));
        if let Some((span, label)) = &diagnostic.other {
            snippet = snippet.annotation(AnnotationKind::Context.span(inside(span)).label(label));
        }
        renderer.render(&[Group::with_title(title).element(snippet)])
    };
    if let Some(help) = &diagnostic.help {
        // Rendered apart from its error, so that no empty gutter line stands between the two.
        let group = Group::with_title(Level::HELP.secondary_title(help.as_str()));
        text = format!("{text}\n{}", renderer.render(&[group]));
    }
    text.push('\n');
    text
}

/// The whole lines from the one with byte `first` to the one with byte `last`, and where they start.
fn lines_around(text: &str, first: usize, last: usize) -> (&str, usize) {
    let (first, last) = (text.floor_char_boundary(first), text.floor_char_boundary(last));
    let start = text[..first].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[last..].find('\n').map_or(text.len(), |newline| last + newline);
    (text[start..end].trim_end_matches('\r'), start)
}

/// A span of the file as one of the excerpt, cut to its first line and to whole characters.
fn clamp(excerpt: &str, span: &Span, offset: usize) -> Span {
    let start = excerpt.floor_char_boundary(span.start.saturating_sub(offset).min(excerpt.len()));
    let line_end = excerpt[start..].find('\n').map_or(excerpt.len(), |newline| start + newline);
    let end = excerpt.ceil_char_boundary(span.end.saturating_sub(offset).min(line_end));
    start..end.max(start)
}

/// Collects diagnostics while a file is read.
#[derive(Default, Debug)]
pub(crate) struct Report {
    pub(crate) list: Vec<Diagnostic>,
}

impl Report {
    pub(crate) fn error(&mut self, code: Code, span: Span, title: impl Into<String>) -> &mut Diagnostic {
        self.push(code, Severity::Error, span, title.into())
    }

    /// What the design has and the program has not: accepted here, refused by whoever runs it.
    pub(crate) fn not_supported(&mut self, span: Span, what: impl fmt::Display) -> &mut Diagnostic {
        let title = format!("{what} is not supported yet");
        self.push(Code::NotSupportedYet, Severity::Warning, span, title).label("cannot be run yet")
    }

    pub(crate) fn errors(&self) -> usize {
        self.list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count()
    }

    /// Takes over those of `other` that are not here already.
    pub(crate) fn merge(&mut self, other: Self) {
        for diagnostic in other.list {
            let same = |known: &&Diagnostic| known.code == diagnostic.code && known.span == diagnostic.span;
            if !self.list.iter().any(|known| same(&known)) {
                self.list.push(diagnostic);
            }
        }
    }

    fn push(&mut self, code: Code, severity: Severity, span: Span, title: String) -> &mut Diagnostic {
        let diagnostic =
            Diagnostic { code, severity, title, span, label: String::new(), other: None, help: None };
        self.list.push(diagnostic);
        self.list.last_mut().expect("it was pushed on the line before")
    }
}
