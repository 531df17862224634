//! The HTTP service: what axum routes to the ledger.
//!
//! `PUT /accounts/{account}/deposits/{id}` with `{"amount": 5}` deposits, `GET /accounts/{account}` reads; both
//! answer `{"balance": 17}`. The id is the client's: a deposit that is put again is not made again.

use std::io;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, put};
use axum::serve::Listener;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::ledger::{Bugs, Ledger};

/// What a client asks for.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Deposit {
    /// How much; never less than nothing.
    pub amount: u64,
}

/// What it is answered.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Account {
    /// What is in the account.
    pub balance: u64,
}

/// What every request gets.
#[derive(Clone)]
struct Service {
    ledger: Arc<Ledger>,
    /// Who hears of a journal that failed.
    failed: mpsc::Sender<io::Error>,
}

/// Serves until the disk fails: nobody knows then what is in the journal, so the process must begin anew.
///
/// # Errors
/// The disk's.
pub async fn serve<L>(listener: L, bugs: Bugs) -> io::Result<()>
where
    L: Listener,
    L::Addr: std::fmt::Debug,
{
    let ledger = Arc::new(Ledger::open(bugs).await?);
    let (failed, mut failures) = mpsc::channel(1);
    let routes = Router::new()
        .route("/accounts/{account}", get(read))
        .route("/accounts/{account}/deposits/{id}", put(deposit))
        .with_state(Service { ledger, failed });
    tokio::select! {
        served = async { axum::serve(listener, routes).await } => served,
        failure = failures.recv() => Err(failure.expect("the routes keep a sender")),
    }
}

async fn read(State(service): State<Service>, Path(account): Path<String>) -> Json<Account> {
    Json(Account { balance: service.ledger.balance(&account).await })
}

async fn deposit(
    State(service): State<Service>,
    Path((account, id)): Path<(String, String)>,
    Json(Deposit { amount }): Json<Deposit>,
) -> Result<Json<Account>, StatusCode> {
    // In a task of its own: axum drops this one if the client hangs up, half a journal entry or not.
    let made = tokio::spawn(async move {
        let made = service.ledger.deposit(account, id, amount).await;
        if let Err(error) = made {
            service.failed.send(error).await.ok();
            return None;
        }
        made.ok()
    });
    match made.await {
        Ok(Some(balance)) => Ok(Json(Account { balance })),
        _ => Err(StatusCode::INTERNAL_SERVER_ERROR),
    }
}
