//! A scenario's verdict from the results of its seeds, and exit codes.

use std::collections::BTreeMap;

use squall_check::{
    ExitCode, FaultCounts, Outcome, ScenarioJudge, ScenarioStatus, ScenarioVerdict, SeedResult, Violation,
    exit_code, judge_scenario,
};
use squall_history::{Expect, InvariantChoice, KnownFailure, Seed, SimTime};

/// A seed that ended so and violates these oracles.
fn seed(seed: u64, outcome: Outcome, violated: &[&str]) -> SeedResult {
    let violation = |oracle: &&str| Violation {
        oracle: (*oracle).to_owned(),
        at: SimTime(1),
        nodes: Vec::new(),
        ops: Vec::new(),
        message: "broken".to_owned(),
        anomaly: None,
        evidence: serde_json::Value::Null,
    };
    SeedResult {
        v: squall_check::result::RESULT_FORMAT,
        scenario: "case".to_owned(),
        seed: Seed(seed),
        engine: "native".to_owned(),
        outcome,
        digest: None,
        events: 10,
        sim_ns: 1_000,
        violations: violated.iter().map(violation).collect(),
        exercised: BTreeMap::from([("tidy".to_owned(), 2), ("idle".to_owned(), 0)]),
        not_applicable: BTreeMap::new(),
        unknown: BTreeMap::new(),
        conditions: BTreeMap::from([("leader-changed".to_owned(), 1)]),
        faults: BTreeMap::new(),
        detail: String::new(),
    }
}

fn pass(number: u64) -> SeedResult {
    seed(number, Outcome::Pass, &[])
}

fn unknown(number: u64) -> SeedResult {
    let unknown = BTreeMap::from([("linearizable".to_owned(), "steps ran out".to_owned())]);
    SeedResult { unknown, ..seed(number, Outcome::Unknown, &[]) }
}

fn named(names: &[&str]) -> InvariantChoice {
    InvariantChoice::Named(names.iter().map(|name| (*name).to_owned()).collect())
}

fn sometimes(condition: &str) -> Expect {
    Expect { sometimes: vec![condition.to_owned()], ..Expect::default() }
}

fn known(strict: bool) -> Expect {
    let invariants = vec!["tidy".to_owned(), "R8".to_owned()];
    let known = KnownFailure { invariants, issue: Some("issue 42".to_owned()), strict };
    Expect { known_failure: Some(known), ..Expect::default() }
}

/// Checks status and reasons.
#[track_caller]
fn check(
    expect: &Expect,
    results: &[SeedResult],
    status: ScenarioStatus,
    reasons: &[&str],
) -> ScenarioVerdict {
    let verdict = judge_scenario("case", expect, results);
    assert_eq!((verdict.status, &verdict.reasons[..]), (status, &reasons.map_owned()[..]));
    let ScenarioVerdict { passed, failed, known, unknown, nondeterministic, harness_errors, .. } = verdict;
    assert_eq!(passed + failed + known + unknown + nondeterministic + harness_errors, verdict.seeds);
    verdict
}

trait MapOwned {
    fn map_owned(&self) -> Vec<String>;
}

impl MapOwned for [&str] {
    fn map_owned(&self) -> Vec<String> {
        self.iter().map(|text| (*text).to_owned()).collect()
    }
}

#[test]
fn all_seeds_pass() {
    let verdict = check(
        &sometimes("leader-changed"),
        &[pass(1), SeedResult { scenario: "other".to_owned(), ..seed(7, Outcome::Fail, &["x"]) }, pass(2)],
        ScenarioStatus::Pass,
        &[],
    );
    assert_eq!((verdict.seeds, verdict.events, verdict.sim_ns), (2, 20, 2_000));
    assert_eq!((verdict.exercised["tidy"], verdict.conditions["leader-changed"]), (4, 2));
    assert_eq!(verdict.never_exercised, ["idle"]);
}

