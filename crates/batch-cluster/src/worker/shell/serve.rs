//! Serves this worker's outputs to the others: one piece a connection.

use std::io;
use std::time::Duration;

use squall_io::net::{TcpListener, TcpStream};
use squall_io::{knob, task, time};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc;

use crate::codec::{frame, read_frame};
use crate::protocol::{Fetch, Fetched};

use super::News;
use super::store::Store;

/// Given to the other end to ask, and to take each piece of the answer. It may have lost power and
/// will never say so.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes connections, for ever.
pub(super) async fn run(listener: TcpListener, store: Store, chunk: usize, news: mpsc::Sender<News>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let (store, news) = (store.clone(), news.clone());
                task::spawn(async move {
                    // The end of the connection concerns nobody but the other side, that of the
                    // disk concerns the worker.
                    if let Err(Fault::Disk(error)) = serve(stream, &store, chunk).await {
                        news.send(News::DiskFailed(error)).await.ok();
                    }
                });
            }
            // A connection that was reset before it was taken is no reason to stop; the pause keeps
            // a lasting error from spinning.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

enum Fault {
    /// Whatever is wrong with the connection.
    Line,
    Disk(io::Error),
}

async fn serve(mut stream: TcpStream, store: &Store, chunk: usize) -> Result<(), Fault> {
    let fetch: Fetch = match time::timeout(PATIENCE, read_frame(&mut stream)).await {
        Ok(Ok(fetch)) => fetch,
        Ok(Err(_)) | Err(_) => return Err(Fault::Line),
    };
    let Fetch { attempt, offset, length } = fetch;
    let Some(mut file) = store.open_piece(attempt, (offset, length)).await.map_err(Fault::Disk)? else {
        return send(&mut stream, &frame(&Fetched::Gone)).await;
    };
    send(&mut stream, &frame(&Fetched::Follows { length })).await?;
    let chunk = knob!("worker/chunk", chunk, 7);
    let mut left = length;
    let mut piece = vec![0; chunk];
    while left > 0 {
        let piece = &mut piece[..usize::try_from(left).map_or(chunk, |left| left.min(chunk))];
        file.read_exact(piece).await.map_err(Fault::Disk)?;
        send(&mut stream, piece).await?;
        left -= piece.len() as u64;
    }
    Ok(())
}

async fn send(stream: &mut TcpStream, bytes: &[u8]) -> Result<(), Fault> {
    match time::timeout(PATIENCE, stream.write_all(bytes)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Fault::Line),
    }
}
