//! One attempt, as a task of its own: does the work and tells how it ended.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use squall_io::{buggify, hook, rand, task, time};
use tokio::sync::mpsc;

use crate::job::{AttemptId, Manifest, Source};
use crate::protocol::{Input, Work};
use crate::state::Failure;
use crate::wordcount::{Counting, Merging, Records, Split};
use crate::worker::WorkerConfig;

use super::News;
use super::fetch::fetch;
use super::store::Store;

/// After so many records it says how far it is, and lets the others work.
const STRIDE: u32 = 50;
/// The longest that an unlikely turn takes here: well below the time without progress after which the
/// overseer gives an attempt up.
const STRAGGLE_MAX: Duration = Duration::from_millis(500);

/// An attempt that runs.
pub(super) struct Attempt {
    pub(super) id: AttemptId,
    pub(super) config: Arc<WorkerConfig>,
    pub(super) store: Store,
    pub(super) news: mpsc::Sender<News>,
}

/// Why an attempt gave nothing.
pub(super) enum Trouble {
    Failed(Failure),
    /// The worker must not go on.
    Disk(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl Attempt {
    pub(super) async fn run(self, work: Work) {
        let made = match work {
            Work::Map { task, source, splits, partitions } => {
                self.map(&source, Split { number: task.number, of: splits }, partitions).await
            }
            Work::Reduce { inputs, .. } => self.reduce(&inputs).await,
        };
        let finished = |result| News::Finished { attempt: self.id, result };
        let news = match made {
            Ok(manifest) => finished(Ok(manifest)),
            Err(Trouble::Failed(failure)) => finished(Err(failure)),
            Err(Trouble::Disk(error)) => News::DiskFailed(error),
        };
        hook!("worker/before-finished").await;
        // Nobody is left to hear it if the worker has stopped.
        self.news.send(news).await.ok();
    }

    async fn map(&self, source: &Source, split: Split, partitions: u32) -> Result<Manifest, Trouble> {
        let mut records = Records::open(source, &self.config.input, split).await.map_err(of_input)?;
        let mut counting = Counting::new(partitions);
        let (mut done, mut fresh) = (0, 0);
        while let Some(record) = records.next().await.map_err(of_input)? {
            counting.add(record).map_err(own_fault)?;
            fresh += 1;
            if fresh == STRIDE {
                self.got_on(&mut done, std::mem::take(&mut fresh)).await;
            }
        }
        self.got_on(&mut done, fresh).await;
        let counted = counting.finish();
        self.store.write(self.id, &counted).await?;
        Ok(Manifest::Map { input: counted.input, segments: counted.segments })
    }

    async fn reduce(&self, inputs: &[Input]) -> Result<Manifest, Trouble> {
        let mut merging = Merging::new();
        let mut done = 0;
        for input in inputs {
            let piece = fetch(&self.config, &self.store, input).await?;
            // One more than there are counts: an empty segment is work done too.
            let fresh = u32::try_from(piece.len()).unwrap_or(u32::MAX).saturating_add(1);
            merging.take(input.map, input.attempt, &piece);
            self.got_on(&mut done, fresh).await;
        }
        merging.finish().map_err(own_fault)
    }

    /// Takes the time of `fresh` more records, and says how many are done.
    async fn got_on(&self, done: &mut u64, fresh: u32) {
        if self.config.per_record.is_zero() {
            task::yield_now().await;
        } else {
            time::sleep(self.config.per_record * fresh).await;
        }
        if buggify!("worker/straggler", p = 5%) {
            time::sleep(rand::between(Duration::ZERO, STRAGGLE_MAX)).await;
        }
        *done += u64::from(fresh);
        self.news.send(News::Worked { attempt: self.id, count: *done }).await.ok();
    }
}

fn own_fault(why: String) -> Trouble {
    Trouble::Failed(Failure::Task { why })
}

/// An input that is not what it should be is the task's fault; a disk that cannot read is not.
fn of_input(error: io::Error) -> Trouble {
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            own_fault(error.to_string())
        }
        _ => Trouble::Disk(error),
    }
}
