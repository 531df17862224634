//! `check`: whether scenario files are valid, without running them.

use squall::Registry;
use squall_scenario::Colour;

use crate::args::CheckArgs;
use crate::error::CliError;
use crate::library::{self, Scope};
use crate::progress::counted;

pub(crate) fn run(registry: &Registry, args: &CheckArgs) -> Result<u8, CliError> {
    let loaded = library::load(registry, &args.filter, Scope::All)?;
    if loaded.is_empty() {
        return Err(CliError::Nothing("there is no scenario under scenarios/".to_owned()));
    }
    for one in &loaded {
        let scenario = &one.scenario;
        if scenario.unsupported.is_empty() {
            let seeds = counted(scenario.seeds.count(), "seed");
            anstream::println!("ok  {} ({}, {seeds})", one.path.display(), scenario.name);
        } else {
            anstream::eprint!("{}", scenario.unsupported.render(Colour::Always));
            anstream::println!("ok  {} ({}), but it cannot run yet", one.path.display(), scenario.name);
        }
    }
    Ok(0)
}
