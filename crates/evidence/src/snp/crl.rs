//! Revocation: each root publishes a list of the authorities below it that no longer count. Keys of chips are on no
//! list (all their certificates bear serial number 0); they are withdrawn by demanding a newer TCB or denying the chip.

use std::sync::Arc;

use super::anchors::{AmdAnchors, Authority};
use super::error::SnpError;
use super::product::Product;
use crate::time::UnixTime;
use crate::x509::{CrlError, VendorCertificate, VendorCrl, VendorKey, is_in_future};

/// A CRL that a trusted root signed.
#[derive(Clone, Debug)]
pub struct AmdCrl {
    product: Product,
    issuer: VendorKey,
    list: Arc<VendorCrl>,
}

/// What is demanded of revocation lists. Offline is the normal case: nothing is demanded by default.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum RevocationPolicy {
    /// A list at hand counts, however old; a missing or outdated one is told as a warning.
    #[default]
    WhenAvailable,
    /// There must be a list that is not outdated.
    Required,
}

impl AmdCrl {
    /// Reads a list from PEM, DER or hexadecimal DER and verifies that one of the roots issued it, not in the future.
    pub fn verify(input: &[u8], anchors: &AmdAnchors, now: UnixTime) -> Result<Self, SnpError> {
        let list = VendorCrl::parse(input).map_err(|error| SnpError::CrlUnreadable { error })?;
        let list = Arc::new(list);
        let of = |product, error| SnpError::Crl { product, error };
        let unknown = || SnpError::CrlIssuer {
            found: list.issuer_common_name().to_owned(),
        };
        let mut refusal = None;
        for root in anchors.roots_named(list.issuer()) {
            let certificate: &VendorCertificate = &root.certificate;
            let identifier = certificate.subject_key_identifier();
            match list.check_issuer(certificate.subject(), root.key(), identifier) {
                Ok(()) => {
                    let this_update = list.this_update();
                    if is_in_future(this_update, now) {
                        return Err(of(root.product, CrlError::NotYetValid { this_update, now }));
                    }
                    return Ok(Self {
                        product: root.product,
                        issuer: root.key().clone(),
                        list: Arc::clone(&list),
                    });
                }
                Err(error) => refusal = Some(of(root.product, error)),
            }
        }
        Err(refusal.unwrap_or_else(unknown))
    }

    /// The line whose authorities it covers.
    pub const fn product(&self) -> Product {
        self.product
    }

    /// The key of the root that signed it.
    pub const fn issuer(&self) -> &VendorKey {
        &self.issuer
    }

    /// The list.
    pub fn list(&self) -> &VendorCrl {
        &self.list
    }

    /// Whether its successor is due.
    pub fn is_outdated(&self, now: UnixTime) -> bool {
        now > self.list.next_update()
    }
}

/// The lists at hand, one for each root.
#[derive(Clone, Debug, Default)]
pub struct AmdCrls(Vec<AmdCrl>);

impl AmdCrls {
    /// No lists at all.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// With this list in place of an older one of the same root.
    #[must_use]
    pub fn with(mut self, crl: AmdCrl) -> Self {
        let same = |known: &AmdCrl| known.issuer == crl.issuer;
        match self.0.iter().position(same).and_then(|at| self.0.get_mut(at)) {
            Some(known) if known.list.this_update() > crl.list.this_update() => {}
            Some(known) => *known = crl,
            None => self.0.push(crl),
        }
        self
    }

    /// The lists.
    pub fn iter(&self) -> impl Iterator<Item = &AmdCrl> {
        self.0.iter()
    }

    /// The list that covers this authority.
    pub(super) fn of(&self, authority: &Authority) -> Option<&AmdCrl> {
        let root = authority.root().public_key();
        self.0.iter().find(|crl| crl.issuer == *root)
    }
}

/// How current the list was by which an authority was judged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Checked {
    Current,
    Outdated { next_update: UnixTime },
    Missing,
}

/// Refuses an authority that its root revoked, or whose standing the policy wants to know and cannot.
pub(super) fn check_not_revoked(
    authority: &Authority,
    crls: &AmdCrls,
    policy: RevocationPolicy,
    now: UnixTime,
) -> Result<Checked, SnpError> {
    let product = authority.product();
    let Some(crl) = crls.of(authority) else {
        return match policy {
            RevocationPolicy::Required => Err(SnpError::CrlMissing { product }),
            RevocationPolicy::WhenAvailable => Ok(Checked::Missing),
        };
    };
    let revoked = [authority.certificate(), authority.root()]
        .into_iter()
        .find(|certificate| crl.list.revokes(&certificate.serial()));
    if let Some(certificate) = revoked {
        return Err(SnpError::Revoked {
            subject: certificate.common_name().to_owned(),
            serial: certificate.serial(),
        });
    }
    let next_update = crl.list.next_update();
    match (crl.is_outdated(now), policy) {
        (false, _) => Ok(Checked::Current),
        (true, RevocationPolicy::WhenAvailable) => Ok(Checked::Outdated { next_update }),
        (true, RevocationPolicy::Required) => Err(SnpError::Crl {
            product,
            error: CrlError::Expired { next_update, now },
        }),
    }
}

#[cfg(test)]
mod tests;
