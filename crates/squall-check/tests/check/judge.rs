//! The judge: which oracles it hears, how it counts, and what it does with a run that was stopped.

use squall_check::{
    BlackBox, Budget, Checker, Invariant, Judge, KvModel, Linearizable, Oracle, Scope, Status, judge_history,
    oracles, with_names,
};
use squall_history::{
    Availability, Body, Expect, InvariantChoice, KnownFailure, LatencyBounds, NodeEvent, Ppm, Restart,
    RestartOn, SimTime,
};

use crate::support::{Says, header, history, judged, span, violations};

/// Violated by every word `bad`, exercised by every word `good`.
fn words(name: &'static str) -> Says {
    let at_record: fn(&squall_history::Record, &mut squall_check::Findings) =
        |record, findings| match &record.body {
            Body::Custom(word) if &*word.name == "good" => findings.exercised(),
            Body::Custom(word) if &*word.name == "bad" => {
                findings.violated(record.at, "a bad word");
            }
            _ => {}
        };
    Says { at_record, ..Says::new(name) }
}

fn named(names: &[&str]) -> Expect {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    Expect { invariants: InvariantChoice::Named(names), ..Expect::default() }
}

#[test]
fn a_panic_is_a_violation_and_says_where() {
    let verdict = judged(
        &Expect::default(),
        &history(30, "0 server-1 started\n0 server-2 started\n5 server-2 panicked index out of bounds"),
    );
    assert_eq!(violations(&verdict), ["no-panic 0.005s server-2 panicked: index out of bounds"]);
    assert_eq!(verdict.violations[0].evidence["location"], "src/node.rs:3:5");
    assert_eq!(verdict.violations[0].nodes[0].as_str(), "server-2");
    assert_eq!(verdict.exercised["no-panic"], 2);
}

#[test]
fn an_error_is_a_violation_and_an_exit_is_not() {
    let run = |end: &str| {
        let history = history(30, &format!("0 server-1 started\n5 server-1 {end}"));
        violations(&judged(&Expect::default(), &history))
    };
    assert_eq!(run("exited disk full"), ["no-panic 0.005s server-1 ended with an error: disk full"]);
    for end in ["exited", "killed", "power-lost", "paused"] {
        assert_eq!(run(end), [""; 0]);
    }
}

#[test]
fn an_error_on_a_disk_that_gives_cause_for_it_is_none_and_a_panic_always_is() {
    let run = |story: &str| {
        let lines = story.replace("; ", "\n");
        violations(&judged(&Expect::default(), &history(30, &format!("0 server-1 started\n{lines}")))).len()
    };
    for (trouble, during, after, restarted) in [
        ("error", 0, 0, 1),
        ("full", 0, 0, 1),
        ("slow", 1, 1, 1),
        ("stall", 1, 1, 1),
        ("lying-sync", 0, 0, 0),
        ("corrupt", 0, 0, 0),
        ("throttled", 1, 1, 1),
        ("misdirected", 0, 0, 0),
        ("torn-write", 1, 1, 1),
    ] {
        let fault = format!("2 fault d={trouble} applied");
        assert_eq!(run(&format!("{fault}; 3 server-1 exited EIO")), during, "{trouble}");
        assert_eq!(run(&format!("{fault}; 3 fault d ended; 4 server-1 exited EIO")), after, "{trouble}");
        let start = "3 fault d ended; 4 server-1 killed; 5 server-1 started; 6 server-1 exited EIO";
        assert_eq!(run(&format!("{fault}; {start}")), restarted, "{trouble}: a new incarnation");
        let inside = "3 server-1 killed; 4 server-1 started; 5 fault d ended; 6 server-1 exited EIO";
        assert_eq!(run(&format!("{fault}; {inside}")), during, "{trouble}: started on it");
        assert_eq!(run(&format!("{fault}; 3 server-1 panicked EIO")), 1, "{trouble}");
        assert_eq!(
            run(&format!("1 server-2 started; {fault}; 3 server-2 exited EIO")),
            1,
            "{trouble}: another's"
        );
    }
}

#[test]
fn an_end_that_a_supervisor_answers_is_no_violation() {
    let run = |on: &[RestartOn], role: &str, end: &str| {
        let mut history = history(30, &format!("0 server-1 started\n5 server-1 {end}"));
        let policy = Restart { after: (span("100ms"), span("5s")), on: on.to_vec() };
        history.header.topology.restart.insert(role.to_owned(), policy);
        violations(&judged(&Expect::default(), &history)).len()
    };
    let (panic, exit) = (RestartOn::Panic, RestartOn::Exit);
    assert_eq!(run(&[panic], "server", "panicked boom"), 0);
    assert_eq!(run(&[exit], "server", "panicked boom"), 1);
    assert_eq!(run(&[panic, exit], "client", "panicked boom"), 1);
    assert_eq!(run(&[exit], "server", "exited boom"), 0);
    assert_eq!(run(&[panic], "server", "exited boom"), 1);
}

