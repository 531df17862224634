//! A client: finds the primary, retries, and says honestly what it does not know.

use std::time::Duration;

use squall_io::net::TcpStream;
use squall_io::{rand, time};
use tokio::io::AsyncWriteExt;

use super::Error;
use super::config::ClientConfig;
use super::protocol::{Answer, Inbound, MAX_ARGUMENT, MAX_KEY, Op, Outcome, Reply, Request};
use squall_wire::{frame, read_frame};

/// The pause after a first failure; it doubles up to [`MAX_PAUSE`], and a random part of it is
/// waited, at least half.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Short against an election, so that a new primary is found soon after it is there.
const MAX_PAUSE: Duration = Duration::from_millis(200);

/// A client of the store. It performs one operation at a time.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    seq: u64,
    /// The server to try next.
    server: usize,
    /// A connection to that server on which nothing is under way.
    connection: Option<TcpStream>,
}

/// What one try gave.
enum Attempt {
    Executed(Answer),
    /// Nothing was sent, or the server did nothing with it. It may have named the primary.
    Refused(Option<usize>),
    /// It was sent; what became of it is not known.
    Lost,
    /// It was sent, and will not be executed if it was not.
    Superseded,
}

impl Client {
    /// A client that has done nothing yet.
    ///
    /// # Panics
    /// Without servers.
    pub fn new(config: ClientConfig) -> Self {
        assert!(!config.servers.is_empty(), "a client needs a server");
        Self { config, seq: 0, server: 0, connection: None }
    }

    /// Executes an operation, exactly once however often it has to be tried. If the future is
    /// dropped, the outcome of the operation is unknown, and the client can be used on.
    ///
    /// # Errors
    /// [`Error::NotExecuted`] if it certainly was not and never will be; [`Error::Unknown`] if it
    /// was sent and no answer came: it may have been executed, may be still, or never.
    pub async fn execute(&mut self, op: Op) -> Result<Answer, Error> {
        if op.key().len() > MAX_KEY || op.argument_len() > MAX_ARGUMENT {
            return Err(Error::NotExecuted("beyond the limits of a request"));
        }
        self.seq += 1;
        let request = Request { client: self.config.id.clone(), seq: self.seq, op };
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
                Attempt::Executed(answer) => return Ok(answer),
                Attempt::Superseded => return Err(Error::Unknown("superseded")),
                Attempt::Refused(primary) => primary,
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

    /// The next server to try: the primary, if one was named that is not the one just tried.
    fn turn_to(&mut self, named: Option<usize>) {
        let count = self.config.servers.len();
        let next = named.filter(|&place| place < count && place != self.server);
        let next = next.unwrap_or((self.server + 1) % count);
        if next != self.server {
            self.connection = None;
        }
        self.server = next;
    }

    async fn attempt(&mut self, request: &[u8], patience: Duration) -> Attempt {
        let deadline = time::now() + patience;
        // Taken out, and put back only with nothing under way: a connection given up in the middle
        // would give this request's answer to the next.
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => {
                let address = (self.config.servers[self.server].as_str(), self.config.port);
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
        let reply = time::timeout(deadline - time::now(), exchange).await;
        let Ok(Ok(Reply { seq, outcome })) = reply else { return Attempt::Lost };
        if seq != self.seq {
            return Attempt::Lost;
        }
        self.connection = Some(stream);
        match outcome {
            Outcome::Executed(answer) => Attempt::Executed(answer),
            Outcome::NotPrimary { primary } => Attempt::Refused(primary),
            Outcome::Busy => Attempt::Refused(None),
            Outcome::Interrupted => Attempt::Lost,
            Outcome::Superseded => Attempt::Superseded,
        }
    }
}
