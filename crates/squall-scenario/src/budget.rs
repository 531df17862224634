//! How the fault budget bounds a fault, by name.

use squall_history::BudgetRule;

/// Every rule with its name in the scenario schema.
pub(crate) const WORDS: [(&str, BudgetRule); 3] = [
    ("as-written", BudgetRule::AsWritten),
    ("quorum-stays", BudgetRule::QuorumStays),
    ("quorum-returns", BudgetRule::QuorumReturns),
];
