//! `judge`: recordings of three formats, each exit code, and what is malformed.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use serde_json::Value;

use crate::project::{Project, Ran, ran, root};

/// A project with the recordings of `tests/cli/recordings`.
fn project() -> Project {
    let project = Project::new();
    for entry in fs::read_dir(root().join("tests/cli/recordings")).unwrap() {
        let path = entry.unwrap().path();
        project.write(path.file_name().unwrap().to_str().unwrap(), fs::read(&path).unwrap());
    }
    project
}

/// Judged with these arguments.
fn judge(args: &[&str]) -> Ran {
    let args: Vec<&str> = ["judge"].into_iter().chain(args.iter().copied()).collect();
    project().squall(&args)
}

/// A file of this text, judged as a register.
fn judge_text(name: &str, text: impl AsRef<[u8]>) -> Ran {
    let project = Project::new();
    project.write(name, text);
    project.squall(&["judge", name, "--model", "register"])
}

#[test]
fn a_recording_that_is_well_passes() {
    let ran = judge(&["register.edn", "--model", "register"]).expect(0);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn a_violation_is_shown_with_its_operations() {
    let ran = judge(&["register-stale.edn", "--model", "register"]).expect(100);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn json_operations_are_judged_alike() {
    let ran = judge(&["counters.ndjson", "--model", "kv"]).expect(100);
    insta::assert_snapshot!(ran.out);
}

#[test]
fn transactions_totals_and_sets() {
    let level = |level: &str| format!("{{\"consistency\":\"{level}\"}}");
    let append = |with: &str| judge(&["append.edn", "--model", "list-append", "--with", with]);
    append("null")
        .expect(100)
        .says("VIOLATED list-append [G2-item] at t=2.042s: ")
        .says(
            r#"2    1         txn [["append",5,2],["r",6,null]]   ok [["append",5,2],["r",6,[1]]]   2.031s "#,
        )
        .says("op 2 read key 6 up to 1, without op 3's append of 2");
    // Each read what the other was about to overwrite: that is what snapshot isolation allows.
    append(&level("snapshot-isolation")).expect(0);
    append(&level("serialisable")).expect(2).warns("--with does not fit `list-append`");
    let bank = ["bank.edn", "--model", "bank", "--with", "{\"accounts\":[\"0\",\"1\"],\"total\":100}"];
    let ran = judge(&bank).expect(100).says("VIOLATED bank [wrong-total] at t=10.080s: ");
    ran.says(r#"0    6         read   ok {"0":95,"1":0}   10.071s   10.080s     1"#);
    // The keys are in the values, and there are no times.
    let ran = judge(&["sets.edn", "--model", "set"]).expect(100).says("VIOLATED set [lost]: ");
    ran.says(r#"2    0         add 0 "0_1"   ok "0_1"     3"#).says("measured elements acknowledged 2");
}

#[test]
fn programs_get_one_object() {
    let told = |args: &[&str], code| -> Value {
        let args: Vec<&str> = args.iter().copied().chain(["--message-format", "json"]).collect();
        serde_json::from_str(&judge(&args).expect(code).out).unwrap()
    };
    let stale = told(&["register-stale.edn", "--model", "register"], 100);
    assert_eq!(
        (&stale["v"], &stale["outcome"], &stale["operations"]),
        (&1.into(), &"violated".into(), &6.into())
    );
    assert_eq!(stale["verdict"]["violations"][0]["operations"][2]["line"], 13);
    let well = told(&["register.edn", "--model", "register"], 0);
    assert_eq!((&well["outcome"], &well["verdict"]["status"]), (&"pass".into(), &"pass".into()));
    assert_eq!(well["verdict"]["violations"], Value::Array(Vec::new()));
}

#[test]
fn standard_input_is_a_file_too() {
    let project = project();
    let mut command = project.command(&["judge", "-", "--model", "register"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(project.read("register-stale.edn").as_bytes()).unwrap();
    ran(child.wait_with_output()).expect(100).says("standard input: 6 operations");
}

#[test]
fn no_answer_is_no_pass() {
    // A budget that is too small.
    let small = ["register.edn", "--model", "register", "--max-steps", "1"];
    judge(&small).expect(3).says("UNKNOWN linearizable").says("unknown: there is no answer");
    judge(&["register.edn", "--model", "register", "--max-memory", "1B"]).expect(3).says("UNKNOWN");
    // Operations of another model.
    judge(&["register.edn", "--model", "kv"]).expect(3).says("knows no operation `write`");
    // Nothing but the nemesis.
    let ran = judge_text("r.edn", "{:type :info, :f :kill, :process :nemesis}\n").expect(3);
    ran.says("nothing-judged: nothing in the recording concerns it");
}

#[test]
fn wrong_usage() {
    let wrong = |args: &[&str], words: &str| _ = judge(args).expect(2).warns(words);
    wrong(&["register.edn", "--model", "regster"], "unknown model `regster`; did you mean `register`?");
    wrong(&["register.edn", "--model", "zzz"], "there are: ");
    wrong(&["register.edn", "--model", "register", "--with", "{\"x\":1}"], "--with does not fit `register`");
    wrong(&["register.edn", "--model", "register", "--with", "{x"], "this is not JSON");
    wrong(&["register.edn", "--model", "register", "--max-memory", "5"], "`5` is no size");
    wrong(&["register.edn", "--model", "register", "--time-limit", "5"], "is not a duration");
    wrong(&["register.edn", "--format", "xml", "--model", "register"], "invalid value 'xml'");
    wrong(&["register.edn"], "--model");
}

#[test]
fn files_that_are_not_there() {
    judge(&["missing.edn", "--model", "register"]).expect(65).warns("cannot read missing.edn");
    judge(&[".", "--model", "register"]).expect(65).warns("cannot read .");
}

#[test]
fn models_are_listed() {
    let project = Project::new();
    project.squall(&["list"]).expect(0).says("Models for `judge`").says("register");
    let listed: Value = serde_json::from_str(&project.squall(&["list", "--json"]).expect(0).out).unwrap();
    assert!(listed["models"].as_array().unwrap().iter().any(|model| model["name"] == "kv"), "{listed}");
}

/// What is said of a malformed file.
#[track_caller]
fn malformed(name: &str, text: impl AsRef<[u8]>) -> String {
    let ran = judge_text(name, text).expect(65);
    assert!(ran.out.is_empty() && !ran.err.contains('\u{1b}'), "{}\n{}", ran.out, ran.err);
    ran.err
}

const INVOKE: &str = r#"{"process":0,"type":"invoke","f":"read","key":"x","time":5}"#;

#[test]
fn each_kind_of_malformed_file_has_its_place() {
    let edn = "{:type :invoke, :f :read, :value nil, :process 0, :time 5}";
    let with = |second: &str| format!("{INVOKE}\n{second}\n");
    let files: [(&str, Vec<u8>); 12] = [
        ("empty", Vec::new()),
        ("no-recording", b"process,type,f\n0,invoke,read\n".to_vec()),
        ("json-array", format!("[{INVOKE},\n {INVOKE}]").into()),
        ("unknown-type", with(r#"{"process":0,"type":"okay","time":6}"#).into()),
        ("never-invoked", with(r#"{"process":1,"type":"ok","time":6}"#).into()),
        ("invoked-twice", with(INVOKE).into()),
        ("backwards", with(r#"{"process":0,"type":"ok","time":4}"#).into()),
        ("cut-off", format!("{INVOKE}\n{}", &INVOKE[..30]).into()),
        ("no-text", [INVOKE.as_bytes(), b"\n{\"process\":\"\xff\"}\n"].concat()),
        ("unbalanced", format!("{edn}\n{{:type :ok, :value [1 2}}, :process 0}}\n").into()),
        ("edn-cut-off", format!("[{edn}\n {{:type :ok, :va").into()),
        ("a-long-line", INVOKE.replace("invoke", "started").replace("read", &"x".repeat(3_000)).into()),
    ];
    let said = files.map(|(name, text)| format!("== {name}\n{}", malformed(name, text)));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_hundred_megabytes_on_one_line() {
    let mut text = INVOKE.as_bytes()[..INVOKE.len() - 1].to_vec();
    text.resize(100_000_000, b' ');
    let said = malformed("long.ndjson", text);
    assert!(said.contains("longer than 16 MiB") && said.contains("long.ndjson:1:1"), "{said}");
    assert!(said.len() < 2_000);
}
