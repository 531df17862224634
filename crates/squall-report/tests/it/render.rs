//! Every renderer against its snapshot, and the promises that a picture cannot show.

use squall_check::{Outcome, SeedResult};
use squall_history::Seed;
use squall_report::{
    Campaign, Detail, Extent, Failure, Faults, ReportError, StopCause, Stopped, Style, Timing,
};

use crate::fixture;

#[test]
fn the_whole_screen() {
    insta::assert_snapshot!(fixture::with_campaign(|campaign| {
        squall_report::campaign_text(campaign, Style::Plain)
    }));
}

#[test]
fn plain_text_has_no_escape_codes_and_colour_adds_nothing_else() {
    fixture::with_campaign(|campaign| {
        let plain = squall_report::campaign_text(campaign, Style::Plain);
        assert!(!plain.contains('\u{1b}'));
        let coloured = squall_report::campaign_text(campaign, Style::Coloured);
        assert_ne!(coloured, plain);
        assert_eq!(without_codes(&coloured), plain);
    });
    let (history, found) = (fixture::history(), [fixture::violation("a", 1, "b")]);
    let render = |style| squall_report::timeline(&history, &found, Detail::Trace, None, style);
    assert!(!render(Style::Plain).contains('\u{1b}'));
    assert_eq!(without_codes(&render(Style::Coloured)), render(Style::Plain));
    let plan = fixture::plan();
    let render = |style| squall_report::plan_text(&plan, style);
    assert_eq!(without_codes(&render(Style::Coloured)), render(Style::Plain));
}

/// Takes `ESC [ … m` away.
fn without_codes(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').unwrap().1);
    }
    plain
}

#[test]
fn the_table_fits_a_hundred_columns() {
    let mut verdicts = fixture::verdicts();
    for verdict in &mut verdicts {
        verdict.scenario = verdict.scenario.repeat(8);
        verdict.seeds = 10_000_000;
        verdict.events *= 1_000_000;
    }
    let table = squall_report::results_table(&verdicts, Style::Plain);
    let widest = table.lines().map(|line| line.chars().count()).max().unwrap();
    assert!(widest <= 100, "{widest} columns:\n{table}");
    let letters = |text: &str| text.chars().filter(char::is_ascii_alphabetic).count();
    let names: usize = verdicts.iter().map(|verdict| letters(&verdict.scenario)).sum();
    assert!(letters(&table) > names, "a name was cut:\n{table}");
}

/// A campaign of `number` failing seeds.
fn with_failures<R>(number: u64, message: &str, render: impl FnOnce(&Campaign) -> R) -> R {
    let results: Vec<SeedResult> = (0..number)
        .map(|seed| SeedResult {
            violations: vec![fixture::violation("acked-job-not-lost", 4_213, message)],
            ..fixture::result("kill-leader", seed, Outcome::Fail)
        })
        .collect();
    let failure = |result| Failure {
        result,
        target: "kill-leader",
        faults: Faults::Applied(&[]),
        shrunk: None,
        wall: None,
    };
    let failures: Vec<Failure> = results.iter().map(failure).collect();
    fixture::with_campaign(|campaign| render(&Campaign { failures: &failures, ..*campaign }))
}

#[test]
fn ten_failures_are_shown_and_the_rest_counted() {
    let shown = |number| {
        let text = with_failures(number, "gone", |campaign| squall_report::failures(campaign, Style::Plain));
        (text.matches("Reproduce with:").count(), text.lines().last().unwrap().trim().to_owned())
    };
    assert_eq!(shown(10).0, 10);
    assert!(shown(10).1.starts_with("Reproduce with:"));
    assert_eq!(shown(13), (10, "and 3 more".to_owned()));
}

#[test]
fn the_gravest_failures_come_first_and_known_ones_last() {
    let text = fixture::with_campaign(|campaign| squall_report::failures(campaign, Style::Plain));
    let words: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" seed 0x"))
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(words, ["NONDETERMINISTIC", "FAIL", "PANIC", "STACK-OVERFLOW", "UNKNOWN", "KNOWN"]);
}

#[test]
fn every_ending_has_its_own_word() {
    use Outcome::{Abort, EventLimit, HarnessError, OutOfMemory, Signal, Stuck, Timeout};
    for outcome in [Abort, EventLimit, HarnessError, OutOfMemory, Signal, Stuck, Timeout] {
        let result = fixture::result("kill-leader", 1, outcome);
        let failure = Failure {
            result: &result,
            target: "kill-leader",
            faults: Faults::Planned(&[]),
            shrunk: None,
            wall: None,
        };
        let text = fixture::with_campaign(|campaign| {
            squall_report::failures(&Campaign { failures: &[failure], ..*campaign }, Style::Plain)
        });
        let line = text.lines().nth(1).unwrap();
        let word = outcome.name().to_uppercase();
        assert!(line.trim_start().starts_with(&format!("{word} [")), "{line}");
        let (_, happened) = line.split_once("seed 0x1   ").unwrap();
        assert!(happened.len() > 5, "{word} is not explained");
    }
}

