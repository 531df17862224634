//! A malformed recording, drawn as the errors of scenario files are.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use squall_check::blackbox::recording::Malformed;

/// The error with file, line, column and a caret, and a final newline.
pub(crate) fn render(file: &str, malformed: &Malformed) -> String {
    let renderer = Renderer::styled();
    let title = Level::ERROR.primary_title(malformed.title.as_str());
    let excerpt = &malformed.excerpt;
    let line = usize::try_from(malformed.line).unwrap_or(usize::MAX);
    let mut text = if excerpt.cut {
        // The renderer would count columns within the excerpt.
        let place = format!(" --> {file}:{}:{}", malformed.line, malformed.column);
        let before = excerpt.text[..excerpt.span.start].chars().count();
        let length = excerpt.text[excerpt.span.clone()].chars().count().max(1);
        let (gap, carets) = (" ".repeat(before + 3), "^".repeat(length));
        let head = renderer.render(&[Group::with_title(title)]);
        format!("{head}\n{place}\n  … {} …\n  {gap}{carets} {}", excerpt.text, malformed.label)
    } else {
        let mark = AnnotationKind::Primary.span(excerpt.span.clone()).label(&malformed.label);
        let snippet = Snippet::source(excerpt.text.as_str()).path(file).line_start(line).annotation(mark);
        renderer.render(&[Group::with_title(title).element(snippet)])
    };
    if let Some(help) = &malformed.help {
        let group = Group::with_title(Level::HELP.secondary_title(help.as_str()));
        text = format!("{text}\n{}", renderer.render(&[group]));
    }
    text.push('\n');
    text
}
