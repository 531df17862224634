//! The stable codes of diagnostics, each with a paragraph for `explain`.
//!
//! A code never changes its meaning and is never given to another error: people search for it.
//! The text of a diagnostic may improve; its code stays.

use std::fmt;

/// Code of a diagnostic, written `E0012`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u16)]
#[expect(missing_docs, reason = "the table below explains each in a paragraph")]
pub enum Code {
    Syntax = 1,
    Empty = 2,
    SeveralDocuments = 3,
    TooLarge = 4,
    DuplicateKey = 5,
    ForeignYaml = 6,
    WrongType = 7,
    UnknownKey = 8,
    MissingKey = 9,
    Version = 10,
    Name = 11,
    UnknownAction = 12,
    NoAction = 13,
    SeveralActions = 14,
    NoTrigger = 15,
    SeveralTriggers = 16,
    MisplacedKey = 17,
    Duration = 18,
    Share = 19,
    Count = 20,
    Size = 21,
    Range = 22,
    UnknownValue = 23,
    UnknownSystem = 24,
    UnknownRole = 25,
    UnknownZone = 26,
    UnknownNode = 27,
    UnknownInvariant = 28,
    UnknownCondition = 29,
    UnknownBug = 30,
    EmptySelector = 31,
    SelectorValue = 32,
    AfterEnd = 33,
    EmptyWindow = 34,
    DuplicateName = 35,
    OutOfBounds = 36,
    Config = 37,
    Workload = 38,
    Seeds = 39,
    Topology = 40,
    Path = 41,
    UnknownFault = 42,
    NotSupportedYet = 60,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("E{:04}", *self as u16))
    }
}

/// The paragraph about a code (`E0012`), if there is such a code.
pub fn explain(code: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| known.to_string() == code).map(|(_, text)| *text)
}

