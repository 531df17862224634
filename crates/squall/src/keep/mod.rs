//! What was found once, as a scenario that is run from now on: the shrunk plan in the words of a person.
//!
//! Where it still fails, a fault is tied to what happened just before it (`wait-for`) and to whom it
//! concerned (`leader`), in place of a time and a name that mean something under one seed alone. It runs
//! with some seeds beside its own, and lists under `sometimes` what its faults did, so that one which no
//! longer bites is inconclusive instead of green.
//!
//! What comes out is text, and every claim about it was tried on the text: read, planned and run.

mod anchor;

use std::collections::BTreeSet;

use squall_history::condition::CONDITIONS;
use squall_history::{Plan, Seed, SimDuration};
use squall_scenario::{FaultIds, KeptHead, Overrides, Source, parse, to_scenario};

use crate::shrink::Target;
use crate::{HostError, Interrupt, Pool, Recording, Registry, RunReply, RunRequest, Shrunk};

/// A scenario to be kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    /// Its name: that of the scenario it was found by, the oracle, and the seed.
    pub name: String,
    /// The file.
    pub text: String,
    /// The seeds it runs with, its own first.
    pub seeds: Vec<Seed>,
    /// How many of them fail as it does.
    pub failing: usize,
    /// How many of its faults wait for an event or name their target by what it is.
    pub anchored: usize,
    /// Runs it took.
    pub runs: u64,
}

/// What keeping needs besides the plan.
pub struct KeepTerms<'a> {
    /// Knows the systems.
    pub registry: &'a Registry,
    /// Ends the search for anchors and seeds early: with what is known by then.
    pub interrupt: &'a Interrupt,
    /// Who found it and when, in a line: it stands at the top of the file.
    pub origin: &'a str,
}

/// Seeds beside its own that are tried, the next in number: any would do, and these need no draw.
const NEIGHBOURS_TRIED: u64 = 24;
/// Of these, so many run with it.
const NEIGHBOURS: usize = 4;

/// Conditions that faults bring about at once, and that do not depend on what a system does wrong then. The
/// last of them holds of every fault that did anything.
const BITES: [&str; 11] = [
    "node-killed",
    "node-restarted",
    "power-lost",
    "node-paused",
    "node-stopping",
    "node-wiped",
    "leader-changed",
    "leader-deposed",
    "worker-declared-dead",
    "lease-lost",
    "fault-observed",
];

/// The scenario that keeps a shrunk plan. `None` if the plan does not fail, or does not as a scenario:
/// then there is nothing to keep but the plan file.
///
/// # Errors
/// Those of the hosts.
pub fn keep(pool: &mut Pool, shrunk: &Shrunk, terms: &mut KeepTerms<'_>) -> Result<Option<Kept>, HostError> {
    let Some(target) = Target::of_shrunk(shrunk, terms.registry) else { return Ok(None) };
    let history = pool.run(&RunRequest { plan: shrunk.plan.clone(), recording: Recording::Full })?.history;
    let mut keeper = Keeper::new(pool, shrunk, terms, target);
    if !keeper.still_fails()? {
        // Its draws hang on the ids that its faults were given when it was found.
        keeper.head.ids = FaultIds::Kept;
        if !keeper.still_fails()? {
            return Ok(None);
        }
    }
    if keeper.head.ids == FaultIds::Anew {
        keeper.anchor(history.as_deref())?;
    }
    keeper.leave_room()?;
    keeper.note_bites()?;
    let failing = keeper.find_neighbours()?;
    Ok(Some(keeper.finish(failing)))
}

struct Keeper<'a> {
    pool: &'a mut Pool,
    registry: &'a Registry,
    interrupt: &'a Interrupt,
    target: Target,
    plan: Plan,
    head: KeptHead,
    anchored: usize,
    runs: u64,
}

