//! What each part of the simulator costs: `cargo xtask bench [FILTER]`.
//!
//! Every benchmark goes through what users have: the simulator's handle, and squall-io inside nodes.
//! None reaches into the simulator's insides, so what is measured is what a system pays. Quick by
//! default, for comparing two states of one machine; criterion's options make it thorough.

mod disk;
mod network;
mod parts;
mod stage;
mod tasks;
mod whole;

use std::time::Duration;

use criterion::Criterion;

fn main() {
    let quick = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    let mut criterion = quick.configure_from_args();
    parts::all(&mut criterion);
    tasks::all(&mut criterion);
    network::all(&mut criterion);
    disk::all(&mut criterion);
    whole::all(&mut criterion);
    criterion.final_summary();
}
