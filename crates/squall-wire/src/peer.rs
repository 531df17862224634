//! The line to one peer: connects, sends what the outbox holds, connects again.
//!
//! A line is used in one direction; now and then a frame asks for a receipt, and the other end
//! answers it with one byte. When that fails to come the line is dropped: after a partition a fresh
//! connection is there at once, while an old one may sit out a retransmission time-out that has
//! doubled many times over. What was under way is lost, as any message may be.

use std::collections::VecDeque;
use std::future;
use std::io;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use squall_io::net::{OwnedReadHalf, OwnedWriteHalf, TcpStream};
use squall_io::time::{self, Instant};
use squall_io::{assert, buggify, rand, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{Alarm, Outbox};

/// Given to a connection attempt, and the longest pause between two: after a partition heals, the
/// line is back within the sum of both.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);
/// The first pause after a failure; it doubles up to [`CONNECT_TIMEOUT`].
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// A receipt is asked for at most this often: a dead line is noticed so much later than if every
/// frame asked, and a receipt for every frame would be as many packets again.
const ASK_EVERY: Duration = Duration::from_millis(300);
/// A line on which a receipt is waited for this long is taken for dead: longer than any round trip
/// with which a group could elect a leader or renew a lease.
const SILENCE: Duration = Duration::from_millis(1_200);

/// Whether a frame asks for a receipt.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Receipt {
    /// The receiver is to send [`RECEIPT`] back.
    Wanted,
    /// It is not.
    Unwanted,
}

/// What answers a frame with [`Receipt::Wanted`].
pub const RECEIPT: [u8; 1] = [0];

/// Keeps up the line to the peer that listens as `name` on `port`, for ever. `encode` makes a frame of
/// a message.
pub async fn keep_up<T>(name: String, port: u16, outbox: Outbox<T>, encode: impl Fn(T, Receipt) -> Vec<u8>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let connecting = TcpStream::connect((name.as_str(), port));
        if let Ok(Ok(stream)) = time::timeout(CONNECT_TIMEOUT, connecting).await {
            let (read, write) = stream.into_split();
            let mut line = Line { read, write, asked: Asked::new(), silence: Alarm::new() };
            // However it ends, the answer is to connect again.
            line.carry(&outbox, &encode).await.ok();
            if line.asked.answered {
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
    asked: Asked,
    silence: Alarm,
}

/// What is known of receipts on a line. One is under way at a time.
struct Asked {
    /// When the one was asked for that has not come.
    open: Option<Instant>,
    /// When the last one was asked for.
    last: Option<Instant>,
    /// Whether one has come since the line was connected.
    answered: bool,
}

enum Event<T> {
    Filled(VecDeque<T>),
    Answered(io::Result<usize>),
    Silent,
}

impl Asked {
    const fn new() -> Self {
        Self { open: None, last: None, answered: false }
    }

    /// Whether the frame that is sent now asks.
    fn next(&mut self, now: Instant) -> Receipt {
        let is_due = self.last.is_none_or(|last| now - last >= ASK_EVERY);
        if self.open.is_some() || !is_due {
            return Receipt::Unwanted;
        }
        (self.open, self.last) = (Some(now), Some(now));
        Receipt::Wanted
    }

    fn came(&mut self) {
        (self.open, self.answered) = (None, true);
    }
}

impl Line {
    async fn carry<T>(
        &mut self,
        outbox: &Outbox<T>,
        encode: &impl Fn(T, Receipt) -> Vec<u8>,
    ) -> io::Result<()> {
        // More than one receipt is never under way.
        let mut receipts = [0; 1];
        loop {
            let (silence, open) = (&mut self.silence, self.asked.open);
            let silent = async {
                match open {
                    Some(asked) => silence.until(asked + SILENCE).await,
                    None => future::pending().await,
                }
            };
            let event = select! {
                messages = outbox.take() => Event::Filled(messages),
                count = self.read.read(&mut receipts) => Event::Answered(count),
                () = silent => Event::Silent,
            };
            if buggify!("wire/line-dropped", p = 1%) {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match event {
                Event::Filled(messages) => self.send(messages, encode).await?,
                Event::Answered(count) => match count? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    _ => self.asked.came(),
                },
                Event::Silent => {
                    assert::reachable!("wire/silent-line-given-up");
                    return Err(io::ErrorKind::TimedOut.into());
                }
            }
        }
    }

    async fn send<T>(
        &mut self,
        messages: VecDeque<T>,
        encode: &impl Fn(T, Receipt) -> Vec<u8>,
    ) -> io::Result<()> {
        for message in messages {
            let bytes = encode(message, self.asked.next(time::now()));
            time::timeout(SILENCE, self.write.write_all(&bytes)).await??;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_receipt_is_asked_for_at_a_time_and_not_too_often() {
        let start = time_of_a_runtime();
        let at = |millis| start + Duration::from_millis(millis);
        let mut asked = Asked::new();
        assert_eq!(asked.next(at(0)), Receipt::Wanted, "the first frame of a line asks");
        assert_eq!(asked.next(at(900)), Receipt::Unwanted, "one is under way");
        asked.came();
        assert_eq!(asked.next(at(901)), Receipt::Wanted);
        asked.came();
        assert_eq!(asked.next(at(1_200)), Receipt::Unwanted, "too soon");
        assert_eq!(asked.next(at(1_201)), Receipt::Wanted);
    }

    fn time_of_a_runtime() -> Instant {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async { time::now() })
    }
}
