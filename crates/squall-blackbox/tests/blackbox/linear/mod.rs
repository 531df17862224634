//! Linearizability.

mod brute_force;
mod cases;
mod law;
mod naive;
mod objects;
mod story;
