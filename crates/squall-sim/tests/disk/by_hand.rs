//! Rules of file systems, one by one, over many draws of what survives.

use std::collections::BTreeSet;
use std::path::Path;

use squall_history::{Domain, Draws, Identity, Seed};
use squall_sim::disk::Open;
use squall_sim::disk::model::{Disk, FILE_MAX, Inode};

fn at(path: &str) -> &Path {
    Path::new(path)
}

fn create(disk: &mut Disk, path: &str, content: &[u8]) -> Inode {
    let inode = disk.open(at(path), Open { write: true, create_new: true, ..Open::default() }).unwrap();
    disk.write_at(inode, content, 0).unwrap();
    inode
}

fn sync(disk: &mut Disk, inode: Inode) {
    disk.sync(inode, disk.sync_point());
}

fn sync_directory(disk: &mut Disk, path: &str) {
    let directory = disk.directory(at(path)).unwrap();
    disk.sync_directory(directory, disk.sync_point());
}

fn read(disk: &mut Disk, path: &str) -> Option<Vec<u8>> {
    let inode = disk.open(at(path), Open::default()).ok()?;
    let mut content = vec![0; usize::try_from(disk.len(inode)).unwrap()];
    disk.read_at(inode, &mut content, 0);
    Some(content)
}

/// What `look` sees after each of many losses of power of the disk that `prepare` left.
fn after_power_loss<T: Ord>(prepare: impl Fn(&mut Disk), look: impl Fn(&mut Disk) -> T) -> BTreeSet<T> {
    let seen = (0..200).map(|seed| {
        let mut disk = Disk::default();
        prepare(&mut disk);
        let draws = Draws::new(Seed(seed));
        disk.power_loss(|operation| draws.draw(Domain::Disk, Identity(1), operation));
        look(&mut disk)
    });
    seen.collect()
}

#[test]
fn replacing_a_file_by_rename_leaves_the_old_or_the_new_one() {
    let prepare = |disk: &mut Disk| {
        let old = create(disk, "file", b"old");
        sync(disk, old);
        sync_directory(disk, "");
        let new = create(disk, "file.new", b"new");
        sync(disk, new);
        disk.rename(at("file.new"), at("file")).unwrap();
    };
    let seen = after_power_loss(prepare, |disk| read(disk, "file"));
    assert_eq!(seen, [Some(b"old".to_vec()), Some(b"new".to_vec())].into());
}

#[test]
fn rotating_a_log_never_loses_the_old_one() {
    let prepare = |disk: &mut Disk| {
        let old = create(disk, "log", b"old");
        sync(disk, old);
        sync_directory(disk, "");
        disk.rename(at("log"), at("log.1")).unwrap();
        create(disk, "log", b"");
    };
    let seen = after_power_loss(prepare, |disk| (read(disk, "log"), read(disk, "log.1")));
    let old = || Some(b"old".to_vec());
    // Not: the new log in place and the old one nowhere.
    assert_eq!(seen, [(old(), None), (None, old()), (Some(Vec::new()), old())].into());
}

#[test]
fn moving_the_replaced_file_away_first_never_loses_it() {
    let prepare = |disk: &mut Disk| {
        for name in ["a", "b"] {
            let file = create(disk, name, name.as_bytes());
            sync(disk, file);
        }
        sync_directory(disk, "");
        disk.rename(at("b"), at("c")).unwrap();
        disk.rename(at("a"), at("b")).unwrap();
    };
    let seen = after_power_loss(prepare, |disk| {
        ["a", "b", "c"].map(|name| read(disk, name).map(|content| content[0])).to_vec()
    });
    let (a, b) = (Some(b'a'), Some(b'b'));
    assert_eq!(seen, [vec![a, b, None], vec![a, None, b], vec![None, a, b]].into());
}

