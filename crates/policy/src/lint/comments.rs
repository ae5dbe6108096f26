//! The lint about rules that a lost line break made part of a comment. MAA's own recipes for policy
//! version 1.2 have three of them.
//!
//! A comment that starts with a rule, or with a part of one, is taken for a rule that was switched off
//! on purpose, and nothing is said about it.

use super::Linter;
use super::finding::{Hidden, Lint};
use crate::diagnostic::Findings;
use crate::lexer::tokenize_with_comments;
use crate::program::ActionKind;
use crate::source::Span;

pub(super) fn lint(linter: &mut Linter<'_, '_>) {
    let (_, comments) = tokenize_with_comments(linter.text, &mut Findings::default());
    for comment in comments {
        if let Some((what, symbol)) = hidden(comment.of(linter.text)) {
            let place = |offset: usize| {
                let offset = u32::try_from(offset).unwrap_or(u32::MAX);
                comment.start.saturating_add(offset)
            };
            let span = Span {
                start: place(symbol),
                end: place(symbol.saturating_add(2)),
            };
            linter.report(&Lint::CommentHidesRule { what }, span, "rule");
        }
    }
}

/// What the comment hides after some prose, and where its `=>` or `&&` stands.
fn hidden(comment: &str) -> Option<(Hidden, usize)> {
    if starts_with_rule(comment.trim_start_matches(['/', ' ', '\t'])) {
        return None;
    }
    let rule = comment.match_indices("=>").find(|(at, _)| {
        let (before, after) = comment.split_at_checked(*at).unwrap_or((comment, ""));
        before.trim_end().ends_with(']')
            && starts_with_action(after.trim_start_matches(['=', '>', ' ', '\t']))
    });
    if let Some((at, _)) = rule {
        return Some((Hidden::Rule, at));
    }
    let condition = comment.trim_end().strip_suffix("&&")?;
    let is_condition = condition.contains('[') && condition.trim_end().ends_with(']');
    is_condition.then_some((Hidden::Condition, condition.len()))
}

/// Whether `text` starts with an arrow, a condition or a named condition.
fn starts_with_rule(text: &str) -> bool {
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let unnamed = text
        .trim_start_matches('!')
        .trim_start_matches(is_word)
        .trim_start()
        .trim_start_matches(':')
        .trim_start();
    let has_name = text.starts_with(is_word);
    let has_colon = text.trim_start_matches(is_word).trim_start().starts_with(':');
    text.starts_with("=>") || text.starts_with("&&") || (unnamed.starts_with('[') && (!has_name || has_colon))
}

fn starts_with_action(text: &str) -> bool {
    ActionKind::ALL.into_iter().any(|action| {
        text.strip_prefix(action.name())
            .is_some_and(|rest| rest.trim_start().starts_with('('))
    })
}
