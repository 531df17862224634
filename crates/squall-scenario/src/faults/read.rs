//! Fault entries from the tree, checked against the names in scope and the length of the run.

use std::collections::BTreeMap;

use squall_history::{Action, BudgetRule, Identity, SimDuration};

use super::{FAULTS_MAX, FaultEntry, Timed, Trigger, Window, occurrences};
use crate::action::{self, Template};
use crate::budget;
use crate::codes::Code;
use crate::diagnostic::{Report, Span};
use crate::fields::{self, Fields, Keys, shown};
use crate::names::{did_you_mean, is_plain_name};
use crate::range::Ranged;
use crate::scope::{Author, Scope};
use crate::tree::{Entry, Kind, Node};

const ENTRY: Keys = Keys {
    of: "a fault",
    known: &["name", "at", "every", "jitter", "between", "random", "steps", "for", "id", "budget"],
    planned: &[],
};
const TRIGGERS: [&str; 3] = ["at", "every", "random"];

/// Reads the list `faults` of a scenario that lasts `duration`.
pub(crate) fn read(
    node: &Node,
    duration: Option<Ranged<SimDuration>>,
    scope: &Scope<'_>,
    report: &mut Report,
) -> Vec<FaultEntry> {
    let mut reader = Reader { duration, scope, report, names: BTreeMap::new(), ordinals: BTreeMap::new() };
    let items = fields::list(node, "`faults`", reader.report).unwrap_or_default();
    items.iter().filter_map(|item| reader.entry(item)).collect()
}

/// A fault entry or a choice, its keys sorted into options and actions.
pub(super) struct Parts<'n> {
    pub(super) fields: Fields<'n>,
    actions: Vec<&'n Entry>,
    /// A key that is neither was reported, and may well have been meant as what is missing.
    misspelt: bool,
}

pub(super) struct Reader<'a> {
    duration: Option<Ranged<SimDuration>>,
    scope: &'a Scope<'a>,
    pub(super) report: &'a mut Report,
    /// Names and ids given so far, with their places.
    names: BTreeMap<String, Span>,
    /// How many unnamed entries of each keyword there were.
    ordinals: BTreeMap<String, u64>,
}

