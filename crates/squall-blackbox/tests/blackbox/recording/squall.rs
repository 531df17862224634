//! Squall's own histories.

use std::io::BufReader;

use squall_blackbox::recording::{Format, ReadError, read_history};
use squall_history::History;

use super::{read, refused, told};

const HISTORY: &str = r#"{"format":1,"sim_format":1,"scenario":"s","seed":"0x7","engine":"native","system":"kv","config":null,"topology":{"nodes":[]},"duration":"5s","capabilities":["vocab.op"],"client_roles":["client"]}
{"at":10,"node":"server-1","boot":1,"life":"started"}
{"at":20,"node":"client-1","boot":1,"op":{"id":4,"process":1,"phase":"invoke","f":"put","key":"k","value":3}}
{"at":20,"fault":{"vetoed":{"id":"kill#1","why":"quorum"}}}
{"at":30,"node":"client-1","boot":1,"op":{"id":4,"process":1,"phase":"ok","f":"put","key":"k"}}
"#;

#[test]
fn client_operations_are_what_counts() {
    let recording = read(HISTORY);
    assert_eq!(recording.format, Format::Squall);
    assert_eq!(recording.header.as_ref().unwrap().system, "kv");
    assert_eq!(
        told(&recording),
        "3: op 4 p1 invoke put k 3 @20 on client-1\n5: op 4 p1 ok put k null @30 on client-1\n"
    );
}

#[test]
fn the_whole_history_is_read_as_the_library_reads_it() {
    let ours = read_history(BufReader::with_capacity(7, HISTORY.as_bytes())).unwrap();
    assert_eq!(ours, History::read_ndjson(HISTORY.as_bytes()).unwrap());
    assert_eq!(ours.records.len(), 4);
}

#[test]
fn a_broken_line_has_its_place() {
    let place = |text: &str| match read_history(text.as_bytes()) {
        Err(ReadError::Malformed(malformed)) => (malformed.line, malformed.title),
        other => panic!("{other:?}"),
    };
    assert_eq!(place(&HISTORY.replace("\"at\":30", "\"at\":19")).0, 5);
    assert_eq!(place(&HISTORY.replace("vetoed", "vetod")).0, 4);
    let (line, title) = place(HISTORY.trim_end().strip_suffix("}}").unwrap());
    assert_eq!((line, title.as_str()), (5, "the file ends in the middle of a record"));
    assert!(place(&HISTORY.replace("\"format\":1,\"sim", "\"format\":9,\"sim")).1.contains("format 9"));
    assert_eq!(refused(HISTORY.replace("\"at\":30", "\"at\":19")).line, 5);
    assert_eq!(refused(HISTORY.replace("\"phase\":\"ok\"", "\"phase\":\"done\"")).line, 5);
    assert!(refused(HISTORY.replace(",\"seed\":\"0x7\"", "")).title.contains("missing field `seed`"));
}
