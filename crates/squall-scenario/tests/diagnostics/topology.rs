//! Errors in the topology.

use super::{below, check};

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
fn a_supervisor_that_does_not_wait() {
    check(
        &below("topology: { roles: { worker: { count: 3, restart: { after: 0s..5s, on: [panic] } } } }\n"),
        r"
error[E0036]: a supervisor waits before it restarts
 --> scenario.yaml:5:60
  |
5 | topology: { roles: { worker: { count: 3, restart: { after: 0s..5s, on: [panic] } } } }
  |                                                            ^^^^^^ at least 1ms
",
    );
}

#[test]
fn a_supervisor_that_answers_something_else() {
    check(
        &below("topology: { roles: { worker: { count: 3, restart: { after: 1s, on: [panics] } } } }\n"),
        r"
error[E0023]: unknown end of software `panics`
 --> scenario.yaml:5:69
  |
5 | topology: { roles: { worker: { count: 3, restart: { after: 1s, on: [panics] } } } }
  |                                                                     ^^^^^^ expected `panic` or `exit`
help: did you mean `panic`?
",
    );
}

#[test]
fn a_supervisor_that_answers_nothing() {
    check(
        &below("topology: { roles: { worker: { count: 3, restart: { after: 1s, on: [] } } } }\n"),
        r"
error[E0031]: `on` lists no end
 --> scenario.yaml:5:68
  |
5 | topology: { roles: { worker: { count: 3, restart: { after: 1s, on: [] } } } }
  |                                                                    ^ nothing would be restarted
",
    );
}
