//! Fault actions on nodes that go on running: whose, and what is wrong.

use squall_history::{
    Buggify, ClockChange, Hook, HookAct, HookWhen, Injection, NodeFault, NodeName, NodeTrouble, Ppm,
    SimDuration,
};

use super::{quantity, share, span, target, target_of};
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range;
use crate::scope::Scope;
use crate::tree::Node;

/// What [`read`] reads.
pub(super) const KEYWORDS: [&str; 4] = ["slow", "clock", "buggify", "hook"];

/// How much slower a processor is where `slow` does not say.
const FACTOR: u32 = 10;
/// FoundationDB's share of sites that are enabled, and of their firings.
const BUGGIFY: Ppm = Ppm::percent(25);
/// How long a node is down after a crash at a hook point, where `hook` does not say.
const RESTART: SimDuration = SimDuration::from_secs(1);

const SLOW: Keys = Keys { of: "`slow`", known: &["target", "factor"], planned: &[] };
const CLOCK: Keys =
    Keys { of: "`clock`", known: &["target", "skew", "drift", "jump", "freeze"], planned: &[] };
const BUGGIFY_KEYS: Keys =
    Keys { of: "`buggify`", known: &["target", "sites", "enable", "fire"], planned: &[] };
const HOOK: Keys = Keys {
    of: "`hook`",
    known: &["target", "point", "nth", "percent", "injections", "crash", "restart", "delay"],
    planned: &[],
};

