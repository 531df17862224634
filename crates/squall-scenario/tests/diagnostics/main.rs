//! What the user sees for each mistake: one tiny scenario per test, the whole diagnostic compared.

#[path = "../support/base.rs"]
mod support;

mod actions;
mod disks;
mod expectations;
mod faults;
mod sections;
mod steps;
mod topology;
mod yaml;

/// The least a scenario can be, followed by these lines.
fn below(lines: &str) -> String {
    format!("version: 1\nname: t\nsystem: batch\nduration: 30s\n{lines}")
}

/// The input must be refused with exactly this text (which begins with a line break, to read well).
#[track_caller]
fn check(input: &str, expected: &str) {
    let actual = support::read(input).expect_err("the scenario is wrong").to_string();
    let expected = expected.strip_prefix('\n').expect("the expected text begins on its own line");
    assert!(actual == expected, "expected:\n{expected}\nbut the diagnostic is:\n{actual}");
}
