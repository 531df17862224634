//! What is recorded of a client's operations, whatever becomes of the client: an operation is never
//! lost, what is not known is `info`, and its process never acts again.

use std::collections::BTreeSet;
use std::fmt;
use std::future::pending;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use squall::history::{Body, History, Op, Phase, ProcessId};
use squall::io::{task, time};
use squall::{
    BugSet, ClientCtx, Completed, FaultBudget, Hooks, NodeCtx, NodeFuture, NodeResult, OpError, Recording,
    Registry, Role, RoleKind, Seed, System, SystemError, Topology,
};

/// What the clients do.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Deeds {
    deed: Deed,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Deed {
    /// Waits for ever in an operation, after one that was answered.
    #[default]
    Waits,
    /// Gives an operation up after a while, and goes on with another.
    GivesUp,
    /// Starts an operation in a task of its own and aborts it.
    Aborts,
    /// Panics in an operation.
    Panics,
    /// Has two operations under way at once, then one.
    TwoAtOnce,
    /// Has errors of both kinds, and a result with no JSON form.
    Errs,
    /// Describes an operation, and never performs it.
    Idles,
    /// Says itself how an outcome stands in the history.
    Reads,
}

#[derive(Debug)]
enum Trouble {
    Refused,
    NoAnswer,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::NoAnswer => "no answer",
        })
    }
}

impl OpError for Trouble {
    fn never_happened(&self) -> bool {
        matches!(self, Self::Refused)
    }
}

const STEP: Duration = Duration::from_millis(100);

async fn after<T>(steps: u32, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
    time::sleep(STEP * steps).await;
    outcome
}

async fn act(ctx: ClientCtx, deed: Deed) -> NodeResult {
    let quick = || ctx.op("quick").run(after(1, Ok(1)));
    match deed {
        Deed::Waits => {
            _ = quick().await;
            _ = ctx.op("slow").key("k").value(7).run(pending::<Result<(), Trouble>>()).await;
        }
        Deed::GivesUp => {
            let slow = ctx.op("slow").run(pending::<Result<(), Trouble>>());
            assert!(time::timeout(STEP * 3, slow).await.is_err());
            _ = quick().await;
        }
        Deed::Aborts => {
            let own = ctx.clone();
            let slow = task::spawn(async move { own.op("slow").run(after(90, Ok(()))).await });
            time::sleep(STEP * 3).await;
            slow.abort();
            time::sleep(STEP).await;
            _ = quick().await;
        }
        Deed::Panics => _ = ctx.op("bad").run(async { panic_at_step().await }).await,
        Deed::TwoAtOnce => {
            let own = ctx.clone();
            let other = task::spawn(async move { own.op("other").run(after(2, Ok(2))).await });
            _ = quick().await;
            _ = other.await;
            _ = quick().await;
        }
        Deed::Errs => {
            _ = ctx.op("refused").run(after(1, Err::<(), _>(Trouble::Refused))).await;
            _ = ctx.op("lost").run(after(1, Err::<(), _>(Trouble::NoAnswer))).await;
            _ = ctx.op("odd").run(after(1, Ok(std::collections::BTreeMap::from([((1, 2), 3)])))).await;
        }
        Deed::Idles => drop(ctx.op("never").run(after(1, Ok(())))),
        Deed::Reads => {
            let read = |outcome: &Option<u32>| {
                outcome.map_or(Completed::Fail("none".into()), |it| Completed::Ok(json!({ "it": it })))
            };
            _ = ctx.op("some").run_as(async { Some(4) }, read).await;
            _ = ctx.op("none").run_as(async { None }, read).await;
        }
    }
    pending().await
}

async fn panic_at_step() -> Result<(), Trouble> {
    time::sleep(STEP).await;
    panic!("as told")
}

struct Scribe(Deed);

impl System for Scribe {
    type Config = ();
    type Workload = Deeds;

    fn roles() -> Vec<Role> {
        vec![
            Role { name: "server", count: 1, kind: RoleKind::Server },
            Role { name: "client", count: 1, kind: RoleKind::Client },
        ]
    }

    fn new((): (), workload: Deeds, _: BugSet) -> Result<Self, SystemError> {
        Ok(Self(workload.deed))
    }

