//! How fast linearizability is judged, and in how much memory: one row for each case.
//!
//! `cargo run --release -p squall-blackbox --example linear_bench -- CASE [OPERATIONS [THREADS]]`, a process for each
//! case, since the peak of the memory is the process's. It makes up a history of 20 clients on real
//! objects (so it is legal, unless the case ends in `-wrong`), and judges it from operations in memory,
//! within the default budget. In `-open` cases one operation in seventy has no answer, `searched-` ones do without zones.
//! CPU seconds and resident bytes come from `/proc`, so it needs Linux.

#![expect(clippy::print_stdout, reason = "it prints its row")]

use std::sync::Arc;

use serde_json::{Value, json};
use squall_blackbox::linearizability::models::{
    CounterModel, FifoQueueModel, KvModel, QueueModel, RegisterModel, SetModel,
};
use squall_blackbox::linearizability::{Linearizable, Model};
use squall_blackbox::{Analysis, Budget, Event, Findings, operations};
use squall_history::{Op, OpId, Phase, ProcessId, SimTime};

const CLIENTS: usize = 20;

/// What clients do.
#[derive(Clone, Copy, PartialEq)]
enum Work {
    /// Reads and writes of values that are all different.
    Distinct,
    /// Reads and writes of this many values.
    Values(u64),
    /// Reads, writes and swaps of this many values.
    Swaps(u64),
    /// Appends of one letter, puts and gets.
    Texts,
    /// Enqueues and dequeues.
    Queue,
    /// Additions and reads.
    Counter,
    /// Additions, removals and reads of 16 elements.
    Set,
    /// Additions without an answer, and a read of what no subset of them gives.
    Hard,
}

struct Draws(u64);

impl Draws {
    /// SplitMix64 (Steele, Lea & Flood 2014), below `n`.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }
}

/// A client's operation in flight, with its result once it took effect.
#[derive(Clone)]
struct InFlight {
    op: Op,
    key: usize,
    result: Option<Value>,
}

struct Story {
    work: Work,
    draws: Draws,
    names: Vec<Arc<str>>,
    keys: Vec<Arc<str>>,
    objects: Vec<Value>,
    written: u64,
}

impl Story {
    fn new(work: Work, keys: usize) -> Self {
        let init = match work {
            Work::Counter | Work::Hard => json!(0),
            Work::Queue | Work::Set => json!([]),
            _ => Value::Null,
        };
        Self {
            work,
            draws: Draws(1),
            names: ["read", "write", "cas", "get", "put", "append", "enqueue", "dequeue", "add", "remove"]
                .map(Arc::from)
                .to_vec(),
            keys: (0..keys).map(|key| Arc::from(format!("key-{key}"))).collect(),
            objects: vec![init; keys],
            written: 0,
        }
    }

    /// Invocations and completions of this many operations.
    fn tell(&mut self, count: usize, open: u64) -> Vec<Op> {
        let mut events = Vec::with_capacity(2 * count);
        let mut clients: Vec<Option<InFlight>> = vec![None; CLIENTS];
        let (mut begun, mut fresh) = (0, CLIENTS as u64);
        let mut processes: Vec<u64> = (0..CLIENTS as u64).collect();
        while events.len() < 2 * count {
            let client = self.draws.below(CLIENTS as u64) as usize;
            match clients[client].take() {
                None if begun == count => {}
                None => {
                    let key = self.draws.below(self.keys.len() as u64) as usize;
                    let op = self.ask(begun as u64, processes[client], key);
                    events.push(op.clone());
                    clients[client] = Some(InFlight { op, key, result: None });
                    begun += 1;
                }
                Some(InFlight { op, .. }) if self.draws.below(1_000) < open => {
                    events.push(Op { phase: Phase::Info, ..op });
                    processes[client] = fresh;
                    fresh += 1;
                }
                Some(InFlight { op, key, result: None }) => {
                    let result = Some(act(&mut self.objects[key], &op));
                    clients[client] = Some(InFlight { op, key, result });
                }
                Some(InFlight { op, result: Some(value), .. }) => {
                    events.push(Op { phase: Phase::Ok, value, ..op });
                }
            }
        }
        events
    }

