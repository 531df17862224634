//! What a system says is worth reaching and no seed reached: on the screen and in `summary.md`.

use crate::project::Project;

#[test]
fn a_campaign_names_what_it_never_reached_and_is_as_expected_all_the_same() {
    let project = Project::with_shipped(&["kv-calm"]);
    let ran = project.squall(&["run", "kv-calm", "--seeds", "1"]).expect(0);
    let [line] = ran.after("unreached")[..] else { panic!("one line for one system:\n{}", ran.out) };
    let names = line.strip_prefix("kv: ").expect("the system's name comes first");
    // Nothing is slow in a calm run: no queue overflows.
    assert!(names.split(", ").any(|name| name == "wire/outbox-full"), "{names}");
    assert!(!names.contains("raft/"), "those of another system: {names}");
    let summary = project.read("reports/latest/summary.md");
    assert!(summary.contains("## Assertions that no seed reached\n\n- kv: "), "{summary}");
}

#[test]
fn the_list_shows_what_can_be_reached() {
    let listed = Project::new().squall(&["list", "--json"]).expect(0);
    let systems: serde_json::Value = serde_json::from_str(&listed.out).unwrap();
    let conditions = |name: &str| {
        let all = systems["systems"].as_array().unwrap();
        let system = all.iter().find(|system| system["name"] == name).unwrap();
        system["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert!(conditions("batch").contains(&"raft/group-commit".to_owned()));
    assert!(conditions("kv").contains(&"kv/group-commit".to_owned()));
    assert!(!conditions("kv").contains(&"raft/group-commit".to_owned()));
}
