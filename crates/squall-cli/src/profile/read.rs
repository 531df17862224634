//! `.config/chaos.toml` read: every mistake in it is told at once, with its place and what was meant.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{MaxFail, Profile, SeedsRule, Shrink, close};
use crate::args::{parse_base, parse_budget, parse_seeds};

/// The keys of a profile.
const KEYS: [&str; 8] =
    ["seeds", "seeds-factor", "base-seed", "max-fail", "check-determinism", "time-budget", "tags", "shrink"];
/// The one table of the file.
const PROFILE: &str = "profile";
/// Beyond this no campaign takes its seeds anyway.
const FACTOR_MAX: u64 = 10_000_000;

/// The profiles of a text, by name, or all that is wrong with it, drawn for the user.
pub(super) fn profiles(file: &str, text: &str) -> Result<BTreeMap<String, Profile>, String> {
    let mut wrong = Vec::new();
    let profiles = match DeTable::parse(text) {
        Ok(table) => of_document(table.get_ref(), &mut wrong),
        Err(error) => {
            wrong.push(Mistake {
                span: error.span().unwrap_or(0..0),
                title: format!("this is not TOML: {}", error.message()),
                help: None,
            });
            BTreeMap::new()
        }
    };
    if wrong.is_empty() {
        return Ok(profiles);
    }
    wrong.sort_by_key(|mistake| mistake.span.start);
    Err(wrong.iter().map(|mistake| mistake.render(file, text)).collect::<Vec<_>>().join("\n"))
}

/// One mistake.
struct Mistake {
    span: Range<usize>,
    title: String,
    help: Option<String>,
}

impl Mistake {
    fn render(&self, file: &str, text: &str) -> String {
        let renderer = Renderer::styled();
        let mark = AnnotationKind::Primary.span(self.span.clone());
        let snippet = Snippet::source(text).path(file).annotation(mark);
        let mut groups = vec![Group::with_title(Level::ERROR.primary_title(&self.title)).element(snippet)];
        groups.extend(self.help.as_ref().map(|help| Group::with_title(Level::HELP.secondary_title(help))));
        renderer.render(&groups) + "\n"
    }
}

fn of_document(document: &DeTable<'_>, wrong: &mut Vec<Mistake>) -> BTreeMap<String, Profile> {
    let mut profiles = BTreeMap::new();
    for (key, value) in document {
        if key.get_ref() != PROFILE {
            let title = format!("unknown table or key `{}`", key.get_ref());
            let help = "the file holds tables `[profile.NAME]` and nothing else".to_owned();
            wrong.push(Mistake { span: key.span(), title, help: Some(help) });
            continue;
        }
        let Some(named) = table(value, "`profile` holds tables `[profile.NAME]`", wrong) else { continue };
        for (name, value) in named {
            if !is_name(name.get_ref()) {
                let title = format!("`{}` is no name of a profile", name.get_ref());
                let help = "names are made of small letters, digits and `-`".to_owned();
                wrong.push(Mistake { span: name.span(), title, help: Some(help) });
            }
            if let Some(settings) = table(value, "a profile is a table `[profile.NAME]`", wrong) {
                profiles.insert(name.get_ref().to_string(), of_table(settings, wrong));
            }
        }
    }
    profiles
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-')
}

fn table<'t, 'i>(
    value: &'t Spanned<DeValue<'i>>,
    what: &str,
    wrong: &mut Vec<Mistake>,
) -> Option<&'t DeTable<'i>> {
    if let DeValue::Table(table) = value.get_ref() {
        return Some(table);
    }
    wrong.push(Mistake { span: value.span(), title: what.to_owned(), help: None });
    None
}

fn of_table(settings: &DeTable<'_>, wrong: &mut Vec<Mistake>) -> Profile {
    let mut profile = Profile::default();
    for (key, value) in settings {
        if let Err((title, help)) = set(&mut profile, key.get_ref(), value.get_ref()) {
            let unknown = !KEYS.contains(&key.get_ref().as_ref());
            let span = if unknown { key.span() } else { value.span() };
            wrong.push(Mistake { span, title, help });
        }
    }
    profile
}

/// A title, and what helps.
type Wrong = (String, Option<String>);

