//! One run: a plan on an engine, judged.

use std::ops::ControlFlow;

use squall_check::coverage::Coverage;
use squall_check::no_panic::NAME as NO_PANIC;
use squall_check::{Budget, Judge, Outcome, SeedResult, Verdict};
use squall_history::condition::Conditions;
use squall_history::{
    Body, HISTORY_FORMAT, Header, History, NodeEvent, PLAN_FORMAT, Plan, Record, SIM_FORMAT, SimTime, StopOn,
};
use squall_sim::{Ended, Journaling, Ran};

use crate::engine::capability::{ENGINES, EngineSpec, Lack};
use crate::engine::{self, Engine};
use crate::nemesis::Nemesis;
use crate::registry::{Instance, Kind};
use crate::request::{Hooks, Recording, RunReply};
use crate::{BugSet, Registry, RoleKind, SystemError};

/// A plan cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The plan's format is another.
    #[error("the plan has format {found}, this version runs {PLAN_FORMAT}")]
    Format {
        /// The plan's.
        found: u32,
    },
    /// No such system.
    #[error("no system is registered as `{name}`")]
    System {
        /// The plan's.
        name: String,
    },
    /// No such engine, or not in this binary.
    #[error("engine `{name}` {hint}")]
    Engine {
        /// The plan's.
        name: String,
        /// What there is, or how to get it.
        hint: String,
    },
    /// The engine cannot give what the plan asks for.
    #[error(
        "engine `{engine}` cannot do what the plan asks for:{}\n\
         take another engine, or leave that out with --skip-unsupported",
        listed(lacks)
    )]
    Lacks {
        /// The plan's.
        engine: String,
        /// What it lacks, sorted.
        lacks: Vec<Lack>,
    },
    /// The topology has a role that the system has not.
    #[error("system `{system}` has no role `{role}`")]
    Role {
        /// The system.
        system: String,
        /// The plan's.
        role: String,
    },
    /// The system refuses its sections.
    #[error("system `{system}` refuses its configuration: {source}")]
    Refused {
        /// The system.
        system: String,
        /// Why.
        source: SystemError,
    },
    /// A host elsewhere said so, in its words.
    #[error("{0}")]
    Remote(String),
}

/// Runs a plan on its engine, in this thread, and judges the history.
///
/// # Errors
/// If the plan does not fit the registry.
pub fn run(
    registry: &Registry,
    plan: &Plan,
    recording: Recording,
    hooks: &Hooks,
) -> Result<RunReply, RunError> {
    let kind = fit(registry, plan)?;
    let bugs = BugSet::new(plan.system.bugs.iter().cloned());
    let instance = kind
        .make(&plan.system.config, &plan.workload, bugs)
        .map_err(|source| RunError::Refused { system: plan.system.name.clone(), source })?;
    let header = header(plan, kind.as_ref());
    Ok(Run::new(plan, kind.as_ref(), instance, header, recording, hooks).finish())
}

fn fit(registry: &Registry, plan: &Plan) -> Result<std::sync::Arc<dyn Kind>, RunError> {
    if plan.format != PLAN_FORMAT {
        return Err(RunError::Format { found: plan.format });
    }
    let engine = built(&plan.engine)?;
    let lacks = engine.lacks_of(plan);
    if !plan.skip_unsupported && !lacks.is_empty() {
        return Err(RunError::Lacks { engine: plan.engine.clone(), lacks });
    }
    let name = &plan.system.name;
    let kind = registry.kind(name).ok_or_else(|| RunError::System { name: name.clone() })?;
    let roles = kind.roles();
    for role in plan.topology.roles() {
        if !roles.iter().any(|known| known.name == role) {
            return Err(RunError::Role { system: name.clone(), role: role.to_owned() });
        }
    }
    Ok(kind)
}

/// The engine of that name, if this binary has it.
///
/// # Errors
/// [`RunError::Engine`].
pub fn built(name: &str) -> Result<&'static EngineSpec, RunError> {
    let engine = EngineSpec::named(name);
    let hint = match engine {
        Some(engine) if engine.is_built => return Ok(engine),
        Some(engine) => format!("is not in this binary: {}", engine.how_to_build),
        None => {
            let names: Vec<&str> = ENGINES.iter().map(|engine| engine.name).collect();
            format!("does not exist: there are {}", names.join(", "))
        }
    };
    Err(RunError::Engine { name: name.to_owned(), hint })
}

fn listed(lacks: &[Lack]) -> String {
    lacks.iter().map(|lack| format!("\n  {}: {}", lack.what, lack.why)).collect()
}

