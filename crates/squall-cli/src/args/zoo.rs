//! The arguments of `zoo`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use squall::Seed;

use super::{BaseSeed, ShowProgress, parse_base};

/// Seeds, finds: how long a hunt goes on if nobody says otherwise.
const TERMS: (u64, u64) = (5_000, 10);
/// The same with `--quick`.
const QUICK_TERMS: (u64, u64) = (100, 3);

#[derive(Args, Clone, Debug)]
pub(crate) struct ZooArgs {
    /// Only this planted bug; may be repeated. Without it, all of every system.
    #[arg(long, value_name = "NAME")]
    pub(crate) bug: Vec<String>,
    /// Which scenarios hunt it: the one written for it, the swarms of its system (tag `swarm`), or both.
    #[arg(long, value_name = "WHICH", default_value = "all")]
    pub(crate) profile: ProfileArg,
    /// Most seeds for each bug and scenario [default: 5000; with --quick 100].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    seeds: Option<u64>,
    /// A hunt ends when so many seeds have found the bug [default: 10; with --quick 3].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    finds: Option<u64>,
    /// What the seeds are derived from; `random` draws one and prints it.
    #[arg(long, value_name = "SEED|random", default_value = "0x5eed", value_parser = parse_base)]
    pub(crate) base_seed: BaseSeed,
    /// Worker processes; default: one for each core. The score does not depend on it.
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) jobs: Option<u16>,
    /// Shrink so many finds of each bug and scenario.
    #[arg(long, value_name = "N", default_value_t = 1, conflicts_with = "no_shrink",
          value_parser = clap::value_parser!(u64).range(1..=1_000))]
    shrinks: u64,
    /// Shrink nothing.
    #[arg(long)]
    no_shrink: bool,
    /// Few seeds and few finds: seconds in place of minutes.
    #[arg(long)]
    pub(crate) quick: bool,
    /// Where the score and the shrunk plans go, in place of a new folder under `reports/`. It must be
    /// empty or new.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) output: Option<PathBuf>,
    /// Go on in this folder: what it holds of the same commit and the same terms is not measured again.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Put what was measured into `docs/zoo.json`, `docs/zoo-times.json` and the tables of
    /// `docs/bugs.md`. Rows that were not measured stay.
    #[arg(long)]
    pub(crate) update: bool,
    /// Compare with a stored score: a bug that is found less often than chance explains is exit code
    /// 100.
    #[arg(long, value_name = "FILE")]
    pub(crate) check: Option<PathBuf>,
    /// How progress is shown.
    #[arg(long, value_name = "HOW", default_value = "auto")]
    pub(crate) show_progress: ShowProgress,
}

/// Which scenarios hunt a bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum ProfileArg {
    /// The scenario written for it.
    Own,
    /// The swarms of its system.
    Swarm,
    /// Both.
    All,
}

/// How long a hunt goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct HuntTerms {
    pub(crate) base_seed: Seed,
    pub(crate) seeds_max: u64,
    pub(crate) finds_max: u64,
    pub(crate) shrinks: u64,
}

impl ZooArgs {
    /// The terms of every hunt, with this base seed.
    pub(crate) fn terms(&self, base_seed: Seed) -> HuntTerms {
        let (seeds, finds) = if self.quick { QUICK_TERMS } else { TERMS };
        HuntTerms {
            base_seed,
            seeds_max: self.seeds.unwrap_or(seeds),
            finds_max: self.finds.unwrap_or(finds),
            shrinks: if self.no_shrink { 0 } else { self.shrinks },
        }
    }
}
