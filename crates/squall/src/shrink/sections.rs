//! The system's own sections: less for clients to do, and settings as they are by default.
//!
//! Nothing is known of what a number in `workload` means. But a workload that is less has smaller numbers
//! nearly always, and whether the system takes them, its own check says: a plan that it refuses does not
//! fail. Durations are rounded and no more: a shorter pause is more work.

use serde_json::{Map, Value};
use squall_history::{Plan, SimDuration};

use super::Scene;
use super::round::{rounder_spans, simpler};
use super::surroundings::plainer_roles;

/// Smaller numbers in `workload`, one by one, the smallest first.
pub(super) fn less_work(scene: &Scene<'_>) -> Vec<Plan> {
    let (_, whole) = scene.registry.spelled_out(scene.plan);
    let (_, defaults) = scene.registry.defaults(&scene.plan.system.name);
    let mut found = Vec::new();
    each_leaf(&whole, &mut Vec::new(), &mut |path, value| {
        for smaller in smaller(value) {
            let mut workload = whole.clone();
            *at_path(&mut workload, path) = smaller;
            found.push(Plan { workload: tidy(&workload, &defaults), ..scene.plan.clone() });
        }
    });
    found
}

/// Settings of the system as they are by default: all at once, then one by one; those that must differ in
/// round numbers.
pub(super) fn fewer_settings(scene: &Scene<'_>) -> Vec<Plan> {
    let (whole, _) = scene.registry.spelled_out(scene.plan);
    let (defaults, _) = scene.registry.defaults(&scene.plan.system.name);
    let with = |config: Value| {
        let mut plan = scene.plan.clone();
        plan.system.config = config;
        plan
    };
    let (Value::Object(own), Value::Object(usual)) = (&whole, &defaults) else { return Vec::new() };
    let differing: Vec<&String> = own.keys().filter(|key| own.get(*key) != usual.get(*key)).collect();
    if differing.is_empty() {
        return plainer_roles(scene);
    }
    let one = |key: &&String| {
        let mut config = own.clone();
        match usual.get(*key) {
            Some(value) => _ = config.insert((*key).clone(), value.clone()),
            None => _ = config.remove(*key),
        }
        with(tidy(&Value::Object(config), &defaults))
    };
    let mut plans = vec![with(Value::Object(Map::new()))];
    plans.extend(differing.iter().map(one));
    for key in differing {
        for value in own[key].as_str().map(rounder).unwrap_or_default() {
            let mut config = own.clone();
            config.insert(key.clone(), value);
            plans.push(with(tidy(&Value::Object(config), &defaults)));
        }
    }
    plans.extend(plainer_roles(scene));
    plans
}

/// Settings and values of the workload left out one by one, so that they are as they are by default: of use
/// where it makes no difference to the run what they are.
pub(super) fn unsaid(scene: &Scene<'_>) -> Vec<Plan> {
    let plan = scene.plan;
    let without = |section: &Value, put: &dyn Fn(&mut Plan, Value)| -> Vec<Plan> {
        let Value::Object(entries) = section else { return Vec::new() };
        let one = |key: &String| {
            let mut fewer = entries.clone();
            fewer.remove(key);
            let mut plan = plan.clone();
            put(&mut plan, Value::Object(fewer));
            plan
        };
        entries.keys().map(one).collect()
    };
    let mut plans = without(&plan.workload, &|plan, workload| plan.workload = workload);
    plans.extend(without(&plan.system.config, &|plan, config| plan.system.config = config));
    plans
}

/// A section without what its defaults say as well.
fn tidy(section: &Value, defaults: &Value) -> Value {
    let (Value::Object(own), Value::Object(usual)) = (section, defaults) else { return section.clone() };
    let differs = |(key, value): &(&String, &Value)| usual.get(*key) != Some(value);
    let left = own.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone()));
    Value::Object(left.collect())
}

/// Every value that is no list or mapping, in the order of the section.
fn each_leaf(value: &Value, path: &mut Vec<String>, visit: &mut dyn FnMut(&[String], &Value)) {
    let Value::Object(entries) = value else {
        if !value.is_array() {
            visit(path, value);
        }
        return;
    };
    for (key, value) in entries {
        path.push(key.clone());
        each_leaf(value, path, visit);
        path.pop();
    }
}

fn at_path<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, key| value.get_mut(key).expect("the path was found in it"))
}

/// Numbers up to this are counted down one by one; what is larger is halved and rounded.
const FEW: u64 = 8;

/// What to try in place of a value: of a number 0, 1, less and rounder ones; of a share none.
fn smaller(value: &Value) -> Vec<Value> {
    if let Some(number) = value.as_u64() {
        let less = if number <= FEW { (2..number).collect() } else { simpler(number) };
        let mut found: Vec<u64> = [0, 1].into_iter().filter(|least| *least < number).collect();
        found.extend(less.into_iter().filter(|less| *less > 1));
        return found.into_iter().map(Value::from).collect();
    }
    let Some(text) = value.as_str() else { return Vec::new() };
    if text.ends_with('%') && text != "0%" {
        return vec![Value::from("0%")];
    }
    rounder(text)
}

/// The same span in fewer digits, if it is one.
fn rounder(text: &str) -> Vec<Value> {
    let Ok(span) = text.parse::<SimDuration>() else { return Vec::new() };
    rounder_spans(span).into_iter().map(|span| Value::from(span.to_string())).collect()
}
