//! The server: a task for each connection, and one store that they share.

use std::io;
use std::sync::Arc;

use squall_io::net::{TcpListener, TcpStream};
use squall_io::{select, stop, task};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::mpsc;

use crate::protocol::{PORT, Reply, Request};
use crate::store::Store;

pub use crate::store::Bugs;

/// Serves until the node is asked to stop.
///
/// # Errors
/// If the port is taken or the disk fails. A server whose disk failed must not go on: it no longer knows
/// what is in its log.
pub async fn run(bugs: Bugs) -> io::Result<()> {
    let store = Arc::new(Store::open(bugs).await?);
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let (failed, mut failures) = mpsc::channel(1);
    let accept = async {
        loop {
            let (stream, _) = listener.accept().await?;
            let (store, failed) = (store.clone(), failed.clone());
            task::spawn(async move {
                if let Err(error) = serve(stream, &store).await {
                    failed.send(error).await.ok();
                }
            });
        }
    };
    let served = stop::until_stopped(async {
        select! {
            ended = accept => ended,
            failure = failures.recv() => Err(failure.expect("this function keeps a sender")),
        }
    });
    served.await.unwrap_or(Ok(()))
}

/// Answers the requests of one connection until it ends. An error is the store's.
async fn serve(stream: TcpStream, store: &Store) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        // The connection's errors are the client's affair.
        let Ok(1..) = stream.read_line(&mut line).await else {
            return Ok(());
        };
        let Ok(request) = serde_json::from_str(&line) else {
            return Ok(());
        };
        let reply = answer(request, store).await?;
        let mut text = serde_json::to_vec(&reply).expect("replies have a JSON form");
        text.push(b'\n');
        if stream.write_all(&text).await.is_err() {
            return Ok(());
        }
    }
}

async fn answer(request: Request, store: &Store) -> io::Result<Reply> {
    Ok(match request {
        Request::Get { key } => Reply::Value(store.get(&key).await),
        Request::CompareAndSet { key, from, to } => {
            Reply::Set(store.compare_and_set(key, from, to).await?)
        }
    })
}
