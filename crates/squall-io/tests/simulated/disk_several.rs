//! Several disks of one node: each a device of its own.

use std::io;

use squall_history::{DiskOp, DiskTrouble, Ppm};
use squall_io::fs::{self, File};
use tokio::io::AsyncWriteExt;

use super::stage::{forever, nodes, outcome, pass, say};

#[test]
fn disks_lie_under_their_names_and_nothing_is_renamed_from_one_to_another() {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", async {
        let (first, second) = (fs::disk(0), fs::disk(2));
        assert_eq!(first.path("/a/b"), std::path::Path::new("a/b"));
        fs::create_dir_all(second.path("a")).await?;
        fs::write(first.path("file"), b"first").await?;
        fs::write(second.path("file"), b"second").await?;
        say(format!("{:?} {:?}", fs::read_dir("").await?, fs::read_dir("disk2").await?));
        say(String::from_utf8(fs::read("/disk2/file").await?).unwrap());
        let moved = fs::rename("file", second.path("a/file")).await;
        say(format!("{} {:?}", outcome(&moved), moved.unwrap_err().raw_os_error()));
        fs::rename(second.path("file"), second.path("a/file")).await?;
        say(format!("{} {}", fs::try_exists("disk2/a/file").await?, fs::try_exists("disk2/file").await?));
        say(format!("{} {}", fs::try_exists("disk3").await?, fs::try_exists("disk3/file").await?));
        say(outcome(&File::open("disk2").await));
        Ok(())
    });
    stage.start("n-2", async {
        pass(50).await;
        say(fs::try_exists("disk2/a/file").await?);
        Ok(())
    });
    stage.run(1_000);
    let expected = [
        "[\"file\"] [\"a\", \"file\"]",
        "second",
        "CrossesDevices Some(18)",
        "true false",
        "true false",
        "IsADirectory",
    ];
    assert_eq!(
        (stage.said("n-1"), stage.said("n-2")),
        (expected.map(str::to_owned).to_vec(), vec!["false".into()])
    );
}

#[test]
fn each_disk_has_its_capacity() {
    let mut stage = nodes(&[("n", 1)]).capacity(100).begin();
    stage.start("n-1", async {
        fs::write("file", &[1; 100]).await?;
        say(outcome(&File::create("other").await));
        fs::write("disk1/file", &[1; 60]).await?;
        say(outcome(&fs::write("disk1/other", &[1; 60]).await));
        say(fs::read("disk1/other").await?.len());
        Ok(())
    });
    stage.run(1_000);
    assert_eq!(stage.said("n-1"), ["StorageFull", "StorageFull", "40"]);
}

/// Writes a file on each disk, and syncs only one of them.
async fn write_three(synced: &'static str) -> io::Result<()> {
    for mount in ["", "disk1", "disk2"] {
        let mut file = File::create(std::path::Path::new(mount).join("file")).await?;
        file.write_all(&[7; 1_000]).await?;
        if mount == synced {
            file.sync_all().await?;
            fs::sync_dir(mount).await?;
        }
    }
    forever().await
}

/// On which disks the file is whole.
async fn whole() -> io::Result<()> {
    let mut seen = String::new();
    for path in ["file", "disk1/file", "disk2/file"] {
        let is_whole = fs::read(path).await.is_ok_and(|content| content == [7; 1_000]);
        seen.push(if is_whole { 'W' } else { '-' });
    }
    say(seen);
    Ok(())
}

#[test]
fn each_disk_is_durable_for_itself_and_a_kill_leaves_all() {
    for (place, synced) in ["", "disk1", "disk2"].into_iter().enumerate() {
        let mut survived = [0; 3];
        for seed in 0..60 {
            let mut stage = nodes(&[("n", 1)]).seed(seed).begin();
            stage.start("n-1", write_three(synced));
            stage.run(100);
            stage.killed("n-1");
            stage.start("n-1", whole());
            stage.run(200);
            let effects = stage.power_loss(&"n-1".into());
            assert!(
                effects.get("writes-lost") + effects.get("writes-torn") <= 2
                    && effects.get("names-lost") <= 2
            );
            stage.start("n-1", whole());
            stage.run(300);
            let said = stage.said("n-1");
            assert_eq!(said[0], "WWW", "the page cache stays");
            for (count, seen) in survived.iter_mut().zip(said[1].chars()) {
                *count += u32::from(seen == 'W');
            }
        }
        for (disk, count) in survived.into_iter().enumerate() {
            // Unsynced: name and content survive with less than a fifth of the chance, each disk by
            // draws of its own.
            let fits = if disk == place { count == 60 } else { (1..30).contains(&count) };
            assert!(fits, "disk {disk}: {count} of 60, synced is {place}");
        }
    }
}

#[test]
fn a_fault_reaches_a_disk_by_its_name() {
    let all = DiskTrouble::Error { percent: Ppm::percent(100), ops: vec![DiskOp::Write] };
    for (path, expected) in [
        (None, "fails fails"),
        (Some("disk1/**"), "ok fails"),
        (Some("disk*/**"), "ok fails"),
        (Some("ctl/**"), "fails ok"),
        (Some("disk2/**"), "ok ok"),
    ] {
        let mut stage = nodes(&[("n", 1)]).begin();
        stage.start("n-1", async {
            fs::create_dir_all("ctl").await?;
            let (mut here, mut there) = (File::create("ctl/log").await?, File::create("disk1/log").await?);
            pass(100).await;
            let seen = [here.write_all(b"x").await, there.write_all(b"x").await];
            say(seen.map(|ended| if ended.is_ok() { "ok" } else { "fails" }).join(" "));
            Ok(())
        });
        stage.run(50);
        stage.disk_rule("it", &all, path, "n-1");
        stage.run(200);
        assert_eq!(stage.said("n-1"), [expected], "{path:?}");
    }
}

#[test]
fn what_happens_on_one_disk_leaves_the_draws_of_another_alone() {
    let times = |busy: &'static [&'static str]| {
        let mut stage = nodes(&[("n", 1)]).begin();
        stage.start("n-1", async move {
            for path in busy {
                fs::write(path, b"x").await?;
            }
            let mut file = File::create("log").await?;
            for _ in 0..20 {
                let start = squall_io::time::now();
                file.write_all(b"x").await?;
                say(start.elapsed().as_nanos());
            }
            Ok(())
        });
        stage.run(100);
        stage.said("n-1")
    };
    assert_eq!(times(&[]), times(&["disk1/a", "disk2/b", "disk1/c"]));
    assert_ne!(times(&[]), times(&["a"]));
}
