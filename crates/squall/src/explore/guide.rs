//! Which earlier run to go on from: one that went through something rare, right after it did.
//!
//! As grey-box fuzzers choose inputs by what few of them reach (Böhme, Pham and Roychoudhury,
//! "Coverage-based Greybox Fuzzing as Markov Chain", CCS 2016; Böhme, Manès and Cha, "Boosting Fuzzer
//! Efficiency: An Information Theoretic Perspective", ESEC/FSE 2020). The input here is a prefix of a run:
//! mutating it is drawing anew what comes after.

use std::sync::Arc;

use squall_check::cause::LaterFaults;
use squall_check::coverage::{Coverage, Explored, Point};
use squall_history::{Domain, Draws, Identity, Plan, Reseed, Seed, SimTime};

use crate::cause::drawn_anew;

/// A run begins with one seed and is drawn anew at most three times: each time its prefix is run again.
const SEEDS_MAX: usize = 4;
/// The weight of what one run has seen and nobody has gone on from.
const WEIGHT: u64 = 1 << 32;

/// The runs to go on from. Its draws are in domain `Plan`, by ("guide"; number of the run).
pub(super) struct Guide {
    draws: Draws,
    entries: Vec<Entry>,
}

/// A moment of a run at which it went through something for the first time.
struct Entry {
    plan: Arc<Plan>,
    after: SimTime,
    feature: String,
    power: u32,
    chosen: u64,
}

impl Guide {
    /// A guide that knows no run; `seed` is what it draws from.
    pub(super) fn new(seed: Seed) -> Self {
        Self { draws: Draws::new(seed), entries: Vec::new() }
    }

    /// Keeps a run for what it went through and none of `before` did.
    pub(super) fn learn(&mut self, plan: &Plan, coverage: &Coverage, before: &Explored) {
        if plan.reseed.len() >= SEEDS_MAX {
            return;
        }
        let mut kept = None;
        for (point, first) in coverage.points().filter(|(point, _)| before.seen(*point) == 0) {
            let plan = kept.get_or_insert_with(|| Arc::new(plan.clone())).clone();
            let (feature, power) = (point.name.to_owned(), point.power);
            let after = SimTime(first.0 + 1);
            self.entries.push(Entry { plan, after, feature, power, chosen: 0 });
        }
    }

    /// The plan of run `number`; `None` if that is to be a fresh one. Its seed is one of its own, which
    /// names it; what is replayed of another run is among its reseeds, from the start on.
    pub(super) fn choose(
        &mut self,
        number: u64,
        explored: &Explored,
        redraw: &dyn Fn(Seed) -> Plan,
    ) -> Option<Plan> {
        let draw = self.draws.draw(Domain::Plan, Identity::of("guide"), number);
        if draw.property(0).below(2) == 0 {
            return None;
        }
        let weigh = |entry: &Entry| {
            let seen = explored.seen(Point { name: &entry.feature, power: entry.power });
            WEIGHT / seen.max(1) / (1 + entry.chosen)
        };
        let weights: Vec<u64> = self.entries.iter().map(weigh).collect();
        let mut left = draw.property(1).below(weights.iter().sum());
        let place = weights.iter().position(|&weight| {
            let found = left < weight;
            left = left.saturating_sub(weight);
            found
        })?;
        let entry = &mut self.entries[place];
        entry.chosen += 1;
        let seed = Seed(draw.property(2).bits());
        let mut plan = drawn_anew(&entry.plan, entry.after, seed, LaterFaults::Redrawn, redraw);
        if plan.reseed.iter().all(|reseed| reseed.at > SimTime::ZERO) {
            plan.reseed.insert(0, Reseed { at: SimTime::ZERO, seed: plan.seed });
        }
        plan.seed = seed;
        Some(plan)
    }
}
