//! Every fault and selector in words.

use super::*;
use squall_history::*;

fn nodes(names: &[&str]) -> Vec<NodeName> {
    names.iter().map(|name| NodeName::from(*name)).collect()
}

fn list(names: &[&str]) -> String {
    node_list(&nodes(names))
}

#[test]
fn numbered_names_collapse() {
    assert_eq!(list(&["controller-2", "controller-3"]), "controller-2,3");
    assert_eq!(list(&["c-3", "c-1", "c-2", "c-4", "c-9"]), "c-1..4,9");
    assert_eq!(list(&["worker-1", "client-1", "worker-2"]), "worker-1,2, client-1");
    assert_eq!(list(&["a-b-7"]), "a-b-7");
    assert_eq!(list(&[]), "no node");
}

#[test]
fn names_of_another_form_stay_as_they_are() {
    assert_eq!(list(&["n-01", "n-1", "alone"]), "n-01, n-1, alone");
    assert_eq!(list(&["x\u{1b}[2J"]), "x\\u{1b}[2J");
}

#[test]
fn a_list_of_many_groups_is_cut() {
    assert_eq!(list(&["a", "b", "c", "d", "e", "f", "g", "h"]), "a, b, c, d, e, f, and 2 more");
}

fn link(direction: Direction) -> LinkSelector {
    LinkSelector {
        from: Selector::Nodes(nodes(&["controller-1"])),
        to: Some(Selector::Nodes(nodes(&["controller-2", "controller-3"]))),
        direction,
    }
}

fn check(action: Action, expected: &str) {
    assert_eq!(action_words(&action), expected);
}

fn on(link: LinkSelector, trouble: LinkTrouble) -> Action {
    Action::Link(LinkFault { link, trouble })
}

fn slow(link: LinkSelector, jitter: SimDuration) -> Action {
    let latency = SimDuration::from_millis(200);
    let (shape, correlation) = (LatencyShape::Uniform, Ppm::ZERO);
    on(link, LinkTrouble::Latency { latency, jitter, shape, correlation })
}

#[test]
fn every_action_has_its_words() {
    let ms = SimDuration::from_millis;
    let (to, both) = (link(Direction::To), link(Direction::Both));
    check(Action::Kill(Selector::Leader), "kill leader");
    check(Action::PowerLoss(Selector::Nodes(nodes(&["w-1"]))), "power-loss w-1");
    check(Action::Pause(Selector::Where(Filter::default())), "pause every node");
    check(Action::Partition(Partition::Shape(PartitionShape::Bridge)), "partition bridge");
    check(
        Action::Partition(Partition::Cuts(vec![to.clone(), both.clone()])),
        "partition controller-1 → controller-2,3; controller-1 ↔ controller-2,3",
    );
    check(slow(both.clone(), ms(50)), "latency +200ms (jitter up to 50ms) on controller-1 ↔ controller-2,3");
    check(slow(to.clone(), SimDuration::ZERO), "latency +200ms on controller-1 → controller-2,3");
    let (loss, from) = (Ppm::percent(30), LinkSelector { to: None, ..link(Direction::From) });
    check(on(from, LinkTrouble::Loss(loss.into())), "loss 30% on controller-1 ← all others");
    check(
        on(to.clone(), LinkTrouble::Duplicate(Ppm::percent(1).into())),
        "duplicate 1% on controller-1 → controller-2,3",
    );
    check(
        on(to, LinkTrouble::Reorder { chance: Ppm::percent(2).into(), delay: ms(10) }),
        "reorder 2% by up to 10ms on controller-1 → controller-2,3",
    );
}

#[test]
fn every_other_fault_of_links_has_its_words() {
    let check = |trouble, expected: &str| {
        check(on(link(Direction::To), trouble), &format!("{expected} on controller-1 → controller-2,3"));
    };
    let sticky = Chance { percent: Ppm::percent(30), correlation: Ppm::percent(50) };
    check(LinkTrouble::Loss(sticky), "loss 30% (50% correlated)");
    check(LinkTrouble::Corrupt(Ppm::percent(1).into()), "corrupt 1%");
    check(
        LinkTrouble::Bandwidth(Bandwidth { bytes_per_second: 125_000, queue_bytes: 4_096 }),
        "bandwidth 125,000 bytes per second, queue 4,096 bytes",
    );
    check(LinkTrouble::Hold, "hold");
    check(LinkTrouble::Reset, "reset");
    check(LinkTrouble::Refuse, "refuse");
    check(LinkTrouble::Dns(DnsTrouble::Fail), "dns fail");
    check(LinkTrouble::Dns(DnsTrouble::TimeOut), "dns timeout");
    let latency = (SimDuration::from_millis(1), SimDuration::from_millis(2));
    check(LinkTrouble::Dns(DnsTrouble::Slow { latency }), "dns slow +1ms..2ms");
    let (latency, jitter) = (SimDuration::from_millis(5), SimDuration::from_millis(9));
    let (shape, correlation) = (LatencyShape::HeavyTail, Ppm::percent(25));
    check(
        LinkTrouble::Latency { latency, jitter, shape, correlation },
        "latency +5ms (jitter up to 9ms, heavy-tail) (25% correlated)",
    );
}

