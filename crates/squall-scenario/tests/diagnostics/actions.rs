//! Errors in what faults do, and to whom: actions and selectors.

use super::{below, check};

#[test]
fn an_unknown_node() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: worker-4 }
",
        ),
        r"
error[E0027]: unknown node `worker-4`
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, kill: worker-4 }
  |                     ^^^^^^^^ no such node
help: did you mean `worker-1`?
",
    );
}

#[test]
fn a_role_for_a_node() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: worker }
",
        ),
        r"
error[E0027]: unknown node `worker`
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, kill: worker }
  |                     ^^^^^^ no such node
help: `worker` is a role: write `{ role: worker }`
",
    );
}

#[test]
fn an_unknown_node_in_a_list() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: [worker-1, wroker-2] }
",
        ),
        r"
error[E0027]: unknown node `wroker-2`
 --> scenario.yaml:6:32
  |
6 |   - { at: 5s, kill: [worker-1, wroker-2] }
  |                                ^^^^^^^^ no such node
help: did you mean `worker-2`?
",
    );
}

#[test]
fn an_unknown_role_in_a_selector() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { role: [worker, boss] } }
",
        ),
        r"
error[E0025]: unknown role `boss`
 --> scenario.yaml:6:38
  |
6 |   - { at: 5s, kill: { role: [worker, boss] } }
  |                                      ^^^^ expected `controller`, `worker` or `client`
",
    );
}

#[test]
fn an_unknown_zone() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { zone: a } }
",
        ),
        r"
error[E0026]: unknown zone `a`
 --> scenario.yaml:6:29
  |
6 |   - { at: 5s, kill: { zone: a } }
  |                             ^ there is none
",
    );
}

#[test]
fn an_empty_selector() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: {} }
",
        ),
        r"
error[E0031]: the selector names no node
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, kill: {} }
  |                     ^ nothing is selected
help: to mean every node write `{ mode: all }`
",
    );
}

#[test]
fn an_empty_list_of_nodes() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: [] }
",
        ),
        r"
error[E0031]: the selector names no node
 --> scenario.yaml:6:21
  |
6 |   - { at: 5s, kill: [] }
  |                     ^ nothing is selected
help: to mean every node write `{ mode: all }`
",
    );
}

#[test]
fn an_empty_list_of_roles() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { role: [] } }
",
        ),
        r"
error[E0031]: the selector names no node
 --> scenario.yaml:6:29
  |
6 |   - { at: 5s, kill: { role: [] } }
  |                             ^ nothing is selected
help: to mean every node write `{ mode: all }`
",
    );
}

#[test]
fn a_selector_of_nothing() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: }
",
        ),
        r"
error[E0007]: the selector is nothing, not text
 --> scenario.yaml:6:19
  |
6 |   - { at: 5s, kill: }
  |                   ^ text is expected here
",
    );
}

#[test]
fn a_mode_without_value() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { role: worker, mode: fixed } }
",
        ),
        r"
error[E0032]: this mode needs a `value`
 --> scenario.yaml:6:43
  |
6 |   - { at: 5s, kill: { role: worker, mode: fixed } }
  |                                           ^^^^^ how many?
",
    );
}

#[test]
fn a_value_without_use() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { role: worker, mode: one, value: 2 } }
",
        ),
        r"
error[E0032]: this mode takes no `value`
 --> scenario.yaml:6:55
  |
6 |   - { at: 5s, kill: { role: worker, mode: one, value: 2 } }
  |                                                       ^ without meaning here
help: for a number of nodes write `mode: fixed`
",
    );
}

#[test]
fn a_percentage_without_unit() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { role: worker, mode: fixed-percent, value: 34 } }
",
        ),
        r"
error[E0019]: `34` is not a share
 --> scenario.yaml:6:65
  |
6 |   - { at: 5s, kill: { role: worker, mode: fixed-percent, value: 34 } }
  |                                                                 ^^ write a percentage from `0%` to `100%`, or `50ppm`
help: the unit is missing: did you mean `34%`?
",
    );
}

