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
