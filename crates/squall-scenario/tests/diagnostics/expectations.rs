//! Errors in seeds, expectations and limits, and what is still found below a broken section.

use super::{below, check};

#[test]
fn no_seeds() {
    check(
        &below("seeds: []\n"),
        r"
error[E0039]: there is no seed
 --> scenario.yaml:5:8
  |
5 | seeds: []
  |        ^ a run needs a seed
",
    );
}

#[test]
fn seeds_past_the_end() {
    check(
        &below("seeds: { from: 0xffffffffffffffff, count: 2 }\n"),
        r"
error[E0039]: the seeds run past the largest 64-bit number
 --> scenario.yaml:5:8
  |
5 | seeds: { from: 0xffffffffffffffff, count: 2 }
  |        ^ a run needs a seed
",
    );
}

#[test]
fn a_seed_that_is_none() {
    check(
        &below("seeds: [7, lucky]\n"),
        r"
error[E0039]: `lucky` is not a seed
 --> scenario.yaml:5:12
  |
5 | seeds: [7, lucky]
  |            ^^^^^ write a 64-bit number, as `0x1f3a` or `7994`
",
    );
}

#[test]
fn an_unknown_invariant() {
    check(
        &below("expect: { invariants: [election-safty, R1] }\n"),
        r"
error[E0028]: unknown invariant `election-safty`
 --> scenario.yaml:5:24
  |
5 | expect: { invariants: [election-safty, R1] }
  |                        ^^^^^^^^^^^^^^ expected `election-safety`, `acked-job-not-lost` or `output-equals-oracle`
help: did you mean `election-safety`?
",
    );
}

#[test]
fn an_unknown_condition() {
    check(
        &below("expect: { sometimes: [leader-change] }\n"),
        r"
error[E0029]: unknown condition `leader-change`
 --> scenario.yaml:5:23
  |
5 | expect: { sometimes: [leader-change] }
  |                       ^^^^^^^^^^^^^ expected `leader-changed`, `leader-elected` or `task-reassigned`
help: did you mean `leader-changed`?
",
    );
}

#[test]
fn an_expectation_without_bound() {
    check(
        &below("expect: { recovery: 2s, steady-state: {} }\n"),
        r"
error[E0007]: this expectation is text, not a mapping
 --> scenario.yaml:5:21
  |
5 | expect: { recovery: 2s, steady-state: {} }
  |                     ^^ a mapping is expected here

error[E0009]: missing key `within` in this expectation
 --> scenario.yaml:5:39
  |
5 | expect: { recovery: 2s, steady-state: {} }
  |                                       ^ `within` is required here
",
    );
}

#[test]
fn availability_of_the_wrong_kind() {
    check(
        &below("expect: { availability: { min: 99, window: 0s, exept: [cut] } }\n"),
        r"
error[E0019]: `99` is not a share
 --> scenario.yaml:5:32
  |
5 | expect: { availability: { min: 99, window: 0s, exept: [cut] } }
  |                                ^^ write a percentage from `0%` to `100%`, or `50ppm`
help: the unit is missing: did you mean `99%`?

error[E0036]: `window` is zero
 --> scenario.yaml:5:44
  |
5 | expect: { availability: { min: 99, window: 0s, exept: [cut] } }
  |                                            ^^ it must be longer than that

error[E0008]: unknown key `exept` in `availability`
 --> scenario.yaml:5:48
  |
5 | expect: { availability: { min: 99, window: 0s, exept: [cut] } }
  |                                                ^^^^^ no such key
help: did you mean `except`?
",
    );
}

#[test]
fn availability_without_its_bounds() {
    check(
        &below("expect: { availability: { except: [] } }\n"),
        r"
error[E0009]: missing key `min` in `availability`
 --> scenario.yaml:5:25
  |
5 | expect: { availability: { except: [] } }
  |                         ^ `min` is required here

error[E0009]: missing key `window` in `availability`
 --> scenario.yaml:5:25
  |
5 | expect: { availability: { except: [] } }
  |                         ^ `window` is required here
",
    );
}

