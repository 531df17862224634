//! The engines that are not Squall's own simulator: what they say they can, they can.
//!
//! Built as the rest of the project, these tests are about the engine turmoil; built with `--cfg madsim`, about
//! madsim.

#[path = "../efficacy/mod.rs"]
mod efficacy;

mod bugs;
mod differential;
#[path = "efficacy.rs"]
mod faults;
mod refusal;
mod table;

/// The engine of this build besides the native one.
const ENGINE: &str = if cfg!(madsim) { "madsim" } else { "turmoil" };
