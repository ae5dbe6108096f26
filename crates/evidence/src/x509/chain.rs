//! The checks of one certificate chain against the profile of its place in Intel's hierarchy and the trust anchors.
//! Revocation is judged where the CRLs are.

use super::anchors::Anchor;
use super::certificate::{Certificate, KeyUsage};
use super::error::{CertificateError, CertificateRole};
use super::{CLOCK_SKEW_SECONDS, PublicKey, Serial, TrustAnchors};
use crate::time::UnixTime;

/// The roles of a chain from the leaf to the certificate that the root issues.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChainProfile(&'static [CertificateRole]);

impl ChainProfile {
    /// PCK, PCK CA.
    pub(crate) const PCK: Self = Self(&[CertificateRole::Pck, CertificateRole::PckCa]);
    /// PCK CA: the issuer chain of a PCK CRL.
    pub(crate) const PCK_CA: Self = Self(&[CertificateRole::PckCa]);
    /// TCB signing, issued by the root itself.
    pub(crate) const TCB_SIGNING: Self = Self(&[CertificateRole::TcbSigning]);
}

/// A chain whose names, constraints and signatures are in order and that ends in a trust anchor. Its dates are checked
/// on construction and again whenever it is used later.
#[derive(Clone, Debug)]
pub(crate) struct VerifiedChain {
    /// The leaf and the certificates above it, without the root.
    links: Vec<(CertificateRole, Certificate)>,
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
        let (links, root) = ordered(certificates, profile)?;
        let mut authorities_below = 0;
        for (role, certificate) in &links {
            check_profile(*role, certificate, authorities_below)?;
            if role.is_authority() {
                authorities_below = u8::saturating_add(authorities_below, 1);
            }
        }
        let mut signatures_verified = 0_u32;
        for ((role, certificate), (_, issuer)) in links.iter().zip(links.iter().skip(1)) {
            check_signature(*role, certificate, issuer.public_key(), &mut signatures_verified)?;
        }
        let (role, last) = links.last().ok_or(CertificateError::ChainLength {
            found: 0,
            expected: 1,
        })?;
        let anchor = if let Some(root) = &root {
            check_profile(CertificateRole::Root, root, authorities_below)?;
            let anchor =
                anchors
                    .with_key(root.public_key())
                    .ok_or_else(|| CertificateError::UntrustedRoot {
                        found: root.common_name().to_owned(),
                    })?;
            check_signature(CertificateRole::Root, root, &anchor.key, &mut signatures_verified)?;
            check_signature(*role, last, &anchor.key, &mut signatures_verified)?;
            anchor
        } else {
            check_common_name(CertificateRole::Root, last.issuer_common_name())?;
            issuing_anchor(last, anchors, &mut signatures_verified).ok_or_else(|| {
                CertificateError::UntrustedRoot {
                    found: last.issuer_common_name().to_owned(),
                }
            })?
        };
        let root_key = anchor.key.clone();
        let mut root_serials = anchor.serials.clone();
        root_serials.extend(root.iter().map(Certificate::serial));
        let verified = Self {
            links,
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
    pub(crate) fn leaf(&self) -> Option<&Certificate> {
        self.links.first().map(|(_, certificate)| certificate)
    }

    /// The certificate that the root issued.
    pub(crate) fn issued_by_root(&self) -> Option<&Certificate> {
        self.links.last().map(|(_, certificate)| certificate)
    }

    /// The root's certificate, when the chain came with it.
    pub(crate) const fn root(&self) -> Option<&Certificate> {
        self.root.as_ref()
    }

    /// The trust anchor's key.
    pub(crate) const fn root_key(&self) -> &PublicKey {
        &self.root_key
    }

    /// Serial numbers of root certificates with that key.
    pub(crate) fn root_serials(&self) -> &[Serial] {
        &self.root_serials
    }

    /// The certificates from the leaf up, with the root if it is there.
    pub(crate) fn with_root(&self) -> impl Iterator<Item = (CertificateRole, &Certificate)> {
        let links = self.links.iter().map(|(role, certificate)| (*role, certificate));
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

type Links = Vec<(CertificateRole, Certificate)>;

/// Puts the certificates in order by their names: the leaf first, the root apart.
fn ordered(
    certificates: Vec<Certificate>,
    ChainProfile(roles): ChainProfile,
) -> Result<(Links, Option<Certificate>), CertificateError> {
    let (mut roots, mut others): (Vec<_>, Vec<_>) =
        certificates.into_iter().partition(Certificate::is_self_issued);
    if roots.len() > 1 {
        return Err(CertificateError::SeveralRoots { found: roots.len() });
    }
    if others.len() != roles.len() {
        return Err(CertificateError::ChainLength {
            found: others.len(),
            expected: roles.len(),
        });
    }
    let root = roots.pop();
    // From the root down: exactly one certificate is not the issuer of another, and it is the leaf.
    let mut links = Links::new();
    for role in roles {
        let issuer_missing = || CertificateError::IssuerMissing { role: *role };
        let next = match links.last() {
            None => others
                .iter()
                .position(|candidate| !others.iter().any(|other| other.issuer() == candidate.subject())),
            Some((_, below)) => {
                let below: &Certificate = below;
                others
                    .iter()
                    .position(|candidate| candidate.subject() == below.issuer())
            }
        };
        links.push((*role, others.remove(next.ok_or_else(issuer_missing)?)));
    }
    if let (Some(root), Some((role, last))) = (&root, links.last())
        && root.subject() != last.issuer()
    {
        return Err(CertificateError::IssuerMissing { role: *role });
    }
    Ok((links, root))
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
    let usage = certificate.key_usage();
    match role {
        CertificateRole::Root | CertificateRole::PckCa => {
            let constraints = authority.ok_or(CertificateError::NotAnAuthority { role })?;
            if !usage.is_some_and(|usage| usage.certificate_sign) {
                return Err(CertificateError::KeyUsage {
                    role,
                    needed: "keyCertSign",
                });
            }
            if !usage.is_some_and(|usage| usage.crl_sign) {
                return Err(CertificateError::KeyUsage {
                    role,
                    needed: "cRLSign",
                });
            }
            check_path_length(role, constraints.path_length, authorities_below)
        }
        CertificateRole::Pck | CertificateRole::TcbSigning => {
            if authority.is_some() {
                return Err(CertificateError::UnexpectedAuthority { role });
            }
            if !usage.is_some_and(|usage| usage.digital_signature) {
                return Err(CertificateError::KeyUsage {
                    role,
                    needed: "digitalSignature",
                });
            }
            Ok(())
        }
    }
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
    let expected: &[&str] = match role {
        CertificateRole::Root => &[ROOT_CA],
        CertificateRole::PckCa => &[PCK_PROCESSOR_CA, PCK_PLATFORM_CA],
        CertificateRole::Pck => &[PCK],
        CertificateRole::TcbSigning => &[TCB_SIGNING],
    };
    if expected.contains(&found) {
        Ok(())
    } else {
        Err(CertificateError::CommonName {
            role,
            found: found.to_owned(),
        })
    }
}

fn check_signature(
    role: CertificateRole,
    certificate: &Certificate,
    issuer: &PublicKey,
    signatures_verified: &mut u32,
) -> Result<(), CertificateError> {
    *signatures_verified = signatures_verified.saturating_add(1);
    if certificate.is_signed_by(issuer) {
        Ok(())
    } else {
        Err(CertificateError::Signature { role })
    }
}

fn issuing_anchor<'a>(
    certificate: &Certificate,
    anchors: &'a TrustAnchors,
    signatures_verified: &mut u32,
) -> Option<&'a Anchor> {
    anchors.iter().find(|anchor| {
        *signatures_verified = signatures_verified.saturating_add(1);
        certificate.is_signed_by(&anchor.key)
    })
}

// Intel SGX PCK Certificate and CRL Profile Specification, the subject fields of each certificate.
const ROOT_CA: &str = "Intel SGX Root CA";
pub(crate) const PCK_PROCESSOR_CA: &str = "Intel SGX PCK Processor CA";
pub(crate) const PCK_PLATFORM_CA: &str = "Intel SGX PCK Platform CA";
const PCK: &str = "Intel SGX PCK Certificate";
const TCB_SIGNING: &str = "Intel SGX TCB Signing";
