//! Scenarios from Rust: what a YAML file says, said by methods.
//!
//! A builder writes the file that a person would have written and reads it as any other: so both mean the
//! same, every check of names and values holds, and [`Scenario::source`] is a file to keep. Nothing can be
//! said here that YAML cannot say.
//!
//! ```
//! use squall_history::SimDuration;
//! use squall_scenario::build::{Fault, Nodes, act};
//! use squall_scenario::{Catalogue, RoleEntry, Scenario, SystemEntry};
//!
//! # let server = RoleEntry { name: "server".to_owned(), default_count: 3, client: false };
//! # let catalogue = Catalogue { systems: [("kv".to_owned(), SystemEntry::new(vec![server]))].into() };
//! let second = SimDuration::from_secs(1);
//! let scenario = Scenario::builder("one-dies", "kv")
//!     .nodes("server", 5)
//!     .workload("keys", 1..=4)
//!     .duration(SimDuration::from_secs(20))
//!     .seeds(50)
//!     .fault(Fault::at(second).lasting(second).does(act::kill(Nodes::role("server").one())))
//!     .build(&catalogue)
//!     .unwrap_or_else(|problems| panic!("{problems}"));
//! assert_eq!(scenario.seeds.count(), 50);
//! ```
//!
//! Where a value may be a range (`100ms..1s`, drawn for each seed), it takes `low..=high` as well.

pub mod act;
mod fault;
mod nodes;
mod setting;

use std::fmt::Write as _;

use squall_history::{Seed, SimDuration};

pub use self::act::Act;
pub use self::fault::{Fault, Step};
pub use self::nodes::Nodes;
pub use self::setting::{Map, Setting};

use crate::catalogue::Catalogue;
use crate::diagnostic::{Diagnostics, Source};
use crate::read::parse;
use crate::scenario::Scenario;

/// A scenario in the making: see the [module](self).
#[derive(Clone, PartialEq, Debug)]
#[must_use = "nothing is made before `build`"]
pub struct ScenarioBuilder {
    name: String,
    system: String,
    description: Option<String>,
    tags: Vec<Setting>,
    engine: Option<String>,
    config: Map,
    bugs: Vec<Setting>,
    zones: Vec<Setting>,
    roles: Map,
    network: Map,
    links: Vec<Setting>,
    clock: Map,
    disk: Map,
    workload: Map,
    duration: Setting,
    seeds: Option<Setting>,
    faults: Vec<Setting>,
    expect: Map,
    sometimes: Vec<Setting>,
    limits: Map,
}

impl Scenario {
    /// Begins a scenario of that name (small letters, digits, hyphens) for a registered system. It lasts
    /// 20 simulated seconds unless [`duration`](ScenarioBuilder::duration) says otherwise.
    pub fn builder(name: &str, system: &str) -> ScenarioBuilder {
        ScenarioBuilder {
            name: name.to_owned(),
            system: system.to_owned(),
            description: None,
            tags: Vec::new(),
            engine: None,
            config: Map::new(),
            bugs: Vec::new(),
            zones: Vec::new(),
            roles: Map::new(),
            network: Map::new(),
            links: Vec::new(),
            clock: Map::new(),
            disk: Map::new(),
            workload: Map::new(),
            duration: SimDuration::from_secs(20).into(),
            seeds: None,
            faults: Vec::new(),
            expect: Map::new(),
            sometimes: Vec::new(),
            limits: Map::new(),
        }
    }
}

/// Who takes part.
impl ScenarioBuilder {
    /// One line about it.
    pub fn description(mut self, text: &str) -> Self {
        self.description = Some(text.to_owned());
        self
    }

    /// A tag, for choosing scenarios; may be repeated.
    pub fn tag(mut self, tag: &str) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// The engine it is meant for; `native` unless it is said.
    pub fn engine(mut self, name: &str) -> Self {
        self.engine = Some(name.to_owned());
        self
    }

    /// A value of the system's own configuration.
    pub fn config(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.config = self.config.with(key, value);
        self
    }

    /// Switches a planted bug on; may be repeated.
    pub fn bug(mut self, name: &str) -> Self {
        self.bugs.push(name.into());
        self
    }

    /// How many nodes play a role; those of roles that are not named are the system's own number.
    pub fn nodes(self, role: &str, count: impl Into<Setting>) -> Self {
        self.role(role, Map::new().with("count", count))
    }

    /// A role in full: `count`, `zones`, `spread`, `labels`, `restart`.
    pub fn role(mut self, role: &str, options: Map) -> Self {
        self.roles = self.roles.with(role, options);
        self
    }

    /// A zone that nodes can stand in; may be repeated.
    pub fn zone(mut self, name: &str) -> Self {
        self.zones.push(name.into());
        self
    }

    /// A value of the clients' work, as the system reads it.
    pub fn workload(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.workload = self.workload.with(key, value);
        self
    }
}

/// What surrounds them.
impl ScenarioBuilder {
    /// How all links behave before any fault: `latency`, `jitter`, `loss`, …
    pub fn network(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.network = self.network.with(key, value);
        self
    }

