//! Says why one transaction precedes another.
//!
//! The graph keeps no reasons. A reason is found again by inferring once more from the keys that both
//! transactions touch, which is little work for the few cycles that are told.

use serde_json::{Value, json};

use super::anomaly::Anomaly;
use super::atoms::Atom;
use super::edges::{Class, End, Oddity, Sink, Why};
use super::history::{Transactions, Txn, Workload};

/// Why one transaction precedes another, for people and for machines.
pub(super) struct Reason {
    pub(super) text: String,
    pub(super) evidence: Value,
}

/// Waits for one edge.
pub(super) struct Wanted {
    pub(super) from: Txn,
    pub(super) class: Class,
    pub(super) to: Txn,
    pub(super) why: Option<Why>,
}

impl Sink for Wanted {
    fn edge(&mut self, from: End, class: Class, to: End, key: u32) {
        if self.why.is_none() && (from.txn, class, to.txn) == (self.from, self.class, self.to) {
            self.why = Some(Why { key, first: from.value, second: to.value });
        }
    }

    fn all_before_all(&mut self, readers: &[End], class: Class, writers: &[End], key: u32) {
        if self.class != class {
            return;
        }
        let from = readers.iter().find(|end| end.txn == self.from);
        let to = writers.iter().find(|end| end.txn == self.to);
        if let (Some(&from), Some(&to)) = (from, to) {
            self.edge(from, class, to, key);
        }
    }

    fn wants(&self, _: Anomaly) -> bool {
        false
    }

    fn odd(&mut self, _: Oddity) {}
}

/// The keys that both touch, each once.
pub(super) fn shared_keys(all: &Transactions<'_>, a: Txn, b: Txn) -> Vec<u32> {
    let keys = |txn| {
        let mut keys: Vec<u32> = all.of_txn(txn).iter().map(|micro| micro.key).collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let others = keys(b);
    keys(a).into_iter().filter(|key| others.binary_search(key).is_ok()).collect()
}

/// The reason in words.
pub(super) fn reason(all: &Transactions<'_>, wanted: &Wanted) -> Reason {
    let (from, to) = (all.name(wanted.from), all.name(wanted.to));
    let mut evidence = json!({
        "from": all.operation(wanted.from).id,
        "to": all.operation(wanted.to).id,
        "type": NAMES[wanted.class as usize],
    });
    let text = match (wanted.class, wanted.why) {
        (Class::Process, _) => {
            let process = all.operation(wanted.from).process;
            evidence["process"] = json!(process);
            format!("process {} performed {from} before {to}", process.0)
        }
        (Class::Realtime, _) => {
            let completed = all.operation(wanted.from).ok().map(|(moment, _)| moment.at);
            let invoked = all.operation(wanted.to).invoked.at;
            evidence["completed"] = json!(completed);
            evidence["invoked"] = json!(invoked);
            let completed = completed.map_or_else(String::new, |at| format!(" at {at}"));
            format!("{from} completed{completed}, before {to} was invoked at {invoked}")
        }
        (class, Some(why)) => {
            let value = |atom: Option<Atom>| atom.map_or(Value::Null, |atom| all.atoms.value(atom));
            let (key, first, second) = (all.key(why.key), value(why.first), value(why.second));
            let text = of_data(all.workload, [&from, &to], class, &why, [&key, &first, &second]);
            evidence["key"] = key;
            evidence["first"] = first;
            evidence["second"] = second;
            text
        }
        // Every edge between transactions comes from one of the keys that both touch.
        (_, None) => unreachable!("the inference that made an edge makes it again"),
    };
    evidence["text"] = json!(text);
    Reason { text, evidence }
}

const NAMES: [&str; 9] =
    ["ww", "ww-open", "wr", "rw", "process", "realtime", "rw-process", "rw-realtime", "pass"];

fn of_data(
    workload: Workload,
    [from, to]: [&str; 2],
    class: Class,
    why: &Why,
    [key, first, second]: [&Value; 3],
) -> String {
    match (workload, class) {
        (Workload::ListAppend, Class::Ww | Class::WwOpen) => {
            format!("{from}'s append of {first} to key {key} came before {to}'s append of {second}")
        }
        (Workload::ListAppend, Class::Wr) => {
            format!("{to} read {from}'s append of {first} to key {key}")
        }
        (Workload::ListAppend, _) if why.first.is_none() => {
            format!("{from} read key {key} when it was empty, without {to}'s append of {second}")
        }
        (Workload::ListAppend, _) => {
            format!("{from} read key {key} up to {first}, without {to}'s append of {second}")
        }
        (Workload::RwRegister, Class::Ww | Class::WwOpen) => {
            format!("{from}'s write of {first} to key {key} came before {to}'s write of {second}")
        }
        (Workload::RwRegister, Class::Wr) => {
            format!("{to} read {from}'s write of {first} to key {key}")
        }
        (Workload::RwRegister, Class::RwProcess) => {
            format!(
                "{from} saw {first} in key {key}, which {to}'s write of {second} came after for a process"
            )
        }
        (Workload::RwRegister, Class::RwRealtime) => {
            format!("{from} saw {first} in key {key}, which {to}'s write of {second} came after in real time")
        }
        (Workload::RwRegister, _) if why.first.is_none() => {
            format!("{from} read key {key} in its initial state, before {to}'s write of {second}")
        }
        (Workload::RwRegister, _) => {
            format!("{from} read {first} from key {key}, before {to}'s write of {second}")
        }
    }
}
