//! Fault actions on nodes that go on running: whose, and what is wrong.

use squall_history::{
    Buggify, ClockTrouble, DnsTrouble, Freeze, Hook, HookAct, NodeFault, NodeTrouble, Ppm, SimDuration,
};

use super::{quantity, share, span, target, target_of};
use crate::codes::Code;
use crate::diagnostic::Report;
use crate::fields::{self, Fields, Keys};
use crate::range;
use crate::scope::Scope;
use crate::tree::Node;

/// What [`read`] reads.
pub(super) const KEYWORDS: [&str; 6] = ["slow", "clock", "refuse", "dns", "buggify", "hook"];

/// How much slower a processor is where `slow` does not say.
const FACTOR: u32 = 10;
/// FoundationDB's share of sites that are enabled, and of their firings.
const BUGGIFY: Ppm = Ppm::percent(25);
/// How long a node is down after a crash at a hook point, where `hook` does not say.
const RESTART: SimDuration = SimDuration::from_secs(1);

const SLOW: Keys = Keys { of: "`slow`", known: &["target", "factor"], planned: &[] };
const CLOCK: Keys =
    Keys { of: "`clock`", known: &["target", "skew", "drift", "jump", "freeze"], planned: &[] };
const DNS: Keys = Keys { of: "`dns`", known: &["target", "fault", "latency"], planned: &[] };
const BUGGIFY_KEYS: Keys =
    Keys { of: "`buggify`", known: &["target", "sites", "enable", "fire"], planned: &[] };
const HOOK: Keys =
    Keys { of: "`hook`", known: &["target", "point", "percent", "crash", "restart", "delay"], planned: &[] };

/// Reads the value of one of [`KEYWORDS`].
pub(super) fn read(keyword: &str, value: &Node, scope: &Scope<'_>, report: &mut Report) -> Option<NodeFault> {
    if keyword == "refuse" {
        return Some(NodeFault { target: target(value, scope, report)?, trouble: NodeTrouble::Refuse });
    }
    let keys = match keyword {
        "slow" => SLOW,
        "clock" => CLOCK,
        "dns" => DNS,
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
        "dns" => dns(&fields, report).map(NodeTrouble::Dns),
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

fn clock(fields: &Fields<'_>, report: &mut Report) -> Option<ClockTrouble> {
    let before = report.errors();
    let freeze = fields.get("freeze").and_then(|node| fields::boolean(node, "`freeze`", report));
    let trouble = ClockTrouble {
        skew: fields.get("skew").and_then(|node| range::fixed(node, report)),
        drift: fields.get("drift").and_then(|node| range::fixed(node, report)),
        jump: fields.get("jump").and_then(|node| range::fixed(node, report)),
        freeze: if freeze == Some(true) { Freeze::Yes } else { Freeze::No },
    };
    if report.errors() == before && trouble == ClockTrouble::default() {
        let error = report.error(Code::NoAction, fields.head(), "nothing is wrong with this clock");
        error.label("add `skew`, `drift`, `jump` or `freeze: true`");
    }
    (report.errors() == before).then_some(trouble)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dns {
    NotFound,
    Timeout,
    Slow,
}

const DNS_WORDS: [(&str, Dns); 3] =
    [("not-found", Dns::NotFound), ("timeout", Dns::Timeout), ("slow", Dns::Slow)];

fn dns(fields: &Fields<'_>, report: &mut Report) -> Option<DnsTrouble> {
    let word = fields::word(fields.require("fault", report)?, "name fault", &DNS_WORDS, report)?;
    if let (Some(entry), Dns::NotFound | Dns::Timeout) = (fields.entry("latency"), word) {
        let title = "`latency` does not go with this fault";
        report.error(Code::MisplacedKey, entry.key_span.clone(), title).label("belongs to `fault: slow`");
        return None;
    }
    Some(match word {
        Dns::NotFound => DnsTrouble::NotFound,
        Dns::Timeout => DnsTrouble::Timeout,
        Dns::Slow => DnsTrouble::Slow { latency: span(fields, "latency", report)? },
    })
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
    let percent = share(fields, "percent", Ppm::ONE, report);
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
    Some(Hook { point: point?, percent: percent?, act })
}
