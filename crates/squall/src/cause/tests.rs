//! A toy in which one draw at a known moment decides: that moment is named, whatever the number of hosts.

use std::time::Duration;

use squall_check::cause::{Cause, CauseEnded, LaterFaults};
use squall_history::vocab::Custom;
use squall_history::{Body, FaultEvent, Topology};
use squall_io::{assert, observe, rand, time};
use squall_scenario::{Overrides, Source, parse};

use super::*;
use crate::{
    BugSet, ClientCtx, FaultBudget, InProcess, NodeCtx, NodeFuture, Registry, Role, RoleKind, RunHost,
    System, SystemError,
};

/// A node that says every second that it is there. At 5 s it draws a lot of ten; at 9 s it fails if
/// that was the first one, or if it is not in its first incarnation any more.
struct Lots;

impl System for Lots {
    type Config = ();
    type Workload = ();

    fn roles() -> Vec<Role> {
        vec![Role { name: "node", count: 1, kind: RoleKind::Server }]
    }

    fn new((): (), (): (), _: BugSet) -> Result<Self, SystemError> {
        Ok(Self)
    }

    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        Box::pin(async move {
            let mut doomed = ctx.boot.0 > 1;
            loop {
                let now = squall_sim::now().0 / 1_000_000_000;
                match now {
                    5 => {
                        doomed |= rand::below(10) == 0;
                        observe(Custom::new("lots", "drawn"));
                    }
                    9 => assert::always!(!doomed, "lots/was-not-drawn"),
                    _ => observe(Custom::new("lots", "there")),
                }
                time::sleep(Duration::from_secs(1)).await;
            }
        })
    }

    fn client(&self, _: ClientCtx) -> NodeFuture {
        unreachable!("there is no client role")
    }

    fn tolerates(&self, _: &Topology) -> FaultBudget {
        FaultBudget::default()
    }
}

fn registry() -> Registry {
    Registry::new().add::<Lots>("lots")
}

fn planned(faults: &str, seed: u64) -> Plan {
    let text = format!("version: 1\nname: lots\nsystem: lots\nduration: 12s\nfaults: {faults}\n");
    let scenario = parse(&Source::new("lots.yaml", &text), &registry().catalogue());
    scenario.unwrap_or_else(|errors| panic!("{errors}")).plan(Seed(seed), &Overrides::default())
}

fn pool(hosts: usize) -> Pool {
    Pool::new((0..hosts).map(|_| Box::new(InProcess::new(registry())) as Box<dyn RunHost>).collect())
}

fn explained(hosts: usize, plan: &Plan, later_faults: LaterFaults, runs_max: u64) -> Explained {
    let mut terms = CauseTerms {
        runs_max,
        each: 20,
        later_faults,
        redraw: &|seed| planned("[{ at: 6s..7s, for: 10ms, kill: node-1 }]", seed.0),
        interrupt: &Interrupt::default(),
        tell: &mut |_, _| {},
    };
    cause(&mut pool(hosts), plan, &mut terms).expect("the plan fits")
}

fn caused(hosts: usize, plan: &Plan, later_faults: LaterFaults) -> Cause {
    match explained(hosts, plan, later_faults, 2_000) {
        Explained::Cause(cause) => *cause,
        Explained::NoFailure(reply) => panic!("it does not fail: {:?}", reply.result),
    }
}

/// The first seed without faults that draws the lot.
fn doomed() -> Plan {
    let fails = |plan: &Plan| {
        let request = RunRequest { plan: plan.clone(), recording: Recording::Summary };
        pool(1).run(&request).expect("the plan fits").result.outcome.is_failure()
    };
    (0..200).map(|seed| planned("[]", seed)).find(fails).expect("a lot of ten is drawn in 200 seeds")
}

#[test]
fn the_draw_that_decided_is_named() {
    let cause = caused(1, &doomed(), LaterFaults::Kept);
    assert_eq!((cause.symptom.as_str(), cause.ended), ("always", CauseEnded::Complete));
    assert_eq!(cause.violated_at.0 / 1_000_000_000, 9);
    let [turn] = cause.turns[..] else { panic!("one draw decides: {:?}", cause.turns) };
    let (before, after) = (&cause.moments[turn.before], &cause.moments[turn.after]);
    assert_eq!(turn.between, 0);
    assert_eq!(after.at.0, 5_000_000_001);
    assert!(matches!(&after.what[..], [record] if matches!(&record.body,
        Body::Custom(word) if &*word.name == "drawn")));
    assert_eq!(before.at.0, 4_000_000_001);
    assert!(before.share() < 0.3 && after.share() == 1.0, "{before:?} {after:?}");
}

#[test]
fn the_same_whatever_the_number_of_hosts() {
    let plan = doomed();
    let alone = caused(1, &plan, LaterFaults::Kept);
    for hosts in 2..4 {
        assert_eq!(caused(hosts, &plan, LaterFaults::Kept), alone, "{hosts} hosts");
    }
}

#[test]
fn what_later_faults_mean_is_the_callers_choice() {
    let plan = planned("[{ name: stop, at: 6s, for: 10ms, kill: node-1 }]", 1);
    // The schedule alone makes it certain, from the start.
    let kept = caused(1, &plan, LaterFaults::Kept);
    assert!(kept.turns.is_empty(), "{:?}", kept.turns);
    assert!(kept.moments.iter().all(|moment| moment.share() == 1.0));
    // Planned again, it strikes in every run: between 6 s and 7 s, as the scenario says.
    let redrawn = caused(1, &plan, LaterFaults::Redrawn);
    assert!(redrawn.moments[0].share() == 1.0);
    // Without it, nine of ten runs pass until it has struck.
    let dropped = caused(1, &plan, LaterFaults::Dropped);
    let [turn] = dropped.turns[..] else { panic!("{:?}", dropped.turns) };
    let struck = &dropped.moments[turn.after];
    assert!(
        struck.what.iter().any(|record| matches!(&record.body,
        Body::Fault(FaultEvent::Applied { id, .. }) if &*id.0 == "stop#0")),
        "{struck:?}"
    );
    assert!(dropped.moments[turn.before].share() < 0.3 && struck.share() == 1.0);
}

#[test]
fn faults_planned_again_do_not_share_the_name_of_one_that_struck() {
    let plan = planned("[{ at: 2s, for: 10ms, kill: node-1 }]", 1);
    let redraw = |seed: Seed| planned("[{ at: 8s, for: 10ms, kill: node-1 }]", seed.0);
    let anew = |at: u64| {
        let plan = drawn_anew(&plan, SimTime(at), Seed(9), LaterFaults::Redrawn, &redraw);
        plan.faults.iter().map(|fault| fault.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(anew(2_000_000_001), ["kill#0", "kill#0+"]);
    assert_eq!(anew(2_000_000_000), ["kill#0"]);
}

#[test]
fn runs_are_bounded_and_what_passes_is_no_failure() {
    let Explained::Cause(cause) = explained(1, &doomed(), LaterFaults::Kept, 50) else { panic!("it fails") };
    assert_eq!((cause.runs, cause.ended), (40, CauseEnded::OutOfRuns));
    let passing = (0..200).map(|seed| planned("[]", seed)).find_map(|plan| {
        match explained(1, &plan, LaterFaults::Kept, 0) {
            Explained::NoFailure(reply) => Some(reply),
            Explained::Cause(_) => None,
        }
    });
    assert_eq!(passing.expect("nine of ten pass").result.outcome, squall_check::Outcome::Pass);
}
