//! Files: written and synced, and read back.

use std::time::Duration;

use criterion::{Criterion, Throughput};
use squall_io::fs::{self, File};
use tokio::io::AsyncWriteExt;

use crate::stage::{begin, whole};

const WRITES: u64 = 1_000;
const SPAN: Duration = Duration::from_secs(600);

pub(crate) fn all(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("disk");
    whole(&mut group, "write 512 bytes and sync", Throughput::Elements(WRITES), SPAN, || {
        begin(1, |_| Box::pin(log(512)))
    });
    whole(&mut group, "write 64 KiB and sync", Throughput::Bytes(100 * (64 << 10)), SPAN, || {
        begin(1, |_| Box::pin(pages()))
    });
    group.finish();
}

/// A log that grows by one entry at a time.
async fn log(bytes: usize) -> Result<(), String> {
    let mut file = File::create("log").await.map_err(|error| error.to_string())?;
    for _ in 0..WRITES {
        file.write_all(&vec![7; bytes]).await.map_err(|error| error.to_string())?;
        file.sync_data().await.map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// One file written anew, then read, a hundred times.
async fn pages() -> Result<(), String> {
    let content = vec![7; 64 << 10];
    for _ in 0..100 {
        fs::write("page", &content).await.map_err(|error| error.to_string())?;
        let mut file =
            fs::OpenOptions::new().write().open("page").await.map_err(|error| error.to_string())?;
        file.sync_all().await.map_err(|error| error.to_string())?;
        let read = fs::read("page").await.map_err(|error| error.to_string())?;
        assert_eq!(read.len(), content.len(), "a file holds what was written");
    }
    Ok(())
}