#[test]
fn every_fault_of_nodes_has_its_words() {
    let ms = SimDuration::from_millis;
    let target = || Selector::Nodes(nodes(&["w-1", "w-2"]));
    check(Action::Wipe(target()), "wipe w-1,2");
    check(Action::Stop { target: target(), grace: ms(300) }, "stop w-1,2 within 300ms");
    let check = |trouble, expected: &str| {
        let action = Action::Node(NodeFault { target: target(), trouble });
        check(action, &format!("{expected} on w-1,2"));
    };
    check(NodeTrouble::Slow { factor: 8 }, "slow 8×");
    let clock = ClockChange {
        skew: Some(ClockOffset(-500_000_000)),
        drift: ClockDrift::new(200),
        jump: Some(ClockOffset(3_000_000)),
        freeze: true,
    };
    check(NodeTrouble::Clock(clock), "clock skew -500ms, drift 200ppm, jump 3ms, freeze");
    let (enable, fire) = (Ppm::percent(25), Ppm::percent(5));
    let sites = vec!["raft/*".to_owned()];
    check(NodeTrouble::Buggify(Buggify { sites, enable, fire }), "buggify 25% of raft/*, firing 5%");
    let hook = |act| NodeTrouble::Hook(Hook { point: "wal/*".to_owned(), when: HookWhen::Nth(2), act });
    check(hook(HookAct::Kill { restart: ms(9) }), "hook wal/* (passage 2): kill for 9ms");
    check(hook(HookAct::PowerLoss { restart: ms(9) }), "hook wal/* (passage 2): power-loss for 9ms");
    check(hook(HookAct::Delay { delay: (ms(1), ms(9)) }), "hook wal/* (passage 2): delay 1ms..9ms");
}

#[test]
fn every_disk_fault_has_its_words() {
    let ms = SimDuration::from_millis;
    let on = |trouble, path: Option<&str>, expected| {
        let target = Selector::Nodes(nodes(&["w-1", "w-2"]));
        check(Action::Disk(DiskFault { target, path: path.map(str::to_owned), trouble }), expected);
    };
    let (ops, percent) = (vec![DiskOp::Read, DiskOp::Sync], Ppm::percent(10));
    on(DiskTrouble::Error { percent, ops }, Some("ctl/**"), "disk error 10% of read/sync on w-1,2 (ctl/**)");
    on(DiskTrouble::Full, None, "disk full on w-1,2");
    on(DiskTrouble::Slow { latency: (ms(10), ms(200)) }, None, "disk slow +10ms..200ms on w-1,2");
    on(DiskTrouble::Slow { latency: (ms(10), ms(10)) }, None, "disk slow +10ms on w-1,2");
    on(DiskTrouble::Throttle { rate: 3 << 20 }, None, "disk slow 3MiB/s on w-1,2");
    on(DiskTrouble::Throttle { rate: 1_000 }, None, "disk slow 1000B/s on w-1,2");
    on(DiskTrouble::Stall, None, "disk stall on w-1,2");
    on(DiskTrouble::TornWrite { percent }, None, "disk torn-write 10% of writes on w-1,2");
    on(DiskTrouble::Misdirected { percent }, None, "disk misdirected 10% of writes on w-1,2");
    on(DiskTrouble::LyingSync, None, "disk lying-sync on w-1,2");
    on(DiskTrouble::Corrupt(Rot::Percent(percent)), None, "disk corrupt 10% of sectors on w-1,2");
    on(DiskTrouble::Corrupt(Rot::Sectors(1)), Some("a"), "disk corrupt 1 sector on w-1,2 (a)");
}

#[test]
fn selectors_that_are_still_open_say_what_they_ask_for() {
    let filter = |mode| {
        Selector::Where(Filter {
            roles: vec!["worker".to_owned(), "controller".to_owned()],
            zones: vec!["a".to_owned()],
            labels: [("tier".to_owned(), "control".to_owned())].into(),
            mode,
            prefer: None,
        })
    };
    let busy = Filter {
        roles: vec!["worker".to_owned()],
        mode: Mode::One,
        prefer: Some(Prefer::IoInFlight),
        ..Filter::default()
    };
    check(Action::Kill(Selector::Where(busy)), "kill one worker, rather with IO in flight");
    let kill = |mode| Action::Kill(filter(mode));
    check(kill(Mode::All), "kill every worker/controller in zone a with tier=control");
    check(kill(Mode::One), "kill one worker/controller in zone a with tier=control");
    check(kill(Mode::Fixed(2)), "kill 2 × worker/controller in zone a with tier=control");
    check(
        kill(Mode::FixedPercent(Ppm::percent(34))),
        "kill 34% of worker/controller in zone a with tier=control",
    );
    check(
        kill(Mode::RandomMaxPercent(Ppm::percent(40))),
        "kill up to 40% of worker/controller in zone a with tier=control",
    );
}

#[test]
fn a_fault_on_one_line_is_tight() {
    let fault = PlannedFault {
        id: FaultId("partition#1".into()),
        at: SimTime(3_900_000_000),
        lasts: None,
        budget: BudgetRule::AsWritten,
        action: Action::Partition(Partition::Cuts(vec![link(Direction::To)])),
    };
    assert_eq!(fault_line(&fault), "3.900s partition controller-1→controller-2,3");
}
