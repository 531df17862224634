//! Mistakes in sequences of steps, and in the faults of links and nodes that have options of their own.

use super::{below, check};

#[test]
fn a_step_is_one_thing() {
    check(
        &below(
            r"faults:
  - steps:
      - { wait: 1s, kill: leader }
      - { wait-for: leader-elected, for: 2s }
      - { kill: leader, pause: leader }
      - {}
      - { parallel: [] }
",
        ),
        r"
error[E0017]: `kill` does not go with `wait`
 --> scenario.yaml:7:21
  |
7 |       - { wait: 1s, kill: leader }
  |                     ^^^^ a step is one thing
help: make it a step of its own

error[E0017]: `for` does not go with `wait-for`
 --> scenario.yaml:8:37
  |
8 |       - { wait-for: leader-elected, for: 2s }
  |                                     ^^^ a step is one thing
help: make it a step of its own

error[E0014]: a fault has one action, not several
 --> scenario.yaml:9:25
  |
9 |       - { kill: leader, pause: leader }
  |           ----          ^^^^^ a second action
  |           |
  |           the first one

error[E0013]: a fault without an action
  --> scenario.yaml:10:9
   |
10 |       - {}
   |         ^ what happens?
help: add an action, for example `kill: leader`

error[E0013]: there is no step
  --> scenario.yaml:11:21
   |
11 |       - { parallel: [] }
   |                     ^ list at least one
",
    );
}

#[test]
fn what_is_waited_for_is_known() {
    check(
        &below(
            r"faults:
  - steps: [{ wait-for: { event: leader-electd, timeout: 5 } }, { wait-for: { timeout: 5s } }]
",
        ),
        r"
error[E0029]: unknown condition `leader-electd`
 --> scenario.yaml:6:34
  |
6 |   - steps: [{ wait-for: { event: leader-electd, timeout: 5 } }, { wait-for: { timeout: 5s } }]
  |                                  ^^^^^^^^^^^^^ expected `leader-changed`, `leader-elected` or `task-reassigned`
help: did you mean `leader-elected`?

error[E0018]: `5` is not a duration
 --> scenario.yaml:6:58
  |
6 |   - steps: [{ wait-for: { event: leader-electd, timeout: 5 } }, { wait-for: { timeout: 5s } }]
  |                                                          ^ write a number and a unit, as `500ms`, `1.5s` or `2m30s`
help: the unit is missing: did you mean `5s` or `5ms`?

error[E0009]: missing key `event` in `wait-for`
 --> scenario.yaml:6:77
  |
6 |   - steps: [{ wait-for: { event: leader-electd, timeout: 5 } }, { wait-for: { timeout: 5s } }]
  |                                                                             ^ `event` is required here
",
    );
}

#[test]
fn what_belongs_into_a_step_does_not_stand_beside_the_steps() {
    check(
        &below(
            r"faults:
  - { at: 1s, for: 2s, kill: leader, steps: [{ wait: 1s }] }
  - { every: 5s, steps: [{ wait: 1s }] }
",
        ),
        r"
error[E0017]: `for` does not go with `steps`
 --> scenario.yaml:6:15
  |
6 |   - { at: 1s, for: 2s, kill: leader, steps: [{ wait: 1s }] }
  |               ^^^ belongs into the steps

error[E0017]: `kill` does not go beside `steps`
 --> scenario.yaml:6:24
  |
6 |   - { at: 1s, for: 2s, kill: leader, steps: [{ wait: 1s }] }
  |                        ^^^^ belongs into the steps

error[E0016]: a fault has one trigger, not several
 --> scenario.yaml:7:18
  |
7 |   - { every: 5s, steps: [{ wait: 1s }] }
  |       -----      ^^^^^ a second trigger
  |       |
  |       the first one
",
    );
}

#[test]
fn an_instant_takes_no_time() {
    check(
        &below(
            r"faults:
  - { at: 1s, for: 2s, wipe: worker-1 }
  - { at: 1s, for: 2s, reset: { from: worker-1 } }
  - { at: 1s, for: 2s, clock: { target: worker-1, jump: 5s } }
",
        ),
        r"
error[E0017]: `for` does not go with a fault that takes no time
 --> scenario.yaml:6:15
  |
6 |   - { at: 1s, for: 2s, wipe: worker-1 }
  |               ^^^ it is done at once: leave it out

error[E0017]: `for` does not go with a fault that takes no time
 --> scenario.yaml:7:15
  |
7 |   - { at: 1s, for: 2s, reset: { from: worker-1 } }
  |               ^^^ it is done at once: leave it out

error[E0017]: `for` does not go with a fault that takes no time
 --> scenario.yaml:8:15
  |
8 |   - { at: 1s, for: 2s, clock: { target: worker-1, jump: 5s } }
  |               ^^^ it is done at once: leave it out
",
    );
}