/// What the disks hold durably. It is told only if an oracle needs it.
const TRUTH_DISK: &str = "truth.disk";

/// More records than most runs have.
const RECORDS_USUAL: usize = 8_192;

/// The header of a history that tells all that this engine can.
fn header(plan: &Plan, kind: &dyn Kind) -> Header {
    let clients = kind.roles().into_iter().filter(|role| role.kind == RoleKind::Client);
    Header {
        format: HISTORY_FORMAT,
        sim_format: SIM_FORMAT,
        scenario: plan.scenario.to_string(),
        seed: plan.seed,
        engine: plan.engine.clone(),
        system: plan.system.name.clone(),
        config: plan.system.config.clone(),
        bugs: plan.system.bugs.clone(),
        topology: plan.topology.clone(),
        network: plan.network,
        links: plan.links.clone(),
        duration: plan.duration,
        capabilities: [
            TRUTH_DISK,
            "truth.fault",
            "truth.node",
            "vocab.batch",
            "vocab.custom",
            "vocab.op",
            "vocab.raft",
        ]
        .map(str::to_owned)
        .to_vec(),
        client_roles: clients.map(|role| role.name.to_owned()).collect(),
    }
}

/// A run in progress.
struct Run<'a> {
    plan: &'a Plan,
    engine: Box<dyn Engine>,
    nemesis: Nemesis<'a>,
    judge: Judge,
    conditions: Conditions,
    history: History,
    recording: Recording,
}

/// Why a run is over.
enum Over {
    /// It reached its duration, or broke a promise.
    Judged,
    /// A limit, with what there is to say of it.
    Limit(Outcome, String),
}

impl<'a> Run<'a> {
    fn new(
        plan: &'a Plan,
        kind: &dyn Kind,
        instance: Box<dyn Instance>,
        header: Header,
        recording: Recording,
        hooks: &Hooks,
    ) -> Self {
        let budget = Budget { on_progress: hooks.progress, ..Budget::default() };
        let judge = Judge::new(&header, &plan.expect, instance.invariants(), instance.checkers());
        let judge = judge.with_budget(budget);
        let tolerates = instance.tolerates(&plan.topology);

        let nemesis = Nemesis::new(plan, header.client_roles.clone(), tolerates);
        let journaling = match recording {
            Recording::Summary | Recording::Coverage | Recording::Events(_) => Journaling::Off,
            Recording::Full => Journaling::On,
        };
        let mut engine = engine::make(plan, kind, instance, journaling);
        let mut header = header;
        if judge.needs(TRUTH_DISK) {
            engine.sim().tell_disks();
        } else {
            // Nobody asked, so nothing is told of the disks: the history has no truth about them.
            header.capabilities.retain(|capability| capability != TRUTH_DISK);
        }
        if let Recording::Events(window) = recording {
            engine.sim().watch(window.after, window.count);
        }
        if let Some(progress) = hooks.progress {
            engine.sim().on_progress(progress);
        }
        if let (Recording::Full, Some(place)) = (recording, hooks.place) {
            engine.sim().on_poll(place);
        }
        // Room that is not used costs nothing, and growing copies all that is there.
        let history = History { header, records: Vec::with_capacity(RECORDS_USUAL) };
        Self { plan, engine, nemesis, judge, conditions: Conditions::default(), history, recording }
    }

    fn finish(mut self) -> RunReply {
        let over = self.drive();
        let at = self.engine.sim().now();
        self.nemesis.close(self.engine.as_mut());
        _ = self.hear();
        if let Over::Limit(..) = over {
            self.judge.stopped(at);
        }
        self.reply(over, at)
    }

    /// Runs until the run is over.
    fn drive(&mut self) -> Over {
        let end = SimTime::ZERO + self.plan.duration;
        loop {
            let next = self.nemesis.next_at().map_or(end, |at| at.min(end));
            let ran = self.engine.run_until(next);
            if self.hear().is_break() && self.plan.limits.stop_on == StopOn::FirstViolation {
                return Over::Judged;
            }
            match ran {
                Ran::Recorded => {}
                Ran::Reached if next >= end => return Over::Judged,
                Ran::Reached => self.nemesis.act(self.engine.as_mut(), next),
                Ran::EventLimit => {
                    let events = self.engine.sim().events();
                    let detail = format!("the limit of {events} simulator events was reached");
                    return Over::Limit(Outcome::EventLimit, detail);
                }
                Ran::Stuck { node, place } => {
                    let detail = format!(
                        "tasks of {node} wake each other for ever while virtual time stands still; the last one \
                         polled was started at {place}"
                    );
                    return Over::Limit(Outcome::Stuck, detail);
                }
            }
        }
    }

