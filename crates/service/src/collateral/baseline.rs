//! Baselines: which generation of Intel's TCB levels a provider judges by, and the editions of documents
//! that are kept for them.

use std::fmt;
use std::str::FromStr;

use attestry_evidence::time::UnixTime;
use thiserror::Error;

/// Which generation of TCB levels evidence is judged by. Written `latest`, `early`, `number=17`,
/// `number>=17` or `date>=2024-03-13`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Baseline {
    /// What Intel enforces by default at present (`update=standard`).
    Latest,
    /// What Intel will enforce by default later (`update=early`).
    Early,
    /// Exactly this TCB evaluation data number.
    Number(u32),
    /// This TCB evaluation data number or a later one.
    AtLeast(u32),
    /// The first generation whose TCB date is this or later, or a later generation.
    Since(UnixTime),
}

/// A text is not a baseline.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a baseline (`latest`, `early`, `number=N`, `number>=N` or `date>=YYYY-MM-DD`)")]
pub struct BaselineError {
    /// The text.
    pub text: String,
}

impl FromStr for Baseline {
    type Err = BaselineError;

    fn from_str(text: &str) -> Result<Self, BaselineError> {
        let digits = |digits: &str| {
            digits
                .bytes()
                .all(|c| c.is_ascii_digit())
                .then(|| digits.parse::<u32>().ok())
                .flatten()
        };
        let parsed = match text {
            "latest" => Some(Self::Latest),
            "early" => Some(Self::Early),
            _ => {
                if let Some(number) = text.strip_prefix("number>=") {
                    digits(number).map(Self::AtLeast)
                } else if let Some(number) = text.strip_prefix("number=") {
                    digits(number).map(Self::Number)
                } else if let Some(date) = text.strip_prefix("date>=") {
                    UnixTime::parse_rfc3339_z(&format!("{date}T00:00:00Z")).map(Self::Since)
                } else {
                    None
                }
            }
        };
        parsed.ok_or_else(|| BaselineError {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest => f.write_str("latest"),
            Self::Early => f.write_str("early"),
            Self::Number(number) => write!(f, "number={number}"),
            Self::AtLeast(number) => write!(f, "number>={number}"),
            Self::Since(date) => {
                let date = date.to_string();
                write!(f, "date>={}", date.split('T').next().unwrap_or(&date))
            }
        }
    }
}

/// One of the sets of documents that are kept side by side for a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Edition {
    /// What the source gives by default.
    Standard,
    /// What it gives for `update=early`.
    Early,
    /// What it gives for `tcbEvaluationDataNumber=N`.
    Number(u32),
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standard => f.write_str("standard"),
            Self::Early => f.write_str("early"),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl FromStr for Edition {
    type Err = BaselineError;

    fn from_str(text: &str) -> Result<Self, BaselineError> {
        match text {
            "standard" => Ok(Self::Standard),
            "early" => Ok(Self::Early),
            number => number.parse().map(Self::Number).map_err(|_| BaselineError {
                text: text.to_owned(),
            }),
        }
    }
}

#[cfg(test)]
mod tests;
