//! The command `squall` with two systems more: `hostile`, which does to its process and to its run
//! what a system under test should not, so that the tests can see that every ending has a name; and
//! `leaky`, which asks the world outside for what no seed decides.
//!
//! Each behaviour is chosen in `system.config`; those of `hostile` strike in some seeds only: a sweep
//! must go on after them. What neither does: anything that needs `unsafe`.

#![allow(clippy::disallowed_macros, reason = "`leaks.rs` uses them; the lint asks at the root of a crate")]

mod deeds;
mod leaks;
mod system;

use std::process::ExitCode;

fn main() -> ExitCode {
    let registry = squall_systems::registry().add::<system::Hostile>("hostile").add::<leaks::Leaky>("leaky");
    squall_cli::main_with(&registry, &[squall_systems::cluster::COMMAND])
}
