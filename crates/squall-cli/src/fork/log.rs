//! What a system logs through `tracing` during a recorded run, stamped with virtual time and node.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use squall::{RunError, RunReply, simulated};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;

/// Bytes kept: the beginning, up to this.
const LOG_MAX: usize = 16 << 20;

/// Runs `run` with a log of its own and hands the text on.
pub(super) fn with_log(
    run: impl FnOnce() -> Result<RunReply, RunError>,
    take: impl FnOnce(&mut RunReply, String),
) -> Result<RunReply, RunError> {
    let text = Text::default();
    let writer = text.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_target(true)
        .with_timer(VirtualTime)
        .with_writer(move || writer.clone())
        .finish();
    let mut reply = tracing::subscriber::with_default(subscriber, run)?;
    let bytes = std::mem::take(&mut *text.0.lock().expect("nothing panics while it holds the log"));
    take(&mut reply, String::from_utf8_lossy(&bytes).into_owned());
    Ok(reply)
}

struct VirtualTime;

impl FormatTime for VirtualTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        let node = simulated::current_node();
        write!(writer, "{:>10} {}", simulated::now(), node.as_ref().map_or("-", |node| node.as_str()))
    }
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = self.0.lock().expect("nothing panics while it holds the log");
        let room = LOG_MAX - text.len().min(LOG_MAX);
        text.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
