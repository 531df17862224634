//! The scenario files: found, read, chosen by name or path.

use std::path::{Path, PathBuf};

use squall::Registry;
use squall_scenario::{Catalogue, Scenario, Source, parse};

use crate::environment;
use crate::error::CliError;

/// Where scenarios lie, seen from the project's root.
const SCENARIOS: &str = "scenarios";

/// Which folders a search covers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Scope {
    /// Regressions, then `scenarios/`: what a bare run runs.
    Bare,
    /// The zoo as well.
    All,
}

/// A scenario and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) scenario: Scenario,
    pub(crate) path: PathBuf,
    /// What to call it in a command: its name if that finds it, else its path.
    pub(crate) target: String,
}

/// All scenario files of a scope, regressions first, each folder sorted by name.
fn files(scope: Scope) -> Result<Vec<PathBuf>, CliError> {
    let root = Path::new(SCENARIOS);
    let mut folders = vec![root.join("regressions"), root.to_owned()];
    if scope == Scope::All {
        folders.push(root.join("zoo"));
    }
    let mut files = Vec::new();
    for folder in folders {
        if !folder.is_dir() {
            continue;
        }
        let unreadable = |source| CliError::Read { path: folder.clone(), source };
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                found.push(path);
            }
        }
        found.sort();
        files.extend(found);
    }
    Ok(files)
}

/// Reads one file; what is wrong with it is for the caller to collect.
fn read(
    path: &Path,
    catalogue: &Catalogue,
) -> Result<Result<Scenario, squall_scenario::Diagnostics>, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let well = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + well.iter().filter(|byte| **byte == b'\n').count();
        CliError::NotText { path: path.to_owned(), line }
    })?;
    Ok(parse(&Source::new(&path.display().to_string(), &text), catalogue))
}

/// The scenarios that `filter` names, or all of `scope`. Every file that is invalid is told at once.
pub(crate) fn load(registry: &Registry, filter: &[String], scope: Scope) -> Result<Vec<Loaded>, CliError> {
    let catalogue = registry.catalogue();
    let paths: Vec<PathBuf> = filter.iter().filter(|name| is_path(name)).map(PathBuf::from).collect();
    let names: Vec<&String> = filter.iter().filter(|name| !is_path(name)).collect();
    let mut known = Vec::new();
    let mut invalid = Vec::new();
    if filter.is_empty() || !names.is_empty() {
        let scope = if names.is_empty() { scope } else { Scope::All };
        for path in files(scope)? {
            match read(&path, &catalogue)? {
                Ok(scenario) => {
                    let target = scenario.name.clone();
                    known.push(Loaded { scenario, path, target });
                }
                Err(diagnostics) => invalid.push((path, diagnostics)),
            }
        }
        refuse_same_names(&known)?;
    }
    let mut chosen = Vec::new();
    for path in paths {
        match read(&path, &catalogue)? {
            // Named twice, it runs once: results and files are told apart by the scenario's name.
            Ok(_) if chosen.iter().any(|other: &Loaded| other.path == path) => {}
            Ok(scenario) => {
                let target = path.display().to_string();
                chosen.push(Loaded { scenario, path, target });
            }
            Err(diagnostics) => return Err(CliError::Invalid(vec![diagnostics])),
        }
    }
    if names.is_empty() {
        if !invalid.is_empty() {
            return Err(CliError::Invalid(invalid.into_iter().map(|(_, diagnostics)| diagnostics).collect()));
        }
        chosen.extend(known);
        refuse_same_names(&chosen)?;
        return Ok(chosen);
    }
    for name in names {
        let found = known.iter().find(|loaded| loaded.scenario.name == *name);
        match found {
            Some(loaded) if chosen.iter().any(|other| other.path == loaded.path) => {}
            Some(loaded) => chosen.push(loaded.clone()),
            // The file may be there and be invalid: then that is what to say.
            None => match invalid
                .iter()
                .find(|(path, _)| path.file_stem().is_some_and(|stem| stem == name.as_str()))
            {
                Some((_, diagnostics)) => return Err(CliError::Invalid(vec![diagnostics.clone()])),
                None => return Err(no_scenario(name, &known)),
            },
        }
    }
    refuse_same_names(&chosen)?;
    Ok(chosen)
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml")
}

fn refuse_same_names(known: &[Loaded]) -> Result<(), CliError> {
    for (place, one) in known.iter().enumerate() {
        if let Some(other) = known[..place].iter().find(|other| other.scenario.name == one.scenario.name) {
            let (name, first, second) = (one.scenario.name.clone(), other.path.clone(), one.path.clone());
            return Err(CliError::SameName { name, first, second });
        }
    }
    Ok(())
}

fn no_scenario(name: &str, known: &[Loaded]) -> CliError {
    let close = known
        .iter()
        .map(|loaded| (strsim::jaro_winkler(name, &loaded.scenario.name), &loaded.scenario.name))
        .filter(|(likeness, _)| *likeness > 0.75)
        .max_by(|one, other| one.0.total_cmp(&other.0));
    let hint = match close {
        Some((_, close)) => format!("; did you mean `{close}`?"),
        None if known.is_empty() => format!("; there are none under {SCENARIOS}/"),
        None => format!("; `{} list` names them", environment::program()),
    };
    CliError::NoScenario { name: name.to_owned(), hint }
}

/// Refuses what uses features that are not built.
pub(crate) fn refuse_unsupported(loaded: &[Loaded]) -> Result<(), CliError> {
    match loaded.iter().find(|loaded| !loaded.scenario.unsupported.is_empty()) {
        None => Ok(()),
        Some(loaded) => Err(CliError::Unsupported {
            scenario: loaded.scenario.name.clone(),
            why: Box::new(loaded.scenario.unsupported.clone()),
        }),
    }
}
