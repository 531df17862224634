//! What was measured, as a table and as lines of JSON.

use std::fmt::Write;
use std::time::Duration;

use contest::{Measured, Workload};

use crate::runner::{Contender, Found};

/// A workload on so many nodes, and what each contender came to.
#[derive(Clone, Debug)]
pub struct Cell {
    /// What was run.
    pub workload: Workload,
    /// On how many nodes.
    pub nodes: u32,
    /// In the order of the contenders.
    pub found: Vec<Found>,
}

impl Cell {
    /// One line: what this cell came to.
    pub fn progress(&self, contenders: &[Contender]) -> String {
        let each = contenders.iter().zip(&self.found).map(|(contender, found)| {
            let text = match found {
                Found::Runs { runs, .. } => format!("{} runs", runs.len()),
                Found::TooSlow => "too slow".to_owned(),
                Found::Unable => "unable".to_owned(),
                Found::Failed(why) => format!("failed: {why}"),
            };
            format!("{} {text}", contender.name)
        });
        format!("{} at {} nodes: {}", self.workload, self.nodes, each.collect::<Vec<_>>().join(", "))
    }

    fn simulated_rates(&self, place: usize) -> Option<Vec<f64>> {
        let Found::Runs { job, runs } = &self.found[place] else { return None };
        let rate = |run: &Measured| job.simulated.as_secs_f64() / run.cpu.as_secs_f64();
        Some(runs.iter().map(rate).collect())
    }

    fn message_rates(&self, place: usize) -> Option<Vec<f64>> {
        let Found::Runs { runs, .. } = &self.found[place] else { return None };
        Some(runs.iter().map(|run| run.done.messages as f64 / run.cpu.as_secs_f64()).collect())
    }

    /// What this workload is compared by: messages for echo, virtual time for the others.
    fn rates(&self, place: usize) -> Option<Vec<f64>> {
        if self.workload == Workload::Echo { self.message_rates(place) } else { self.simulated_rates(place) }
    }

    /// How many times as fast as `place` the first contender is.
    fn ratio(&self, place: usize) -> Option<f64> {
        let (first, other) = (self.rates(0)?, self.rates(place)?);
        Some(median(first.iter().zip(&other).map(|(first, other)| first / other).collect()))
    }
}

/// The middle one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Three significant digits and a unit's prefix.
fn short(value: f64) -> String {
    let (value, prefix) = match value {
        value if value >= 1e6 => (value / 1e6, " M"),
        value if value >= 1e3 => (value / 1e3, " k"),
        value => (value, ""),
    };
    let digits = if value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{value:.digits$}{prefix}")
}

/// The table, and what a message costs in a large cluster against a small one.
pub fn render(contenders: &[Contender], cells: &[Cell], limit: Duration) -> String {
    let first = &contenders[0].name;
    let mut text =
        format!("per second of processor time, medians; in brackets how many times as fast {first} is\n\n");
    let mut row = |head: &str, cells: Vec<String>| {
        let _ = writeln!(
            text,
            "| {head:<32} |{}",
            cells.iter().map(|cell| format!(" {cell:<22} |")).collect::<String>()
        );
    };
    row("", contenders.iter().map(|contender| contender.name.clone()).collect());
    row("---", contenders.iter().map(|_| "---".to_owned()).collect());
    for cell in cells {
        let unit = if cell.workload == Workload::Echo { "messages" } else { "simulated s" };
        let each = (0..contenders.len()).map(|place| match (&cell.found[place], cell.rates(place)) {
            (Found::Runs { .. }, Some(rates)) => match cell.ratio(place) {
                Some(ratio) if place > 0 => format!("{} (× {})", short(median(rates)), short(ratio)),
                _ => short(median(rates)),
            },
            (Found::TooSlow, _) => format!("not 1 s in {} s", limit.as_secs()),
            (Found::Unable, _) => "no datagrams".to_owned(),
            _ => "failed".to_owned(),
        });
        row(&format!("{}, {} nodes: {unit}", cell.workload, cell.nodes), each.collect());
    }
    let (few, many) = (of(cells, 5), of(cells, 1_000));
    if let (Some(few), Some(many)) = (few, many) {
        let each = (0..contenders.len()).map(|place| growth(few, many, place).map_or("–".to_owned(), short));
        row("cost of a datagram: 1,000 ÷ 5", each.collect());
        let _ = writeln!(text, "\n{}", per_event(first, few, many).unwrap_or_default());
    }
    text
}

