//! The canonical form of a policy text. Owns layout; must not change what a policy means, nor lose a comment.
//!
//! One rule stands on a line. A rule that is longer than [`LINE`] breaks after every `&&` and before its
//! `=>`. Sections are separated by a blank line; between rules and comments one blank line is kept. Forms
//! outside the grammar that are accepted with a warning are written as the grammar has them. Comments stay
//! where they are, except that one before a `;`, `,`, `&&` or `{` goes behind it.

use crate::diagnostic::{Diagnostic, Findings};
use crate::lexer::tokenize_with_comments;
use crate::limits::Limits;
use crate::parser::{ParseError, parse};
use crate::source::Span;
use layout::Layout;

mod layout;
mod piece;
#[cfg(test)]
mod tests;

/// Columns that a rule may take before it is broken into lines.
const LINE: usize = 100;

/// The canonical form of a policy text: the same policy, so that formatting it again changes nothing.
///
/// ```
/// let text = "version= 1.0;authorizationrules{ // all\n c:[ type = \"a\" ]=>permit( );};";
/// assert_eq!(
///     attestry_policy::format(text).unwrap(),
///     "version=1.0;\n\
///      \n\
///      authorizationrules { // all\n\
///      \x20   c:[type==\"a\"] => permit();\n\
///      };\n"
/// );
/// ```
///
/// # Errors
/// What the parser finds in a text that is not a policy. What only the checker refuses, such as an
/// unknown identifier, is formatted.
pub fn format(text: &str) -> Result<String, Vec<Diagnostic>> {
    let limits = Limits::default();
    let mut findings = Findings::default();
    parse(text, &limits, &mut findings);
    if findings.has_errors() {
        return Err(findings.into_diagnostics(text));
    }
    let (tokens, comments) = tokenize_with_comments(text, &mut Findings::default());
    let formatted = Layout::of(piece::lines(text, &tokens, &comments));
    // Indentation may make a text too long that has no line breaks.
    let length = u32::try_from(formatted.len()).unwrap_or(u32::MAX);
    if length > limits.policy_bytes {
        let error = ParseError::PolicyTooLong {
            allowed: limits.policy_bytes,
            found: length,
        };
        findings.report(&error, Span::default(), &["policy"]);
        return Err(findings.into_diagnostics(text));
    }
    Ok(formatted)
}
