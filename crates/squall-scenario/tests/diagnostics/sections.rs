//! Errors in the head of a scenario, its system and workload, and what surrounds it.

use super::{below, check, support::must_read};

#[test]
fn no_version() {
    check(
        r"name: t
system: batch
duration: 30s
",
        r"
error[E0010]: the schema version is missing
 --> scenario.yaml:1:1
  |
1 | name: t
  | ^^^^ a scenario begins with `version: 1`
",
    );
}

#[test]
fn another_version() {
    check(
        r"version: 2
name: t
system: batch
duration: 30s
",
        r"
error[E0010]: unknown schema version `2`
 --> scenario.yaml:1:10
  |
1 | version: 2
  |          ^ only version 1 exists
",
    );
}

#[test]
fn missing_keys() {
    check(
        "version: 1\n",
        r"
error[E0009]: missing key `name` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `name` is required here

error[E0009]: missing key `system` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `system` is required here

error[E0009]: missing key `duration` in a scenario
 --> scenario.yaml:1:1
  |
1 | version: 1
  | ^^^^^^^ `duration` is required here
",
    );
}

#[test]
fn a_name_with_a_space() {
    check(
        r"version: 1
name: My Test
system: batch
duration: 30s
",
        r"
error[E0011]: `My Test` is not a name
 --> scenario.yaml:2:7
  |
2 | name: My Test
  |       ^^^^^^^ small letters, digits and hyphens only
",
    );
}

#[test]
fn a_duration_without_unit() {
    check(
        r"version: 1
name: t
system: batch
duration: 30
",
        r"
error[E0018]: `30` is not a duration
 --> scenario.yaml:4:11
  |
4 | duration: 30
  |           ^^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `30s` or `30ms`?
",
    );
}

#[test]
fn a_duration_in_months() {
    check(
        r"version: 1
name: t
system: batch
duration: 1mo
",
        r"
error[E0018]: `1mo` is not a duration
 --> scenario.yaml:4:11
  |
4 | duration: 1mo
  |           ^^^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
",
    );
}

#[test]
fn an_unknown_system() {
    check(
        r"version: 1
name: t
system: bach
duration: 30s
",
        r"
error[E0024]: unknown system `bach`
 --> scenario.yaml:3:9
  |
3 | system: bach
  |         ^^^^ expected `batch`
help: did you mean `batch`?
",
    );
}

#[test]
fn a_system_without_name() {
    check(
        r"version: 1
name: t
system: { bugs: [] }
duration: 30s
",
        r"
error[E0009]: missing key `name` in `system`
 --> scenario.yaml:3:9
  |
3 | system: { bugs: [] }
  |         ^ `name` is required here
",
    );
}

#[test]
fn an_unknown_bug() {
    check(
        r"version: 1
name: t
system: { name: batch, bugs: [forgets-votes] }
duration: 30s
",
        r"
error[E0030]: unknown planted bug `forgets-votes`
 --> scenario.yaml:3:31
  |
3 | system: { name: batch, bugs: [forgets-votes] }
  |                               ^^^^^^^^^^^^^ expected `forgets-vote` or `acks-early`
help: did you mean `forgets-vote`?
",
    );
}

#[test]
fn a_refused_config() {
    check(
        r"version: 1
name: t
system:
  name: batch
  config:
    replication: 3
    leese: 2s
duration: 30s
",
        r"
error[E0037]: the system refuses `system.config`
 --> scenario.yaml:7:5
  |
7 |     leese: 2s
  |     ^^^^^ no setting `leese`
",
    );
}

#[test]
fn an_unknown_key() {
    check(
        &below("fault: []\n"),
        r"
error[E0008]: unknown key `fault` in a scenario
 --> scenario.yaml:5:1
  |
5 | fault: []
  | ^^^^^ no such key
help: did you mean `faults`?
",
    );
}

#[test]
fn clocks_that_are_off_by_less_than_nothing() {
    check(
        &below(
            r"clock: { skew: -1ms, drift: 5%, uncertainty: 1ms..2ms }
",
        ),
        r"
error[E0036]: a single value is the most, either way
 --> scenario.yaml:5:16
  |
5 | clock: { skew: -1ms, drift: 5%, uncertainty: 1ms..2ms }
  |                ^^^^ below nothing
help: write it without the sign, or as a range

error[E0019]: `5%` is not a drift
 --> scenario.yaml:5:29
  |
5 | clock: { skew: -1ms, drift: 5%, uncertainty: 1ms..2ms }
  |                             ^^ write parts per million with or without a sign, as `-200ppm` or `50ppm`

error[E0022]: a range, `1ms..2ms`, where one value is needed
 --> scenario.yaml:5:46
  |
5 | clock: { skew: -1ms, drift: 5%, uncertainty: 1ms..2ms }
  |                                              ^^^^^^^^ not drawn from the seed
",
    );
}