impl Reader<'_> {
    fn entry(&mut self, node: &Node) -> Option<FaultEntry> {
        let before = self.report.errors();
        let parts = self.open(node, ENTRY)?;
        let Parts { fields, actions, .. } = &parts;
        let author = if fields.get("id").is_some() { Author::Squall } else { self.scope.author };
        let scope = Scope { author, ..*self.scope };
        let name = fields.get("name").and_then(|node| self.name(node, "fault name"));
        let id = fields.get("id").and_then(|node| self.name(node, "fault id"));
        let budget = match fields.get("budget") {
            Some(node) => fields::word(node, "budget rule", &budget::WORDS, self.report).unwrap_or_default(),
            None if fields.get("random").is_some() => BudgetRule::QuorumStays,
            None => BudgetRule::AsWritten,
        };
        let trigger = self.trigger(&parts)?;
        self.check_misplaced(fields, &trigger.key, actions);
        let holder = if trigger.key == "steps" { "steps" } else { "random" };
        let keyword = actions.first().map_or(holder, |entry| entry.key.as_str()).to_owned();
        let trigger = match trigger.key.as_str() {
            "at" => self.at(&parts, &trigger.value, &scope),
            "every" => self.every(&parts, &trigger.value, &scope),
            "steps" => self.sequence(fields, &trigger.value, &scope),
            _ => self.random(fields, &trigger.value, &scope),
        };
        // Counted even if it cannot run yet, so that its coming re-draws no other entry.
        let identity = self.identity(name.as_deref().or(id.as_deref()), &keyword);
        let trigger = trigger?;
        (self.report.errors() == before).then_some(FaultEntry { name, id, identity, budget, trigger })
    }

    /// The one trigger of an entry.
    fn trigger<'n>(&mut self, parts: &Parts<'n>) -> Option<&'n Entry> {
        let fields = &parts.fields;
        let mut triggers: Vec<&Entry> = TRIGGERS.iter().filter_map(|key| fields.entry(key)).collect();
        if let Some(steps) = fields.entry("steps") {
            // Its `at` says when the first step begins.
            triggers.retain(|trigger| trigger.key != "at");
            triggers.push(steps);
        }
        match triggers[..] {
            [only] => return Some(only),
            [] if parts.misspelt => {}
            [] => {
                let error = self.report.error(Code::NoTrigger, fields.head(), "a fault without a trigger");
                error.label("when?").help("add `at: 5s`, `every: 8s` or `random`");
            }
            [first, second, ..] => {
                let title = "a fault has one trigger, not several";
                let error = self.report.error(Code::SeveralTriggers, second.key_span.clone(), title);
                error.label("a second trigger").other(first.key_span.clone(), "the first one");
            }
        }
        None
    }

    fn identity(&mut self, name: Option<&str>, keyword: &str) -> Identity {
        let Some(name) = name else {
            let ordinal = self.ordinals.entry(keyword.to_owned()).or_default();
            *ordinal += 1;
            // Names have no spaces, so no name can share this identity.
            return Identity::of(&format!("unnamed {keyword}")).with(*ordinal);
        };
        Identity::of(name)
    }

    /// Splits an entry into options and actions, and reports keys that are neither.
    pub(super) fn open<'n>(&mut self, node: &'n Node, keys: Keys) -> Option<Parts<'n>> {
        let Kind::Map(entries) = &node.kind else {
            fields::wrong_type(node, keys.of, "a mapping", self.report);
            return None;
        };
        let (mut actions, mut misspelt) = (Vec::new(), false);
        for entry in entries {
            let key = entry.key.as_str();
            if Action::KEYWORDS.contains(&key) || action::PLANNED.contains(&key) {
                actions.push(entry);
            } else if keys.planned.contains(&key) {
                self.report.not_supported(entry.key_span.clone(), format!("trigger `{key}`"));
            } else if !keys.known.contains(&key) {
                self.unknown_action(entry, keys);
                misspelt = true;
            }
        }
        Some(Parts { fields: Fields::of_checked(node, keys), actions, misspelt })
    }

    fn unknown_action(&mut self, entry: &Entry, keys: Keys) {
        let title = format!("unknown fault action `{}`", shown(&entry.key));
        let error = self.report.error(Code::UnknownAction, entry.key_span.clone(), title);
        error.label("not a known action or trigger");
        let known = Action::KEYWORDS.iter().chain(&action::PLANNED).chain(keys.known).chain(keys.planned);
        if let Some(help) = did_you_mean(&entry.key, known.copied()) {
            error.help(help);
        }
    }

    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<String> {
        let name = fields::text(node, what, self.report)?;
        let plain = match what {
            "fault name" => is_plain_name(name),
            _ => !name.is_empty() && name.split('#').all(is_plain_name),
        };
        if !plain {
            let error = self.report.error(
                Code::Name,
                node.span.clone(),
                format!("`{}` is not a {what}", shown(name)),
            );
            error.label("small letters, digits and hyphens only");
            return None;
        }
        if let Some(first) = self.names.insert(name.to_owned(), node.span.clone()) {
            let title = format!("duplicate {what} `{name}`");
            let error = self.report.error(Code::DuplicateName, node.span.clone(), title);
            error.label("used again here").other(first, "first used here");
        }
        Some(name.to_owned())
    }

    fn check_misplaced(&mut self, fields: &Fields<'_>, trigger: &str, actions: &[&Entry]) {
        let for_place =
            if trigger == "steps" { "belongs into the steps" } else { "belongs into the entries of `pick`" };
        let rules: [(&str, &[&str], &str); 4] = [
            ("jitter", &["every"], "belongs to `every`"),
            ("between", &["every", "random"], "belongs to `every` and `random`"),
            ("for", &["at", "every"], for_place),
            ("id", &["at"], "belongs to `at`: it names a single fault"),
        ];
        for (key, triggers, place) in rules {
            if let Some(entry) = fields.entry(key)
                && !triggers.contains(&trigger)
            {
                let title = format!("`{key}` does not go with `{trigger}`");
                self.report.error(Code::MisplacedKey, entry.key_span.clone(), title).label(place);
            }
        }
        if let ("random" | "steps", Some(action)) = (trigger, actions.first()) {
            let title = format!("`{}` does not go beside `{trigger}`", action.key);
            let error = self.report.error(Code::MisplacedKey, action.key_span.clone(), title);
            error.label(for_place);
        }
    }

    /// Steps, from `at` on or from the start.
    fn sequence(&mut self, fields: &Fields<'_>, steps: &Node, scope: &Scope<'_>) -> Option<Trigger> {
        let at = match fields.get("at") {
            Some(at) => self.before_end(at),
            None => Some(Ranged::fixed(SimDuration::ZERO)),
        };
        let steps = self.steps(steps, scope);
        Some(Trigger::Steps { at: at?, steps: steps? })
    }

    fn at(&mut self, parts: &Parts<'_>, at: &Node, scope: &Scope<'_>) -> Option<Trigger> {
        let fault = self.timed(parts, scope);
        let at: Ranged<SimDuration> = self.before_end(at)?;
        Some(Trigger::At { at, fault: fault? })
    }

    /// A time that must not lie after the end of the run.
    fn before_end(&mut self, node: &Node) -> Option<Ranged<SimDuration>> {
        let at: Ranged<SimDuration> = Ranged::read(node, self.report)?;
        if let Some(duration) = self.duration
            && at.high > duration.low
        {
            let title = format!("the fault is due after the end of the run, which lasts {}", duration.low);
            self.report.error(Code::AfterEnd, node.span.clone(), title).label("never reached");
            return None;
        }
        Some(at)
    }

    fn every(&mut self, parts: &Parts<'_>, every: &Node, scope: &Scope<'_>) -> Option<Trigger> {
        let fault = self.timed(parts, scope);
        let window = self.window(&parts.fields);
        let jitter = parts.fields.get("jitter").map(|jitter| Ranged::read(jitter, self.report));
        let interval = self.interval(every, window.as_ref().and_then(Option::as_ref))?;
        let jitter = jitter.unwrap_or(Some(Ranged::fixed(SimDuration::ZERO)))?;
        Some(Trigger::Every { interval, jitter, window: window?, fault: fault? })
    }

    /// An interval, longer than zero, that does not make too many faults.
    pub(super) fn interval(&mut self, node: &Node, window: Option<&Window>) -> Option<Ranged<SimDuration>> {
        let interval: Ranged<SimDuration> = Ranged::read(node, self.report)?;
        if interval.low == SimDuration::ZERO {
            let error =
                self.report.error(Code::OutOfBounds, node.span.clone(), "an interval is longer than zero");
            error.label("would never end");
            return None;
        }
        let faults = occurrences(interval, window, self.duration.map(|duration| duration.high));
        if faults > FAULTS_MAX {
            let title = format!("this entry would plan about {faults} faults");
            let error = self.report.error(Code::OutOfBounds, node.span.clone(), title);
            error.label(format!("at most {FAULTS_MAX} are accepted"));
            return None;
        }
        Some(interval)
    }

    pub(super) fn window(&mut self, fields: &Fields<'_>) -> Option<Option<Window>> {
        let Some(node) = fields.get("between") else { return Some(None) };
        let items = fields::list(node, "`between`", self.report)?;
        let [start, end] = items else {
            let title = "`between` takes a start and an end";
            let error = self.report.error(Code::WrongType, node.head(), title);
            error.label("write `[10s, 2m]`");
            return None;
        };
        let (start_at, end) = (self.before_end(start), Ranged::read(end, self.report));
        let window = Window { start: start_at?, end: end? };
        if window.start.high >= window.end.low {
            let error =
                self.report.error(Code::EmptyWindow, node.head(), "nothing lies `between` these times");
            error.label("the start comes before the end");
            return None;
        }
        Some(Some(window))
    }

    /// The one action of an entry, with its `for`.
    pub(super) fn timed(&mut self, parts: &Parts<'_>, scope: &Scope<'_>) -> Option<Timed> {
        let lasts = parts.fields.get("for").map(|lasts| Ranged::read(lasts, self.report));
        match &parts.actions[..] {
            [] if parts.misspelt => None,
            [] => {
                let error =
                    self.report.error(Code::NoAction, parts.fields.head(), "a fault without an action");
                error.label("what happens?").help("add an action, for example `kill: leader`");
                None
            }
            [only] if action::PLANNED.contains(&only.key.as_str()) => {
                let what = format!("fault action `{}`", only.key);
                self.report.not_supported(only.key_span.clone(), what);
                None
            }
            [only] => {
                let action = Template::read(only, scope, self.report)?;
                if let Some(entry) = parts.fields.entry("for").filter(|_| action.is_instant()) {
                    let title = "`for` does not go with a fault that takes no time";
                    let error = self.report.error(Code::MisplacedKey, entry.key_span.clone(), title);
                    error.label("it is done at once: leave it out");
                }
                Some(Timed { lasts: lasts.map_or(Some(None), |lasts| lasts.map(Some))?, action })
            }
            [first, second, ..] => {
                let title = "a fault has one action, not several";
                let error = self.report.error(Code::SeveralActions, second.key_span.clone(), title);
                error.label("a second action").other(first.key_span.clone(), "the first one");
                None
            }
        }
    }
}
