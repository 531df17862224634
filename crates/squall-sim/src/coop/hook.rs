//! Hooks: named points in the system at which a harness strikes, exactly there.
//!
//! A crash at a point is no event in a queue. The node is dead before the call that passed the point
//! returns: an asynchronous one never returns, a plain one unwinds. Whatever else its task still does
//! in that poll happens on a dead ground, as in destructors after a kill, and no other task of the
//! node runs. So a crash between a write and its sync is a crash between them, at every seed.
//!
//! Every passage is counted from the beginning of the run, whether anybody listens or not: its address
//! (point, node, nth) says the same in a reduced plan. Draws are of the domain `Buggify`; identity:
//! (rule, point, node); n: nth. They do not fold; what a hook does folds literally.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use squall_history::{Domain, Identity, Injection, NodeName, Ppm, SimDuration};

use super::STRUCK;
use crate::caller::{self, Caller};
use crate::effects::Effects;
use crate::neutral::unless_neutral;
use crate::sim::{self, Sim, Stop, index};
use crate::timer::Sleep;
use crate::world::{self, World};

/// What a hook does, and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HookRule {
    /// Glob over the names of points.
    pub point: String,
    /// What is done to the node that passes.
    pub act: HookAct,
    /// At which passages.
    pub when: HookWhen,
}

/// What a hook does to the node that passes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HookAct {
    /// Its process dies here, as by [`Sim::kill`].
    Crash,
    /// Its power is cut here, as by [`Sim::power_loss`].
    PowerLoss,
    /// It waits here for a drawn time, shortest and longest. A point that cannot wait
    /// ([`pass_now`]) is left alone.
    Delay((SimDuration, SimDuration)),
}

/// At which passages a hook strikes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HookWhen {
    /// Once: at this passage, from 1, of all that the rule meets.
    Nth(u64),
    /// At each with this chance.
    Chance(Ppm),
    /// At these, literally: what an earlier run wrote down.
    Listed(Vec<Injection>),
}

/// A rule of [`Sim::add_hook`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct HookId(u32);

/// What a hook did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Injected {
    /// Which rule.
    pub hook: HookId,
    /// Where: names the node.
    pub at: Injection,
    /// What was done. After [`HookAct::Crash`] and [`HookAct::PowerLoss`] the node is down, and its
    /// `killed` or `power-lost` is in the history.
    pub act: HookAct,
}

/// A rule in force.
#[derive(Debug)]
struct Rule {
    identity: Identity,
    rule: HookRule,
    nodes: BTreeSet<u32>,
    /// Passages it met.
    met: u64,
    effects: Effects,
}

/// All rules in force, and what they did.
#[derive(Debug, Default)]
pub(super) struct Hooks {
    active: BTreeMap<u32, Rule>,
    laid: u32,
    /// Passages so far, by point and node.
    passed: BTreeMap<(&'static str, u32), u64>,
    injected: Vec<Injected>,
    /// Whether something of it is not announced yet.
    is_news: bool,
    /// Nodes that died in the poll that runs now, and by which rule.
    dead: Vec<(u32, HookId)>,
}

impl Hooks {
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.is_news)
    }
}

/// What becomes of a passage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    GoesOn,
    Waits(SimDuration),
    Dies,
}

/// Whether a point can wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Manner {
    Waiting,
    AtOnce,
}

thread_local! {
    /// Whether a node died in the poll that runs now.
    static DIED: Cell<bool> = const { Cell::new(false) };
}

/// A world comes or goes.
pub(crate) fn reset() {
    DIED.set(false);
}

/// Carried by the unwinding of a task whose node died at a plain point.
struct Struck;

/// The calling node passes a point. It never returns if the node dies here.
pub async fn pass(point: &'static str) {
    match fate(point, Manner::Waiting) {
        Fate::GoesOn => {}
        Fate::Waits(time) => Sleep::until(caller::now() + time).await,
        Fate::Dies => std::future::pending().await,
    }
}

/// As [`pass`], for code that cannot wait: if the node dies here the task unwinds, which nobody
/// sees. Locks that the task holds are poisoned by that, as by any panic.
pub fn pass_now(point: &'static str) {
    // A second panic within one would abort the process.
    if !std::thread::panicking() && fate(point, Manner::AtOnce) == Fate::Dies {
        std::panic::resume_unwind(Box::new(Struck));
    }
}

fn fate(point: &'static str, manner: Manner) -> Fate {
    let Some(caller) = caller::get() else { return Fate::GoesOn };
    let fate = world::with(|world| {
        if !world.nodes.is_current(caller.node, caller.boot) {
            return Fate::GoesOn;
        }
        world.hook_passed(caller, point, manner)
    });
    if fate == Fate::Dies {
        DIED.set(true);
    }
    fate
}

/// After each poll: what is left of nodes that died in it is dropped.
#[inline]
pub(crate) fn after_poll() {
    if DIED.replace(false) {
        bury();
    }
}

fn bury() {
    for (node, hook) in world::with(|world| std::mem::take(&mut world.coop.hooks.dead)) {
        let dropped = sim::drop_tasks(node);
        world::with(|world| {
            if let Some(rule) = world.coop.hooks.active.get_mut(&hook.0) {
                rule.effects.add("tasks-dropped", dropped);
            }
        });
    }
}

