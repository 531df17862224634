//! A client: finds the leader, retries, and says honestly what it does not know.

use std::time::Duration;

use squall_io::net::TcpStream;
use squall_io::{rand, time};
use tokio::io::AsyncWriteExt;

use crate::Error;
use crate::codec::{frame, read_frame};

use super::config::ClientConfig;
use super::message::Command;
use super::service::{MAX_CLIENT, MAX_COMMAND, Reply, Request};
use super::shell::Inbound;

/// The pause after a first failure; it doubles up to [`MAX_PAUSE`], and a random part of it is
/// waited, at least half.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Short against an election, so that a new leader is found soon after it is there.
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// A client of the group. It has one request under way at a time.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    seq: u64,
    /// The member to try next.
    member: usize,
    /// A connection to that member on which nothing is under way.
    connection: Option<TcpStream>,
    /// Who answered last.
    answered: Option<usize>,
}

/// What one try gave.
enum Attempt {
    Done(Vec<u8>),
    /// Nothing was sent, or the member did nothing with it. It may have named the leader.
    Refused(Option<usize>),
    /// It was sent; what became of it is not known.
    Lost,
    /// It was sent, and will not be done if it was not.
    Superseded,
}

impl Client {
    /// A client that has done nothing yet.
    ///
    /// # Panics
    /// Without members.
    pub fn new(config: ClientConfig) -> Self {
        assert!(!config.members.is_empty(), "a client needs a member");
        Self { config, seq: 0, member: 0, connection: None, answered: None }
    }

    /// Executes a command, exactly once however often it has to be tried. If the future is dropped,
    /// the outcome is unknown, and the client can be used on.
    ///
    /// # Errors
    /// [`Error::NotExecuted`] if it certainly was not and never will be; [`Error::Unknown`] if it
    /// was sent and no answer came: it may have been executed, may be still, or never.
    pub async fn command(&mut self, command: Vec<u8>) -> Result<Vec<u8>, Error> {
        if command.len() > MAX_COMMAND || self.config.id.len() > MAX_CLIENT {
            return Err(Error::NotExecuted("beyond the limits of a request"));
        }
        self.seq += 1;
        let client = self.config.id.clone();
        self.request(Request::Command(Command { client, seq: self.seq, command })).await
    }

    /// Asks a question of a state that is at least as new as the question.
    ///
    /// # Errors
    /// [`Error::NotExecuted`] or [`Error::Unknown`] if no answer came in time; a question changes
    /// nothing either way.
    pub async fn query(&mut self, question: Vec<u8>) -> Result<Vec<u8>, Error> {
        if question.len() > MAX_COMMAND {
            return Err(Error::NotExecuted("beyond the limits of a request"));
        }
        self.request(Request::Query { question }).await
    }

    /// The member that answered last: then it led.
    pub fn leader(&self) -> Option<&str> {
        self.answered.map(|member| self.config.members[member].as_str())
    }

    async fn request(&mut self, request: Request) -> Result<Vec<u8>, Error> {
        let bytes = frame(&Inbound::Client(request));
        let deadline = time::now() + self.config.total_timeout;
        let mut pause = FIRST_PAUSE;
        let mut maybe_executed = false;
        loop {
            let left = deadline - time::now();
            if left.is_zero() {
                let why = if maybe_executed { Error::Unknown } else { Error::NotExecuted };
                return Err(why("time ran out"));
            }
            let next = match self.attempt(&bytes, left.min(self.config.attempt_timeout)).await {
                Attempt::Done(answer) => return Ok(answer),
                Attempt::Superseded => return Err(Error::Unknown("superseded")),
                Attempt::Refused(leader) => leader,
                Attempt::Lost => {
                    maybe_executed = true;
                    None
                }
            };
            self.turn_to(next);
            let longest = pause.min(deadline - time::now());
            time::sleep(rand::between(longest / 2, longest)).await;
            pause = (pause * 2).min(MAX_PAUSE);
        }
    }

    /// The next member to try: the leader, if one was named that is not the one just tried.
    fn turn_to(&mut self, named: Option<usize>) {
        let count = self.config.members.len();
        let next = named.filter(|&place| place < count && place != self.member);
        let next = next.unwrap_or((self.member + 1) % count);
        if next != self.member {
            self.connection = None;
        }
        self.member = next;
    }

    async fn attempt(&mut self, request: &[u8], patience: Duration) -> Attempt {
        let deadline = time::now() + patience;
        // Taken out, and put back only with nothing under way: a connection given up in the middle
        // would give this request's answer to the next.
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => {
                let address = (self.config.members[self.member].as_str(), self.config.port);
                match time::timeout(patience, TcpStream::connect(address)).await {
                    Ok(Ok(stream)) => stream,
                    Ok(Err(_)) | Err(_) => return Attempt::Refused(None),
                }
            }
        };
        let exchange = async {
            stream.write_all(request).await?;
            read_frame::<Reply>(&mut stream).await
        };
        let Ok(Ok(reply)) = time::timeout(deadline - time::now(), exchange).await else {
            return Attempt::Lost;
        };
        self.connection = Some(stream);
        match reply {
            Reply::Done { answer } => {
                self.answered = Some(self.member);
                Attempt::Done(answer)
            }
            Reply::NotLeader { leader } => Attempt::Refused(leader),
            Reply::Busy => Attempt::Refused(None),
            Reply::Interrupted => Attempt::Lost,
            Reply::Superseded => Attempt::Superseded,
        }
    }
}
