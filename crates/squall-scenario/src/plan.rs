//! Planning: scenario and seed to [`Plan`], and nothing else goes in.
//!
//! Every draw is addressed in `Domain::Plan` by the entry it belongs to, so that removing one entry
//! of a scenario leaves the draws of all others as they were.

mod swarm;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use squall_history::sequence as history;
use squall_history::{
    BudgetRule, Draws, FaultId, Identity, PLAN_FORMAT, Plan, PlannedFault, Seed, Sequence, SimDuration,
    SimTime, StepFault, SystemPlan,
};

use self::swarm::{Swarm, choose};
use crate::faults::{Choice, FAULTS_MAX, FaultEntry, Random, Step, Timed, Trigger, Window};
use crate::overrides::Overrides;
use crate::range::{Address, Ranged};
use crate::scenario::Scenario;

impl Scenario {
    /// What this seed will do. A pure function of the scenario, the seed and the overrides.
    ///
    /// Overrides that do not fit the scenario ([`Scenario::check_overrides`]) have no effect.
    pub fn plan(&self, seed: Seed, overrides: &Overrides) -> Plan {
        let adjusted;
        let scenario = if overrides.set.is_empty() {
            self
        } else {
            adjusted = self.with(overrides);
            &adjusted
        };
        let draws = Draws::new(seed);
        let at = |name: &str| Address { draws: &draws, identity: Identity::of(name), n: 0 };
        let duration = scenario.duration.draw(at("duration").field(""));
        let topology = scenario.topology.draw(&at("topology"));
        let links = scenario.network.draw_links(&topology, &at("links"));
        let (faults, sequences) = Planner::plan(&scenario.faults, &draws, duration);
        Plan {
            format: PLAN_FORMAT,
            scenario: scenario.name.as_str().into(),
            description: scenario.description.clone(),
            seed,
            engine: overrides.engine.as_ref().unwrap_or(&scenario.engine).clone(),
            system: SystemPlan {
                name: scenario.system.clone(),
                config: scenario.config.draw(&draws),
                bugs: overrides.bugs.as_ref().unwrap_or(&scenario.bugs).clone(),
            },
            workload: scenario.workload.draw(&draws),
            topology,
            network: scenario.network.draw(&at("network")),
            links,
            disk: scenario.disk.draw(&at("disk")),
            clock: scenario.clock,
            duration,
            faults,
            sequences,
            reseed: scenario.reseed.clone(),
            vetoes: scenario.vetoes.clone(),
            skip_unsupported: overrides.skip_unsupported || scenario.skip_unsupported,
            expect: scenario.expect.draw(&at("expect")),
            limits: scenario.limits.clone(),
        }
    }
}

/// What a seed drew of the fault classes of one swarm.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SwarmDraw {
    /// Name of the fault entry, if it has one.
    pub entry: Option<String>,
    /// Each class by name, and whether the seed takes it in.
    pub classes: Vec<(String, bool)>,
}

impl Scenario {
    /// What a seed draws of the fault classes of each swarm, in the order of the entries. A swarm
    /// without classes is not listed.
    pub fn swarms(&self, seed: Seed) -> Vec<SwarmDraw> {
        let draws = Draws::new(seed);
        let drawn = |entry: &FaultEntry| {
            let Trigger::Random(random) = &entry.trigger else { return None };
            let taken = Swarm::draw(&draws, entry.identity, random).classes;
            let names = random.classes.iter().map(|class| class.name.clone());
            let classes: Vec<(String, bool)> = names.zip(taken).collect();
            let listed = random.swarm && !classes.is_empty();
            listed.then(|| SwarmDraw { entry: entry.name.clone(), classes })
        };
        self.faults.iter().filter_map(drawn).collect()
    }
}

struct Planner<'d> {
    draws: &'d Draws,
    end: SimTime,
    faults: Vec<PlannedFault>,
    sequences: Vec<Sequence>,
    /// Ids that plan files gave.
    given: BTreeSet<String>,
    /// The next number for each stem of an id.
    next: BTreeMap<String, u32>,
}

