//! Efficacy of hooks: a crash between two lines of a program is between them, at every seed.

use std::io;

use squall_history::{Identity, Injection, NodeEvent, Ppm, SimDuration};
use squall_io::fs::{self, OpenOptions};
use squall_io::net::{TcpListener, TcpStream};
use squall_io::{hook, hook_now};
use squall_sim::{Effects, HookAct, HookRule, HookWhen, Injected};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::stage::{Stage, forever, nodes, pass, say};

fn rule(point: &str, act: HookAct, when: HookWhen) -> HookRule {
    HookRule { point: point.to_owned(), act, when }
}

/// Appends ten bytes one after the other, each synced, with a point on both sides of the sync.
async fn appender() -> io::Result<()> {
    fs::write("log", b"").await?;
    fs::sync_dir("").await?;
    for byte in 0..10 {
        let mut file = OpenOptions::new().write().open("log").await?;
        tokio::io::AsyncSeekExt::seek(&mut file, io::SeekFrom::End(0)).await?;
        file.write_all(&[byte]).await?;
        say(format!("wrote {byte}"));
        hook!("log/before-sync").await;
        file.sync_all().await?;
        hook!("log/after-sync").await;
        say(format!("synced {byte}"));
    }
    forever().await
}

/// What a reboot reads of the log, what was said, and what the hook did. With no hook the power goes
/// at some time of the seed's.
fn crash_at(seed: u64, hook: Option<&HookRule>) -> (usize, Vec<String>, Vec<Injected>, Effects) {
    let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
    let laid = hook.map(|rule| stage.add_hook(Identity::of("hook"), rule, &["n-1".into()]));
    stage.start("n-1", appender());
    stage.run(200);
    let injected = stage.take_injected();
    let effects = laid.map_or_else(Effects::default, |laid| stage.remove_hook(laid));
    if injected.is_empty() {
        stage.power_loss(&"n-1".into());
    }
    let said = stage.said("n-1");
    stage.start("n-1", async {
        say(fs::read("log").await?.len());
        Ok(())
    });
    stage.run(300);
    (stage.said("n-1").last().unwrap().parse().unwrap(), said, injected, effects)
}

#[test]
fn a_loss_of_power_between_write_and_sync_is_exactly_there() {
    let before = rule("log/before-sync", HookAct::PowerLoss, HookWhen::Nth(4));
    let after = rule("log/after-sync", HookAct::PowerLoss, HookWhen::Nth(4));
    let mut lost = 0;
    for seed in 0..40 {
        let (length, said, injected, effects) = crash_at(seed, Some(&before));
        assert_eq!(said.last().unwrap(), "wrote 3", "nothing runs on behind the point");
        let at = Injection { site: "log/before-sync".to_owned(), node: "n-1".into(), nth: 4 };
        assert_eq!(injected.iter().map(|it| it.at.clone()).collect::<Vec<_>>(), [at]);
        assert_eq!((effects.get("crashes"), effects.get("tasks-dropped")), (1, 1));
        assert!(length == 3 || length == 4, "what was synced is there, and nothing that was not written");
        assert_eq!(effects.get("writes-lost"), u64::from(length == 3));
        lost += u32::from(length == 3);

        let (length, said, ..) = crash_at(seed, Some(&after));
        assert_eq!(
            (length, said.last().unwrap().as_str()),
            (4, "wrote 3"),
            "behind the sync nothing is lost"
        );
        let (length, said, injected, _) = crash_at(seed, None);
        assert_eq!((length, said.last().unwrap().as_str(), injected.len()), (10, "synced 9", 0));
    }
    // A lost write is a matter of chance: about half of them.
    assert!((5..=35).contains(&lost), "{lost}");
}

/// A listener whose accept task goes on for ever, and a task that dies.
async fn server(dies: impl AsyncFn() + Send + 'static) -> io::Result<()> {
    let listener = TcpListener::bind(("0.0.0.0", 80)).await?;
    squall_io::task::spawn(async {
        loop {
            squall_io::task::yield_now().await;
            say("other");
            pass(1).await;
        }
    });
    let (mut stream, _) = listener.accept().await?;
    let mut byte = [0];
    stream.read_exact(&mut byte).await?;
    stream.write_all(b"a").await?;
    dies().await;
    say("alive");
    stream.write_all(b"b").await?;
    forever().await
}

/// What a client reads of a server that passes a point after its first byte.
fn heard(stage: &mut Stage, hook: Option<HookAct>) -> Vec<String> {
    if let Some(act) = hook {
        let rule = rule("server/*", act, HookWhen::Chance(Ppm::ONE));
        stage.add_hook(Identity::of("hook"), &rule, &["s-1".into()]);
    }
    stage.start("c-1", async {
        pass(10).await;
        let mut stream = TcpStream::connect(("s-1", 80)).await?;
        stream.write_all(b"x").await?;
        let mut all = Vec::new();
        let ended = squall_io::time::timeout(super::stage::ms(500), stream.read_to_end(&mut all)).await;
        say(format!(
            "{} {}",
            String::from_utf8(all).unwrap(),
            super::stage::outcome(&ended.map_err(Into::into))
        ));
        forever().await
    });
    stage.run(2_000);
    stage.said("c-1")
}

