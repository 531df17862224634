//! Systems by name, without their types.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use squall_check::{Checker, Invariant, liveness_oracles};
use squall_history::condition::CONDITIONS;
use squall_history::{Plan, Topology};
use squall_io::catalogue::{Point, catalogue};
use squall_scenario::{Catalogue, OracleEntry, RoleEntry, SectionError, SystemEntry};

use crate::{
    BugSet, ClientCtx, FaultBudget, NodeCtx, NodeFuture, PlantedBug, Role, RoleKind, System, SystemError,
};

/// The systems a binary knows.
#[derive(Clone, Default)]
pub struct Registry {
    systems: BTreeMap<String, Arc<dyn Kind>>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.systems.keys()).finish()
    }
}

impl Registry {
    /// No system.
    pub fn new() -> Self {
        Self::default()
    }

    /// With a system under `name`.
    ///
    /// # Panics
    /// If the name is taken, or the system cannot be made from its defaults.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "`registry.add::<S>(name)` reads as what it does; nothing is summed"
    )]
    pub fn add<S: System>(mut self, name: &str) -> Self {
        let kind = Arc::new(Typed::<S>(std::marker::PhantomData));
        if let Err(error) = kind.make(&Value::Null, &Value::Null, BugSet::default()) {
            panic!("system `{name}` cannot be made from its default sections: {error}");
        }
        let before = self.systems.insert(name.to_owned(), kind);
        assert!(before.is_none(), "two systems are registered as `{name}`");
        self
    }

    /// Names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.systems.keys().map(String::as_str)
    }

    /// Planted bugs of a system.
    pub fn bugs(&self, system: &str) -> &'static [PlantedBug] {
        self.systems.get(system).map_or(&[], |kind| kind.bugs())
    }

    /// What a system says is worth reaching: names of its `sometimes!` and `reachable!`, sorted.
    pub fn goals(&self, system: &str) -> Vec<&'static str> {
        self.systems.get(system).map_or_else(Vec::new, |kind| goals(kind.as_ref()))
    }

    /// Names of the oracles that judge liveness in the runs of a plan.
    pub fn liveness(&self, plan: &Plan) -> BTreeSet<String> {
        let kind = self.kind(&plan.system.name);
        let made =
            kind.and_then(|kind| kind.make(&plan.system.config, &plan.workload, BugSet::default()).ok());
        let (invariants, checkers) =
            made.map(|system| (system.invariants(), system.checkers())).unwrap_or_default();
        liveness_oracles(&plan.expect, &invariants, &checkers)
    }

    /// A plan's own sections, `system.config` and `workload`, with nothing left to defaults; as they are
    /// if the system is unknown or refuses them.
    pub fn spelled_out(&self, plan: &Plan) -> (Value, Value) {
        self.sections(&plan.system.name, &plan.system.config, &plan.workload)
    }

    /// The same two sections of a system when a plan leaves both out.
    pub fn defaults(&self, system: &str) -> (Value, Value) {
        self.sections(system, &Value::Null, &Value::Null)
    }

    fn sections(&self, system: &str, config: &Value, workload: &Value) -> (Value, Value) {
        let spelled =
            self.kind(system).map(|kind| (kind.spell_config(config), kind.spell_workload(workload)));
        let (whole_config, whole_workload) = spelled.unwrap_or_default();
        (whole_config.unwrap_or_else(|| config.clone()), whole_workload.unwrap_or_else(|| workload.clone()))
    }

    /// Roles of a system, servers first.
    pub fn roles(&self, system: &str) -> Vec<&'static str> {
        let roles = self.kind(system).map(|kind| kind.roles()).unwrap_or_default();
        roles.into_iter().map(|role| role.name).collect()
    }

    /// Roles that clients of a system play.
    pub fn client_roles(&self, system: &str) -> Vec<&'static str> {
        let roles = self.kind(system).map(|kind| kind.roles()).unwrap_or_default();
        roles.into_iter().filter(|role| role.kind == RoleKind::Client).map(|role| role.name).collect()
    }

    pub(crate) fn kind(&self, name: &str) -> Option<Arc<dyn Kind>> {
        self.systems.get(name).cloned()
    }

    /// What scenarios can refer to.
    pub fn catalogue(&self) -> Catalogue {
        let systems = self.systems.iter().map(|(name, kind)| (name.clone(), entry(kind)));
        Catalogue { systems: systems.collect() }
    }
}

