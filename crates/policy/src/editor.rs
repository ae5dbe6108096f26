//! What an editor asks about a policy that is being written: what could stand here, and what is this. Works on
//! texts that do not parse. Must not know any editor's protocol.
//!
//! ```
//! use attestry_policy::catalog::Subject;
//! use attestry_policy::editor::{complete, hover};
//!
//! let text = r#"version=1.0; authorizationrules { [type=="x-ms-sgx-is-d"#;
//! let offers = complete(text, text.len(), Some(Subject::SgxEnclave));
//! let claim = offers.iter().find(|offer| offer.label == "x-ms-sgx-is-debuggable").unwrap();
//! assert_eq!(claim.detail, "Boolean");
//!
//! let text = "version=1.0; authorizationrules { => permit(); };";
//! assert_eq!(hover(text, 40, None).unwrap().title, "permit()");
//! ```

use crate::catalog::Subject;
use crate::limits;
use crate::source::Span;

mod completion;
mod hover;
mod place;
#[cfg(test)]
mod tests;
mod words;

/// Something that could stand at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion {
    /// What it is called, and what the typed text is compared with.
    pub label: String,
    /// What kind of thing it is.
    pub kind: CompletionKind,
    /// Its type or signature, a few words.
    pub detail: String,
    /// What it means, in sentences; empty when the name says it.
    pub documentation: String,
    /// The text that takes the place of `replaced`.
    pub insert: String,
    /// The bytes of the text that have been typed of it.
    pub replaced: Span,
    /// Whether something else should be used instead.
    pub deprecated: bool,
}

/// What kind of thing a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CompletionKind {
    /// The type of a claim.
    Claim,
    /// A name of a setting or of a token's property.
    Setting,
    /// A word or symbol of the language.
    Keyword,
    /// A property of claims.
    Property,
    /// An action.
    Action,
    /// A function.
    Function,
    /// A value.
    Value,
    /// An identifier that a condition binds.
    Identifier,
}

/// What a word or text in a policy is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hover {
    /// The bytes that it is about.
    pub span: Span,
    /// Its signature, or its name and type, as code.
    pub title: String,
    /// What it means, in sentences.
    pub text: String,
}

/// What could stand at byte `offset` of a policy for evidence of type `subject`; with the type not known, claims
/// of all types are offered. Nothing in comments, and nothing in texts longer than a policy may be by default.
pub fn complete(text: &str, offset: usize, subject: Option<Subject>) -> Vec<Completion> {
    if is_too_long(text) {
        return Vec::new();
    }
    completion::at(text, offset, subject)
}

/// What stands at byte `offset`.
pub fn hover(text: &str, offset: usize, subject: Option<Subject>) -> Option<Hover> {
    if is_too_long(text) {
        return None;
    }
    hover::at(text, offset, subject)
}

/// The attestation type that a comment in the text names: `// attestry: type=sgx-enclave`.
///
/// ```
/// use attestry_policy::catalog::Subject;
/// use attestry_policy::editor::declared_subject;
///
/// assert_eq!(declared_subject("// attestry: type=tdx-vm\nversion=1.0;"), Some(Subject::TdxVm));
/// assert_eq!(declared_subject("version=1.0;"), None);
/// ```
pub fn declared_subject(text: &str) -> Option<Subject> {
    text.lines().find_map(|line| {
        let (_, comment) = line.split_once("//")?;
        let settings = comment.trim().strip_prefix("attestry:")?;
        settings.trim().strip_prefix("type=")?.trim().parse().ok()
    })
}

fn is_too_long(text: &str) -> bool {
    u32::try_from(text.len()).map_or(true, |length| length > limits::POLICY_BYTES)
}
