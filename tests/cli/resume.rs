//! A campaign that is killed, interrupted or cut goes on in its folder to the bytes that it would have
//! come to without a break; and what cannot go on is refused before anything changes.

use std::fs;

use crate::project::{Project, TWICE, ran};
use crate::stints::{PANICS, WELL, send};

/// Results at which a campaign of 420 is killed, each time further on.
const MOMENTS: [usize; 10] = [1, 2, 9, 31, 57, 58, 96, 131, 160, 243];

fn two_scenarios() -> Project {
    let project = Project::new();
    project.scenario("panics", PANICS);
    project.scenario("well", WELL);
    project
}

#[test]
fn a_campaign_killed_ten_times_leaves_what_an_unbroken_one_does() {
    let project = two_scenarios();
    let args = ["run", "--no-fail-fast", "--no-shrink", "-j", "2"];
    project.squall(&[&args[..], &["--output", "whole"]].concat()).expect(100);
    assert_eq!(project.lines("whole"), 420);
    for (place, lines) in MOMENTS.into_iter().enumerate() {
        match place {
            0 => project.killed_at(&[&args[..], &["--output", "pieces"]].concat(), "pieces", lines),
            _ => project.killed_at(&["run", "--resume", "pieces", "-j", "1"], "pieces", lines),
        }
        assert_eq!(project.info("pieces")["status"], "running");
        assert!(project.lines("pieces") < 420, "killed too late to be killed at all");
    }
    let resumed = project.squall(&["run", "--resume", "pieces", "-j", "1"]).expect(100);
    resumed.warns("resuming pieces: ").warns(" of 420 seeds done");
    project.same_campaign("whole", "pieces");
    assert_eq!(project.read("pieces/timings.ndjson").lines().count(), 420);
    assert_eq!(project.info("pieces")["status"], "complete");
    assert_eq!(project.info("pieces")["exit_code"], 100);
    let before = project.essence("pieces");
    project.squall(&["run", "--resume", "pieces"]).expect(100).warns("the campaign in pieces is complete");
    assert_eq!(project.essence("pieces"), before);
}

#[test]
fn what_shrinking_left_comes_back_too() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project.scenario("well", WELL);
    project.squall(&["run", "--max-fail", "2", "--output", "whole"]).expect(100);
    let args = ["run", "--max-fail", "2", "--output", "pieces"];
    project.killed_at(&args, "pieces", 1);
    project.killed_at(&["run", "--resume", "pieces"], "pieces", 30);
    // A failing seed's folder that was cut short, as a loss of power may leave it.
    let inside = "pieces/failures/twice/0x0";
    fs::remove_file(project.path(inside).join("verdict.json")).unwrap();
    fs::write(project.path(inside).join("history.ndjson"), "").unwrap();
    fs::write(project.path(inside).join(".journal.ndjson.tmp"), "half").unwrap();
    project.squall(&["run", "--resume", "pieces"]).expect(100).says("Minimised repro:");
    project.same_campaign("whole", "pieces");
}

#[test]
fn an_interrupt_while_failures_are_made_small_leaves_them_to_the_next_stint() {
    let project = Project::new();
    project.scenario("twice", TWICE);
    project.squall(&["run", "--output", "whole"]).expect(100);
    // All results are there from the first failing seed on; what follows is shrinking.
    let args = ["run", "--output", "pieces"];
    let stopped = project.signalled_at(&args, "pieces", project.lines("whole"), "-INT").expect(100);
    let stopped = stopped.says("interrupted after 1 seed, before failures were made small");
    assert!(!project.path("pieces/failures/twice/0x0/shrunk.yaml").exists());
    assert_eq!(project.info("pieces")["status"], "interrupted");
    project.printed(stopped.after("Resume with:")[0]).expect(100).says("Minimised repro:");
    project.same_campaign("whole", "pieces");
}

