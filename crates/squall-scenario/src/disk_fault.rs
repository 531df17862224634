//! The fault action `disk`: whose, which files, and what is wrong with them.

use squall_history::{DiskFault, DiskOp, DiskTrouble, Ppm, Rot};

use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys, shown};
use crate::range::{self, Ranged, Rate};
use crate::scope::Scope;
use crate::selector;
use crate::tree::Node;

const DISK: Keys = Keys {
    of: "`disk`",
    known: &["target", "fault", "path", "percent", "ops", "latency", "rate", "sectors"],
    planned: &[],
};

/// Keys that some faults take, each with those faults.
const OWN: [(&str, &[Word], &str); 5] = [
    (
        "percent",
        &[Word::Error, Word::Corrupt, Word::Misdirected, Word::TornWrite],
        "belongs to `fault: error`, `corrupt`, `misdirected` and `torn-write`",
    ),
    ("ops", &[Word::Error], "belongs to `fault: error`"),
    ("latency", &[Word::Slow], "belongs to `fault: slow`"),
    ("rate", &[Word::Slow], "belongs to `fault: slow`"),
    ("sectors", &[Word::Corrupt], "belongs to `fault: corrupt`"),
];

/// The value of `fault`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    Slow,
    Stall,
    Error,
    Full,
    Corrupt,
    Misdirected,
    TornWrite,
    LyingSync,
}

const WORDS: [(&str, Word); 8] = [
    ("slow", Word::Slow),
    ("stall", Word::Stall),
    ("error", Word::Error),
    ("full", Word::Full),
    ("corrupt", Word::Corrupt),
    ("misdirected", Word::Misdirected),
    ("torn-write", Word::TornWrite),
    ("lying-sync", Word::LyingSync),
];

/// The key whose range each operation draws from for itself: planning leaves it as it is.
pub(crate) const DRAWN_BY_OPERATIONS: &str = "latency";

/// Reads the value of `disk`.
pub(crate) fn read(value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<DiskFault> {
    let before = report.errors();
    let fields = Fields::open(value, DISK, report)?;
    let target = fields.require("target", report).and_then(|node| selector::selector(node, scope, report));
    let path = fields.get("path").map(|node| path(node, report));
    let word = fields.require("fault", report)?;
    let text = word.text().unwrap_or_default();

    let word = fields::word(word, "disk fault", &WORDS, report)?;
    for (key, words, place) in OWN {
        if let Some(entry) = fields.entry(key)
            && !words.contains(&word)
        {
            let title = format!("`{key}` does not go with `fault: {text}`");
            report.error(Code::MisplacedKey, entry.key_span.clone(), title).label(place);
        }
    }
    let trouble = match word {
        Word::Slow => slow(&fields, report),
        Word::Stall => Some(DiskTrouble::Stall),
        Word::Error => error(&fields, report),
        Word::Full => Some(DiskTrouble::Full),
        Word::Corrupt => rot(&fields, report).map(DiskTrouble::Corrupt),
        Word::LyingSync => Some(DiskTrouble::LyingSync),
        Word::Misdirected => percent(&fields, report).map(|percent| DiskTrouble::Misdirected { percent }),
        Word::TornWrite => percent(&fields, report).map(|percent| DiskTrouble::TornWrite { percent }),
    };
    let path = path.map_or(Some(None), |path| path.map(Some));
    let fault = DiskFault { target: target?, path: path?, trouble: trouble? };
    (report.errors() == before).then_some(fault)
}

/// A glob from the node's root.
fn path(node: &Node, report: &mut Report) -> Option<String> {
    let glob = fields::text(node, "`path`", report)?;
    let problem = if glob.is_empty() {
        "the path is empty"
    } else if glob.starts_with('/') {
        "it begins at the node's root anyway: leave out the first `/`"
    } else if glob.split('/').any(|part| matches!(part, "" | "." | "..")) {
        "no part of it may be empty, `.` or `..`"
    } else if !is_balanced(glob) {
        "a bracket or brace is not closed"
    } else {
        return Some(glob.to_owned());
    };
    let title = format!("`{}` is not a path of files", shown(glob));
    let error = report.error(Code::Path, node.span.clone(), title).label(problem);
    error.help("write a glob, as `ctl/**` or `wal/*.log`; without `path` the whole disk is meant");
    None
}

/// Whether each bracket and brace of a glob is closed; an open one would match nothing.
fn is_balanced(glob: &str) -> bool {
    let (mut braces, mut in_class, mut escaped) = (0_i32, false, false);
    for c in glob.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ']' => in_class = false,
            _ if in_class => {}
            '[' => in_class = true,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        if braces < 0 {
            return false;
        }
    }
    braces == 0 && !in_class && !escaped
}

/// A chance for each operation; all of them without it.
fn percent(fields: &Fields<'_>, report: &mut Report) -> Option<Ppm> {
    fields.get("percent").map_or(Some(Ppm::percent(100)), |node| range::fixed(node, report))
}

/// A time for each operation, or a bound for all of them together.
fn slow(fields: &Fields<'_>, report: &mut Report) -> Option<DiskTrouble> {
    match (fields.entry("latency"), fields.entry("rate")) {
        (None, Some(entry)) => {
            let Rate(rate) = range::fixed(&entry.value, report)?;
            if rate == 0 {
                let error = report.error(Code::Size, entry.value.span.clone(), "a rate of nothing");
                error.label("at least `1B/s`").help("to hold the disk altogether write `fault: stall`");
                return None;
            }
            Some(DiskTrouble::Throttle { rate })
        }
        (Some(latency), Some(rate)) => {
            let title = "`latency` and `rate` do not go together";
            let error = report.error(Code::MisplacedKey, rate.key_span.clone(), title);
            error.label("write a second fault for it").other(latency.key_span.clone(), "the first one");
            None
        }
        _ => {
            let range = Ranged::read(fields.require("latency", report)?, report)?;
            Some(DiskTrouble::Slow { latency: (range.low, range.high) })
        }
    }
}

fn error(fields: &Fields<'_>, report: &mut Report) -> Option<DiskTrouble> {
    let percent = percent(fields, report);
    let mut ops: Vec<DiskOp> = DiskOp::ALL.iter().map(|(_, op)| *op).collect();
    if let Some(node) = fields.get("ops") {
        let words = fields::texts(node, "an operation", report)?;
        if words.is_empty() {
            let error = report.error(Code::EmptySelector, node.head(), "`ops` lists no operation");
            error.label("nothing would fail");
            return None;
        }
        let read = words.iter().map(|(_, node)| fields::word(node, "operation", &DiskOp::ALL, report));
        ops = read.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
        ops.sort_unstable();
        ops.dedup();
    }
    Some(DiskTrouble::Error { percent: percent?, ops })
}

/// How much rots: a share or a number of sectors.
fn rot(fields: &Fields<'_>, report: &mut Report) -> Option<Rot> {
    match (fields.entry("percent"), fields.entry("sectors")) {
        (Some(percent), None) => range::fixed(&percent.value, report).map(Rot::Percent),
        (None, Some(sectors)) => range::fixed(&sectors.value, report).map(Rot::Sectors),
        (Some(percent), Some(sectors)) => {
            let title = "`percent` and `sectors` do not go together";
            let error = report.error(Code::MisplacedKey, sectors.key_span.clone(), title);
            error.label("how much, twice").other(percent.key_span.clone(), "the first one");
            None
        }
        (None, None) => {
            fields.require("percent", report);
            None
        }
    }
}
