//! What a seed draws: triggers, ranges, ids, and that entries do not disturb each other.

#[path = "support/base.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet};

use squall_history::{
    Action, BudgetRule, DiskOp, DiskTrouble, Plan, PlannedFault, Ppm, Seed, SimDuration, SimTime,
};
use squall_scenario::{OverrideError, Overrides, Seeds};
use support::{EXPERT, catalogue, must_read};

fn plan(lines: &str, seed: u64) -> Plan {
    let text = format!("version: 1\nname: t\nsystem: batch\nduration: 100s\n{lines}");
    must_read(&text).plan(Seed(seed), &Overrides::default())
}

fn faults(entries: &[&str], seed: u64) -> Vec<PlannedFault> {
    let entries: String = entries.iter().map(|entry| format!("  - {entry}\n")).collect();
    plan(&format!("faults:\n{entries}"), seed).faults
}

fn of_stem<'f>(faults: &'f [PlannedFault], stem: &'f str) -> Vec<&'f PlannedFault> {
    faults.iter().filter(|fault| fault.id.0.split_once('#').is_some_and(|(own, _)| own == stem)).collect()
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn removing_a_named_entry_changes_no_other() {
    let kills = "{ name: kills, every: 5s..9s, jitter: 2s, for: 1s..3s, kill: { role: worker, mode: one } }";
    let slow = "{ name: slow, at: 10s..50s, for: 5s..9s, latency: { latency: 1ms..900ms } }";
    let swarm = "{ name: swarm, random: { interval: 3s..6s, pick: [{ kill: leader }, { pause: leader }] } }";
    let mut times = BTreeSet::new();
    for seed in 0..20 {
        let all = faults(&[kills, slow, swarm], seed);
        times.insert(of_stem(&all, "slow")[0].at);
        for (left, stems) in [([kills, slow], ["kills", "slow"]), ([slow, swarm], ["slow", "swarm"])] {
            let fewer = faults(&left, seed);
            for stem in stems {
                assert_eq!(of_stem(&fewer, stem), of_stem(&all, stem), "seed {seed}");
            }
        }
    }
    assert!(times.len() > 15, "the seeds drew the same times: {times:?}");
}

#[test]
fn unnamed_entries_of_other_kinds_do_not_disturb_each_other() {
    let (kill, pause) = ("{ at: 1s..90s, kill: leader }", "{ at: 1s..90s, pause: leader }");
    for seed in 0..20 {
        let both = faults(&[kill, pause], seed);
        assert_eq!(of_stem(&both, "pause"), of_stem(&faults(&[pause], seed), "pause"));
        assert_ne!(of_stem(&both, "pause")[0].at, of_stem(&both, "kill")[0].at);
    }
}

#[test]
fn every_counts_from_its_window_and_stays_in_it() {
    let plain = faults(&["{ every: 30s, kill: leader }"], 1);
    assert_eq!(plain.iter().map(|fault| fault.at.0 / SECOND).collect::<Vec<_>>(), [30, 60, 90]);
    assert_eq!(plain.iter().map(|fault| &*fault.id.0).collect::<Vec<_>>(), ["kill#0", "kill#1", "kill#2"]);
    assert!(plain.iter().all(|fault| fault.budget == BudgetRule::AsWritten && fault.lasts.is_none()));
    let bounded = faults(&["{ every: 10s, jitter: 3s, between: [5s, 40s], kill: leader }"], 1);
    assert_eq!(bounded.len(), 4);
    for (k, fault) in (0..).zip(&bounded) {
        let due = (5 + 10 * k) * SECOND;
        assert!((due..=due + 3 * SECOND).contains(&fault.at.0), "{fault:?}");
    }
}

#[test]
fn random_keeps_its_mean_and_its_limit() {
    let entry = "{ random: { interval: 2s, max-active: 2, pick: [{ for: 1s..9s, kill: leader }] } }";
    let unlimited = "{ random: { interval: 2s, pick: [{ for: 1s..9s, kill: leader }] } }";
    let (mut drawn, mut limited) = (0, 0);
    for seed in 0..100 {
        let faults = faults(&[entry], seed);
        limited += faults.len();
        drawn += self::faults(&[unlimited], seed).len();
        for fault in &faults {
            assert_eq!(fault.budget, BudgetRule::QuorumStays);
            let active = faults.iter().filter(|other| {
                let end = other.at + other.lasts.expect("`for` is given");
                other.at <= fault.at && end > fault.at
            });
            assert!(active.count() <= 2, "seed {seed}: too many at {:?}", fault.at);
        }
    }
    // 100 seeds of 100 s at one per 2 s: 5,000, with a standard deviation of about 41.
    assert!((4_800..5_200).contains(&drawn), "{drawn}");
    assert!(limited < drawn * 3 / 4, "{limited} of {drawn}");
}

#[test]
fn a_swarm_keeps_some_choices_in_each_seed() {
    let swarm = "{ random: { interval: 1s, swarm: true, pick: [{ kill: leader }, { pause: leader }, { power-loss: leader }] } }";
    let mut kept: BTreeMap<Vec<String>, u32> = BTreeMap::new();
    for seed in 0..200 {
        let faults = faults(&[swarm], seed);
        let actions: BTreeSet<String> =
            faults.iter().map(|fault| fault.action.keyword().to_owned()).collect();
        assert!(!actions.is_empty(), "seed {seed}: a swarm of nothing");
        *kept.entry(actions.into_iter().collect()).or_default() += 1;
    }
    assert_eq!(kept.len(), 7, "not every subset occurs: {kept:?}");
}

#[test]
fn weights_decide_how_often_a_choice_is_picked() {
    let entry = "{ random: { interval: 1s, pick: [{ weight: 9, kill: leader }, { pause: leader }] } }";
    let all: Vec<PlannedFault> = (0..100).flat_map(|seed| faults(&[entry], seed)).collect();
    let pauses = of_stem(&all, "pause").len();
    // About 10,000 faults: 1,000 pauses, with a standard deviation of 30.
    assert!((all.len() / 12..all.len() / 8).contains(&pauses), "{pauses} of {}", all.len());
}

#[test]
fn ranges_are_drawn_within_their_ends() {
    let lines = "topology: { roles: { worker: 2..4 } }\nnetwork: { latency: 1ms..3ms, loss: 1%..2% }\n\
                 workload: { jobs: -3..3, records: \"1..2\", deadline: 1s..2s, rate: 1/s..4/s, mix: { a: 1KiB..1MiB } }\n";
    let mut workers = BTreeSet::new();
    let mut jobs = BTreeSet::new();
    for seed in 0..100 {
        let text = lines.replace("jobs: -3..3", "jobs: 1..3");
        let plan = plan(&text, seed);
        workers.insert(plan.topology.role("worker").count());
        jobs.insert(plan.workload["jobs"].as_u64().expect("a count"));
        assert!((1_000_000..=3_000_000).contains(&plan.network.latency.as_nanos()));
        assert!((10_000..=20_000).contains(&plan.network.loss.get()));
        assert_eq!(plan.workload["records"], "1..2", "quoted text is no range");
        let text = |key: &str| plan.workload[key].as_str().expect("text");
        let deadline: SimDuration = text("deadline").parse().expect("a duration");
        assert!((SECOND..=2 * SECOND).contains(&deadline.as_nanos()));
        let rate: u64 = text("rate").strip_suffix("/s").expect("a rate").parse().expect("a number");
        assert!((1..=4).contains(&rate));
        assert!(plan.workload["mix"]["a"].as_str().expect("a size").ends_with('B'));
    }
    assert_eq!(workers, [2, 3, 4].into());
    assert_eq!(jobs, [1, 2, 3].into());
}

#[test]
fn a_disk_range_is_not_drawn() {
    let disk = plan("disk: { latency: 1ms..3ms, fsync: 5ms }", 1).disk;
    assert_eq!(disk.latency, (SimDuration::from_millis(1), SimDuration::from_millis(3)));
    assert_eq!(disk.fsync, (SimDuration::from_millis(5), SimDuration::from_millis(5)));
}

#[test]
fn a_disks_capacity_is_drawn_and_absent_where_it_is_not_given() {
    let capacity = |seed| plan("disk: { capacity: 1KiB..64KiB }", seed).disk.capacity.expect("it is given");
    let drawn: Vec<u64> = (0..20).map(capacity).collect();
    assert!(drawn.iter().all(|bytes| (1_024..=65_536).contains(bytes)), "{drawn:?}");
    assert!(drawn.iter().any(|bytes| *bytes != drawn[0]), "{drawn:?}");
    assert_eq!(plan("", 1).disk.capacity, None);
}

#[test]
fn a_slow_disks_range_is_kept_for_its_operations_and_other_ranges_are_drawn() {
    let trouble = |options: &str, seed| {
        let entry = format!("{{ at: 1s, disk: {{ target: worker-1, {options} }} }}");
        let faults = faults(&[&entry], seed);
        let Action::Disk(fault) = &faults[0].action else { panic!("not a disk's: {faults:?}") };
        fault.trouble.clone()
    };
    let latency = (SimDuration::from_millis(10), SimDuration::from_millis(200));
    let chances: BTreeSet<Ppm> = (0..20)
        .map(|seed| {
            assert_eq!(trouble("fault: slow, latency: 10ms..200ms", seed), DiskTrouble::Slow { latency });
            match trouble("fault: error, percent: 10%..20%, ops: [sync, write, sync]", seed) {
                DiskTrouble::Error { percent, ops } => {
                    assert_eq!(ops, [DiskOp::Write, DiskOp::Sync]);
                    percent
                }
                other => panic!("not an error: {other:?}"),
            }
        })
        .collect();
    assert!(chances.len() > 5 && chances.iter().all(|it| (Ppm::percent(10)..=Ppm::percent(20)).contains(it)));
    let rates: BTreeSet<u64> = (0..20)
        .map(|seed| match trouble("fault: slow, rate: 1024KiB/s..2048KiB/s", seed) {
            DiskTrouble::Throttle { rate } => rate,
            other => panic!("not a bound: {other:?}"),
        })
        .collect();
    assert!(rates.len() > 15 && rates.iter().all(|rate| (1 << 20..=2 << 20).contains(rate)), "{rates:?}");
    let all = vec![DiskOp::Read, DiskOp::Write, DiskOp::Sync];
    let percent = Ppm::percent(100);
    assert_eq!(trouble("fault: torn-write", 1), DiskTrouble::TornWrite { percent });
    assert_eq!(trouble("fault: misdirected", 1), DiskTrouble::Misdirected { percent });
    assert_eq!(trouble("fault: error", 1), DiskTrouble::Error { percent: Ppm::percent(100), ops: all });
}

#[test]
fn an_instant_takes_no_place_among_the_active() {
    let random = |action: &str| {
        let entry =
            format!("{{ name: some, random: {{ interval: 1s, max-active: 1, pick: [{{ {action} }}] }} }}");
        faults(&[&entry], 3).len()
    };
    assert!(random("disk: { target: worker-1, fault: corrupt, sectors: 1 }") > 10);
    assert_eq!(random("disk: { target: worker-1, fault: full }"), 1, "without an end it stays");
}

#[test]
fn nodes_stand_in_zones_by_their_number() {
    let text = "topology:\n  zones: [a, b]\n  roles: { worker: { numbers: [1, 2, 5, 6], spread: zones }, client: 0 }\n";
    let topology = plan(text, 1).topology;
    let zone = |name: &str| topology.node(name).expect("it is listed").zone.as_deref();
    assert_eq!(
        [zone("worker-1"), zone("worker-2"), zone("worker-5"), zone("worker-6")],
        [Some("a"), Some("b"), Some("a"), Some("b")]
    );
    assert_eq!(zone("controller-3"), None);
    assert_eq!(topology.roles(), ["worker", "controller"], "the file's order, then the system's");
}

#[test]
fn given_ids_are_kept_and_not_given_again() {
    let entries = ["{ id: kill#0, at: 9s, kill: [] }", "{ at: 5s, kill: leader }"];
    let ids: Vec<String> = faults(&entries, 1).iter().map(|fault| fault.id.to_string()).collect();
    assert_eq!(ids, ["kill#1", "kill#0"]);
}

#[test]
fn ids_of_invariants_become_names() {
    let plan = plan("expect: { invariants: [R1, acked-job-not-lost] }", 1);
    let named = ["election-safety", "acked-job-not-lost"].map(str::to_owned).to_vec();
    assert_eq!(plan.expect.invariants, squall_history::InvariantChoice::Named(named));
}

#[test]
fn seeds_come_from_a_count_a_list_or_a_range() {
    let seeds = |lines: &str| {
        let text = format!("version: 1\nname: t\nsystem: batch\nduration: 1s\nseeds: {lines}\n");
        must_read(&text).seeds
    };
    let resolve = |seeds: &Seeds, base| seeds.resolve(Seed(base)).collect::<Vec<_>>();
    assert_eq!(resolve(&seeds("[0x1f3a, 7]"), 1), [Seed(0x1f3a), Seed(7)]);
    assert_eq!(
        resolve(&seeds("{ from: 0xfffffffffffffffe, count: 2 }"), 1),
        [Seed(u64::MAX - 1), Seed(u64::MAX)]
    );
    let derived = resolve(&seeds("64"), 1);
    assert_eq!(derived.iter().collect::<BTreeSet<_>>().len(), 64);
    assert_eq!(derived[..8], resolve(&seeds("8"), 1), "a longer campaign begins with the shorter one");
    assert_ne!(derived, resolve(&seeds("64"), 2));
    // A golden value: if it changes, every scenario with a count runs other seeds than before.
    assert_eq!(derived[0].to_string(), "0x3d5691c84633ae94");
}

#[test]
fn overrides_replace_bugs_and_values() {
    let scenario = must_read(EXPERT);
    let set = [
        ("workload.jobs", "7..9"),
        ("system.config.lease", "5s"),
        ("workload.mix.sort", "9"),
        ("duration", "15s"),
    ];
    let overrides = Overrides {
        bugs: Some(Vec::new()),
        set: set.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
        ..Overrides::default()
    };
    assert_eq!(scenario.check_overrides(&overrides, &catalogue()), Ok(()));
    let plan = scenario.plan(Seed(7), &overrides);
    assert_eq!(plan.system.bugs, [""; 0]);
    assert_eq!(plan.system.config["lease"], "5s");
    assert_eq!(plan.workload["mix"]["sort"], 9);
    assert!((7..=9).contains(&plan.workload["jobs"].as_u64().expect("a count")));
    assert_eq!(plan.duration, SimDuration::from_secs(15));
    assert!(plan.faults.iter().all(|fault| fault.at < SimTime(15 * SECOND)), "{:?}", plan.faults);
    let untouched = scenario.plan(Seed(7), &Overrides::default());
    assert_eq!(untouched.system.bugs, ["lease-no-uncertainty"]);
    assert_eq!(untouched.workload["mix"]["wordcount"], plan.workload["mix"]["wordcount"]);
}

#[test]
fn overrides_that_do_not_fit_are_named() {
    let check = |bugs: Option<&str>, set: &[(&str, &str)]| {
        let overrides = Overrides {
            bugs: bugs.map(|bug| vec![bug.to_owned()]),
            set: set.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
            ..Overrides::default()
        };
        let text = &EXPERT.replace("between: [10s, 2m]", "between: [10s, 2000000h]");
        let error: OverrideError =
            must_read(text).check_overrides(&overrides, &catalogue()).expect_err("it does not fit");
        error.to_string()
    };
    insta::assert_snapshot!(
        [
            check(None, &[("seeds", "5")]),
            check(None, &[("workload..jobs", "5")]),
            check(None, &[("duration", "5")]),
            check(None, &[("duration", "1000000h")]),
            check(None, &[("workload.jobs", "[1")]),
            check(None, &[("workload.jobs", "4..99")]),
            check(None, &[("system.config.leese", "1s")]),
            check(Some("forget-vote"), &[]),
        ]
        .join("\n")
    );
}

/// Fault classes in a swarm.
const CLASSES: &str = "{ name: swarm, between: [10s, 60s], random: { interval: 2s, swarm: true, pick: [ \
    { class: kills, chance: 30%, pick: [ { for: 1s, kill: controller-1 }, { for: 1s, kill: controller-2 } ] }, \
    { class: noise, chance: 100%, pick: [ { throughout: true, loss: { loss: 1%..5% } } ] }, \
    { for: 1s, budget: quorum-returns, pause: controller-1 } ] } }";

#[test]
fn a_swarm_takes_classes_in_by_their_chance() {
    let (mut kills, mut losses) = (0, BTreeSet::new());
    for seed in 0..400 {
        let faults = faults(&[CLASSES], seed);
        let keywords: BTreeSet<&str> = faults.iter().map(|fault| fault.action.keyword()).collect();
        kills += u32::from(keywords.contains("kill"));
        let loss: Vec<_> = faults.iter().filter(|fault| fault.action.keyword() == "loss").collect();
        let [loss] = loss[..] else { panic!("seed {seed}: what holds throughout is there once: {loss:?}") };
        assert_eq!((loss.at, loss.lasts), (SimTime(10_000_000_000), Some(SimDuration::from_secs(50))));
        losses.insert(format!("{:?}", loss.action));
        for fault in &faults {
            let rule = match fault.action.keyword() {
                "pause" => BudgetRule::QuorumReturns,
                _ => BudgetRule::QuorumStays,
            };
            assert_eq!(fault.budget, rule, "{fault:?}");
        }
    }
    assert!((90..150).contains(&kills), "{kills} of 400 seeds have kills, where 30 % should");
    assert!(losses.len() > 300, "each seed draws its own");
}

#[test]
fn a_class_more_re_draws_no_other() {
    let more = CLASSES.replace("pick: [ { class: kills", "pick: [ { class: new, pick: [ { throughout: true, duplicate: { duplicate: 1% } } ] }, { class: kills");
    for seed in 0..40 {
        let mut with = faults(&[&more], seed);
        with.retain(|fault| fault.action.keyword() != "duplicate");
        let plain = |faults: Vec<PlannedFault>| -> Vec<_> {
            faults.into_iter().map(|fault| (fault.at, fault.lasts, fault.action)).collect()
        };
        assert_eq!(plain(with), plain(faults(&[CLASSES], seed)), "seed {seed}");
    }
}

#[test]
fn what_a_seed_drew_of_the_classes_is_told() {
    let text = format!("version: 1\nname: t\nsystem: batch\nduration: 100s\nfaults: [{CLASSES}]");
    let scenario = must_read(&text);
    for seed in 0..20 {
        let [drawn] = &scenario.swarms(Seed(seed))[..] else { panic!("one swarm with classes") };
        assert_eq!(drawn.entry.as_deref(), Some("swarm"));
        let kills = faults(&[CLASSES], seed).iter().any(|fault| fault.action.keyword() == "kill");
        assert_eq!(drawn.classes, [("kills".to_owned(), kills), ("noise".to_owned(), true)], "seed {seed}");
    }
}

#[test]
fn the_default_mix_fits_any_system_and_leaves_every_class_out_now_and_then() {
    let entry = "{ name: swarm, between: [10s, 60s], random: { interval: 2s, swarm: true, mix: default } }";
    let text = format!("version: 1\nname: t\nsystem: batch\nduration: 100s\nfaults: [{entry}]");
    let scenario = must_read(&text);
    let drawn: Vec<_> = (0..200).map(|seed| scenario.swarms(Seed(seed)).remove(0).classes).collect();
    for (place, (name, _)) in drawn[0].iter().enumerate() {
        let taken = drawn.iter().filter(|classes| classes[place].1).count();
        assert!((30..200).contains(&taken), "{name} is in {taken} of 200 seeds");
    }
    let keywords: BTreeSet<String> = (0..200)
        .flat_map(|seed| faults(&[entry], seed))
        .map(|fault| fault.action.keyword().to_owned())
        .collect();
    let left: Vec<&str> =
        Action::KEYWORDS.into_iter().filter(|keyword| !keywords.contains(*keyword)).collect();
    // One takes part later, others break what no system promises to survive, or are rare by nature.
    assert_eq!(left, ["stop", "wipe", "corrupt", "dns", "core"]);
}
