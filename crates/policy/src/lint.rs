//! What in a sound policy is probably not meant. Owns the lints; must not refuse a policy.
//!
//! Lints look at the tree of the parser, rule after rule, with the catalog of claims at hand. They err on
//! the side of silence: what an earlier rule may have made, or a client may have sent, is not judged.

use crate::ast;
use crate::catalog::Subject;
use crate::check::check;
use crate::diagnostic::{Diagnostic, Finding, Findings};
use crate::limits::Limits;
use crate::parser::parse;
use crate::program::SectionKind;
use crate::source::Span;
use knowledge::Knowledge;

pub use finding::CODES;

mod actions;
mod claims;
mod comments;
mod constraint;
mod debug;
mod decisions;
mod duplicates;
mod finding;
mod knowledge;
mod queries;
#[cfg(test)]
mod tests;

/// What is wrong with a policy text or probably not meant, in the order of the text: the errors and
/// warnings of compiling, and the lints, whose codes are in [`CODES`].
///
/// `subject` is the attestation type that the policy is for. Without it only what holds for every type is
/// told. A text that the parser refuses gets the lints about comments only.
///
/// ```
/// use attestry_policy::{catalog::Subject, lint::lint};
///
/// let text = "version=1.0;\nauthorizationrules{ [type==\"x-ms-sgx-mrsinger\", value==\"00\"] => permit(); };";
/// let findings = lint(text, Some(Subject::SgxEnclave));
/// assert_eq!(findings[0].code, "unknown-claim");
/// assert_eq!((findings[0].line, findings[0].column), (2, 28));
/// assert_eq!(findings[0].help.as_deref(), Some("did you mean `x-ms-sgx-mrsigner`?"));
/// ```
pub fn lint(text: &str, subject: Option<Subject>) -> Vec<Diagnostic> {
    lint_within(text, subject, &Limits::default())
}

/// As [`lint`], with other limits of compiling.
pub fn lint_within(text: &str, subject: Option<Subject>, limits: &Limits) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    let policy = parse(text, limits, &mut findings);
    let is_read = !findings.has_errors();
    check(&policy, text, limits, &mut findings);
    let mut linter = Linter {
        text,
        findings: &mut findings,
    };
    comments::lint(&mut linter);
    if is_read {
        linter.policy(&policy, subject);
    }
    findings.into_diagnostics(text)
}

struct Linter<'t, 'f> {
    text: &'t str,
    findings: &'f mut Findings,
}

impl Linter<'_, '_> {
    fn policy(&mut self, policy: &ast::Policy<'_>, subject: Option<Subject>) {
        let mut knowledge = Knowledge::new(policy, subject);
        for section in &policy.sections {
            // What configuration rules issue stays among them.
            let mut settings = Knowledge::without_evidence(subject);
            let known = if section.kind == SectionKind::Configuration {
                &mut settings
            } else {
                &mut knowledge
            };
            for rule in &section.rules {
                claims::lint(self, rule, known);
                queries::lint(self, rule);
                actions::lint(self, rule, known);
                known.learn(rule);
            }
            if section.kind == SectionKind::Authorization {
                decisions::lint(self, section);
            }
            duplicates::lint(self, section);
        }
        if let Some(subject) = subject {
            debug::lint(self, policy, subject);
        }
    }

    fn report(&mut self, finding: &impl Finding, span: Span, production: &'static str) {
        self.findings.report(finding, span, &["policy", production]);
    }
}