    fn node(&self, _: NodeCtx) -> NodeFuture {
        Box::pin(pending())
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        Box::pin(act(ctx, self.0))
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

/// What was recorded of a run of five seconds: milliseconds, operation, phase, value, process.
fn recorded(deed: &str, faults: &str) -> Vec<Line> {
    let text = format!(
        "version: 1\nname: test\nsystem: scribe\nworkload: {{ deed: {deed} }}\nduration: 5s\nfaults: [{faults}]\n"
    );
    let registry = Registry::default().add::<Scribe>("scribe");
    let source = squall::scenario::Source::new("test.yaml", &text);
    let scenario = squall::scenario::parse(&source, &registry.catalogue());
    let scenario = scenario.unwrap_or_else(|errors| panic!("{errors}"));
    let plan = scenario.plan(Seed(1), &squall::scenario::Overrides::default());
    let reply = squall::run(&registry, &plan, Recording::Full, &Hooks::default()).expect("the plan fits");
    let history =
        History::read_ndjson(reply.history.expect("a full recording").as_bytes()).expect("readable");
    let operations = squall::check::blackbox::operations(squall::check::blackbox::events(&history));
    assert!(operations.is_ok(), "{deed}: {operations:?}");
    let line = |record: &squall::history::Record| match &record.body {
        Body::Op(op) => Some(Line { ms: record.at.0 / 1_000_000, op: op.clone() }),
        _ => None,
    };
    history.records.iter().filter_map(line).collect()
}

#[derive(Debug)]
struct Line {
    ms: u64,
    op: Op,
}

/// As `f phase value` at some millisecond.
fn told(lines: &[Line]) -> Vec<(u64, String)> {
    let tell = |line: &Line| {
        let phase = format!("{:?}", line.op.phase).to_lowercase();
        (line.ms, format!("{} {phase} {}", line.op.f, line.op.value))
    };
    lines.iter().map(tell).collect()
}

fn expect(lines: &[Line], expected: &[(u64, &str)]) {
    let expected: Vec<(u64, String)> = expected.iter().map(|(ms, text)| (*ms, (*text).to_owned())).collect();
    assert_eq!(told(lines), expected);
}

/// The processes in order of invocation.
fn processes(lines: &[Line]) -> Vec<ProcessId> {
    let invoked = lines.iter().filter(|line| line.op.phase == Phase::Invoke);
    invoked.map(|line| line.op.process).collect()
}

#[test]
fn an_operation_survives_the_death_of_its_client() {
    for (fault, ends) in [("kill", true), ("power-loss", true), ("pause", false)] {
        let fault = format!("{{ at: 1s, for: 500ms, {fault}: client-1 }}");
        let lines = recorded("waits", &fault);
        let begins = [(0, "quick invoke null"), (100, "quick ok 1"), (100, "slow invoke 7")];
        if !ends {
            // It stood still, and goes on waiting: nothing more is known at the end of the run.
            expect(&lines, &begins);
            continue;
        }
        let dies = [(1_000, "slow info \"the client stopped\"")];
        let again = [(1_500, "quick invoke null"), (1_600, "quick ok 1"), (1_600, "slow invoke 7")];
        expect(&lines, &[&begins[..], &dies, &again].concat());
        let acting = processes(&lines);
        assert_eq!(acting[0], acting[1], "the first is over");
        let incarnations: [BTreeSet<_>; 2] = [acting[..2].iter().collect(), acting[2..].iter().collect()];
        assert!(incarnations[0].is_disjoint(&incarnations[1]), "{acting:?}");
        assert_eq!(lines[3].op.key.as_deref(), Some("k"));
    }
}

#[test]
fn what_is_given_up_is_unknown_from_then_on() {
    let lines = recorded("gives-up", "");
    expect(
        &lines,
        &[
            (0, "slow invoke null"),
            (300, "slow info \"the client gave it up\""),
            (300, "quick invoke null"),
            (400, "quick ok 1"),
        ],
    );
    let acting = processes(&lines);
    assert_ne!(acting[0], acting[1], "it may still happen");
}

#[test]
fn an_aborted_task_ends_its_operation_as_unknown() {
    let lines = recorded("aborts", "");
    let first = told(&lines).into_iter().find(|(_, text)| text.starts_with("slow info")).expect("recorded");
    assert_eq!(first, (300, "slow info \"the client gave it up\"".to_owned()));
    let acting = processes(&lines);
    assert_ne!(acting[0], acting[1]);
}

#[test]
fn a_panic_ends_its_operation_as_unknown() {
    let lines = recorded("panics", "");
    expect(&lines, &[(0, "bad invoke null"), (100, "bad info \"the client panicked\"")]);
}

#[test]
fn operations_at_once_are_of_different_processes() {
    let lines = recorded("two-at-once", "");
    let acting = processes(&lines);
    assert_eq!(acting.iter().collect::<BTreeSet<_>>().len(), 2, "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.op.phase == Phase::Ok).count(), 3);
}

#[test]
fn an_error_is_unknown_unless_it_says_that_nothing_happened() {
    let lines = recorded("errs", "");
    let ends: Vec<(Phase, Value)> = lines
        .iter()
        .filter(|line| line.op.phase != Phase::Invoke)
        .map(|line| (line.op.phase, line.op.value.clone()))
        .collect();
    assert_eq!(ends[..2], [(Phase::Fail, json!("refused")), (Phase::Info, json!("no answer"))]);
    assert_eq!(ends[2].0, Phase::Info);
    assert!(ends[2].1.as_str().is_some_and(|why| why.contains("no JSON form")), "{ends:?}");
    let acting = processes(&lines);
    assert_eq!(acting[0], acting[1], "the refused one is over");
    assert_ne!(acting[1], acting[2], "the lost one is not");
}

#[test]
fn what_is_not_performed_is_not_recorded() {
    assert_eq!(told(&recorded("idles", "")), []);
}

#[test]
fn a_client_may_say_itself_how_an_outcome_is_recorded() {
    let lines = recorded("reads", "");
    expect(
        &lines,
        &[
            (0, "some invoke null"),
            (0, "some ok {\"it\":4}"),
            (0, "none invoke null"),
            (0, "none fail \"none\""),
        ],
    );
}