#[test]
fn half_a_line_at_the_end_is_run_again() {
    let project = two_scenarios();
    project.scenario("well", &WELL.replace("120", "400"));
    project.squall(&["run", "--max-fail", "3", "--no-shrink", "--output", "whole"]).expect(100);
    let args = ["run", "--max-fail", "3", "--no-shrink", "--output", "pieces"];
    project.killed_at(&args, "pieces", 40);
    let results = project.path("pieces/results.ndjson");
    let whole = fs::read(&results).unwrap();
    for torn in [whole.len() - 1, whole.len() - 200] {
        fs::write(&results, &whole[..torn]).unwrap();
        fs::write(project.path("pieces/timings.ndjson"), "half of a li").unwrap();
        project.killed_at(&["run", "--resume", "pieces"], "pieces", 45);
    }
    // Blocks that a loss of power left empty, with a line behind them.
    let mut holed = whole.clone();
    holed[whole.len() / 2..whole.len() / 2 + 100].fill(0);
    fs::write(&results, holed).unwrap();
    project.squall(&["run", "--resume", "pieces"]).expect(100).warns("were no whole result");
    let (one, two) = (project.essence("whole"), project.essence("pieces"));
    assert_eq!(one["results.ndjson"], two["results.ndjson"]);
}

#[test]
fn an_interrupt_ends_on_a_prefix_and_says_how_to_go_on() {
    let project = two_scenarios();
    let args = ["run", "well", "panics", "--no-fail-fast", "--no-shrink"];
    project.squall(&[&args[..], &["--output", "whole"]].concat()).expect(100);
    for (signal, lines, code) in [("-INT", 20, 3), ("-TERM", 140, 100)] {
        let folder = format!("by{signal}");
        let args = [&args[..], &["--output", &folder]].concat();
        let stopped = project.signalled_at(&args, &folder, lines, signal).expect(code);
        let info = project.info(&folder);
        assert_eq!((info["status"].as_str(), info["seeds"].as_u64()), (Some("interrupted"), Some(420)));
        let done = project.lines(&folder);
        assert_eq!(info["done"], done, "run.json counts the results");
        let results = project.read(format!("{folder}/results.ndjson"));
        assert!(project.read("whole/results.ndjson").starts_with(&results), "not a prefix");
        let said = format!("interrupted after {done} of 420 seeds");
        let resume = format!("cargo xtask chaos run --resume {folder}");
        assert!(stopped.out.contains(&said), "{}", stopped.out);
        assert_eq!(stopped.after("Resume with:"), [&resume]);
        let summary = project.read(format!("{folder}/summary.md"));
        assert!(summary.contains(&said) && summary.contains(&resume), "{summary}");
        let junit = project.read(format!("{folder}/junit.xml"));
        let junit = quick_junit::Report::deserialize_from_str(&junit).expect("JUnit that can be read");
        let suite = junit.test_suites.iter().find(|suite| suite.name.as_str() == "squall campaign").unwrap();
        assert_eq!((suite.tests, suite.errors), (1, 1));
        assert!(!project.path(&folder).join("inflight.json").exists());
        project.printed(&resume).expect(100);
        project.same_campaign("whole", &folder);
    }
}

#[test]
fn a_time_budget_ends_on_a_prefix_and_is_as_good_as_an_interrupt() {
    let project = two_scenarios();
    project.squall(&["run", "well", "--output", "whole"]).expect(0);
    let cut = project.squall(&["run", "well", "--time-budget", "1ns", "--output", "pieces"]).expect(4);
    cut.says("cut after 0 of 120 seeds by --time-budget");
    assert_eq!(
        (&project.info("pieces")["status"], &project.info("pieces")["done"]),
        (&"cut".into(), &0.into())
    );
    // Again and again, until nothing is left.
    let mut codes = Vec::new();
    while project.info("pieces")["status"] != "complete" && codes.len() < 50 {
        codes.push(project.squall(&["run", "--resume", "pieces", "--time-budget", "1s"]).code);
        assert!(project.read("whole/results.ndjson").starts_with(&project.read("pieces/results.ndjson")));
    }
    assert_eq!(codes.last(), Some(&0), "{codes:?}");
    project.same_campaign("whole", "pieces");
    project.squall(&["run", "--time-budget", "0s"]).expect(2).warns("no seed could begin");
    project.squall(&["run", "--time-budget", "10"]).expect(2);
}

#[test]
fn a_base_seed_that_was_drawn_is_kept() {
    let project = Project::new();
    project.scenario("well", &WELL.replace("{ from: 0, count: 120 }", "6"));
    let args = ["run", "--base-seed", "random", "--time-budget", "1ns"];
    project.squall(&args).expect(4).warns("base seed ");
    // The latest is named by its link, and goes on under its own name.
    let resumed = project.squall(&["--resume", "reports/latest"]).expect(0);
    let id = project.info("reports/latest")["run_id"].as_str().unwrap().to_owned();
    resumed.warns(&format!("resuming reports/{id}: 0 of 6 seeds done"));
    let base = project.info("reports/latest")["base_seed"].as_str().unwrap().to_owned();
    project.squall(&["run", "--base-seed", &base, "--output", "whole"]).expect(0);
    assert_eq!(project.read("reports/latest/results.ndjson"), project.read("whole/results.ndjson"));
}

