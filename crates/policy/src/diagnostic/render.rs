//! A diagnostic as plain text with the source line and carets, for terminals and logs.

use std::fmt::Write as _;

use super::Diagnostic;

/// Characters of the source line that are shown before and after the start of the finding; policies
/// are often one long line.
const BEFORE: usize = 60;
const AFTER: usize = 60;

impl Diagnostic {
    /// The finding with the line it is about. `name` is the file's name, `text` the text that was
    /// compiled.
    ///
    /// ```
    /// use attestry_policy::Policy;
    ///
    /// let text = "version=1.0;\nauthorizationrules{ => permit() };";
    /// let findings = Policy::compile(text).unwrap_err();
    /// assert_eq!(
    ///     findings[0].render("policy.txt", text),
    ///     "error[unexpected-symbol]: expected `;`, found `}`\n\
    ///     \x20 --> policy.txt:2:33\n\
    ///     \x20  |\n\
    ///     \x202 | authorizationrules{ => permit() };\n\
    ///     \x20  |                                 ^\n"
    /// );
    /// ```
    pub fn render(&self, name: &str, text: &str) -> String {
        let source = text.split('\n').nth(before(self.line)).unwrap_or_default();
        let shown_from = before(self.column).saturating_sub(BEFORE);
        let cut_left = if shown_from == 0 { "" } else { "…" };
        let mut characters = source.chars().skip(shown_from);
        let shown: String = characters
            .by_ref()
            .take(BEFORE.saturating_add(AFTER))
            .map(|character| if character.is_control() { ' ' } else { character })
            .collect();
        let cut_right = if characters.next().is_none() { "" } else { "…" };
        let indent = before(self.column)
            .saturating_sub(shown_from)
            .saturating_add(cut_left.chars().count());
        let last_column = if self.end_line == self.line {
            before(self.end_column)
        } else {
            source.trim_end().chars().count()
        };
        let carets = last_column.saturating_sub(before(self.column)).clamp(1, AFTER);
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        let shown = shown.trim_end();

        let mut rendered = format!("{}[{}]: {}\n", self.severity, self.code, self.message);
        // Writing to a string cannot fail.
        let _ = writeln!(rendered, "{gutter} --> {name}:{}:{}", self.line, self.column);
        let _ = writeln!(rendered, " {gutter} |");
        let _ = writeln!(rendered, " {number} | {cut_left}{shown}{cut_right}");
        let _ = writeln!(
            rendered,
            " {gutter} | {}{}",
            " ".repeat(indent),
            "^".repeat(carets)
        );
        if let Some(help) = &self.help {
            let _ = writeln!(rendered, " {gutter} = help: {help}");
        }
        rendered
    }
}

/// The index of something numbered from 1.
fn before(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1)
}