#[test]
fn a_crash_is_a_kill_and_nothing_of_the_node_runs_afterwards() {
    let awaited = || async { hook!("server/awaited").await };
    let plain = || async { hook_now!("server/plain") };
    let both = |stage: &mut Stage, which: bool| match which {
        true => stage.start("s-1", server(awaited)),
        false => stage.start("s-1", server(plain)),
    };
    for which in [true, false] {
        let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
        both(&mut stage, which);
        // The kernel says the rest and closes, as after a kill: what was written before arrives.
        assert_eq!(heard(&mut stage, Some(HookAct::Crash)), ["a ok"]);
        assert_eq!(stage.life("s-1"), [NodeEvent::Started, NodeEvent::Killed], "no panic is told");
        assert!(!stage.said("s-1").contains(&"alive".to_owned()));
        let died =
            stage.records.iter().find(|record| record.body == squall_history::Body::Node(NodeEvent::Killed));
        let died = died.unwrap().at;
        let later =
            stage.records.iter().filter(|record| record.node == Some("s-1".into()) && record.at >= died);
        assert_eq!(later.count(), 1, "another task of the node ran after its death");

        drop(stage);
        let mut stage = nodes(&[("s", 1), ("c", 1)]).begin();
        both(&mut stage, which);
        assert_eq!(heard(&mut stage, None), ["ab TimedOut"]);
        assert_eq!(stage.life("s-1"), [NodeEvent::Started]);
    }
}

#[test]
fn siblings_in_the_same_poll_find_a_dead_ground() {
    let mut stage = nodes(&[("n", 1)]).begin();
    let rule = rule("race", HookAct::Crash, HookWhen::Nth(1));
    stage.add_hook(Identity::of("hook"), &rule, &["n-1".into()]);
    stage.start("n-1", async {
        fs::write("file", b"old").await?;
        // Whichever is polled first: what comes after the point in this poll has no effect.
        let strike = async { hook!("race").await };
        let write = async {
            for turn in 0..3 {
                say(format!("turn {turn}"));
                squall_io::task::yield_now().await;
            }
        };
        tokio::pin!(strike, write);
        std::future::poll_fn(|cx| {
            assert!(strike.as_mut().poll(cx).is_pending());
            assert!(write.as_mut().poll(cx).is_pending());
            drop(squall_io::task::spawn(async { say("spawned") }));
            std::task::Poll::<()>::Pending
        })
        .await;
        Ok(())
    });
    stage.run(100);
    assert_eq!(stage.said("n-1"), Vec::<String>::new());
    assert_eq!(stage.life("n-1"), [NodeEvent::Started, NodeEvent::Killed]);
}

#[test]
fn a_delay_takes_the_time_that_it_draws_and_plain_points_cannot_wait() {
    let passage = |seed: u64, hook: bool| {
        let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
        let range = (SimDuration::from_millis(5), SimDuration::from_millis(50));
        let rule = rule("*", HookAct::Delay(range), HookWhen::Chance(Ppm::ONE));
        let laid = hook.then(|| stage.add_hook(Identity::of("hook"), &rule, &["n-1".into()]));
        stage.start("n-1", async {
            let start = squall_io::time::now();
            hook_now!("plain");
            assert_eq!(start.elapsed(), std::time::Duration::ZERO);
            hook!("awaited").await;
            say(start.elapsed().as_micros());
            forever().await
        });
        stage.run(200);
        let effects = laid.map_or_else(Effects::default, |laid| stage.remove_hook(laid));
        let told = stage.take_injected().len() as u64;
        assert_eq!(effects.get("passages-delayed"), told);
        (stage.said("n-1")[0].parse::<u64>().unwrap(), told)
    };
    let mut times = std::collections::BTreeSet::new();
    for seed in 0..10 {
        let (time, told) = passage(seed, true);
        assert!((5_000..=50_000).contains(&time) && told == 1, "{time} {told}");
        times.insert(time);
        assert_eq!(passage(seed, false), (0, 0));
    }
    assert_eq!(times.len(), 10, "each seed draws its own");
}

/// A node that restarts itself for ever, by the harness: where it was struck, and the digest.
fn struck(seed: u64, when: &HookWhen, nodes_hit: &[&str]) -> (Vec<Injection>, squall_history::Digest) {
    let mut stage = nodes(&[("n", 2)]).seed(seed).begin();
    let rule = rule("log/*", HookAct::PowerLoss, when.clone());
    let hit: Vec<_> = nodes_hit.iter().map(|node| (*node).into()).collect();
    stage.add_hook(Identity::of("hook"), &rule, &hit);
    let (mut struck, mut step) = (Vec::new(), 0);
    stage.start("n-1", appender());
    stage.start("n-2", appender());
    while step < 60 {
        step += 1;
        stage.run(step * 10);
        for it in stage.take_injected() {
            stage.start(it.at.node.as_str(), appender());
            struck.push(it.at);
        }
    }
    (struck, stage.end().digest)
}

#[test]
fn what_was_struck_by_chance_is_struck_again_by_its_list_with_the_same_digest() {
    let chance = HookWhen::Chance(Ppm::percent(5));
    let (mut all, mut hits) = (0, 0);
    for seed in 0..12 {
        let (by_chance, digest) = struck(seed, &chance, &["n-1", "n-2"]);
        assert_eq!(
            struck(seed, &HookWhen::Listed(by_chance.clone()), &["n-1", "n-2"]),
            (by_chance.clone(), digest)
        );
        // Another node's strikes are its own.
        let (alone, _) = struck(seed, &chance, &["n-2"]);
        let of_second =
            |all: &[Injection]| all.iter().filter(|it| it.node == "n-2".into()).cloned().collect::<Vec<_>>();
        assert_eq!(alone, of_second(&by_chance));
        all += by_chance.len();
        hits += usize::from(!by_chance.is_empty());
        let (none, quiet) = struck(seed, &HookWhen::Listed(Vec::new()), &["n-1", "n-2"]);
        assert_eq!(none, []);
        assert!(by_chance.is_empty() || quiet != digest);
    }
    assert!(all > 12 && hits > 6, "{all} {hits}");
}
