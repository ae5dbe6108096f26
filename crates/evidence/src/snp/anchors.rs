//! The authorities that are trusted, pinned one by one: the root of each product line, the authority that issues its
//! VCEKs and the one that issues its VLEKs. Certificates that arrive with evidence never add to them.

use std::sync::Arc;

use aws_lc_rs::digest;

use super::error::SnpError;
use super::product::Product;
use super::vek::{VekCertificate, VekKind};
use crate::x509::{EncodingError, VendorCertificate, VendorKey};

/// A set of trusted authorities; cheap to clone.
#[derive(Clone, Debug)]
pub struct AmdAnchors {
    roots: Vec<Root>,
    authorities: Vec<Authority>,
    fingerprint: [u8; 32],
}

/// An ASK or ASVK that its line's root signed.
#[derive(Clone, Debug)]
pub struct Authority {
    issues: VekKind,
    certificate: Arc<VendorCertificate>,
    root: Root,
}

/// A trusted ARK.
#[derive(Clone, Debug)]
pub(super) struct Root {
    pub(super) product: Product,
    pub(super) certificate: Arc<VendorCertificate>,
}

/// A certificate cannot serve as trust anchor.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorError {
    /// No root was given.
    #[error("no root certificate (ARK)")]
    NoRoot,
    /// More certificates than are sensible.
    #[error("{found} certificates, more than {limit}")]
    TooMany {
        /// How many were given.
        found: usize,
        /// The largest number accepted.
        limit: usize,
    },
    /// A certificate cannot be read.
    #[error("certificate {index} cannot be read: {error}")]
    Encoding {
        /// Its place in the list, from 0.
        index: usize,
        /// What is wrong.
        error: EncodingError,
    },
    /// Neither an ARK nor an ASK or ASVK by its name.
    #[error("`{found}` is the name of no AMD authority (ARK-<line>, SEV-<line>, SEV-VLEK-<line>)")]
    Name {
        /// The common name.
        found: String,
    },
    /// Not the certificate of an authority that may sign certificates.
    #[error("`{found}` is not the certificate of an authority")]
    NotAnAuthority {
        /// The common name.
        found: String,
    },
    /// The root's own signature is not its key's.
    #[error("`{found}` is not signed by its own key")]
    NotARoot {
        /// The common name.
        found: String,
    },
    /// No root of the line among those given signed it.
    #[error("`{found}` is signed by no root that was given")]
    Orphan {
        /// The common name.
        found: String,
    },
}

/// What an authority's common name says that it is.
enum Place {
    Root(Product),
    Issuer(Product, VekKind),
}

impl AmdAnchors {
    /// AMD's own: the hierarchies of Milan, Genoa and Turin.
    pub fn amd() -> Self {
        // The certificates are good (a test says so); were they not, nothing would be trusted.
        let certificates: Vec<Vec<u8>> = AMD_CERTIFICATES.iter().map(|der| der.to_vec()).collect();
        Self::from_certificates(&certificates).unwrap_or_else(|_| Self::new(Vec::new(), Vec::new()))
    }

    /// The authorities of these certificates, each PEM or DER: roots, and authorities that one of those roots signed.
    /// Names say which line and which place is meant (`ARK-Milan`, `SEV-Milan`, `SEV-VLEK-Milan`).
    pub fn from_certificates(certificates: &[Vec<u8>]) -> Result<Self, AnchorError> {
        if certificates.len() > MAX_ANCHORS {
            return Err(AnchorError::TooMany {
                found: certificates.len(),
                limit: MAX_ANCHORS,
            });
        }
        let (mut roots, mut issuers) = (Vec::new(), Vec::new());
        for (index, input) in certificates.iter().enumerate() {
            let certificate =
                VendorCertificate::parse(input).map_err(|error| AnchorError::Encoding { index, error })?;
            check_authority(&certificate)?;
            match Place::of(certificate.common_name()) {
                Some(Place::Root(product)) => roots.push(root(product, certificate)?),
                Some(Place::Issuer(product, issues)) => issuers.push((product, issues, certificate)),
                None => {
                    return Err(AnchorError::Name {
                        found: certificate.common_name().to_owned(),
                    });
                }
            }
        }
        if roots.is_empty() {
            return Err(AnchorError::NoRoot);
        }
        let authorities = issuers
            .into_iter()
            .map(|(product, issues, certificate)| authority(product, issues, certificate, &roots))
            .collect::<Result<_, _>>()?;
        Ok(Self::new(roots, authorities))
    }

    /// These authorities and `others`.
    #[must_use]
    pub fn and(mut self, others: Self) -> Self {
        self.roots.extend(others.roots);
        self.authorities.extend(others.authorities);
        Self::new(self.roots, self.authorities)
    }

