//! The scenario files: found, read, chosen by name or path.

use std::path::{Path, PathBuf};

use squall::capability::Lack;
use squall::{HostError, Registry, Seed};
use squall_scenario::{Catalogue, Overrides, Scenario, Source, parse};

use crate::environment;
use crate::error::CliError;

/// Where scenarios lie, seen from the project's root.
const SCENARIOS: &str = "scenarios";

/// Where what was found once lies; a bare run begins with it.
pub(crate) const REGRESSIONS: &str = "scenarios/regressions";

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
    let mut folders = vec![PathBuf::from(REGRESSIONS), root.to_owned()];
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

/// Reads one file.
pub(crate) fn read(path: &Path, catalogue: &Catalogue) -> Result<Scenario, CliError> {
    let bytes = std::fs::read(path).map_err(|source| CliError::Read { path: path.to_owned(), source })?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let well = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + well.iter().filter(|byte| **byte == b'\n').count();
        CliError::NotText { path: path.to_owned(), line }
    })?;
    let source = Source::new(&path.display().to_string(), &text);
    parse(&source, catalogue).map_err(|diagnostics| CliError::Invalid(Box::new(diagnostics)))
}

/// All files of a scope: those that are scenarios, and what is wrong with the others.
struct Shelf {
    known: Vec<Loaded>,
    broken: Vec<(PathBuf, CliError)>,
}

impl Shelf {
    fn read(scope: Scope, catalogue: &Catalogue) -> Result<Self, CliError> {
        let mut shelf = Self { known: Vec::new(), broken: Vec::new() };
        for path in files(scope)? {
            match read(&path, catalogue) {
                Ok(scenario) => {
                    let target = scenario.name.clone();
                    shelf.known.push(Loaded { scenario, path, target });
                }
                Err(error) => shelf.broken.push((path, error)),
            }
        }
        Ok(shelf)
    }

    /// Every scenario; if some file is broken, what is wrong with each of them.
    fn all(self) -> Result<Vec<Loaded>, CliError> {
        if self.broken.is_empty() {
            return Ok(self.known);
        }
        Err(CliError::Several(self.broken.into_iter().map(|(_, error)| error).collect()))
    }

    /// The scenario of that name. A broken file of another name is no reason to refuse it.
    fn named(&mut self, name: &str) -> Result<Loaded, CliError> {
        let mut found = self.known.iter().filter(|loaded| loaded.scenario.name == name);
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => Err(same_name(one, other)),
            (Some(loaded), None) => Ok(loaded.clone()),
            // Its file may be there and be broken: then that is what to say.
            (None, _) => match self.broken.iter().position(|(path, _)| is_stem(path, name)) {
                Some(place) => Err(self.broken.swap_remove(place).1),
                None => Err(no_scenario(name, &self.known)),
            },
        }
    }
}

/// The scenarios that `filter` names, or all of `scope`.
pub(crate) fn load(registry: &Registry, filter: &[String], scope: Scope) -> Result<Vec<Loaded>, CliError> {
    let catalogue = registry.catalogue();
    if filter.is_empty() {
        let all = Shelf::read(scope, &catalogue)?.all()?;
        refuse_same_names(&all)?;
        return Ok(all);
    }
    let (paths, names): (Vec<&String>, Vec<&String>) = filter.iter().partition(|name| is_path(name));
    let mut chosen: Vec<Loaded> = Vec::new();
    // Named twice, it runs once: results and files are told apart by the scenario's name.
    let mut choose = |loaded: Loaded| {
        if !chosen.iter().any(|other| other.path == loaded.path) {
            chosen.push(loaded);
        }
    };
    for target in paths {
        let path = PathBuf::from(target);
        choose(Loaded { scenario: read(&path, &catalogue)?, path, target: target.clone() });
    }
    if !names.is_empty() {
        let mut shelf = Shelf::read(Scope::All, &catalogue)?;
        for name in names {
            choose(shelf.named(name)?);
        }
    }
    refuse_same_names(&chosen)?;
    Ok(chosen)
}

fn is_stem(path: &Path, name: &str) -> bool {
    path.file_stem().is_some_and(|stem| stem == name)
}

fn is_path(name: &str) -> bool {
    name.contains('/') || name.ends_with(".yaml") || name.ends_with(".yml")
}

fn refuse_same_names(known: &[Loaded]) -> Result<(), CliError> {
    for (place, one) in known.iter().enumerate() {
        if let Some(other) = known[..place].iter().find(|other| other.scenario.name == one.scenario.name) {
            return Err(same_name(other, one));
        }
    }
    Ok(())
}

fn same_name(first: &Loaded, second: &Loaded) -> CliError {
    let name = first.scenario.name.clone();
    CliError::SameName { name, first: first.path.clone(), second: second.path.clone() }
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

/// Refuses what the engine cannot do, or says that it is left out.
pub(crate) fn refuse_lacks(scenario: &Scenario, overrides: &Overrides) -> Result<(), CliError> {
    let plan = scenario.plan(Seed(0), overrides);
    let engine = squall::built(&plan.engine).map_err(HostError::from)?;
    let lack =
        |keyword: String| engine.lacks(&keyword).map(|why| Lack { what: keyword, why: why.to_owned() });
    let mut lacks: Vec<Lack> = scenario.fault_keywords().into_iter().filter_map(lack).collect();
    lacks.extend(engine.lacks_of_surroundings(&plan));
    if lacks.is_empty() {
        return Ok(());
    }
    if plan.skip_unsupported {
        let names: Vec<&str> = lacks.iter().map(|lack| lack.what.as_str()).collect();
        let (name, engine) = (&scenario.name, engine.name);
        anstream::eprintln!("{name}: left out, since engine {engine} cannot: {}", names.join(", "));
        return Ok(());
    }
    Err(CliError::Lacks { scenario: scenario.name.clone(), engine: plan.engine, lacks })
}