#[test]
fn links_that_are_not_known_before_the_run() {
    check(
        &below(
            r"network:
  bandwidth: 0Mbit
  mtu: 20B
  links:
    - { from: leader, latency: 5ms }
    - { from: { role: worker, mode: one }, to: { role: client }, shape: bell }
",
        ),
        r"
error[E0036]: a bandwidth is more than nothing
 --> scenario.yaml:6:14
  |
6 |   bandwidth: 0Mbit
  |              ^^^^^ nothing would ever pass
help: to cut a link use `partition`

error[E0036]: no network has packets of this size
 --> scenario.yaml:7:8
  |
7 |   mtu: 20B
  |        ^^^ from `576B` to `65535B`

error[E0032]: which links these are must be known before the run
 --> scenario.yaml:9:15
  |
9 |     - { from: leader, latency: 5ms }
  |               ^^^^^^ name nodes, or a role, zone or label without `mode`

error[E0032]: which links these are must be known before the run
  --> scenario.yaml:10:15
   |
10 |     - { from: { role: worker, mode: one }, to: { role: client }, shape: bell }
   |               ^ name nodes, or a role, zone or label without `mode`

error[E0023]: unknown shape `bell`
  --> scenario.yaml:10:73
   |
10 |     - { from: { role: worker, mode: one }, to: { role: client }, shape: bell }
   |                                                                         ^^^^ expected `constant`, `uniform`, `normal` or `heavy-tail`
",
    );
}

#[test]
fn a_refused_workload() {
    check(
        &below(
            r"workload:
  jobs: 4
  mix: { wordcount: 1, grep: 2 }
",
        ),
        r"
error[E0038]: the system refuses `workload`
 --> scenario.yaml:7:24
  |
7 |   mix: { wordcount: 1, grep: 2 }
  |                        ^^^^ no job kind `grep`
",
    );
}

/// What the system is to get is told, and not what its own words would make of it; mistakes beside
/// it are found.
#[test]
fn a_setting_that_is_planned() {
    check(
        &below("workload: { jobs: 60, mix: { wordcount: 1, dag: 1..2 } }\n"),
        r"
error[E0038]: the system refuses `workload`
 --> scenario.yaml:5:13
  |
5 | workload: { jobs: 60, mix: { wordcount: 1, dag: 1..2 } }
  |             ^^^^ at most 50 jobs

warning[E0060]: `workload.mix.dag` is not supported yet
 --> scenario.yaml:5:44
  |
5 | workload: { jobs: 60, mix: { wordcount: 1, dag: 1..2 } }
  |                                            ^^^ cannot be run yet
",
    );
    let fine = must_read(&below("workload: { mix: { dag: 1..2 } }\n"));
    assert_eq!(fine.unsupported.len(), 1);
}

#[test]
fn a_workload_refused_at_its_upper_end() {
    check(
        &below("workload: { jobs: 4..60 }\n"),
        r"
error[E0038]: the system refuses `workload`
 --> scenario.yaml:5:13
  |
5 | workload: { jobs: 4..60 }
  |             ^^^^ at most 50 jobs
",
    );
}

#[test]
fn a_range_of_two_kinds() {
    check(
        &below("workload: { deadline: 10..20ms }\n"),
        r"
error[E0022]: `10..20ms` is not a range
 --> scenario.yaml:5:23
  |
5 | workload: { deadline: 10..20ms }
  |                       ^^^^^^^^ both ends must be of one kind
help: text that only looks like a range goes in quotes
",
    );
}

#[test]
fn a_range_that_is_empty() {
    check(
        &below("workload: { jobs: 9..4 }\n"),
        r"
error[E0022]: `9..4` is not a range
 --> scenario.yaml:5:19
  |
5 | workload: { jobs: 9..4 }
  |                   ^^^^ the lower end comes first
help: text that only looks like a range goes in quotes
",
    );
}

#[test]
fn a_network_of_unknown_profile() {
    check(
        &below("network: { profile: lann, loss: 3, jitter: 5ms..1ms }\n"),
        r"
error[E0023]: unknown network profile `lann`
 --> scenario.yaml:5:21
  |
5 | network: { profile: lann, loss: 3, jitter: 5ms..1ms }
  |                     ^^^^ expected `perfect`, `lan`, `wan` or `flaky`
help: did you mean `lan`?

error[E0019]: `3` is not a share
 --> scenario.yaml:5:33
  |
5 | network: { profile: lann, loss: 3, jitter: 5ms..1ms }
  |                                 ^ write a percentage from `0%` to `100%`, or `50ppm`
help: the unit is missing: did you mean `3%`?

error[E0022]: the range `5ms..1ms` is empty
 --> scenario.yaml:5:44
  |
5 | network: { profile: lann, loss: 3, jitter: 5ms..1ms }
  |                                            ^^^^^^^^ the lower end comes first
",
    );
}

#[test]
fn a_disk_with_an_unknown_key() {
    check(
        &below("disk: { latency: 20us..100us, sync: 1ms }\n"),
        r"
error[E0008]: unknown key `sync` in `disk`
 --> scenario.yaml:5:31
  |
5 | disk: { latency: 20us..100us, sync: 1ms }
  |                               ^^^^ no such key
help: did you mean `fsync`?
",
    );
}
