//! Which program this is: a digest of the file that runs, so that a campaign is gone on with, and joined
//! with others, by the build that began it and no other.
//!
//! Of an ELF file only what is loaded counts. Debug information is most of the file and decides nothing.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use squall::history::{Digest, Folder};

/// Bytes of the header of a 64-bit ELF file, and of an entry of its table of segments (System V ABI,
/// chapter 5, "Program Header").
const HEADER: usize = 64;
const ENTRY: usize = 56;
/// The kind of a segment that is loaded.
const LOADED: u32 = 1;

/// The digest of the running program, or why there is none.
pub(super) fn digest() -> String {
    // On Linux the file that runs, even if a build has put another in its place since.
    let running = || File::open("/proc/self/exe").or_else(|_| File::open(std::env::current_exe()?));
    let digest = running().and_then(|mut file| {
        let parts = loaded(&mut file)?;
        of_parts(&mut file, &parts)
    });
    digest.map_or_else(|error| format!("unknown: {error}"), |digest| digest.to_string())
}

/// A part of a file: where it begins, and how long it is.
type Part = (u64, u64);

/// What of the file is loaded; all of it if it is no 64-bit little-endian ELF file.
fn loaded(file: &mut File) -> io::Result<Vec<Part>> {
    let whole = vec![(0, file.metadata()?.len())];
    let mut header = [0; HEADER];
    file.read_exact(&mut header)?;
    let is_elf = header.starts_with(b"\x7fELF\x02\x01");
    if !is_elf || u16_at(&header, 54) as usize != ENTRY {
        return Ok(whole);
    }
    let mut table = vec![0; ENTRY * u16_at(&header, 56) as usize];
    file.seek(SeekFrom::Start(u64_at(&header, 32)))?;
    file.read_exact(&mut table)?;
    let loaded = table.chunks_exact(ENTRY).filter(|entry| u32_at(entry, 0) == LOADED);
    Ok(loaded.map(|entry| (u64_at(entry, 8), u64_at(entry, 32))).collect())
}

fn of_parts(file: &mut File, parts: &[Part]) -> io::Result<Digest> {
    let mut folder = Folder::default();
    let mut buffer = vec![0; 1 << 20];
    for &(from, length) in parts {
        file.seek(SeekFrom::Start(from))?;
        let mut left = length;
        while left > 0 {
            let take = left.min(buffer.len() as u64) as usize;
            file.read_exact(&mut buffer[..take])?;
            folder.fold_bytes(&buffer[..take]);
            left -= take as u64;
        }
    }
    Ok(folder.digest())
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes[at..at + 2].try_into().expect("two bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
