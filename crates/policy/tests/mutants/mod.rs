//! Small changes of a policy text, each of which changes what the policy means. Owns a tokenizer and a reader of rules of
//! its own, for texts that are known to compile; must not know what the changes are for.

mod rules;
mod tokens;

use std::ops::Range;

use rules::{Comparison, Condition};
pub use rules::{Rule, rules};
use tokens::{Kind, Token};

/// A changed policy.
pub struct Mutant {
    /// The line of the change, from 1.
    pub line: usize,
    /// What was done, and to what.
    pub change: String,
    pub text: String,
}

/// Every change of `text` that this module knows.
pub fn mutants(text: &str) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let negation = text.contains("version=1.2");
    for rule in rules(text) {
        let mut changes = Changes {
            text,
            mutants: &mut mutants,
        };
        changes.replace("rule removed", rule.span.clone(), "");
        for index in 0..rule.conditions.len() {
            changes.remove_condition(&rule, index);
        }
        for condition in &rule.conditions {
            if negation {
                changes.negate(condition);
            }
            changes.comparisons(condition, negation);
        }
        changes.action(&rule);
        changes.literals(&rule.tokens);
    }
    mutants
}

struct Changes<'t, 'm> {
    text: &'t str,
    mutants: &'m mut Vec<Mutant>,
}

impl Changes<'_, '_> {
    fn replace(&mut self, change: &str, span: Range<usize>, with: &str) {
        let old = &self.text[span.clone()];
        self.mutants.push(Mutant {
            line: self.text[..span.start].lines().count().max(1),
            change: format!(
                "{change}: {}",
                old.split_whitespace().collect::<Vec<_>>().join(" ")
            ),
            text: [&self.text[..span.start], with, &self.text[span.end..]].concat(),
        });
    }

    fn remove_condition(&mut self, rule: &Rule, index: usize) {
        let span = &rule.conditions[index].span;
        // With the `&&` after it, or, for the last one, with that before it.
        let (start, end) = match (rule.conditions.get(index + 1), index.checked_sub(1)) {
            (Some(next), _) => (span.start, next.span.start),
            (None, Some(before)) => (rule.conditions[before].span.end, span.end),
            (None, None) => (span.start, span.end),
        };
        self.replace("condition removed", start..end, "");
    }

    fn negate(&mut self, condition: &Condition) {
        let brackets = &self.text[condition.brackets.clone()];
        let negated = if condition.is_negated {
            brackets.to_owned()
        } else {
            format!("!{brackets}")
        };
        self.replace("condition negated", condition.span.clone(), &negated);
    }

    fn comparisons(&mut self, condition: &Condition, negation: bool) {
        for (index, comparison) in condition.comparisons.iter().enumerate() {
            // Where a condition can be negated as a whole, its type is not inverted as well: of the claims of the policy
            // that is often the only one.
            if comparison.property == "value" || !negation {
                let operator = &self.text[comparison.operator.clone()];
                self.replace(
                    "relation inverted",
                    comparison.operator.clone(),
                    inverted(operator),
                );
            }
            // For the same reason the type may go where only claims of the policy are asked for. The issuer is a second
            // safeguard beside the type.
            let is_safeguard = match &*comparison.property {
                "type" => self.text[condition.brackets.clone()].contains("\"AttestationPolicy\""),
                property => property == "issuer",
            };
            if !is_safeguard && condition.comparisons.len() > 1 {
                self.replace(
                    "comparison removed",
                    with_comma(&condition.comparisons, index),
                    "",
                );
            }
        }
    }

    fn action(&mut self, rule: &Rule) {
        let with = match &self.text[rule.action.clone()] {
            "permit" => "deny",
            "deny" => "permit",
            "issue" => "add",
            "add" => "issue",
            _ => return,
        };
        self.replace("action changed", rule.action.clone(), with);
    }

    fn literals(&mut self, tokens: &[Token]) {
        for token in tokens {
            let old = &self.text[token.span.clone()];
            match token.kind {
                Kind::String => {
                    let longer = format!("{}x\"", &old[..old.len() - 1]);
                    self.replace("text changed", token.span.clone(), &longer);
                }
                Kind::Integer(value) => {
                    for other in [value - 1, value + 1] {
                        self.replace("number changed", token.span.clone(), &other.to_string());
                    }
                }
                Kind::Word if old == "true" => self.replace("value changed", token.span.clone(), "false"),
                Kind::Word if old == "false" => self.replace("value changed", token.span.clone(), "true"),
                _ => {}
            }
        }
    }
}

fn inverted(operator: &str) -> &'static str {
    match operator {
        "==" => "!=",
        "!=" => "==",
        "<" => ">=",
        "<=" => ">",
        ">" => "<=",
        ">=" => "<",
        other => panic!("{other} is no relation"),
    }
}

/// The comparison and the comma that goes with it.
fn with_comma(comparisons: &[Comparison], index: usize) -> Range<usize> {
    match comparisons.get(index + 1) {
        Some(next) => comparisons[index].span.start..next.span.start,
        None => comparisons[index - 1].span.end..comparisons[index].span.end,
    }
}
