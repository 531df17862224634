//! Transactions: smallest examples of each anomaly, brute force, and simulated databases.

mod brute_force;
mod databases;
mod history;
mod jepsen;
mod levels;
mod limits;
mod lists;
mod random;
mod registers;
