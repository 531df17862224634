//! Has the contenders run in turn and prints how they compare.
//!
//! Each cell (a workload on so many nodes) is run in rounds, in each round by every contender, one
//! after the other: what else the machine does meets all of them. Rates are per second of processor
//! time and the medians of all rounds; ratios are medians of the rounds' own ratios. How long a run
//! lasts in virtual time is found first, so that each takes about as long.

mod runner;
mod table;

use std::process::ExitCode;
use std::time::Duration;

use contest::Workload;
use runner::{Contender, Found};
use table::Cell;

const USAGE: &str = "\
usage: contest [--quick] [--rounds N] [--limit-s N] [--only WORKLOAD] [--json FILE] NAME=PROGRAM...

  --quick         three rounds of a quarter of a second each, in place of five of one second
  --rounds N      so many rounds
  --limit-s N     wall time in which a contender must get through one simulated second (20)
  --only W        one workload: echo, idle or gossip
  --json FILE     writes every run as a line of JSON
The first contender is the one that the others are compared with.
";

/// What is run: each workload with its numbers of nodes.
const CELLS: [(Workload, u32); 6] = [
    (Workload::Echo, 10),
    (Workload::Idle, 10),
    (Workload::Gossip, 5),
    (Workload::Gossip, 50),
    (Workload::Gossip, 500),
    (Workload::Gossip, 1_000),
];

struct Options {
    rounds: usize,
    /// Processor time of a run.
    target: Duration,
    limit: Duration,
    only: Option<Workload>,
    json: Option<String>,
    contenders: Vec<Contender>,
}

fn main() -> ExitCode {
    let Some(options) = options() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    println!("load before: {}", load());
    let wanted = |(workload, _): &(Workload, u32)| options.only.is_none_or(|only| only == *workload);
    let cells: Vec<Cell> = CELLS.into_iter().filter(wanted).map(|cell| play(&options, cell)).collect();
    println!("load after: {}\n", load());
    print!("{}", table::render(&options.contenders, &cells, options.limit));
    let Some(file) = options.json else { return ExitCode::SUCCESS };
    match std::fs::write(&file, table::json(&options.contenders, &cells, options.limit)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: cannot write {file}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn options() -> Option<Options> {
    let mut options = Options {
        rounds: 5,
        target: Duration::from_secs(1),
        limit: Duration::from_secs(20),
        only: None,
        json: None,
        contenders: Vec::new(),
    };
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--quick" => (options.rounds, options.target) = (3, Duration::from_millis(250)),
            "--rounds" => options.rounds = args.next()?.parse().ok().filter(|&rounds| rounds > 0)?,
            "--limit-s" => options.limit = Duration::from_secs(args.next()?.parse().ok()?),
            "--only" => options.only = Some(args.next()?.parse().ok()?),
            "--json" => options.json = Some(args.next()?),
            _ => {
                let (name, program) = arg.split_once('=')?;
                options.contenders.push(Contender::new(name, program));
            }
        }
    }
    (!options.contenders.is_empty()).then_some(options)
}

/// Runs one cell: first how long each contender takes, then the rounds.
fn play(options: &Options, (workload, nodes): (Workload, u32)) -> Cell {
    let mut found: Vec<Found> = options
        .contenders
        .iter()
        .map(|contender| contender.calibrate(workload, nodes, options.target, options.limit))
        .collect();
    for _ in 0..options.rounds {
        for (contender, found) in options.contenders.iter().zip(&mut found) {
            if let Found::Runs { job, runs } = found {
                // It went through a run of this length before; the bound is against a machine that hangs.
                match contender.run(*job, options.limit * 10) {
                    Ok(measured) => runs.push(measured),
                    Err(why) => *found = Found::Failed(why.to_string()),
                }
            }
        }
    }
    let cell = Cell { workload, nodes, found };
    println!("{}", cell.progress(&options.contenders));
    cell
}

fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let short: Vec<_> = load.split_whitespace().take(3).collect();
    if short.is_empty() { "unknown".to_owned() } else { short.join(" ") }
}
