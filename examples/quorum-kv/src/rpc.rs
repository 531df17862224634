//! Questions and answers over TCP: a line asks one question at a time and connects again after a failure.

use std::fmt;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use squall_io::net::{TcpListener, TcpStream};
use squall_io::{buggify, rand, task, time};
use squall_wire::{frame, read_frame};
use tokio::io::AsyncWriteExt;

/// How long nodes wait for each other's answers.
pub const PATIENCE: Duration = Duration::from_millis(500);
/// The longest that an unlikely turn takes here.
const LATE_MAX: Duration = Duration::from_millis(100);
/// A connection on which nothing is asked for this long is closed: the other machine may be gone.
const IDLE: Duration = Duration::from_secs(20);

/// The asking side.
#[derive(Debug)]
pub struct Line {
    to: String,
    port: u16,
    patience: Duration,
    /// A connection on which nothing is under way.
    connection: Option<TcpStream>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum CallError {
    /// There is no connection: nothing was asked.
    NotSent(io::Error),
    /// It was asked. What came of it, nobody knows.
    NoAnswer(io::Error),
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSent(why) => write!(f, "not sent: {why}"),
            Self::NoAnswer(why) => write!(f, "no answer: {why}"),
        }
    }
}

impl Line {
    /// To the node of this name; connects when it is used. An answer may take `patience`, connecting included.
    pub fn new(to: &str, port: u16, patience: Duration) -> Self {
        Self { to: to.to_owned(), port, patience, connection: None }
    }

    /// Whom it asks.
    pub fn to(&self) -> &str {
        &self.to
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`CallError`], when its patience ends at the latest.
    pub async fn call<T: DeserializeOwned>(&mut self, question: &impl Serialize) -> Result<T, CallError> {
        let deadline = time::now() + self.patience;
        // It is put back only with nothing under way: else this answer would be taken for the next.
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => within(self.patience, TcpStream::connect((self.to.as_str(), self.port)))
                .await
                .map_err(CallError::NotSent)?,
        };
        let exchange = async {
            stream.write_all(&frame(question)).await?;
            read_frame(&mut stream).await
        };
        let answer = within(deadline - time::now(), exchange).await.map_err(CallError::NoAnswer)?;
        self.connection = Some(stream);
        Ok(answer)
    }
}

async fn within<T>(span: Duration, future: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    time::timeout(span, future).await?
}

/// The answering side: listens for ever. A question that `answer` has no answer to ends its connection.
///
/// # Errors
/// If the port is taken.
pub async fn serve<Q, A, F>(port: u16, answer: impl Fn(Q) -> F + Clone + Send + 'static) -> io::Result<()>
where
    Q: DeserializeOwned + Send + 'static,
    A: Serialize + Send + 'static,
    F: Future<Output = Option<A>> + Send + 'static,
{
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(task::spawn(converse(stream, answer.clone()))),
            // One connection was reset before it was taken; the pause keeps a lasting error from spinning.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn converse<Q, A, F>(mut stream: TcpStream, answer: impl Fn(Q) -> F) -> io::Result<()>
where
    Q: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Option<A>>,
{
    loop {
        let question = within(IDLE, read_frame(&mut stream)).await?;
        let Some(reply) = answer(question).await else { return Ok(()) };
        if buggify!("rpc/late-answer", p = 5%) {
            time::sleep(rand::between(Duration::ZERO, LATE_MAX)).await;
        }
        within(IDLE, stream.write_all(&frame(&reply))).await?;
    }
}