/// Every code with its explanation, in order.
pub const ALL: [(Code, &str); 43] = [
    (
        Code::Syntax,
        "The file is not YAML. Common causes: a tab in the indentation, a missing space after `:`, an unclosed \
         bracket or quote, or a plain value that begins with one of `@ * & ! > | %`. No value of a scenario needs \
         to begin with one of those; put it in quotes.",
    ),
    (
        Code::Empty,
        "The file holds nothing but blanks and comments. A scenario needs at least `version`, `name`, `system` and `duration`.",
    ),
    (
        Code::SeveralDocuments,
        "A scenario file holds one YAML document. Write each scenario into a file of its own, and remove `---` lines.",
    ),
    (
        Code::TooLarge,
        "The file exceeds a limit: one mebibyte of text, 20,000 YAML nodes, 100 aliases, or 32 levels of nesting. \
         The limits keep a damaged or hostile file from eating memory; no scenario written by hand comes near them.",
    ),
    (
        Code::DuplicateKey,
        "One mapping has the same key twice. YAML readers disagree on which wins, so neither is taken. Remove one.",
    ),
    (
        Code::ForeignYaml,
        "This is YAML, but of a kind that scenarios do not use: a key that is not text, an anchor that contains \
         itself, or a number that is not finite. Write the value out plainly.",
    ),
    (
        Code::WrongType,
        "The value has another shape than this key takes: a mapping, a list and a single value are three different things.",
    ),
    (
        Code::UnknownKey,
        "This mapping has no such key. Keys are kebab-case and never ignored: a misspelt key would otherwise \
         silently do nothing. The diagnostic suggests the nearest one.",
    ),
    (Code::MissingKey, "A key that has no default is absent. Add it where the diagnostic points."),
    (
        Code::Version,
        "Every scenario begins with `version: 1`, the version of the schema. It is required so that later versions \
         can change the meaning of a key without changing what old files do.",
    ),
    (
        Code::Name,
        "Names of scenarios and faults consist of small letters, digits and hyphens (`[a-z0-9-]+`), because they \
         appear in paths, in fault ids and on the command line.",
    ),
    (
        Code::UnknownAction,
        "The key of a fault entry is neither a trigger (`at`, `every`, `random`), nor an option, nor an action \
         (`kill`, `power-loss`, `pause`, `partition`, `latency`, `loss`, `duplicate`, `reorder`, `disk`). Names from \
         other tools, such as `crash` or `delay`, get a suggestion.",
    ),
    (Code::NoAction, "A fault entry says when, but not what. Add one action, for example `kill: leader`."),
    (
        Code::SeveralActions,
        "A fault entry holds exactly one action. Write two entries with the same `at`, or choose one inside `random`.",
    ),
    (
        Code::NoTrigger,
        "A fault entry says what, but not when. Add `at: 5s` (once), `every: 8s` (repeatedly) or `random` (drawn).",
    ),
    (
        Code::SeveralTriggers,
        "A fault entry has one trigger: `at`, `every` or `random`. Write two entries instead.",
    ),
    (
        Code::MisplacedKey,
        "The key exists, but not in this kind of entry: `jitter` belongs to `every`, `between` to `every` and \
         `random`, `id` to `at`; inside `random`, each entry of `pick` has its own `for` and action. \
         The keys of a `disk` fault depend on its `fault`, and one that takes no time has no `for`.",
    ),
    (
        Code::Duration,
        "A span of time is a number with a unit, or several joined: `500ms`, `1.5s`, `2m30s`. A bare number is \
         refused because its unit would be a guess. It is not negative.",
    ),
    (
        Code::Share,
        "A share or chance carries a unit: a percentage from `0%` to `100%` with at most four decimals, or `50ppm`.",
    ),
    (
        Code::Count,
        "A count is a whole number that is not negative and has no unit, or a range `3..5` of them.",
    ),
    (
        Code::Size,
        "A size is a whole number with a unit: `512B`, `64KiB`, `8MiB`, `4GiB` (powers of 1024) or `kB`, `MB`, `GB` (powers of 1000).",
    ),
    (
        Code::Range,
        "A range `lo..hi` is drawn from the seed when the run is planned. Both ends are of one kind, the lower \
         comes first, and both are included. Text that only looks like a range goes in quotes.",
    ),
    (
        Code::UnknownValue,
        "The key takes one of a few fixed words, and this is none of them. The diagnostic lists them.",
    ),
    (
        Code::UnknownSystem,
        "No system of that name is registered. `list` shows the systems that this binary can run.",
    ),
    (
        Code::UnknownRole,
        "The system has no such role. Roles come from the system, not from the scenario, which only chooses how many nodes play each.",
    ),
    (Code::UnknownZone, "The zone is not listed under `topology.zones`."),
    (
        Code::UnknownNode,
        "There is no node of that name. Nodes are called `<role>-<k>`, with k from 1 to the role's count. To choose \
         by role write `{ role: worker }`; the current leader is `leader`.",
    ),
    (
        Code::UnknownInvariant,
        "The system has no invariant or checker of that name or id. `all` takes every one it has.",
    ),
    (Code::UnknownCondition, "No vocabulary of the system exports a condition of that name."),
    (Code::UnknownBug, "The system has no planted bug of that name."),
    (
        Code::EmptySelector,
        "The selector names no node, so the fault could never do anything. To mean every node write \
         `{ mode: all }`.",
    ),
    (
        Code::SelectorValue,
        "`mode: fixed` takes a count in `value`; `fixed-percent` and `random-max-percent` take a percentage; `one` \
         and `all` take none.",
    ),
    (Code::AfterEnd, "The fault is due after the end of the run (`duration`), so it could never happen."),
    (Code::EmptyWindow, "`between: [start, end]` needs a start before its end."),
    (
        Code::DuplicateName,
        "Two faults have the same `name` or `id`. Their draws are addressed by it, so it must be unique in the file.",
    ),
    (
        Code::OutOfBounds,
        "The number is well formed but outside what Squall accepts: an interval must be longer than zero, a \
         topology has at most 10,000 nodes, and one fault entry plans at most 10,000 faults.",
    ),
    (
        Code::Config,
        "The system refused its `config` section. With ranges in it, both ends of every range are tried.",
    ),
    (
        Code::Workload,
        "The system refused its `workload` section. With ranges in it, both ends of every range are tried.",
    ),
    (
        Code::Seeds,
        "`seeds` is a count of at least one (`64`, derived from the base seed), a list of seeds (`[0x1f3a, 7]`), or \
         `{ from: 0x5eed, count: 100 }`, which must not run past the largest 64-bit number.",
    ),
    (
        Code::Topology,
        "The topology contradicts itself: a zone or node number listed twice, nodes spread over zones where there \
         are none, `count` together with `numbers`, or no node at all.",
    ),
    (
        Code::Path,
        "The `path` of a `disk` fault is a glob from the node's root: `*` stands for anything within a name, `**` \
         for any number of directories, `?` for one character, `[a-z]` for one of some, `{a,b}` for either. It does \
         not begin with `/` and holds no `.` or `..`. `ctl/**` is about the directory `ctl` too.",
    ),
    (
        Code::UnknownFault,
        "`except` names faults of this scenario: an entry's `name`, or its action if it has none, or one fault by \
         its id, such as `cut#2`. No entry is called that.",
    ),
    (
        Code::NotSupportedYet,
        "The design has this, the program does not, yet. `check` and `plan` accept it with this warning so that \
         files can be written ahead; `run` and `replay` refuse it by name rather than leave it out silently.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_listed_once_and_in_order() {
        assert!(ALL.windows(2).all(|pair| pair[0].0 < pair[1].0));
        for (code, text) in ALL {
            assert_eq!(explain(&code.to_string()), Some(text));
            assert!(text.ends_with('.') && !text.contains("  "), "{code}: {text}");
        }
        assert_eq!(explain("E0000"), None);
        assert_eq!(Code::UnknownAction.to_string(), "E0012");
    }
}
