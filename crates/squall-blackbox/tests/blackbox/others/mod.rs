//! Sets, queues, counters, banks, forks and sessions: the smallest example of each anomaly beside a near
//! miss, an independent definition on random histories, and implementations with a bug to switch on.

mod bank;
mod counter;
mod faulty;
mod fifo;
mod forks;
mod logs;
mod monotonic;
mod queues;
mod random;
mod sessions;
mod sets;
mod stats;
mod support;
