//! What is wrong with a policy, as data. Owns the public [`Diagnostic`], the collection that every
//! stage reports into, and MAA's one-line form; rendering for terminals is in [`render`].

use std::fmt;

use crate::source::{Positions, Span};

mod render;
#[cfg(test)]
mod tests;

/// How many errors of one policy are kept, and how many warnings: nobody reads more, and hostile text
/// must not turn 256 KiB into as many messages. Neither takes the place of the other.
const DIAGNOSTICS: usize = 100;

/// Characters of an offending symbol that are quoted in messages.
const SYMBOL_CHARACTERS: usize = 60;

/// One finding about a policy text.
///
/// ```
/// use attestry_policy::{Policy, Severity};
///
/// let findings = Policy::compile("version=1.0; authorizationrules{=> premit();};").unwrap_err();
/// let finding = &findings[0];
/// assert_eq!(finding.severity, Severity::Error);
/// assert_eq!((finding.line, finding.column), (1, 36));
/// assert_eq!(finding.message, "unknown action `premit`");
/// assert_eq!(finding.help.as_deref(), Some("did you mean `permit`?"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// Stable name of the kind of finding, such as `unexpected-symbol`.
    pub code: &'static str,
    /// Whether it prevents the policy from being used.
    pub severity: Severity,
    /// The bytes it is about.
    pub span: Span,
    /// Line of the first character, from 1.
    pub line: u32,
    /// Column of the first character, from 1, in characters.
    pub column: u32,
    /// Line after the last character, from 1.
    pub end_line: u32,
    /// Column after the last character, from 1, in characters.
    pub end_column: u32,
    /// What is wrong: lower case, no full stop, user input in backticks.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The symbols the grammar allows here; empty when it is not a matter of grammar.
    pub expected: Vec<&'static str>,
    /// The symbol at `span`, shortened; `<EOF>` at the end of the text.
    pub symbol: String,
    /// The grammar rules that were being read, outermost first, such as `policy > versionInfo`.
    pub grammar_rule: String,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The policy is refused.
    Error,
    /// The policy is accepted, but something in it is probably not meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// The first error in MAA's words, for the error code `PolicyParsingError`; empty without an error.
///
/// Lines and columns are counted from 1: in the documentation's only sample a `[` that opens the
/// second line is at line 2, column 1.
///
/// ```
/// use attestry_policy::{Policy, maa_message};
///
/// let findings = Policy::compile("version= 1.0\n[type==\"a\"] => permit();").unwrap_err();
/// assert_eq!(
///     maa_message(&findings),
///     "Policy Parser Exception Thrown: Offending symbol: '[' Line: '2', Column: '1' \
///      Failure message: 'mismatched input '[' expecting ';'' Failing rule: 'policy > versionInfo'"
/// );
/// ```
pub fn maa_message(diagnostics: &[Diagnostic]) -> String {
    let Some(first) = diagnostics
        .iter()
        .find(|diagnostic| diagnostic.severity == Severity::Error)
    else {
        return String::new();
    };
    let failure = match first.expected.as_slice() {
        [] => first.message.clone(),
        [one] => format!("mismatched input '{}' expecting '{one}'", first.symbol),
        several => format!(
            "mismatched input '{}' expecting {{'{}'}}",
            first.symbol,
            several.join("', '")
        ),
    };
    format!(
        "Policy Parser Exception Thrown: Offending symbol: '{}' Line: '{}', Column: '{}' \
         Failure message: '{failure}' Failing rule: '{}'",
        first.symbol, first.line, first.column, first.grammar_rule
    )
}

/// A kind of finding; each stage of compiling has its own.
pub(crate) trait Finding: fmt::Display {
    fn code(&self) -> &'static str;

    fn severity(&self) -> Severity {
        Severity::Error
    }

    fn help(&self) -> Option<String> {
        None
    }

    fn expected(&self) -> &[&'static str] {
        &[]
    }
}

/// Findings of all stages, in order of discovery.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Found>,
    errors: usize,
    warnings: usize,
}

#[derive(Debug)]
struct Found {
    span: Span,
    code: &'static str,
    severity: Severity,
    message: String,
    help: Option<String>,
    expected: Vec<&'static str>,
    grammar_rule: String,
}

impl Findings {
    /// Notes a finding at `span`, discovered while reading the grammar rules `context`.
    pub(crate) fn report(&mut self, finding: &impl Finding, span: Span, context: &[&str]) {
        let kept = match finding.severity() {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        if *kept >= DIAGNOSTICS {
            return;
        }
        *kept = kept.saturating_add(1);
        self.found.push(Found {
            span,
            code: finding.code(),
            severity: finding.severity(),
            message: finding.to_string(),
            help: finding.help(),
            expected: finding.expected().to_vec(),
            grammar_rule: context.join(" > "),
        });
    }

    /// Whether further errors are dropped, so that reading on is in vain. The policy is refused.
    pub(crate) fn is_full(&self) -> bool {
        self.errors >= DIAGNOSTICS
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// The findings in the order of the text.
    pub(crate) fn into_diagnostics(mut self, text: &str) -> Vec<Diagnostic> {
        self.found.sort_by_key(|found| found.span);
        let mut positions = Positions::new(text);
        self.found
            .into_iter()
            .map(|found| found.into_diagnostic(text, &mut positions))
            .collect()
    }
}

impl Found {
    fn into_diagnostic(self, text: &str, positions: &mut Positions<'_>) -> Diagnostic {
        let start = positions.at(self.span.start);
        let end = positions.at(self.span.end);
        Diagnostic {
            code: self.code,
            severity: self.severity,
            span: self.span,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            message: self.message,
            help: self.help,
            expected: self.expected,
            symbol: symbol(text, self.span),
            grammar_rule: self.grammar_rule,
        }
    }
}

/// The text at `span`, fit for one line of a message.
pub(crate) fn symbol(text: &str, span: Span) -> String {
    let symbol = span.of(text);
    if symbol.is_empty() {
        return "<EOF>".to_owned();
    }
    quotable(symbol)
}

/// User input shortened and without line breaks or control characters.
pub(crate) fn quotable(input: &str) -> String {
    let mut quoted = String::new();
    for (count, character) in input.chars().enumerate() {
        if count == SYMBOL_CHARACTERS {
            quoted.push('…');
            break;
        }
        if character.is_control() {
            quoted.extend(character.escape_default());
        } else {
            quoted.push(character);
        }
    }
    quoted
}
