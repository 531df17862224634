//! A client: it asks all replicas and goes on when a majority has answered.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::{task, time};

use crate::protocol::{PORT, Request, Tag, Tagged};

/// How long a majority may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long one replica may take, before it is asked again.
const TRY: Duration = Duration::from_millis(200);

/// Mistakes planted on purpose, to see that they are found. Production has none of them.
#[derive(Clone, Copy, Default, Debug)]
pub struct Bugs {
    /// What a read found is not handed on: the next one may find less.
    pub no_write_back: bool,
}

/// No majority answered. A write may have happened, or may yet.
#[derive(Debug)]
pub struct NoMajority;

impl fmt::Display for NoMajority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no majority of the replicas answered")
    }
}

/// A client of all replicas.
#[derive(Debug)]
pub struct Client {
    name: String,
    replicas: Vec<String>,
    bugs: Bugs,
}

impl Client {
    /// A client of that name, which no other one has, of these replicas.
    pub fn new(name: &str, replicas: Vec<String>, bugs: Bugs) -> Self {
        Self { name: name.to_owned(), replicas, bugs }
    }

    /// The value of a register.
    ///
    /// # Errors
    /// If no majority answered.
    pub async fn read(&self, register: &str) -> Result<Option<u64>, NoMajority> {
        let latest = self.latest(register).await?;
        if !self.bugs.no_write_back {
            self.store(register, latest.clone()).await?;
        }
        Ok(latest.value)
    }

    /// Writes a register.
    ///
    /// # Errors
    /// If no majority answered.
    pub async fn write(&self, register: &str, value: u64) -> Result<(), NoMajority> {
        let number = self.latest(register).await?.tag.number + 1;
        let tag = Tag { number, writer: self.name.clone() };
        self.store(register, Tagged { tag, value: Some(value) }).await
    }

    async fn latest(&self, register: &str) -> Result<Tagged, NoMajority> {
        let answers = self.ask(&Request::Query { register: register.to_owned() }).await?;
        Ok(answers.into_iter().max_by(|one, other| one.tag.cmp(&other.tag)).unwrap_or_default())
    }

    async fn store(&self, register: &str, tagged: Tagged) -> Result<(), NoMajority> {
        self.ask(&Request::Store { register: register.to_owned(), tagged }).await.map(drop)
    }

    /// The answers of a majority, the first that came.
    async fn ask(&self, request: &Request) -> Result<Vec<Tagged>, NoMajority> {
        let (answered, mut answers) = mpsc::channel(self.replicas.len());
        for replica in &self.replicas {
            let (replica, request, answered) = (replica.clone(), request.clone(), answered.clone());
            task::spawn(time::timeout(PATIENCE, async move {
                loop {
                    if let Ok(Ok(tagged)) = time::timeout(TRY, exchange(&replica, &request)).await {
                        answered.send(tagged).await.ok();
                        return;
                    }
                    time::sleep(Duration::from_millis(20)).await;
                }
            }));
        }
        drop(answered);
        let mut majority = Vec::new();
        while let Some(tagged) = answers.recv().await {
            majority.push(tagged);
            if majority.len() > self.replicas.len() / 2 {
                return Ok(majority);
            }
        }
        Err(NoMajority)
    }
}

async fn exchange(replica: &str, request: &Request) -> io::Result<Tagged> {
    let mut stream = BufReader::new(TcpStream::connect((replica, PORT)).await?);
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    stream.write_all(&text).await?;
    stream.flush().await?;
    let mut line = String::new();
    stream.read_line(&mut line).await?;
    // At the end of the stream the line is empty, which is no answer.
    Ok(serde_json::from_str(&line)?)
}
