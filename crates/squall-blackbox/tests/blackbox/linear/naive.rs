//! The objects once more, as plainly as possible: everything is a list of integers, and an operation
//! may have several outcomes. Nothing here is shared with the models of the library.

use serde_json::{Value, json};

/// Numbers that are the same everywhere (Steele, Lea & Flood 2014, SplitMix64).
pub(super) struct Draws(pub(super) u64);

impl Draws {
    /// A number below `n`.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % n
    }

    pub(super) fn int(&mut self, n: u64) -> i64 {
        self.below(n) as i64
    }
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    pub(super) process: i64,
    pub(super) f: &'static str,
    pub(super) args: Vec<i64>,
}

impl Ask {
    /// Whether clients may leave the result out.
    pub(super) fn may_be_silent(&self) -> bool {
        matches!(self.f, "write" | "put" | "append" | "delete" | "add" | "remove" | "enqueue")
    }
}

pub(super) type State = Vec<i64>;

/// What is told of a result; empty: that there is none.
pub(super) type Told = Vec<i64>;

/// One object.
#[derive(Clone, Copy)]
pub(super) struct Naive {
    pub(super) name: &'static str,
    pub(super) init: fn() -> State,
    /// An operation of some process.
    pub(super) draw: fn(&mut Draws) -> (&'static str, Vec<i64>),
    /// Everything that it may do, and what it then tells.
    pub(super) outcomes: fn(&State, &Ask) -> Vec<(State, Told)>,
    /// Another result of the operation, likely a wrong one.
    pub(super) twist: fn(&Ask, &mut Draws) -> Told,
    /// Argument and result as clients record them.
    pub(super) record: fn(&Ask, Option<&Told>) -> (Value, Value),
}

impl Naive {
    /// The states after the operation, if this was told (nothing: nobody knows).
    pub(super) fn after(&self, state: &State, ask: &Ask, told: Option<&Told>) -> Vec<State> {
        let outcomes = (self.outcomes)(state, ask).into_iter();
        let fits = |result: &Told| match told {
            None => true,
            Some(told) if told.is_empty() && ask.f == "release" => *result == [1],
            Some(told) if told.is_empty() && ask.may_be_silent() => true,
            Some(told) => told == result,
        };
        outcomes.filter(|(_, result)| fits(result)).map(|(state, _)| state).collect()
    }
}

fn int_or_null(value: i64) -> Value {
    if value < 0 { Value::Null } else { json!(value) }
}

fn truth(told: &Told) -> Value {
    told.first().map_or(Value::Null, |told| json!(*told == 1))
}

/// Registers: -1 is `null`.
pub(super) const REGISTER: Naive = Naive {
    name: "register",
    init: || vec![-1],
    draw: |draws| match draws.below(3) {
        0 => ("read", vec![]),
        _ => ("write", vec![draws.int(4)]),
    },
    outcomes: register,
    twist: |ask, draws| if ask.f == "read" { vec![draws.int(4)] } else { vec![] },
    record: record_register,
};

/// Registers whose written values are all different.
pub(super) const DISTINCT: Naive = Naive { name: "distinct", ..REGISTER };

pub(super) const CAS: Naive = Naive {
    name: "cas",
    draw: |draws| match draws.below(5) {
        0 | 1 => ("read", vec![]),
        2 => ("write", vec![draws.int(3)]),
        _ => ("cas", vec![draws.int(4) - 1, draws.int(3)]),
    },
    twist: |ask, draws| match ask.f {
        "read" => vec![draws.int(3)],
        "cas" => vec![draws.int(2)],
        _ => vec![],
    },
    ..REGISTER
};

fn register(state: &State, ask: &Ask) -> Vec<(State, Told)> {
    match ask.f {
        "read" => vec![(state.clone(), state.clone())],
        "write" => vec![(ask.args.clone(), vec![])],
        _ if state[0] == ask.args[0] => vec![(vec![ask.args[1]], vec![1])],
        _ => vec![(state.clone(), vec![0])],
    }
}

fn record_register(ask: &Ask, told: Option<&Told>) -> (Value, Value) {
    let output = |told: &Told| match ask.f {
        "read" => int_or_null(told[0]),
        _ => truth(told),
    };
    let input = match ask.f {
        "read" => Value::Null,
        "write" => json!(ask.args[0]),
        _ => json!([int_or_null(ask.args[0]), int_or_null(ask.args[1])]),
    };
    (input, told.map_or(Value::Null, output))
}

/// A value under a key: absent is `[]`, an integer `[0, n]`, a text `[1, letters…]`.
pub(super) const KV: Naive = Naive {
    name: "kv",
    init: Vec::new,
    draw: |draws| match draws.below(9) {
        0..=2 => ("get", vec![]),
        3 => ("put", vec![0, draws.int(2)]),
        4 => ("put", vec![1, draws.int(2)]),
        5 | 6 => ("append", vec![draws.int(2)]),
        7 => ("cas", vec![draws.int(2), draws.int(2)]),
        _ => ("delete", vec![]),
    },
    outcomes: |state, ask| match ask.f {
        "get" => vec![(state.clone(), state.clone())],
        "put" => vec![(ask.args.clone(), vec![])],
        "append" if state.first() == Some(&0) => vec![],
        "append" => {
            let mut text = if state.is_empty() { vec![1] } else { state.clone() };
            text.push(ask.args[0]);
            vec![(text.clone(), text)]
        }
        "cas" if *state == [0, ask.args[0]] => vec![(vec![0, ask.args[1]], vec![1])],
        "cas" => vec![(state.clone(), vec![0])],
        _ => vec![(vec![], vec![i64::from(!state.is_empty())])],
    },
    twist: |ask, draws| match ask.f {
        "get" => [vec![], vec![0, 0], vec![1, 0], vec![1, 0, 1]][draws.below(4) as usize].clone(),
        "cas" | "delete" => vec![draws.int(2)],
        "append" => vec![1, draws.int(2), draws.int(2)],
        _ => vec![],
    },
    record: |ask, told| {
        let value = |value: &[i64]| match value {
            [] => Value::Null,
            [0, n] => json!(n),
            [_, letters @ ..] => {
                json!(letters.iter().map(|n| if *n == 0 { 'a' } else { 'b' }).collect::<String>())
            }
        };
        let input = match ask.f {
            "put" => value(&ask.args),
            "append" => value(&[1, ask.args[0]]),
            "cas" => json!(ask.args),
            _ => Value::Null,
        };
        let output = |told: &Told| if matches!(ask.f, "cas" | "delete") { truth(told) } else { value(told) };
        (input, told.map_or(Value::Null, output))
    },
};

/// Two registers; a transaction is a list of (0: read or 1: write, register, value).
pub(super) const MULTI: Naive = Naive {
    name: "multi",
    init: || vec![-1, -1],
    draw: |draws| {
        let steps = 1 + draws.below(3);
        let step = |draws: &mut Draws| [draws.int(2), draws.int(2), draws.int(3)];
        ("txn", (0..steps).flat_map(|_| step(draws)).collect())
    },
    outcomes: |state, ask| {
        let (mut next, mut told) = (state.clone(), Vec::new());
        for step in ask.args.chunks(3) {
            if step[0] == 1 {
                next[step[1] as usize] = step[2];
            }
            told.push(next[step[1] as usize]);
        }
        vec![(next, told)]
    },
    twist: |ask, draws| {
        let step = |step: &[i64]| if step[0] == 1 { step[2] } else { draws.int(3) };
        ask.args.chunks(3).map(step).collect()
    },
    record: |ask, told| {
        let step = |step: &[i64], value: Value| {
            let (kind, register) = (["r", "w"][step[0] as usize], ["x", "y"][step[1] as usize]);
            json!([kind, register, value])
        };
        let input = ask.args.chunks(3).map(|told| {
            let value = if told[0] == 1 { json!(told[2]) } else { Value::Null };
            step(told, value)
        });
        let output = |told: &Told| {
            ask.args.chunks(3).zip(told).map(|(ask, told)| step(ask, int_or_null(*told))).collect()
        };
        (input.collect(), told.map_or(Value::Null, output))
    },
};

/// A set of small integers, in order.
pub(super) const SET: Naive = Naive {
    name: "set",
    init: Vec::new,
    draw: |draws| match draws.below(6) {
        0 | 1 => ("add", vec![draws.int(3)]),
        2 => ("remove", vec![draws.int(3)]),
        3 => ("contains", vec![draws.int(3)]),
        _ => ("read", vec![]),
    },
    outcomes: |state, ask| {
        if ask.f == "read" {
            return vec![(state.clone(), [&[9], state.as_slice()].concat())];
        }
        let there = state.contains(&ask.args[0]);
        let mut next = state.clone();
        next.retain(|element| *element != ask.args[0] || ask.f == "contains");
        if ask.f == "add" {
            next.push(ask.args[0]);
            next.sort_unstable();
        }
        vec![(next, vec![i64::from(there != (ask.f == "add"))])]
    },
    twist: |ask, draws| match ask.f {
        "read" => [&[9], &[0, 1, 2][draws.below(4) as usize..]].concat(),
        _ => vec![draws.int(2)],
    },
    record: |ask, told| {
        let input = ask.args.first().map_or(Value::Null, |element| json!(element));
        let output = |told: &Told| if ask.f == "read" { json!(told[1..]) } else { truth(told) };
        (input, told.map_or(Value::Null, output))
    },
};

pub(super) const FIFO: Naive = Naive {
    name: "fifo",
    init: Vec::new,
    draw: |draws| if draws.below(2) == 0 { ("enqueue", vec![draws.int(4)]) } else { ("dequeue", vec![]) },
    outcomes: |state, ask| match (ask.f, state.split_first()) {
        ("enqueue", _) => vec![([state.as_slice(), &ask.args].concat(), vec![])],
        (_, None) => vec![(vec![], vec![-1])],
        (_, Some((first, rest))) => vec![(rest.to_vec(), vec![*first])],
    },
    twist: |ask, draws| if ask.f == "enqueue" { vec![] } else { vec![draws.int(5) - 1] },
    record: |ask, told| {
        let input = ask.args.first().map_or(Value::Null, |element| json!(element));
        (input, told.and_then(|told| told.first()).map_or(Value::Null, |told| int_or_null(*told)))
    },
};

/// A queue in no order: a `dequeue` may take any element.
pub(super) const BAG: Naive = Naive {
    name: "bag",
    outcomes: |state, ask| match ask.f {
        "enqueue" => {
            let mut next = [state.as_slice(), &ask.args].concat();
            next.sort_unstable();
            vec![(next, vec![])]
        }
        _ if state.is_empty() => vec![(vec![], vec![-1])],
        _ => {
            let without = |at: usize| [&state[..at], &state[at + 1..]].concat();
            (0..state.len()).map(|at| (without(at), vec![state[at]])).collect()
        }
    },
    ..FIFO
};

pub(super) const COUNTER: Naive = Naive {
    name: "counter",
    init: || vec![0],
    draw: |draws| match draws.below(5) {
        0 | 1 => ("add", vec![draws.int(5) - 2]),
        2 => ("add-and-get", vec![draws.int(3) - 1]),
        _ => ("read", vec![]),
    },
    outcomes: |state, ask| {
        let next = vec![state[0] + ask.args.first().unwrap_or(&0)];
        vec![(next.clone(), if ask.f == "add" { vec![] } else { next })]
    },
    twist: |ask, draws| if ask.f == "add" { vec![] } else { vec![draws.int(5) - 2] },
    record: |ask, told| {
        let input = ask.args.first().map_or(Value::Null, |amount| json!(amount));
        let output = told.and_then(|told| told.first());
        (input, output.map_or(Value::Null, |value| json!(value)))
    },
};

/// A lock: who holds it (-1: nobody), and the greatest token. A token is at most 12.
pub(super) const LOCK: Naive = Naive {
    name: "lock",
    init: || vec![-1, 0],
    draw: |draws| {
        let who = if draws.below(2) == 0 { vec![] } else { vec![draws.int(2)] };
        (if draws.below(2) == 0 { "acquire" } else { "release" }, who)
    },
    outcomes: |state, ask| {
        let who = ask.args.first().map_or(100 + ask.process, |who| *who);
        match ask.f {
            "acquire" if state[0] >= 0 => vec![(state.clone(), vec![0])],
            "acquire" => {
                let with = |token: i64| (vec![who, token], vec![token]);
                let without = (vec![who, state[1]], vec![]);
                std::iter::once(without).chain((state[1] + 1..=12).map(with)).collect()
            }
            _ if state[0] == who => vec![(vec![-1, state[1]], vec![1])],
            _ => vec![(state.clone(), vec![0])],
        }
    },
    twist: |ask, draws| if ask.f == "acquire" { vec![draws.int(4)] } else { vec![draws.int(2)] },
    record: |ask, told| {
        let input = ask.args.first().map_or(Value::Null, |who| json!(format!("client {who}")));
        let output = told.and_then(|told| told.first()).map_or(Value::Null, |told| match (ask.f, *told) {
            (_, 0) => json!(false),
            ("acquire", token) => json!(token),
            _ => json!(true),
        });
        (input, output)
    },
};

pub(super) const UNIQUE_IDS: Naive = Naive {
    name: "unique-ids",
    init: Vec::new,
    draw: |_| ("generate", vec![]),
    outcomes: |state, _| {
        let new = (0..6).filter(|id| !state.contains(id));
        new.map(|id| ([state.as_slice(), &[id]].concat(), vec![id])).collect()
    },
    twist: |_, draws| vec![draws.int(6)],
    record: |_, told| (Value::Null, told.map_or(Value::Null, |told| json!(format!("id-{}", told[0])))),
};
