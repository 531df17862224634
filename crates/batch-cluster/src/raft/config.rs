//! Settings of a member and of a client, with the reason for each default.

use std::path::PathBuf;
use std::time::Duration;

use crate::{Bugs, Error};

use super::core::Settings;

/// Where members listen unless told otherwise.
pub const DEFAULT_PORT: u16 = 7_100;

/// What a member has to know.
#[derive(Clone, Debug)]
pub struct MemberConfig {
    /// Its own name; one of `members`.
    pub name: String,
    /// The names of all members, the same list in the same order everywhere, for ever.
    pub members: Vec<String>,
    /// The port on which every member listens.
    pub port: u16,
    /// Where its files lie, relative to the node's own directory.
    pub directory: PathBuf,
    /// How often the leader is heard when it has nothing to say.
    pub heartbeat: Duration,
    /// How long a follower hears nothing before it stands for election; up to twice as long.
    pub election: Duration,
    /// How long a leader goes on without an answer from a majority.
    pub check_quorum: Duration,
    /// After how many entries the state is written as a snapshot.
    pub snapshot_every: u64,
    /// Planted bugs that are on.
    pub bugs: Bugs,
}

impl MemberConfig {
    /// A member with the defaults: port 7100, files in `ctl`, a heartbeat every 50 ms, election
    /// after 300 to 600 ms (five heartbeats may be lost before anybody acts), an office without a
    /// majority for 600 ms at most (a successor takes about as long), a snapshot every 500 entries.
    pub fn new(name: &str, members: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            members: members.to_vec(),
            port: DEFAULT_PORT,
            directory: PathBuf::from("ctl"),
            heartbeat: Duration::from_millis(50),
            election: Duration::from_millis(300),
            check_quorum: Duration::from_millis(600),
            snapshot_every: 500,
            bugs: Bugs::none(),
        }
    }

    /// The same, slower by a factor: for machines and networks that stall now and then.
    #[must_use]
    pub fn slower(mut self, factor: u32) -> Self {
        for span in [&mut self.heartbeat, &mut self.election, &mut self.check_quorum] {
            *span *= factor;
        }
        self
    }

    /// What the core has to know, after checking that it can work.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn settings(&self) -> Result<Settings, Error> {
        let wrong = |what: String| Err(Error::Config(what));
        let Some(place) = self.members.iter().position(|member| *member == self.name) else {
            return wrong(format!("`{}` is not among the members", self.name));
        };
        let is_doubled = |member: &String| self.members.iter().filter(|other| *other == member).count() > 1;
        if let Some(doubled) = self.members.iter().find(|member| is_doubled(member)) {
            return wrong(format!("`{doubled}` is a member twice"));
        }
        if self.heartbeat.is_zero() || self.election < self.heartbeat * 3 {
            return wrong("an election time-out must last at least three heartbeats".to_owned());
        }
        if self.check_quorum < self.election {
            return wrong("a leader must be given at least an election time-out".to_owned());
        }
        if self.snapshot_every == 0 {
            return wrong("a snapshot after every 0 entries".to_owned());
        }
        Ok(Settings {
            place,
            members: self.members.clone(),
            heartbeat: self.heartbeat,
            election: self.election,
            check_quorum: self.check_quorum,
            snapshot_every: self.snapshot_every,
            bugs: self.bugs.clone(),
        })
    }
}

/// What a client has to know.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Who it is. No two clients, and no two incarnations of one client, may share an id: retries
    /// are recognised by it.
    pub id: String,
    /// The members' names.
    pub members: Vec<String>,
    /// The members' port.
    pub port: u16,
    /// How long one member is given to answer, connecting included.
    pub attempt_timeout: Duration,
    /// How long a request is tried in all.
    pub total_timeout: Duration,
}

impl ClientConfig {
    /// A client with the defaults: a second for a member (by then a leader has either answered or
    /// lost its office), 30 s in all.
    pub fn new(id: &str, members: &[String]) -> Self {
        Self {
            id: id.to_owned(),
            members: members.to_vec(),
            port: DEFAULT_PORT,
            attempt_timeout: Duration::from_secs(1),
            total_timeout: Duration::from_secs(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let names: Vec<String> = (1..=3).map(|k| format!("controller-{k}")).collect();
        let good = MemberConfig::new("controller-2", &names);
        assert_eq!(good.settings().unwrap().place, 1);
        assert_eq!(good.clone().slower(5).settings().unwrap().election, Duration::from_millis(1_500));
        let stranger = MemberConfig::new("controller-9", &names).settings().unwrap_err();
        assert_eq!(stranger.to_string(), "bad configuration: `controller-9` is not among the members");
        let doubled = MemberConfig::new("a", &["a".to_owned(), "b".into(), "b".into()]).settings();
        assert_eq!(doubled.unwrap_err().to_string(), "bad configuration: `b` is a member twice");
        for bad in [
            MemberConfig { heartbeat: Duration::ZERO, ..good.clone() },
            MemberConfig { heartbeat: Duration::from_millis(101), ..good.clone() },
            MemberConfig { check_quorum: Duration::from_millis(299), ..good.clone() },
            MemberConfig { snapshot_every: 0, ..good },
        ] {
            assert!(bad.settings().is_err(), "{bad:?}");
        }
    }
}
