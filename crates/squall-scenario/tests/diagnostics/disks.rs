//! Errors in the fault action `disk`, and in the section of that name.

use super::{below, check};

/// An action of this text is refused with exactly this diagnostic.
#[track_caller]
fn check_action(options: &str, expected: &str) {
    check(&below(&format!("faults:\n  - {{ at: 5s, disk: {options} }}\n")), expected);
}

#[test]
fn no_fault() {
    check_action(
        "{ target: worker-1 }",
        r"
error[E0009]: missing key `fault` in `disk`
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, disk: { target: worker-1 } }
  |                     ^ `fault` is required here
",
    );
}

#[test]
fn a_misspelt_fault() {
    check_action(
        "{ target: worker-1, fault: eror }",
        r"
error[E0023]: unknown disk fault `eror`
 --> scenario.yaml:6:48
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: eror } }
  |                                                ^^^^ expected `slow`, `stall`, `error`, `full`, `corrupt`, `misdirected`, `torn-write` or `lying-sync`
help: did you mean `error`?
",
    );
}

#[test]
fn no_target() {
    check_action(
        "{ fault: full }",
        r"
error[E0009]: missing key `target` in `disk`
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, disk: { fault: full } }
  |                     ^ `target` is required here
",
    );
}

#[test]
fn a_key_of_another_fault() {
    check_action(
        "{ target: worker-1, fault: full, latency: 10ms }",
        r"
error[E0017]: `latency` does not go with `fault: full`
 --> scenario.yaml:6:54
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: full, latency: 10ms } }
  |                                                      ^^^^^^^ belongs to `fault: slow`
",
    );
}

#[test]
fn slow_without_a_latency() {
    check_action(
        "{ target: worker-1, fault: slow }",
        r"
error[E0009]: missing key `latency` in `disk`
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: slow } }
  |                     ^ `latency` is required here
",
    );
}

#[test]
fn a_reversed_latency() {
    check_action(
        "{ target: worker-1, fault: slow, latency: 20ms..10ms }",
        r"
error[E0022]: `20ms..10ms` is not a range
 --> scenario.yaml:6:63
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: slow, latency: 20ms..10ms } }
  |                                                               ^^^^^^^^^^ the lower end comes first
help: text that only looks like a range goes in quotes
",
    );
}

#[test]
fn slow_in_two_ways_and_a_rate_of_nothing() {
    check_action(
        "{ target: worker-1, fault: slow, latency: 5ms, rate: 1MiB/s }",
        r"
error[E0017]: `latency` and `rate` do not go together
 --> scenario.yaml:6:68
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: slow, latency: 5ms, rate: 1MiB/s } }
  |                                                      -------       ^^^^ write a second fault for it
  |                                                      |
  |                                                      the first one
",
    );
    check_action(
        "{ target: worker-1, fault: slow, rate: 0B/s }",
        r"
error[E0021]: a rate of nothing
 --> scenario.yaml:6:60
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: slow, rate: 0B/s } }
  |                                                            ^^^^ at least `1B/s`
help: to hold the disk altogether write `fault: stall`
",
    );
    check_action(
        "{ target: worker-1, fault: stall, rate: 1MiB/s }",
        r"
error[E0017]: `rate` does not go with `fault: stall`
 --> scenario.yaml:6:55
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: stall, rate: 1MiB/s } }
  |                                                       ^^^^ belongs to `fault: slow`
",
    );
}

#[test]
fn an_operation_that_is_none() {
    check_action(
        "{ target: worker-1, fault: error, ops: [read, fsync] }",
        r"
error[E0023]: unknown operation `fsync`
 --> scenario.yaml:6:67
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: error, ops: [read, fsync] } }
  |                                                                   ^^^^^ expected `read`, `write` or `sync`
help: did you mean `sync`?
",
    );
}

#[test]
fn no_operations() {
    check_action(
        "{ target: worker-1, fault: error, ops: [] }",
        r"
error[E0031]: `ops` lists no operation
 --> scenario.yaml:6:60
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: error, ops: [] } }
  |                                                            ^ nothing would fail
",
    );
}

#[test]
fn a_chance_without_a_unit() {
    check_action(
        "{ target: worker-1, fault: error, percent: 10 }",
        r"
error[E0019]: `10` is not a share
 --> scenario.yaml:6:64
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: error, percent: 10 } }
  |                                                                ^^ write a percentage from `0%` to `100%`, or `50ppm`
help: the unit is missing: did you mean `10%`?
",
    );
}

#[test]
fn rot_that_lasts() {
    check(
        &below("faults:\n  - { at: 5s, for: 2s, disk: { target: worker-1, fault: corrupt, percent: 1% } }\n"),
        r"
error[E0017]: `for` does not go with a fault that takes no time
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, for: 2s, disk: { target: worker-1, fault: corrupt, percent: 1% } }
  |               ^^^ it is done at once: leave it out
",
    );
}

#[test]
fn rot_of_nothing_and_rot_counted_twice() {
    check_action(
        "{ target: worker-1, fault: corrupt }",
        r"
error[E0009]: missing key `percent` in `disk`
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: corrupt } }
  |                     ^ `percent` is required here
",
    );
    check_action(
        "{ target: worker-1, fault: corrupt, percent: 1%, sectors: 3 }",
        r"
error[E0017]: `percent` and `sectors` do not go together
 --> scenario.yaml:6:70
  |
6 |   - { at: 5s, disk: { target: worker-1, fault: corrupt, percent: 1%, sectors: 3 } }
  |                                                         -------      ^^^^^^^ how much, twice
  |                                                         |
  |                                                         the first one
",
    );
}

#[test]
fn paths_that_are_none() {
    for (path, column, problem) in [
        ("/ctl", 4, "it begins at the node's root anyway: leave out the first `/`"),
        ("a/../b", 6, "no part of it may be empty, `.` or `..`"),
        ("'a/[bc'", 7, "a bracket or brace is not closed"),
        ("'{a,b'", 6, "a bracket or brace is not closed"),
        ("''", 2, "the path is empty"),
    ] {
        let marks = "^".repeat(column);
        let shown = path.trim_matches('\'');
        check_action(
            &format!("{{ target: worker-1, fault: full, path: {path} }}"),
            &format!(
                r"
error[E0041]: `{shown}` is not a path of files
 --> scenario.yaml:6:60
  |
6 |   - {{ at: 5s, disk: {{ target: worker-1, fault: full, path: {path} }} }}
  |                                                            {marks} {problem}
help: write a glob, as `ctl/**` or `wal/*.log`; without `path` the whole disk is meant
"
            ),
        );
    }
}

#[test]
fn a_capacity_without_a_unit() {
    check(
        &below("disk: { capacity: 4096 }\n"),
        r"
error[E0021]: `4096` is not a size
 --> scenario.yaml:5:19
  |
5 | disk: { capacity: 4096 }
  |                   ^^^^ write a whole number and a unit, as `512B`, `64KiB` or `4GiB`
",
    );
}
