//! The checks of one certificate chain against the profile of its place in Intel's hierarchy and the trust anchors.
//! Revocation is judged where the CRLs are.

use super::anchors::Anchor;
use super::certificate::{Certificate, KeyUsage};
use super::error::{CertificateError, CertificateRole};
use super::{CLOCK_SKEW_SECONDS, Crl, PublicKey, Serial, TrustAnchors};
use crate::time::UnixTime;

/// The roles of a chain from the leaf to the certificate that the root issues.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainProfile {
    leaf: CertificateRole,
    authorities: &'static [CertificateRole],
}

impl ChainProfile {
    /// PCK, PCK CA.
    pub(crate) const PCK: Self = Self {
        leaf: CertificateRole::Pck,
        authorities: &[CertificateRole::PckCa],
    };
    /// PCK CA: the issuer chain of a PCK CRL.
    pub(crate) const PCK_CA: Self = Self {
        leaf: CertificateRole::PckCa,
        authorities: &[],
    };
    /// TCB signing, issued by the root itself.
    pub(crate) const TCB_SIGNING: Self = Self {
        leaf: CertificateRole::TcbSigning,
        authorities: &[],
    };
}

/// A chain whose names, constraints and signatures are in order and that ends in a trust anchor. Its dates are checked
/// on construction and again whenever it is used later.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedChain {
    leaf: Link,
    /// The authorities above the leaf, without the root.
    authorities: Vec<Link>,
    root: Option<Certificate>,
    root_key: PublicKey,
    /// Serial numbers of the root certificates with this key, as far as they are known.
    root_serials: Vec<Serial>,
    signatures_verified: u32,
}

impl VerifiedChain {
    /// Verifies certificates given in any order. The root may be left out; nothing else may, and nothing may be added.
    pub(crate) fn verify(
        certificates: Vec<Certificate>,
        profile: ChainProfile,
        anchors: &TrustAnchors,
        now: UnixTime,
    ) -> Result<Self, CertificateError> {
        let Ordered {
            leaf,
            authorities,
            root,
        } = ordered(certificates, profile)?;
        check_profile(leaf.role, &leaf.certificate, 0)?;
        let mut authorities_below = u8::from(leaf.role.is_authority());
        let mut signatures_verified = 0_u32;
        let mut below = &leaf;
        for link in &authorities {
            check_profile(link.role, &link.certificate, authorities_below)?;
            check_signature(below, link.certificate.public_key(), &mut signatures_verified)?;
            authorities_below = authorities_below.saturating_add(1);
            below = link;
        }
        let anchor = trusted_issuer(
            below,
            root.as_ref(),
            authorities_below,
            anchors,
            &mut signatures_verified,
        )?;
        let root_key = anchor.key.clone();
        let mut root_serials = anchor.serials.clone();
        root_serials.extend(root.iter().map(Certificate::serial));
        let verified = Self {
            leaf,
            authorities,
            root,
            root_key,
            root_serials,
            signatures_verified,
        };
        verified.check_validity(now)?;
        Ok(verified)
    }

    /// Refuses the chain when one of its certificates is not valid at `now`; a start in the future is granted the
    /// clock skew.
    pub(crate) fn check_validity(&self, now: UnixTime) -> Result<(), CertificateError> {
        for (role, certificate) in self.with_root() {
            let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
            if is_in_future(not_before, now) {
                return Err(CertificateError::NotYetValid {
                    role,
                    not_before,
                    now,
                });
            }
            if now > not_after {
                return Err(CertificateError::Expired { role, not_after, now });
            }
        }
        Ok(())
    }

    /// The leaf.
    pub(crate) const fn leaf(&self) -> &Certificate {
        &self.leaf.certificate
    }

    /// The certificate that the root issued: the last authority, or the leaf when there is none.
    pub(crate) fn issued_by_root(&self) -> &Certificate {
        &self.authorities.last().unwrap_or(&self.leaf).certificate
    }

    /// The certificate that the root issued, or the root, when the root CA's CRL lists it.
    pub(crate) fn check_not_revoked(&self, root_ca_crl: &Crl) -> Result<(), CertificateError> {
        let issued = self.authorities.last().unwrap_or(&self.leaf);
        let issued = (issued.role, issued.certificate.serial());
        let roots = self
            .root_serials
            .iter()
            .map(|serial| (CertificateRole::Root, *serial));
        match std::iter::once(issued)
            .chain(roots)
            .find(|(_, serial)| root_ca_crl.revokes(serial))
        {
            Some((role, serial)) => Err(CertificateError::Revoked { role, serial }),
            None => Ok(()),
        }
    }

    /// The trust anchor's key.
    pub(crate) const fn root_key(&self) -> &PublicKey {
        &self.root_key
    }

    /// The certificates from the leaf up, with the root if it is there.
    pub(crate) fn with_root(&self) -> impl Iterator<Item = (CertificateRole, &Certificate)> {
        let links = std::iter::once(&self.leaf)
            .chain(&self.authorities)
            .map(|link| (link.role, &link.certificate));
        links.chain(self.root.iter().map(|root| (CertificateRole::Root, root)))
    }

    /// How many signatures the verification took.
    pub(crate) const fn signatures_verified(&self) -> u32 {
        self.signatures_verified
    }
}

/// Whether `moment` lies after `now` by more than the clock skew.
pub(crate) fn is_in_future(moment: UnixTime, now: UnixTime) -> bool {
    now.add_seconds(CLOCK_SKEW_SECONDS)
        .is_some_and(|latest| moment > latest)
}

/// A certificate and its place in the chain.
#[derive(Clone, Debug)]
struct Link {
    role: CertificateRole,
    certificate: Certificate,
}

