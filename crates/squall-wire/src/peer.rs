//! The line to one peer: connects, sends what the outbox holds, connects again.
//!
//! A line is used in one direction; the other end answers each frame with one byte. When those fail
//! to come the line is dropped: after a partition a fresh connection is there at once, while an old
//! one may sit out a retransmission time-out that has doubled many times over. What was under way is
//! lost, as any message may be.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use squall_io::net::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
use squall_io::time::{self, Instant};
use squall_io::{assert, buggify, rand, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Outbox;

/// Given to a connection attempt, and the longest pause between two: after a partition heals, the
/// line is back within the sum of both.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// The first pause after a failure; it doubles up to [`CONNECT_TIMEOUT`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// A line on which frames wait this long for their byte is taken for dead: longer than any round
/// trip with which a group could elect a leader or renew a lease.
const SILENCE: Duration = Duration::from_millis(1_500);

/// Keeps up the line to the peer that listens as `name` on `port`, for ever. `encode` makes a frame of
/// a message; the peer answers each with one byte.
pub async fn keep_up<T>(name: String, port: u16, outbox: Outbox<T>, encode: impl Fn(T) -> Vec<u8>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let connecting = TcpStream::connect((name.as_str(), port));
        if let Ok(Ok(stream)) = time::timeout(CONNECT_TIMEOUT, connecting).await {
            let (read, write) = stream.into_split();
            let mut line = Line { read, write, unanswered: VecDeque::new(), answered: 0 };
            // However it ends, the answer is to connect again.
            line.carry(&outbox, &encode).await.ok();
            if line.answered > 0 {
                pause = FIRST_PAUSE;
            }
        }
        outbox.clear();
        time::sleep(rand::between(pause / 2, pause)).await;
        pause = (pause * 2).min(CONNECT_TIMEOUT);
    }
}

struct Line {
    read: OwnedReadHalf,
    write: OwnedWriteHalf,
    /// When the frames that have no answer yet were sent.
    unanswered: VecDeque<Instant>,
    /// How many frames were answered since it was connected.
    answered: usize,
}

enum Event<T> {
    Filled(VecDeque<T>),
    Answered(io::Result<usize>),
    Silent,
}

impl Line {
    async fn carry<T>(&mut self, outbox: &Outbox<T>, encode: &impl Fn(T) -> Vec<u8>) -> io::Result<()> {
        let mut answers = [0; 256];
        loop {
            let patience = self.unanswered.front().map(|sent| SILENCE.saturating_sub(sent.elapsed()));
            let event = select! {
                messages = outbox.take() => Event::Filled(messages),
                count = self.read.read(&mut answers) => Event::Answered(count),
                () = time::sleep(patience.unwrap_or(SILENCE)) => Event::Silent,
            };
            if buggify!("wire/line-dropped", p = 1%) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match event {
                Event::Filled(messages) => self.send(messages.into_iter().map(encode)).await?,
                Event::Answered(count) => match count? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => {
                        self.answered += count;
                        self.unanswered.drain(..count.min(self.unanswered.len()));
                    }
                },
                // Nothing was asked of it.
                Event::Silent if self.unanswered.is_empty() => {}
                Event::Silent => {
                    assert::reachable!("wire/silent-line-given-up");
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    async fn send(&mut self, frames: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
        let now = time::now();
        for bytes in frames {
            self.unanswered.push_back(now);
            time::timeout(SILENCE, self.write.write_all(&bytes)).await??;
        }
        Ok(())
    }
}