#[test]
fn clocks_processors_and_hooks_say_what_is_wrong_with_them() {
    check(
        &below(
            r"faults:
  - { at: 1s, clock: { target: worker-1 } }
  - { at: 1s, clock: { target: worker-1, skew: soon } }
  - { at: 1s, slow: { target: worker-1, factor: 1 } }
  - { at: 1s, hook: { target: worker-1, point: wal/* } }
  - { at: 1s, hook: { target: worker-1, point: wal/*, crash: kill, delay: 1s } }
  - { at: 1s, hook: { target: worker-1, point: wal/*, nth: 0, crash: kill } }
  - { at: 1s, hook: { target: worker-1, point: wal/*, nth: 1, percent: 5%, crash: kill } }
",
        ),
        r"
error[E0013]: nothing is wrong with this clock
 --> scenario.yaml:6:22
  |
6 |   - { at: 1s, clock: { target: worker-1 } }
  |                      ^ add `skew`, `drift`, `jump` or `freeze: true`

error[E0018]: `soon` is not an offset
 --> scenario.yaml:7:48
  |
7 |   - { at: 1s, clock: { target: worker-1, skew: soon } }
  |                                                ^^^^ write a duration with or without a sign, as `-500ms` or `20ms`

error[E0036]: a slow node is slower at least by a factor of two
 --> scenario.yaml:8:49
  |
8 |   - { at: 1s, slow: { target: worker-1, factor: 1 } }
  |                                                 ^ write `factor: 2` or more

error[E0013]: nothing happens at this hook point
 --> scenario.yaml:9:21
  |
9 |   - { at: 1s, hook: { target: worker-1, point: wal/* } }
  |                     ^ add `crash: kill`, `crash: power-loss` or `delay: 10ms`

error[E0017]: `crash` and `delay` do not go together
  --> scenario.yaml:10:68
   |
10 |   - { at: 1s, hook: { target: worker-1, point: wal/*, crash: kill, delay: 1s } }
   |                                                       -----        ^^^^^ a second thing that happens
   |                                                       |
   |                                                       the first one

error[E0036]: passages are counted from one
  --> scenario.yaml:11:60
   |
11 |   - { at: 1s, hook: { target: worker-1, point: wal/*, nth: 0, crash: kill } }
   |                                                            ^ never reached

error[E0017]: `nth` and `percent` do not go together
  --> scenario.yaml:12:63
   |
12 |   - { at: 1s, hook: { target: worker-1, point: wal/*, nth: 1, percent: 5%, crash: kill } }
   |                                                       ---     ^^^^^^^ says when as well
   |                                                       |
   |                                                       the first one
",
    );
}

#[test]
fn links_say_how_slow_and_which_names() {
    check(
        &below(
            r"faults:
  - { at: 1s, bandwidth: { from: worker-1, rate: 0Mbit } }
  - { at: 1s, bandwidth: { from: worker-1, rate: 64KiB } }
  - { at: 1s, dns: { from: worker-1, fault: fail, latency: 1s } }
  - { at: 1s, dns: { from: worker-1, fault: wrong } }
  - { at: 1s, kill: { role: worker, mode: one, prefer: busy } }
",
        ),
        r"
error[E0036]: a bandwidth is more than nothing
 --> scenario.yaml:6:50
  |
6 |   - { at: 1s, bandwidth: { from: worker-1, rate: 0Mbit } }
  |                                                  ^^^^^ nothing would ever pass
help: to cut a link use `partition`

error[E0021]: `64KiB` is not a rate
 --> scenario.yaml:7:50
  |
7 |   - { at: 1s, bandwidth: { from: worker-1, rate: 64KiB } }
  |                                                  ^^^^^ write bits per second, as `10Mbit` or `1Gbit`, or bytes, as `64KiB/s`

error[E0017]: `latency` does not go with this fault
 --> scenario.yaml:8:51
  |
8 |   - { at: 1s, dns: { from: worker-1, fault: fail, latency: 1s } }
  |                                                   ^^^^^^^ belongs to `fault: slow`

error[E0023]: unknown name fault `wrong`
 --> scenario.yaml:9:45
  |
9 |   - { at: 1s, dns: { from: worker-1, fault: wrong } }
  |                                             ^^^^^ expected `fail`, `timeout` or `slow`

error[E0023]: unknown preference `busy`
  --> scenario.yaml:10:56
   |
10 |   - { at: 1s, kill: { role: worker, mode: one, prefer: busy } }
   |                                                        ^^^^ expected `io-in-flight`
",
    );
}
