//! Errors in fault entries: keys, triggers, names, times.

use super::{below, check};

#[test]
fn a_misspelt_action() {
    check(
        &below(
            r"faults:
  - { at: 5s, kil: { target: leader } }
",
        ),
        r"
error[E0012]: unknown fault action `kil`
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, kil: { target: leader } }
  |               ^^^ not a known action or trigger
help: did you mean `kill`?
",
    );
}

#[test]
fn a_misspelt_action_in_a_block() {
    check(
        &below(
            r"faults:
  - at: 5s
    kil: { target: n1 }
",
        ),
        r"
error[E0012]: unknown fault action `kil`
 --> scenario.yaml:7:5
  |
7 |     kil: { target: n1 }
  |     ^^^ not a known action or trigger
help: did you mean `kill`?
",
    );
}

#[test]
fn a_word_of_other_tools() {
    check(
        &below(
            r"faults:
  - { at: 5s, delay: { latency: 5ms } }
",
        ),
        r"
error[E0012]: unknown fault action `delay`
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, delay: { latency: 5ms } }
  |               ^^^^^ not a known action or trigger
help: did you mean `latency`?
",
    );
}

#[test]
fn another_word_of_other_tools() {
    check(
        &below(
            r"faults:
  - { at: 5s, crash: leader }
",
        ),
        r"
error[E0012]: unknown fault action `crash`
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, crash: leader }
  |               ^^^^^ not a known action or trigger
help: did you mean `kill`?
",
    );
}

#[test]
fn no_action() {
    check(
        &below(
            r"faults:
  - { at: 5s, for: 3s }
",
        ),
        r"
error[E0013]: a fault without an action
 --> scenario.yaml:6:5
  |
6 |   - { at: 5s, for: 3s }
  |     ^ what happens?
help: add an action, for example `kill: leader`
",
    );
}

#[test]
fn two_actions() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: leader, pause: leader }
",
        ),
        r"
error[E0014]: a fault has one action, not several
 --> scenario.yaml:6:29
  |
6 |   - { at: 5s, kill: leader, pause: leader }
  |               ----          ^^^^^ a second action
  |               |
  |               the first one
",
    );
}

#[test]
fn no_trigger() {
    check(
        &below(
            r"faults:
  - { for: 3s, kill: leader }
",
        ),
        r"
error[E0015]: a fault without a trigger
 --> scenario.yaml:6:5
  |
6 |   - { for: 3s, kill: leader }
  |     ^ when?
help: add `at: 5s`, `every: 8s` or `random`
",
    );
}

#[test]
fn two_triggers() {
    check(
        &below(
            r"faults:
  - { at: 5s, every: 3s, kill: leader }
",
        ),
        r"
error[E0016]: a fault has one trigger, not several
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, every: 3s, kill: leader }
  |       --      ^^^^^ a second trigger
  |       |
  |       the first one
",
    );
}

#[test]
fn an_entry_of_nothing() {
    check(
        &below(
            r"faults:
  - {}
",
        ),
        r"
error[E0015]: a fault without a trigger
 --> scenario.yaml:6:5
  |
6 |   - {}
  |     ^ when?
help: add `at: 5s`, `every: 8s` or `random`
",
    );
}

#[test]
fn an_entry_that_is_a_word() {
    check(
        &below(
            r"faults:
  - kill
",
        ),
        r"
error[E0007]: a fault is text, not a mapping
 --> scenario.yaml:6:5
  |
6 |   - kill
  |     ^^^^ a mapping is expected here
",
    );
}

#[test]
fn jitter_without_every() {
    check(
        &below(
            r"faults:
  - { at: 5s, jitter: 1s, kill: leader }
",
        ),
        r"
error[E0017]: `jitter` does not go with `at`
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, jitter: 1s, kill: leader }
  |               ^^^^^^ belongs to `every`
",
    );
}

#[test]
fn an_action_beside_random() {
    check(
        &below(
            r"faults:
  - { random: { interval: 1s, pick: [{ kill: leader }] }, for: 2s, kill: leader }
",
        ),
        r"
error[E0017]: `for` does not go with `random`
 --> scenario.yaml:6:59
  |
6 |   - { random: { interval: 1s, pick: [{ kill: leader }] }, for: 2s, kill: leader }
  |                                                           ^^^ belongs into the entries of `pick`

error[E0017]: `kill` does not go beside `random`
 --> scenario.yaml:6:68
  |
6 |   - { random: { interval: 1s, pick: [{ kill: leader }] }, for: 2s, kill: leader }
  |                                                                    ^^^^ belongs into the entries of `pick`
",
    );
}

