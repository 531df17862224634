//! One run, named on the command line: a scenario with a seed, or a plan file that brings both.

use std::path::PathBuf;

use squall::{Plan, Registry, Seed};
use squall_scenario::{Colour, Overrides, Scenario, Seeds, SwarmDraw};

use crate::args::Target;
use crate::error::CliError;
use crate::known::Found;
use crate::library::{self, Scope};

/// A run that was named.
pub(super) struct Named {
    pub(super) plan: Plan,
    pub(super) path: PathBuf,
    /// How the run ended when it was found, if that is known.
    pub(super) found: Option<Found>,
    /// What the seed drew of the scenario's fault classes.
    pub(super) swarms: Vec<SwarmDraw>,
    scenario: Scenario,
}

/// Whether features that are not built stop it: running them would be a lie, planning shows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Unsupported {
    Refuse,
    Warn,
}

impl Named {
    pub(super) fn load(
        registry: &Registry,
        target: &Target,
        unsupported: Unsupported,
    ) -> Result<Self, CliError> {
        let loaded = library::load(registry, std::slice::from_ref(&target.scenario), Scope::All)?;
        if unsupported == Unsupported::Refuse {
            library::refuse_unsupported(&loaded)?;
        }
        let loaded = loaded.into_iter().next().expect("what is named is found or refused");
        anstream::eprint!("{}", loaded.scenario.unsupported.render(Colour::Always));
        let overrides = target.changes.overrides();
        loaded.scenario.check_overrides(&overrides, &registry.catalogue())?;
        library::refuse_lacks(&loaded.scenario, &overrides)?;
        let seed = match (target.seed, &loaded.scenario.seeds) {
            (Some(seed), _) => seed,
            (None, Seeds::List(seeds)) if seeds.len() == 1 => seeds[0],
            (None, _) => {
                let name = &loaded.target;
                return Err(CliError::Usage(format!(
                    "{name} has more than one seed: say which with --seed, as `--seed 0x1f3a`"
                )));
            }
        };
        let text = &loaded.scenario.source().text;
        let plan = loaded.scenario.plan(seed, &overrides);
        // What a plan file says of its run holds for the file as it stands.
        let unchanged = overrides == Overrides::default();
        let found = Found::read(text).filter(|_| unchanged).or_else(|| Found::latest(&plan));
        let swarms = loaded.scenario.swarms(seed);
        Ok(Self { plan, path: loaded.path, found, swarms, scenario: loaded.scenario })
    }

    /// What the same scenario, changed in the same way, plans for other seeds.
    pub(super) fn planner(&self, target: &Target) -> impl Fn(Seed) -> Plan {
        let overrides = target.changes.overrides();
        move |seed| self.scenario.plan(seed, &overrides)
    }

    pub(super) const fn seed(&self) -> Seed {
        self.plan.seed
    }
}
