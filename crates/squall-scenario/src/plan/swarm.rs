//! A swarm: for each seed a random part of the fault classes, with random weights.
//!
//! A run in which everything happens at once finds less than many runs each of which leaves something
//! out (Groce, Zhang, Eide, Chen and Regehr, "Swarm Testing", ISSTA 2012). Each class, and each fault of
//! a class, is drawn by its own address: one that is added or taken away re-draws no other.

use squall_history::{Domain, Draw, Draws, Identity};

use crate::faults::{Random, When};

/// What a seed keeps of the choices of `random`.
pub(super) struct Swarm {
    /// The weight of each choice; zero for those that are left out or do not happen at drawn times.
    pub(super) weights: Vec<u64>,
    /// The choices that hold throughout the window, by place.
    pub(super) throughout: Vec<usize>,
    /// Whether each class is taken in.
    pub(super) classes: Vec<bool>,
}

/// Part of an entry's identity that draws its swarm.
const SWARM: u64 = 1;
/// Greatest factor that a swarm draws for a weight.
const FACTOR_MAX: u64 = 100;

impl Swarm {
    pub(super) fn draw(draws: &Draws, entry: Identity, random: &Random) -> Self {
        let all = 0..random.picks.len();
        if !random.swarm {
            let classes = vec![true; random.classes.len()];
            return Self::of(random, classes, all.clone().collect(), |_| 1);
        }
        let class = |place: usize| draws.draw(Domain::Plan, of_class(entry, &random.classes[place].name), 0);
        let classes: Vec<bool> = (0..random.classes.len())
            .map(|place| class(place).property(0).chance(random.classes[place].chance))
            .collect();
        let own = |choice: usize| {
            let (identity, n) = address(entry, random, choice);
            draws.draw(Domain::Plan, identity, n)
        };
        let heads = |choice: &usize| own(*choice).property(0).below(2) == 1;
        let mut kept: Vec<usize> = all
            .clone()
            .filter(|choice| random.picks[*choice].class.is_none_or(|class| classes[class]) && heads(choice))
            .collect();
        // A class that is taken in and does nothing would be a class left out.
        for (place, _) in classes.iter().enumerate().filter(|(_, taken)| **taken) {
            let members: Vec<usize> =
                all.clone().filter(|choice| random.picks[*choice].class == Some(place)).collect();
            if !members.iter().any(|member| kept.contains(member)) {
                kept.extend(members.into_iter().min_by_key(|member| own(*member).property(2).bits()));
            }
        }
        if kept.is_empty() {
            // A swarm of nothing would test nothing: one choice stays.
            let weights: Vec<u64> =
                all.map(|choice| weight(random, choice).max(1) * factor(own(choice))).collect();
            let stays = draws.draw(Domain::Plan, entry.with(SWARM), u64::MAX);
            kept.extend(choose(&weights, stays));
        }
        kept.sort_unstable();
        let factor = |choice: usize| {
            let of_class = random.picks[choice].class.map_or(1, |place| factor(class(place)));
            of_class * factor(own(choice))
        };
        Self::of(random, classes, kept, factor)
    }

    fn of(random: &Random, classes: Vec<bool>, kept: Vec<usize>, factor: impl Fn(usize) -> u64) -> Self {
        let mut weights = vec![0; random.picks.len()];
        for &choice in &kept {
            weights[choice] = weight(random, choice) * factor(choice);
        }
        let throughout = kept.into_iter().filter(|choice| random.picks[*choice].when == When::Throughout);
        Self { weights, throughout: throughout.collect(), classes }
    }
}

fn factor(draw: Draw) -> u64 {
    draw.property(1).between(1, FACTOR_MAX)
}

fn weight(random: &Random, choice: usize) -> u64 {
    match random.picks[choice].when {
        When::Drawn { weight } => weight.into(),
        When::Throughout => 0,
    }
}

fn of_class(entry: Identity, name: &str) -> Identity {
    entry.with(SWARM).with(Identity::of(name).0)
}

/// Where the draws of a choice are: by its class, and its place in it.
pub(super) fn address(entry: Identity, random: &Random, choice: usize) -> (Identity, u64) {
    let class = random.picks[choice].class;
    let place = random.picks[..choice].iter().filter(|before| before.class == class).count() as u64;
    match class {
        Some(class) => (of_class(entry, &random.classes[class].name).with(place), 0),
        None => (entry.with(SWARM), place),
    }
}

/// One of the positions, each with its weight; `None` if all weigh nothing.
pub(super) fn choose(weights: &[u64], draw: Draw) -> Option<usize> {
    let mut left = draw.below(weights.iter().sum());
    weights.iter().position(|&weight| {
        let found = left < weight;
        left = left.saturating_sub(weight);
        found
    })
}
