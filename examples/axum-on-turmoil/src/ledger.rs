//! The balances, and the deposits that made them.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::journal::Journal;

/// Mistakes planted on purpose, to see that they are found. Production has none of them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Bugs {
    /// The books are let go while a deposit is written down.
    pub lost_update: bool,
    /// Which deposits were made is forgotten when the server starts again.
    pub forgets_ids: bool,
}

/// A deposit, as the journal has it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    account: String,
    id: String,
    amount: u64,
}

/// What is in memory.
#[derive(Debug, Default)]
struct Books {
    balances: BTreeMap<String, u64>,
    /// What each deposit was answered.
    answers: BTreeMap<String, u64>,
}

impl Books {
    fn balance(&self, account: &str) -> u64 {
        self.balances.get(account).copied().unwrap_or(0)
    }

    fn enter(&mut self, entry: Entry, balance: u64) {
        self.balances.insert(entry.account, balance);
        self.answers.insert(entry.id, balance);
    }
}

#[derive(Debug)]
pub(crate) struct Ledger {
    books: Mutex<Books>,
    journal: Mutex<Journal>,
    bugs: Bugs,
}

impl Ledger {
    /// The ledger in the current folder.
    pub(crate) async fn open(bugs: Bugs) -> io::Result<Self> {
        let (journal, entries) = Journal::open().await?;
        let mut books = Books::default();
        for entry in entries {
            let balance = books.balance(&entry.account) + entry.amount;
            books.enter(entry, balance);
        }
        if bugs.forgets_ids {
            books.answers.clear();
        }
        Ok(Self { books: Mutex::new(books), journal: Mutex::new(journal), bugs })
    }

    pub(crate) async fn balance(&self, account: &str) -> u64 {
        self.books.lock().await.balance(account)
    }

    /// Makes a deposit, unless it was made; the balance after it. After an error the ledger is done for.
    pub(crate) async fn deposit(&self, account: String, id: String, amount: u64) -> io::Result<u64> {
        let mut books = self.books.lock().await;
        if let Some(balance) = books.answers.get(&id) {
            return Ok(*balance);
        }
        let balance = books.balance(&account) + amount;
        let entry = Entry { account, id, amount };
        if self.bugs.lost_update {
            // Whoever comes meanwhile adds to the balance that was read above.
            drop(books);
            self.journal.lock().await.append(&entry).await?;
            books = self.books.lock().await;
        } else {
            self.journal.lock().await.append(&entry).await?;
        }
        books.enter(entry, balance);
        Ok(balance)
    }
}
