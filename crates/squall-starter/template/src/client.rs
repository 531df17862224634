//! A client: one request at a time, and honest about what it does not know.

use std::fmt;
use std::io;
use std::time::Duration;

use squall_io::net::TcpStream;
use squall_io::time;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::protocol::{PORT, Reply, Request};

/// How long a client waits for a connection, and for an answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// Nothing was sent: it did not happen.
    NotSent(io::Error),
    /// It was sent: it may have happened, or may yet.
    NoAnswer(io::Error),
}

impl Error {
    /// Whether the request certainly had no effect and never will.
    pub fn never_happened(&self) -> bool {
        matches!(self, Self::NotSent(_))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "not sent: {why}"),
            Self::NoAnswer(why) => write!(f, "no answer: {why}"),
        }
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Client {
    server: String,
    connection: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the server of that name.
    pub fn new(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            connection: None,
        }
    }

    /// The value of a key.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn get(&mut self, key: &str) -> Result<Option<String>, Error> {
        match self
            .call(Request::Get {
                key: key.to_owned(),
            })
            .await?
        {
            Reply::Value(value) => Ok(value),
            other => Err(Error::NoAnswer(nonsense(&other))),
        }
    }

    /// Sets a key to `to` if its value is `from`; whether it was.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn compare_and_set(
        &mut self,
        key: &str,
        from: Option<String>,
        to: &str,
    ) -> Result<bool, Error> {
        let request = Request::CompareAndSet {
            key: key.to_owned(),
            from,
            to: to.to_owned(),
        };
        match self.call(request).await? {
            Reply::Set(done) => Ok(done),
            other => Err(Error::NoAnswer(nonsense(&other))),
        }
    }

    async fn call(&mut self, request: Request) -> Result<Reply, Error> {
        // Put back when the answer is there: on any other a late answer could be taken for the next.
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => {
                let connecting = TcpStream::connect((self.server.as_str(), PORT));
                let stream = within_patience(connecting).await.map_err(Error::NotSent)?;
                BufReader::new(stream)
            }
        };
        let reply = within_patience(exchange(&mut connection, &request))
            .await
            .map_err(Error::NoAnswer)?;
        self.connection = Some(connection);
        Ok(reply)
    }
}

async fn exchange(connection: &mut BufReader<TcpStream>, request: &Request) -> io::Result<Reply> {
    let mut text = serde_json::to_vec(request)?;
    text.push(b'\n');
    connection.write_all(&text).await?;
    let mut line = String::new();
    connection.read_line(&mut line).await?;
    // At the end of the stream the line is empty, which is no reply.
    Ok(serde_json::from_str(&line)?)
}

async fn within_patience<T>(future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

fn nonsense(reply: &Reply) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the answer {reply:?} is to something else"),
    )
}
