//! Efficacy of `power-loss`: silence on the network, and of what was not synced a drawn part.

use squall_history::NodeEvent;
use squall_io::fs::{self, File};
use squall_io::net::TcpListener;
use squall_io::time::timeout;
use squall_sim::Effects;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{connect, forever, ms, nodes, outcome, pass, say};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    PowerLoss,
}

/// Accepts, and keeps every stream open.
async fn server() -> std::io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    let mut clients = Vec::new();
    loop {
        clients.push(listener.accept().await?);
    }
}

/// What the network sees, with and without the fault.
fn network(fault: Option<Fault>) -> (Vec<String>, Vec<String>, u64) {
    let mut stage = nodes(&[("s", 1), ("c", 2)]).begin();
    stage.start("s-1", server());
    stage.start("c-1", async {
        pass(10).await;
        let mut stream = connect("s-1", 80, 100).await?;
        // Across the loss: nothing is heard. After the reboot the first bytes are reset.
        let mut byte = [0; 1];
        say(outcome(&timeout(ms(2_990), stream.read(&mut byte)).await.map_err(Into::into).and_then(|r| r)));
        say(outcome(&stream.write(b"x").await));
        let heard = timeout(ms(1_000), stream.read(&mut byte)).await;
        say(outcome(&heard.map_err(Into::into).and_then(|ended| ended)));
        forever().await
    });
    stage.start("c-2", async {
        pass(1_500).await;
        say(outcome(&connect("s-1", 80, 300).await));
        pass(1_500).await;
        say(outcome(&connect("s-1", 80, 300).await));
        forever().await
    });
    stage.run(1_000);
    let effects = match fault {
        Some(Fault::PowerLoss) => stage.power_loss(&"s-1".into()),
        None => Effects::default(),
    };
    stage.run(2_000);
    if fault.is_some() {
        stage.start("s-1", server());
        assert_eq!(
            stage.life("s-1"),
            [NodeEvent::Started, NodeEvent::PowerLost],
            "the new start is recorded as the run goes on"
        );
    }
    stage.run(10_000);
    (stage.said("c-1"), stage.said("c-2"), effects.get("connections-lost"))
}

#[test]
fn power_loss_is_silence_and_after_the_reboot_a_reset() {
    let lost = (
        vec!["TimedOut".into(), "ok".into(), "ConnectionReset".into()],
        vec!["TimedOut".into(), "ok".into()],
        1,
    );
    assert_eq!(network(Some(Fault::PowerLoss)), lost);
    let untouched =
        (vec!["TimedOut".into(), "ok".into(), "TimedOut".into()], vec!["ok".into(), "ok".into()], 0);
    assert_eq!(network(None), untouched);
}

const SECTOR: usize = 512;

/// Writes what is synced and what is not, then waits.
async fn scribe() -> std::io::Result<()> {
    fs::create_dir_all("kept").await?;
    let mut synced = File::create("kept/synced").await?;
    synced.write_all(&[1; 4 * SECTOR]).await?;
    synced.sync_all().await?;
    fs::sync_dir("kept").await?;
    fs::sync_dir("").await?;
    // A durable file, overwritten without a sync: its sectors are old or new.
    synced.write_all(&[2; 100]).await?;
    let mut torn = fs::OpenOptions::new().write().open("kept/synced").await?;
    torn.write_all(&[3; 4 * SECTOR]).await?;
    // A synced file without a synced name.
    let mut nameless = File::create("kept/nameless").await?;
    nameless.write_all(b"content").await?;
    nameless.sync_all().await?;
    forever().await
}

#[derive(PartialEq, Eq, Debug)]
struct Found {
    /// Sectors of the synced file: 1 old, 3 new.
    sectors: Vec<u8>,
    names: Vec<String>,
    effects: Effects,
}

fn disk(seed: u64, fault: Option<Fault>) -> Found {
    let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
    stage.start("n-1", scribe());
    stage.run(1_000);
    let effects = match fault {
        Some(Fault::PowerLoss) => stage.power_loss(&"n-1".into()),
        None => stage.killed("n-1"),
    };
    stage.start("n-1", async {
        let content = fs::read("kept/synced").await?;
        let (sectors, _) = content[..4 * SECTOR].as_chunks::<SECTOR>();
        for sector in sectors {
            assert!(sector.iter().all(|byte| *byte == sector[0]), "a sector is torn inside");
            say(sector[0]);
        }
        for name in fs::read_dir("kept").await? {
            say(name);
        }
        Ok(())
    });
    stage.run(2_000);
    let (sectors, names) = stage.said("n-1").into_iter().partition::<Vec<_>, _>(|word| word.len() == 1);
    Found { sectors: sectors.iter().map(|word| word.parse().unwrap()).collect(), names, effects }
}