#[test]
fn nothing_failed_nothing_is_said_of_failures() {
    let verdicts = [squall_check::ScenarioVerdict {
        seeds: 64,
        passed: 64,
        known: 0,
        known_failing: Vec::new(),
        ..fixture::verdicts().swap_remove(2)
    }];
    let text = fixture::with_campaign(|campaign| {
        let campaign =
            Campaign { verdicts: &verdicts, failures: &[], unreached: &[], wall: None, ..*campaign };
        squall_report::campaign_text(&campaign, Style::Plain)
    });
    insta::assert_snapshot!(text);
}

#[test]
fn part_of_a_campaign_says_so_everywhere() {
    let stopped =
        |cause| Stopped { cause, done: 412, seeds: 640, resume: "cargo xtask chaos run --resume reports/x" };
    let of = |slice, cause: Option<StopCause>| {
        let extent = Extent { slice, stopped: cause.map(stopped) };
        fixture::with_campaign(|campaign| {
            let campaign = Campaign { extent, ..*campaign };
            let screen = squall_report::campaign_text(&campaign, Style::Plain);
            (
                screen,
                squall_report::summary(&campaign, &fixture::run_info()),
                squall_report::junit(&campaign, None),
            )
        })
    };
    let (screen, summary, junit) = of(None, None);
    let none = ["interrupted after", "cut after", "one part of", "--resume", "squall campaign"];
    assert!([screen, summary, junit].iter().all(|text| none.iter().all(|words| !text.contains(words))));
    for (cause, words, errors) in [
        (StopCause::Signal, "interrupted after 412 of 640 seeds", 1),
        (StopCause::SignalInShrinking, "interrupted after 412 seeds, before failures were made small", 1),
        (StopCause::Budget, "cut after 412 of 640 seeds by --time-budget", 0),
    ] {
        let (screen, summary, junit) = of(Some("slice:2/8"), Some(cause));
        for text in [&screen, &summary, &junit] {
            assert!(text.contains(words) && text.contains("one part of a campaign"), "{text}");
            assert!(text.contains("cargo xtask chaos run --resume reports/x"), "{text}");
        }
        let report = quick_junit::Report::deserialize_from_str(&junit).unwrap();
        let suite = report.test_suites.iter().find(|suite| suite.name.as_str() == "squall campaign").unwrap();
        assert_eq!((suite.tests, suite.errors), (2, errors), "{junit}");
    }
}

#[test]
fn a_timeline() {
    let found = [
        fixture::violation("acked-job-not-lost", 9_000, "job 17 is gone\nfor ever"),
        fixture::violation("recovery", 30_000, "client-1 had no `ok` after 7.700s"),
    ];
    let render =
        |detail, until| squall_report::timeline(&fixture::history(), &found, detail, until, Style::Plain);
    insta::assert_snapshot!("timeline_summary", render(Detail::Summary, None));
    insta::assert_snapshot!("timeline_trace", render(Detail::Trace, None));
    insta::assert_snapshot!("timeline_until", render(Detail::Summary, Some(fixture::at_ms(5_000))));
}

#[test]
fn a_plan() {
    insta::assert_snapshot!(squall_report::plan_text(&fixture::plan(), Style::Plain));
}

#[test]
fn a_plan_without_faults() {
    let mut plan = fixture::plan();
    (plan.faults, plan.vetoes, plan.reseed) = (Vec::new(), Vec::new(), Vec::new());
    plan.sequences.clear();
    plan.network = squall_history::NetworkProfile::PERFECT;
    plan.expect = squall_history::Expect::default();
    insta::assert_snapshot!(squall_report::plan_text(&plan, Style::Plain));
}

#[test]
fn a_plan_with_links_of_their_own() {
    use squall_history::{Bandwidth, Direction, LatencyShape, LinkProfile, NetworkProfile};
    let mut plan = fixture::plan();
    let bandwidth = Some(Bandwidth { bytes_per_second: 125_000, queue_bytes: 65_536 });
    plan.links = vec![LinkProfile {
        from: vec!["controller-1".into(), "controller-2".into()],
        to: vec!["worker-1".into()],
        direction: Direction::To,
        profile: NetworkProfile { shape: LatencyShape::Normal, bandwidth, mtu: 9_000, ..NetworkProfile::LAN },
        correlation: squall_history::Ppm::ZERO,
    }];
    let text = squall_report::plan_text(&plan, Style::Plain);
    let line = "controller-1,2 → worker-1: latency 200us and up to 300us more, nothing is lost, normal, 125,000 bytes \
                a second with a queue of 65,536 bytes, packets of 9,000 bytes";
    assert!(text.contains(line), "{text}");
}