    fn ask(&mut self, id: u64, client: u64, key: usize) -> Op {
        let (f, value) = match self.work {
            Work::Distinct | Work::Values(_) if self.draws.below(2) == 0 => ("read", Value::Null),
            Work::Distinct => {
                self.written += 1;
                ("write", json!(self.written))
            }
            Work::Values(values) => ("write", json!(self.draws.below(values))),
            Work::Swaps(values) => match self.draws.below(3) {
                0 => ("read", Value::Null),
                1 => ("write", json!(self.draws.below(values))),
                _ => ("cas", json!([self.draws.below(values), self.draws.below(values)])),
            },
            Work::Texts => match self.draws.below(20) {
                0..10 => ("get", Value::Null),
                10 => ("put", json!("")),
                _ => ("append", json!(["a", "b", "c"][self.draws.below(3) as usize])),
            },
            Work::Queue if self.draws.below(2) == 0 => ("dequeue", Value::Null),
            Work::Queue => {
                self.written += 1;
                ("enqueue", json!(self.written))
            }
            Work::Counter if self.draws.below(2) == 0 => ("read", Value::Null),
            Work::Counter => ("add", json!(self.draws.below(9) as i64 - 4)),
            Work::Hard => unreachable!("it is no work of clients"),
            Work::Set => match self.draws.below(4) {
                0 | 1 => ("read", Value::Null),
                2 => ("add", json!(self.draws.below(16))),
                _ => ("remove", json!(self.draws.below(16))),
            },
        };
        let f = self.names.iter().find(|name| ***name == *f).expect("it is one of the names").clone();
        let (id, process, key) = (OpId(id), ProcessId(client), Some(self.keys[key].clone()));
        Op { id, process, phase: Phase::Invoke, f, key, value }
    }
}

/// What an operation does to its object, and its result.
fn act(object: &mut Value, op: &Op) -> Value {
    match (&*op.f, object) {
        ("read" | "get", object) => object.clone(),
        ("write" | "put", object) => {
            *object = op.value.clone();
            Value::Null
        }
        ("cas", object) => {
            let matches = *object == op.value[0];
            if matches {
                *object = op.value[1].clone();
            }
            json!(matches)
        }
        ("append", object) => {
            let old = object.as_str().unwrap_or_default();
            *object = json!(format!("{old}{}", op.value.as_str().unwrap_or_default()));
            Value::Null
        }
        ("add", Value::Number(sum)) => {
            let next = sum.as_i64().unwrap_or_default() + op.value.as_i64().unwrap_or_default();
            *sum = next.into();
            Value::Null
        }
        ("enqueue", Value::Array(queue)) => {
            queue.push(op.value.clone());
            Value::Null
        }
        ("dequeue", Value::Array(queue)) => {
            if queue.is_empty() {
                Value::Null
            } else {
                queue.remove(0)
            }
        }
        (f, Value::Array(set)) => {
            set.retain(|element| *element != op.value);
            if f == "add" {
                set.push(op.value.clone());
            }
            Value::Null
        }
        (_, object) => unreachable!("no such operation on {object}"),
    }
}

/// Forty additions of powers of three that nobody answered, and a read of 2: which of them happened?
fn hard() -> Vec<Op> {
    let op = |id: u64, phase, f: &str, value| {
        let (process, f, key) = (ProcessId(id), f.into(), None);
        Op { id: OpId(id), process, phase, f, key, value }
    };
    let add = |id: u64| op(id, Phase::Invoke, "add", json!(3_i64.pow(id as u32 % 39)));
    let read = [op(40, Phase::Invoke, "read", Value::Null), op(40, Phase::Ok, "read", json!(2))];
    (1..40).map(add).chain(read).collect()
}

/// User and system seconds of the process so far, from `/proc/self/stat` in ticks of 10 ms.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number of ticks");
    (ticks(11) + ticks(12)) / 100.0
}

/// A line of `/proc/self/status` in MB: `VmHWM` is the peak, `VmRSS` what is resident now.
fn resident_mb(line: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux has it");
    let found = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
    let kb: u64 =
        found.and_then(|text| text.split_whitespace().next()?.parse().ok()).expect("it has this line");
    kb * 1_024 / 1_000_000
}

struct Case {
    work: Work,
    keys: usize,
    /// A read that is wrong nine tenths through.
    wrong: bool,
    /// Of a thousand operations, how many get no answer before, and as many after they took effect.
    open: u64,
}

