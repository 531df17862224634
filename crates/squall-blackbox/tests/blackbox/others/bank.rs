//! `bank`.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use squall_history::Op;

use super::faulty::{Draws, System, is_named};
use super::random::{Move, Play, law};
use super::support::{Tape, check, finds, names, no_answer};

#[test]
fn a_read_with_another_total_is_named() {
    let text = r#"1 a read
        2 a ok {"x": 5, "y": 5}
        3 a transfer {"from": "x", "to": "y", "amount": 1}
        4 b read
        5 b ok {"x": 4, "y": 5}
        6 a ok"#;
    let findings = check("bank", text, &["wrong-total"]);
    assert_eq!(findings.violations[0].message, "the balances sum to 9, not to 10");
    check("bank", &text.replace("\"x\": 4", "\"x\": 5"), &[]);
    finds("bank", json!({ "total": 9 }), text, &["wrong-total"]);
    // Each key is a bank of its own.
    check("bank", &text.replace("b read", "b read:other"), &[]);
}

#[test]
fn an_account_in_the_red_is_named_where_that_is_forbidden() {
    let text = r#"1 a read
        2 a ok {"0": 11, "1": -1}"#;
    let options = json!({ "total": 10, "accounts": 2 });
    let findings = finds("bank", options, text, &["negative-balance"]);
    assert_eq!(findings.violations[0].message, "account `1` has a balance of -1");
    finds("bank", json!({ "total": 10, "negative-balances": "allowed" }), text, &[]);
    finds("bank", json!({ "total": 11 }), &text.replace("-1", "0"), &[]);
}

#[test]
fn accounts_must_all_be_there_and_no_others() {
    let options = || json!({ "total": 10, "accounts": ["x", "y"] });
    for missing in ["{\"x\": 10}", "{\"x\": 10, \"y\": null}", "[[\"x\", 10]]"] {
        finds("bank", options(), &format!("1 a read\n2 a ok {missing}"), &["missing-account"]);
    }
    finds("bank", options(), "1 a read\n2 a ok {\"x\": 5, \"y\": 5, \"z\": 0}", &["unexpected-account"]);
    let both = ["missing-account", "unexpected-account"];
    finds("bank", options(), "1 a read\n2 a ok {\"w\": 0, \"y\": 5}", &both);
    finds("bank", options(), "1 a read\n2 a ok [[\"y\", 5], [\"x\", 5]]", &[]);
    finds("bank", json!({ "total": 10, "accounts": 2 }), "1 a read\n2 a ok [[1, 5], [0, 5]]", &[]);
}

#[test]
fn what_is_no_bank_has_no_answer() {
    let why = "op 1: the model `bank` cannot read the result {\"x\":0.5} of `read`: it gives an integer for each account";
    no_answer("bank", json!(null), "1 a read\n2 a ok {\"x\": 0.5}", why);
    no_answer("bank", json!(null), "1 a open", "op 1: the model `bank` knows no operation `open`");
}

struct Banks([i64; 3]);

impl Play for Banks {
    fn invoke(&mut self, _process: u64, draw: Move) -> (&'static str, Option<&'static str>, Value) {
        let transfer = json!({ "from": draw.1 % 3, "to": draw.2 % 3, "amount": draw.1 % 4 });
        if draw.1 < 120 { ("transfer", None, transfer) } else { ("read", None, Value::Null) }
    }

    fn effect(&mut self, op: &Op) -> Value {
        let [from, to, amount] = ["from", "to", "amount"].map(|name| op.value[name].as_i64().unwrap_or(0));
        if &*op.f == "transfer" && self.0[usize::try_from(from).unwrap()] >= amount {
            self.0[usize::try_from(from).unwrap()] -= amount;
            self.0[usize::try_from(to).unwrap()] += amount;
        }
        json!({ "0": self.0[0], "1": self.0[1], "2": self.0[2] })
    }

