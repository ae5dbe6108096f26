//! Why bytes are not a log.

use crate::rejection::{Explanation, Stage};
use crate::x509::Told;

/// The bytes are not a log that this verifier reads. Entries are named by their number, from 1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TcgLogError {
    /// More bytes than any genuine log takes.
    #[error("the event log has {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Size of the log in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// No entry, or no log.
    #[error("the event log has no entries")]
    Empty,
    /// More logs than a boot has.
    #[error("{count} event logs, more than the limit of {limit}")]
    TooManyLogs {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// The ACPI table that says where the log is.
    #[error("this is the ACPI table `{}`, not the event log it points to", signature.escape_ascii())]
    AcpiTable {
        /// Its signature.
        signature: [u8; 4],
    },
    /// The log, or a length inside it, ends too early.
    #[error("the {part} of event {event} needs {needed} bytes at offset {offset}, {left} are left")]
    Truncated {
        /// The entry.
        event: usize,
        /// What was being read.
        part: &'static str,
        /// Where, in bytes from the start of the log.
        offset: usize,
        /// Bytes needed.
        needed: usize,
        /// Bytes left.
        left: usize,
    },
    /// More entries than any genuine log has.
    #[error("the event log has more than {limit} entries")]
    TooManyEvents {
        /// The limit.
        limit: usize,
    },
    /// An entry is larger than any genuine one.
    #[error("event {event} has {size} bytes of data, more than the limit of {limit}")]
    DataTooLarge {
        /// The entry.
        event: usize,
        /// Size of its data in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// An entry for a PCR that does not exist.
    #[error("event {event} at offset {offset} is for PCR {found}, which does not exist")]
    PcrIndex {
        /// The entry.
        event: usize,
        /// Where it begins, in bytes from the start of the log.
        offset: usize,
        /// The index found.
        found: u32,
    },
    /// The header lists no algorithm, or too many.
    #[error("the event log's header lists {found} algorithms instead of 1 to {limit}")]
    AlgorithmCount {
        /// How many.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The header lists an algorithm twice.
    #[error("the event log's header lists algorithm {algorithm:#06x} twice")]
    AlgorithmTwice {
        /// TPM_ALG_ID.
        algorithm: u16,
    },
    /// The header states a size that the algorithm does not have.
    #[error("the event log's header states {found} bytes for digests of algorithm {algorithm:#06x}")]
    AlgorithmSize {
        /// TPM_ALG_ID.
        algorithm: u16,
        /// The size stated, in bytes.
        found: usize,
        /// The size that the algorithm has; `None` for an unknown one.
        expected: Option<usize>,
    },
    /// The header has bytes behind its end.
    #[error("the event log's header has {size} bytes behind its end")]
    SpecIdSurplus {
        /// How many.
        size: usize,
    },
    /// An entry has no digest, or more than there are algorithms.
    #[error("event {event} has {found} digests of {declared} algorithms")]
    DigestCount {
        /// The entry.
        event: usize,
        /// How many digests.
        found: usize,
        /// How many algorithms the header lists.
        declared: usize,
    },
    /// An entry has a digest of an algorithm that the header does not list.
    #[error("event {event} has a digest of algorithm {found:#06x}, which the log's header does not list")]
    UndeclaredAlgorithm {
        /// The entry.
        event: usize,
        /// TPM_ALG_ID.
        found: u16,
    },
    /// An entry has two digests of one algorithm.
    #[error("event {event} has two digests of algorithm {algorithm:#06x}")]
    DigestTwice {
        /// The entry.
        event: usize,
        /// TPM_ALG_ID.
        algorithm: u16,
    },
    /// The startup locality is recorded where, or as, it cannot be.
    #[error("event {event} records the startup locality wrongly: {problem}")]
    StartupLocality {
        /// The entry.
        event: usize,
        /// What is wrong.
        problem: &'static str,
    },
}

impl TcgLogError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = Told::new("tcg_log").hint(self.hint());
        let told = match self {
            Self::TooLarge { .. }
            | Self::Empty
            | Self::TooManyLogs { .. }
            | Self::AcpiTable { .. }
            | Self::TooManyEvents { .. } => self.of_the_log(told),
            Self::AlgorithmCount { .. }
            | Self::AlgorithmTwice { .. }
            | Self::AlgorithmSize { .. }
            | Self::SpecIdSurplus { .. } => self.of_the_header(told.member("spec_id_event")),
            _ => self.of_an_event(told),
        };
        told.at(Stage::Parse)
    }

    fn of_the_log(&self, told: Told) -> Told {
        match self {
            Self::TooLarge { size, limit } => told
                .code("event_log_too_large")
                .member("size")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes")),
            Self::Empty => told
                .code("event_log_empty")
                .expected("at least one event")
                .found("none"),
            Self::TooManyLogs { count, limit } => told
                .code("event_log_count")
                .member("count")
                .expected(format!("at most {limit}"))
                .found(count),
            Self::AcpiTable { signature } => told
                .code("event_log_acpi_table")
                .expected("an event log")
                .found(format!("the ACPI table {}", signature.escape_ascii())),
            Self::TooManyEvents { limit } => told
                .code("event_log_too_many_events")
                .member("events")
                .expected(format!("at most {limit}"))
                .found("more"),
            _ => told,
        }
    }

    fn of_the_header(&self, told: Told) -> Told {
        match self {
            Self::AlgorithmCount { found, limit } => told
                .code("event_log_algorithm_count")
                .member("number_of_algorithms")
                .expected(format!("1 to {limit}"))
                .found(found),
            Self::AlgorithmTwice { algorithm } => told
                .code("event_log_algorithm_twice")
                .member("digest_sizes")
                .expected("each algorithm once")
                .found(format!("{algorithm:#06x} twice")),
            Self::AlgorithmSize {
                algorithm,
                found,
                expected,
            } => told
                .code("event_log_algorithm_size")
                .member("digest_sizes")
                .expected(match expected {
                    Some(size) => format!("{size} bytes for algorithm {algorithm:#06x}"),
                    None => format!("1 to 64 bytes for algorithm {algorithm:#06x}"),
                })
                .found(format!("{found} bytes")),
            Self::SpecIdSurplus { size } => told
                .code("event_log_spec_id_surplus")
                .expected("an end behind the vendor information")
                .found(format!("{size} more bytes")),
            _ => told,
        }
    }

    fn of_an_event(&self, told: Told) -> Told {
        let of = |told: Told, event: &usize| told.element(format!(".events[{event}]"));
        match self {
            Self::Truncated {
                event,
                part,
                offset,
                needed,
                left,
            } => of(told, event)
                .code("event_log_truncated")
                .expected(format!("{needed} bytes of {part} at offset {offset}"))
                .found(format!("{left} bytes")),
            Self::DataTooLarge { event, size, limit } => of(told, event)
                .code("event_log_data_too_large")
                .member("event_size")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes")),
            Self::PcrIndex { event, offset, found } => of(told, event)
                .code("event_log_pcr_index")
                .member("pcr_index")
                .expected("0 to 23")
                .found(format!("{found} at offset {offset}")),
            Self::DigestCount {
                event,
                found,
                declared,
            } => of(told, event)
                .code("event_log_digest_count")
                .member("digests.count")
                .expected(format!("1 to {declared}"))
                .found(found),
            Self::UndeclaredAlgorithm { event, found } => of(told, event)
                .code("event_log_undeclared_algorithm")
                .member("digests")
                .expected("algorithms that the header lists")
                .found(format!("{found:#06x}")),
            Self::DigestTwice { event, algorithm } => of(told, event)
                .code("event_log_digest_twice")
                .member("digests")
                .expected("one digest of each algorithm")
                .found(format!("two of {algorithm:#06x}")),
            Self::StartupLocality { event, problem } => of(told, event)
                .code("event_log_startup_locality")
                .expected("locality 0, 3 or 4, recorded once, for PCR 0, before PCR 0 is extended")
                .found(problem),
            _ => told,
        }
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::AcpiTable { .. } => "send the log from the address that the table gives, not the table",
            Self::TooLarge { .. } | Self::TooManyEvents { .. } | Self::DataTooLarge { .. } => {
                "no firmware writes so much; IMA's list is sent by itself"
            }
            Self::TooManyLogs { .. } => {
                "send the logs of one boot: of the static root of trust, then of the dynamic one"
            }
            _ => {
                "send the log as the operating system returns it: binary_bios_measurements of Linux, Tbsi_Get_TCG_Log_Ex of Windows"
            }
        }
    }
}
