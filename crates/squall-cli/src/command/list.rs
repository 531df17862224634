//! `list`: what there is to run, and what it can be judged by.

use serde_json::json;
use squall::Registry;
use squall::capability::{self, ENGINES, EngineSpec};
use squall::history::condition::CONDITIONS;
use squall_check::blackbox;
use tabled::builder::Builder;
use tabled::settings::Style;

use crate::args::ListArgs;
use crate::error::CliError;
use crate::library::{self, Loaded, Scope};
use crate::profile::{Profile, Profiles};

pub(crate) fn run(registry: &Registry, args: &ListArgs) -> Result<u8, CliError> {
    let loaded = library::load(registry, &[], Scope::All)?;
    let profiles = Profiles::load()?;
    if args.json {
        let mut all = as_json(registry, &loaded);
        all["profiles"] = profiles_json(&profiles);
        anstream::println!("{all}");
    } else {
        anstream::print!("{}{}", as_text(registry, &loaded), profiles_text(&profiles));
    }
    Ok(0)
}

/// By name, what each comes to, as its file would say it.
fn profiles_json(profiles: &Profiles) -> serde_json::Value {
    let of = |(name, profile): (&str, Profile)| {
        let settings = profile.settings().into_iter().map(|(key, value)| (key.to_owned(), value.into()));
        (name.to_owned(), serde_json::Value::Object(settings.collect()))
    };
    serde_json::Value::Object(profiles.resolved().into_iter().map(of).collect())
}

fn profiles_text(profiles: &Profiles) -> String {
    let mut table = Builder::new();
    table.push_record(["name", "what the command line leaves open"]);
    for (name, profile) in profiles.resolved() {
        let settings = profile.settings();
        let settings: Vec<String> = settings.iter().map(|(key, value)| format!("{key} = {value}")).collect();
        table.push_record([name, &settings.join(", ")]);
    }
    format!("Profiles of `run`, for `--profile`\n{}\n\n", table.build().with(Style::blank()))
}

fn as_json(registry: &Registry, loaded: &[Loaded]) -> serde_json::Value {
    let scenarios = loaded.iter().map(|one| {
        json!({
            "name": one.scenario.name,
            "path": one.path,
            "description": one.scenario.description,
            "system": one.scenario.system,
            "tags": one.scenario.tags,
            "seeds": one.scenario.seeds.count(),
        })
    });
    let catalogue = registry.catalogue();
    let systems = catalogue.systems.iter().map(|(name, entry)| {
        json!({
            "name": name,
            "roles": entry.roles.iter().map(|role| json!({
                "name": role.name, "count": role.default_count, "client": role.client,
            })).collect::<Vec<_>>(),
            "oracles": entry.oracles.iter().map(|oracle| json!({
                "name": oracle.name, "id": oracle.id,
            })).collect::<Vec<_>>(),
            "conditions": entry.conditions,
            "bugs": registry.bugs(name).iter().map(|bug| json!({
                "name": bug.name, "what": bug.what,
            })).collect::<Vec<_>>(),
        })
    });
    json!({
        "v": 1,
        "scenarios": scenarios.collect::<Vec<_>>(),
        "systems": systems.collect::<Vec<_>>(),
        "engines": ENGINES.iter().map(engine_json).collect::<Vec<_>>(),
        "models": blackbox::catalogue().iter().map(|entry| json!({
            "name": entry.name, "meaning": entry.meaning, "options": entry.options,
        })).collect::<Vec<_>>(),
    })
}

/// What an engine is, and what it can inject.
fn engine_json(engine: &EngineSpec) -> serde_json::Value {
    let faults = capability::keywords().map(|keyword| {
        let ability = engine.ability(keyword);
        (keyword.to_owned(), json!({ "ability": ability.word(), "why": ability.why() }))
    });
    json!({
        "name": engine.name,
        "what": engine.what,
        "built": engine.is_built,
        "faults": serde_json::Value::Object(faults.collect()),
    })
}

fn as_text(registry: &Registry, loaded: &[Loaded]) -> String {
    let mut text = String::new();
    let mut section = |title: &str, head: &[&str], rows: Vec<Vec<String>>| {
        let mut table = Builder::new();
        table.push_record(head.iter().map(ToString::to_string));
        rows.into_iter().for_each(|row| table.push_record(row));
        text += &format!("{title}\n{}\n\n", table.build().with(Style::blank()));
    };
    let scenarios = loaded.iter().map(|one| {
        let scenario = &one.scenario;
        vec![
            scenario.name.clone(),
            scenario.system.clone(),
            scenario.seeds.count().to_string(),
            scenario.tags.join(" "),
            one.path.display().to_string(),
        ]
    });
    section("Scenarios", &["name", "system", "seeds", "tags", "file"], scenarios.collect());
    for (name, entry) in &registry.catalogue().systems {
        let roles = entry.roles.iter().map(|role| {
            let kind = if role.client { "client" } else { "server" };
            vec![role.name.clone(), kind.to_owned(), role.default_count.to_string()]
        });
        section(&format!("System {name}: roles"), &["role", "kind", "nodes"], roles.collect());
        let oracles = entry
            .oracles
            .iter()
            .map(|oracle| vec![oracle.name.clone(), oracle.id.clone().unwrap_or_default()]);
        section(&format!("System {name}: oracles"), &["name", "id"], oracles.collect());
        let bugs = registry.bugs(name).iter().map(|bug| vec![bug.name.to_owned(), bug.what.to_owned()]);
        section(&format!("System {name}: planted bugs"), &["name", "what deviates"], bugs.collect());
        let conditions = entry.conditions.iter().map(|name| {
            let common = CONDITIONS.iter().find(|(common, _)| common == name);
            vec![name.clone(), common.map_or_else(String::new, |(_, meaning)| (*meaning).to_owned())]
        });
        section(
            &format!("System {name}: conditions for `sometimes`"),
            &["name", "meaning"],
            conditions.collect(),
        );
    }
    let engines = ENGINES.iter().map(|engine| {
        let how = if engine.is_built { "in this program" } else { engine.how_to_build };
        vec![engine.name.to_owned(), how.to_owned(), engine.what.to_owned()]
    });
    section("Engines, for `--engine`", &["name", "where", "what"], engines.collect());
    let mut head = vec!["fault"];
    head.extend(ENGINES.iter().map(|engine| engine.name));
    let faults = capability::keywords().map(|keyword| {
        let abilities = ENGINES.iter().map(|engine| engine.ability(keyword).word());
        std::iter::once(keyword).chain(abilities).map(str::to_owned).collect()
    });
    section("What engines can inject (why not: `list --json`)", &head, faults.collect());
    let models = blackbox::catalogue();
    let meanings = models.iter().map(|entry| vec![entry.name.to_owned(), entry.meaning.to_owned()]);
    section("Models for `judge`", &["name", "meaning"], meanings.collect());
    let with_options = models.iter().filter(|entry| !entry.options.is_empty());
    let options = with_options.map(|entry| vec![entry.name.to_owned(), entry.options.to_owned()]);
    section("Options of models, for `--with`", &["name", "options"], options.collect());
    text
}
