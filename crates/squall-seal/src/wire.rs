//! What goes over the pipes between a caller and its worker, and between a worker and its child:
//! frames of a length (8 bytes, little-endian) and that many bytes, and what stands in them.
//!
//! Both ends are the same binary, so there is one version and no negotiation.

use std::io::{self, BufWriter, Read, Write};
use std::time::Duration;

use crate::{Death, DeathKind, Ended, Limits};

/// The largest frame: 1 GiB. A longer one is a mistake or not a frame at all.
pub(crate) const MAX_FRAME: usize = 1 << 30;
/// Bytes up to which a frame is written at once: what a pipe takes in one piece.
const PIECE: usize = 4_096;
/// The first frame a worker sends: it has loaded what it needs and listens.
pub(crate) const HELLO: &[u8] = b"squall-worker 1";
/// Bytes in front of a request's payload: four limits of 8 bytes.
const LIMITS_BYTES: usize = 32;
/// The largest payload of a request, and, with a byte in front, a reply that fits a frame.
pub(crate) const MAX_PAYLOAD: usize = MAX_FRAME - LIMITS_BYTES;

/// Writes one frame made of `parts`.
pub(crate) fn write_frame(to: &mut impl Write, parts: &[&[u8]]) -> io::Result<()> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    assert!(length <= MAX_FRAME, "a frame of {length} bytes: the caller checks the size");
    let header = (length as u64).to_le_bytes();
    // In one piece where that is cheap: each write is a system call and may wake the reader.
    let mut to = BufWriter::with_capacity(PIECE, to);
    to.write_all(&header)?;
    parts.iter().try_for_each(|part| to.write_all(part))?;
    to.flush()
}

/// Reads one frame; `None` if the other side closed the pipe between two frames.
pub(crate) fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut header = [0; 8];
    let mut have = 0;
    while have < header.len() {
        match from.read(&mut header[have..]) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => have += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let length = frame_length(header)?;
    let mut frame = Vec::with_capacity(length);
    from.take(length as u64).read_to_end(&mut frame)?;
    if frame.len() < length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(frame))
}

/// The length a frame's header announces.
pub(crate) fn frame_length(header: [u8; 8]) -> io::Result<usize> {
    let length = u64::from_le_bytes(header);
    usize::try_from(length)
        .ok()
        .filter(|&length| length <= MAX_FRAME)
        .ok_or_else(|| invalid(format!("a frame of {length} bytes")))
}

/// The bytes in front of a request's payload.
pub(crate) fn limits_to_bytes(limits: &Limits) -> [u8; LIMITS_BYTES] {
    let mut bytes = [0; LIMITS_BYTES];
    let words = [nanos(limits.wall), nanos(limits.stuck), limits.memory, limits.stack];
    for (place, word) in bytes.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        *place = word.to_le_bytes();
    }
    bytes
}

/// Splits a request into its limits and its payload.
pub(crate) fn request_from_bytes(frame: &[u8]) -> io::Result<(Limits, &[u8])> {
    let (head, payload) =
        frame.split_first_chunk::<LIMITS_BYTES>().ok_or_else(|| invalid("a request without limits"))?;
    let word = |n: usize| u64::from_le_bytes(head.as_chunks::<8>().0[n]);
    let limits = Limits {
        wall: Duration::from_nanos(word(0)),
        stuck: Duration::from_nanos(word(1)),
        memory: word(2),
        stack: word(3),
    };
    Ok((limits, payload))
}

/// What a worker answers: how the run ended and the CPU time it took, or why it could not be started.
pub(crate) type Answer = Result<(Ended, Duration), String>;

/// Bytes in front of what a run left: the kind of the answer, and the CPU time.
const ENDED_BYTES: usize = 9;

const REPLIED: u8 = 0;
const DIED: u8 = 1;
const REFUSED: u8 = 2;

/// Writes an answer as one frame.
pub(crate) fn write_answer(to: &mut impl Write, answer: &Answer) -> io::Result<()> {
    match answer {
        Ok((Ended::Replied(reply), cpu)) => write_frame(to, &[&[REPLIED], &nanos(*cpu).to_le_bytes(), reply]),
        Ok((Ended::Died(death), cpu)) => {
            let (kind, number) = kind_to_bytes(death.kind);
            let place = (death.place.len() as u32).to_le_bytes();
            let (said, output) = (death.place.as_bytes(), death.stderr.as_bytes());
            let cpu = nanos(*cpu).to_le_bytes();
            write_frame(to, &[&[DIED], &cpu, &[kind], &number.to_le_bytes(), &place, said, output])
        }
        Err(what) => write_frame(to, &[&[REFUSED], what.as_bytes()]),
    }
}

