//! Fetches a segment from the worker that wrote it, and believes nothing that it did not check.

use std::io;
use std::time::Duration;

use squall_io::net::TcpStream;
use squall_io::{assert, buggify, rand, time};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Bug;
use crate::codec::{frame, read_frame};
use crate::protocol::{Fetch, Fetched, Input};
use crate::state::{Failure, Lack};
use crate::wordcount::{Piece, parse, verified};
use crate::worker::WorkerConfig;

use super::attempt::Trouble;
use super::store::Store;

/// Tries before the holder is taken for unreachable: the overseer hears of it and knows more.
const TRIES: u32 = 3;
/// The pause after the first try; it doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Damaged bytes this often, and not the way but the holder has damaged them.
const DAMAGED_MAX: u32 = 2;

/// What one try gave.
enum Tried {
    Fetched(Piece),
    Gone,
    Damaged,
}

/// What the segment of an input holds.
pub(super) async fn fetch(config: &WorkerConfig, store: &Store, input: &Input) -> Result<Piece, Trouble> {
    let lacks = |lack| Trouble::Failed(Failure::Fetch { map: input.attempt, lack });
    if input.node == config.name {
        let place = (input.segment.offset, input.segment.length);
        let bytes = store.read_piece(input.attempt, place).await?;
        let piece = bytes.and_then(|bytes| verified(&input.segment, bytes));
        return piece.ok_or_else(|| lacks(Lack::Gone));
    }
    let (mut pause, mut damaged) = (FIRST_PAUSE, 0);
    for tried in 1..=TRIES {
        let patience = config.fetch_timeout + Duration::from_micros(input.segment.length);
        match time::timeout(patience, fetch_once(config, input)).await {
            // Asking again for what one has already is legal.
            Ok(Ok(Tried::Fetched(_))) if tried < TRIES && buggify!("worker/fetch-again") => {}
            Ok(Ok(Tried::Fetched(piece))) => {
                assert::sometimes!(tried > 1, "worker/fetched-at-a-later-try");
                return Ok(piece);
            }
            Ok(Ok(Tried::Gone)) => {
                assert::reachable!("worker/fetch-finds-output-gone");
                return Err(lacks(Lack::Gone));
            }
            Ok(Ok(Tried::Damaged)) => damaged += 1,
            Ok(Err(_)) | Err(_) => {}
        }
        if damaged == DAMAGED_MAX {
            return Err(lacks(Lack::Gone));
        }
        if tried < TRIES {
            time::sleep(rand::between(pause / 2, pause)).await;
            pause *= 2;
        }
    }
    Err(lacks(Lack::Unreachable))
}

async fn fetch_once(config: &WorkerConfig, input: &Input) -> io::Result<Tried> {
    let mut stream = TcpStream::connect((input.node.as_str(), config.shuffle_port)).await?;
    let (offset, length) = (input.segment.offset, input.segment.length);
    stream.write_all(&frame(&Fetch { attempt: input.attempt, offset, length })).await?;
    match read_frame(&mut stream).await? {
        Fetched::Gone => return Ok(Tried::Gone),
        Fetched::Follows { length: follows } if follows != length => return Ok(Tried::Damaged),
        Fetched::Follows { .. } => {}
    }
    let mut bytes = Vec::new();
    let ended = stream.take(length).read_to_end(&mut bytes).await;
    if (bytes.len() as u64) < length {
        if config.bugs.has(Bug::ShortReadIsEof) {
            // planted bug: what came before the end, or before the reset, is taken for all of it.
            return Ok(Tried::Fetched(parse(bytes)));
        }
        return Err(ended.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into()));
    }
    Ok(verified(&input.segment, bytes).map_or(Tried::Damaged, Tried::Fetched))
}
