//! Campaign profiles: names for how thorough a campaign is to be, in `.config/chaos.toml`.
//!
//! A profile fills in what the command line leaves open, and itself stands above what scenario files say. Every
//! profile builds on `default`. Three are built in, and a file may change them or add its own; without a file
//! the built-in ones hold. What a profile can say is data here; who applies it is `args/profile.rs`.

mod read;

use std::collections::BTreeMap;
use std::path::Path;

use squall::SimDuration;
use squall::history::Ppm;
use squall_scenario::Seeds;

use crate::args::BaseSeed;
use crate::error::CliError;

/// Where profiles stand, seen from the project's root.
pub(crate) const FILE: &str = ".config/chaos.toml";
/// The profile that holds if none is named, and on which all others build.
pub(crate) const DEFAULT: &str = "default";

/// What a profile says. What it leaves open is as if there were no profile.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) seeds: Option<SeedsRule>,
    pub(crate) base_seed: Option<BaseSeed>,
    pub(crate) max_fail: Option<MaxFail>,
    pub(crate) check_determinism: Option<Ppm>,
    pub(crate) time_budget: Option<SimDuration>,
    pub(crate) tags: Option<Vec<String>>,
    pub(crate) shrink: Option<Shrink>,
}

/// How many seeds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum SeedsRule {
    /// These, of every scenario.
    Fixed(Seeds),
    /// So many times as many as each scenario says itself.
    Factor(u64),
}

/// How many failing seeds end a scenario.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum MaxFail {
    /// The N-th.
    At(u64),
    /// None does.
    Never,
}

/// Whether failing seeds are shrunk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shrink {
    /// The first of each scenario.
    First,
    /// None.
    Nothing,
}

/// All profiles, by name.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Profiles(BTreeMap<String, Profile>);

impl Profiles {
    /// Those that are built in.
    fn built_in() -> Self {
        let nightly = Profile {
            seeds: Some(SeedsRule::Factor(10)),
            base_seed: Some(BaseSeed::Random),
            max_fail: Some(MaxFail::At(5)),
            ..Profile::default()
        };
        let named = [(DEFAULT, Profile::default()), ("ci", Profile::default()), ("nightly", nightly)];
        Self(named.map(|(name, profile)| (name.to_owned(), profile)).into())
    }

    /// The built-in ones and those of the project.
    pub(crate) fn load() -> Result<Self, CliError> {
        let path = Path::new(FILE);
        if !path.exists() {
            return Ok(Self::built_in());
        }
        let text = std::fs::read_to_string(path)
            .map_err(|source| CliError::Read { path: path.to_owned(), source })?;
        let mut profiles = Self::built_in();
        for (name, said) in read::profiles(FILE, &text).map_err(CliError::InvalidProfiles)? {
            let built_in = profiles.0.remove(&name).unwrap_or_default();
            profiles.0.insert(name, said.over(&built_in));
        }
        Ok(profiles)
    }

    /// The profile of that name, with what `default` says where it says nothing.
    pub(crate) fn named(&self, name: &str) -> Result<Profile, CliError> {
        let Some(profile) = self.0.get(name) else {
            let known: Vec<&str> = self.0.keys().map(String::as_str).collect();
            let hint = match close(name, known.iter().copied()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("there are {}", known.join(", ")),
            };
            return Err(CliError::Usage(format!("no profile is named `{name}`: {hint}")));
        };
        Ok(profile.over(&self.0[DEFAULT]))
    }

    /// Each with what it comes to, by name.
    pub(crate) fn resolved(&self) -> Vec<(&str, Profile)> {
        let default = &self.0[DEFAULT];
        self.0.iter().map(|(name, profile)| (name.as_str(), profile.over(default))).collect()
    }
}

impl Profile {
    /// This, and `below` where it says nothing.
    fn over(&self, below: &Self) -> Self {
        let (own, below) = (self.clone(), below.clone());
        Self {
            seeds: own.seeds.or(below.seeds),
            base_seed: own.base_seed.or(below.base_seed),
            max_fail: own.max_fail.or(below.max_fail),
            check_determinism: own.check_determinism.or(below.check_determinism),
            time_budget: own.time_budget.or(below.time_budget),
            tags: own.tags.or(below.tags),
            shrink: own.shrink.or(below.shrink),
        }
    }

