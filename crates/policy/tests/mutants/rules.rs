//! The rules of a policy text that compiles, as places in the text.

use std::ops::Range;

use super::tokens::{Kind, Token, tokens};

pub struct Rule {
    /// From the first condition, or the arrow, to the semicolon.
    pub span: Range<usize>,
    pub conditions: Vec<Condition>,
    /// The word of the action.
    pub action: Range<usize>,
    pub tokens: Vec<Token>,
}

pub struct Condition {
    /// With `!` or an identifier.
    pub span: Range<usize>,
    pub brackets: Range<usize>,
    pub is_negated: bool,
    pub comparisons: Vec<Comparison>,
}

pub struct Comparison {
    pub span: Range<usize>,
    pub property: String,
    pub operator: Range<usize>,
}

/// The rules of all sections.
pub fn rules(text: &str) -> Vec<Rule> {
    let tokens = tokens(text);
    let mut rules = Vec::new();
    let mut rule: Vec<Token> = Vec::new();
    let mut inside = false;
    for token in tokens {
        match &text[token.span.clone()] {
            "{" => inside = true,
            "}" => inside = false,
            ";" if inside => {
                rule.push(token);
                rules.push(read_rule(text, std::mem::take(&mut rule)));
            }
            _ if inside => rule.push(token),
            _ => {}
        }
    }
    rules
}

fn read_rule(text: &str, tokens: Vec<Token>) -> Rule {
    let is = |token: &Token, wanted: &str| &text[token.span.clone()] == wanted;
    let arrow = tokens
        .iter()
        .position(|token| is(token, "=>"))
        .expect("a rule has an arrow");
    let conditions = tokens[..arrow]
        .split(|token| is(token, "&&"))
        .filter(|tokens| !tokens.is_empty())
        .map(|tokens| read_condition(text, tokens))
        .collect();
    Rule {
        span: tokens[0].span.start..tokens[tokens.len() - 1].span.end,
        conditions,
        action: tokens[arrow + 1].span.clone(),
        tokens,
    }
}

fn read_condition(text: &str, tokens: &[Token]) -> Condition {
    let is = |token: &Token, wanted: &str| &text[token.span.clone()] == wanted;
    let end = tokens[tokens.len() - 1].span.end;
    let open = tokens
        .iter()
        .position(|token| is(token, "["))
        .expect("a condition has brackets");
    let inner = &tokens[open + 1..tokens.len() - 1];
    Condition {
        span: tokens[0].span.start..end,
        brackets: tokens[open].span.start..end,
        is_negated: is(&tokens[0], "!"),
        comparisons: inner
            .split(|token| is(token, ","))
            .map(|tokens| {
                assert!(tokens[1].kind == Kind::Symbol, "a property and its relation");
                Comparison {
                    span: tokens[0].span.start..tokens[tokens.len() - 1].span.end,
                    property: text[tokens[0].span.clone()].to_owned(),
                    operator: tokens[1].span.clone(),
                }
            })
            .collect(),
    }
}