#[test]
fn availability_that_excepts_what_there_is_not() {
    check(
        &below(
            r"faults:
  - { name: cut, at: 5s, for: 1s, kill: { role: worker, mode: one } }
  - { every: 8s, for: 1s, kill: { role: worker, mode: one } }
expect: { availability: { min: 99%, window: 5s, except: [cut, kill, cot, cut#1, cut#x] } }
",
        ),
        r"
error[E0042]: unknown fault `cot`
 --> scenario.yaml:8:69
  |
8 | expect: { availability: { min: 99%, window: 5s, except: [cut, kill, cot, cut#1, cut#x] } }
  |                                                                     ^^^ expected `cut` or `kill`
help: did you mean `cut`?

error[E0042]: unknown fault `cut#x`
 --> scenario.yaml:8:81
  |
8 | expect: { availability: { min: 99%, window: 5s, except: [cut, kill, cot, cut#1, cut#x] } }
  |                                                                                 ^^^^^ expected `cut` or `kill`
",
    );
}

#[test]
fn latency_without_a_bound() {
    check(
        &below("expect: { latency: {} }\n"),
        r"
error[E0009]: `latency` without a bound
 --> scenario.yaml:5:20
  |
5 | expect: { latency: {} }
  |                    ^ at least one of `p50`, `p99` and `max` is required here
",
    );
}

#[test]
fn latency_of_the_wrong_kind() {
    check(
        &below("expect: { latency: { p50: 5, p99: 0ms, p90: 3s, max: 2s..1s } }\n"),
        r"
error[E0018]: `5` is not a duration
 --> scenario.yaml:5:27
  |
5 | expect: { latency: { p50: 5, p99: 0ms, p90: 3s, max: 2s..1s } }
  |                           ^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `5s` or `5ms`?

error[E0036]: `p99` is zero
 --> scenario.yaml:5:35
  |
5 | expect: { latency: { p50: 5, p99: 0ms, p90: 3s, max: 2s..1s } }
  |                                   ^^^ it must be longer than that

error[E0008]: unknown key `p90` in `latency`
 --> scenario.yaml:5:40
  |
5 | expect: { latency: { p50: 5, p99: 0ms, p90: 3s, max: 2s..1s } }
  |                                        ^^^ no such key
help: did you mean `p50`?

error[E0022]: the range `2s..1s` is empty
 --> scenario.yaml:5:54
  |
5 | expect: { latency: { p50: 5, p99: 0ms, p90: 3s, max: 2s..1s } }
  |                                                      ^^^^^^ the lower end comes first
",
    );
}

#[test]
fn a_known_failure_of_nothing_known() {
    check(
        &below("expect: { known-failure: { invariant: R99, strict: maybe } }\n"),
        r"
error[E0028]: unknown invariant `R99`
 --> scenario.yaml:5:39
  |
5 | expect: { known-failure: { invariant: R99, strict: maybe } }
  |                                       ^^^ expected `election-safety`, `acked-job-not-lost` or `output-equals-oracle`

error[E0007]: `strict` is text, not `true` or `false`
 --> scenario.yaml:5:52
  |
5 | expect: { known-failure: { invariant: R99, strict: maybe } }
  |                                                    ^^^^^ `true` or `false` is expected here
",
    );
}

#[test]
fn limits_without_units() {
    check(
        &below("limits: { events: many, wall: 2s..3s, memory: 64, stop-on: never }\n"),
        r"
error[E0020]: `many` is not a count
 --> scenario.yaml:5:19
  |
5 | limits: { events: many, wall: 2s..3s, memory: 64, stop-on: never }
  |                   ^^^^ write a whole number without a unit

error[E0022]: a range, `2s..3s`, where one value is needed
 --> scenario.yaml:5:31
  |
5 | limits: { events: many, wall: 2s..3s, memory: 64, stop-on: never }
  |                               ^^^^^^ not drawn from the seed

error[E0021]: `64` is not a size
 --> scenario.yaml:5:47
  |
5 | limits: { events: many, wall: 2s..3s, memory: 64, stop-on: never }
  |                                               ^^ write a whole number and a unit, as `512B`, `64KiB` or `4GiB`

error[E0023]: unknown stop `never`
 --> scenario.yaml:5:60
  |
5 | limits: { events: many, wall: 2s..3s, memory: 64, stop-on: never }
  |                                                            ^^^^^ expected `first-violation` or `end`
",
    );
}

#[test]
fn errors_below_a_missing_system() {
    check(
        r"version: 1
name: t
duration: 30s
network: { los: 5% }
limits: { stop-on: 5 }
workload: 5
",
        r"
error[E0009]: missing key `system` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `system` is required here

error[E0008]: unknown key `los` in `network`
 --> scenario.yaml:4:12
  |
4 | network: { los: 5% }
  |            ^^^ no such key
help: did you mean `loss`?

error[E0023]: unknown stop `5`
 --> scenario.yaml:5:20
  |
5 | limits: { stop-on: 5 }
  |                    ^ expected `first-violation` or `end`

error[E0007]: `workload` is a number, not a mapping
 --> scenario.yaml:6:11
  |
6 | workload: 5
  |           ^ a mapping is expected here
",
    );
}

#[test]
fn a_section_that_is_a_list() {
    check(
        &below(
            r"topology: [worker]
faults: { at: 5s }
reseed: [{ at: 5s }]
vetoes: [{ id: x, at: 5, why: no }]
",
        ),
        r"
error[E0007]: `topology` is a list, not a mapping
 --> scenario.yaml:5:11
  |
5 | topology: [worker]
  |           ^ a mapping is expected here

error[E0007]: `faults` is a mapping, not a list
 --> scenario.yaml:6:9
  |
6 | faults: { at: 5s }
  |         ^ a list is expected here

error[E0009]: missing key `seed` in an entry of `reseed`
 --> scenario.yaml:7:10
  |
7 | reseed: [{ at: 5s }]
  |          ^ `seed` is required here

error[E0018]: `5` is not a duration
 --> scenario.yaml:8:23
  |
8 | vetoes: [{ id: x, at: 5, why: no }]
  |                       ^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `5s` or `5ms`?
",
    );
}

#[test]
fn a_system_of_the_wrong_shape() {
    check(
        r"version: 1
name: t
system: [batch]
duration: 30s
",
        r"
error[E0007]: `system` is a list, not a mapping
 --> scenario.yaml:3:9
  |
3 | system: [batch]
  |         ^ a mapping is expected here
",
    );
}