#[test]
fn a_failed_seed_dominates_what_is_inconclusive() {
    let verdict = check(
        &sometimes("power-lost"),
        &[
            pass(1),
            unknown(2),
            seed(0x1f3a, Outcome::Fail, &["tidy", "tidy"]),
            seed(4, Outcome::Fail, &["tidy"]),
        ],
        ScenarioStatus::Fail,
        &[
            "`tidy` is violated in 2 of 4 seeds, first in 0x1f3a",
            "`linearizable` has no answer in 1 of 4 seeds, first in 0x2: steps ran out",
            "the condition `power-lost` occurred in no seed",
        ],
    );
    assert_eq!(verdict.failing, [Seed(0x1f3a), Seed(4)], "in the order they came in");
}

#[test]
fn every_bad_ending_is_a_failure() {
    use Outcome::{Abort, EventLimit, OutOfMemory, Panic, Signal, StackOverflow, Stuck, Timeout};
    for outcome in [Panic, Abort, StackOverflow, Signal, OutOfMemory, Stuck, Timeout, EventLimit] {
        let ended = SeedResult { detail: "for a reason\nand more".to_owned(), ..seed(3, outcome, &[]) };
        let reason =
            format!("the run ended in `{}` in 1 of 2 seeds, first in 0x3: for a reason", outcome.name());
        let verdict = check(&Expect::default(), &[pass(1), ended], ScenarioStatus::Fail, &[&reason]);
        assert_eq!(verdict.timeouts, u64::from(outcome == Timeout));
    }
}

#[test]
fn a_violation_counts_whatever_the_outcome_says() {
    check(
        &Expect::default(),
        &[seed(3, Outcome::Pass, &["tidy"])],
        ScenarioStatus::Fail,
        &["`tidy` is violated in 1 of 1 seed, first in 0x3"],
    );
}

#[test]
fn an_unknown_seed_is_inconclusive() {
    check(
        &Expect::default(),
        &[pass(1), unknown(2)],
        ScenarioStatus::Inconclusive,
        &["`linearizable` has no answer in 1 of 2 seeds, first in 0x2: steps ran out"],
    );
}

#[test]
fn sometimes_wants_one_seed() {
    let without = SeedResult { conditions: BTreeMap::new(), ..pass(1) };
    let reason = "the condition `leader-changed` occurred in no seed";
    let expect = sometimes("leader-changed");
    check(&expect, std::slice::from_ref(&without), ScenarioStatus::Inconclusive, &[reason]);
    check(&expect, &[without, pass(2)], ScenarioStatus::Pass, &[]);
}

#[test]
fn a_named_invariant_wants_something_to_judge() {
    let cannot = |number| SeedResult {
        not_applicable: BTreeMap::from([("durable".to_owned(), "it needs truth.disk".to_owned())]),
        ..pass(number)
    };
    let expect = Expect { invariants: named(&["tidy", "idle", "durable", "R1"]), ..Expect::default() };
    let verdict = check(
        &expect,
        &[cannot(1), cannot(2)],
        ScenarioStatus::Inconclusive,
        &[
            "`idle` is named but had nothing to judge in any seed",
            "`durable` is named but had nothing to judge in any seed: it needs truth.disk",
            "`R1` is named but had nothing to judge in any seed",
        ],
    );
    assert_eq!(verdict.not_applicable["durable"].seeds, 2);
    assert_eq!(verdict.never_exercised, ["R1", "durable", "idle"]);
    check(
        &Expect { invariants: named(&["tidy"]), ..Expect::default() },
        &[pass(1)],
        ScenarioStatus::Pass,
        &[],
    );
}

#[test]
fn a_known_failure_that_shows_alone_is_green() {
    let found = || seed(2, Outcome::Fail, &["tidy"]);
    let verdict = check(&known(true), &[pass(1), found()], ScenarioStatus::Pass, &[]);
    assert_eq!((verdict.failed, verdict.known), (0, 1));
    assert_eq!((verdict.failing, verdict.known_failing), (vec![], vec![Seed(2)]));
    check(&known(true), &[found(), seed(3, Outcome::Fail, &["R8", "tidy"])], ScenarioStatus::Pass, &[]);
    // What has no answer may violate anything.
    check(
        &known(true),
        &[found(), unknown(3)],
        ScenarioStatus::Inconclusive,
        &["`linearizable` has no answer in 1 of 2 seeds, first in 0x3: steps ran out"],
    );
}

