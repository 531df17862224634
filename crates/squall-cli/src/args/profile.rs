//! A profile fills in what the command line of `run` leaves open.

use super::RunArgs;
use crate::error::CliError;
use crate::profile::{MaxFail, Profile, Profiles, SeedsRule, Shrink};

impl RunArgs {
    /// The arguments with what the profile says that they name.
    pub(crate) fn with_profile(&self) -> Result<Self, CliError> {
        Ok(self.filled(&Profiles::load()?.named(&self.profile)?))
    }

    /// The arguments with what `profile` says wherever nothing was typed. Scenarios that are named are run
    /// whatever their tags.
    #[must_use]
    fn filled(&self, profile: &Profile) -> Self {
        let mut args = self.clone();
        let open = |options: &[&str]| !options.iter().any(|option| self.typed.iter().any(|it| it == option));
        if let Some(seeds) = profile.seeds.as_ref().filter(|_| open(&["--seed", "--seeds"])) {
            match seeds {
                SeedsRule::Fixed(seeds) => args.seeds.seeds = Some(seeds.clone()),
                SeedsRule::Factor(factor) => args.seeds.factor = Some(*factor),
            }
        }
        if let Some(base) = profile.base_seed.filter(|_| open(&["--base-seed"])) {
            args.seeds.base_seed = base;
        }
        match profile.max_fail.filter(|_| open(&["--max-fail", "--no-fail-fast"])) {
            Some(MaxFail::At(count)) => args.max_fail = count,
            Some(MaxFail::Never) => args.no_fail_fast = true,
            None => {}
        }
        if let Some(share) = profile.check_determinism.filter(|_| open(&["--check-determinism"])) {
            args.check_determinism = share;
        }
        if args.time_budget.is_none() {
            args.time_budget = profile.time_budget;
        }
        if let Some(tags) = profile.tags.as_ref().filter(|_| open(&["--tag", "scenarios"])) {
            args.tag.clone_from(tags);
        }
        // There is no `--shrink` to take it back with: what is typed can only ask for less.
        args.no_shrink |= profile.shrink == Some(Shrink::Nothing) && open(&["--keep"]);
        args
    }
}
