//! Weaker faults, with rounder numbers: less loss, less delay, fewer sectors. What `buggify` does is left as
//! it is: its draws have no order that would make one of them less than another.

use squall_history::{
    Action, Bandwidth, Chance, ClockChange, ClockOffset, DiskFault, DiskTrouble, DnsTrouble, HookAct,
    LatencyShape, LinkFault, LinkTrouble, NodeFault, NodeTrouble, Plan, Ppm, Rot, SimDuration,
};

use super::Scene;
use super::changes::each_action;
use super::round::{simpler, simpler_range, simpler_share, simpler_span};

/// Each fault weaker.
pub(super) fn weaker(scene: &Scene<'_>) -> Vec<Plan> {
    each_action(scene.plan, |action| match action {
        Action::Stop { target, grace } => {
            let with = |grace| Action::Stop { target: target.clone(), grace };
            simpler_span(*grace).into_iter().map(with).collect()
        }
        Action::Link(LinkFault { link, trouble }) => {
            let with = |trouble| Action::Link(LinkFault { link: link.clone(), trouble });
            on_links(trouble).into_iter().map(with).collect()
        }
        Action::Node(NodeFault { target, trouble }) => {
            let with = |trouble| Action::Node(NodeFault { target: target.clone(), trouble });
            on_node(trouble).into_iter().map(with).collect()
        }
        Action::Disk(fault) => {
            let with = |trouble| Action::Disk(DiskFault { trouble, ..fault.clone() });
            on_disk(&fault.trouble).into_iter().map(with).collect()
        }
        Action::Kill(_)
        | Action::PowerLoss(_)
        | Action::Pause(_)
        | Action::Wipe(_)
        | Action::Core(_)
        | Action::Partition(_) => Vec::new(),
    })
}

fn on_links(trouble: &LinkTrouble) -> Vec<LinkTrouble> {
    match *trouble {
        LinkTrouble::Latency { latency, jitter, shape, correlation } => {
            let of = |latency, jitter, shape, correlation| LinkTrouble::Latency {
                latency,
                jitter,
                shape,
                correlation,
            };
            let mut found = Vec::new();
            let steady = of(latency, SimDuration::ZERO, LatencyShape::Uniform, Ppm::ZERO);
            let plain = of(latency, jitter, LatencyShape::Uniform, Ppm::ZERO);
            found.extend([steady, plain].into_iter().filter(|other| other != trouble));
            found.extend(simpler_span(latency).into_iter().map(|span| of(span, jitter, shape, correlation)));
            found.extend(simpler_span(jitter).into_iter().map(|span| of(latency, span, shape, correlation)));
            found
        }
        LinkTrouble::Loss(chance) => chances(chance).into_iter().map(LinkTrouble::Loss).collect(),
        LinkTrouble::Duplicate(chance) => chances(chance).into_iter().map(LinkTrouble::Duplicate).collect(),
        LinkTrouble::Corrupt(chance) => chances(chance).into_iter().map(LinkTrouble::Corrupt).collect(),
        LinkTrouble::Reorder { chance, delay } => {
            let rarer = chances(chance).into_iter().map(|chance| LinkTrouble::Reorder { chance, delay });
            let less = simpler_span(delay).into_iter().map(|delay| LinkTrouble::Reorder { chance, delay });
            rarer.chain(less).collect()
        }
        LinkTrouble::Bandwidth(Bandwidth { bytes_per_second, queue_bytes }) => {
            let of = |bytes_per_second, queue_bytes| {
                LinkTrouble::Bandwidth(Bandwidth { bytes_per_second, queue_bytes })
            };
            // Faster is weaker; simpler numbers are slower ones.
            let queue = of(bytes_per_second, Bandwidth::QUEUE_BYTES);
            let rates = simpler(bytes_per_second).into_iter().map(|rate| of(rate, queue_bytes));
            std::iter::once(queue).filter(|queue| queue != trouble).chain(rates).collect()
        }
        LinkTrouble::Dns(DnsTrouble::Slow { latency }) => {
            let slow = |latency| LinkTrouble::Dns(DnsTrouble::Slow { latency });
            simpler_range(latency).into_iter().map(slow).collect()
        }
        LinkTrouble::Dns(DnsTrouble::Fail | DnsTrouble::TimeOut)
        | LinkTrouble::Hold
        | LinkTrouble::Reset
        | LinkTrouble::Refuse => Vec::new(),
    }
}

