//! `bank`: transfers move money, and every read finds all of it.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::anomalies::{Anomalies, Example, of_key};
use crate::answer::{NoAnswer, answer, bad_result, no_such_operation};
use crate::entry::read_options;
use crate::keys::{Object, objects};
use crate::{Analysis, Budget, Entry, Findings, Operation};

pub(crate) const ENTRY: Entry = Entry {
    name: "bank",
    meaning: "every read of all accounts finds the same total, and no account in the red",
    options: "total: sum of all balances, accounts: count or list of names, negative-balances: allowed or forbidden",
    build: |options| {
        let Options { total, accounts, negative_balances } = read_options(options)?;
        let accounts = accounts.map(|accounts| match accounts {
            Accounts::Count(count) => (0..count).map(|account| account.to_string()).collect(),
            Accounts::Names(names) => names,
        });
        Ok(Box::new(Bank::new(total, accounts, negative_balances)))
    },
};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct Options {
    total: Option<i64>,
    accounts: Option<Accounts>,
    negative_balances: Overdraft,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Accounts {
    Count(u32),
    Names(Vec<String>),
}

/// Whether an account may be in the red.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overdraft {
    /// No balance is negative.
    #[default]
    Forbidden,
    /// Any balance will do.
    Allowed,
}

/// Each key is a bank of its own.
///
/// | `f` | argument | result |
/// |---|---|---|
/// | `transfer` | `{"from": …, "to": …, "amount": …}` (is not looked at) | nothing (nor is this) |
/// | `read` | – | `{account: balance}`, or a list of pairs `[account, balance]` |
///
/// | anomaly | what it is |
/// |---|---|
/// | `missing-account` | an account is not in a read, or its balance is `null` |
/// | `unexpected-account` | an account that does not exist is in a read |
/// | `wrong-total` | a read has the right accounts, and they sum to something else than the total |
/// | `negative-balance` | a balance is below zero, where that is forbidden |
///
/// Exercised once for each read. Without a total or a list of accounts, the bank's first acknowledged
/// read (by invocation) says what they are; a wrong total is then told of the later ones. An account may
/// be named by a number or by the same number as text.
#[derive(Clone, Debug, Default)]
pub struct Bank {
    total: Option<i128>,
    /// Sorted.
    accounts: Option<Vec<String>>,
    overdraft: Overdraft,
}

impl Bank {
    /// With this total and these accounts, where they are known.
    pub fn new(total: Option<i64>, accounts: Option<Vec<String>>, overdraft: Overdraft) -> Self {
        let sorted = |mut names: Vec<String>| {
            names.sort_unstable();
            names.dedup();
            names
        };
        Self { total: total.map(i128::from), accounts: accounts.map(sorted), overdraft }
    }
}

const ANOMALIES: [&str; 4] = ["missing-account", "unexpected-account", "wrong-total", "negative-balance"];

