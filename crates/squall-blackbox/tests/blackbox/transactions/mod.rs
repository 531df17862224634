//! Transactions: smallest examples of each anomaly and near misses.

mod history;
mod lists;
mod registers;
