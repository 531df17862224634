//! A replicated key-value store: one primary, backups, leases, a write-ahead log, client retries.
//!
//! Linearizable under kills, losses of power, pauses, partitions in any direction, delay, loss,
//! doubling and reordering of messages, as long as a majority of the servers can come back with
//! their disks. It does not snapshot (the log grows for ever), change its membership or survive a
//! lost or falsified disk.
//!
//! # How it works
//!
//! Servers are numbered by their place `p` in a fixed list of `n`. Only server `p` may use an
//! **epoch** `e` with `e mod n = p`. A **primary** of epoch `e` is elected in two rounds
//! (`core::election`): it *asks* who would promise, and only with a majority willing does it make
//! everybody *promise* `e`, durably: not to follow a lower epoch. A server promises only a higher
//! epoch than before, only to a candidate whose log is at least as good as its own (later last
//! epoch, then longer), and only while it is not bound by a **grant**.
//!
//! The primary adds writes to its log and sends them to the backups (`core::replication`). A backup
//! takes them if they fit behind its own log, drops what contradicts them, makes them durable and
//! answers. What a majority has durably, and is of the primary's own epoch or lies before such an
//! entry, is **committed**: applied in order, and answered. A new primary starts with an empty entry
//! of its own, to commit what it inherited.
//!
//! Each answered message is a **grant**: for the length of a lease from its receipt, the backup
//! promises no epoch to anybody but that primary. The primary serves reads from its own store while
//! the grants of a majority last, counted from the moments of *sending*; without a lease a read
//! waits until a majority has answered something sent after its arrival.
//!
//! # Why it is right
//!
//! 1. *One primary for each epoch.* Only its owner may use an epoch, and the owner promises it to
//!    itself, durably, before it uses it; so no later incarnation uses it again.
//! 2. *Same epoch and index, same entry, same log before it.* One primary makes the entries of an
//!    epoch, each index once; a backup takes an entry only behind the one that preceded it at the
//!    primary. By induction over the log.
//! 3. *A committed entry is in the log of every later primary.* Let `x` be committed in epoch `e`,
//!    and `f > e` the lowest epoch of a primary that lacks it. A majority had `x` durably while
//!    following `e`, a majority promised `f`; some server `s` did both. It took `x` first: having
//!    promised `f` it refuses `e`. Between the two, entries are cut only by primaries of epochs
//!    between `e` and `f`, which have `x`. So when `s` promised, its log held `x`, and the
//!    candidate's log was at least as good. If the last epochs were equal, the longer log holds all
//!    of the shorter (2). If the candidate's was later, its last entry was made by a primary between
//!    `e` and `f`, which had `x` before it; so has the candidate (2). This is Raft's argument (Ongaro
//!    and Ousterhout 2014, section 5.4.3).
//! 4. *Disks may fail us only backwards.* Promises and entries share one log file and one order. A
//!    crash leaves a prefix of it that contains all that was synced, and all that was acknowledged
//!    was. A server that crashed thus behaves like one that had not yet received the rest.
//! 5. *No write that was answered is newer than what a leased read sees.* At moment `t` the primary
//!    of `e` holds grants of a majority. A primary of `f > e` that acts before `t` has promises of a
//!    majority; one server `s` granted and promised. It did not grant after promising: it refuses
//!    `e`. So it granted first, and promised when its grant had run out by its own clock. The grant
//!    began after the message was sent, so it lasts beyond what the primary counts, which is 96 % of
//!    a lease: clocks may run 2 % wrong either way. So `s` promised after `t`. A grant is in memory
//!    only: a server that starts waits a whole lease before it promises. The primary itself is bound
//!    by its own lease. A lower epoch's answered writes are in its log (3), and in its store, since
//!    it serves nothing before an entry of its own is committed. The read takes effect at `t`, the
//!    reading of the clock, which comes after the request; a pause at any point changes nothing.
//! 6. *A read without a lease* takes effect after it arrived, by the same argument with "was sent
//!    after the read arrived" in place of the grant: who has promised a higher epoch does not answer.
//! 7. *Exactly once.* Client and count go with the write through the log; the store, a function of
//!    the log, keeps each client's last count with its answer. A client has one write under way.
//!    Once a later one is applied, an earlier one never is: it stays unknown, or void.
//!
//! # How fast, and why it does not stall
//!
//! A backup stands for election one lease and up to three fifths after it last heard of the primary.
//! The first round disturbs nobody and is repeated every heartbeat, so it succeeds as soon as a
//! majority's grants are over; two round trips and one fsync later there is a primary. Rivals wait a
//! drawn time, and longer each round.

pub mod bugs;
pub mod client;
pub mod config;
pub mod core;
mod error;
pub mod protocol;
pub mod server;
pub mod wal;

pub use bugs::{BUGS, Bug, Bugs};
pub use client::Client;
pub use config::{ClientConfig, ServerConfig};
pub use error::Error;
pub use protocol::{Answer, Op};