impl World {
    fn hook_passed(&mut self, caller: Caller, point: &'static str, manner: Manner) -> Fate {
        let hooks = &mut self.coop.hooks;
        let passed = hooks.passed.entry((point, caller.node)).or_default();
        *passed += 1;
        let nth = *passed;
        if hooks.active.is_empty() {
            return Fate::GoesOn;
        }
        let node = self.nodes.get(caller.node);
        let at = Injection { site: point.to_owned(), node: node.name.clone(), nth };
        let ids: Vec<u32> = hooks.active.keys().copied().collect();
        let mut wait = SimDuration::ZERO;
        for id in ids {
            match self.hook_strikes(id, caller.node, &at, manner) {
                None => {}
                Some(HookAct::Delay(range)) => wait = wait + self.hook_delay(id, caller.node, &at, range),
                Some(HookAct::Crash) => return self.hook_crash(id, caller.node, at, Stop::Kill),
                Some(HookAct::PowerLoss) => return self.hook_crash(id, caller.node, at, Stop::PowerLoss),
            }
        }
        if wait == SimDuration::ZERO { Fate::GoesOn } else { Fate::Waits(wait) }
    }

    /// What a rule does at a passage, if anything.
    fn hook_strikes(&mut self, id: u32, node: u32, at: &Injection, manner: Manner) -> Option<HookAct> {
        let name = self.nodes.get(node).identity;
        let rule = self.coop.hooks.active.get_mut(&id).expect("just listed");
        let cannot = manner == Manner::AtOnce && matches!(rule.rule.act, HookAct::Delay(_));
        if cannot || !rule.nodes.contains(&node) || !fast_glob::glob_match(&rule.rule.point, &at.site) {
            return None;
        }
        rule.met += 1;
        let strikes = match &rule.rule.when {
            HookWhen::Nth(nth) => rule.met == *nth,
            HookWhen::Chance(chance) => {
                let identity = address(rule.identity, &at.site, name);
                self.draws.draw(Domain::Buggify, identity, at.nth).chance(*chance)
            }
            HookWhen::Listed(listed) => listed.contains(at),
        };
        strikes.then_some(rule.rule.act)
    }

    fn hook_delay(
        &mut self,
        id: u32,
        node: u32,
        at: &Injection,
        range: (SimDuration, SimDuration),
    ) -> SimDuration {
        let name = self.nodes.get(node).identity;
        let rule = self.coop.hooks.active.get_mut(&id).expect("it just struck");
        let draw = self.draws.draw(Domain::Buggify, address(rule.identity, &at.site, name), at.nth);
        let time = SimDuration(draw.property(1).between(range.0.0, range.1.0));
        rule.effects.add("passages-delayed", u64::from(time > SimDuration::ZERO));
        self.hook_tell(id, name, at.clone(), HookAct::Delay(range));
        self.trace.fold(time.0);
        time
    }

    /// The node dies. Its tasks are dropped after this poll: one of them is running.
    fn hook_crash(&mut self, id: u32, node: u32, at: Injection, how: Stop) -> Fate {
        let act = match how {
            Stop::Kill => HookAct::Crash,
            Stop::PowerLoss => HookAct::PowerLoss,
            Stop::Exit => unreachable!("no hook lets software return"),
        };
        let name = self.nodes.get(node).identity;
        self.hook_tell(id, name, at, act);
        let mut effects = Effects::default();
        effects.add("crashes", 1);
        self.halt(node, how, &mut effects);
        let hooks = &mut self.coop.hooks;
        hooks.active.get_mut(&id).expect("it just struck").effects.merge(&effects);
        hooks.dead.push((node, HookId(id)));
        Fate::Dies
    }

    fn hook_tell(&mut self, id: u32, node: Identity, at: Injection, act: HookAct) {
        let words = [STRUCK, Identity::of(&at.site).0, node.0, at.nth];
        words.into_iter().for_each(|word| self.trace.fold(word));
        self.coop.hooks.injected.push(Injected { hook: HookId(id), at, act });
        self.coop.hooks.is_news = true;
    }
}

fn address(rule: Identity, site: &str, node: Identity) -> Identity {
    rule.with(Identity::of(site).0).with(node.0)
}

impl Sim {
    /// Strikes `nodes` at the points that a rule names until it is removed. `identity` addresses its
    /// draws. What it does is told by [`take_injected`](Self::take_injected) as it happens.
    pub fn add_hook(&mut self, identity: Identity, rule: &HookRule, nodes: &[NodeName]) -> HookId {
        let nodes = unless_neutral("hook", nodes).iter().map(index).collect();
        world::with(|world| {
            let hooks = &mut world.coop.hooks;
            hooks.laid += 1;
            let active = Rule { identity, rule: rule.clone(), nodes, met: 0, effects: Effects::default() };
            hooks.active.insert(hooks.laid, active);
            HookId(hooks.laid)
        })
    }

    /// Removes a rule; what it did: `crashes` with all that a kill or a loss of power counts, and
    /// `passages-delayed`.
    ///
    /// # Panics
    /// If it was removed before.
    pub fn remove_hook(&mut self, hook: HookId) -> Effects {
        let removed = world::with(|world| world.coop.hooks.active.remove(&hook.0));
        removed.expect("a rule is removed once").effects
    }

    /// What hooks did since the last call, in order. [`run_until`](Self::run_until) comes back with
    /// [`Ran::Recorded`](crate::Ran::Recorded) once when there is something, before any other task runs.
    pub fn take_injected(&mut self) -> Vec<Injected> {
        world::with(|world| std::mem::take(&mut world.coop.hooks.injected))
    }
}
