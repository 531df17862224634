//! A replicated log under a state machine: Raft, after Ongaro, "Consensus: Bridging Theory and
//! Practice" (2014); sections below are that dissertation's.
//!
//! Linearizable under kills, losses of power, pauses, partitions in any direction, delay, loss,
//! doubling and reordering of messages, and clocks that run wrong, as long as a majority of the
//! members can come back with their disks. The list of members is fixed. A member whose disk was
//! lost or falsified must not come back: it could vote twice. Clients' sessions are kept for ever.
//!
//! # Parts
//!
//! - [`core`]: consensus. Time and input in, outputs out; no I/O, clock or randomness.
//! - [`storage`]: what must be durable, as steps on files; what files hold, after any crash.
//! - [`replica`]: the user's [`StateMachine`] with each client's last reply, driven by the log.
//! - [`service`]: a member that serves clients: core and replica. Still no I/O.
//! - [`shell`]: a member on `squall-io`: sockets, files, clock, randomness. It decides nothing.
//! - [`client`]: finds the leader, repeats, says honestly what it does not know.
//!
//! # How it works
//!
//! A **leader** is elected for a **term** (3.4): a member that hears nothing asks who would vote
//! for it (pre-vote, 9.6), and only with a majority willing does it enter the next term, vote for
//! itself and ask for votes. A member votes once in a term, for a candidate whose log is at least as
//! good as its own (later last term, then longer; 3.6.1), and not while it hears a leader (4.2.3).
//! Term and vote are durable before anything tells of them.
//!
//! The leader puts commands behind its log and sends them on (3.5). A follower takes entries that
//! fit behind its own log, drops what contradicts them, makes them durable and answers. What a
//! majority has durably, the leader's own disk being one like any other (10.2.1), and what lies
//! before an entry of the leader's own term that is so, is **committed** (3.6.2): applied in order,
//! and answered. A new leader begins with an empty entry, to commit what it inherited. A follower
//! that disagrees names the last place where it may agree; whole terms are skipped at a time.
//!
//! A question is answered from the leader's state once a majority has answered something that was
//! sent after the question came (6.4). Every so many entries the state, sessions included, becomes a
//! snapshot (5.1); the log before it goes. A follower that needs what is gone gets the snapshot in
//! pieces.
//!
//! # Why it is right
//!
//! 1. *One leader for each term* (R1). A leader has votes of a majority, any two majorities share a
//!    member, and a member votes once in a term: its vote is on its disk before it is told, in one
//!    of two slots of which a crash can harm only the one being written, and is found there when it
//!    starts again.
//! 2. *A leader only appends* (R2). Entries are cut only on the word of the leader of one's own
//!    term, and that is never another's while one leads (1).
//! 3. *Same index and term, same entry, same log before it* (R3; 3.6.3). The leader of a term makes
//!    each of its entries once, at one index; a follower takes an entry only behind the one that
//!    preceded it at the leader. By induction. What a follower has already, it keeps: an old message
//!    must not cut what a newer one brought. Where the follower's log begins behind a snapshot, what
//!    lies before is committed, hence the same at the leader (4).
//! 4. *What is committed in a term is in the log of every leader of a later one* (R4; 3.6.3). Let
//!    `x` be committed in term `t`, and `u > t` the first later term whose leader lacks it. Some
//!    member has `x` durably, acknowledged in `t`, and voted in `u`; in this order, for having voted
//!    in `u` it refuses `t`. In between it lost `x` neither by a crash (what was acknowledged is
//!    found again) nor by a cut (leaders of terms between have `x`, by choice of `u`). So its log
//!    held `x` when it voted, and the candidate's was at least as good. If their last terms are
//!    equal, the longer log holds all of the shorter (3). Else the candidate's last entry is of a
//!    term between `t` and `u`, whose leader had `x` before it; so has the candidate (3). That an
//!    entry of an earlier term is committed only by one of the leader's own is what makes "in term
//!    `t`" true: figure 3.7. A snapshot holds only what is committed, so it may stand for entries.
//! 5. *Everybody applies the same entries in the same order to the same state* (R5). By 3 and 4 one
//!    entry is committed at an index. A member applies them one after the other from a state that
//!    belongs to a known index: the empty one, or a snapshot's, which carries its index in the same
//!    file.
//! 6. *What was known stays known* (R6, R7). Terms rise only, and are durable before they are told.
//!    A leader's knowledge of a follower's log rises only: what is acknowledged is durable, and is
//!    cut only by a later leader. An acknowledgement waits for all that was handed to the disk
//!    before it.
//! 7. *A crash leaves a prefix* (S8). The log's records are in one order, and of them a crash leaves
//!    a prefix that holds all that was synced: [`storage`] tells why. A member that crashed behaves
//!    like one that had not yet received the rest, none of which was acknowledged.
//! 8. *Exactly once* (R9; 6.3). Client and count go with the command through the log. The state, a
//!    function of the log, keeps each client's last count with its reply, in snapshots too. A client
//!    has one command under way; once a later one is applied, an earlier one never is.
//! 9. *A question sees all that was answered before it came* (R8; 6.4). Let it come to the leader of
//!    `t`. A majority answered in `t` what was sent later, so had not yet voted in any later term:
//!    no leader of a later term had committed anything when the question came. What was committed
//!    in earlier terms lies before the leader's empty entry (4), and the answer waits for that.
//!
//! # Why it does not stall
//!
//! Time-outs are drawn anew for each try, up to twice the shortest, so one stands first (3.4, 9.3).
//! Who was cut off has not raised its term, thanks to the pre-vote, and comes back quietly. A leader
//! that no majority answers leaves (6.2), so that one which can speak and not hear is replaced. What
//! was sent and brings no progress for four heartbeats is sent again; on the heartbeat, whose clock
//! no load resets.

pub mod client;
pub mod config;
pub mod core;
pub mod message;
pub mod replica;
pub mod service;
pub mod shell;
pub mod storage;

pub use client::Client;
pub use config::{ClientConfig, MemberConfig};
pub use replica::StateMachine;
pub use shell::{Handle, Member, Status};