#[test]
fn a_range_whose_upper_end_is_too_large() {
    check(
        &below(
            r"faults:
  - { at: 5s, loss: { loss: 90%..110% } }
",
        ),
        r"
error[E0019]: `110%` is not a share
 --> scenario.yaml:6:29
  |
6 |   - { at: 5s, loss: { loss: 90%..110% } }
  |                             ^^^^^^^^^ write a percentage from `0%` to `100%`, or `50ppm`
",
    );
}

#[test]
fn an_unknown_mode() {
    check(
        &below(
            r"faults:
  - { at: 5s, kill: { role: worker, mode: any } }
",
        ),
        r"
error[E0023]: unknown mode `any`
 --> scenario.yaml:6:43
  |
6 |   - { at: 5s, kill: { role: worker, mode: any } }
  |                                           ^^^ expected `one`, `all`, `fixed`, `fixed-percent` or `random-max-percent`
",
    );
}

#[test]
fn an_action_of_later() {
    check(
        &below(
            r"faults:
  - { at: 5s, admin: { op: drain }, for: 5 }
",
        ),
        r"
warning[E0060]: fault action `admin` is not supported yet
 --> scenario.yaml:6:15
  |
6 |   - { at: 5s, admin: { op: drain }, for: 5 }
  |               ^^^^^ cannot be run yet

error[E0018]: `5` is not a duration
 --> scenario.yaml:6:42
  |
6 |   - { at: 5s, admin: { op: drain }, for: 5 }
  |                                          ^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `5s` or `5ms`?
",
    );
}

#[test]
fn an_action_without_its_value() {
    check(
        &below(
            r"faults:
  - { at: 5s, latency: { from: leader, jitter: 1ms } }
",
        ),
        r"
error[E0009]: missing key `latency` in `latency`
 --> scenario.yaml:6:24
  |
6 |   - { at: 5s, latency: { from: leader, jitter: 1ms } }
  |                        ^ `latency` is required here
",
    );
}

#[test]
fn a_partition_of_unknown_shape() {
    check(
        &below(
            r"faults:
  - { at: 5s, partition: halfs }
",
        ),
        r"
error[E0023]: unknown partition shape `halfs`
 --> scenario.yaml:6:26
  |
6 |   - { at: 5s, partition: halfs }
  |                          ^^^^^ expected `isolate-one`, `isolate-leader`, `majority`, `minority-third`, `halves`, `bridge`, `majorities-ring` or `swizzle-clog`
help: did you mean `halves`?
",
    );
}

#[test]
fn a_partition_from_nowhere() {
    check(
        &below(
            r"faults:
  - { at: 5s, partition: { to: leader } }
",
        ),
        r"
error[E0009]: missing key `from` in `partition`
 --> scenario.yaml:6:26
  |
6 |   - { at: 5s, partition: { to: leader } }
  |                          ^ `from` is required here
",
    );
}

#[test]
fn a_partition_that_cuts_nothing() {
    check(
        &below(
            r"faults:
  - { at: 5s, partition: { cuts: [] } }
",
        ),
        r"
error[E0031]: the partition cuts nothing
 --> scenario.yaml:6:26
  |
6 |   - { at: 5s, partition: { cuts: [] } }
  |                          ^ no cut is listed
",
    );
}

#[test]
fn a_direction_that_is_none() {
    check(
        &below(
            r"faults:
  - { at: 5s, partition: { from: leader, direction: out } }
",
        ),
        r"
error[E0023]: unknown direction `out`
 --> scenario.yaml:6:53
  |
6 |   - { at: 5s, partition: { from: leader, direction: out } }
  |                                                     ^^^ expected `to`, `from` or `both`
",
    );
}

#[test]
fn a_range_of_two_kinds_in_an_action() {
    check(
        &below(
            r"faults:
  - { at: 5s, loss: { loss: 1%..2s } }
",
        ),
        r"
error[E0022]: `1%..2s` is not a range
 --> scenario.yaml:6:29
  |
6 |   - { at: 5s, loss: { loss: 1%..2s } }
  |                             ^^^^^^ both ends must be of one kind
help: text that only looks like a range goes in quotes
",
    );
}
