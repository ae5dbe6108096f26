//! The lint about rules that stand twice in a section.

use std::collections::HashMap;

use super::Linter;
use super::finding::Lint;
use super::knowledge::{MadeType, asked_type, made_type};
use crate::ast::{Rule, Section};
use crate::diagnostic::Findings;
use crate::lexer::tokenize;
use crate::source::Positions;

/// A rule adds nothing when the same rule stands before it, and no rule from that one on makes claims
/// that its conditions ask for: it fires when the first one does, and a set of claims has none twice.
pub(super) fn lint(linter: &mut Linter<'_, '_>, section: &Section<'_>) {
    let text = linter.text;
    let mut positions = Positions::new(text);
    let mut first_of: HashMap<String, (usize, u32)> = HashMap::new();
    let mut last_made: HashMap<&str, usize> = HashMap::new();
    let mut last_made_any = None;
    for (index, rule) in section.rules.iter().enumerate() {
        let line = positions.at(rule.span.start).line;
        match made_type(rule) {
            None => {}
            Some(MadeType::Named(name)) => {
                last_made.insert(name, index);
            }
            Some(MadeType::Depends) => last_made_any = Some(index),
        }
        let (first, first_line) = *first_of.entry(tokens(rule, text)).or_insert((index, line));
        // The first one counts: where a rule asks for what it makes, the second may do more.
        let is_affected = rule.conditions.iter().any(|condition| {
            asked_type(condition).map_or(!last_made.is_empty(), |name| {
                last_made.get(name).is_some_and(|made| *made >= first)
            })
        });
        if first < index && !is_affected && last_made_any.is_none_or(|made| made < first) {
            linter.report(&Lint::DuplicateRule { line: first_line }, rule.span, "rule");
        }
    }
}

/// The rule without white space and comments.
fn tokens(rule: &Rule<'_>, text: &str) -> String {
    let text = rule.span.of(text);
    let mut joined = String::with_capacity(text.len());
    for token in tokenize(text, &mut Findings::default()) {
        joined.push_str(token.span.of(text));
        joined.push('\0');
    }
    joined
}