fn chances(chance: Chance) -> Vec<Chance> {
    let independent = (!chance.correlation.is_zero()).then(|| Chance::from(chance.percent));
    let rarer = simpler_share(chance.percent).into_iter().map(|percent| Chance { percent, ..chance });
    independent.into_iter().chain(rarer).collect()
}

fn on_node(trouble: &NodeTrouble) -> Vec<NodeTrouble> {
    match trouble {
        NodeTrouble::Slow { factor } => {
            let factors = simpler(u64::from(*factor)).into_iter().filter_map(|it| u32::try_from(it).ok());
            factors.filter(|factor| *factor >= 2).map(|factor| NodeTrouble::Slow { factor }).collect()
        }
        NodeTrouble::Clock(change) => clocks(*change).into_iter().map(NodeTrouble::Clock).collect(),
        NodeTrouble::Buggify(_) => Vec::new(),
        NodeTrouble::Hook(hook) => {
            let acts: Vec<HookAct> = match hook.act {
                HookAct::Kill { restart } => {
                    simpler_span(restart).into_iter().map(|restart| HookAct::Kill { restart }).collect()
                }
                HookAct::PowerLoss { restart } => {
                    simpler_span(restart).into_iter().map(|restart| HookAct::PowerLoss { restart }).collect()
                }
                HookAct::Delay { delay } => {
                    simpler_range(delay).into_iter().map(|delay| HookAct::Delay { delay }).collect()
                }
            };
            let with = |act| {
                let mut hook = hook.clone();
                hook.act = act;
                NodeTrouble::Hook(hook)
            };
            acts.into_iter().map(with).collect()
        }
    }
}

fn clocks(change: ClockChange) -> Vec<ClockChange> {
    let offsets = |offset: ClockOffset| {
        let sizes = simpler(offset.0.unsigned_abs()).into_iter().filter_map(|size| i64::try_from(size).ok());
        sizes.map(move |size| ClockOffset(size * offset.0.signum())).collect::<Vec<_>>()
    };
    let mut found = vec![
        ClockChange { skew: None, ..change },
        ClockChange { drift: None, ..change },
        ClockChange { jump: None, ..change },
        ClockChange { freeze: false, ..change },
    ];
    found.retain(|other| *other != change && !other.is_nothing());
    for skew in change.skew.into_iter().flat_map(offsets) {
        found.push(ClockChange { skew: Some(skew), ..change });
    }
    for jump in change.jump.into_iter().flat_map(offsets) {
        found.push(ClockChange { jump: Some(jump), ..change });
    }
    found
}

fn on_disk(trouble: &DiskTrouble) -> Vec<DiskTrouble> {
    let shares = |share: Ppm, make: &dyn Fn(Ppm) -> DiskTrouble| -> Vec<DiskTrouble> {
        simpler_share(share).into_iter().map(make).collect()
    };
    match trouble {
        DiskTrouble::Error { percent, ops } => {
            shares(*percent, &|percent| DiskTrouble::Error { percent, ops: ops.clone() })
        }
        DiskTrouble::Slow { latency } => {
            simpler_range(*latency).into_iter().map(|latency| DiskTrouble::Slow { latency }).collect()
        }
        DiskTrouble::Throttle { rate } => {
            simpler(*rate).into_iter().map(|rate| DiskTrouble::Throttle { rate }).collect()
        }
        DiskTrouble::TornWrite { percent } => shares(*percent, &|percent| DiskTrouble::TornWrite { percent }),
        DiskTrouble::Misdirected { percent } => {
            shares(*percent, &|percent| DiskTrouble::Misdirected { percent })
        }
        DiskTrouble::Corrupt(Rot::Percent(share)) => {
            shares(*share, &|share| DiskTrouble::Corrupt(Rot::Percent(share)))
        }
        DiskTrouble::Corrupt(Rot::Sectors(count)) => {
            let counts = simpler(u64::from(*count)).into_iter().filter_map(|it| u32::try_from(it).ok());
            counts.map(|count| DiskTrouble::Corrupt(Rot::Sectors(count))).collect()
        }
        DiskTrouble::Full | DiskTrouble::Stall | DiskTrouble::LyingSync => Vec::new(),
    }
}