#[test]
fn a_full_disk_starts_no_more_seeds_and_keeps_what_is_done() {
    let project = two_scenarios();
    project.squall(&["run", "well", "--output", "whole"]).expect(0);
    // No file may grow beyond 16 KiB: a write is refused then, as by a full disk.
    let line = "trap '' XFSZ; ulimit -f 16; exec \"$0\" run well --output pieces";
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", line, crate::project::PROGRAM]).current_dir(project.path(""));
    shell.env("SQUALL_PROGRAM", crate::project::CALLED);
    let full = ran(shell.output()).expect(74);
    let full = full.warns("results.ndjson").warns("cargo xtask chaos run --resume pieces");
    assert!(full.out.is_empty(), "it says more than that it failed: {}", full.out);
    assert!((1..120).contains(&project.lines("pieces")), "{} results", project.lines("pieces"));
    assert_eq!(project.info("pieces")["status"], "running");
    project.squall(&["run", "--resume", "pieces"]).expect(0);
    project.same_campaign("whole", "pieces");
}

#[test]
fn what_would_go_on_as_something_else_is_refused() {
    let project = two_scenarios();
    project.squall(&["run", "well", "--time-budget", "1ns", "--output", "cut"]).expect(4);
    let before = project.read("cut/run.json");
    let resume = ["run", "--resume", "cut"];
    let refused = |code: i32, words: &[&str]| {
        let refused = project.squall(&resume).expect(code);
        words
            .iter()
            .for_each(|words| assert!(refused.err.contains(words), "no `{words}` in {}", refused.err));
    };
    let beside = [&resume[..], &["--max-fail", "2", "panics"]].concat();
    project.squall(&beside).expect(2).warns("scenarios, --max-fail cannot stand beside it");
    project.squall(&["--resume", "cut", "--no-shrink"]).expect(2).warns("--no-shrink cannot stand beside it");
    // Another scenario of that name.
    project.scenario("well", &WELL.replace("2s", "3s"));
    refused(65, &["cut was begun by another campaign", "the text of scenarios/well.yaml: "]);
    project.scenario("well", WELL);
    // Another program, other options, another version.
    let binary = project.info("cut")["binary"].as_str().unwrap().to_owned();
    let changed = |from: &str, to: &str| {
        assert!(before.contains(from), "{before}");
        project.write("cut/run.json", before.replacen(from, to, 1));
    };
    changed(&binary, &"0".repeat(32));
    refused(65, &["the program: 00000000000000000000000000000000 (", &format!("{binary} (")]);
    changed("\"--max-fail\": \"1\"", "\"--max-fail\": \"7\"");
    refused(65, &["--max-fail: 7 then, 1 now"]);
    changed("\"v\": 2", "\"v\": 1");
    refused(65, &["cut/run.json", "has version 1, this version reads 2"]);
    project.write("cut/run.json", "{");
    refused(65, &["cut/run.json", "does not describe a run"]);
    fs::remove_file(project.path("cut/run.json")).unwrap();
    refused(65, &["`cut` is not the folder of a run"]);
    // Results of another campaign.
    project.write("cut/run.json", &before);
    project.squall(&["run", "panics", "--seed", "0x0", "--no-shrink", "--output", "other"]);
    fs::copy(project.path("other/results.ndjson"), project.path("cut/results.ndjson")).unwrap();
    refused(65, &["cut/results.ndjson:1: seed 0x0 of panics is not the next one"]);
    fs::remove_file(project.path("cut/results.ndjson")).unwrap();
    assert_eq!(project.read("cut/run.json"), before, "a refusal changes nothing");
    project.squall(&resume).expect(0);
}

#[test]
fn two_processes_do_not_write_one_folder() {
    let project = two_scenarios();
    project.scenario("well", &WELL.replace("120", "400"));
    let mut first = project.start(&["run", "well", "--output", "here"]);
    assert!(project.wait_for_lines(&mut first, "here", 1));
    send("-STOP", first.id());
    project.squall(&["run", "--resume", "here"]).expect(74).warns("another process writes `here`");
    send("-CONT", first.id());
    ran(first.wait_with_output()).expect(0);
}