/// Reads the value of one of [`KEYWORDS`].
pub(super) fn read(keyword: &str, value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<NodeFault> {
    let keys = match keyword {
        "slow" => SLOW,
        "clock" => CLOCK,
        "buggify" => BUGGIFY_KEYS,
        _ => HOOK,
    };
    if keyword == "slow" && value.get("target").is_none() {
        let trouble = NodeTrouble::Slow { factor: FACTOR };
        return Some(NodeFault { target: target(value, scope, report)?, trouble });
    }
    let fields = Fields::open(value, keys, report)?;
    let target = target_of(&fields, scope, report);
    let trouble = match keyword {
        "slow" => slow(&fields, report),
        "clock" => clock(&fields, report).map(NodeTrouble::Clock),
        "buggify" => buggify(&fields, report).map(NodeTrouble::Buggify),
        _ => hook(&fields, report).map(NodeTrouble::Hook),
    };
    Some(NodeFault { target: target?, trouble: trouble? })
}

fn slow(fields: &Fields<'_>, report: &mut Report) -> Option<NodeTrouble> {
    let factor = quantity(fields, "factor", Some(FACTOR), report)?;
    if factor < 2 {
        let place = fields.get("factor").map_or(fields.head(), |node| node.span.clone());
        let error =
            report.error(Code::OutOfBounds, place, "a slow node is slower at least by a factor of two");
        error.label("write `factor: 2` or more");
        return None;
    }
    Some(NodeTrouble::Slow { factor })
}

fn clock(fields: &Fields<'_>, report: &mut Report) -> Option<ClockChange> {
    let before = report.errors();
    let freeze = fields.get("freeze").and_then(|node| fields::boolean(node, "`freeze`", report));
    let change = ClockChange {
        skew: fields.get("skew").and_then(|node| range::fixed(node, report)),
        drift: fields.get("drift").and_then(|node| range::fixed(node, report)),
        jump: fields.get("jump").and_then(|node| range::fixed(node, report)),
        freeze: freeze.unwrap_or_default(),
    };
    if report.errors() == before && change.is_nothing() {
        let error = report.error(Code::NoAction, fields.head(), "nothing is wrong with this clock");
        error.label("add `skew`, `drift`, `jump` or `freeze: true`");
    }
    (report.errors() == before).then_some(change)
}

fn buggify(fields: &Fields<'_>, report: &mut Report) -> Option<Buggify> {
    let sites = match fields.get("sites") {
        Some(node) => {
            fields::texts(node, "a site", report)?.into_iter().map(|(site, _)| site.to_owned()).collect()
        }
        None => Vec::new(),
    };
    let enable = share(fields, "enable", BUGGIFY, report);
    let fire = share(fields, "fire", BUGGIFY, report);
    Some(Buggify { sites, enable: enable?, fire: fire? })
}

#[derive(Clone, Copy)]
enum Crash {
    Kill,
    PowerLoss,
}

const CRASHES: [(&str, Crash); 2] = [("kill", Crash::Kill), ("power-loss", Crash::PowerLoss)];

fn hook(fields: &Fields<'_>, report: &mut Report) -> Option<Hook> {
    let point = fields.require("point", report);
    let point = point.and_then(|node| fields::text(node, "`point`", report)).map(str::to_owned);
    let when = when(fields, report);
    let act = match (fields.entry("crash"), fields.entry("delay")) {
        (Some(crash), None) => {
            let restart = quantity(fields, "restart", Some(RESTART), report)?;
            match fields::word(&crash.value, "crash", &CRASHES, report)? {
                Crash::Kill => HookAct::Kill { restart },
                Crash::PowerLoss => HookAct::PowerLoss { restart },
            }
        }
        (None, Some(_)) => {
            if let Some(entry) = fields.entry("restart") {
                let title = "`restart` does not go with `delay`";
                report.error(Code::MisplacedKey, entry.key_span.clone(), title).label("belongs to `crash`");
                return None;
            }
            HookAct::Delay { delay: span(fields, "delay", report)? }
        }
        (Some(first), Some(second)) => {
            let title = "`crash` and `delay` do not go together";
            let error = report.error(Code::MisplacedKey, second.key_span.clone(), title);
            error.label("a second thing that happens").other(first.key_span.clone(), "the first one");
            return None;
        }
        (None, None) => {
            let error = report.error(Code::NoAction, fields.head(), "nothing happens at this hook point");
            error.label("add `crash: kill`, `crash: power-loss` or `delay: 10ms`");
            return None;
        }
    };
    Some(Hook { point: point?, when: when?, act })
}

/// At which passages; at the first one, if nothing is said.
fn when(fields: &Fields<'_>, report: &mut Report) -> Option<HookWhen> {
    let given: Vec<_> = ["nth", "percent", "injections"].iter().filter_map(|key| fields.entry(key)).collect();
    let entry = match given[..] {
        [] => return Some(HookWhen::Nth(1)),
        [entry] => entry,
        [first, second, ..] => {
            let title = format!("`{}` and `{}` do not go together", first.key, second.key);
            let error = report.error(Code::MisplacedKey, second.key_span.clone(), title);
            error.label("says when as well").other(first.key_span.clone(), "the first one");
            return None;
        }
    };
    match entry.key.as_str() {
        "nth" => match range::fixed(&entry.value, report)? {
            0 => {
                let title = "passages are counted from one";
                report.error(Code::OutOfBounds, entry.value.span.clone(), title).label("never reached");
                None
            }
            nth => Some(HookWhen::Nth(nth)),
        },
        "percent" => range::fixed::<Ppm>(&entry.value, report).map(HookWhen::Percent),
        _ => {
            let items = fields::list(&entry.value, "`injections`", report)?;
            let items: Vec<_> = items.iter().map(|item| injection(item, report)).collect();
            items.into_iter().collect::<Option<_>>().map(HookWhen::Listed)
        }
    }
}

fn injection(node: &Node, report: &mut Report) -> Option<Injection> {
    const KEYS: Keys = Keys { of: "an injection", known: &["site", "node", "nth"], planned: &[] };
    let fields = Fields::open(node, KEYS, report)?;
    let mut text = |key| fields.require(key, report).map(|node| fields::text(node, key, report));
    let (site, node) = (text("site")??.to_owned(), NodeName::from(text("node")??));
    let nth = range::fixed(fields.require("nth", report)?, report)?;
    Some(Injection { site, node, nth })
}