fn goals(kind: &dyn Kind) -> Vec<&'static str> {
    let is_own = |point: &&Point| kind.modules().iter().any(|module| point.is_in(module));
    let points = catalogue().into_iter().filter(|point| point.kind().is_goal()).filter(is_own);
    let mut names: Vec<&str> = points.map(Point::name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn entry(kind: &Arc<dyn Kind>) -> SystemEntry {
    let roles = kind.roles().into_iter().map(|role| RoleEntry {
        name: role.name.to_owned(),
        default_count: role.count,
        client: role.kind == RoleKind::Client,
    });
    let instance =
        kind.make(&Value::Null, &Value::Null, BugSet::default()).expect("checked when it was registered");
    let (config, workload) = (kind.clone(), kind.clone());
    let common = CONDITIONS.iter().map(|(name, _)| *name);
    let own = kind.conditions().iter().copied().chain(goals(kind.as_ref()));
    SystemEntry {
        oracles: oracles(instance.as_ref()),
        conditions: common.chain(own).map(str::to_owned).collect(),
        bugs: kind.bugs().iter().map(|bug| bug.name.to_owned()).collect(),
        planned: kind.planned().iter().map(|name| (*name).to_owned()).collect(),
        check_config: Arc::new(move |section| config.check_config(section)),
        check_workload: Arc::new(move |section| workload.check_workload(section)),
        ..SystemEntry::new(roles.collect())
    }
}

fn oracles(instance: &dyn Instance) -> Vec<OracleEntry> {
    let name =
        |name: &str, id: Option<&str>| OracleEntry { name: name.to_owned(), id: id.map(str::to_owned) };
    let invariants = instance.invariants();
    let checkers = instance.checkers();
    let mut oracles: Vec<OracleEntry> =
        squall_check::oracles().iter().map(|it| name(it.name, it.id)).collect();
    oracles.extend(invariants.iter().map(|it| name(it.name(), it.id())));
    oracles.extend(checkers.iter().map(|it| name(it.name(), it.id())));
    oracles
}

/// A kind of system, without its types.
pub(crate) trait Kind: Send + Sync {
    fn roles(&self) -> Vec<Role>;
    fn bugs(&self) -> &'static [PlantedBug];
    fn modules(&self) -> &'static [&'static str];
    fn conditions(&self) -> &'static [&'static str];
    fn planned(&self) -> &'static [&'static str];
    fn check_config(&self, section: &Value) -> Result<(), SectionError>;
    fn check_workload(&self, section: &Value) -> Result<(), SectionError>;
    /// A section with nothing left to defaults; `None` if it cannot be read.
    fn spell_config(&self, section: &Value) -> Option<Value>;
    fn spell_workload(&self, section: &Value) -> Option<Value>;
    /// A system for one run. An absent section (`null`) is the default.
    fn make(&self, config: &Value, workload: &Value, bugs: BugSet) -> Result<Box<dyn Instance>, SystemError>;
}

/// A system of one run, without its types.
pub(crate) trait Instance {
    fn node(&self, ctx: NodeCtx) -> NodeFuture;
    fn client(&self, ctx: ClientCtx) -> NodeFuture;
    fn tolerates(&self, topology: &Topology) -> FaultBudget;
    fn invariants(&self) -> Vec<Box<dyn Invariant>>;
    fn checkers(&self) -> Vec<Box<dyn Checker>>;
}

struct Typed<S>(std::marker::PhantomData<fn() -> S>);

/// Reads one of a system's sections; what is absent is the default. A scenario without the section
/// has an empty mapping, which a section of no fields, `()`, could not be read from.
fn read<T: Default + Serialize + DeserializeOwned>(section: &Value) -> Result<T, SectionError> {
    if section.is_null() || section.as_object().is_some_and(serde_json::Map::is_empty) {
        return Ok(T::default());
    }
    serde_path_to_error::deserialize(section).map_err(|error| SectionError {
        path: error.path().iter().map(ToString::to_string).collect(),
        message: error.inner().to_string(),
    })
}

impl<S: System> Kind for Typed<S> {
    fn roles(&self) -> Vec<Role> {
        S::roles()
    }

    fn bugs(&self) -> &'static [PlantedBug] {
        S::bugs()
    }

    fn modules(&self) -> &'static [&'static str] {
        S::modules()
    }

    fn conditions(&self) -> &'static [&'static str] {
        S::conditions()
    }

    fn planned(&self) -> &'static [&'static str] {
        S::planned()
    }

    fn check_config(&self, section: &Value) -> Result<(), SectionError> {
        read::<S::Config>(section).map(drop)
    }

    fn check_workload(&self, section: &Value) -> Result<(), SectionError> {
        read::<S::Workload>(section).map(drop)
    }

    fn spell_config(&self, section: &Value) -> Option<Value> {
        serde_json::to_value(read::<S::Config>(section).ok()?).ok()
    }

    fn spell_workload(&self, section: &Value) -> Option<Value> {
        serde_json::to_value(read::<S::Workload>(section).ok()?).ok()
    }

    fn make(&self, config: &Value, workload: &Value, bugs: BugSet) -> Result<Box<dyn Instance>, SystemError> {
        let wrong = |error: SectionError| SystemError(format!("{}: {}", error.path.join("."), error.message));
        let system = S::new(read(config).map_err(wrong)?, read(workload).map_err(wrong)?, bugs)?;
        Ok(Box::new(system))
    }
}

impl<S: System> Instance for S {
    fn node(&self, ctx: NodeCtx) -> NodeFuture {
        System::node(self, ctx)
    }

    fn client(&self, ctx: ClientCtx) -> NodeFuture {
        System::client(self, ctx)
    }

    fn tolerates(&self, topology: &Topology) -> FaultBudget {
        System::tolerates(self, topology)
    }

    fn invariants(&self) -> Vec<Box<dyn Invariant>> {
        System::invariants(self)
    }

    fn checkers(&self) -> Vec<Box<dyn Checker>> {
        System::checkers(self)
    }
}
