//! Holds back what must follow durability.

use std::collections::VecDeque;

use super::{Output, Token};

/// Outputs that wait for a token, in order. Whoever drives a core passes each output through.
#[derive(Debug)]
pub struct Gate {
    held: VecDeque<(Token, Output)>,
    durable: Token,
}

impl Default for Gate {
    fn default() -> Self {
        Self { held: VecDeque::new(), durable: Token(0) }
    }
}

impl Gate {
    /// The output, if it may be carried out now; else it is kept.
    pub fn pass(&mut self, output: Output) -> Option<Output> {
        match output {
            Output::Send { after: Some(token), .. } | Output::Observe { after: Some(token), .. }
                if token > self.durable =>
            {
                self.held.push_back((token, output));
                None
            }
            _ => Some(output),
        }
    }

    /// What may be carried out once `token` is durable. To be called before the core is told.
    pub fn release(&mut self, token: Token) -> Vec<Output> {
        self.durable = self.durable.max(token);
        let mut released = Vec::new();
        while let Some((_, output)) = self.held.pop_front_if(|(waiting, _)| *waiting <= self.durable) {
            released.push(output);
        }
        released
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raft::message::Message;

    #[test]
    fn what_follows_durability_waits_for_it() {
        let send = |to, after: Option<u64>| Output::Send {
            to,
            message: Message::VoteReply { term: 1, granted: true },
            after: after.map(Token),
        };
        let mut gate = Gate::default();
        assert_eq!(gate.pass(send(1, Some(1))), None);
        assert_eq!(gate.pass(send(2, None)), Some(send(2, None)));
        assert_eq!(gate.pass(send(3, Some(3))), None);
        assert_eq!(gate.release(Token(2)), [send(1, Some(1))]);
        assert_eq!(gate.pass(send(4, Some(2))), Some(send(4, Some(2))));
        assert_eq!(gate.release(Token(3)), [send(3, Some(3))]);
    }
}