#[test]
fn a_pick_of_nothing() {
    check(
        &below(
            r"faults:
  - { random: { interval: 1s, pick: [] } }
",
        ),
        r"
error[E0013]: there is nothing to pick from
 --> scenario.yaml:6:37
  |
6 |   - { random: { interval: 1s, pick: [] } }
  |                                     ^ list at least one action
",
    );
}

#[test]
fn a_weight_of_nothing() {
    check(
        &below(
            r"faults:
  - { random: { interval: 1s, pick: [{ weight: 0, kill: leader }] } }
",
        ),
        r"
error[E0036]: a weight is at least one
 --> scenario.yaml:6:48
  |
6 |   - { random: { interval: 1s, pick: [{ weight: 0, kill: leader }] } }
  |                                                ^ would never be picked
",
    );
}

#[test]
fn a_time_after_the_end() {
    check(
        &below(
            r"faults:
  - { at: 31s, kill: leader }
",
        ),
        r"
error[E0033]: the fault is due after the end of the run, which lasts 30s
 --> scenario.yaml:6:11
  |
6 |   - { at: 31s, kill: leader }
  |           ^^^ never reached
",
    );
}

#[test]
fn a_time_range_that_passes_the_end() {
    check(
        &below(
            r"faults:
  - { at: 20s..40s, kill: leader }
",
        ),
        r"
error[E0033]: the fault is due after the end of the run, which lasts 30s
 --> scenario.yaml:6:11
  |
6 |   - { at: 20s..40s, kill: leader }
  |           ^^^^^^^^ never reached
",
    );
}

#[test]
fn a_window_after_the_end() {
    check(
        &below(
            r"faults:
  - { every: 1s, between: [40s, 50s], kill: leader }
",
        ),
        r"
error[E0033]: the fault is due after the end of the run, which lasts 30s
 --> scenario.yaml:6:28
  |
6 |   - { every: 1s, between: [40s, 50s], kill: leader }
  |                            ^^^ never reached
",
    );
}

#[test]
fn a_window_of_nothing() {
    check(
        &below(
            r"faults:
  - { every: 1s, between: [20s, 10s], kill: leader }
",
        ),
        r"
error[E0034]: nothing lies `between` these times
 --> scenario.yaml:6:27
  |
6 |   - { every: 1s, between: [20s, 10s], kill: leader }
  |                           ^ the start comes before the end
",
    );
}

#[test]
fn a_window_of_one_time() {
    check(
        &below(
            r"faults:
  - { every: 1s, between: [20s], kill: leader }
",
        ),
        r"
error[E0007]: `between` takes a start and an end
 --> scenario.yaml:6:27
  |
6 |   - { every: 1s, between: [20s], kill: leader }
  |                           ^ write `[10s, 2m]`
",
    );
}

#[test]
fn an_interval_of_zero() {
    check(
        &below(
            r"faults:
  - { every: 0s, kill: leader }
",
        ),
        r"
error[E0036]: an interval is longer than zero
 --> scenario.yaml:6:14
  |
6 |   - { every: 0s, kill: leader }
  |              ^^ would never end
",
    );
}

#[test]
fn an_interval_of_a_nanosecond() {
    check(
        &below(
            r"faults:
  - { every: 1ns, kill: leader }
",
        ),
        r"
error[E0036]: this entry would plan about 30000000000 faults
 --> scenario.yaml:6:14
  |
6 |   - { every: 1ns, kill: leader }
  |              ^^^ at most 10000 are accepted
",
    );
}

#[test]
fn a_name_twice() {
    check(
        &below(
            r"faults:
  - { name: x, at: 1s, kill: leader }
  - { name: x, at: 2s, kill: leader }
",
        ),
        r"
error[E0035]: duplicate fault name `x`
 --> scenario.yaml:7:13
  |
6 |   - { name: x, at: 1s, kill: leader }
  |             - first used here
7 |   - { name: x, at: 2s, kill: leader }
  |             ^ used again here
",
    );
}

