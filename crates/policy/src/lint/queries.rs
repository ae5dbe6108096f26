//! The lint about JMESPath queries that are valid and cannot find what they look for: published policies
//! have `events[...]` for `Events[...]`, numbers in quotes, and `true` and `null` without backticks.
//!
//! Queries are looked at as they stand in the policy's text, with its escapes, so that every place is one
//! of the text.

use super::Linter;
use super::finding::{Lint, Query};
use super::knowledge::{asked_type, assigned, bound};
use crate::ast::{ActionBody, ClaimArgument, Expression, ExpressionKind, Rule};
use crate::claim::Value;
use crate::program::{Function, Property};
use crate::source::Span;

/// Digits of the longest number that an event has; longer ones are digests.
const NUMBER_DIGITS: usize = 19;

pub(super) fn lint(linter: &mut Linter<'_, '_>, rule: &Rule<'_>) {
    for test in rule.conditions.iter().flat_map(|condition| &condition.tests) {
        expression(linter, rule, &test.operand);
    }
    if let ActionBody::Claim {
        claim: ClaimArgument::Build(_),
        ..
    } = &rule.action.kind
    {
        for property in Property::ALL {
            if let Some(value) = assigned(rule, property) {
                expression(linter, rule, value);
            }
        }
    }
}

/// The parser has bounded how deeply calls are nested.
fn expression(linter: &mut Linter<'_, '_>, rule: &Rule<'_>, found: &Expression<'_>) {
    let ExpressionKind::Call { name, arguments } = &found.kind else {
        return;
    };
    for argument in arguments {
        expression(linter, rule, argument);
    }
    if name.text != Function::JmesPath.name() {
        return;
    }
    let [document, query] = arguments.as_slice() else {
        return;
    };
    if !matches!(query.kind, ExpressionKind::Literal(Value::String(_))) {
        return;
    }
    let symbols = symbols(query.span, linter.text);
    let findings: Vec<_> = lower_case(&symbols, document, rule)
        .into_iter()
        .chain(comparisons(&symbols))
        .collect();
    for (finding, span) in findings {
        linter.report(&Lint::Query(finding), span, "functionCall");
    }
}

/// Evidence as JSON has one member, whose name is capitalised.
fn lower_case(symbols: &[Symbol<'_>], document: &Expression<'_>, rule: &Rule<'_>) -> Option<(Query, Span)> {
    let ExpressionKind::Property { name, .. } = &document.kind else {
        return None;
    };
    let (found, known) = match bound(rule, name.text).and_then(asked_type)? {
        "events" | "bootEvents" => ("events", "Events"),
        "pcrs" => ("pcrs", "PCRs"),
        _ => return None,
    };
    let first = symbols.first()?;
    (first.kind == Kind::Word && first.text == found)
        .then_some((Query::LowerCase { found, known }, first.span))
}

fn comparisons<'s>(symbols: &'s [Symbol<'_>]) -> impl Iterator<Item = (Query, Span)> + 's {
    symbols
        .windows(3)
        .flat_map(|window| match window {
            [left, comparator, right] if comparator.kind == Kind::Comparator => {
                [suspicious(left), suspicious(right)]
            }
            _ => [None, None],
        })
        .flatten()
}

/// A side of a comparison that is probably meant as a number, a Boolean or null.
fn suspicious(side: &Symbol<'_>) -> Option<(Query, Span)> {
    let finding = match side.kind {
        Kind::RawString => {
            let digits = side.text.trim_matches('\'');
            let is_number = !digits.is_empty()
                && digits.len() <= NUMBER_DIGITS
                && digits.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then(|| Query::QuotedNumber {
                found: digits.to_owned(),
            })?
        }
        Kind::Word => {
            let found = ["true", "false", "null"]
                .into_iter()
                .find(|word| *word == side.text)?;
            Query::BareWord { found }
        }
        Kind::Comparator | Kind::Other => return None,
    };
    Some((finding, side.span))
}

/// A part of a query.
#[derive(Debug)]
struct Symbol<'t> {
    kind: Kind,
    text: &'t str,
    span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    /// With its single quotes.
    RawString,
    Comparator,
    /// Anything else: literals, quoted names, numbers, punctuation.
    Other,
}

/// The symbols of the query in the string token at `token`.
fn symbols(token: Span, text: &str) -> Vec<Symbol<'_>> {
    let query = token.of(text);
    let query = query.strip_prefix('"').unwrap_or(query);
    let query = query.strip_suffix('"').unwrap_or(query);
    let mut rest = query;
    let mut start = token.start.saturating_add(1);
    let mut symbols = Vec::new();
    while !rest.is_empty() {
        let (kind, length) = first_symbol(rest);
        let (symbol, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        let end = start.saturating_add(u32::try_from(symbol.len()).unwrap_or(u32::MAX));
        if let Some(kind) = kind {
            symbols.push(Symbol {
                kind,
                text: symbol,
                span: Span { start, end },
            });
        }
        start = end;
        rest = after;
    }
    symbols
}

/// The kind and the length of the first symbol; white space is none.
fn first_symbol(query: &str) -> (Option<Kind>, usize) {
    let while_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let word = query
        .find(|character| !while_word(character))
        .unwrap_or(query.len());
    let Some(first) = query.chars().next() else {
        return (None, 0);
    };
    match first {
        ' ' | '\t' => (None, 1),
        '\'' => (Some(Kind::RawString), quoted(query, "'")),
        '`' => (Some(Kind::Other), quoted(query, "`")),
        '\\' if query.starts_with("\\\"") => (Some(Kind::Other), quoted(query, "\\\"")),
        '=' | '!' | '<' | '>' => {
            let is_long = query.get(1..2) == Some("=");
            let is_comparator = is_long || matches!(first, '<' | '>');
            let kind = if is_comparator {
                Kind::Comparator
            } else {
                Kind::Other
            };
            (Some(kind), if is_long { 2 } else { 1 })
        }
        '0'..='9' => (Some(Kind::Other), word),
        _ if while_word(first) => (Some(Kind::Word), word),
        _ => (Some(Kind::Other), first.len_utf8()),
    }
}

/// The length of what stands between two `quote`s, with them. JMESPath's backslash, which escapes a
/// quote, is two of the policy's.
fn quoted(query: &str, quote: &str) -> usize {
    let mut length = quote.len();
    while let Some(rest) = query.get(length..).filter(|rest| !rest.is_empty()) {
        let step = if rest.starts_with("\\\\") {
            let escaped = rest.get(2..).unwrap_or_default();
            let is_quote = escaped.starts_with(quote);
            2_usize.saturating_add(if is_quote { quote.len() } else { 0 })
        } else if rest.starts_with(quote) {
            return length.saturating_add(quote.len());
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        length = length.saturating_add(step);
    }
    query.len()
}
