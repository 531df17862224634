//! How other software of the same node talks to its member.

use std::io;

use tokio::sync::{mpsc, oneshot, watch};

use crate::raft::message::Message;
use crate::raft::service::{MAX_CLIENT, MAX_COMMAND, Reply, Request};

use super::News;

/// What a member knows of its group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Status {
    /// Its term.
    pub term: u64,
    /// Who leads, as far as it knows.
    pub leader: Option<usize>,
    /// Whether it leads itself. It may have been deposed and not know it: what it decides takes
    /// effect only as an entry of the log.
    pub leads: bool,
    /// The last entry applied to its state.
    pub applied: u64,
}

/// A way to talk to a member from within its process. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    news: mpsc::Sender<News>,
    status: watch::Receiver<Status>,
}

impl Handle {
    pub(super) fn new(news: mpsc::Sender<News>, status: watch::Receiver<Status>) -> Self {
        Self { news, status }
    }

    /// Asks the member as a client would.
    ///
    /// # Errors
    /// `InvalidData` for a request beyond the limits, `BrokenPipe` if the member has stopped: then
    /// a command may or may not be done.
    pub async fn request(&self, request: Request) -> io::Result<Reply> {
        let fits = match &request {
            Request::Command(command) => {
                command.client.len() <= MAX_CLIENT && command.command.len() <= MAX_COMMAND
            }
            Request::Query { question } | Request::Peek { question } => question.len() <= MAX_COMMAND,
        };
        if !fits {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a request beyond the limits"));
        }
        let (reply, replied) = oneshot::channel();
        self.tell(News::Request { request, reply }).await?;
        replied.await.map_err(|_| gone())
    }

    /// What the member knew last.
    pub fn status(&self) -> Status {
        *self.status.borrow()
    }

    /// Waits until the status is another than the one this handle saw last, and gives it.
    ///
    /// # Errors
    /// `BrokenPipe` if the member has stopped.
    pub async fn changed(&mut self) -> io::Result<Status> {
        self.status.changed().await.map_err(|_| gone())?;
        Ok(*self.status.borrow_and_update())
    }

    pub(super) async fn deliver(&self, from: usize, message: Message) -> io::Result<()> {
        self.tell(News::Message { from, message }).await
    }

    pub(super) async fn stopped(&self) {
        self.news.closed().await;
    }

    async fn tell(&self, news: News) -> io::Result<()> {
        self.news.send(news).await.map_err(|_| gone())
    }
}

fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the member has stopped")
}
