//! What joins the shipped systems to the harness: configuration, workload, recorded operations.

mod batch;
mod kv;

use squall::PlantedBug;

pub use batch::{Batch, BatchConfig, BatchMix, BatchWorkload, Rate};
pub use kv::{Kv, KvConfig, KvMix, KvWorkload};

/// The shipped systems by name.
pub fn registry() -> squall::Registry {
    squall::Registry::new().add::<Batch>("batch").add::<Kv>("kv")
}

/// A system's list of planted bugs, in the harness's words.
const fn planted<const N: usize>(bugs: &[(&'static str, &'static str)]) -> [PlantedBug; N] {
    let mut planted = [PlantedBug { name: "", what: "" }; N];
    let mut place = 0;
    while place < N {
        planted[place] = PlantedBug { name: bugs[place].0, what: bugs[place].1 };
        place += 1;
    }
    planted
}
