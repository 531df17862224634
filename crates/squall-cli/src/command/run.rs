//! `run`: a campaign over scenarios and seeds, with a run folder.

pub(crate) mod explore;
pub(crate) mod partition;
pub(crate) mod report;
pub(crate) mod resume;
pub(crate) mod setting;
pub(crate) mod sweep;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use squall::{Campaign, Interrupt, Plan, Policy, Pool, Reached, Registry, RunHost, Stint, Turn};
use squall_check::ExitCode;
use squall_report::{RunFolder, StopCause};

use self::report::{Closing, resume_command};
use self::resume::TakenUp;
use self::setting::Setting;
use self::sweep::{Sweep, Worked};
use super::{diff_runs, keep};
use crate::args::{BaseSeed, PartitionArg, RunArgs};
use crate::environment;
use crate::error::CliError;
use crate::interrupt;
use crate::progress::Display;

/// A campaign with a folder, before it runs or goes on.
struct Begun {
    args: RunArgs,
    setting: Setting,
    folder: RunFolder,
    /// Whether an earlier stint left something in the folder.
    resumed: bool,
}

/// Takes what a campaign has to say at its end.
pub(crate) type Say<'a> = &'a dyn Fn(&str);

/// Says it on the terminal.
pub(crate) fn print(text: &str) {
    anstream::print!("{text}");
}

pub(crate) fn run(registry: &Registry, args: &RunArgs) -> Result<u8, CliError> {
    run_saying(registry, args, &print)
}

/// As [`run`], for whoever shows its words elsewhere.
pub(crate) fn run_saying(registry: &Registry, args: &RunArgs, say: Say<'_>) -> Result<u8, CliError> {
    let begun = match &args.resume {
        None => begin(registry, args)?,
        Some(folder) => match resume::take_up(registry, args, folder)? {
            TakenUp::Left(begun) => *begun,
            TakenUp::Nothing(code) => return Ok(code),
        },
    };
    let resume = resume_command(&begun.folder);
    go_on(registry, begun, say).map_err(|why| match why.exit_code() {
        // These may be gone next time: a full disk, a worker that was killed.
        ExitCode::Environment | ExitCode::HarnessBug => CliError::Halted { why: Box::new(why), resume },
        _ => why,
    })
}

/// Makes the folder of a new campaign.
fn begin(registry: &Registry, args: &RunArgs) -> Result<Begun, CliError> {
    let args = args.with_profile()?;
    let slice = match args.partition {
        None => None,
        Some(PartitionArg::Slice(slice)) => Some(slice),
        Some(PartitionArg::Auto) => {
            let (slice, how) = partition::understood(&environment::variable).map_err(CliError::Usage)?;
            anstream::eprintln!("{how}");
            Some(slice)
        }
    };
    if slice.is_some() && args.keep {
        let why = "a slice does not know what its campaign finds first: keep that after `merge`, with \
                   `shrink FILE --keep` for the shrunk.yaml";
        return Err(CliError::Usage(why.to_owned()));
    }
    let base = environment::base_seed(args.seeds.base_seed);
    if args.seeds.base_seed == BaseSeed::Random {
        if slice.is_some() {
            let why = "the slices of a campaign share its seeds: give all of them one --base-seed";
            return Err(CliError::Usage(why.to_owned()));
        }
        anstream::eprintln!("base seed {base}: --base-seed {base} draws the same seeds again");
    }
    let setting = Setting::of(registry, &args, base, slice)?;
    let folder = match &args.output {
        Some(path) => RunFolder::at(path, setting.info())?,
        None => RunFolder::create(Path::new(environment::REPORTS), setting.info())?,
    };
    Ok(Begun { args, setting, folder, resumed: false })
}

