//! What the command line changes about a scenario: planted bugs, and single values.

use squall_history::SimDuration;

use crate::catalogue::Catalogue;
use crate::faults::FAULTS_MAX;
use crate::names::{did_you_mean, listed};
use crate::range::{Quantity, Ranged};
use crate::scenario::Scenario;
use crate::yaml;
use crate::{diagnostic::Report, tree::Node};

/// Changes to a scenario that need no other file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Overrides {
    /// Replaces the planted bugs that the file switches on.
    pub bugs: Option<Vec<String>>,
    /// Values by dotted key: `duration`, and anything below `system.config` and `workload`. Each
    /// value is YAML, ranges included.
    pub set: Vec<(String, String)>,
    /// Replaces the engine of the file.
    pub engine: Option<String>,
    /// Leaves out what the engine cannot inject, whatever the file says.
    pub skip_unsupported: bool,
}

/// Why an override does not fit.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OverrideError {
    /// The key is none that can be set.
    #[error("`{key}` cannot be set: only `duration`, `system.config.…` and `workload.…` can")]
    Key {
        /// As given.
        key: String,
    },
    /// The value is not YAML, or not what the key takes.
    #[error("`{value}` does not fit `{key}`: {reason}")]
    Value {
        /// As given.
        key: String,
        /// As given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The system refuses its section with these values.
    #[error("the system refuses `{section}` with these values: {reason}")]
    Section {
        /// Which.
        section: &'static str,
        /// In the system's words.
        reason: String,
    },
    /// The system has no such planted bug.
    #[error("unknown planted bug `{bug}`: {hint}")]
    Bug {
        /// As given.
        bug: String,
        /// What it may have been meant to be, or what there is.
        hint: String,
    },
}

enum Target<'k> {
    Duration,
    Config(Vec<&'k str>),
    Workload(Vec<&'k str>),
}

fn target(key: &str) -> Option<Target<'_>> {
    let parts: Vec<&str> = key.split('.').collect();
    if parts.iter().any(|part| part.is_empty()) {
        return None;
    }
    Some(match parts[..] {
        ["duration"] => Target::Duration,
        ["system", "config", ref rest @ ..] if !rest.is_empty() => Target::Config(rest.to_vec()),
        ["workload", ref rest @ ..] if !rest.is_empty() => Target::Workload(rest.to_vec()),
        _ => return None,
    })
}

fn duration<T: Quantity>(node: &Node) -> Result<Ranged<T>, String> {
    let mut report = Report::default();
    let range = Ranged::read(node, &mut report);
    range.ok_or_else(|| report.list.pop().map_or_else(String::new, |error| error.label))
}

impl Scenario {
    /// Whether all overrides fit, to be asked once before planning.
    ///
    /// # Errors
    /// The first that does not.
    pub fn check_overrides(&self, overrides: &Overrides, catalogue: &Catalogue) -> Result<(), OverrideError> {
        for (key, value) in &overrides.set {
            let wrong =
                |reason: String| OverrideError::Value { key: key.clone(), value: value.clone(), reason };
            let Some(target) = target(key) else { return Err(OverrideError::Key { key: key.clone() }) };
            let node = yaml::read_value(value).map_err(wrong)?;
            if let Target::Duration = target {
                let longest = duration::<SimDuration>(&node).map_err(wrong)?.high;
                if self.faults.iter().any(|entry| entry.expected(longest) > FAULTS_MAX) {
                    return Err(wrong(format!("one fault entry would plan more than {FAULTS_MAX} faults")));
                }
            }
        }
        let Some(system) = catalogue.systems.get(&self.system) else { return Ok(()) };
        for bug in overrides.bugs.iter().flatten() {
            if !system.bugs.contains(bug) && !system.planned.contains(bug) {
                let known = || system.bugs.iter().map(String::as_str);
                let hint =
                    did_you_mean(bug, known()).unwrap_or_else(|| format!("known are {}", listed(known())));
                return Err(OverrideError::Bug { bug: bug.clone(), hint });
            }
        }
        let changed = self.with(overrides);
        let refused = |section| move |reason| OverrideError::Section { section, reason };
        changed.config.check(&system.check_config).map_err(refused("system.config"))?;
        changed.workload.check(&system.check_workload).map_err(refused("workload"))
    }

    /// The scenario with these values set; those that do not fit are left out.
    pub(crate) fn with(&self, overrides: &Overrides) -> Self {
        let mut scenario = self.clone();
        for (key, value) in &overrides.set {
            let (Some(target), Ok(node)) = (target(key), yaml::read_value(value)) else { continue };
            match target {
                Target::Duration => scenario.duration = duration(&node).unwrap_or(scenario.duration),
                Target::Config(path) => scenario.config.set(&path, node),
                Target::Workload(path) => scenario.workload.set(&path, node),
            }
        }
        scenario
    }
}