    /// Takes the engine's records to the judge, the nemesis and the history.
    fn hear(&mut self) -> ControlFlow<()> {
        let mut flow = ControlFlow::Continue(());
        for strike in self.engine.take_strikes() {
            let at = self.engine.sim().now();
            self.nemesis.struck(strike, at);
        }
        let heard = self.history.records.len();
        self.engine.cluster_mut().move_records(&mut self.history.records);
        for record in &self.history.records[heard..] {
            if self.judge.observe(record).is_break() {
                flow = ControlFlow::Break(());
            }
            self.nemesis.heard(record);
            // Whoever waits for nothing needs to know of leaders alone.
            if matches!(record.body, Body::Raft(_)) || !self.plan.sequences.is_empty() {
                self.conditions.observe(record, |name| self.nemesis.occurred(name, record.at));
                self.nemesis.set_leader(self.conditions.leader());
            }
        }
        flow
    }

    fn reply(self, over: Over, at: SimTime) -> RunReply {
        let Self { plan, engine, nemesis, judge, history, recording, .. } = self;
        let ended = engine.end();
        let verdict = judge.finish(&history);
        let (bound, faults) = nemesis.finish();
        let mut result = SeedResult {
            digest: Some(ended.digest),
            events: ended.events,
            sim_ns: at.0,
            faults,
            ..SeedResult::of(plan, Outcome::Pass)
        };
        set_outcome(&mut result, verdict, over, &ended, &history.records);
        let full = recording == Recording::Full;
        RunReply {
            result,
            bound: Some(bound),
            history: full.then(|| ndjson(&history)),
            journal: full.then(|| journal(&ended, plan)),
            coverage: (recording == Recording::Coverage).then(|| Coverage::of(&history)),
            trace: matches!(recording, Recording::Events(_)).then(|| crate::trace::of(&ended, plan)),
            log: String::new(),
        }
    }
}

/// The gravest of what can be said: what other threads did makes the rest worthless, a limit ends
/// the run before its verdict is whole, a panic is a violation with a name of its own.
fn set_outcome(result: &mut SeedResult, verdict: Verdict, over: Over, ended: &Ended, records: &[Record]) {
    result.set_verdict(verdict);
    // One that a supervisor answers is no violation, and so not what is said of the run.
    let is_violation = |record: &&Record| {
        result.violations.iter().any(|found| found.oracle == NO_PANIC && found.at == record.at)
    };
    let panic = records.iter().filter(is_violation).find_map(|record| match &record.body {
        Body::Node(NodeEvent::Panicked { message, location }) => Some(format!("{message} ({location})")),
        _ => None,
    });
    if let (Some(panic), Outcome::Fail) = (panic, result.outcome) {
        (result.outcome, result.detail) = (Outcome::Panic, panic);
    }
    if let Over::Limit(outcome, detail) = over {
        (result.outcome, result.detail) = (outcome, detail);
    }
    if ended.foreign_wakes > 0 {
        let wakes = match ended.foreign_wakes {
            1 => "1 wake".to_owned(),
            count => format!("{count} wakes"),
        };
        result.outcome = Outcome::Nondeterministic;
        result.detail = format!(
            "{wakes} came from other threads, whose timing no seed decides: keep threads out of a system \
             under test (squall_io::task::spawn in place of std::thread::spawn)"
        );
    }
    // After all else: what failed may have failed because of it.
    if let Some(refusals) = &ended.refusals {
        result.outcome = Outcome::Nondeterministic;
        result.detail = match refusals.count {
            1 => refusals.first.clone(),
            count => format!("{}; and {} more such calls were refused", refusals.first, count - 1),
        };
    }
}

fn ndjson(history: &History) -> String {
    let mut text = Vec::new();
    history.write_ndjson(&mut text).expect("memory takes everything");
    String::from_utf8(text).expect("JSON is UTF-8")
}

/// Every packet and its fate, one JSON object a line.
fn journal(ended: &Ended, plan: &Plan) -> String {
    let name = |node: u32| plan.topology.nodes[node as usize].name.as_str();
    let header = serde_json::json!({"format": 1, "scenario": plan.scenario, "seed": plan.seed});
    let lines = ended.journal.iter().map(|entry| {
        serde_json::json!({
            "at": entry.at,
            "from": name(entry.from),
            "to": name(entry.to),
            "class": entry.class,
            "bytes": entry.bytes,
            "arrives": entry.arrives,
        })
    });
    std::iter::once(header).chain(lines).map(|line| format!("{line}\n")).collect()
}
