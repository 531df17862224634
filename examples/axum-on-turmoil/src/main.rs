//! The server in production: `axum-on-turmoil DIRECTORY` serves on a loopback address until it is killed.

use std::io;
use std::net::Ipv4Addr;

use axum_on_turmoil::{Bugs, PORT, service};
use tokio::net::TcpListener;

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]
fn main() -> io::Result<()> {
    let Some(directory) = std::env::args_os().nth(1) else {
        eprintln!("usage: axum-on-turmoil DIRECTORY");
        std::process::exit(2);
    };
    std::env::set_current_dir(directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, PORT)).await?;
        println!("serving on {}", listener.local_addr()?);
        service::serve(listener, Bugs::default()).await
    })
}
