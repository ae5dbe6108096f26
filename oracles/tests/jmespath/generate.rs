//! Documents, and queries that mostly fit them: a query grows by what fits the value that it has so far.

use attestry_oracles::Random;
use attestry_policy::json::{Json, JsonLimits};

/// Names in the order that maps sorted by name have, so that both engines visit members in one order.
const NAMES: [&str; 6] = ["Alpha", "Beta", "a b", "c", "d", "e_1"];
const TEXTS: [&str; 7] = ["", "a", "ab", "AB", "é", "10", "\\x'\""];
const NUMBERS: [&str; 9] = ["0", "1", "2", "3", "-4", "2.5", "-0.25", "10", "1000000000000"];
/// What a mutation puts in.
const SYMBOLS: [&str; 40] = [
    ".", "*", "[", "]", "[]", "[?", "{", "}", "(", ")", ",", ":", "@", "&", "!", "&&", "||", "|", "==", "!=",
    "<", "<=", ">", ">=", "`", "'", "\"", "\\", "0", "-1", "1", "c", "x", " ", "`1`", "'a'", "=", "-",
    "length", "é",
];

pub(crate) fn document(random: &mut Random) -> Json {
    Json::parse(&value(random, 4), &JsonLimits::default()).expect("a document")
}

fn value(random: &mut Random, depth: usize) -> String {
    match if depth == 0 {
        random.below(5)
    } else {
        random.below(14)
    } {
        0 => "null".to_owned(),
        1 => (*random.pick(&["true", "false"])).to_owned(),
        2 | 3 => (*random.pick(&NUMBERS)).to_owned(),
        4 => Json::from(*random.pick(&TEXTS)).to_string(),
        // Arrays of one kind, which functions ask for.
        5 => list(random, |random| (*random.pick(&NUMBERS)).to_owned()),
        6 => list(random, |random| Json::from(*random.pick(&TEXTS)).to_string()),
        7 | 8 => list(random, |random| object(random, depth - 1)),
        9 => list(random, |random| value(random, depth - 1)),
        _ => object(random, depth - 1),
    }
}

fn list(random: &mut Random, mut element: impl FnMut(&mut Random) -> String) -> String {
    let elements: Vec<String> = (0..random.below(5)).map(|_| element(random)).collect();
    format!("[{}]", elements.join(","))
}