fn set(profile: &mut Profile, key: &str, value: &DeValue<'_>) -> Result<(), Wrong> {
    let plain = |message: String| (format!("`{key}`: {message}"), None);
    match key {
        "seeds" | "seeds-factor" => {
            if profile.seeds.is_some() {
                return Err(plain("either `seeds` or `seeds-factor`, not both".to_owned()));
            }
            profile.seeds = Some(seeds(key, value).map_err(plain)?);
        }
        "base-seed" => {
            let text =
                word(value).ok_or_else(|| plain("a seed such as \"0x5eed\", or \"random\"".to_owned()))?;
            profile.base_seed = Some(parse_base(&text).map_err(plain)?);
        }
        "max-fail" => {
            let never = matches!(value, DeValue::String(text) if text == "none");
            let at = whole(value, u64::MAX).map(MaxFail::At);
            let read = if never { Some(MaxFail::Never) } else { at };
            profile.max_fail = Some(read.ok_or_else(|| plain("a number from 1 on, or \"none\"".to_owned()))?);
        }
        "check-determinism" => {
            let share = text(value).and_then(|text| text.parse().ok());
            profile.check_determinism =
                Some(share.ok_or_else(|| plain("a share such as \"5%\"".to_owned()))?);
        }
        "time-budget" => {
            let text = text(value).ok_or_else(|| plain("a time such as \"10m\"".to_owned()))?;
            profile.time_budget = Some(parse_budget(text).map_err(plain)?);
        }
        "tags" => {
            let tags = list(value).filter(|tags| !tags.is_empty());
            profile.tags = Some(tags.ok_or_else(|| plain("a list of tags such as [\"smoke\"]".to_owned()))?);
        }
        "shrink" => {
            let DeValue::Boolean(shrink) = value else { return Err(plain("true or false".to_owned())) };
            profile.shrink = Some(if *shrink { Shrink::First } else { Shrink::Nothing });
        }
        unknown => {
            let help = match close(unknown, KEYS.into_iter()) {
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("a profile has {}", KEYS.join(", ")),
            };
            return Err((format!("unknown key `{unknown}`"), Some(help)));
        }
    }
    Ok(())
}

fn seeds(key: &str, value: &DeValue<'_>) -> Result<SeedsRule, String> {
    if key == "seeds-factor" {
        let factor = whole(value, FACTOR_MAX);
        return factor.map(SeedsRule::Factor).ok_or_else(|| format!("a number from 1 to {FACTOR_MAX}"));
    }
    let text = word(value).ok_or("a number of seeds, or a range such as \"0x10..0x20\"")?;
    parse_seeds(&text).map(SeedsRule::Fixed)
}

fn text<'v>(value: &'v DeValue<'_>) -> Option<&'v str> {
    if let DeValue::String(text) = value { Some(text) } else { None }
}

/// A string, or a number as it would stand on the command line.
fn word(value: &DeValue<'_>) -> Option<String> {
    text(value).map(str::to_owned).or_else(|| number(value).map(|number| number.to_string()))
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    let DeValue::Integer(integer) = value else { return None };
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A number from 1 to `most`.
fn whole(value: &DeValue<'_>, most: u64) -> Option<u64> {
    number(value).filter(|number| (1..=most).contains(number))
}

fn list(value: &DeValue<'_>) -> Option<Vec<String>> {
    let DeValue::Array(items) = value else { return None };
    items.iter().map(|item| text(item.get_ref()).map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::BaseSeed;

    #[track_caller]
    fn refused(text: &str, place: &str, words: &[&str]) {
        let drawn = profiles("chaos.toml", text).expect_err("it is wrong");
        let drawn = anstream::adapter::strip_str(&drawn).to_string();
        assert!(drawn.contains(&format!("chaos.toml:{place}")), "no {place} in {drawn}");
        words.iter().for_each(|words| assert!(drawn.contains(words), "no `{words}` in {drawn}"));
    }

    #[test]
    fn mistakes_have_a_place_and_an_answer() {
        let of = |line: &str| format!("[profile.ci]\n{line}\n");
        refused(&of("sedes = 3"), "2:1", &["unknown key `sedes`", "did you mean `seeds`?"]);
        refused(&of("whatever = 3"), "2:1", &["a profile has seeds, seeds-factor"]);
        refused(&of("seeds = 0"), "2:9", &["`seeds`: there is no seed in it"]);
        refused(&of("seeds = [1]"), "2:9", &["a number of seeds, or a range"]);
        refused(&of("seeds = 1\nseeds-factor = 2"), "3:16", &["not both"]);
        refused(&of("max-fail = 0"), "2:12", &["a number from 1 on"]);
        refused(&of("check-determinism = \"much\""), "2:21", &["a share such as \"5%\""]);
        refused(&of("time-budget = 10"), "2:15", &["a time such as \"10m\""]);
        refused(&of("tags = []"), "2:8", &["a list of tags"]);
        refused(&of("shrink = 1"), "2:10", &["true or false"]);
        refused("[profile.CI]\n", "1:10", &["`CI` is no name of a profile"]);
        refused("[profiles.ci]\n", "1:2", &["unknown table or key `profiles`"]);
        refused("profile = 3\n", "1:11", &["`profile` holds tables"]);
        refused("[profile.ci\n", "1:12", &["this is not TOML"]);
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let text = "[profile.ci]\nmax-fail = 0\nshrnk = true\n";
        refused(text, "2:12", &["chaos.toml:3:1", "did you mean `shrink`?"]);
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert_eq!(profiles("chaos.toml", ""), Ok(BTreeMap::new()));
        let read = profiles("chaos.toml", "[profile.ci]\nbase-seed = 0x10\n").expect("it is valid");
        assert_eq!(read["ci"].base_seed, Some(BaseSeed::Fixed(squall::Seed(16))));
    }
}