/// Runs what is left of a campaign, and reports on the whole.
fn go_on(registry: &Registry, begun: Begun, say: Say<'_>) -> Result<u8, CliError> {
    let Begun { args, setting, folder, resumed } = begun;
    let limits = Limits::new(interrupt::by_signal()?, &args);
    let jobs = setting.jobs();
    let mut hosts = Pool::new(hosts(registry, &args, jobs.len())?);
    let mut verifiers = verifiers(registry, &args, hosts.size())?;
    let display = Display::new(args.show_progress, jobs.len() as u64);
    let mut sweep = Sweep::new(&setting, folder, display, jobs.iter().map(|job| job.scenario));
    let from = match resumed {
        true => resume::recall(registry, &setting, &mut sweep, &mut hosts)?,
        false => Turn::new(setting.max_fail),
    };
    let reached = if explore::is_asked_for(&args) {
        explore::run(&args, &setting, (&mut hosts, verifiers[0].as_mut()), &mut sweep, &limits.interrupt)?
    } else {
        in_order(&setting, from, &limits, &mut hosts, &mut verifiers, &mut sweep)?
    };
    let stopped = match limits.cause(reached) {
        Some(StopCause::Signal) => Some(StopCause::Signal),
        stopped => stopped.or(make_small(registry, &args, &limits, (&mut sweep, &mut hosts), say)?),
    };
    let mut swept = sweep.finish();
    let shrunk = std::mem::take(&mut swept.shrunk);
    // How long earlier stints took is not known: one that was killed did not say.
    let wall = (!resumed).then_some(swept.wall);
    let (changes, annotations) = (&args.changes, args.annotations);
    let closing = Closing { registry, setting: &setting, changes, stopped, wall, annotations };
    let code = closing.close(swept, say)?;
    // Not before the campaign is at its end: a bare run would go on with one scenario more.
    for shrunk in shrunk.iter().filter(|_| args.keep && stopped.is_none()) {
        keep::keep(registry, &mut hosts, &limits.interrupt, shrunk)?;
    }
    Ok(code)
}

/// Shrinks and compares what failed; what stopped it, if something did.
fn make_small(
    registry: &Registry,
    args: &RunArgs,
    limits: &Limits,
    (sweep, hosts): (&mut Sweep<'_>, &mut Pool),
    say: Say<'_>,
) -> Result<Option<StopCause>, CliError> {
    if !args.no_shrink && sweep.shrink(registry, hosts, &limits.interrupt)? == Worked::UntilInterrupted {
        return Ok(Some(StopCause::SignalInShrinking));
    }
    let compared = |plan: &Plan| Ok(diff_runs::compared(registry, args.place, plan)?.0);
    sweep.differences(compared)?.iter().for_each(|text| say(&format!("{text}\n")));
    Ok(None)
}

/// Runs all seeds in order, from a turn on.
fn in_order(
    setting: &Setting,
    from: Turn,
    limits: &Limits,
    hosts: &mut Pool,
    verifiers: &mut [Box<dyn RunHost>],
    sweep: &mut Sweep<'_>,
) -> Result<Reached, CliError> {
    let campaign = Campaign {
        jobs: setting.jobs(),
        plan: &|job| setting.plan(job),
        counts: &|result, scenario| setting.counts(result, scenario),
        policy: Policy { max_fail: setting.max_fail, recheck: setting.recheck },
    };
    let mut broken = None;
    let stint = Stint { from, stop: &|| limits.say_stop() };
    let reached = campaign.run_stint(&stint, hosts.hosts(), verifiers, &mut |progress| {
        if broken.is_none() {
            broken = sweep.take(progress).err();
            limits.broken.store(broken.is_some(), Ordering::Relaxed);
        }
    })?;
    broken.map_or(Ok(reached), Err)
}

/// What may end a campaign before its last seed.
struct Limits {
    interrupt: Interrupt,
    /// When the time budget is used up.
    until: Option<Instant>,
    /// A result could not be written: it makes no sense to run more.
    broken: AtomicBool,
}

impl Limits {
    fn new(interrupt: Interrupt, args: &RunArgs) -> Self {
        let budget = args.time_budget.map(|budget| Duration::from_nanos(budget.as_nanos()));
        let until = budget.and_then(|budget| environment::wall_now().checked_add(budget));
        Self { interrupt, until, broken: AtomicBool::new(false) }
    }

    fn say_stop(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
            || self.interrupt.is_raised()
            || self.until.is_some_and(|until| environment::wall_now() >= until)
    }

    /// What ended a stint that came so far.
    fn cause(&self, reached: Reached) -> Option<StopCause> {
        match reached {
            Reached::End => None,
            Reached::Prefix if self.interrupt.is_raised() => Some(StopCause::Signal),
            Reached::Prefix => Some(StopCause::Budget),
        }
    }
}

fn hosts(registry: &Registry, args: &RunArgs, jobs: usize) -> Result<Vec<Box<dyn RunHost>>, CliError> {
    let wanted = args.jobs.map_or_else(environment::cores, usize::from);
    let count = if args.place.in_process { 1 } else { wanted.min(jobs).max(1) };
    (0..count).map(|_| Ok(environment::host(registry, args.place)?)).collect()
}

/// Hosts for second runs: processes that the first runs do not use. One is enough for a sample; where
/// many are run again, each host gets one of its own, so that no host waits.
fn verifiers(registry: &Registry, args: &RunArgs, hosts: usize) -> Result<Vec<Box<dyn RunHost>>, CliError> {
    let count = if args.check_determinism > Policy::RECHECK { hosts } else { 1 };
    (0..count).map(|_| Ok(environment::host(registry, args.place)?)).collect()
}
