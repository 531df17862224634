//! What a guarantee says of pairs of versions: which of two is not the older one.

use rustc_hash::FxHashMap;

use super::Guarantee;
use super::reading::{Act, Kind, Sessions};
use crate::answer::{NoAnswer, hold};
use crate::{Budget, Operation};

/// Of two versions of a key, `to` is newer.
#[derive(Clone, Copy)]
pub(super) struct Constraint<'a, 'h> {
    pub(super) from: u32,
    pub(super) to: u32,
    /// The guarantee that says so.
    pub(super) guarantee: Guarantee,
    /// The operation that read or wrote `from`, and the one that read or wrote `to` later.
    pub(super) earlier: &'a Operation<'h>,
    pub(super) later: &'a Operation<'h>,
    /// The write that showed to the later one's session what its writer had done, and the read of it.
    pub(super) shown: Option<[&'a Operation<'h>; 2]>,
}

/// An act on a key, by its place in its session; where versions are numbers, the newest of them and all
/// before it, since an earlier one may say more than the last.
type Place<'a, 'h> = (u32, u32, &'a Operation<'h>);

/// What one session did to one key.
#[derive(Default)]
struct OnKey<'a, 'h> {
    session: u32,
    reads: Vec<Place<'a, 'h>>,
    writes: Vec<Place<'a, 'h>>,
}

/// All that a guarantee says. The last two of them are judged together with monotonic reads.
pub(super) fn constraints<'a, 'h>(
    guarantee: Guarantee,
    sessions: &Sessions<'a, 'h>,
    budget: &mut Budget,
) -> Result<Vec<Constraint<'a, 'h>>, NoAnswer> {
    let mut writer = Writer { guarantee, sessions, on_keys: Vec::new(), said: Vec::new() };
    if matches!(guarantee, Guarantee::MonotonicWrites | Guarantee::WritesFollowReads) {
        writer.on_keys = on_keys(sessions, budget)?;
    }
    for (session, acts) in sessions.acts.iter().enumerate() {
        writer.session(u32::try_from(session).expect("sessions are counted"), acts, budget)?;
    }
    Ok(writer.said)
}

/// For each key, what each session did to it.
fn on_keys<'a, 'h>(
    sessions: &Sessions<'a, 'h>,
    budget: &mut Budget,
) -> Result<Vec<Vec<OnKey<'a, 'h>>>, NoAnswer> {
    let mut on_keys: Vec<Vec<OnKey<'_, '_>>> = sessions.keys.iter().map(|_| Vec::new()).collect();
    for (session, acts) in (0..).zip(&sessions.acts) {
        hold::<Place<'_, '_>>(budget, 2 * acts.len())?;
        for (place, act) in (0..).zip(acts) {
            let on_key = &mut on_keys[act.key as usize];
            // Sessions come one after the other, so this one's entry is the last if it has one.
            if on_key.last().is_none_or(|last| last.session != session) {
                on_key.push(OnKey { session, ..OnKey::default() });
            }
            let last = on_key.last_mut().expect("one was pushed if there was none");
            let list = match act.kind {
                Kind::Read => &mut last.reads,
                Kind::Write => &mut last.writes,
            };
            let now = (act.version, act.by);
            let (version, by) = list.last().map_or(now, |&(_, before, by)| sessions.newer((before, by), now));
            list.push((place, version, by));
        }
    }
    Ok(on_keys)
}

struct Writer<'s, 'a, 'h> {
    guarantee: Guarantee,
    sessions: &'s Sessions<'a, 'h>,
    on_keys: Vec<Vec<OnKey<'a, 'h>>>,
    said: Vec<Constraint<'a, 'h>>,
}

/// What a session has done so far.
#[derive(Default)]
struct Past<'a, 'h> {
    read: FxHashMap<u32, (u32, &'a Operation<'h>)>,
    wrote: FxHashMap<u32, (u32, &'a Operation<'h>)>,
    /// Of each other session of which a write was seen, the latest.
    seen: FxHashMap<u32, Seen<'a, 'h>>,
    /// All that was seen, each time it was more of a session than before.
    log: Vec<Seen<'a, 'h>>,
    /// For each key, how long that was when it was last read.
    looked: FxHashMap<u32, usize>,
}

/// The write of a session was seen.
#[derive(Clone, Copy)]
struct Seen<'a, 'h> {
    session: u32,
    /// What the session did before its act of this place was seen already.
    from: u32,
    /// The place of the write.
    to: u32,
    /// The write, and the read of it.
    shown: [&'a Operation<'h>; 2],
}