#[test]
fn a_known_failure_excuses_nothing_else() {
    let found = || seed(2, Outcome::Fail, &["tidy"]);
    let nothing_said = seed(3, Outcome::Panic, &[]);
    let reason = "the run ended in `panic` in 1 of 2 seeds, first in 0x3";
    check(&known(false), &[found(), nothing_said], ScenarioStatus::Fail, &[reason]);
    let verdict = check(
        &known(false),
        &[found(), seed(3, Outcome::Fail, &["no-panic"]), seed(4, Outcome::Fail, &["no-panic", "tidy"])],
        ScenarioStatus::Fail,
        &[
            "`no-panic` is violated in 2 of 3 seeds, first in 0x3",
            "`tidy` is violated in 1 of 3 seeds, first in 0x4",
        ],
    );
    assert_eq!((verdict.failing, verdict.known_failing), (vec![Seed(3), Seed(4)], vec![Seed(2)]));
    check(
        &known(false),
        &[found(), seed(3, Outcome::Timeout, &["tidy"])],
        ScenarioStatus::Fail,
        &[
            "`tidy` is violated in 1 of 2 seeds, first in 0x3",
            "the run ended in `timeout` in 1 of 2 seeds, first in 0x3",
        ],
    );
}

#[test]
fn a_known_failure_that_does_not_show_is_inconclusive_or_red() {
    let reason = "no seed shows the known failure `tidy` or `R8` (issue 42) alone";
    check(&known(false), &[pass(1)], ScenarioStatus::Inconclusive, &[reason]);
    check(&known(true), &[pass(1)], ScenarioStatus::Fail, &[reason]);
    // Its absence is graver than a seed without an answer.
    let unanswered = "`linearizable` has no answer in 1 of 2 seeds, first in 0x2: steps ran out";
    check(&known(true), &[pass(1), unknown(2)], ScenarioStatus::Fail, &[reason, unanswered]);
}

#[test]
fn a_slice_is_judged_by_its_seeds_and_left_alone_for_what_all_seeds_are_asked() {
    let slice = |expect: &Expect, results: &[SeedResult]| {
        let mut judge = ScenarioJudge::new("case", expect.clone());
        results.iter().for_each(|result| judge.take(result));
        judge.finish_slice()
    };
    let named = Expect { invariants: named(&["idle", "absent"]), ..sometimes("power-lost") };
    for expect in [&named, &known(false), &known(true)] {
        let whole = judge_scenario("case", expect, &[pass(1)]);
        assert_ne!(whole.status, ScenarioStatus::Pass, "{expect:?}");
        let part = slice(expect, &[pass(1)]);
        assert_eq!((part.status, part.seeds), (ScenarioStatus::Pass, 1), "{expect:?}");
        assert_eq!(slice(expect, &[]).status, ScenarioStatus::Pass, "a slice may be empty");
        let failed = slice(expect, &[pass(1), seed(2, Outcome::Panic, &["no-panic"])]);
        assert_eq!(failed.status, ScenarioStatus::Fail);
    }
    let unknown = slice(&Expect::default(), &[unknown(1)]);
    assert_eq!(unknown.status, ScenarioStatus::Inconclusive, "a seed without an answer stays without");
}

#[test]
fn squalls_own_failures_come_first() {
    let broken = SeedResult { detail: "the worker died".to_owned(), ..seed(9, Outcome::HarnessError, &[]) };
    let reasons = [
        "squall itself failed in 1 of 3 seeds, first in 0x9: the worker died",
        "the seed did not decide the run in 1 of 3 seeds, first in 0x8",
        "`tidy` is violated in 1 of 3 seeds, first in 0x1",
    ];
    let failed = || seed(1, Outcome::Fail, &["tidy"]);
    let differs = || seed(8, Outcome::Nondeterministic, &["tidy"]);
    check(&Expect::default(), &[failed(), differs(), broken], ScenarioStatus::HarnessError, &reasons);
    let verdict = judge_scenario("case", &Expect::default(), &[failed(), differs()]);
    assert_eq!((verdict.status, verdict.failing), (ScenarioStatus::Nondeterministic, vec![Seed(1)]));
}