fn of(cells: &[Cell], nodes: u32) -> Option<&Cell> {
    cells.iter().find(|cell| cell.workload == Workload::Gossip && cell.nodes == nodes)
}

/// What a message costs in `many`, over what it costs in `few`.
fn growth(few: &Cell, many: &Cell, place: usize) -> Option<f64> {
    let (few, many) = (few.message_rates(place)?, many.message_rates(place)?);
    Some(median(few) / median(many))
}

/// The first contender's cost of an event, which it counts.
fn per_event(name: &str, few: &Cell, many: &Cell) -> Option<String> {
    let cost = |cell: &Cell| {
        let Found::Runs { runs, .. } = &cell.found[0] else { return None };
        let each = runs.iter().map(|run| Some(run.cpu.as_nanos() as f64 / run.done.events? as f64));
        Some(median(each.collect::<Option<Vec<_>>>()?))
    };
    let (few, many) = (cost(few)?, cost(many)?);
    let ratio = many / few;
    Some(format!(
        "{name}: {few:.0} ns an event at 5 nodes, {many:.0} ns at 1,000: {ratio:.2} times as much\n"
    ))
}

/// Every run, one line each; a contender without runs has one line that says why.
pub fn json(contenders: &[Contender], cells: &[Cell], limit: Duration) -> String {
    let mut text = String::new();
    for cell in cells {
        for (contender, found) in contenders.iter().zip(&cell.found) {
            let head = format!(
                "{{\"contender\":\"{}\",\"workload\":\"{}\",\"nodes\":{}",
                contender.name, cell.workload, cell.nodes
            );
            let mut line = |rest: String| {
                let _ = writeln!(text, "{head},{rest}}}");
            };
            match found {
                Found::Runs { job, runs } => {
                    for (round, run) in (1..).zip(runs) {
                        line(measured(round, job.simulated, run));
                    }
                }
                Found::TooSlow => line(format!("\"outcome\":\"too-slow\",\"limit-s\":{}", limit.as_secs())),
                Found::Unable => line("\"outcome\":\"unable\"".to_owned()),
                Found::Failed(_) => line("\"outcome\":\"failed\"".to_owned()),
            }
        }
    }
    text
}

fn measured(round: u32, simulated: Duration, run: &Measured) -> String {
    let events = run.done.events.map_or_else(|| "null".to_owned(), |events| events.to_string());
    format!(
        "\"outcome\":\"run\",\"round\":{round},\"simulated-ms\":{},\"messages\":{},\"events\":{events},\
         \"cpu-ns\":{},\"wall-ns\":{}",
        simulated.as_millis(),
        run.done.messages,
        run.cpu.as_nanos(),
        run.wall.as_nanos(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use contest::{Done, Job};

    fn cell(first_ms: u64, other_ms: &[u64]) -> Cell {
        let job = Job { workload: Workload::Gossip, nodes: 5, simulated: Duration::from_secs(6) };
        let run = |ms: u64| {
            let (cpu, done) = (Duration::from_millis(ms), Done { messages: 90, events: Some(240) });
            Measured { done, cpu, wall: cpu }
        };
        let first = Found::Runs { job, runs: other_ms.iter().map(|_| run(first_ms)).collect() };
        let other = Found::Runs { job, runs: other_ms.iter().map(|&ms| run(ms)).collect() };
        Cell { workload: Workload::Gossip, nodes: 5, found: vec![first, other, Found::TooSlow] }
    }

    #[test]
    fn ratios_are_of_rounds_and_medians() {
        let cell = cell(100, &[200, 900, 300]);
        assert_eq!(cell.rates(0).map(median), Some(60.0));
        assert_eq!(cell.ratio(1), Some(3.0));
        assert_eq!(cell.ratio(2), None);
    }

    #[test]
    fn a_contender_that_is_too_slow_is_told_as_such() {
        let contenders = ["a", "b", "c"].map(|name| Contender::new(name, "nowhere"));
        let cells = [cell(100, &[300])];
        let limit = Duration::from_secs(20);
        let text = render(&contenders, &cells, limit);
        assert!(text.contains("not 1 s in 20 s") && text.contains("20.0 (× 3.00)"), "{text}");
        let json = json(&contenders, &cells, limit);
        assert_eq!(json.lines().count(), 3);
        assert!(json.lines().last().is_some_and(|line| line.contains("too-slow")), "{json}");
    }
}