impl<'d> Planner<'d> {
    fn plan(
        entries: &[FaultEntry],
        draws: &'d Draws,
        duration: SimDuration,
    ) -> (Vec<PlannedFault>, Vec<Sequence>) {
        let given = entries.iter().flat_map(FaultEntry::given_ids).collect();
        let end = SimTime::ZERO + duration;
        let (faults, sequences) = (Vec::new(), Vec::new());
        let mut planner = Self { draws, end, faults, sequences, given, next: BTreeMap::new() };
        for entry in entries {
            planner.entry(entry);
        }
        // Stable: faults of one instant keep the order of their entries.
        planner.faults.sort_by_key(|fault| fault.at);
        planner.sequences.sort_by_key(|sequence| sequence.at);
        (planner.faults, planner.sequences)
    }

    fn address(&self, entry: &FaultEntry, n: u64) -> Address<'d> {
        Address { draws: self.draws, identity: entry.identity, n }
    }

    fn entry(&mut self, entry: &FaultEntry) {
        match &entry.trigger {
            Trigger::At { at, fault } => {
                let address = self.address(entry, 0);
                let at = SimTime::ZERO + at.draw(address.field("at"));
                // The duration may have been shortened on the command line.
                if at <= self.end {
                    self.push(entry, entry.budget, at, fault, &address);
                }
            }
            Trigger::Every { interval, jitter, window, fault } => {
                self.every(entry, *interval, *jitter, window.as_ref(), fault);
            }
            Trigger::Random(random) => self.random(entry, random),
            Trigger::Steps { at, steps } => {
                let at = SimTime::ZERO + at.draw(self.address(entry, u64::MAX).field("at"));
                if at <= self.end {
                    let steps = self.steps(entry, steps, &mut 0);
                    self.sequences.push(Sequence { at, budget: entry.budget, steps });
                }
            }
        }
    }

    /// The steps of a sequence; each draws by its ordinal, in the order they are written in.
    fn steps(&mut self, entry: &FaultEntry, steps: &[Step], ordinal: &mut u64) -> Vec<history::Step> {
        let step = |step: &Step| {
            *ordinal += 1;
            let address = self.address(entry, *ordinal);
            match step {
                Step::Fault { id, fault } => {
                    let id = id.clone().unwrap_or_else(|| {
                        self.next_id(entry.name.as_deref().unwrap_or(fault.action.keyword()))
                    });
                    let lasts = fault.lasts.map(|lasts| lasts.draw(address.field("for")));
                    let action = fault.action.draw(&address);
                    history::Step::Fault(Box::new(StepFault { id: FaultId(id.into()), lasts, action }))
                }
                Step::Wait(span) => history::Step::Wait(span.draw(address.field("wait"))),
                Step::WaitFor { event, timeout } => {
                    let timeout = timeout.map(|timeout| timeout.draw(address.field("timeout")));
                    history::Step::WaitFor { event: event.clone(), timeout }
                }
                Step::Parallel(members) => history::Step::Parallel(self.steps(entry, members, ordinal)),
                Step::Steps(members) => history::Step::Steps(self.steps(entry, members, ordinal)),
            }
        };
        steps.iter().map(step).collect()
    }

    /// First and last bound of a repeated trigger.
    fn bounds(&self, entry: &FaultEntry, window: Option<&Window>) -> Option<(SimTime, SimTime)> {
        let address = self.address(entry, u64::MAX);
        let window = window?;
        let start = SimTime::ZERO + window.start.draw(address.field("start"));
        let end = SimTime::ZERO + window.end.draw(address.field("end"));
        Some((start, end.min(self.end)))
    }

    /// One fault per interval, the first when the window opens, or after one interval without a
    /// window; each later by its own jitter.
    fn every(
        &mut self,
        entry: &FaultEntry,
        interval: Ranged<SimDuration>,
        jitter: Ranged<SimDuration>,
        window: Option<&Window>,
        fault: &Timed,
    ) {
        let bounds = self.bounds(entry, window);
        let first = |planner: &Self| interval.draw(planner.address(entry, u64::MAX).field("every"));
        let (mut due, end) = bounds.unwrap_or_else(|| (SimTime::ZERO + first(self), self.end));
        for n in 0..=FAULTS_MAX {
            let address = self.address(entry, n);
            let most = jitter.draw(address.field("jitter"));
            let late = Ranged { low: SimDuration::ZERO, high: most }.draw(address.field("late"));
            if due >= end {
                break;
            }
            if due + late < end {
                self.push(entry, entry.budget, due + late, fault, &address);
            }
            due += interval.draw(address.field("every"));
        }
    }

    /// Faults at drawn times: gaps are uniform from nothing to twice the mean. The n-th event draws
    /// all its properties at (entry, n), whether they are used or not.
    fn random(&mut self, entry: &FaultEntry, random: &Random) {
        let whole = self.address(entry, u64::MAX);
        let (mut at, end) = self.bounds(entry, random.window.as_ref()).unwrap_or((SimTime::ZERO, self.end));
        let interval = random.interval.draw(whole.field("interval")).as_nanos();
        let gap = Ranged { low: 0, high: interval.saturating_mul(2) };
        let gap = Ranged { low: SimDuration::from_nanos(gap.low), high: SimDuration::from_nanos(gap.high) };
        let limit = random.max_active.map(|limit| limit.draw(whole.field("max-active")) as usize);
        let swarm = Swarm::draw(self.draws, entry.identity, random);
        for &choice in &swarm.throughout {
            self.throughout(entry, random, choice, at..end);
        }
        let weights = swarm.weights;
        let mut active: Vec<SimTime> = Vec::new();
        for n in 0..=2 * FAULTS_MAX {
            let address = self.address(entry, n);
            at += gap.draw(address.field("gap"));
            if at >= end {
                break;
            }
            active.retain(|&until| until > at);
            if limit.is_some_and(|limit| active.len() >= limit) {
                continue;
            }
            let Some(choice) = choose(&weights, address.field("pick")) else { break };
            let budget = random.picks[choice].budget.unwrap_or(entry.budget);
            let until = self.push(entry, budget, at, &random.picks[choice].fault, &address);
            active.push(until);
        }
    }

    /// A fault that lasts as long as the window. Its draws are addressed by its place: it is drawn once.
    fn throughout(
        &mut self,
        entry: &FaultEntry,
        random: &Random,
        choice: usize,
        Range { start, end }: Range<SimTime>,
    ) {
        let Choice { budget, ref fault, .. } = random.picks[choice];
        let (identity, n) = swarm::address(entry.identity, random, choice);
        let address = Address { draws: self.draws, identity: identity.with(n), n: u64::MAX };
        self.push(entry, budget.unwrap_or(entry.budget), start, fault, &address);
        let pushed = self.faults.last_mut().expect("just pushed");
        pushed.lasts = (!pushed.action.is_instant()).then(|| end - start);
    }

    /// Adds a fault, and says when it ends.
    fn push(
        &mut self,
        entry: &FaultEntry,
        budget: BudgetRule,
        at: SimTime,
        fault: &Timed,
        address: &Address<'_>,
    ) -> SimTime {
        let lasts = fault.lasts.map(|lasts| lasts.draw(address.field("for")));
        let id = match &entry.id {
            Some(id) => id.clone(),
            None => self.next_id(entry.name.as_deref().unwrap_or(fault.action.keyword())),
        };
        self.faults.push(PlannedFault {
            id: FaultId(id.into()),
            at,
            lasts,
            budget,
            action: fault.action.draw(address),
        });
        let never = if fault.action.is_instant() { at } else { SimTime::MAX };
        lasts.map_or(never, |lasts| at + lasts)
    }

    fn next_id(&mut self, stem: &str) -> String {
        let next = self.next.entry(stem.to_owned()).or_default();
        loop {
            let id = format!("{stem}#{next}");
            *next += 1;
            if !self.given.contains(&id) {
                return id;
            }
        }
    }
}
