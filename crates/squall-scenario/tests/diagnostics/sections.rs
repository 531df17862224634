//! Errors in every section but the faults.

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
fn a_key_of_later() {
    check(
        &below(
            r"clock: { skew: 1ms }
limits: { wall: 5 }
",
        ),
        r"
warning[E0060]: `clock` in a scenario is not supported yet
 --> scenario.yaml:5:1
  |
5 | clock: { skew: 1ms }
  | ^^^^^ cannot be run yet

error[E0018]: `5` is not a duration
 --> scenario.yaml:6:17
  |
6 | limits: { wall: 5 }
  |                 ^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `5s` or `5ms`?
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

#[test]
fn an_unknown_role() {
    check(
        &below("topology: { roles: { controler: 3 } }\n"),
        r"
error[E0025]: unknown role `controler`
 --> scenario.yaml:5:22
  |
5 | topology: { roles: { controler: 3 } }
  |                      ^^^^^^^^^ expected `controller`, `worker` or `client`
help: did you mean `controller`?
",
    );
}

#[test]
fn a_role_that_is_counted_twice() {
    check(
        &below("topology: { roles: { worker: { count: 3, numbers: [1, 3] } } }\n"),
        r"
error[E0040]: `count` and `numbers` say the same thing twice
 --> scenario.yaml:5:32
  |
5 | topology: { roles: { worker: { count: 3, numbers: [1, 3] } } }
  |                                ^^^^^ keep one of them
",
    );
}

#[test]
fn node_numbers_out_of_order() {
    check(
        &below("topology: { roles: { worker: { numbers: [3, 1] } } }\n"),
        r"
error[E0040]: node numbers start at 1 and rise
 --> scenario.yaml:5:45
  |
5 | topology: { roles: { worker: { numbers: [3, 1] } } }
  |                                             ^ out of order
",
    );
}

#[test]
fn zones_that_are_not_there() {
    check(
        &below(
            r"topology:
  zones: [a, a, b]
  roles: { worker: { count: 3, zones: [c] } }
",
        ),
        r"
error[E0040]: zone `a` is listed twice
 --> scenario.yaml:6:14
  |
6 |   zones: [a, a, b]
  |              ^ listed before

error[E0026]: unknown zone `c`
 --> scenario.yaml:7:40
  |
7 |   roles: { worker: { count: 3, zones: [c] } }
  |                                        ^ expected `a` or `b`
help: did you mean `a`?
",
    );
}

#[test]
fn nodes_spread_over_no_zones() {
    check(
        &below("topology: { roles: { worker: { count: 3, spread: zones } } }\n"),
        r"
error[E0040]: there are no zones to spread over
 --> scenario.yaml:5:50
  |
5 | topology: { roles: { worker: { count: 3, spread: zones } } }
  |                                                  ^^^^^ no zones
help: list them under `topology.zones`
",
    );
}

#[test]
fn a_topology_of_nothing() {
    check(
        &below("topology: { roles: { controller: 0, worker: 0, client: 0 } }\n"),
        r"
error[E0040]: the topology has no node
 --> scenario.yaml:5:11
  |
5 | topology: { roles: { controller: 0, worker: 0, client: 0 } }
  |           ^ nothing would run
",
    );
}

#[test]
fn a_topology_too_large() {
    check(
        &below("topology: { roles: { worker: 9999999 } }\n"),
        r"
error[E0036]: the topology has 10000003 nodes
 --> scenario.yaml:5:11
  |
5 | topology: { roles: { worker: 9999999 } }
  |           ^ at most 10000 are accepted
",
    );
}

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
