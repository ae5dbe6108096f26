//! The tokens of a policy text that compiles.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    Word,
    String,
    Integer(i64),
    Symbol,
}

#[derive(Clone, Debug)]
pub struct Token {
    pub kind: Kind,
    pub span: Range<usize>,
}

/// All tokens; comments and white space are left out.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let rest = &text[start..];
        let (kind, length) = match first {
            _ if first.is_whitespace() => (None, first.len_utf8()),
            '/' => (None, rest.find('\n').unwrap_or(rest.len())),
            '"' => (Some(Kind::String), string_length(rest)),
            '-' | '0'..='9' => {
                let length = word_length(&rest[1..]) + 1;
                let value = rest[..length]
                    .parse()
                    .expect("policies here have decimal numbers");
                (Some(Kind::Integer(value)), length)
            }
            _ if first.is_alphabetic() => (Some(Kind::Word), word_length(rest)),
            _ => {
                let long = ["=>", "==", "!=", "<=", ">=", "&&"]
                    .iter()
                    .any(|symbol| rest.starts_with(symbol));
                (Some(Kind::Symbol), if long { 2 } else { 1 })
            }
        };
        let end = start + length;
        tokens.extend(kind.map(|kind| Token {
            kind,
            span: start..end,
        }));
        start = end;
    }
    tokens
}

fn word_length(text: &str) -> usize {
    text.find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(text.len())
}

/// With both quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (index, character) in text.char_indices().skip(1) {
        match character {
            '"' if !escaped => return index + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    panic!("a string has no end")
}