#[test]
fn no_panic_is_judged_whatever_is_named() {
    let history = history(30, "1 server-1 panicked boom\n2 server-1 custom bad\n3 server-1 custom bad");
    let oracles = || -> Vec<Box<dyn Invariant>> { vec![Box::new(words("tidy")), Box::new(words("neat"))] };
    let verdict = judge_history(&history, &named(&["neat"]), oracles(), Vec::new());
    let oracles_violated: Vec<&str> = verdict.violations.iter().map(|v| v.oracle.as_str()).collect();
    assert_eq!(oracles_violated, ["no-panic", "neat", "neat"]);
    assert!(!verdict.exercised.contains_key("tidy"), "what is not named is not heard");
}

#[test]
fn a_broken_assertion_is_a_violation_and_what_is_reached_is_a_condition() {
    let text = "1 server-1 reached log/caught-up\n2 server-2 broken log/no-gap\n3 server-1 custom good";
    let history = history(30, text);
    let verdict = judge_history(&history, &named(&["tidy"]), Vec::new(), Vec::new());
    assert_eq!(violations(&verdict), ["always 0.002s `log/no-gap` does not hold: 7 of 6 (log:9)"]);
    assert_eq!(verdict.violations[0].nodes, ["server-2".into()]);
    assert_eq!(verdict.conditions.get("log/caught-up"), Some(&1));
    assert!(!verdict.conditions.contains_key("log/no-gap"));
}

#[test]
fn of_assertions_that_hold_nothing_is_said() {
    let history = history(30, "1 server-1 reached log/caught-up");
    let verdict = judge_history(&history, &Expect::default(), Vec::new(), Vec::new());
    assert_eq!((verdict.status, verdict.exercised.get("always")), (Status::Pass, None));
}

#[test]
fn a_system_may_replace_no_panic() {
    let lenient: Box<dyn Invariant> = Box::new(words("no-panic"));
    let history = history(30, "1 server-1 panicked boom\n2 server-1 custom good");
    let verdict = judge_history(&history, &Expect::default(), vec![lenient], Vec::new());
    assert_eq!((verdict.status, verdict.exercised["no-panic"]), (Status::Pass, 1));
}

#[test]
fn an_oracle_is_chosen_by_name_or_id() {
    let history = history(30, "2 server-1 custom good");
    let with_id = || -> Box<dyn Checker> { Box::new(Says { id: Some("T1"), ..words("tidy") }) };
    for (choice, exercised) in [("tidy", Some(&1)), ("T1", Some(&1)), ("T2", None)] {
        let verdict = judge_history(&history, &named(&[choice]), Vec::new(), vec![with_id()]);
        assert_eq!(verdict.exercised.get("tidy"), exercised, "{choice}");
    }
}

#[test]
fn an_oracle_without_what_it_needs_is_not_applicable() {
    let history = history(30, "2 server-1 custom bad");
    let needs = |needs| -> Vec<Box<dyn Invariant>> { vec![Box::new(Says { needs, ..words("tidy") })] };
    let verdict =
        judge_history(&history, &Expect::default(), needs(&["vocab.raft", "truth.disk"]), Vec::new());
    assert_eq!(verdict.status, Status::Pass);
    assert_eq!(verdict.not_applicable["tidy"], "it needs truth.disk, which this history does not have");
    assert!(!verdict.exercised.contains_key("tidy"));
    let verdict = judge_history(&history, &Expect::default(), needs(&["vocab.raft"]), Vec::new());
    assert_eq!(verdict.status, Status::Fail);
}

#[test]
fn observe_breaks_at_the_record_that_breaks_a_promise() {
    let history = history(30, "1 server-1 custom good\n2 server-1 custom bad\n3 server-1 custom good");
    let mut judge = Judge::new(&header(30), &Expect::default(), vec![Box::new(words("tidy"))], Vec::new());
    let breaks: Vec<bool> = history.records.iter().map(|record| judge.observe(record).is_break()).collect();
    assert_eq!(breaks, [false, true, false]);
    assert_eq!(judge.finish(&history).exercised["tidy"], 2);
}