    /// SHA-256 over the trusted keys: equal for equal sets of authorities.
    pub const fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }

    /// The roots' certificates, with the lines they are for.
    pub fn roots(&self) -> impl Iterator<Item = (Product, &VendorCertificate)> {
        self.roots
            .iter()
            .map(|root| (root.product, root.certificate.as_ref()))
    }

    /// The authorities.
    pub fn authorities(&self) -> &[Authority] {
        &self.authorities
    }

    /// The authority that signed this certificate. Its own name only selects.
    pub(super) fn issuer_of(&self, vek: &VekCertificate) -> Result<Authority, SnpError> {
        let issuer = vek.certificate().issuer_common_name();
        let untrusted = || SnpError::UntrustedIssuer {
            found: issuer.to_owned(),
        };
        let mut named = self
            .authorities
            .iter()
            .filter(|authority| authority.certificate.subject() == vek.certificate().issuer())
            .peekable();
        let first = named.peek().copied().ok_or_else(untrusted)?;
        if first.issues != vek.kind() {
            return Err(SnpError::OtherAuthority {
                kind: vek.kind(),
                issuer: issuer.to_owned(),
            });
        }
        let product = first.product();
        if product != vek.product() {
            return Err(SnpError::OtherProduct {
                expected: product,
                found: vek.product_name().to_owned(),
            });
        }
        // One name with several keys: an operator's own hierarchy beside AMD's.
        named
            .find(|authority| vek.certificate().is_signed_by(authority.certificate.public_key()))
            .cloned()
            .ok_or_else(|| SnpError::VekSignature {
                issuer: issuer.to_owned(),
            })
    }

    /// Refuses certificates that came with a VEK and are not the trusted ones of its own hierarchy.
    pub(super) fn check_supplied(
        &self,
        supplied: &[VendorCertificate],
        authority: &Authority,
    ) -> Result<(), SnpError> {
        let product = authority.product();
        let belongs = |certificate: &VendorCertificate| {
            let same = |known: &VendorCertificate| {
                known.public_key() == certificate.public_key() && known.subject() == certificate.subject()
            };
            let of_root = |other: &&Authority| other.root.key() == authority.root.key();
            same(&authority.root.certificate)
                || self
                    .authorities
                    .iter()
                    .filter(of_root)
                    .any(|other| same(&other.certificate))
        };
        match supplied.iter().find(|certificate| !belongs(certificate)) {
            Some(foreign) => Err(SnpError::ForeignCertificate {
                found: foreign.common_name().to_owned(),
                product,
            }),
            None => Ok(()),
        }
    }

    /// The roots with this name.
    pub(super) fn roots_named<'a>(&'a self, subject: &'a [u8]) -> impl Iterator<Item = &'a Root> {
        self.roots
            .iter()
            .filter(move |root| root.certificate.subject() == subject)
    }

    fn new(roots: Vec<Root>, authorities: Vec<Authority>) -> Self {
        let mut certificates: Vec<&[u8]> = roots
            .iter()
            .map(|root| root.certificate.der())
            .chain(authorities.iter().map(|authority| authority.certificate.der()))
            .collect();
        certificates.sort_unstable();
        certificates.dedup();
        let mut hash = digest::Context::new(&digest::SHA256);
        for certificate in certificates {
            hash.update(digest::digest(&digest::SHA256, certificate).as_ref());
        }
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(hash.finish().as_ref());
        Self {
            roots,
            authorities,
            fingerprint,
        }
    }
}

impl Authority {
    /// The line of its hierarchy.
    pub const fn product(&self) -> Product {
        self.root.product
    }

    /// The kind of keys that it certifies.
    pub const fn issues(&self) -> VekKind {
        self.issues
    }

    /// Its certificate.
    pub fn certificate(&self) -> &VendorCertificate {
        &self.certificate
    }

    /// The certificate of its root.
    pub fn root(&self) -> &VendorCertificate {
        &self.root.certificate
    }
}

impl Root {
    pub(super) fn key(&self) -> &VendorKey {
        self.certificate.public_key()
    }
}

impl Place {
    fn of(common_name: &str) -> Option<Self> {
        let line = |name: &str| Product::ALL.into_iter().find(|product| product.name() == name);
        if let Some(name) = common_name.strip_prefix("ARK-") {
            return line(name).map(Self::Root);
        }
        let name = common_name.strip_prefix("SEV-")?;
        match name.strip_prefix("VLEK-") {
            Some(name) => line(name).map(|product| Self::Issuer(product, VekKind::Vlek)),
            None => line(name).map(|product| Self::Issuer(product, VekKind::Vcek)),
        }
    }
}

/// AMD publication 57230, "Certificate chain": CA, and a key that signs certificates.
fn check_authority(certificate: &VendorCertificate) -> Result<(), AnchorError> {
    let ca = certificate
        .basic_constraints()
        .is_some_and(|constraints| constraints.ca);
    let signs = certificate
        .key_usage()
        .is_some_and(|usage| usage.certificate_sign);
    if ca && signs {
        Ok(())
    } else {
        Err(AnchorError::NotAnAuthority {
            found: certificate.common_name().to_owned(),
        })
    }
}

fn root(product: Product, certificate: VendorCertificate) -> Result<Root, AnchorError> {
    if certificate.is_self_issued() && certificate.is_signed_by(certificate.public_key()) {
        let certificate = Arc::new(certificate);
        Ok(Root { product, certificate })
    } else {
        Err(AnchorError::NotARoot {
            found: certificate.common_name().to_owned(),
        })
    }
}

fn authority(
    product: Product,
    issues: VekKind,
    certificate: VendorCertificate,
    roots: &[Root],
) -> Result<Authority, AnchorError> {
    let signer = roots.iter().find(|root| {
        root.product == product
            && root.certificate.subject() == certificate.issuer()
            && certificate.is_signed_by(root.key())
    });
    let root = signer.cloned().ok_or_else(|| AnchorError::Orphan {
        found: certificate.common_name().to_owned(),
    })?;
    Ok(Authority {
        issues,
        certificate: Arc::new(certificate),
        root,
    })
}

/// Three certificates for each of four lines, AMD's and an operator's.
const MAX_ANCHORS: usize = 24;

const AMD_CERTIFICATES: [&[u8]; 9] = [
    include_bytes!("amd/milan.ark.der"),
    include_bytes!("amd/milan.ask.der"),
    include_bytes!("amd/milan.asvk.der"),
    include_bytes!("amd/genoa.ark.der"),
    include_bytes!("amd/genoa.ask.der"),
    include_bytes!("amd/genoa.asvk.der"),
    include_bytes!("amd/turin.ark.der"),
    include_bytes!("amd/turin.ask.der"),
    include_bytes!("amd/turin.asvk.der"),
];

#[cfg(test)]
mod tests;