    fn twist(&mut self, op: &Op, mut result: Value, draw: Move) -> Value {
        if &*op.f != "read" {
            return Value::Null;
        }
        match draw.1 % 16 {
            0 => result["1"] = json!(i64::from(draw.2 % 4) - 2),
            1 => _ = result.as_object_mut().unwrap().remove("1"),
            2 => result["3"] = json!(0),
            3 => result["0"] = Value::Null,
            4 => {
                let moved = result["2"].as_i64().unwrap() + 1;
                result["1"] = json!(result["1"].as_i64().unwrap() + moved);
                result["2"] = json!(-1);
            }
            _ => {}
        }
        result
    }
}

fn by_definition(tape: &Tape) -> BTreeSet<&'static str> {
    let mut found = BTreeSet::new();
    for read in tape.spans().iter().filter(|span| span.is("read") && span.ok.is_some()) {
        let balances: BTreeMap<String, Option<i64>> = serde_json::from_value(read.output().clone()).unwrap();
        let has = |account: &str| balances.get(account).copied().flatten().is_some();
        let is_missing = ["0", "1", "2"].iter().any(|account| !has(account));
        let is_unexpected = balances.keys().any(|name| !["0", "1", "2"].contains(&name.as_str()));
        found.extend(is_missing.then_some("missing-account"));
        found.extend(is_unexpected.then_some("unexpected-account"));
        if !is_missing && !is_unexpected {
            let total: i64 = balances.values().flatten().sum();
            found.extend((total != 15).then_some("wrong-total"));
            found.extend(balances.values().flatten().any(|&one| one < 0).then_some("negative-balance"));
        }
    }
    found
}

#[test]
fn bank_finds_what_its_definition_says() {
    law(
        8,
        || Banks([5; 3]),
        |tape| {
            let expected = by_definition(tape);
            let found = tape.judged("bank", &json!({ "total": 15, "accounts": 3 }));
            let found: BTreeSet<_> = names(&found).into_iter().collect();
            prop_assert_eq!(&found, &expected, "{:#?}", tape);
            Ok(expected.is_empty())
        },
    );
}

struct FaultyBank {
    bug: Option<&'static str>,
    balances: BTreeMap<String, i64>,
    /// A transfer of which only half is done.
    half_done: Option<(String, i64)>,
}

impl FaultyBank {
    fn with(bug: Option<&'static str>) -> Self {
        let balances = (0..4).map(|account| (account.to_string(), 5)).collect();
        Self { bug, balances, half_done: None }
    }
}

impl System for FaultyBank {
    fn next(&mut self, _process: u64, draws: &mut Draws) -> (&'static str, Option<&'static str>, Value) {
        let transfer = json!({ "from": draws.below(4), "to": draws.below(4), "amount": draws.below(5) });
        if draws.once_in(3) { ("read", None, Value::Null) } else { ("transfer", None, transfer) }
    }

    fn perform(&mut self, _process: u64, op: &Op, _draws: &mut Draws) -> Value {
        if &*op.f == "read" {
            let mut balances = self.balances.clone();
            match self.bug {
                Some("missing-account") => balances.retain(|_, balance| *balance > 0),
                Some("unexpected-account") => _ = balances.insert("fees".to_owned(), 0),
                _ => {}
            }
            return json!(balances);
        }
        if let Some((account, amount)) = self.half_done.take() {
            *self.balances.get_mut(&account).unwrap() += amount;
        }
        let [from, to, amount] = ["from", "to", "amount"].map(|name| op.value[name].as_i64().unwrap());
        let (from, to) = (from.to_string(), to.to_string());
        if self.balances[&from] < amount && self.bug != Some("negative-balance") {
            return Value::Null;
        }
        *self.balances.get_mut(&from).unwrap() -= amount;
        match self.bug {
            Some("wrong-total") => self.half_done = Some((to, amount)),
            _ => *self.balances.get_mut(&to).unwrap() += amount,
        }
        Value::Null
    }
}

#[test]
fn faulty_banks_are_named() {
    for bug in ["wrong-total", "negative-balance", "missing-account", "unexpected-account"] {
        let options = json!({ "total": 20, "accounts": 4 });
        is_named(("bank", options), FaultyBank::with, bug, &[]);
    }
}