#[test]
fn a_name_in_capitals() {
    check(
        &below(
            r"faults:
  - { name: X, at: 1s, kill: leader }
",
        ),
        r"
error[E0011]: `X` is not a fault name
 --> scenario.yaml:6:13
  |
6 |   - { name: X, at: 1s, kill: leader }
  |             ^ small letters, digits and hyphens only
",
    );
}

#[test]
fn several_errors_at_once() {
    check(
        &below(
            r"faults:
  - { at: 5, kill: leader }
  - { at: 5s, kil: leader }
  - { at: 99s, pause: nobody }
expect: { invariants: [R7] }
",
        ),
        r"
error[E0018]: `5` is not a duration
 --> scenario.yaml:6:11
  |
6 |   - { at: 5, kill: leader }
  |           ^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `5s` or `5ms`?

error[E0012]: unknown fault action `kil`
 --> scenario.yaml:7:15
  |
7 |   - { at: 5s, kil: leader }
  |               ^^^ not a known action or trigger
help: did you mean `kill`?

error[E0033]: the fault is due after the end of the run, which lasts 30s
 --> scenario.yaml:8:11
  |
8 |   - { at: 99s, pause: nobody }
  |           ^^^ never reached

error[E0027]: unknown node `nobody`
 --> scenario.yaml:8:23
  |
8 |   - { at: 99s, pause: nobody }
  |                       ^^^^^^ no such node

error[E0028]: unknown invariant `R7`
 --> scenario.yaml:9:24
  |
9 | expect: { invariants: [R7] }
  |                        ^^ expected `election-safety`, `acked-job-not-lost` or `output-equals-oracle`
",
    );
}

#[test]
fn nothing_to_pick_from() {
    check(
        &below(
            r"faults:
  - { random: { interval: 5s, swarm: true } }
",
        ),
        r"
error[E0013]: there is nothing to pick from
 --> scenario.yaml:6:15
  |
6 |   - { random: { interval: 5s, swarm: true } }
  |               ^ `pick` or `mix` is required
help: for the default mix add `mix: default`
",
    );
}

#[test]
fn a_mix_that_is_none() {
    check(
        &below(
            r"faults:
  - { random: { interval: 5s, mix: defualt } }
",
        ),
        r"
error[E0023]: unknown mix `defualt`
 --> scenario.yaml:6:36
  |
6 |   - { random: { interval: 5s, mix: defualt } }
  |                                    ^^^^^^^ expected `default`
help: did you mean `default`?
",
    );
}

#[test]
fn a_class_that_is_there_already() {
    check(
        &below(
            r"faults:
  - random:
      interval: 5s
      pick:
        - { class: kills, pick: [ { kill: leader } ] }
        - { class: kills, chance: 200%, pick: [ { throughout: true, for: 2s, pause: leader } ] }
",
        ),
        r"
error[E0011]: there is a class `kills` already
  --> scenario.yaml:10:20
   |
10 |         - { class: kills, chance: 200%, pick: [ { throughout: true, for: 2s, pause: leader } ] }
   |                    ^^^^^ a class is written once

error[E0019]: `200%` is not a share
  --> scenario.yaml:10:35
   |
10 |         - { class: kills, chance: 200%, pick: [ { throughout: true, for: 2s, pause: leader } ] }
   |                                   ^^^^ write a percentage from `0%` to `100%`, or `50ppm`

error[E0017]: `for` does not go with `throughout`
  --> scenario.yaml:10:69
   |
10 |         - { class: kills, chance: 200%, pick: [ { throughout: true, for: 2s, pause: leader } ] }
   |                                                                     ^^^ it lasts as long as its window
",
    );
}

#[test]
fn a_budget_rule_that_is_none() {
    check(
        &below(
            r"faults:
  - { at: 5s, budget: quorum, kill: leader }
  - { at: 5s, core: big }
",
        ),
        r"
error[E0023]: unknown budget rule `quorum`
 --> scenario.yaml:6:23
  |
6 |   - { at: 5s, budget: quorum, kill: leader }
  |                       ^^^^^^ expected `as-written`, `quorum-stays` or `quorum-returns`

error[E0023]: unknown size of a core `big`
 --> scenario.yaml:7:21
  |
7 |   - { at: 5s, core: big }
  |                     ^^^ expected `random` or `smallest`
",
    );
}