#[test]
fn violations_are_sorted_by_time_then_oracle() {
    let history = history(30, "1 server-1 custom bad\n2 server-1 custom bad");
    let verdict = judge_history(
        &history,
        &Expect::default(),
        vec![Box::new(words("tidy"))],
        vec![Box::new(words("neat"))],
    );
    let order: Vec<(SimTime, &str)> = verdict.violations.iter().map(|v| (v.at, v.oracle.as_str())).collect();
    let (one, two) = (SimTime(1_000_000), SimTime(2_000_000));
    assert_eq!(order, [(one, "neat"), (one, "tidy"), (two, "neat"), (two, "tidy")]);
}

#[test]
fn unknown_is_a_verdict_and_a_violation_outweighs_it() {
    let unsure: fn(&squall_history::Record, &mut squall_check::Findings) =
        |_, findings| findings.unknown("steps ran out");
    let checkers = || -> Vec<Box<dyn Checker>> {
        vec![Box::new(Says { at_record: unsure, ..Says::new("unsure") }), Box::new(words("tidy"))]
    };
    let judge = |text| judge_history(&history(30, text), &Expect::default(), Vec::new(), checkers());
    let verdict = judge("1 server-1 custom good");
    assert_eq!((verdict.status, verdict.unknown["unsure"].as_str()), (Status::Unknown, "steps ran out"));
    assert_eq!(judge("1 server-1 custom bad").status, Status::Fail);
}

#[test]
fn conditions_are_counted() {
    let verdict = judged(
        &Expect::default(),
        &history(
            30,
            "0 server-1 started
             1 server-1 leader 1
             2 server-2 leader 2
             3 server-1 leader 3
             4 server-1 custom good",
        ),
    );
    assert_eq!(verdict.conditions["leader-elected"], 3);
    assert_eq!(verdict.conditions["leader-changed"], 2);
    assert_eq!(verdict.conditions["test/good"], 1);
    assert!(!verdict.conditions.contains_key("node-killed"));
}

type Oracles = (Vec<Box<dyn Invariant>>, Vec<Box<dyn Checker>>);

/// An invariant that complains at the end, and checkers of each scope.
fn demanding() -> Oracles {
    let at_end: fn(SimTime, &mut squall_check::Findings) = |at, findings| {
        findings.violated(at, "unfinished");
    };
    let scoped = |name, scope| -> Box<dyn Checker> { Box::new(Says { scope, ..words(name) }) };
    (
        vec![Box::new(words("tidy")), Box::new(Says { at_end, ..Says::new("ends-well") })],
        vec![
            scoped("prefix", Scope::Prefix),
            scoped("first-second", Scope::Until(SimTime(1_000_000_000))),
            scoped("first-minute", Scope::Until(SimTime(60_000_000_000))),
            scoped("whole", Scope::WholeRun),
        ],
    )
}

#[test]
fn a_run_stopped_at_a_violation_is_not_judged_by_its_end() {
    let (invariants, checkers) = demanding();
    let expect = Expect { recovery: Some(span("2s")), ..Expect::default() };
    let stopped = history(30, "1 server-1 custom good\n4213 server-1 custom bad");
    let verdict = judge_history(&stopped, &expect, invariants, checkers);
    let oracles: Vec<&str> = verdict.violations.iter().map(|v| v.oracle.as_str()).collect();
    assert_eq!(oracles, ["first-second", "prefix", "tidy"]);
    for oracle in ["whole", "first-minute", "recovery"] {
        assert_eq!(verdict.not_applicable[oracle], "the run was stopped at 4.213s, before its end");
    }
}

#[test]
fn a_run_that_goes_on_after_a_violation_is_judged_by_its_end() {
    let (invariants, checkers) = demanding();
    let whole = history(30, "1 server-1 custom bad\n2 server-1 custom good");
    let verdict = judge_history(&whole, &Expect::default(), invariants, checkers);
    let ends_well = verdict.violations.iter().find(|v| v.oracle == "ends-well").unwrap();
    assert_eq!(ends_well.at, SimTime(30_000_000_000), "the end of the run, not of the records");
    assert_eq!(verdict.exercised["whole"], 1);
    assert_eq!(verdict.not_applicable.len(), 0);
}

#[test]
fn a_violation_at_the_very_end_stops_nothing() {
    let (invariants, checkers) = demanding();
    let whole = history(30, "1 server-1 custom good\n30000 server-1 custom bad");
    let verdict = judge_history(&whole, &Expect::default(), invariants, checkers);
    assert_eq!(verdict.exercised["whole"], 1);
}