/// Certificates in the order of their names.
struct Ordered {
    leaf: Link,
    authorities: Vec<Link>,
    root: Option<Certificate>,
}

/// Puts the certificates in order: the leaf is the one that issued no other, the root the one that names itself.
fn ordered(certificates: Vec<Certificate>, profile: ChainProfile) -> Result<Ordered, CertificateError> {
    let (mut roots, mut others): (Vec<_>, Vec<_>) =
        certificates.into_iter().partition(Certificate::is_self_issued);
    if roots.len() > 1 {
        return Err(CertificateError::SeveralRoots { found: roots.len() });
    }
    let expected = profile.authorities.len().saturating_add(1);
    if others.len() != expected {
        return Err(CertificateError::ChainLength {
            found: others.len(),
            expected,
        });
    }
    let root = roots.pop();
    let role = profile.leaf;
    let issued_none =
        |candidate: &Certificate| !others.iter().any(|other| other.issuer() == candidate.subject());
    let position = others
        .iter()
        .position(issued_none)
        .ok_or(CertificateError::IssuerMissing { role })?;
    let leaf = Link {
        role,
        certificate: others.remove(position),
    };
    let mut authorities: Vec<Link> = Vec::new();
    for role in profile.authorities {
        let below = authorities.last().unwrap_or(&leaf);
        let position = others
            .iter()
            .position(|candidate| candidate.subject() == below.certificate.issuer())
            .ok_or(CertificateError::IssuerMissing { role: below.role })?;
        authorities.push(Link {
            role: *role,
            certificate: others.remove(position),
        });
    }
    let last = authorities.last().unwrap_or(&leaf);
    if root
        .as_ref()
        .is_some_and(|root| root.subject() != last.certificate.issuer())
    {
        return Err(CertificateError::IssuerMissing { role: last.role });
    }
    Ok(Ordered {
        leaf,
        authorities,
        root,
    })
}

/// The trust anchor that issued the last certificate below the root: the one whose key the chain's own root
/// certificate bears, or whichever signed when the chain came without one.
fn trusted_issuer<'a>(
    last: &Link,
    root: Option<&Certificate>,
    authorities_below: u8,
    anchors: &'a TrustAnchors,
    signatures_verified: &mut u32,
) -> Result<&'a Anchor, CertificateError> {
    let Some(root) = root else {
        let found = last.certificate.issuer_common_name();
        check_common_name(CertificateRole::Root, found)?;
        return anchors
            .iter()
            .find(|anchor| check_signature(last, &anchor.key, signatures_verified).is_ok())
            .ok_or_else(|| CertificateError::UntrustedRoot {
                found: found.to_owned(),
            });
    };
    check_profile(CertificateRole::Root, root, authorities_below)?;
    let anchor = anchors
        .with_key(root.public_key())
        .ok_or_else(|| CertificateError::UntrustedRoot {
            found: root.common_name().to_owned(),
        })?;
    check_signature(last, &anchor.key, signatures_verified)?;
    // The key is trusted already; that it signed the certificate makes the certificate's dates and serial number its.
    *signatures_verified = signatures_verified.saturating_add(1);
    if root.is_signed_by(&anchor.key) {
        Ok(anchor)
    } else {
        Err(CertificateError::Signature {
            role: CertificateRole::Root,
        })
    }
}

/// The profile of each role (Intel SGX PCK Certificate and CRL Profile Specification; RFC 5280, 4.2.1.3 and 4.2.1.9).
fn check_profile(
    role: CertificateRole,
    certificate: &Certificate,
    authorities_below: u8,
) -> Result<(), CertificateError> {
    check_common_name(role, certificate.common_name())?;
    let authority = certificate
        .basic_constraints()
        .filter(|constraints| constraints.ca);
    let allows = |usage: fn(KeyUsage) -> bool| certificate.key_usage().is_some_and(usage);
    if !role.is_authority() {
        if authority.is_some() {
            return Err(CertificateError::UnexpectedAuthority { role });
        }
        if !allows(|usage| usage.digital_signature) {
            return Err(CertificateError::KeyUsage {
                role,
                needed: "digitalSignature",
            });
        }
        return Ok(());
    }
    let constraints = authority.ok_or(CertificateError::NotAnAuthority { role })?;
    if !allows(|usage| usage.certificate_sign) {
        return Err(CertificateError::KeyUsage {
            role,
            needed: "keyCertSign",
        });
    }
    if !allows(|usage| usage.crl_sign) {
        return Err(CertificateError::KeyUsage {
            role,
            needed: "cRLSign",
        });
    }
    check_path_length(role, constraints.path_length, authorities_below)
}

fn check_path_length(
    role: CertificateRole,
    path_length: Option<u8>,
    needed: u8,
) -> Result<(), CertificateError> {
    match path_length {
        Some(found) if found < needed => Err(CertificateError::PathLength { role, found, needed }),
        _ => Ok(()),
    }
}

fn check_common_name(role: CertificateRole, found: &str) -> Result<(), CertificateError> {
    if role.common_names().contains(&found) {
        Ok(())
    } else {
        Err(CertificateError::CommonName {
            role,
            found: found.to_owned(),
        })
    }
}

fn check_signature(
    link: &Link,
    issuer: &PublicKey,
    signatures_verified: &mut u32,
) -> Result<(), CertificateError> {
    *signatures_verified = signatures_verified.saturating_add(1);
    if link.certificate.is_signed_by(issuer) {
        Ok(())
    } else {
        Err(CertificateError::Signature { role: link.role })
    }
}

#[cfg(test)]
mod tests;