impl Analysis for Bank {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn analyse(&self, operations: &[Operation<'_>], budget: &mut Budget, findings: &mut Findings) {
        answer(budget, findings, |budget, findings| {
            let mut anomalies = Anomalies::new(&ANOMALIES);
            for object in objects(operations, budget)? {
                self.judge(&object, (&mut anomalies, budget), findings)?;
            }
            anomalies.report(findings);
            Ok(())
        });
    }
}

impl Bank {
    fn judge(
        &self,
        object: &Object<'_, '_>,
        (anomalies, budget): (&mut Anomalies, &mut Budget),
        findings: &mut Findings,
    ) -> Result<(), NoAnswer> {
        let mut bank = self.clone();
        let mut balances = Vec::new();
        for &operation in &object.operations {
            match operation.f {
                "transfer" => continue,
                "read" => {}
                _ => return Err(no_such_operation(ENTRY.name, operation)),
            }
            let Some((_, output)) = operation.ok() else { continue };
            let gives = "an integer for each account";
            read_balances(output, &mut balances).ok_or_else(|| bad_result(ENTRY.name, operation, gives))?;
            budget.spend(balances.len() as u64)?;
            findings.exercised();
            let name = |(name, _): &(Cow<'_, str>, _)| name.as_ref().to_owned();
            bank.accounts.get_or_insert_with(|| balances.iter().map(name).collect());
            bank.judge_read((object.key, operation), &balances, anomalies);
        }
        Ok(())
    }

    /// Judges one read; if the bank's total is not known yet, and the accounts are right, it is now.
    fn judge_read(&mut self, read: Read<'_, '_>, balances: &Balances<'_>, anomalies: &mut Anomalies) {
        let accounts = self.accounts.as_deref().unwrap_or_default();
        if !has_right_accounts(accounts, balances, read, anomalies) {
            return;
        }
        let (key, operation) = read;
        let at = operation.ok().expect("only reads with a result are judged").0.at;
        let of = of_key(key);
        let sum: i128 = balances.iter().filter_map(|(_, balance)| *balance).map(i128::from).sum();
        let total = *self.total.get_or_insert(sum);
        if sum != total {
            anomalies.found("wrong-total", at, || {
                let message = format!("the balances{of} sum to {sum}, not to {total}");
                let total = json!({ "expected": total.to_string(), "found": sum.to_string() });
                Example::new(message).op("read", operation).with("total", total)
            });
        }
        if self.overdraft == Overdraft::Allowed {
            return;
        }
        for (account, balance) in balances.iter().filter_map(|(name, balance)| Some((name, (*balance)?))) {
            if balance < 0 {
                anomalies.found("negative-balance", at, || {
                    let message = format!("account `{account}`{of} has a balance of {balance}");
                    Example::new(message).op("read", operation).with("account", account.as_ref())
                });
            }
        }
    }
}

/// A read, and the bank that it is of.
type Read<'a, 'h> = (Option<&'h str>, &'a Operation<'h>);

/// Accounts in order, with their balances; `None` is `null`.
type Balances<'h> = Vec<(Cow<'h, str>, Option<i64>)>;

/// Tells accounts that are missing in a read, and those that should not be there.
fn has_right_accounts(
    accounts: &[String],
    balances: &Balances<'_>,
    (key, operation): Read<'_, '_>,
    anomalies: &mut Anomalies,
) -> bool {
    let at = operation.ok().expect("only reads with a result are judged").0.at;
    let mut tell = |anomaly: &'static str, account: &str, what: &str| {
        anomalies.found(anomaly, at, || {
            let message = format!("`read`{} has {what} `{account}`", of_key(key));
            Example::new(message).op("read", operation).with("account", account)
        });
    };
    let (mut wanted, mut is_right) = (accounts.iter().peekable(), true);
    for (account, balance) in balances {
        while let Some(missing) = wanted.next_if(|wanted| wanted.as_str() < account.as_ref()) {
            is_right = false;
            tell("missing-account", missing, "no account");
        }
        let is_wanted = wanted.next_if(|wanted| wanted.as_str() == account.as_ref()).is_some();
        match (is_wanted, balance) {
            (true, Some(_)) => continue,
            (true, None) => tell("missing-account", account, "no balance of account"),
            (false, _) => tell("unexpected-account", account, "the unknown account"),
        }
        is_right = false;
    }
    for missing in wanted {
        is_right = false;
        tell("missing-account", missing, "no account");
    }
    is_right
}

/// Reads the balances of all accounts, in order of their names; `None` if they are none, or an account
/// is named twice.
fn read_balances<'h>(output: &'h Value, balances: &mut Balances<'h>) -> Option<()> {
    balances.clear();
    let read = |account: Cow<'h, str>, balance: &Value| {
        let balance = if balance.is_null() { None } else { Some(balance.as_i64()?) };
        Some((account, balance))
    };
    match output {
        Value::Object(all) => {
            for (account, balance) in all {
                balances.push(read(account.into(), balance)?);
            }
        }
        Value::Array(all) => {
            for pair in all {
                let [account, balance] = pair.as_array()?.as_slice() else { return None };
                let account = match account {
                    Value::String(name) => Cow::from(name),
                    Value::Number(number) => Cow::from(number.to_string()),
                    _ => return None,
                };
                balances.push(read(account, balance)?);
            }
        }
        _ => return None,
    }
    balances.sort_unstable();
    let is_twice = balances.windows(2).any(|pair| pair[0].0 == pair[1].0);
    (!is_twice).then_some(())
}
