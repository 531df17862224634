//! The chart as one SVG file: no script, no network, legible on light and on dark.
//!
//! Time runs to the right, the share upwards; the band is where the true share lies with 95 %. A rise
//! is marked by a number that the text below repeats, so that no meaning hangs on a colour.

use std::fmt::Write as _;

use squall_check::cause::{Cause, CauseMoment};

use super::{cause_sentences, method, percent, what};
use crate::text::one_line;

/// The whole picture, and the field within it, in pixels.
const WIDTH: f64 = 960.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 936.0;
const TOP: f64 = 72.0;
const BOTTOM: f64 = 340.0;
/// Of a line of text below the field.
const LINE: f64 = 20.0;
/// Characters of 13 pixels on a line of that width.
const LINE_CHARS: usize = 128;

const CSS: &str = "
  svg { font: 13px system-ui, sans-serif; --ink: #1b1f24; --quiet: #57606a; --grid: #d0d7de;
        --paper: #ffffff; --line: #0550ae; --turn: #a40e26; }
  @media (prefers-color-scheme: dark) {
    svg { --ink: #e6edf3; --quiet: #9198a1; --grid: #3d444d; --paper: #0d1117; --line: #79c0ff;
          --turn: #ff9492; } }
  .paper { fill: var(--paper); } text { fill: var(--ink); } .quiet { fill: var(--quiet); }
  .head { font-size: 16px; font-weight: 600; } .grid { stroke: var(--grid); }
  .band { fill: var(--line); opacity: .15; } .share { fill: none; stroke: var(--line); stroke-width: 2; }
  .dot { fill: var(--line); } .turn { stroke: var(--turn); stroke-dasharray: 4 3; }
  .mark { fill: var(--turn); font-weight: 600; }
";

/// `cause.svg`.
pub fn cause_svg(cause: &Cause) -> String {
    let sentences = cause_sentences(cause);
    let notes: Vec<String> = sentences.iter().enumerate().flat_map(|(k, it)| note(cause, k, it)).collect();
    let height = BOTTOM + 56.0 + notes.len() as f64 * LINE;
    let name = format!("{} seed {}", one_line(&cause.scenario, 60), cause.seed);
    let title = format!("How likely {} was in {name}", one_line(&cause.symptom, 60));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{} {}</desc>\n<style>{CSS}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n",
        escaped(&title),
        escaped(&method(cause)),
        escaped(&sentences.join(" "))
    );
    svg += &text(LEFT, 28.0, "head", &title);
    svg += &text(LEFT, 50.0, "quiet", &method(cause));
    let end = end(cause);
    svg += &axes(end);
    svg += &shares(cause, end);
    svg += &turns(cause, end);
    for (k, line) in notes.iter().enumerate() {
        svg += &text(LEFT, BOTTOM + 56.0 + k as f64 * LINE, "", line);
    }
    svg += "</svg>\n";
    svg
}

/// Seconds at the right edge.
fn end(cause: &Cause) -> f64 {
    let last = cause.moments.last().map_or(0, |moment| moment.at.0);
    seconds(last.max(cause.violated_at.0)).max(0.001)
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

fn x(at: f64, end: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * at / end
}

fn y(share: f64) -> f64 {
    BOTTOM - (BOTTOM - TOP) * share
}

fn axes(end: f64) -> String {
    let mut svg = String::new();
    for quarter in 0..=4 {
        let share = f64::from(quarter) / 4.0;
        let at = y(share);
        writeln!(svg, "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{RIGHT}\"/>").expect("writing to a string");
        svg += &format!(
            "<text class=\"quiet\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            LEFT - 8.0,
            at + 4.0,
            percent(share)
        );
    }
    for eighth in 0..=8 {
        let at = end * f64::from(eighth) / 8.0;
        svg += &format!(
            "<text class=\"quiet\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{at:.1} s</text>\n",
            x(at, end),
            BOTTOM + 20.0
        );
    }
    svg
}

fn shares(cause: &Cause, end: f64) -> String {
    let points = |share: &dyn Fn(&CauseMoment) -> f64| -> Vec<String> {
        let point =
            |moment: &CauseMoment| format!("{:.1},{:.1}", x(seconds(moment.at.0), end), y(share(moment)));
        cause.moments.iter().map(point).collect()
    };
    let mut band = points(&|moment| moment.interval().0);
    band.extend(points(&|moment| moment.interval().1).into_iter().rev());
    let mut svg = format!(
        "<polygon class=\"band\" points=\"{}\"/>\n<polyline class=\"share\" points=\"{}\"/>\n",
        band.join(" "),
        points(&CauseMoment::share).join(" ")
    );
    for moment in &cause.moments {
        let tip = format!("t={}: {} of {} runs, after {}", moment.at, moment.same, moment.runs, what(moment));
        writeln!(
            svg,
            "<circle class=\"dot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"><title>{}</title></circle>",
            x(seconds(moment.at.0), end),
            y(moment.share()),
            escaped(&tip)
        )
        .expect("writing to a string");
    }
    svg
}

fn turns(cause: &Cause, end: f64) -> String {
    let mut svg = String::new();
    for (k, turn) in cause.turns.iter().enumerate() {
        let at = x(seconds(cause.moments[turn.after].at.0), end);
        writeln!(svg, "<path class=\"turn\" d=\"M{at:.1} {TOP}V{BOTTOM}\"/>").expect("writing to a string");
        svg += &text(at - 4.0, TOP - 4.0, "mark", &(k + 1).to_string());
    }
    svg
}

/// The lines of a sentence; one that explains a rise begins with its number.
fn note(cause: &Cause, k: usize, sentence: &str) -> Vec<String> {
    let mut lines = vec![if k < cause.turns.len() { format!("{}.", k + 1) } else { String::new() }];
    for word in sentence.split(' ') {
        let line = lines.last_mut().expect("it begins with one");
        if line.chars().count() + 1 + word.chars().count() > LINE_CHARS {
            lines.push(format!("   {word}"));
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn text(x: f64, y: f64, class: &str, words: &str) -> String {
    format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escaped(words))
}

/// Other people's words, harmless in XML.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            // XML has no way to write these.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}