impl<'a> Keeper<'a> {
    fn new(pool: &'a mut Pool, shrunk: &Shrunk, terms: &KeepTerms<'a>, target: Target) -> Self {
        let KeepTerms { registry, interrupt, origin } = *terms;
        let mut plan = shrunk.plan.clone();
        let ids = excepted(&mut plan);
        let system = &plan.system.name;
        let present = plan.topology.roles();
        let roles = registry.roles(system).into_iter().filter(|role| !present.contains(role));
        let head = KeptHead {
            comment: comment(shrunk, origin),
            name: name(shrunk),
            description: description(shrunk),
            tags: vec![system.clone(), "regression".to_owned()],
            seeds: vec![plan.seed],
            about_bugs: "planted: it fails as long as this is on, and guards the system without it"
                .to_owned(),
            empty_roles: roles.map(str::to_owned).collect(),
            ids,
        };
        Self { pool, registry, interrupt, target, plan, head, anchored: 0, runs: 0 }
    }

    /// What its file would plan for a seed; `None` if it cannot be read, which the caller takes for a
    /// scenario that shows nothing.
    fn planned(&self, plan: &Plan, seed: Seed) -> Option<Plan> {
        let source = Source::new("kept.yaml", &to_scenario(plan, &self.head));
        Some(parse(&source, &self.registry.catalogue()).ok()?.plan(seed, &Overrides::default()))
    }

    fn still_fails(&mut self) -> Result<bool, HostError> {
        let own = self.plan.clone();
        Ok(self.first_failing(std::slice::from_ref(&own))?.is_some())
    }

    /// The first of these whose file fails under the plan's own seed.
    fn first_failing(&mut self, plans: &[Plan]) -> Result<Option<usize>, HostError> {
        let seed = self.plan.seed;
        let read = plans.iter().enumerate();
        let readable: Vec<(usize, Plan)> =
            read.filter_map(|(place, plan)| Some((place, self.planned(plan, seed)?))).collect();
        let ask = |plan: &Plan| RunRequest { plan: plan.clone(), recording: Recording::Summary };
        let requests: Vec<RunRequest> = readable.iter().map(|(_, plan)| ask(plan)).collect();
        let target = &self.target;
        let met = |reply: &RunReply| target.is_met(&reply.result);
        let searched = self.pool.first(&requests, self.interrupt, &met)?;
        self.runs += searched.runs;
        Ok(searched.found.map(|(place, _)| readable[place].0))
    }

    /// Ties faults to events and to whom they concern, one after the other, as long as it still fails.
    fn anchor(&mut self, history: Option<&str>) -> Result<(), HostError> {
        let Some(moments) = history.and_then(anchor::Moments::read) else { return Ok(()) };
        let ids: Vec<_> = self.plan.faults.iter().map(|fault| fault.id.clone()).collect();
        for id in ids {
            let Some(place) = self.plan.faults.iter().position(|fault| fault.id == id) else { continue };
            let plans = anchor::anchored(&self.plan, place, &moments);
            if let Some(found) = self.first_failing(&plans)? {
                self.plan = plans[found].clone();
                self.anchored += 1;
            }
        }
        Ok(())
    }

    /// Lets it run on behind the violation: in a system that has changed, and under other seeds, what is
    /// looked for may come later.
    fn leave_room(&mut self) -> Result<(), HostError> {
        let longer =
            |times| Plan { duration: SimDuration(self.plan.duration.0 * times), ..self.plan.clone() };
        let plans = [longer(3), longer(2)];
        if let Some(found) = self.first_failing(&plans)? {
            self.plan = plans[found].clone();
        }
        Ok(())
    }

    /// What its faults do that does not happen without them, and happens in a correct system as well.
    fn note_bites(&mut self) -> Result<(), HostError> {
        let Some(plan) = self.planned(&self.plan, self.plan.seed) else { return Ok(()) };
        let calm = Plan { faults: Vec::new(), sequences: Vec::new(), ..plan.clone() };
        let mut correct = plan.clone();
        correct.system.bugs.clear();
        let (with, without) = (self.conditions(&plan)?, self.conditions(&calm)?);
        let correct = if correct == plan { with.clone() } else { self.conditions(&correct)? };
        let bites = BITES.iter().filter(|name| with.contains(**name) && correct.contains(**name));
        let mut bites: Vec<String> =
            bites.filter(|name| !without.contains(**name)).map(|name| (*name).to_owned()).collect();
        // What says more says this as well.
        if bites.len() > 1 {
            bites.retain(|name| name != "fault-observed");
        }
        assert!(bites.iter().all(|bite| CONDITIONS.iter().any(|(name, _)| bite == name)));
        self.plan.expect.sometimes = bites;
        Ok(())
    }

