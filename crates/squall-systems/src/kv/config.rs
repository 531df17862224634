//! Settings of a server and of a client, with the reason for each default.

use std::path::PathBuf;
use std::time::Duration;

use super::{Bugs, Error};

/// What a server has to know.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Its own name; one of `servers`.
    pub name: String,
    /// The names of all servers, the same list in the same order everywhere; an odd number.
    pub servers: Vec<String>,
    /// The port on which every server listens.
    pub port: u16,
    /// How long a backup keeps its word not to elect another primary, from each message on.
    pub lease: Duration,
    /// How often the primary is heard when it has nothing to say.
    pub heartbeat: Duration,
    /// Where its files lie, relative to the node's own directory.
    pub directory: PathBuf,
    /// Planted bugs that are on.
    pub bugs: Bugs,
}

impl ServerConfig {
    /// A server with the defaults: port 7000, a lease of 500 ms, a heartbeat every 50 ms (nine may
    /// be lost before anybody acts), files in `kv`, no bugs.
    pub fn new(name: &str, servers: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            servers: servers.to_vec(),
            port: DEFAULT_PORT,
            lease: Duration::from_millis(500),
            heartbeat: Duration::from_millis(50),
            directory: PathBuf::from("kv"),
            bugs: Bugs::none(),
        }
    }

    /// The server's place in the list, after checking that the settings can work.
    ///
    /// # Errors
    /// [`Error::Config`].
    pub fn place(&self) -> Result<usize, Error> {
        let wrong = |what: String| Err(Error::Config(what));
        if self.servers.len().is_multiple_of(2) {
            return wrong(format!("{} servers: an odd number is needed", self.servers.len()));
        }
        if self.heartbeat.is_zero() || self.lease < self.heartbeat * 4 {
            return wrong("a lease must last at least four heartbeats".to_owned());
        }
        match self.servers.iter().position(|server| *server == self.name) {
            Some(place) => Ok(place),
            None => wrong(format!("`{}` is not among the servers", self.name)),
        }
    }
}

/// Where servers listen unless told otherwise.
pub const DEFAULT_PORT: u16 = 7_000;

/// What a client has to know.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Who it is. No two clients, and no two incarnations of one client, may share an id: retries
    /// are recognised by it.
    pub id: String,
    /// The servers' names.
    pub servers: Vec<String>,
    /// The servers' port.
    pub port: u16,
    /// How long one server is given to answer, connecting included.
    pub attempt_timeout: Duration,
    /// How long an operation is tried in all.
    pub total_timeout: Duration,
}

impl ClientConfig {
    /// A client with the defaults: 500 ms for a server (a lease: by then it has either answered or
    /// lost its office), 5 s in all (an election takes about one).
    pub fn new(id: &str, servers: &[String]) -> Self {
        Self {
            id: id.to_owned(),
            servers: servers.to_vec(),
            port: DEFAULT_PORT,
            attempt_timeout: Duration::from_millis(500),
            total_timeout: Duration::from_secs(5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_work_are_refused() {
        let names = |count: usize| (1..=count).map(|k| format!("server-{k}")).collect::<Vec<_>>();
        assert_eq!(ServerConfig::new("server-2", &names(3)).place().unwrap(), 1);
        let even = ServerConfig::new("server-2", &names(4)).place().unwrap_err();
        assert_eq!(even.to_string(), "bad configuration: 4 servers: an odd number is needed");
        assert!(ServerConfig::new("server-9", &names(3)).place().is_err());
        let hasty = ServerConfig {
            heartbeat: Duration::from_millis(200),
            ..ServerConfig::new("server-1", &names(3))
        };
        assert!(hasty.place().is_err());
    }
}
