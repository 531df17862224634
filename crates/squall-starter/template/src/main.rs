//! The server in production: `my-kv DIRECTORY` serves on a loopback address until ctrl-c.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use my_kv::server::{self, Bugs};
use squall_io::real::{self, Hosts};

fn main() -> io::Result<()> {
    let Some(directory) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: my-kv DIRECTORY");
        std::process::exit(2);
    };
    let hosts = Hosts::on_loopback(["server"]);
    let address = hosts.get("server").expect("it was just given one");
    println!("serving on {address}:{}", my_kv::protocol::PORT);
    let grace = Duration::from_secs(5);
    real::run_until_stopped(&hosts, "server", &directory, grace, || {
        server::run(Bugs::default())
    })?;
    Ok(())
}
