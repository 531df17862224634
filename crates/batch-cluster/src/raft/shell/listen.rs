//! Takes connections, from members and clients alike.

use std::io;
use std::pin::pin;
use std::time::Duration;

use squall_io::net::{TcpListener, TcpStream};
use squall_io::{buggify, rand, select, task, time};
use squall_wire::Alarm;
use squall_wire::peer::{RECEIPT, Receipt};
use tokio::io::AsyncWriteExt;

use crate::codec::{frame, read_frame};

use super::{Handle, Inbound};

/// A connection on which nothing comes for this long is closed: its other end may have lost power
/// and will never say so.
const IDLE: Duration = Duration::from_secs(30);
/// A client that does not take its reply within this time is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes connections for ever.
pub(super) async fn run(listener: TcpListener, handle: Handle) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let handle = handle.clone();
                task::spawn(async move {
                    // Its end, however it comes, concerns nobody but the other side.
                    serve(stream, handle).await.ok();
                });
            }
            // A connection that was reset before it was taken is no reason to stop; the pause keeps
            // a lasting error from spinning.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// One connection, until either side ends it or the member stops.
async fn serve(mut stream: TcpStream, handle: Handle) -> io::Result<()> {
    let (mut stopped, mut idle) = (pin!(handle.stopped()), Alarm::new());
    loop {
        let inbound: Inbound = select! {
            inbound = read_frame(&mut stream) => inbound?,
            () = idle.until(time::now() + IDLE) => return Err(io::ErrorKind::TimedOut.into()),
            () = stopped.as_mut() => return Ok(()),
        };
        let answer = match inbound {
            Inbound::Member { from, message, receipt } => {
                handle.deliver(from, message).await?;
                match receipt {
                    Receipt::Wanted => RECEIPT.to_vec(),
                    Receipt::Unwanted => continue,
                }
            }
            Inbound::Client(request) => frame(&handle.request(request).await?),
        };
        if buggify!("raft/late-answer", p = 5%) {
            time::sleep(rand::between(Duration::ZERO, super::SLOW_TURN)).await;
        }
        time::timeout(WRITE_TIMEOUT, stream.write_all(&answer)).await??;
    }
}
