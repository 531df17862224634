//! One connection to a controller, from the attempt at it to its end.
//!
//! The core decides when it is to be given up; then its task is aborted. What it still tells goes
//! with its number, so that the shell knows it for the word of an earlier line.

use std::io;
use std::time::Duration;

use squall_io::net::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
use squall_io::{select, time};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use crate::codec::{frame, read_frame};
use crate::protocol::{FromWorker, ToWorker};

use super::News;

/// Given to a connection attempt: short against a lease, so that several can be made within one.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// Which line, counted from the first.
pub(super) type Number = u64;

/// What a line tells.
pub(super) enum Word {
    Up,
    Message(ToWorker),
    Down,
}

/// One line. The queue of what is to be said is unbounded by itself, not in fact: a line over which
/// nothing gets through is given up after a few heartbeats.
pub(super) struct Line {
    pub(super) number: Number,
    /// The controller's name and port.
    pub(super) to: (String, u16),
    /// Waited before it is tried.
    pub(super) pause: Duration,
    pub(super) words: mpsc::UnboundedReceiver<FromWorker>,
    pub(super) news: mpsc::Sender<News>,
}

impl Line {
    pub(super) async fn run(mut self) {
        time::sleep(self.pause).await;
        // However it ends, the answer is to have another.
        self.carry().await.ok();
        self.tell(Word::Down).await.ok();
    }

    async fn carry(&mut self) -> io::Result<()> {
        let connecting = TcpStream::connect((self.to.0.as_str(), self.to.1));
        let (read, write) = time::timeout(CONNECT_TIMEOUT, connecting).await??.into_split();
        self.tell(Word::Up).await?;
        let (number, news) = (self.number, self.news.clone());
        select! {
            ended = listen(read, number, news) => ended,
            ended = speak(write, &mut self.words) => ended,
        }
    }

    async fn tell(&self, word: Word) -> io::Result<()> {
        tell(&self.news, self.number, word).await
    }
}

async fn listen(mut read: OwnedReadHalf, number: Number, news: mpsc::Sender<News>) -> io::Result<()> {
    loop {
        let message = read_frame(&mut read).await?;
        tell(&news, number, Word::Message(message)).await?;
    }
}

async fn speak(mut write: OwnedWriteHalf, words: &mut mpsc::UnboundedReceiver<FromWorker>) -> io::Result<()> {
    while let Some(word) = words.recv().await {
        write.write_all(&frame(&word)).await?;
    }
    Ok(())
}

async fn tell(news: &mpsc::Sender<News>, number: Number, word: Word) -> io::Result<()> {
    let gone = |_| io::Error::new(io::ErrorKind::BrokenPipe, "the worker has stopped");
    news.send(News::Line { number, word }).await.map_err(gone)
}