fn case(name: &str) -> Option<Case> {
    let (name, wrong) = name.strip_suffix("-wrong").map_or((name, false), |name| (name, true));
    let (name, open) = name.strip_suffix("-open").map_or((name, 0), |name| (name, 5));
    let (work, keys) = match name {
        "keys" => (Work::Distinct, 1_000),
        "keys-values" => (Work::Values(20), 1_000),
        "keys-swaps" => (Work::Swaps(5), 1_000),
        "one" => (Work::Distinct, 1),
        "one-values" => (Work::Values(100), 1),
        "one-few-values" => (Work::Values(5), 1),
        "one-swaps" => (Work::Swaps(5), 1),
        "one-many-swaps" => (Work::Swaps(50), 1),
        "keys-texts" => (Work::Texts, 100),
        "keys-queue" => (Work::Queue, 100),
        "keys-bag" => (Work::Queue, 100),
        "keys-counter" => (Work::Counter, 100),
        "keys-set" => (Work::Set, 100),
        "one-texts" => (Work::Texts, 1),
        "one-queue" => (Work::Queue, 1),
        "one-bag" => (Work::Queue, 1),
        "one-counter" => (Work::Counter, 1),
        "one-set" => (Work::Set, 1),
        "hard" => (Work::Hard, 1),
        _ => return None,
    };
    Some(Case { work, keys, wrong, open })
}

fn judge<M: Model>(model: M, events: &[Op], searching: Searching, threads: usize) -> Row {
    let begin = cpu_seconds();
    let event = |(at, op)| Event { at: SimTime(at), node: None, op };
    let operations = operations((0..).zip(events).map(event)).expect("clients record themselves well");
    let paired = cpu_seconds();
    let mut findings = Findings::default();
    let mut budget = Budget::default();
    let mut checker = Linearizable::new(model).with_threads(threads);
    if searching == Searching::Always {
        checker = checker.always_searching();
    }
    checker.analyse(&operations, &mut budget, &mut findings);
    let steps = Budget::default().steps - budget.steps;
    Row { findings, steps, paired: paired - begin, judged: cpu_seconds() - paired }
}

/// What came of a case, in CPU seconds.
struct Row {
    findings: Findings,
    steps: u64,
    paired: f64,
    judged: f64,
}

#[derive(Clone, Copy, PartialEq)]
enum Searching {
    Always,
    IfNeeded,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_default();
    let count: usize = arguments.next().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    let threads: usize = arguments.next().and_then(|threads| threads.parse().ok()).unwrap_or(1);
    let (plain, searching) = match name.strip_prefix("searched-") {
        Some(plain) => (plain, Searching::Always),
        None => (&*name, Searching::IfNeeded),
    };
    let Some(case) = case(plain) else {
        println!("no case `{name}`; see the source for their names");
        std::process::exit(2);
    };
    let story = Story::new(case.work, case.keys);
    let mut events = if case.work == Work::Hard { hard() } else { { story }.tell(count, case.open) };
    if case.wrong {
        let late = events.len() * 9 / 10;
        let read = |op: &Op| op.phase == Phase::Ok && matches!(&*op.f, "read" | "get");
        let at = (late..events.len()).find(|&at| read(&events[at])).expect("there are reads");
        let old = (at / 2..at).find(|&at| read(&events[at])).expect("there are reads");
        events[at].value = events[old].value.clone();
    }
    let before = resident_mb("VmRSS");
    let Row { findings, steps, paired, judged } = match (case.work, plain) {
        (Work::Distinct | Work::Values(_) | Work::Swaps(_), _) => {
            judge(RegisterModel, &events, searching, threads)
        }
        (Work::Texts, _) => judge(KvModel, &events, searching, threads),
        (Work::Queue, "keys-bag" | "one-bag") => judge(QueueModel, &events, searching, threads),
        (Work::Queue, _) => judge(FifoQueueModel, &events, searching, threads),
        (Work::Counter | Work::Hard, _) => judge(CounterModel, &events, searching, threads),
        (Work::Set, _) => judge(SetModel, &events, searching, threads),
    };
    let verdict = match (&findings.unknown, findings.violations.first()) {
        (Some(why), _) => format!("unknown: {why}"),
        (None, None) => "legal".to_owned(),
        (None, Some(violation)) => format!("illegal: {} {}", violation.at.0, violation.message),
    };
    println!(
        "{name:24} {count:>9} ops, {threads} thread(s): pairing {paired:5.2} s, judging {judged:6.2} s CPU, \
         {steps} steps; \
         {before} MB before, {} MB at most; {verdict}",
        resident_mb("VmHWM"),
    );
}
