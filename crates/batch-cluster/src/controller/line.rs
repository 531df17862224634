//! The workers' connections: what comes in goes to the overseer, what it says goes out.

use std::io;
use std::time::Duration;

use squall_io::net::{TcpListener, TcpStream};
use squall_io::{select, task, time};
use squall_wire::Alarm;
use tokio::io::{AsyncWriteExt, split};
use tokio::sync::mpsc;

use crate::codec::{frame, read_frame};
use crate::overseer::{Event, LineId};
use crate::protocol::{FromWorker, ToWorker};

use super::News;

/// Messages that may wait for a worker that does not read; then its connection is given up.
const OUT_LIMIT: usize = 256;
/// A worker that does not take a message within this time is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The controller's end of a connection; dropped, it is closed.
#[derive(Debug)]
pub(super) struct Line(mpsc::Sender<ToWorker>);

impl Line {
    /// False if the message finds no room, or the connection has ended.
    pub(super) fn say(&self, what: ToWorker) -> bool {
        self.0.try_send(what).is_ok()
    }
}

/// Takes connections for ever. One on which nothing comes for `idle` is closed: its other end may
/// have lost power and will never say so.
pub(super) async fn listen(listener: TcpListener, idle: Duration, news: mpsc::Sender<News>) {
    let mut opened = 0;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                opened += 1;
                let (id, news) = (LineId(opened), news.clone());
                task::spawn(async move {
                    let (line, outgoing) = mpsc::channel(OUT_LIMIT);
                    if news.send(News::Opened(id, Line(line))).await.is_ok() {
                        // Its end, however it comes, concerns nobody but the other side.
                        serve(stream, id, idle, &news, outgoing).await.ok();
                        news.send(News::Event(Event::Closed { line: id })).await.ok();
                    }
                });
            }
            // A connection that was reset before it was taken is no reason to stop; the pause keeps
            // a lasting error from spinning.
            Err(_) => time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn serve(
    stream: TcpStream,
    id: LineId,
    idle: Duration,
    news: &mpsc::Sender<News>,
    mut outgoing: mpsc::Receiver<ToWorker>,
) -> io::Result<()> {
    let (mut reader, mut writer) = split(stream);
    let gone = || io::Error::new(io::ErrorKind::BrokenPipe, "the controller has stopped");
    let hear = async {
        let mut alarm = Alarm::new();
        loop {
            let what: FromWorker = select! {
                what = read_frame(&mut reader) => what?,
                () = alarm.until(time::now() + idle) => return Err(io::ErrorKind::TimedOut.into()),
            };
            let event = Event::Said { line: id, what };
            news.send(News::Event(event)).await.map_err(|_| gone())?;
        }
    };
    let speak = async {
        while let Some(what) = outgoing.recv().await {
            time::timeout(WRITE_TIMEOUT, writer.write_all(&frame(&what))).await??;
        }
        Ok(())
    };
    // Each keeps its own place in the stream, so neither may be dropped and begun again.
    select! {
        ended = hear => ended,
        ended = speak => ended,
    }
}