    /// What it says, as the file would: keys and values, in the order of the documentation.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        let quoted = |text: String| format!("\"{text}\"");
        let seeds = self.seeds.as_ref().map(|rule| match rule {
            SeedsRule::Factor(factor) => ("seeds-factor", factor.to_string()),
            SeedsRule::Fixed(Seeds::Range { from, count }) => {
                ("seeds", quoted(format!("{from}..{}", squall::Seed(from.0.wrapping_add(*count)))))
            }
            SeedsRule::Fixed(seeds) => ("seeds", seeds.count().to_string()),
        });
        let base = self.base_seed.map(|base| match base {
            BaseSeed::Random => quoted("random".to_owned()),
            BaseSeed::Fixed(seed) => quoted(seed.to_string()),
        });
        let max_fail = self.max_fail.map(|max| match max {
            MaxFail::At(count) => count.to_string(),
            MaxFail::Never => quoted("none".to_owned()),
        });
        let tags = self.tags.as_ref().map(|tags| {
            let tags: Vec<String> = tags.iter().map(|tag| quoted(tag.clone())).collect();
            format!("[{}]", tags.join(", "))
        });
        let rest = [
            ("base-seed", base),
            ("max-fail", max_fail),
            ("check-determinism", self.check_determinism.map(|share| quoted(share.to_string()))),
            ("time-budget", self.time_budget.map(|budget| quoted(budget.to_string()))),
            ("tags", tags),
            ("shrink", self.shrink.map(|shrink| (shrink == Shrink::First).to_string())),
        ];
        seeds.into_iter().chain(rest.into_iter().filter_map(|(key, value)| Some((key, value?)))).collect()
    }
}

/// The known name that was probably meant.
fn close<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let scored = known.map(|known| (strsim::jaro_winkler(name, known), known));
    let close = scored.filter(|(likeness, _)| *likeness > 0.75);
    close.max_by(|one, other| one.0.total_cmp(&other.0)).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Profiles {
        let mut profiles = Profiles::built_in();
        for (name, said) in read::profiles("chaos.toml", text).expect("it is valid") {
            let built_in = profiles.0.remove(&name).unwrap_or_default();
            profiles.0.insert(name, said.over(&built_in));
        }
        profiles
    }

    fn settings(profiles: &Profiles, name: &str) -> Vec<String> {
        let profile = profiles.named(name).expect("it is there");
        profile.settings().iter().map(|(key, value)| format!("{key} = {value}")).collect()
    }

    #[test]
    fn a_profile_stands_on_the_default_one_and_on_its_built_in_self() {
        let profiles =
            of("[profile.default]\nseeds = 7\nmax-fail = 2\n[profile.nightly]\nmax-fail = \"none\"\n");
        assert_eq!(settings(&profiles, "default"), ["seeds = 7", "max-fail = 2"]);
        assert_eq!(settings(&profiles, "ci"), ["seeds = 7", "max-fail = 2"]);
        let nightly = ["seeds-factor = 10", "base-seed = \"random\"", "max-fail = \"none\""];
        assert_eq!(settings(&profiles, "nightly"), nightly);
    }

    #[test]
    fn what_is_shown_can_be_read() {
        let all = "[profile.all]\nseeds = \"0x10..0x20\"\nbase-seed = \"0x7\"\nmax-fail = 3\n\
                   check-determinism = \"5%\"\ntime-budget = \"10m\"\ntags = [\"a\", \"b\"]\nshrink = false\n";
        let profiles = of(all);
        let shown = settings(&profiles, "all").join("\n");
        assert_eq!(of(&format!("[profile.all]\n{shown}\n")), profiles, "{shown}");
        assert_eq!(shown.lines().count(), 7, "every setting: {shown}");
    }
}
