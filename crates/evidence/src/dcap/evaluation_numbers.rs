//! Intel's lists of TCB evaluation data numbers (Intel PCS API v4, "Get TCB Evaluation Data Numbers"): which
//! generations of TCB levels are on offer, and the dates they stand for. Owns the acceptance of such a list; what
//! a generation says about a platform is in the TCB info.

use thiserror::Error;

use super::collateral::VerifiedCollateral;
use super::json::{JsonError, Object, SignedDocument};
use super::quote::Tee;
use crate::time::UnixTime;
use crate::x509::{Certificate, CertificateError, ChainProfile, TrustAnchors, VerifiedChain, is_in_future};

/// A list that was verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvaluationNumbers {
    next_update: UnixTime,
    /// By number, ascending.
    numbers: Vec<EvaluationNumber>,
}

/// One generation of TCB levels.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EvaluationNumber {
    /// The TCB evaluation data number.
    pub number: u32,
    /// When the recovery event was published that this generation answers.
    pub recovery_event_date: UnixTime,
    /// The TCB date of platforms that are up to date in this generation.
    pub tcb_date: UnixTime,
}

/// A list of evaluation numbers is not acceptable.
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum EvaluationNumbersError {
    /// More bytes than any genuine list takes.
    #[error("the list of evaluation numbers takes {size} bytes, more than {limit}")]
    TooLarge {
        /// Its size in bytes.
        size: usize,
        /// The largest size accepted, in bytes.
        limit: usize,
    },
    /// Not JSON, too deep, or ambiguous.
    #[error("the list of evaluation numbers is not acceptable JSON: {reason}")]
    Json {
        /// What is wrong and where.
        reason: String,
    },
    /// A field that is missing or not what belongs there.
    #[error("`{field}` of the list of evaluation numbers is not {expected}")]
    Field {
        /// The path of the field.
        field: String,
        /// What belongs there.
        expected: &'static str,
        /// What is there, abridged.
        found: String,
    },
    /// A certificate of the issuer chain is refused.
    #[error("issuer chain of the list of evaluation numbers: {0}")]
    Certificate(#[from] CertificateError),
    /// The chain ends in another root than the collateral's.
    #[error("the list of evaluation numbers ends in another root than the collateral")]
    OtherRoot,
    /// The list is not signed by its TCB signing certificate.
    #[error("the signature of the list of evaluation numbers is not its issuer's")]
    Signature,
    /// The list is for another kind of environment.
    #[error("the list of evaluation numbers is for {found}, not for {expected}")]
    OtherTee {
        /// The environment that was asked for.
        expected: &'static str,
        /// The list's.
        found: &'static str,
    },
    /// Issued in the future, clock skew granted.
    #[error("the list of evaluation numbers was issued at {issue_date} and it is {now}")]
    NotYetValid {
        /// When it was issued.
        issue_date: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
    /// A newer list is due.
    #[error("a newer list of evaluation numbers was due at {next_update} and it is {now}")]
    Expired {
        /// When.
        next_update: UnixTime,
        /// The time of the verification.
        now: UnixTime,
    },
}

impl EvaluationNumbers {
    /// Verifies a list, the whole response `{"tcbEvaluationDataNumbers":{...},"signature":"..."}`, with the PEM chain
    /// of its issuer. `collateral` supplies the root CRL, which must not list the issuer.
    pub fn verify(
        response: &[u8],
        issuer_chain: &[u8],
        collateral: &VerifiedCollateral,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Result<Self, EvaluationNumbersError> {
        let certificates = Certificate::parse_chain(issuer_chain).map_err(CertificateError::from)?;
        let chain = VerifiedChain::verify(certificates, ChainProfile::TCB_SIGNING, anchors, now)?;
        if chain.root_key() != collateral.root_key() {
            return Err(EvaluationNumbersError::OtherRoot);
        }
        chain.check_not_revoked(collateral.root_ca_crl())?;
        let open = SignedDocument::open(response, MEMBER)?;
        let key = chain.leaf().public_key().for_fixed_signatures();
        let verified = key.is_some_and(|key| key.verify_sig(open.text.as_bytes(), &open.signature).is_ok());
        if !verified {
            return Err(EvaluationNumbersError::Signature);
        }
        Self::read(&open, collateral.tee(), now)
    }

    /// When the next list is due.
    pub const fn next_update(&self) -> UnixTime {
        self.next_update
    }

    /// The generations on offer, oldest first.
    pub fn numbers(&self) -> &[EvaluationNumber] {
        &self.numbers
    }

    /// The oldest generation on offer whose TCB date is `date` or later.
    pub fn first_since(&self, date: UnixTime) -> Option<u32> {
        self.numbers
            .iter()
            .find(|entry| entry.tcb_date >= date)
            .map(|entry| entry.number)
    }

    fn read(open: &SignedDocument<'_>, tee: Tee, now: UnixTime) -> Result<Self, EvaluationNumbersError> {
        let value = open.parse()?;
        let list = Object::new(MEMBER, &value)?;
        let found = match list.text("id")? {
            "SGX" => Tee::Sgx,
            "TDX" => Tee::Tdx,
            _ => return Err(list.wrong("id", "SGX or TDX").into()),
        };
        if found != tee {
            return Err(EvaluationNumbersError::OtherTee {
                expected: tee.name(),
                found: found.name(),
            });
        }
        if list.number::<u64>("version", "1")? != VERSION {
            return Err(list.wrong("version", "1").into());
        }
        let (issue_date, next_update) = (list.date("issueDate")?, list.date("nextUpdate")?);
        if is_in_future(issue_date, now) {
            return Err(EvaluationNumbersError::NotYetValid { issue_date, now });
        }
        if now >= next_update {
            return Err(EvaluationNumbersError::Expired { next_update, now });
        }
        let entries = list.objects("tcbEvalNumbers")?;
        let mut numbers = entries.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
        numbers.sort_by_key(|entry| entry.number);
        Ok(Self { next_update, numbers })
    }
}

fn entry(entry: &Object<'_>) -> Result<EvaluationNumber, JsonError> {
    Ok(EvaluationNumber {
        number: entry.number("tcbEvaluationDataNumber", "a number up to 4294967295")?,
        recovery_event_date: entry.date("tcbRecoveryEventDate")?,
        tcb_date: entry.date("tcbDate")?,
    })
}

impl From<JsonError> for EvaluationNumbersError {
    fn from(error: JsonError) -> Self {
        match error {
            JsonError::TooLarge { size, limit } => Self::TooLarge { size, limit },
            JsonError::Syntax { reason } => Self::Json { reason },
            JsonError::Field {
                field,
                expected,
                found,
            } => Self::Field {
                field,
                expected,
                found,
            },
        }
    }
}

/// Of the envelope in which Intel's service answers.
const MEMBER: &str = "tcbEvaluationDataNumbers";
/// The only version of the list that Intel has published.
const VERSION: u64 = 1;

#[cfg(test)]
mod tests;