/// Reads an answer out of its frame.
pub(crate) fn answer_from_bytes(mut frame: Vec<u8>) -> io::Result<Answer> {
    match frame.first() {
        Some(&REPLIED) => {
            let cpu = cpu_of(&frame)?;
            // Moves the bytes down instead of copying a reply that may be large.
            frame.drain(..ENDED_BYTES);
            Ok(Ok((Ended::Replied(frame), cpu)))
        }
        Some(&DIED) => {
            let cpu = cpu_of(&frame)?;
            let death = death_from_bytes(&frame[ENDED_BYTES..]);
            Ok(Ok((Ended::Died(death.ok_or_else(|| invalid("a death cut short"))?), cpu)))
        }
        Some(&REFUSED) => Ok(Err(text(&frame[1..]))),
        _ => Err(invalid("an answer of no known kind")),
    }
}

fn cpu_of(frame: &[u8]) -> io::Result<Duration> {
    let bytes = frame[1..].first_chunk::<8>().ok_or_else(|| invalid("an answer cut short"))?;
    Ok(Duration::from_nanos(u64::from_le_bytes(*bytes)))
}

fn death_from_bytes(bytes: &[u8]) -> Option<Death> {
    let (&kind, rest) = bytes.split_first()?;
    let (number, rest) = rest.split_first_chunk::<4>()?;
    let (place, rest) = rest.split_first_chunk::<4>()?;
    let (place, stderr) = rest.split_at_checked(u32::from_le_bytes(*place) as usize)?;
    let kind = kind_from_bytes(kind, i32::from_le_bytes(*number))?;
    Some(Death { kind, place: text(place), stderr: text(stderr) })
}

fn kind_to_bytes(kind: DeathKind) -> (u8, i32) {
    match kind {
        DeathKind::Abort => (0, 0),
        DeathKind::StackOverflow => (1, 0),
        DeathKind::Signal(signal) => (2, signal),
        DeathKind::OutOfMemory => (3, 0),
        DeathKind::Stuck => (4, 0),
        DeathKind::Timeout => (5, 0),
        DeathKind::Exit(code) => (6, code),
    }
}

fn kind_from_bytes(kind: u8, number: i32) -> Option<DeathKind> {
    Some(match kind {
        0 => DeathKind::Abort,
        1 => DeathKind::StackOverflow,
        2 => DeathKind::Signal(number),
        3 => DeathKind::OutOfMemory,
        4 => DeathKind::Stuck,
        5 => DeathKind::Timeout,
        6 => DeathKind::Exit(number),
        _ => return None,
    })
}

fn nanos(span: Duration) -> u64 {
    // Spans beyond 584 years mean for ever, and stay so.
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(answer: &Answer) -> Answer {
        let mut pipe = Vec::new();
        write_answer(&mut pipe, answer).unwrap();
        let frame = read_frame(&mut &pipe[..]).unwrap().unwrap();
        answer_from_bytes(frame).unwrap()
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let kinds = [
            DeathKind::Abort,
            DeathKind::StackOverflow,
            DeathKind::Signal(11),
            DeathKind::OutOfMemory,
            DeathKind::Stuck,
            DeathKind::Timeout,
            DeathKind::Exit(-3),
        ];
        for kind in kinds {
            let death = Death { kind, place: "node-3".into(), stderr: "oh".into() };
            let answer = Ok((Ended::Died(death), Duration::from_micros(12)));
            assert_eq!(back(&answer), answer);
        }
        for reply in [vec![], vec![7; 100_000]] {
            let answer = Ok((Ended::Replied(reply), Duration::from_secs(7)));
            assert_eq!(back(&answer), answer);
        }
        assert_eq!(back(&Err("no processes left".into())), Err("no processes left".into()));
    }

    #[test]
    fn requests_are_read_as_they_were_written() {
        let limits = Limits { wall: Duration::from_nanos(1), stack: 5, ..Limits::default() };
        let frame = [&limits_to_bytes(&limits)[..], b"payload"].concat();
        assert_eq!(request_from_bytes(&frame).unwrap(), (limits, &b"payload"[..]));
        assert!(request_from_bytes(&frame[..LIMITS_BYTES - 1]).is_err());
    }

    #[test]
    fn a_pipe_that_ends_is_told_from_one_that_breaks() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &[b"ab", b"c"]).unwrap();
        assert_eq!(read_frame(&mut &pipe[..]).unwrap(), Some(b"abc".to_vec()));
        assert_eq!(read_frame(&mut &pipe[..0]).unwrap(), None);
        for cut in 1..pipe.len() {
            let error = read_frame(&mut &pipe[..cut]).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "cut at {cut}");
        }
        let error = read_frame(&mut &b"usage: x"[..]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