#[test]
fn results_as_lines() {
    let lines: String = fixture::results().iter().map(squall_report::result_line).collect();
    insta::assert_snapshot!(lines);
    assert_eq!(squall_report::read_results(lines.as_bytes()).unwrap(), fixture::results());
}

#[test]
fn lines_that_are_not_ours_are_refused_with_their_number() {
    let good = squall_report::result_line(&fixture::results()[0]);
    let later = good.replacen("\"v\":1", "\"v\":2", 1);
    let error = squall_report::read_results(format!("{good}{later}").as_bytes()).unwrap_err();
    assert!(matches!(error, ReportError::Format { line: 2, found: 2, known: 1 }), "{error}");
    let cut = &good[..good.len() / 2];
    let error = squall_report::read_results(format!("{good}{good}{cut}").as_bytes()).unwrap_err();
    assert!(matches!(error, ReportError::Line { line: 3, .. }), "{error}");
}

#[test]
fn timings_and_run_as_json() {
    let timing =
        Timing { v: 1, scenario: "kill-leader".to_owned(), seed: Seed(0x1f3a), wall_ms: 84, worker: 1 };
    insta::assert_snapshot!("timing", squall_report::timing_line(&timing));
    let info = fixture::run_info();
    insta::assert_snapshot!("run", info.to_json());
    assert_eq!(serde_json::from_str::<squall_report::RunInfo>(&info.to_json()).unwrap(), info);
}

#[test]
fn a_summary() {
    insta::assert_snapshot!(fixture::with_campaign(|campaign| {
        squall_report::summary(campaign, &fixture::run_info())
    }));
}

#[test]
fn a_summary_never_exceeds_its_limit() {
    let long = "<script>`|".repeat(1_000);
    let mut verdicts = fixture::verdicts();
    verdicts[0].reasons = vec![long.clone(); 2_000];
    let text = with_failures(5_000, &long, |campaign| {
        let campaign = Campaign { verdicts: &verdicts, ..*campaign };
        squall_report::summary(&campaign, &fixture::run_info())
    });
    assert!(text.len() <= 900 * 1024, "{} bytes", text.len());
    assert!(text.ends_with("results.ndjson`.*\n"), "nothing says that it was cut");
    assert!(!text.contains("<script>"), "markup of the system came through");
    assert_eq!(text.lines().filter(|line| line.starts_with("```")).count() % 2, 0, "a block stays open");
}

#[test]
fn many_failures_leave_room_for_the_rest_of_the_summary() {
    let text = with_failures(5_000, &"<".repeat(5_000), |campaign| {
        squall_report::summary(campaign, &fixture::run_info())
    });
    for part in ["## Failures", "## Faults", "## Oracles that judged nothing", "## Conditions"] {
        assert!(text.contains(part), "{part} is missing from {} bytes", text.len());
    }
}

#[test]
fn junit_as_text() {
    insta::assert_snapshot!(fixture::with_campaign(|campaign| {
        squall_report::junit(campaign, Some("2026-11-20T09:12:00+00:00"))
    }));
}

#[test]
fn junit_is_read_back() {
    let text = fixture::with_campaign(|campaign| squall_report::junit(campaign, None));
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!(report.timestamp, None);
    assert_eq!(report.to_string().unwrap(), text);
    let suite = &report.test_suites[0];
    assert_eq!((suite.name.as_str(), suite.failures, suite.errors), ("kill-leader", 6, 0));
    let seed = suite.test_cases.iter().find(|case| case.name.as_str() == "seed 0x1f3a").unwrap();
    let property = |name: &str| {
        let found = seed.properties.iter().find(|property| property.name.as_str() == name);
        found.map(|property| property.value.as_str().to_owned())
    };
    assert_eq!(property("seed").as_deref(), Some("0x1f3a"));
    let replay = "cargo xtask chaos replay kill-leader --seed 0x1f3a";
    assert_eq!(property("replay").as_deref(), Some(replay));
    // A known failure keeps its suite green.
    let known = &report.test_suites[2];
    assert_eq!((known.name.as_str(), known.failures, known.errors), ("clock-blind", 0, 0));
    // A scenario that proves too little is not shown as passed.
    assert_eq!(report.test_suites[3].errors, 1);
}

#[test]
fn junit_lists_fifty_seeds_and_says_what_is_left() {
    let text =
        with_failures(60, "gone \u{0}\u{1b}[31m & <gone>", |campaign| squall_report::junit(campaign, None));
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    let suite = &report.test_suites[0];
    let seeds = suite.test_cases.iter().filter(|case| case.name.as_str().starts_with("seed ")).count();
    assert_eq!(seeds, 50);
    let left = suite.properties.iter().find(|property| property.name.as_str() == "failing-seeds-left-out");
    assert_eq!(left.unwrap().value.as_str(), "10");
}
