//! openraft's network: one connection for each client of a peer, one call on it at a time.

use std::future::Future;
use std::io;
use std::time::Duration;

use openraft::error::{Fatal, RPCError, RaftError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::{Backoff, RPCOption};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse,
};
use openraft::{BasicNode, OptionalSend, RaftNetwork, RaftNetworkFactory, Snapshot, Vote};
use squall_io::net::TcpStream;
use squall_io::{buggify, select, time};
use squall_wire::{frame, read_frame};
use tokio::io::AsyncWriteExt;

use crate::protocol::{Call, Kv, PORT, Reply};

/// How long openraft waits before it turns again to a peer that was not to be reached.
const PAUSE: Duration = Duration::from_millis(100);

/// Makes lines to peers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network;

impl RaftNetworkFactory<Kv> for Network {
    type Network = Line;

    async fn new_client(&mut self, _target: u64, node: &BasicNode) -> Line {
        Line::new(&node.addr)
    }
}

/// A line to one server.
pub(crate) struct Line {
    server: String,
    /// A connection on which nothing is under way.
    connection: Option<TcpStream>,
}

impl Line {
    pub(crate) fn new(server: &str) -> Self {
        Self { server: server.to_owned(), connection: None }
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }

    /// Calls the server; connects first if need be.
    ///
    /// The connection is put back only after a whole exchange: one that was given up half way would give
    /// this call's reply to the next.
    pub(crate) async fn call(&mut self, call: &Call) -> io::Result<Reply> {
        let mut stream = match self.connection.take() {
            Some(stream) => stream,
            None => TcpStream::connect((self.server.as_str(), PORT)).await?,
        };
        stream.write_all(&frame(call)).await?;
        let reply = read_frame(&mut stream).await?;
        if !buggify!("openraft-kv/line-dropped", p = 5%) {
            self.connection = Some(stream);
        }
        Ok(reply)
    }

    async fn call_within(&mut self, span: Duration, call: &Call) -> Result<Reply, Unreachable> {
        let called = time::timeout(span, self.call(call)).await;
        called.map_err(io::Error::from).flatten().map_err(|error| Unreachable::new(&error))
    }
}

fn out_of_place() -> Unreachable {
    Unreachable::new(&io::Error::new(io::ErrorKind::InvalidData, "a reply to another call"))
}

type CallError = RPCError<u64, BasicNode, RaftError<u64>>;

impl RaftNetwork<Kv> for Line {
    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Kv>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<u64>, CallError> {
        match self.call_within(option.hard_ttl(), &Call::Append(request)).await? {
            Reply::Append(response) => Ok(response),
            _ => Err(out_of_place().into()),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<u64>,
        option: RPCOption,
    ) -> Result<VoteResponse<u64>, CallError> {
        match self.call_within(option.hard_ttl(), &Call::Vote(request)).await? {
            Reply::Vote(response) => Ok(response),
            _ => Err(out_of_place().into()),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote<u64>,
        snapshot: Snapshot<Kv>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<u64>, StreamingError<Kv, Fatal<u64>>> {
        let call = Call::Snapshot { vote, meta: snapshot.meta, data: *snapshot.snapshot };
        let reply = select! {
            reply = self.call_within(option.hard_ttl(), &call) => reply?,
            closed = cancel => return Err(closed.into()),
        };
        match reply {
            Reply::Snapshot(response) => Ok(response),
            _ => Err(out_of_place().into()),
        }
    }

    fn backoff(&self) -> Backoff {
        Backoff::new(std::iter::repeat(PAUSE))
    }
}
