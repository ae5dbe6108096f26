//! Logs and metrics.
//!
//! Logs go to standard error as text or JSON lines. Metrics are one typed registry without globals, declared
//! in [`metrics`] and read as text. Neither ever carries evidence, tokens or keys.

pub mod metrics;

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

pub use self::metrics::Metrics;
use crate::config::{LogFormat, TelemetryConfig};

/// Starts logging for the whole process, once: a second call changes nothing and returns `false`.
pub fn start_logging(config: &TelemetryConfig) -> bool {
    let filter = EnvFilter::try_new(&config.log_level).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match config.log_format {
        LogFormat::Json => builder.json().flatten_event(true).try_init().is_ok(),
        LogFormat::Text => {
            let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(colours).try_init().is_ok()
        }
    }
}

/// Text that may quote what a client sent, fit for one line of a log: control characters are written escaped.
pub fn one_line(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut line, character| {
            if character.is_control() {
                line.extend(character.escape_default());
            } else {
                line.push(character);
            }
            line
        })
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn quoted_text_cannot_start_a_line() {
        assert_eq!(one_line("a\nb\u{1b}[0m ü"), "a\\nb\\u{1b}[0m ü");
    }
}
