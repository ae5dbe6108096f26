//! Where words go: answers to stdout, everything else to stderr; colour only where a person reads it.
//!
//! `anstream` drops the styling when the stream is not a terminal or `NO_COLOR` is set, so callers style freely.

pub mod claims;
pub mod tree;

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use serde_json::json;

use crate::failure::Failure;

/// Headings and names.
pub const BOLD: Style = Style::new().bold();
/// Secondary facts.
pub const FAINT: Style = Style::new().dimmed();
/// Good news.
pub const GOOD: Style = AnsiColor::Green.on_default().bold();
/// Refusals and errors.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Things to look at.
pub const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
/// Names of fields and commands.
pub const NAME: Style = AnsiColor::Cyan.on_default();

/// Text in a style.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// The two streams of a command and how it was asked to answer.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
}

impl Output {
    /// `json`: answer with one JSON document.
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether the answer is to be one JSON document.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints the answer: `document` under `--json`, `text()` otherwise.
    pub fn answer(self, document: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.json {
            Self::document(document)
        } else {
            Self::text(&text())
        }
    }

    /// Prints one JSON document on stdout.
    pub fn document(document: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_string_pretty(document)
            .map_err(|error| Failure::environment(format!("cannot write the answer as JSON: {error}")))?;
        text.push('\n');
        written(io::stdout().lock().write_all(text.as_bytes()))
    }

    /// Prints text on stdout, a line feed added when it has none.
    pub fn text(text: &str) -> Result<(), Failure> {
        let mut stdout = anstream::stdout().lock();
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        written(write!(stdout, "{text}{line_end}").and_then(|()| stdout.flush()))
    }

    /// Prints raw bytes on stdout.
    pub fn bytes(bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
    }

    /// Prints a line of progress or comment on stderr.
    pub fn note(text: &str) {
        let mut stderr = anstream::stderr().lock();
        // A closed stderr is no reason to stop working.
        let _ = writeln!(stderr, "{text}");
    }

    /// Reports a failure: on stderr for people and, under `--json`, as a document on stdout too.
    pub fn failure(self, failure: &Failure) {
        Self::note(&format!("{} {}", paint(BAD, "error:"), failure.message()));
        if let Some(hint) = failure.advice() {
            Self::note(&format!("{} {hint}", paint(CAUTION, " hint:")));
        }
        if self.json {
            let document = json!({"error": {
                "kind": failure.kind(),
                "message": failure.message(),
                "hint": failure.advice(),
            }});
            // The exit status already says that the command failed.
            let _ = Self::document(&document);
        }
    }
}

/// Rows of `label  value`, labels aligned and styled.
pub fn facts<L: AsRef<str>, V: AsRef<str>>(rows: impl IntoIterator<Item = (L, V)>) -> String {
    let rows: Vec<(L, V)> = rows.into_iter().collect();
    let width = rows
        .iter()
        .map(|(label, _)| label.as_ref().chars().count())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for (label, value) in &rows {
        let label = label.as_ref();
        let padding = " ".repeat(width.saturating_sub(label.chars().count()));
        let _ = writeln!(text, "  {}{padding}  {}", paint(NAME, label), value.as_ref());
    }
    text
}

/// Columns padded to their widest cell; `cells` are `(style, text)` so that styling does not count as width.
pub fn table(rows: &[Vec<(Style, String)>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let mut widths = vec![0usize; columns];
    for row in rows {
        for (width, (_, cell)) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::from("  ");
        for (index, ((style, cell), width)) in row.iter().zip(&widths).enumerate() {
            let last = index.saturating_add(1) == row.len();
            let padding = if last {
                0
            } else {
                width.saturating_sub(cell.chars().count()).saturating_add(2)
            };
            let _ = write!(line, "{}{}", paint(*style, cell), " ".repeat(padding));
        }
        let _ = writeln!(text, "{line}");
    }
    text
}

/// The beginning of a text that is longer than `limit` characters, and a sign that it goes on.
pub fn cut(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let start: String = text.chars().take(limit).collect();
    format!("{start}{}", paint(FAINT, "..."))
}

/// A number and what it counts: `1 case`, `2 cases`.
pub fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// Text from files or evidence, fit for one line of a terminal: control characters, which could move the cursor or hide
/// what follows, are shown escaped.
pub fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A reader that has gone away (`| head`) has all it wanted: that is not a failure.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::environment(format!(
            "cannot write to standard output: {error}"
        ))),
        _ => Ok(()),
    }
}