    fn conditions(&mut self, plan: &Plan) -> Result<BTreeSet<String>, HostError> {
        self.runs += 1;
        let reply = self.pool.run(&RunRequest { plan: plan.clone(), recording: Recording::Summary })?;
        Ok(reply.result.conditions.into_keys().collect())
    }

    /// Adds the next seeds that fail too, then such as come as far as its faults; how many fail in all.
    fn find_neighbours(&mut self) -> Result<usize, HostError> {
        let own = self.plan.seed;
        let seeds: Vec<Seed> = (1..=NEIGHBOURS_TRIED).map(|k| Seed(own.0.wrapping_add(k))).collect();
        let planned = seeds.iter().filter_map(|seed| self.planned(&self.plan, *seed));
        let requests: Vec<RunRequest> =
            planned.map(|plan| RunRequest { plan, recording: Recording::Summary }).collect();
        let Some(replies) = self.pool.all(&requests, self.interrupt)? else { return Ok(1) };
        self.runs += replies.len() as u64;
        let wanted = &self.plan.expect.sometimes;
        let fails = |reply: &&RunReply| self.target.is_met(&reply.result);
        let bites = |reply: &&RunReply| wanted.iter().all(|name| reply.result.conditions.contains_key(name));
        let failing: Vec<Seed> =
            replies.iter().filter(fails).map(|reply| reply.result.seed).take(NEIGHBOURS).collect();
        let others = replies.iter().filter(|reply| !fails(reply) && bites(reply));
        let others = others.map(|reply| reply.result.seed).take(NEIGHBOURS - failing.len());
        self.head.seeds.extend(failing.iter().copied().chain(others));
        Ok(1 + failing.len())
    }

    fn finish(self, failing: usize) -> Kept {
        Kept {
            text: to_scenario(&self.plan, &self.head),
            name: self.head.name,
            seeds: self.head.seeds,
            failing,
            anchored: self.anchored,
            runs: self.runs,
        }
    }
}

/// Leaves out exceptions for faults that are gone. Those that are left need their names.
fn excepted(plan: &mut Plan) -> FaultIds {
    let names = |id: &str, name: &str| id == name || id.split('#').next() == Some(name);
    let Some(availability) = &mut plan.expect.availability else { return FaultIds::Anew };
    availability.except.retain(|name| plan.faults.iter().any(|fault| names(&fault.id.0, name)));
    if availability.except.is_empty() { FaultIds::Anew } else { FaultIds::Kept }
}

/// The oracle that was violated, or how it ended.
fn broken(shrunk: &Shrunk) -> &str {
    shrunk
        .violation
        .as_ref()
        .map_or_else(|| shrunk.result.outcome.name(), |violation| violation.oracle.as_str())
}

fn name(shrunk: &Shrunk) -> String {
    format!("{}-{}-{:x}", shrunk.plan.scenario, broken(shrunk), shrunk.plan.seed.0)
}

fn description(shrunk: &Shrunk) -> String {
    let mut words: Vec<&str> = Vec::new();
    for fault in &shrunk.plan.faults {
        if !words.contains(&fault.action.keyword()) {
            words.push(fault.action.keyword());
        }
    }
    match words.is_empty() {
        true => format!("Without any fault, {} was violated.", broken(shrunk)),
        false => format!("Under {}, {} was violated.", words.join(" and "), broken(shrunk)),
    }
}

fn comment(shrunk: &Shrunk, origin: &str) -> String {
    let found = match &shrunk.violation {
        Some(found) => format!("{} violated at t={}: {}", found.oracle, found.at, found.message),
        None => format!("{}: {}", shrunk.result.outcome.name(), shrunk.result.detail),
    };
    format!(
        "Goal: what was found once does not come back. Method: the faults that it took, and no others. Expected: \
         pass.\n{origin}\nIt was then: {found}.\n"
    )
}
