//! A scenario to begin with: it is valid for the system it names, runs, and says what else there is.

use std::path::PathBuf;

use squall::Registry;
use squall_scenario::SystemEntry;

use crate::args::NewArgs;
use crate::environment;
use crate::error::CliError;

const TEMPLATE: &str = include_str!("scenario.yaml");

/// Writes `scenarios/NAME.yaml`.
pub(super) fn begin(registry: &Registry, args: &NewArgs) -> Result<u8, CliError> {
    let name = &args.name;
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(is_plain) {
        let why = format!("`{name}` is no name of a scenario: small letters, digits and hyphens only");
        return Err(CliError::Usage(why));
    }
    let systems: Vec<&str> = registry.names().collect();
    let system = match &args.for_system {
        Some(system) if systems.contains(&system.as_str()) => system.as_str(),
        Some(system) => {
            let why = format!("no system is named `{system}`: this program knows {}", systems.join(", "));
            return Err(CliError::Usage(why));
        }
        None => systems.first().ok_or_else(|| CliError::Nothing("no system is registered".to_owned()))?,
    };
    let catalogue = registry.catalogue();
    let entry = &catalogue.systems[system];
    let text = text(name, (system, entry), &systems, registry);
    let path = PathBuf::from("scenarios").join(format!("{name}.yaml"));
    squall_starter::write_new(&path, &text)?;
    let program = environment::program();
    anstream::println!(
        "{} is written: a scenario for {system}.\nSee what a seed of it does:  {program} plan {name}\nRun it:                      {program} run {name}",
        path.display()
    );
    Ok(0)
}

fn text(name: &str, (system, entry): (&str, &SystemEntry), systems: &[&str], registry: &Registry) -> String {
    let target = entry.roles.iter().find(|role| !role.client).or(entry.roles.first());
    let target = target.map_or("server", |role| role.name.as_str());
    let roles: Vec<String> =
        entry.roles.iter().map(|role| format!("{}: {}", role.name, role.default_count)).collect();
    let oracles: Vec<&str> = entry.oracles.iter().map(|oracle| oracle.name.as_str()).collect();
    let bugs: Vec<&str> = registry.bugs(system).iter().map(|bug| bug.name).collect();
    let bugs = if bugs.is_empty() { "none".to_owned() } else { bugs.join(", ") };
    let values = [
        ("NAME", name),
        ("SYSTEMS", &systems.join(", ")),
        ("SYSTEM", system),
        ("ROLES", &roles.join(", ")),
        ("TARGET", target),
        ("ORACLES", &wrapped(&oracles)),
        ("BUGS", &bugs),
        ("PROGRAM", &environment::program()),
    ];
    values.iter().fold(TEMPLATE.to_owned(), |text, (key, value)| text.replace(&format!("<{key}>"), value))
}

/// Names in lines of a comment.
fn wrapped(names: &[&str]) -> String {
    const WIDTH: usize = 90;
    let mut lines = vec![String::new()];
    for name in names {
        let line = lines.last_mut().expect("it begins with one");
        if line.len() + name.len() > WIDTH {
            lines.push(String::new());
        }
        let line = lines.last_mut().expect("it begins with one");
        line.push_str(if line.is_empty() { "" } else { ", " });
        line.push_str(name);
    }
    lines.join(",\n  #   ")
}
