//! What is wrong with policy texts: for people with the line and carets, for scripts as members that are a promise.

use attestry_policy::{Diagnostic, Severity};
use serde_json::{Value, json};

use crate::output::counted;

/// Findings about several files, in the order in which they were added.
#[derive(Default)]
pub struct Findings {
    documents: Vec<Value>,
    text: String,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Adds the findings about the text of the file `name`.
    pub fn add(&mut self, name: &str, text: &str, findings: &[Diagnostic]) {
        for finding in findings {
            let count = match finding.severity {
                Severity::Error => &mut self.errors,
                Severity::Warning => &mut self.warnings,
            };
            *count = count.saturating_add(1);
            self.text.push_str(&finding.render(name, text));
            self.text.push('\n');
            self.documents.push(document(name, finding));
        }
    }

    /// Whether a policy is refused.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether something is probably not meant.
    pub fn has_warnings(&self) -> bool {
        self.warnings > 0
    }

    /// The findings for scripts.
    pub fn documents(&self) -> &[Value] {
        &self.documents
    }

    /// The findings for people, with their number.
    pub fn text(&self) -> String {
        format!(
            "{}{}, {}",
            self.text,
            counted(self.errors, "error"),
            counted(self.warnings, "warning")
        )
    }
}

fn document(file: &str, finding: &Diagnostic) -> Value {
    json!({
        "file": file,
        "severity": finding.severity.to_string(),
        "code": finding.code,
        "line": finding.line,
        "column": finding.column,
        "end_line": finding.end_line,
        "end_column": finding.end_column,
        "message": finding.message,
        "help": finding.help,
    })
}
