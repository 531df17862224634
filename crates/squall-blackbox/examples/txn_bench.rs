//! How long judging transactions over lists takes, and how much memory.
//!
//! ```text
//! cargo run --release -p squall-blackbox --example txn_bench -- 1000000
//!     [stale=1000] [lag=20] [level] [registers] [default-budget]
//! ```
//!
//! It makes a history of that many transactions much as Elle's paper does (VLDB 2020): twenty clients at a
//! time, transactions of one to five micro-operations, half of them reads, over a few keys at a time, each
//! retired after a hundred appends. Transactions take effect one after the other within their time, so
//! that the history is strictly serialisable. With `stale=N`, one read in N returns a state that is one
//! append old; with `lag=N`, there are two sites, and each hears of the other's commits up to N late
//! (parallel snapshot isolation). It prints the seconds of the processor (of `analyse` alone) and the
//! memory of the process before and after.

#![expect(clippy::print_stdout, reason = "a benchmark prints")]

use serde_json::{Value, json};
use squall_blackbox::{
    Analysis, Budget, Completion, Consistency, Findings, ListAppend, Moment, Operation, RwRegister,
};
use squall_history::{OpId, Phase, ProcessId, SimTime};

const CLIENTS: usize = 20;
const KEYS: usize = 10;
const APPENDS: usize = 100;

struct Row {
    process: u64,
    invoked: usize,
    completed: Option<usize>,
    value: Value,
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) % count as u64) as usize
    }
}

struct Lists {
    random: Random,
    /// The keys in use, each with its list, and of each element which commit of its site made it.
    keys: Vec<(usize, Vec<Value>, Vec<usize>)>,
    next_key: usize,
    /// One read in so many is stale; 0 for none.
    stale: usize,
    registers: bool,
    /// Commits of the other site that a site hears of late, at most; 0 if there is one site.
    lag: usize,
    /// By site: its commits, and how many of the other's it knows.
    commits: [usize; 2],
    known: [usize; 2],
}

impl Lists {
    /// One transaction, done in one moment.
    fn transaction(&mut self) -> Value {
        let micros = 1 + self.random.below(5);
        let site = self.random.below(2);
        if self.lag > 0 {
            let heard = self.commits[1 - site].saturating_sub(self.random.below(self.lag));
            self.known[site] = self.known[site].max(heard);
        }
        self.commits[site] += 1;
        (0..micros).map(|_| self.micro(site)).collect()
    }

    fn micro(&mut self, site: usize) -> Value {
        let place = self.random.below(KEYS);
        let stale = self.stale > 0 && self.random.below(self.stale) == 0;
        // Each key is written at one of the sites.
        let far = self.lag > 0 && place % 2 != site;
        let reads = self.random.below(2) == 0 || far;
        let (key, list, made) = &mut self.keys[place];
        if reads {
            let shown = match far {
                true => made.partition_point(|&commit| commit <= self.known[site]),
                false => list.len() - usize::from(stale && !list.is_empty()),
            };
            return match self.registers {
                true => json!(["r", *key, list[..shown].last()]),
                false => json!(["r", *key, list[..shown]]),
            };
        }
        let value = json!(list.len() + 1);
        list.push(value.clone());
        made.push(self.commits[site]);
        let micro = json!([if self.registers { "w" } else { "append" }, *key, value]);
        if list.len() == APPENDS {
            self.keys[place] = (self.next_key, Vec::new(), Vec::new());
            self.next_key += 1;
        }
        micro
    }
}

fn history(transactions: usize, stale: usize, lag: usize, registers: bool) -> Vec<Row> {
    let keys = (0..KEYS).map(|key| (key, Vec::new(), Vec::new())).collect();
    let random = Random(1);
    let mut lists =
        Lists { random, keys, next_key: KEYS, stale, registers, lag, commits: [0; 2], known: [0; 2] };
    let mut running: Vec<Option<(usize, Option<Value>)>> = vec![None; CLIENTS];
    let mut rows = Vec::with_capacity(transactions);
    let mut place = 0;
    while rows.len() < transactions {
        let client = lists.random.below(CLIENTS);
        running[client] = match running[client].take() {
            None => Some((place, None)),
            Some((invoked, None)) => Some((invoked, Some(lists.transaction()))),
            Some((invoked, Some(value))) => {
                rows.push(Row { process: client as u64, invoked, completed: Some(place), value });
                None
            }
        };
        place += 1;
    }
    // What took effect and did not complete may still be read.
    for (process, running) in (0..).zip(running) {
        if let Some((invoked, Some(value))) = running {
            rows.push(Row { process, invoked, completed: None, value });
        }
    }
    rows.sort_by_key(|row| row.invoked);
    rows
}

fn operation(id: u64, row: &Row) -> Operation<'_> {
    let moment = |place: usize| Moment { at: SimTime(place as u64), place };
    let completion = |place: usize| Completion { moment: moment(place), phase: Phase::Ok, value: &row.value };
    Operation {
        id: OpId(id),
        process: ProcessId(row.process),
        node: None,
        f: "txn",
        key: None,
        input: &row.value,
        invoked: moment(row.invoked),
        completed: row.completed.map(completion),
    }
}

/// A number of `/proc/self/status`, in MiB; 0 where there is none.
fn status(name: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) / 1024
}

/// Seconds of the processor that this process took, where the system tells (in hundredths).
fn cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks: Vec<f64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    ticks.iter().sum::<f64>() / 100.0
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let transactions = arguments.first().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let number = |name: &str| arguments.iter().find_map(|argument| argument.strip_prefix(name)?.parse().ok());
    let registers = arguments.iter().any(|argument| argument == "registers");
    let level = arguments.iter().find_map(|argument| Consistency::named(argument).ok()).unwrap_or_default();
    let [stale, lag] = ["stale=", "lag="].map(|name| number(name).unwrap_or(0));
    let rows = history(transactions, stale, lag, registers);
    let operations: Vec<Operation<'_>> = (0..).zip(&rows).map(|(id, row)| operation(id, row)).collect();
    let before = (cpu_seconds(), status("VmRSS"));
    let great = Budget { steps: 1 << 40, bytes: 1 << 40, ..Budget::default() };
    let mut budget = if arguments.iter().any(|a| a == "default-budget") { Budget::default() } else { great };
    let steps = budget.steps;
    let mut findings = Findings::default();
    match registers {
        true => RwRegister::new(level).analyse(&operations, &mut budget, &mut findings),
        false => ListAppend::new(level).analyse(&operations, &mut budget, &mut findings),
    }
    let seconds = cpu_seconds() - before.0;
    println!(
        "{transactions} transactions, {}: {seconds:.2} s of CPU, {:.0} a second; {} M steps; \
         {} MiB of history, {} MiB at the peak",
        level.name(),
        transactions as f64 / seconds.max(0.01),
        (steps - budget.steps) / 1_000_000,
        before.1,
        status("VmHWM"),
    );
    println!("exercised {}, unknown {:?}", findings.exercised, findings.unknown);
    for finding in &findings.violations {
        println!("{}: {}", finding.anomaly.unwrap_or("?"), finding.message);
    }
}
