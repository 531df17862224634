//! A replica: it keeps the latest that it was told of each register, in memory and in a file.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use squall_io::fs::{self, File};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, mpsc};
use tokio::task;

use crate::protocol::{PORT, Request, Tagged};

const REGISTERS: &str = "registers";
const NEW: &str = "registers.new";

type Registers = BTreeMap<String, Tagged>;

/// Serves until the disk fails.
///
/// # Errors
/// The disk's, and if the port is taken.
pub async fn run() -> io::Result<()> {
    let registers = Arc::new(Mutex::new(load().await?));
    let listener = TcpListener::bind(("0.0.0.0", PORT)).await?;
    let (failed, mut failures) = mpsc::channel(1);
    task::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (registers, failed) = (registers.clone(), failed.clone());
            task::spawn(async move {
                if let Err(error) = serve(stream, &registers).await {
                    failed.send(error).await.ok();
                }
            });
        }
    });
    failures.recv().await.map_or(Ok(()), Err)
}

/// Answers one request. An error is the disk's: those of the connection are the client's affair.
async fn serve(stream: TcpStream, registers: &Mutex<Registers>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    let Ok(1..) = stream.read_line(&mut line).await else { return Ok(()) };
    let Ok(request) = serde_json::from_str(&line) else { return Ok(()) };
    let tagged = answer(request, &mut *registers.lock().await).await?;
    let mut text = serde_json::to_vec(&tagged).expect("a value has a JSON form");
    text.push(b'\n');
    if stream.write_all(&text).await.is_ok() {
        stream.flush().await.ok();
    }
    Ok(())
}

/// What the replica has of the register afterwards.
async fn answer(request: Request, registers: &mut Registers) -> io::Result<Tagged> {
    let register = match request {
        Request::Query { register } => register,
        Request::Store { register, tagged } => {
            if registers.get(&register).is_none_or(|known| known.tag < tagged.tag) {
                registers.insert(register.clone(), tagged);
                save(registers).await?;
            }
            register
        }
    };
    Ok(registers.get(&register).cloned().unwrap_or_default())
}

async fn load() -> io::Result<Registers> {
    let registers = match fs::read(REGISTERS).await {
        Ok(bytes) => serde_json::from_slice(&bytes)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Registers::new(),
        Err(error) => return Err(error),
    };
    // What was read may not be durable yet; whoever asks may rely on it.
    save(&registers).await?;
    Ok(registers)
}

/// Makes the registers durable.
async fn save(registers: &Registers) -> io::Result<()> {
    let mut file = File::create(NEW).await?;
    file.write_all(&serde_json::to_vec(registers)?).await?;
    file.flush().await?;
    file.sync_all().await?;
    fs::rename(NEW, REGISTERS).await?;
    fs::sync_dir(".").await
}
