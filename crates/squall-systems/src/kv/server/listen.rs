//! Takes connections, from servers and clients alike.

use std::io;
use std::pin::pin;
use std::time::Duration;

use squall_io::net::{TcpListener, TcpStream};
use squall_io::{buggify, rand, select, task, time};
use squall_wire::peer::{RECEIPT, Receipt};
use squall_wire::{Alarm, frame, read_frame};
use tokio::io::AsyncWriteExt;
use tokio::sync::{mpsc, oneshot};

use crate::kv::protocol::{Inbound, MAX_ARGUMENT, MAX_KEY, Reply, Request};

use super::Event;

/// A connection on which nothing comes for this long is closed: its other end may have lost power
/// and will never say so.
const IDLE: Duration = Duration::from_secs(30);
/// A client that does not take its reply within this time is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest that an unlikely turn takes here: a fifth of a lease.
const LATE_MAX: Duration = Duration::from_millis(100);

/// Takes connections for ever.
pub(super) async fn run(listener: TcpListener, events: mpsc::Sender<Event>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let events = events.clone();
                task::spawn(async move {
                    // Its end, however it comes, concerns nobody but the other side.
                    serve(stream, events).await.ok();
                });
            }
            // A connection that was reset before it was taken is no reason to stop; the pause keeps
            // a lasting error from spinning.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection, until either side ends it or the server stops.
async fn serve(mut stream: TcpStream, events: mpsc::Sender<Event>) -> io::Result<()> {
    let (mut stopped, mut idle) = (pin!(events.closed()), Alarm::new());
    loop {
        let inbound: Inbound = select! {
            inbound = read_frame(&mut stream) => inbound?,
            () = idle.until(time::now() + IDLE) => return Err(io::ErrorKind::TimedOut.into()),
            () = stopped.as_mut() => return Ok(()),
        };
        let answer = match inbound {
            Inbound::Server { from, message, receipt } => {
                tell(&events, Event::Message { from, message }).await?;
                match receipt {
                    Receipt::Wanted => RECEIPT.to_vec(),
                    Receipt::Unwanted => continue,
                }
            }
            Inbound::Client(request) => frame(&ask(&events, request).await?),
        };
        if buggify!("kv/late-answer", p = 5%) {
            time::sleep(rand::between(Duration::ZERO, LATE_MAX)).await;
        }
        time::timeout(WRITE_TIMEOUT, stream.write_all(&answer)).await??;
    }
}

async fn ask(events: &mpsc::Sender<Event>, request: Request) -> io::Result<Reply> {
    let fits = request.op.key().len() <= MAX_KEY && request.op.argument_len() <= MAX_ARGUMENT;
    if !fits || request.client.len() > MAX_KEY {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a request beyond the limits"));
    }
    let seq = request.seq;
    let (reply, outcome) = oneshot::channel();
    tell(events, Event::Request { request, reply }).await?;
    let outcome = outcome.await.map_err(|_| stopped())?;
    Ok(Reply { seq, outcome })
}

async fn tell(events: &mpsc::Sender<Event>, event: Event) -> io::Result<()> {
    events.send(event).await.map_err(|_| stopped())
}

fn stopped() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the server has stopped")
}
