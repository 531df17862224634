//! `plan`: what a seed will do, before it runs.

use squall::Registry;
use squall_scenario::to_yaml;

use super::target::{Named, Unsupported};
use crate::args::PlanArgs;
use crate::environment::STYLE;
use crate::error::CliError;

pub(crate) fn run(registry: &Registry, args: &PlanArgs) -> Result<u8, CliError> {
    let named = Named::load(registry, &args.target, Unsupported::Warn)?;
    if args.yaml {
        anstream::print!("{}", to_yaml(&named.plan, "What this seed drew. Run it with `replay FILE`."));
    } else {
        anstream::print!("{}", squall_report::plan_text(&named.plan, STYLE));
        for swarm in &named.swarms {
            let of = |wanted: bool| -> Vec<&str> {
                let classes = swarm.classes.iter().filter(|(_, taken)| *taken == wanted);
                classes.map(|(name, _)| name.as_str()).collect()
            };
            let entry = swarm.entry.as_deref().unwrap_or("swarm");
            anstream::print!("{}", squall_report::drawn_text(entry, &of(true), &of(false), STYLE));
        }
    }
    Ok(0)
}
