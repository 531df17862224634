//! A client of the ledger: it sends a request again, on a new connection, until it has an answer or no more
//! patience.

use std::fmt;
use std::future::Future;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{sleep, timeout};

use crate::service::{Account, Deposit};

/// How a client gets a connection to the server: production and chaos differ in it.
pub trait Connect {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Makes one.
    fn connect(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// No connection was made: nothing happened.
    NotSent,
    /// Something was sent: it may have happened, or may yet.
    NoAnswer,
}

impl Error {
    /// Whether the request certainly had no effect and never will.
    pub fn never_happened(&self) -> bool {
        matches!(self, Self::NotSent)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "there was no connection to the server",
            Self::NoAnswer => "the server did not answer",
        })
    }
}

/// A client of one server.
#[derive(Debug)]
pub struct Client<C> {
    connect: C,
    connection: Option<SendRequest<Full<Bytes>>>,
    /// How long a try may take.
    pub patience: Duration,
    /// How many there are.
    pub tries: u32,
}

impl<C: Connect> Client<C> {
    /// A client that connects so.
    pub fn new(connect: C) -> Self {
        Self { connect, connection: None, patience: Duration::from_millis(500), tries: 6 }
    }

    /// The balance of an account.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn read(&mut self, account: &str) -> Result<u64, Error> {
        self.call(Method::GET, &format!("/accounts/{account}"), Bytes::new()).await
    }

    /// Deposits to an account; the balance after it. `id` is of this deposit and of no other.
    ///
    /// # Errors
    /// If no answer came.
    pub async fn deposit(&mut self, account: &str, id: &str, amount: u64) -> Result<u64, Error> {
        let body = serde_json::to_vec(&Deposit { amount }).expect("a number has a JSON form");
        self.call(Method::PUT, &format!("/accounts/{account}/deposits/{id}"), body.into()).await
    }

    async fn call(&mut self, method: Method, path: &str, body: Bytes) -> Result<u64, Error> {
        let mut error = Error::NotSent;
        for attempt in 0..self.tries {
            sleep(Duration::from_millis(50) * attempt).await;
            let Ok(Ok(mut connection)) = timeout(self.patience, self.connection()).await else { continue };
            error = Error::NoAnswer;
            let request = request(&method, path, &body);
            if let Ok(Some(balance)) = timeout(self.patience, exchange(&mut connection, request)).await {
                // Kept for the next call. Any other ends here: a late answer is nobody's.
                self.connection = Some(connection);
                return Ok(balance);
            }
        }
        Err(error)
    }

    async fn connection(&mut self) -> Result<SendRequest<Full<Bytes>>, Box<dyn std::error::Error>> {
        if let Some(mut connection) = self.connection.take()
            && connection.ready().await.is_ok()
        {
            return Ok(connection);
        }
        let stream = TokioIo::new(self.connect.connect().await?);
        let (sender, driver) = http1::handshake(stream).await?;
        tokio::spawn(driver);
        Ok(sender)
    }
}

fn request(method: &Method, path: &str, body: &Bytes) -> Request<Full<Bytes>> {
    let builder = Request::builder().method(method).uri(path).header(header::HOST, "ledger");
    let builder = builder.header(header::CONTENT_TYPE, "application/json");
    builder.body(Full::new(body.clone())).expect("accounts and ids are plain names")
}

/// The balance that was answered, if it was.
async fn exchange(connection: &mut SendRequest<Full<Bytes>>, request: Request<Full<Bytes>>) -> Option<u64> {
    let answer = connection.send_request(request).await.ok()?;
    if answer.status() != StatusCode::OK {
        return None;
    }
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    serde_json::from_slice(&body).ok().map(|Account { balance }| balance)
}
