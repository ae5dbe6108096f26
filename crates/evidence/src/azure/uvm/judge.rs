//! Whether endorsements cover the utility VM of an SNP report, by what an operator accepts: feeds, and for each the
//! lowest security version number. Owns that judgement.

use super::{UvmEndorsement, UvmError, UvmTrust};
use crate::json::abridged;
use crate::time::UnixTime;

/// A line of builds that is accepted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UvmFeed {
    /// Who has to sign, a did:x509 compared as text.
    pub issuer: String,
    /// The name of the feed.
    pub feed: String,
    /// The lowest security version number accepted. Raising it withdraws older builds.
    pub minimum_svn: u64,
}

/// An endorsement that covers the utility VM of a report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Endorsed<'a> {
    /// The endorsement.
    pub endorsement: &'a UvmEndorsement,
    /// Whether the report's GUEST_SVN is the endorsed number. It need not be: early builds left the report's at 2. The
    /// endorsed number is the one to go by.
    pub guest_svn_agrees: bool,
}

impl UvmFeed {
    /// The feeds that Microsoft signs for Azure Container Instances and for AKS, at any version: what is too old is for
    /// the operator to say.
    pub fn microsoft() -> Vec<Self> {
        [
            ("eku:1.3.6.1.4.1.311.76.59.1.2", "ContainerPlat-AMD-UVM"),
            ("subject:CN:ContainerPlat", "ContainerPlat-AMD-UVM"),
            ("eku:1.3.6.1.4.1.311.76.59.1.5", "ConfAKS-AMD-UVM"),
        ]
        .into_iter()
        .map(|(policy, feed)| Self {
            issuer: format!("did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::{policy}"),
            feed: feed.to_owned(),
            minimum_svn: 0,
        })
        .collect()
    }
}

/// Verifies every endorsement that came with a report; one that is not acceptable spoils them all.
pub fn verify_all<'a>(
    endorsements: impl IntoIterator<Item = &'a [u8]>,
    trust: &UvmTrust,
    now: UnixTime,
    tolerance: u32,
) -> Result<Vec<UvmEndorsement>, UvmError> {
    let mut verified = Vec::new();
    for endorsement in endorsements {
        if verified.len() == MAX_ENDORSEMENTS {
            return Err(UvmError::TooMany {
                limit: MAX_ENDORSEMENTS,
            });
        }
        verified.push(UvmEndorsement::verify(endorsement, trust, now, tolerance)?);
    }
    Ok(verified)
}

/// The endorsement of a utility VM with this MEASUREMENT among `endorsements`, by the feeds that are accepted. When
/// several state the measurement, one that is accepted is enough.
pub fn endorses<'a>(
    endorsements: &'a [UvmEndorsement],
    measurement: &[u8; 48],
    guest_svn: u32,
    feeds: &[UvmFeed],
) -> Result<Endorsed<'a>, UvmError> {
    let mut refusal = UvmError::NotEndorsed {
        measurement: Box::new(*measurement),
    };
    for endorsement in endorsements
        .iter()
        .filter(|endorsement| endorsement.measurement() == measurement)
    {
        match accepts(feeds, endorsement) {
            Ok(()) => {
                return Ok(Endorsed {
                    endorsement,
                    guest_svn_agrees: endorsement.svn() == u64::from(guest_svn),
                });
            }
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn accepts(feeds: &[UvmFeed], endorsement: &UvmEndorsement) -> Result<(), UvmError> {
    let minimum = feeds
        .iter()
        .filter(|feed| feed.feed == endorsement.feed() && feed.issuer == endorsement.issuer().as_str())
        .map(|feed| feed.minimum_svn)
        .min()
        .ok_or_else(|| UvmError::Feed {
            issuer: endorsement.issuer().as_str().to_owned(),
            feed: abridged(endorsement.feed()),
        })?;
    if endorsement.svn() >= minimum {
        Ok(())
    } else {
        Err(UvmError::Svn {
            feed: abridged(endorsement.feed()),
            found: endorsement.svn(),
            minimum,
        })
    }
}

/// The most endorsements that are read with one report. Real ones carry one.
pub const MAX_ENDORSEMENTS: usize = 8;

#[cfg(test)]
mod tests;
