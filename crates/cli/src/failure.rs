//! Why a command did not do its job, sorted by whose fault it is: that order is the exit status.

use std::fmt::Display;

/// Exit status of a refusal: evidence rejected, policy denied, token or check failed.
pub const EXIT_REFUSED: u8 = 1;
/// Exit status of wrong usage or unreadable input.
pub const EXIT_USAGE: u8 = 2;
/// Exit status when the environment failed: network, disk, server error.
pub const EXIT_ENVIRONMENT: u8 = 3;

/// The outcome of a command that ran to its end and has already printed its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Done, or the thing looked at was accepted.
    Accepted,
    /// The thing looked at was refused; the explanation is on the terminal.
    Refused,
}

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Refusal,
    Usage,
    Environment,
}

/// A failure with the sentence to print and, where there is one, advice on what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    fault: Fault,
    message: String,
    hint: Option<String>,
}

impl Failure {
    /// The thing that was to be checked was refused.
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            fault: Fault::Refusal,
            message: message.into(),
            hint: None,
        }
    }

    /// The command line or an input file is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            fault: Fault::Usage,
            message: message.into(),
            hint: None,
        }
    }

    /// Network, disk or a server did not do what it should.
    pub fn environment(message: impl Into<String>) -> Self {
        Self {
            fault: Fault::Environment,
            message: message.into(),
            hint: None,
        }
    }

    /// The same failure with a sentence of advice.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hint = Some(hint.to_string());
        self
    }

    /// What went wrong, in one line.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// A stable word for scripts: `refused`, `usage` or `environment`.
    pub fn kind(&self) -> &'static str {
        match self.fault {
            Fault::Refusal => "refused",
            Fault::Usage => "usage",
            Fault::Environment => "environment",
        }
    }

    /// The process exit status.
    pub fn exit_status(&self) -> u8 {
        match self.fault {
            Fault::Refusal => EXIT_REFUSED,
            Fault::Usage => EXIT_USAGE,
            Fault::Environment => EXIT_ENVIRONMENT,
        }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error followed by the errors that caused it, on one line.
///
/// Library errors do not repeat their source in their own message, so the whole story needs the walk.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
