//! Linearizability.

mod brute_force;
mod law;
mod naive;
mod objects;