#[test]
fn every_checker_has_the_whole_budget() {
    let history = history(30, "1 client-1 put:x 1\n2 client-1 ok\n3 client-1 get:x\n4 client-1 ok 1");
    let checkers = || -> Vec<Box<dyn Checker>> {
        vec![
            Box::new(BlackBox::new(Linearizable::new(KvModel))),
            Box::new(BlackBox::new(Linearizable::new(KvModel)).named("once-more", None)),
        ]
    };
    let unknown = |checkers: Vec<Box<dyn Checker>>, steps| {
        let budget = Budget { steps, ..Budget::default() };
        let mut judge =
            Judge::new(&history.header, &Expect::default(), Vec::new(), checkers).with_budget(budget);
        history.records.iter().for_each(|record| assert!(judge.observe(record).is_continue()));
        judge.finish(&history).unknown.len()
    };
    let alone = |steps: &u64| unknown(checkers().split_off(1), *steps) == 0;
    let enough = (1..).find(alone).unwrap();
    assert_eq!((unknown(checkers(), enough - 1), unknown(checkers(), enough)), (2, 0));
}

#[test]
fn a_run_stopped_for_another_reason_is_told() {
    let (invariants, checkers) = demanding();
    let prefix = history(30, "1 server-1 custom good");
    let mut judge = Judge::new(&prefix.header, &Expect::default(), invariants, checkers);
    prefix.records.iter().for_each(|record| assert!(judge.observe(record).is_continue()));
    judge.stopped(SimTime(2_000_000_000));
    let verdict = judge.finish(&prefix);
    assert_eq!(verdict.status, Status::Pass);
    assert_eq!(verdict.not_applicable.keys().collect::<Vec<_>>(), ["first-minute", "whole"]);
}

#[test]
fn violations_without_end_are_counted_and_not_kept() {
    let text: String = (1..=250).map(|at| format!("{at} server-1 custom bad\n")).collect();
    let tidy: Box<dyn Invariant> = Box::new(words("tidy"));
    let verdict = judge_history(&history(30, &text), &Expect::default(), vec![tidy], Vec::new());
    assert_eq!(verdict.violations.len(), 101);
    let last = verdict.violations.last().unwrap();
    assert_eq!(
        (last.message.as_str(), last.at),
        ("150 more violations are not listed", SimTime(101_000_000))
    );
}

#[test]
#[should_panic(expected = "every record")]
fn a_judge_that_missed_a_record_does_not_judge() {
    let history = history(30, "1 server-1 custom good");
    Judge::new(&history.header, &Expect::default(), Vec::new(), Vec::new()).finish(&history);
}

#[test]
fn a_stored_history_has_the_same_verdict() {
    let history = history(
        30,
        "1 client-1 put:x 1
         2 client-1 ok
         5 client-2 get:x
         6 client-2 ok 2
         7 server-1 panicked boom",
    );
    let mut file = Vec::new();
    history.write_ndjson(&mut file).unwrap();
    let stored = squall_history::History::read_ndjson(&file[..]).unwrap();
    let judge = |history| {
        let linearizable: Box<dyn Checker> = Box::new(BlackBox::new(Linearizable::new(KvModel)));
        judge_history(history, &Expect::default(), Vec::new(), vec![linearizable])
    };
    let verdict = judge(&stored);
    assert_eq!(verdict, judge(&history));
    assert_eq!(verdict.violations.len(), 2);
    assert!(matches!(history.records[4].body, Body::Node(NodeEvent::Panicked { .. })));
}

#[test]
fn ids_become_names() {
    let control = BlackBox::new(Linearizable::new(KvModel)).named("linearizable-control", Some("R8"));
    let expect = Expect {
        invariants: InvariantChoice::Named(vec!["R8".into(), "no-panic".into(), "R9".into()]),
        known_failure: Some(KnownFailure { invariants: vec!["R8".into()], issue: None, strict: false }),
        ..Expect::default()
    };
    let expect = with_names(&expect, &[&control as &dyn Oracle]);
    let InvariantChoice::Named(names) = expect.invariants else { panic!("the choice became another") };
    assert_eq!(names, ["linearizable-control", "no-panic", "R9"]);
    assert_eq!(expect.known_failure.unwrap().invariants, ["linearizable-control"]);
}

#[test]
fn the_catalogue_lists_what_the_judge_uses() {
    let within = Some(span("1s"));
    let availability = Some(Availability { min: Ppm::percent(1), window: span("30s"), except: Vec::new() });
    let latency = Some(LatencyBounds { max: within, ..LatencyBounds::default() });
    let expect =
        Expect { steady_state: within, recovery: within, availability, latency, ..Expect::default() };
    let history = history(
        30,
        "0 server-1 broken promise
         0 server-1 started
         1 client-1 get:x
         2 client-1 ok",
    );
    let verdict = judge_history(&history, &expect, Vec::new(), Vec::new());
    let mut listed: Vec<&str> = oracles().iter().map(|oracle| oracle.name).collect();
    listed.sort_unstable();
    assert_eq!(verdict.exercised.keys().collect::<Vec<_>>(), listed);
}
