//! Which bugs are hunted, and with which scenarios.

use squall::zoo::{Key, Profile};
use squall::{Plan, Registry, Seed};
use squall_scenario::Overrides;

use crate::args::ProfileArg;
use crate::environment;
use crate::error::CliError;
use crate::library::{self, Loaded, Scope};

/// The tag of scenarios that know nothing of any bug and hunt them all.
const SWARM: &str = "swarm";

/// One bug and one scenario.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) key: Key,
    pub(super) loaded: Loaded,
}

impl Target {
    /// What a seed draws, with the bug on.
    pub(super) fn plan(&self, seed: Seed) -> Plan {
        let bugs = match self.key.profile {
            Profile::Own => None,
            Profile::Swarm => Some(vec![self.key.bug.clone()]),
        };
        self.loaded.scenario.plan(seed, &Overrides { bugs, ..Overrides::default() })
    }
}

/// What the arguments name, in the order of the score: by system, bug, profile and scenario.
pub(super) fn choose(
    registry: &Registry,
    bugs: &[String],
    profile: ProfileArg,
) -> Result<Vec<Target>, CliError> {
    let known: Vec<(&str, &str)> = registry
        .names()
        .flat_map(|system| registry.bugs(system).iter().map(move |bug| (system, bug.name)))
        .collect();
    for bug in bugs {
        if !known.iter().any(|(_, name)| name == bug) {
            return Err(CliError::Usage(unknown(bug, &known)));
        }
    }
    let loaded = library::load(registry, &[], Scope::All)?;
    let mut targets = Vec::new();
    for (system, bug) in known.iter().filter(|(_, name)| bugs.is_empty() || bugs.iter().any(|it| it == name))
    {
        let of_system = loaded.iter().filter(|one| one.scenario.system == *system);
        let hunting = of_system.filter_map(|one| Some((hunts(one, bug, profile)?, one)));
        targets.extend(hunting.map(|(profile, one)| Target {
            key: Key {
                system: (*system).to_owned(),
                bug: (*bug).to_owned(),
                profile,
                scenario: one.scenario.name.clone(),
            },
            loaded: one.clone(),
        }));
    }
    if targets.is_empty() {
        let why = "no scenario switches such a bug on, and none of its system has the tag `swarm`";
        return Err(CliError::Nothing(why.to_owned()));
    }
    let scenarios: Vec<Loaded> = targets.iter().map(|target| target.loaded.clone()).collect();
    library::refuse_unsupported(&scenarios)?;
    targets.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(targets)
}

/// As what a scenario hunts the bug, if it does.
fn hunts(one: &Loaded, bug: &str, profile: ProfileArg) -> Option<Profile> {
    let bugs = one.scenario.plan(Seed(0), &Overrides::default()).system.bugs;
    let own = bugs.iter().any(|name| *name == bug);
    let swarm = bugs.is_empty() && one.scenario.tags.iter().any(|tag| tag == SWARM);
    match profile {
        ProfileArg::Own | ProfileArg::All if own => Some(Profile::Own),
        ProfileArg::Swarm | ProfileArg::All if swarm => Some(Profile::Swarm),
        _ => None,
    }
}

fn unknown(bug: &str, known: &[(&str, &str)]) -> String {
    let close = known
        .iter()
        .map(|(_, name)| (strsim::jaro_winkler(bug, name), *name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match close {
        Some((_, close)) => format!("did you mean `{close}`?"),
        None if known.is_empty() => "no system has any".to_owned(),
        None => format!("`{} list` names them", environment::program()),
    };
    format!("no planted bug is named `{bug}`: {hint}")
}
