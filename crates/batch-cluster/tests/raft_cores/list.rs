//! The replicated state of the test: a list of words.

use batch_cluster::Error;
use batch_cluster::codec::hash;
use batch_cluster::raft::replica::StateMachine;

/// Each command appends a word, its padding left out; the reply is its place; a question gives the whole list.
#[derive(Default, Debug)]
pub(crate) struct List {
    text: String,
    count: usize,
    digest: u64,
}

impl StateMachine for List {
    fn apply(&mut self, index: u64, _: u64, command: &[u8]) -> Vec<u8> {
        self.text += std::str::from_utf8(command).expect("words are text").trim_end_matches('-');
        self.count += 1;
        self.digest = hash(&[&self.digest.to_le_bytes(), &index.to_le_bytes(), command]);
        self.count.to_string().into_bytes()
    }

    fn query(&self, _: &[u8]) -> Vec<u8> {
        self.text.clone().into_bytes()
    }

    fn snapshot(&self) -> Vec<u8> {
        batch_cluster::codec::encode(&(&self.text, self.count, self.digest))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), Error> {
        let (text, count, digest) =
            batch_cluster::codec::decode(state).map_err(|error| Error::Snapshot(error.to_string()))?;
        *self = Self { text, count, digest };
        Ok(())
    }

    fn digest(&self) -> u64 {
        self.digest
    }
}
