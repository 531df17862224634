//! Jepsen's `history.edn`: operations as EDN maps, `{:type :invoke, :f :read, :value nil, :process 0,
//! :time 123, :index 0}`, tagged or not, one after the other or in one vector.
//!
//! Jepsen gives operations no ids: a process has one in flight, so a completion belongs to the last
//! invocation of its process. What no client does (`:process :nemesis`) is left out. Of an `ok` the
//! result is `:value`; of a `fail` or `info` what counts is the reason, which is `:error`, or `:value` if
//! that is another than the argument. An invocation without `:f` whose value is a vector is a `txn`, as
//! in files for Elle. Fields of other names are passed over: clients may add what they like.

use std::borrow::Cow;
use std::io::BufRead;
use std::ops::Range;

use serde_json::Value;
use squall_history::Phase;

use super::collect::{Collector, Spans, Stamps, Told};
use super::edn::Reader;
use super::forms::Forms;
use super::malformed::Problem;
use super::{ReadError, Times};

/// Reads a whole file.
pub(super) fn read(input: impl BufRead, times: Times) -> Result<Collector, ReadError> {
    let mut forms = Forms::new(input);
    let mut collector = Collector::new(times, Stamps::BeforeWriting);
    while let Some(form) = forms.next()? {
        let taken = match Fields::read(form.text) {
            Ok(Some(mut fields)) => take(&mut collector, &mut fields, form.line),
            Ok(None) => Ok(()),
            Err(problem) => Err(problem),
        };
        taken.map_err(|problem| form.malformed(problem))?;
    }
    Ok(collector)
}

fn take(collector: &mut Collector, fields: &mut Fields<'_>, line: u64) -> Result<(), Problem> {
    match fields.process()? {
        Some(process) => collector.take(fields.told(process, line)?),
        None => {
            collector.leave_out();
            Ok(())
        }
    }
}

/// What files for transactions alone leave out.
const TRANSACTION: &str = "txn";

type Placed = (Value, Range<usize>);
type Name<'t> = (Option<Cow<'t, str>>, Range<usize>);

/// The fields that mean something here.
#[derive(Default)]
struct Fields<'t> {
    kind: Option<Name<'t>>,
    f: Option<Name<'t>>,
    process: Option<Placed>,
    value: Option<Placed>,
    error: Option<Placed>,
    time: Option<Placed>,
    index: Option<Placed>,
}

impl<'t> Fields<'t> {
    /// `None` for a form that is discarded.
    fn read(text: &'t str) -> Result<Option<Self>, Problem> {
        let mut reader = Reader::new(text);
        if !reader.open_map()? {
            return Ok(None);
        }
        let mut fields = Self::default();
        while let Some((name, place)) = reader.field()? {
            let known = match name {
                "type" => fields.kind.replace(reader.name()?).is_some(),
                "f" => fields.f.replace(reader.name()?).is_some(),
                "process" => fields.process.replace(reader.value()?).is_some(),
                "value" => fields.value.replace(reader.value()?).is_some(),
                "error" => fields.error.replace(reader.value()?).is_some(),
                "time" => fields.time.replace(reader.value()?).is_some(),
                "index" => fields.index.replace(reader.value()?).is_some(),
                _ => {
                    reader.value()?;
                    false
                }
            };
            if known {
                return Err(Problem::new(place, format!("`:{name}` is in the map twice")));
            }
        }
        Ok(Some(fields))
    }

    /// The client that acts. `None`: it is none, but the nemesis, say.
    fn process(&self) -> Result<Option<u64>, Problem> {
        match &self.process {
            Some((Value::Number(number), place)) => match number.as_u64() {
                Some(process) => Ok(Some(process)),
                None => {
                    Err(Problem::new(place.clone(), "a process is a whole number from 0 on, or a keyword"))
                }
            },
            Some((Value::String(_), _)) => Ok(None),
            Some((_, place)) => Err(Problem::new(place.clone(), "a process is a whole number, or a keyword")),
            None => Err(Problem::new(self.start(), "an operation without `:process`: who performs it?")),
        }
    }

    fn told(&mut self, process: u64, line: u64) -> Result<Told<'_>, Problem> {
        let phase = self.phase()?;
        let (time, index) = (count(&self.time, "`:time`")?, count(&self.index, "`:index`")?);
        let value = match phase {
            Phase::Invoke | Phase::Ok => self.value.take(),
            Phase::Fail | Phase::Info => self.error.take().or_else(|| self.value.take()),
        };
        let whole = self.start();
        let place = |field: &Option<Placed>| field.as_ref().map_or(whole.clone(), |(_, place)| place.clone());
        let spans = Spans {
            id: place(&self.process),
            process: place(&self.process),
            f: self.f.as_ref().map_or(whole.clone(), |(_, place)| place.clone()),
            time: place(&self.time),
            index: place(&self.index),
        };
        let f = match &self.f {
            Some((Some(f), _)) => Some(&**f),
            None if phase == Phase::Invoke && matches!(value, Some((Value::Array(_), _))) => {
                Some(TRANSACTION)
            }
            None => None,
            Some((None, place)) => return Err(Problem::new(place.clone(), "`:f` is a keyword, as `:read`")),
        };
        let value = value.map(|(value, _)| value).unwrap_or_default();
        Ok(Told { line, id: None, process, phase, f, key: None, value, time, index, node: None, spans })
    }

    fn phase(&self) -> Result<Phase, Problem> {
        let Some((word, place)) = &self.kind else {
            return Err(Problem::new(self.start(), "an operation without `:type`"));
        };
        let word = word.as_deref().unwrap_or_default();
        phase(word).ok_or_else(|| unknown_phase(place.clone(), word))
    }

    /// Where to point for what is not there.
    fn start(&self) -> Range<usize> {
        0..1
    }
}

/// The phase that a word means.
pub(super) fn phase(word: &str) -> Option<Phase> {
    match word {
        "invoke" => Some(Phase::Invoke),
        "ok" => Some(Phase::Ok),
        "fail" => Some(Phase::Fail),
        "info" => Some(Phase::Info),
        _ => None,
    }
}

pub(super) fn unknown_phase(place: Range<usize>, word: &str) -> Problem {
    Problem::new(place, format!("unknown type `{word}`")).label("one of `invoke`, `ok`, `fail`, `info`")
}

/// A field that is a whole number from 0 on.
fn count(field: &Option<Placed>, name: &str) -> Result<Option<u64>, Problem> {
    match field {
        None | Some((Value::Null, _)) => Ok(None),
        Some((value, place)) => match value.as_u64() {
            Some(count) => Ok(Some(count)),
            None => Err(Problem::new(place.clone(), format!("{name} is a whole number from 0 on"))),
        },
    }
}
