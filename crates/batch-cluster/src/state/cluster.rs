//! The state under the replicated log, and shared with the controller of the same process.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use squall_io::observe;

use crate::codec::{decode, encode};
use crate::raft::replica::StateMachine;
use crate::{Bugs, Error};

use super::{Command, Question, State, Submitted};

/// The state machine that Raft drives. Clones share one state.
#[derive(Clone, Debug)]
pub struct Cluster(Arc<Mutex<State>>);

impl Cluster {
    /// Before the first entry.
    pub fn new(bugs: Bugs) -> Self {
        Self(Arc::new(Mutex::new(State::new(bugs))))
    }

    /// Looks at the state.
    pub fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Whoever panicked under the lock has reported it; readers may go on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StateMachine for Cluster {
    fn apply(&mut self, index: u64, term: u64, command: &[u8]) -> Vec<u8> {
        let command: Command = match decode(command) {
            Ok(command) => command,
            Err(error) => return encode(&Submitted::Refused { why: format!("no command: {error}") }),
        };
        let (answer, words) = self.lock().apply(index, term, &command);
        words.into_iter().for_each(observe);
        answer
    }

    fn query(&self, question: &[u8]) -> Vec<u8> {
        match decode::<Question>(question) {
            Ok(question) => self.lock().answer(&question),
            // No answer of any kind is empty: whoever asked sees that it makes no sense.
            Err(_) => Vec::new(),
        }
    }

    fn snapshot(&self) -> Vec<u8> {
        encode(&*self.lock())
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Error> {
        let restored: State = decode(state).map_err(|error| Error::Snapshot(error.to_string()))?;
        let mut state = self.lock();
        let bugs = state.bugs.clone();
        *state = restored.with_bugs(bugs);
        Ok(())
    }

    fn digest(&self) -> u64 {
        self.lock().digest()
    }
}