impl<'a, 'h> Writer<'_, 'a, 'h> {
    fn session(&mut self, session: u32, acts: &[Act<'a, 'h>], budget: &mut Budget) -> Result<(), NoAnswer> {
        let mut past = Past::default();
        for act in acts {
            let before = self.said.len();
            match act.kind {
                Kind::Read => self.read(session, act, &mut past, budget)?,
                Kind::Write => self.write(act, &mut past),
            }
            hold::<Constraint<'_, '_>>(budget, self.said.len() - before)?;
        }
        Ok(())
    }

    fn write(&mut self, act: &Act<'a, 'h>, past: &mut Past<'a, 'h>) {
        let last = match self.guarantee {
            Guarantee::MonotonicWrites => past.wrote.get(&act.key),
            Guarantee::WritesFollowReads => past.read.get(&act.key),
            Guarantee::MonotonicReads | Guarantee::ReadYourWrites => None,
        };
        if let Some(&last) = last {
            self.say(self.guarantee, last, act, None);
        }
        self.meet(&mut past.wrote, act);
    }

    /// Notes what the session met of a key.
    fn meet(&self, met: &mut FxHashMap<u32, (u32, &'a Operation<'h>)>, act: &Act<'a, 'h>) {
        let now = (act.version, act.by);
        let last = met.entry(act.key).or_insert(now);
        // A session's own writes are there in the order in which it made them.
        let is_last = self.guarantee == Guarantee::ReadYourWrites;
        *last = if is_last { now } else { self.sessions.newer(*last, now) };
    }

    fn read(
        &mut self,
        session: u32,
        act: &Act<'a, 'h>,
        past: &mut Past<'a, 'h>,
        budget: &mut Budget,
    ) -> Result<(), NoAnswer> {
        let (last_read, last_write) = (past.read.get(&act.key), past.wrote.get(&act.key));
        if self.guarantee == Guarantee::ReadYourWrites {
            if let Some(&wrote) = last_write.filter(|(_, by)| by.ok().is_some()) {
                self.say(Guarantee::ReadYourWrites, wrote, act, None);
            }
        } else if let Some(&read) = last_read {
            self.say(Guarantee::MonotonicReads, read, act, None);
        }
        if !self.on_keys.is_empty() {
            self.follow(act, past, budget)?;
        }
        self.meet(&mut past.read, act);
        if let Some(written) = self.sessions.versions[act.version as usize].written {
            let before = past.seen.get(&written.session).map(|seen| seen.to);
            if written.session != session && before.is_none_or(|before| before < written.place) {
                let (session, from, to) = (written.session, before.unwrap_or(0), written.place);
                let seen = Seen { session, from, to, shown: [written.by, act.by] };
                hold::<Seen<'_, '_>>(budget, 2)?;
                past.seen.insert(session, seen);
                past.log.push(seen);
            }
        }
        Ok(())
    }

    /// What other sessions did to the key before those of their writes that were seen.
    ///
    /// What followed when the key was last read need not be said again, since reads are not to go back;
    /// it is where versions are numbers, since then no chain of what is said is looked for.
    fn follow(
        &mut self,
        act: &Act<'a, 'h>,
        past: &mut Past<'a, 'h>,
        budget: &mut Budget,
    ) -> Result<(), NoAnswer> {
        let looked = past.looked.insert(act.key, past.log.len()).unwrap_or(0);
        let news = if self.sessions.is_ranked() { &past.log[..] } else { &past.log[looked..] };
        let others = self.on_keys[act.key as usize].len();
        budget.spend(others.min(news.len()) as u64)?;
        if news.len() < others {
            for seen in news {
                let on_key = &self.on_keys[act.key as usize];
                // They are in order of their sessions.
                if let Ok(other) = on_key.binary_search_by_key(&seen.session, |on_key| on_key.session) {
                    self.follow_one(other, act, seen);
                }
            }
            return Ok(());
        }
        for other in 0..others {
            let whose = self.on_keys[act.key as usize][other].session;
            if let Some(seen) = past.seen.get(&whose) {
                self.follow_one(other, act, &Seen { from: 0, ..*seen });
            }
        }
        Ok(())
    }

    fn follow_one(&mut self, other: usize, act: &Act<'a, 'h>, seen: &Seen<'a, 'h>) {
        let on_key = &self.on_keys[act.key as usize][other];
        let list = match self.guarantee {
            Guarantee::WritesFollowReads => &on_key.reads,
            _ => &on_key.writes,
        };
        let before = list.partition_point(|&(place, ..)| place < seen.to);
        let last = before.checked_sub(1).and_then(|last| list.get(last));
        if let Some(&(_, version, by)) = last.filter(|&&(place, ..)| place >= seen.from) {
            self.say(self.guarantee, (version, by), act, Some(seen.shown));
        }
    }

    fn say(
        &mut self,
        guarantee: Guarantee,
        (from, earlier): (u32, &'a Operation<'h>),
        act: &Act<'a, 'h>,
        shown: Option<[&'a Operation<'h>; 2]>,
    ) {
        let (to, later) = (act.version, act.by);
        self.said.push(Constraint { from, to, guarantee, earlier, later, shown });
    }
}