fn object(random: &mut Random, depth: usize) -> String {
    let members = NAMES.iter().filter_map(|name| {
        let value = value(random, depth);
        random.below(5).gt(&1).then(|| format!("\"{name}\":{value}"))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

pub(crate) fn query(random: &mut Random, document: &Json) -> String {
    let mut query = "@".to_owned();
    for _ in 0..=random.below(5) {
        let Ok(sample) = crate::ours(&query, document) else {
            break;
        };
        query = extended(random, &query, &sample);
    }
    if random.once_in(8) {
        let other = predicate(random, document);
        let operator = random.pick::<&str>(&["&&", "||", "|", "==", "!=", "<"]);
        query = format!("{query} {operator} {other}");
    }
    if random.once_in(5) {
        query = mutated(random, &query);
    }
    query
}

/// A query that takes the value `sample` of `query` further. Parentheses change nothing that was meant,
/// leaving them out tests what operators take in.
fn extended(random: &mut Random, query: &str, sample: &Json) -> String {
    let q = if random.once_in(3) {
        format!("({query})")
    } else {
        query.to_owned()
    };
    match sample {
        Json::Object(_) => of_object(random, &q, sample),
        Json::Array(array) => {
            let element = match array.len() {
                0 => Json::Null,
                length => array.elements()[random.below(length)].clone(),
            };
            of_array(random, &q, &element)
        }
        Json::String(_) => match random.below(9) {
            0 => format!("length({q})"),
            1 => format!("reverse({q})"),
            2 => format!("starts_with({q}, 'a')"),
            3 => format!("ends_with({q}, 'b')"),
            4 => format!("contains({q}, {})", literal(random)),
            5 => format!("to_number({q})"),
            6 => format!("equals_ignore_case({q}, 'aB')"),
            7 => format!("{q} == {}", literal(random)),
            _ => format!("[{q}, 'a', {q}]"),
        },
        Json::Number(_) => match random.below(8) {
            0 => format!("abs({q})"),
            1 => format!("ceil({q})"),
            2 => format!("floor({q})"),
            3 => format!("to_string({q})"),
            4 => format!("[{q}, `1`, {q}]"),
            _ => format!("{q} {} {}", comparator(random), literal(random)),
        },
        Json::Null | Json::Boolean(_) => match random.below(6) {
            0 => format!("!{q}"),
            1 => format!("not_null({q}, {})", literal(random)),
            2 => format!("type({q})"),
            3 => format!("{q} || {}", literal(random)),
            4 => format!("{q} && {}", literal(random)),
            _ => format!("{{c: {q}, d: {}}}", literal(random)),
        },
    }
}

fn of_object(random: &mut Random, q: &str, sample: &Json) -> String {
    let (name, other) = (name(random, sample), name(random, sample));
    match random.below(16) {
        0 => format!("{q}.*"),
        1 => format!("{q} | {name}"),
        2 => format!("{q}.{{c: {name}, d: @}}"),
        3 => format!("{q}.[{name}, {other}]"),
        4 => format!("keys({q})"),
        5 => format!("values({q})"),
        6 => format!("length({q})"),
        7 => format!("merge({q}, `{{\"c\":1}}`).c"),
        8 => format!("to_array({q})"),
        9 => format!(
            "[{name}, {other}] | [?@ {} {}]",
            comparator(random),
            literal(random)
        ),
        _ => format!("{q}.{name}"),
    }
}

fn of_array(random: &mut Random, q: &str, element: &Json) -> String {
    let name = name(random, element);
    match random.below(26) {
        0 => format!("{q}[{}]", number(random)),
        1 => format!("{q}[{}:{}]", bound(random), bound(random)),
        2 => format!("{q}[{}:{}:{}]", bound(random), bound(random), number(random)),
        3 => format!("{q}[*]"),
        4 => format!("{q}[*].{name}"),
        5 => format!("{q}[]"),
        6 => format!("{q}[].{name}"),
        7 | 8 => format!("{q}[?{}]", predicate(random, element)),
        9 => format!("{q}[?{}].{name}", predicate(random, element)),
        10 => format!("length({q})"),
        11 => format!("reverse({q})"),
        12 => format!("sort({q})"),
        13 => format!("sort_by({q}, &{name})"),
        14 => format!("max({q})"),
        15 => format!("min({q})"),
        16 => format!("max_by({q}, &{name})"),
        17 => format!("min_by({q}, &{name})"),
        18 => format!("sum({q})"),
        19 => format!("avg({q})"),
        20 => format!("map(&{name}, {q})"),
        21 => format!("join('-', {q})"),
        22 => format!("contains({q}, {})", literal(random)),
        23 => format!("{q} | [{}]", number(random)),
        24 => format!("{q}[*].[{name}, @]"),
        _ => format!("{q} == {q}"),
    }
}

fn predicate(random: &mut Random, sample: &Json) -> String {
    let path = match sample {
        Json::Object(_) if !random.once_in(6) => name(random, sample),
        _ => "@".to_owned(),
    };
    match random.below(9) {
        0 => path,
        1 => format!("!{path}"),
        2 => format!("type({path}) == 'string'"),
        3 => format!("equals_ignore_case({path}, 'ab')"),
        4 => {
            let (left, right) = (predicate(random, &Json::Null), predicate(random, sample));
            format!("{left} && ({right})")
        }
        _ => format!("{path} {} {}", comparator(random), literal(random)),
    }
}

/// A member name, mostly one that `sample` has.
fn name(random: &mut Random, sample: &Json) -> String {
    let name = match sample {
        Json::Object(object) if !object.is_empty() && !random.once_in(8) => {
            object.members()[random.below(object.len())].0.to_string()
        }
        _ => (*random.pick(&NAMES)).to_owned(),
    };
    let plain = name
        .chars()
        .all(|character| character.is_ascii_alphanumeric() || character == '_');
    if plain && !random.once_in(4) {
        return name;
    }
    Json::from(name.as_str()).to_string()
}

fn literal(random: &mut Random) -> String {
    match random.below(5) {
        0 => format!(
            "'{}'",
            random.pick(&["", "a", "ab", "AB", "é", "10", "\\x", "it\\'s"])
        ),
        1 => format!("`{}`", value(random, 1).replace('`', "\\`")),
        _ => format!("`{}`", random.pick(&NUMBERS)),
    }
}

fn comparator(random: &mut Random) -> &'static str {
    random.pick::<&str>(&["==", "==", "!=", "<", "<=", ">", ">="])
}

fn number(random: &mut Random) -> &'static str {
    random.pick::<&str>(&["0", "1", "2", "5", "-1", "-2", "-9"])
}

fn bound(random: &mut Random) -> &'static str {
    random.pick::<&str>(&["", "", "0", "1", "3", "-1", "-3", "100"])
}

/// `query` with a character lost or a symbol put in.
fn mutated(random: &mut Random, query: &str) -> String {
    let mut characters: Vec<char> = query.chars().collect();
    let at = random.below(characters.len());
    let symbol = random.pick(&SYMBOLS).chars();
    let range = if random.once_in(3) { at..at } else { at..at + 1 };
    let kept = if random.once_in(3) { "".chars() } else { symbol };
    characters.splice(range, kept);
    characters.into_iter().collect()
}