#[test]
fn power_loss_loses_or_tears_what_was_not_synced_and_nothing_else() {
    let (mut lost, mut torn, mut whole, mut nameless) = (0, 0, 0, 0);
    for seed in 0..60 {
        let found = disk(seed, Some(Fault::PowerLoss));
        assert!(found.sectors.iter().all(|sector| [1, 3].contains(sector)), "{found:?}");
        assert!(found.names.contains(&"synced".to_owned()), "a synced name is gone: {found:?}");
        let new = found.sectors.iter().filter(|sector| **sector == 3).count();
        lost += usize::from(new == 0);
        whole += usize::from(new == 4);
        torn += usize::from((1..4).contains(&new));
        nameless += usize::from(found.names.contains(&"nameless".to_owned()));
        // The other unsynced write lies within one sector: it can be lost, but not torn.
        assert_eq!(found.effects.get("writes-torn") > 0, (1..4).contains(&new));
        assert_eq!(found.effects.get("names-lost"), u64::from(found.names.len() == 1));
    }
    // Each about a third of 60, the name about a half: five standard deviations are 18 and 19.
    assert!((3..=38).contains(&lost) && (3..=38).contains(&whole) && (3..=38).contains(&torn));
    assert!((11..=49).contains(&nameless), "{nameless}");
}

#[test]
fn without_power_loss_everything_written_is_there() {
    for seed in 0..10 {
        let found = disk(seed, None);
        assert_eq!((found.sectors, found.names), (vec![3; 4], vec!["nameless".into(), "synced".into()]));
        assert_eq!(found.effects.get("writes-lost") + found.effects.get("writes-torn"), 0);
    }
}

#[test]
fn a_sync_in_progress_promises_nothing_and_a_finished_one_everything() {
    let (mut early, mut late) = (0, 0);
    for seed in 0..40 {
        let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
        stage.start("n-1", async {
            fs::write("file", b"").await?;
            fs::sync_dir("").await?;
            let mut file = fs::OpenOptions::new().write().open("file").await?;
            file.write_all(b"x").await?;
            pass(10).await;
            say("begun");
            file.sync_all().await?;
            say("synced");
            forever().await
        });
        // Cut the power in the middle of the sync, or after it.
        while !stage.said("n-1").contains(&if seed % 2 == 0 { "begun" } else { "synced" }.to_owned()) {
            let next = stage.now().0 / 1_000_000 + 1;
            stage.run(next);
        }
        if stage.said("n-1").len() == 1 || seed % 2 == 1 {
            let synced = stage.said("n-1").len() == 2;
            stage.power_loss(&"n-1".into());
            stage.start("n-1", async {
                say(fs::read("file").await?.len());
                Ok(())
            });
            let end = stage.now().0 / 1_000_000 + 100;
            stage.run(end);
            let survived = stage.said("n-1").last().unwrap() == "1";
            assert!(survived || !synced, "synced data is gone");
            early += u32::from(!synced && !survived);
            late += u32::from(synced);
        }
    }
    assert!(early > 0 && late > 0, "{early} {late}");
}

#[test]
fn power_loss_of_a_node_that_is_down_still_empties_its_page_cache() {
    let sizes = |fault: Option<Fault>| -> Vec<String> {
        let mut all = Vec::new();
        for seed in 0..10 {
            let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
            stage.start("n-1", async {
                fs::write("file", b"").await?;
                fs::sync_dir("").await?;
                fs::write("file", &[1; 600]).await?;
                forever().await
            });
            stage.run(100);
            stage.killed("n-1");
            if let Some(Fault::PowerLoss) = fault {
                stage.power_loss(&"n-1".into());
            }
            stage.start("n-1", async {
                say(fs::read("file").await?.len());
                Ok(())
            });
            stage.run(200);
            all.extend(stage.said("n-1"));
        }
        all
    };
    assert!(sizes(Some(Fault::PowerLoss)).iter().any(|size| size == "0"));
    assert!(sizes(None).iter().all(|size| size == "600"));
}
