//! Files without any fault, and whose they are.

use std::io::SeekFrom;

use squall_io::fs::{self, File, OpenOptions};
use squall_io::time::timeout;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

use super::stage::{Stage, ms, nodes, outcome, pass, say};

fn run(program: impl Future<Output = std::io::Result<()>> + Send + 'static) -> Stage {
    let mut stage = nodes(&[("n", 2)]).begin();
    stage.start("n-1", program);
    stage.run(60_000);
    stage
}

#[test]
fn what_is_written_is_read() {
    let stage = run(async {
        let mut file = OpenOptions::new().create().open("log").await?;
        file.write_all(b"hello world").await?;
        file.seek(SeekFrom::Start(6)).await?;
        file.write_all(b"squall").await?;
        file.seek(SeekFrom::End(-6)).await?;
        let mut end = String::new();
        file.read_to_string(&mut end).await?;
        say(end);
        file.set_len(5).await?;
        say(file.len().await?);
        file.set_len(7).await?;
        say(format!("{:?}", fs::read("log").await?));
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["squall", "5", "[104, 101, 108, 108, 111, 0, 0]"]);
}

#[test]
fn names_come_go_and_move() {
    let stage = run(async {
        fs::create_dir_all("a/b").await?;
        fs::write("a/b/one", b"1").await?;
        fs::write("two", b"2").await?;
        fs::rename("a/b/one", "two").await?;
        say(String::from_utf8(fs::read("two").await?).unwrap());
        say(format!("{:?} {:?}", fs::read_dir("").await?, fs::read_dir("a/b").await?));
        fs::remove_file("./two").await?;
        say(fs::try_exists("two").await?);
        say(fs::try_exists("/a/b").await?);
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["1", "[\"a\", \"two\"] []", "false", "true"]);
}

#[test]
fn mistakes_are_errors() {
    let stage = run(async {
        fs::write("file", b"x").await?;
        fs::create_dir_all("full/of").await?;
        fs::create_dir_all("empty").await?;
        let kinds = [
            outcome(&File::open("none").await),
            outcome(&File::create("none/file").await),
            outcome(&OpenOptions::new().create_new().open("file").await),
            outcome(&fs::read("full").await),
            outcome(&fs::create_dir_all("file/below").await),
            outcome(&fs::remove_file("empty").await),
            outcome(&fs::rename("empty", "full").await),
            outcome(&fs::rename("file", "empty").await),
            outcome(&fs::rename("full", "full/of/it").await),
            outcome(&fs::read("../n-2/file").await),
            outcome(&fs::sync_dir("file").await),
        ];
        say(kinds.join(" "));
        let mut reading = File::open("file").await?;
        say(outcome(&reading.write_all(b"y").await));
        say(outcome(&reading.set_len(0).await));
        let mut file = OpenOptions::new().write().open("file").await?;
        say(outcome(&file.set_len(1 << 50).await));
        file.seek(SeekFrom::Start(u64::MAX - 2)).await?;
        say(outcome(&file.write_all(b"far out").await));
        say(String::from_utf8(fs::read("file").await?).unwrap());
        Ok(())
    });
    let kinds = "NotFound NotFound AlreadyExists IsADirectory NotADirectory IsADirectory DirectoryNotEmpty \
                 IsADirectory InvalidInput InvalidInput NotADirectory";
    let expected = [kinds, "PermissionDenied", "PermissionDenied", "FileTooLarge", "FileTooLarge", "x"];
    assert_eq!(stage.said("n-1"), expected);
}

#[test]
fn a_removed_file_lives_as_long_as_it_is_open() {
    let stage = run(async {
        fs::write("file", b"old").await?;
        let mut open = File::open("file").await?;
        fs::remove_file("file").await?;
        fs::write("file", b"new").await?;
        let mut content = String::new();
        open.read_to_string(&mut content).await?;
        say(content);
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["old"]);
}

#[test]
fn each_node_has_a_disk_of_its_own() {
    let mut stage = nodes(&[("n", 2)]).begin();
    for node in ["n-1", "n-2"] {
        stage.start(node, async move {
            say(fs::try_exists("file").await?);
            fs::write("file", node.as_bytes()).await?;
            pass(100).await;
            say(String::from_utf8(fs::read("file").await?).unwrap());
            Ok(())
        });
    }
    stage.run(1_000);
    assert_eq!(
        (stage.said("n-1"), stage.said("n-2")),
        (vec!["false".into(), "n-1".into()], vec!["false".into(), "n-2".into()])
    );
}

#[test]
fn operations_take_their_time_and_one_given_up_changes_nothing() {
    let stage = run(async {
        let start = squall_io::time::now();
        let mut file = File::create("file").await?;
        let opened = start.elapsed().as_micros();
        file.write_all(b"x").await?;
        let written = start.elapsed().as_micros() - opened;
        file.sync_all().await?;
        let synced = start.elapsed().as_micros() - opened - written;
        say(format!(
            "{} {} {}",
            (20..=100).contains(&opened),
            (20..=100).contains(&written),
            (500..=2_000).contains(&synced)
        ));
        assert!(timeout(ms(0), file.write_all(b"never")).await.is_err());
        pass(10).await;
        say(file.len().await?);
        Ok(())
    });
    assert_eq!(stage.said("n-1"), ["true true true", "1"]);
}
