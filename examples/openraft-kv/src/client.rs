//! A client: follows the leader, retries, and says honestly what it does not know.

use std::time::Duration;

use squall_io::{rand, time};

use crate::network::Line;
use crate::protocol::{Answer, Call, Op, Outcome, Reply, Request};

/// How long one server is given to answer.
const ATTEMPT: Duration = Duration::from_millis(500);
/// Longest pause between two attempts; at least half of it is waited.
const PAUSE: Duration = Duration::from_millis(80);

/// A client of the store. It performs one operation at a time.
pub(crate) struct Client {
    /// Retries are recognised by it: no two clients and no two incarnations of one may share it.
    id: String,
    servers: Vec<String>,
    timeout: Duration,
    seq: u64,
    line: Line,
}

/// No answer came in time: the operation may have been executed, may be later, or never.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct NoAnswer;

impl Client {
    pub(crate) fn new(id: String, servers: Vec<String>, timeout: Duration) -> Self {
        let line = Line::new(&servers[0]);
        Self { id, servers, timeout, seq: 0, line }
    }

    /// Executes an operation, once however often it is tried.
    ///
    /// # Errors
    /// [`NoAnswer`] when time has run out: what was sent may be executed all the same.
    pub(crate) async fn execute(&mut self, op: Op) -> Result<Answer, NoAnswer> {
        self.seq += 1;
        let call = Call::Client(Request { client: self.id.clone(), seq: self.seq, op });
        let deadline = time::now() + self.timeout;
        loop {
            let left = deadline - time::now();
            if left.is_zero() {
                return Err(NoAnswer);
            }
            let leader = match time::timeout(left.min(ATTEMPT), self.line.call(&call)).await {
                Ok(Ok(Reply::Client(Outcome::Executed(Answer::Superseded)))) => {
                    return Err(NoAnswer);
                }
                Ok(Ok(Reply::Client(Outcome::Executed(answer)))) => return Ok(answer),
                Ok(Ok(Reply::Client(Outcome::TryElsewhere(leader)))) => leader,
                // Whatever was sent may have arrived.
                Ok(Ok(_) | Err(_)) | Err(_) => None,
            };
            self.turn_to(leader);
            time::sleep(rand::between(PAUSE / 2, PAUSE)).await;
        }
    }

    /// The next server to try: the leader, if one was named that was not just tried.
    fn turn_to(&mut self, leader: Option<u64>) {
        let place = |id: u64| usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let named = leader.and_then(place).and_then(|place| self.servers.get(place));
        let here = self.servers.iter().position(|server| server == self.line.server());
        let next = &self.servers[here.map_or(0, |here| (here + 1) % self.servers.len())];
        let server = named.filter(|server| *server != self.line.server()).unwrap_or(next);
        self.line = Line::new(server);
    }
}
