//! `--keep`: a shrunk failure becomes a file under `scenarios/regressions/`, which every bare run begins
//! with. A file that is there is never touched: it may have been edited since.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use squall::{Interrupt, KeepTerms, Kept, Pool, Registry, Shrunk};

use crate::environment;
use crate::error::CliError;
use crate::library;
use crate::progress::counted;

/// Keeps a shrunk failure, and says where.
pub(crate) fn keep(
    registry: &Registry,
    pool: &mut Pool,
    interrupt: &Interrupt,
    shrunk: &Shrunk,
) -> Result<(), CliError> {
    let (scenario, seed) = (&shrunk.result.scenario, shrunk.result.seed);
    if interrupt.is_raised() {
        anstream::eprintln!("{scenario} seed {seed} is not kept, since it was interrupted");
        return Ok(());
    }
    let origin = format!("Found by {scenario}, seed {seed}, at commit {}.", environment::commit_text());
    let mut terms = KeepTerms { registry, interrupt, origin: &origin };
    match squall::keep(pool, shrunk, &mut terms)? {
        None => anstream::eprintln!(
            "{scenario} seed {seed} is not kept: written as a scenario it does not fail any more; its \
             shrunk.yaml does"
        ),
        Some(kept) => match write(&kept)? {
            Written::Now(path) => anstream::println!("     Kept as:  {} ({})", path.display(), about(&kept)),
            Written::Before(path) => {
                anstream::println!("     Kept as:  {}, which is there and is left as it is", path.display());
            }
        },
    }
    Ok(())
}

fn about(kept: &Kept) -> String {
    let anchored = match kept.anchored {
        0 => "all faults at fixed times".to_owned(),
        1 => "1 fault tied to what happens".to_owned(),
        many => format!("{many} faults tied to what happens"),
    };
    format!("{}, {} of them failing; {anchored}", counted(kept.seeds.len() as u64, "seed"), kept.failing)
}

enum Written {
    Now(PathBuf),
    Before(PathBuf),
}

/// Writes the file whole or not at all, and over none.
fn write(kept: &Kept) -> Result<Written, CliError> {
    let folder = Path::new(library::REGRESSIONS);
    let path = folder.join(format!("{}.yaml", kept.name));
    let failed = |source| CliError::Write { path: path.clone(), source };
    fs::create_dir_all(folder).map_err(failed)?;
    // Not a name that a search for scenarios sees.
    let whole = folder.join(format!(".{}.{}", kept.name, std::process::id()));
    let written = fs::write(&whole, &kept.text).and_then(|()| fs::hard_link(&whole, &path));
    fs::remove_file(&whole).ok();
    match written {
        Ok(()) => Ok(Written::Now(path)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Written::Before(path)),
        Err(error) => Err(failed(error)),
    }
}
