//! One endorsement, verified: signed by whom it says, under a trusted root, at a time at which the signer's certificate
//! was valid. Owns the order of these steps.

use super::cose::Envelope;
use super::did::DidX509;
use super::statement::Statement;
use super::time_stamp::{self, TimeStampError};
use super::{UvmError, UvmTrust};
use crate::time::UnixTime;
use crate::x509::{MAX_PATH_CERTIFICATES, Path, PathError, VendorCertificate};

/// A statement about one build of a utility VM that a trusted signer made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UvmEndorsement {
    issuer: DidX509,
    feed: String,
    statement: Statement,
    signing_time: SigningTime,
}

/// When the statement was signed, and how that is known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SigningTime {
    /// A time stamp authority saw the signature at this moment, and the signer's certificate was valid then.
    Stamped(UnixTime),
    /// Nothing proves when it was; the signer's certificate was valid at the time of the verification, or up to the
    /// tolerance before.
    Unproven {
        /// What the signer says.
        claimed: Option<UnixTime>,
        /// Why the time stamp does not prove it.
        reason: TimeStampError,
        /// The certificates are not valid any more: only the tolerance made them count.
        within_tolerance: bool,
    },
}

impl UvmEndorsement {
    /// Verifies one endorsement. Signing certificates live for a year and endorsements for longer: where a time stamp
    /// proves when the signature was made, that moment counts; where none does, the certificates have to be valid
    /// `now`, or to have been up to `tolerance` seconds ago.
    pub fn verify(
        cose_sign1: &[u8],
        trust: &UvmTrust,
        now: UnixTime,
        tolerance: u32,
    ) -> Result<Self, UvmError> {
        let envelope = Envelope::parse(cose_sign1)?;
        let issuer = DidX509::parse(envelope.headers.issuer)?;
        let certificates = certificates(&envelope)?;
        envelope.check_signature(certificates.first())?;
        let path = Path::verify(certificates)?;
        trust.check_signer(&path)?;
        issuer.check(&path)?;
        let signing_time = signing_time(&envelope, &path, trust, now, tolerance)?;
        Ok(Self {
            issuer,
            feed: envelope.headers.feed.to_owned(),
            statement: Statement::read(&envelope)?,
            signing_time,
        })
    }

    /// Who signed.
    pub const fn issuer(&self) -> &DidX509 {
        &self.issuer
    }

    /// The line of builds that this one belongs to, as the signer names it.
    pub fn feed(&self) -> &str {
        &self.feed
    }

    /// The build's security version number.
    pub const fn svn(&self) -> u64 {
        self.statement.svn
    }

    /// The SNP report's MEASUREMENT of the build.
    pub const fn measurement(&self) -> &[u8; 48] {
        &self.statement.measurement
    }

    /// The version of MAA's API that the statement was written for; early ones only.
    pub fn maa_api_version(&self) -> Option<&str> {
        self.statement.maa_api_version.as_deref()
    }

    /// When it was signed, and how that is known.
    pub const fn signing_time(&self) -> &SigningTime {
        &self.signing_time
    }
}

impl SigningTime {
    /// What an operator should know about it, if anything.
    pub fn warning(&self) -> Option<String> {
        match self {
            Self::Stamped(_) => None,
            Self::Unproven {
                reason,
                within_tolerance: false,
                ..
            } => Some(format!(
                "when the UVM endorsement was signed is not proved: {reason}"
            )),
            Self::Unproven { reason, .. } => Some(format!(
                "the signer of the UVM endorsement has expired, within the tolerance, and when it signed is not \
                 proved: {reason}"
            )),
        }
    }

    /// Whether a rule was relaxed: the signer's certificate is not valid any more.
    pub const fn is_relaxed(&self) -> bool {
        matches!(
            self,
            Self::Unproven {
                within_tolerance: true,
                ..
            }
        )
    }
}

fn certificates(envelope: &Envelope<'_>) -> Result<Vec<VendorCertificate>, UvmError> {
    let chain = &envelope.headers.chain;
    if chain.len() > MAX_PATH_CERTIFICATES {
        return Err(UvmError::Path(PathError::TooLong {
            found: chain.len(),
            limit: MAX_PATH_CERTIFICATES,
        }));
    }
    Ok(chain
        .iter()
        .map(|der| VendorCertificate::from_der(der))
        .collect::<Result<_, _>>()?)
}

fn signing_time(
    envelope: &Envelope<'_>,
    path: &Path,
    trust: &UvmTrust,
    now: UnixTime,
    tolerance: u32,
) -> Result<SigningTime, UvmError> {
    // Microsoft has the signature's bytes stamped.
    let stamped = envelope
        .time_stamp
        .ok_or(TimeStampError::Missing)
        .and_then(|token| time_stamp::verify(token, envelope.signature, trust, now));
    match stamped {
        Ok(at) => {
            path.check_validity(at, 0)?;
            Ok(SigningTime::Stamped(at))
        }
        Err(reason) => match path.check_validity(now, tolerance) {
            Ok(()) => Ok(SigningTime::Unproven {
                claimed: envelope.headers.claimed_time,
                reason,
                within_tolerance: path.check_validity(now, 0).is_err(),
            }),
            Err(error) => Err(UvmError::Validity { error, reason }),
        },
    }
}

/// The most endorsements that are read with one report. Real ones carry one.
pub const MAX_ENDORSEMENTS: usize = 8;

#[cfg(test)]
mod tests;