#[test]
fn a_rename_into_a_synced_directory_is_durable() {
    // The file's first name was never synced: the rename carries it all the same.
    let prepare = |disk: &mut Disk| {
        disk.create_dir_all(at("from")).unwrap();
        disk.create_dir_all(at("to")).unwrap();
        sync_directory(disk, "");
        let file = create(disk, "from/file", b"x");
        sync(disk, file);
        disk.rename(at("from/file"), at("to/file")).unwrap();
        sync_directory(disk, "to");
    };
    let seen = after_power_loss(prepare, |disk| (read(disk, "from/file"), read(disk, "to/file")));
    assert_eq!(seen, [(None, Some(b"x".to_vec()))].into());
}

#[test]
fn a_synced_file_without_a_synced_name_may_be_gone() {
    let prepare = |disk: &mut Disk| {
        let file = create(disk, "file", b"x");
        sync(disk, file);
    };
    assert_eq!(after_power_loss(prepare, |disk| read(disk, "file")), [None, Some(b"x".to_vec())].into());
}

#[test]
fn a_synced_name_without_synced_content_may_be_empty() {
    let prepare = |disk: &mut Disk| {
        create(disk, "file", b"x");
        sync_directory(disk, "");
    };
    let seen = after_power_loss(prepare, |disk| read(disk, "file"));
    assert_eq!(seen, [Some(Vec::new()), Some(b"x".to_vec())].into());
}

#[test]
fn a_removal_is_durable_once_the_directory_is_synced() {
    let look = |disk: &mut Disk| disk.exists(at("file"));
    let removed = |disk: &mut Disk| {
        create(disk, "file", b"x");
        sync_directory(disk, "");
        disk.remove_file(at("file")).unwrap();
    };
    assert_eq!(after_power_loss(removed, look), [false, true].into());
    let synced = |disk: &mut Disk| {
        removed(disk);
        sync_directory(disk, "");
    };
    assert_eq!(after_power_loss(synced, look), [false].into());
}

#[test]
fn a_sync_covers_what_was_written_before_it_began() {
    let prepare = |disk: &mut Disk| {
        let file = create(disk, "file", b"a");
        sync_directory(disk, "");
        let point = disk.sync_point();
        disk.write_at(file, b"b", 1).unwrap();
        disk.sync(file, point);
    };
    let seen = after_power_loss(prepare, |disk| read(disk, "file"));
    assert_eq!(seen, [Some(b"a".to_vec()), Some(b"ab".to_vec())].into());
}

#[test]
fn writes_tear_between_sectors_only() {
    let prepare = |disk: &mut Disk| {
        let file = create(disk, "file", &[1; 2_048]);
        sync(disk, file);
        sync_directory(disk, "");
        // From the middle of the first sector to the middle of the last.
        disk.write_at(file, &[2; 1_536], 256).unwrap();
    };
    let seen = after_power_loss(prepare, |disk| {
        let content = read(disk, "file").unwrap();
        let edges: Vec<usize> =
            (1..content.len()).filter(|place| content[place - 1] != content[*place]).collect();
        assert!(edges.iter().all(|edge| edge % 512 == 0 || [256, 1_792].contains(edge)), "{edges:?}");
        assert!(content[..256].iter().chain(&content[1_792..]).all(|byte| *byte == 1));
        content.iter().filter(|byte| **byte == 2).count()
    });
    // Parts of 256, 512, 512 and 256 bytes: every sum of them occurs.
    assert_eq!(seen, [0, 256, 512, 768, 1_024, 1_280, 1_536].into());
}

#[test]
fn a_file_has_a_longest_length() {
    let mut disk = Disk::default();
    let file = create(&mut disk, "file", b"x");
    let too_large = Err(std::io::ErrorKind::FileTooLarge);
    let kind = |ended: std::io::Result<()>| ended.map_err(|error| error.kind());
    assert_eq!(kind(disk.write_at(file, b"xy", FILE_MAX - 1)), too_large);
    assert_eq!(kind(disk.write_at(file, b"x", u64::MAX)), too_large);
    assert_eq!(kind(disk.set_len(file, FILE_MAX + 1)), too_large);
    assert_eq!(disk.len(file), 1);
}