    /// Links that behave otherwise: `from`, `to`, and what [`network`](Self::network) takes; may be repeated.
    pub fn link(mut self, options: Map) -> Self {
        self.links.push(options.into());
        self
    }

    /// How clocks behave before any fault: `drift`, `skew`, `uncertainty`.
    pub fn clock(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.clock = self.clock.with(key, value);
        self
    }

    /// How disks behave before any fault: `latency`, `fsync`, `capacity`.
    pub fn disk(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.disk = self.disk.with(key, value);
        self
    }

    /// Simulated length of a run.
    pub fn duration(mut self, duration: impl Into<Setting>) -> Self {
        self.duration = duration.into();
        self
    }

    /// How many seeds; a hundred unless it is said. They are derived from the campaign's base seed.
    pub fn seeds(mut self, count: u64) -> Self {
        self.seeds = Some(count.into());
        self
    }

    /// Exactly these seeds.
    pub fn these_seeds(mut self, seeds: impl IntoIterator<Item = Seed>) -> Self {
        self.seeds = Some(Setting::List(seeds.into_iter().map(Setting::from).collect()));
        self
    }

    /// Where a run is stopped: `events`, `wall`, `memory`, `stop-on`.
    pub fn limit(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.limits = self.limits.with(key, value);
        self
    }
}

/// What goes wrong, and what is to hold.
impl ScenarioBuilder {
    /// A fault, or many of a kind; may be repeated.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault.into());
        self
    }

    /// Only these oracles judge, by name, and each must have had something to judge; all of them unless it is
    /// said.
    pub fn invariants<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = Setting::List(names.into_iter().map(Setting::from).collect());
        self.expect = self.expect.with("invariants", names);
        self
    }

    /// Operations succeed this soon after the start.
    pub fn steady_state_within(self, bound: impl Into<Setting>) -> Self {
        self.expect("steady-state", Map::new().with("within", bound))
    }

    /// Operations succeed again this soon after the last fault.
    pub fn recovery_within(self, bound: impl Into<Setting>) -> Self {
        self.expect("recovery", Map::new().with("within", bound))
    }

    /// A condition that must occur in some seed; may be repeated.
    pub fn sometimes(mut self, condition: &str) -> Self {
        self.sometimes.push(condition.into());
        self
    }

    /// What it violates, by the oracle's name: it passes although it does. See
    /// [`expect`](Self::expect) for more than the name.
    pub fn known_failure(self, oracle: &str) -> Self {
        self.expect("known-failure", Map::new().with("invariant", oracle))
    }

    /// Any other entry of `expect`: `availability`, `latency`, `known-failure`, …
    pub fn expect(mut self, key: &str, value: impl Into<Setting>) -> Self {
        self.expect = self.expect.with(key, value);
        self
    }

    /// As a scenario file.
    pub fn to_yaml(&self) -> String {
        let mut text = String::from("version: 1\n");
        let mut put = |key: &str, value: Option<Setting>| {
            if let Some(value) = value {
                let _ = writeln!(text, "{key}: {value}");
            }
        };
        let list = |items: &[Setting]| (!items.is_empty()).then(|| Setting::List(items.to_vec()));
        let map = |map: Map| (!map.is_empty()).then(|| map.into());
        put("name", Some(self.name.as_str().into()));
        put("description", self.description.as_deref().map(Setting::from));
        put("tags", list(&self.tags));
        put("engine", self.engine.as_deref().map(Setting::from));
        let system = Map::new().with("name", self.system.as_str());
        let system = system.with_some("config", map(self.config.clone())).with_some("bugs", list(&self.bugs));
        put("system", Some(system.into()));
        put(
            "topology",
            map(Map::new().with_some("zones", list(&self.zones)).with_some("roles", map(self.roles.clone()))),
        );
        put("network", map(self.network.clone().with_some("links", list(&self.links))));
        put("clock", map(self.clock.clone()));
        put("disk", map(self.disk.clone()));
        put("workload", map(self.workload.clone()));
        put("duration", Some(self.duration.clone()));
        put("seeds", self.seeds.clone());
        if !self.faults.is_empty() {
            text.push_str("faults:\n");
            for fault in &self.faults {
                let _ = writeln!(text, "  - {fault}");
            }
        }
        let expect = self.expect.clone().with_some("sometimes", list(&self.sometimes));
        for (key, section) in [("expect", expect), ("limits", self.limits.clone())] {
            if !section.is_empty() {
                let _ = writeln!(text, "{key}: {}", Setting::from(section));
            }
        }
        text
    }

    /// The scenario.
    ///
    /// # Errors
    /// What is wrong with it, each place shown in the file that it would be: a name that nobody knows, a
    /// value out of its range.
    pub fn build(&self, catalogue: &Catalogue) -> Result<Scenario, Diagnostics> {
        let file = format!("{}.yaml", self.name);
        parse(&Source::new(&file, &self.to_yaml()), catalogue)
    }
}