#[test]
fn faults_are_summed_and_those_without_effect_named() {
    let faults = |kind: &str, applied, observed| {
        let counts = FaultCounts { planned: 3, applied, observed, vetoed: 1, ..FaultCounts::default() };
        SeedResult { faults: BTreeMap::from([(kind.to_owned(), counts)]), ..pass(1) }
    };
    let verdict = check(
        &Expect::default(),
        &[faults("kill", 2, 0), faults("loss", 2, 0), faults("kill", 1, 5), faults("pause", 0, 0)],
        ScenarioStatus::Pass,
        &[],
    );
    let summed = FaultCounts { planned: 6, applied: 3, observed: 5, vetoed: 2, ..FaultCounts::default() };
    assert_eq!(verdict.faults["kill"], summed);
    assert_eq!(verdict.without_effect, ["loss"]);
}

#[test]
fn a_verdict_is_read_back() {
    let verdict = judge_scenario("case", &known(false), &[pass(1), unknown(2)]);
    let text = serde_json::to_string(&verdict).unwrap();
    assert!(text.contains(r#""status":"inconclusive""#), "{text}");
    assert_eq!(serde_json::from_str::<ScenarioVerdict>(&text).unwrap(), verdict);
}

#[test]
fn the_worst_ending_wins() {
    use ExitCode::*;
    let by_precedence = [
        (AsExpected, 0),
        (NothingRan, 4),
        (Inconclusive, 3),
        (Failed, 100),
        (Nondeterministic, 102),
        (Environment, 74),
        (HarnessBug, 70),
        (InvalidInput, 65),
        (Usage, 2),
    ];
    assert!(by_precedence.is_sorted_by(|(a, _), (b, _)| a < b));
    assert!(by_precedence.iter().all(|(ending, code)| ending.code() == *code));
}

#[test]
fn the_exit_code_is_that_of_the_worst_scenario() {
    let of = |results: &[SeedResult]| judge_scenario("case", &Expect::default(), results);
    let (good, bad, unsure, none) =
        (of(&[pass(1)]), of(&[seed(2, Outcome::Stuck, &[])]), of(&[unknown(3)]), of(&[]));
    let (differs, broken) =
        (of(&[seed(4, Outcome::Nondeterministic, &[])]), of(&[seed(5, Outcome::HarnessError, &[])]));
    assert_eq!(none.reasons, ["no seed ran"]);
    let code = |verdicts: &[&ScenarioVerdict]| {
        exit_code(&verdicts.iter().map(|verdict| (*verdict).clone()).collect::<Vec<_>>())
    };
    assert_eq!(code(&[]), 4);
    assert_eq!(code(&[&none]), 4);
    assert_eq!(code(&[&good, &good]), 0);
    assert_eq!(code(&[&good, &none]), 4);
    assert_eq!(code(&[&none, &unsure, &good]), 3);
    assert_eq!(code(&[&unsure, &bad, &good]), 100);
    assert_eq!(code(&[&bad, &differs]), 102);
    assert_eq!(code(&[&broken, &differs, &bad]), 70);
}

#[test]
fn a_judge_is_as_small_after_ten_thousand_seeds_as_after_ten() {
    let after = |seeds: u64| {
        let mut judge = ScenarioJudge::new("case", known(false));
        (0..seeds).for_each(|number| judge.take(&unknown(number)));
        (0..seeds).for_each(|number| judge.take(&pass(number)));
        // Numbers may have more digits.
        let digits: Vec<char> = format!("{judge:?}").chars().filter(|c| !c.is_ascii_digit()).collect();
        (digits, judge.finish().seeds)
    };
    assert_eq!(after(10).0, after(10_000).0);
    assert_eq!(after(10).1, 20);
}
