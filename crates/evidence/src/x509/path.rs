//! Certificate paths of the hierarchies whose shape is not fixed: a leaf, authorities above it, each the issuer of the
//! one before (RFC 5280, 6.1). Owns names, constraints, usages, signatures and dates along the path; which root is
//! trusted, and what the leaf may be used for, is for the caller to say.

use super::{CLOCK_SKEW_SECONDS, Told, VendorCertificate, VendorKey, is_in_future};
use crate::time::UnixTime;

/// Certificates of which each is issued by the next. Their dates are not judged yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Path {
    leaf: VendorCertificate,
    /// Those above the leaf, in order.
    authorities: Vec<VendorCertificate>,
}

/// Certificates do not form a path. They are counted from 0, the leaf.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// No certificate at all.
    #[error("there is no certificate")]
    Empty,
    /// More certificates than any genuine path has.
    #[error("{found} certificates, more than the limit of {limit}")]
    TooLong {
        /// Their number.
        found: usize,
        /// The limit.
        limit: usize,
    },
    /// The leaf is the certificate of an authority.
    #[error("the leaf is the certificate of an authority")]
    LeafIsAuthority,
    /// The leaf's key must not sign.
    #[error("the key usage of the leaf does not include digitalSignature")]
    LeafKeyUsage,
    /// A certificate names another issuer.
    #[error("certificate {index} is not the issuer that certificate {} names", index.saturating_sub(1))]
    Issuer {
        /// Which certificate should be the issuer.
        index: usize,
    },
    /// An issuer's certificate does not say that it is an authority's.
    #[error("certificate {index} is not that of an authority")]
    NotAnAuthority {
        /// Which certificate.
        index: usize,
    },
    /// An issuer's key must not sign certificates.
    #[error("the key usage of certificate {index} does not include keyCertSign")]
    KeyUsage {
        /// Which certificate.
        index: usize,
    },
    /// More authorities below than the path length allows.
    #[error("certificate {index} allows {found} authorities below it, not {needed}")]
    PathLength {
        /// Which certificate.
        index: usize,
        /// The path length stated.
        found: u8,
        /// The authorities below.
        needed: u8,
    },
    /// A signature is not the issuer's.
    #[error("the signature of certificate {index} is not its issuer's")]
    Signature {
        /// Which certificate.
        index: usize,
    },
    /// The path does not end in a trusted root.
    #[error("the path ends in `{found}`, which is not trusted")]
    UntrustedRoot {
        /// The common name in which the path ends.
        found: String,
    },
    /// Not yet valid, clock skew granted.
    #[error("certificate {index} is not valid before {not_before} and it was used at {at}")]
    NotYetValid {
        /// Which certificate.
        index: usize,
        /// The start of its validity.
        not_before: UnixTime,
        /// The moment that counts.
        at: UnixTime,
    },
    /// No longer valid.
    #[error("certificate {index} was valid until {not_after} and it was used at {at}")]
    Expired {
        /// Which certificate.
        index: usize,
        /// The end of its validity.
        not_after: UnixTime,
        /// The moment that counts.
        at: UnixTime,
    },
}

impl Path {
    /// A path of these certificates, the leaf first; the last one's issuer is not looked for. Every certificate but
    /// the leaf has to be that of an authority that may issue the one before, and has to have signed it.
    pub(crate) fn verify(certificates: Vec<VendorCertificate>) -> Result<Self, PathError> {
        if certificates.len() > MAX_PATH_CERTIFICATES {
            return Err(PathError::TooLong {
                found: certificates.len(),
                limit: MAX_PATH_CERTIFICATES,
            });
        }
        let mut certificates = certificates.into_iter();
        let leaf = certificates.next().ok_or(PathError::Empty)?;
        let authorities: Vec<VendorCertificate> = certificates.collect();
        check_leaf(&leaf)?;
        let mut below = &leaf;
        for (index, authority) in (1_usize..).zip(&authorities) {
            if authority.subject() != below.issuer() {
                return Err(PathError::Issuer { index });
            }
            check_authority(index, authority)?;
            if !below.is_signed_by(authority.public_key()) {
                return Err(PathError::Signature {
                    index: index.saturating_sub(1),
                });
            }
            below = authority;
        }
        Ok(Self { leaf, authorities })
    }

    /// The path from the leaf as far up as `others`, in any order, reach; those that do not belong to it are left out.
    pub(crate) fn build(
        leaf: VendorCertificate,
        mut others: Vec<VendorCertificate>,
    ) -> Result<Self, PathError> {
        let mut certificates = vec![leaf];
        while let Some(position) = certificates
            .last()
            .filter(|last| !last.is_self_issued())
            .and_then(|last| others.iter().position(|other| other.subject() == last.issuer()))
        {
            certificates.push(others.swap_remove(position));
        }
        Self::verify(certificates)
    }

    /// Refuses the path unless it ends in a self-signed certificate that `is_trusted`.
    pub(crate) fn check_root(
        &self,
        is_trusted: impl FnOnce(&VendorCertificate) -> bool,
    ) -> Result<(), PathError> {
        let last = self.last();
        if !(last.is_self_issued() && is_trusted(last)) {
            return Err(self.untrusted());
        }
        if last.is_signed_by(last.public_key()) {
            Ok(())
        } else {
            Err(PathError::Signature {
                index: self.authorities.len(),
            })
        }
    }

    /// Refuses the path unless one of these keys is that of its root, or signed its last certificate when it came
    /// without the root.
    pub(crate) fn check_root_key(&self, trusted: &[VendorKey]) -> Result<(), PathError> {
        let last = self.last();
        if last.is_self_issued() {
            return self.check_root(|root| trusted.contains(root.public_key()));
        }
        if trusted.iter().any(|key| last.is_signed_by(key)) {
            Ok(())
        } else {
            Err(self.untrusted())
        }
    }

    /// Refuses the path when one of its certificates is not valid at `at`. A start in the future is granted the clock
    /// skew, an end in the past `tolerance` seconds.
    pub(crate) fn check_validity(&self, at: UnixTime, tolerance: u32) -> Result<(), PathError> {
        for (index, certificate) in self.certificates().enumerate() {
            let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
            if is_in_future(not_before, at) {
                return Err(PathError::NotYetValid {
                    index,
                    not_before,
                    at,
                });
            }
            let tolerated = not_after.add_seconds(i64::from(tolerance)).unwrap_or(not_after);
            if at > tolerated {
                return Err(PathError::Expired { index, not_after, at });
            }
        }
        Ok(())
    }

    /// The leaf.
    pub(crate) const fn leaf(&self) -> &VendorCertificate {
        &self.leaf
    }

    /// The certificates above the leaf, in order.
    pub(crate) fn authorities(&self) -> &[VendorCertificate] {
        &self.authorities
    }

    fn certificates(&self) -> impl Iterator<Item = &VendorCertificate> {
        std::iter::once(&self.leaf).chain(&self.authorities)
    }

    fn last(&self) -> &VendorCertificate {
        self.authorities.last().unwrap_or(&self.leaf)
    }

    fn untrusted(&self) -> PathError {
        let last = self.last();
        let found = if last.is_self_issued() {
            last.common_name()
        } else {
            last.issuer_common_name()
        };
        PathError::UntrustedRoot {
            found: found.to_owned(),
        }
    }
}

/// RFC 5280, 4.2.1.9 and 4.2.1.3; not every leaf states what its key is for.
fn check_leaf(leaf: &VendorCertificate) -> Result<(), PathError> {
    if leaf.basic_constraints().is_some_and(|constraints| constraints.ca) {
        return Err(PathError::LeafIsAuthority);
    }
    if leaf.key_usage().is_none_or(|usage| usage.digital_signature) {
        Ok(())
    } else {
        Err(PathError::LeafKeyUsage)
    }
}

/// RFC 5280, 4.2.1.9 and 4.2.1.3; an authority has to state both.
fn check_authority(index: usize, authority: &VendorCertificate) -> Result<(), PathError> {
    let constraints = authority
        .basic_constraints()
        .filter(|constraints| constraints.ca)
        .ok_or(PathError::NotAnAuthority { index })?;
    if !authority.key_usage().is_some_and(|usage| usage.certificate_sign) {
        return Err(PathError::KeyUsage { index });
    }
    let needed = u8::try_from(index.saturating_sub(1)).unwrap_or(u8::MAX);
    match constraints.path_length {
        Some(found) if found < needed => Err(PathError::PathLength { index, found, needed }),
        _ => Ok(()),
    }
}

impl PathError {
    /// The refusal in the making; `told` names the path.
    pub(crate) fn tell(&self, told: Told) -> Told {
        let of = |index: &usize, part: &str| format!("[{index}].{part}");
        match self {
            Self::Empty => told
                .code("certificate_path_empty")
                .expected("a certificate")
                .found("none"),
            Self::TooLong { found, limit } => told
                .code("certificate_path_length")
                .expected(format!("at most {limit} certificates"))
                .found(found),
            Self::LeafIsAuthority => told
                .code("certificate_unexpected_authority")
                .element(of(&0, "basic_constraints.ca"))
                .expected(false)
                .found(true),
            Self::LeafKeyUsage => told
                .code("certificate_key_usage")
                .element(of(&0, "key_usage"))
                .expected("digitalSignature")
                .found("not included"),
            Self::Issuer { index } => told
                .code("certificate_issuer_missing")
                .element(of(index, "subject"))
                .expected("the issuer that the certificate before names")
                .found("another name"),
            Self::NotAnAuthority { index } => told
                .code("certificate_not_an_authority")
                .element(of(index, "basic_constraints.ca"))
                .expected(true)
                .found(false),
            Self::KeyUsage { index } => told
                .code("certificate_key_usage")
                .element(of(index, "key_usage"))
                .expected("keyCertSign")
                .found("not included"),
            Self::PathLength { index, found, needed } => told
                .code("certificate_path_length_constraint")
                .element(of(index, "basic_constraints.path_length"))
                .expected(format!("at least {needed}"))
                .found(found),
            Self::Signature { index } => told
                .code("certificate_signature")
                .element(of(index, "signature"))
                .expected("a signature by the issuer's key")
                .found("another signature"),
            Self::UntrustedRoot { found } => told
                .code("certificate_untrusted_root")
                .expected("a path that ends in a trusted root")
                .found(found),
            Self::NotYetValid {
                index,
                not_before,
                at,
            } => told
                .code("certificate_not_yet_valid")
                .element(of(index, "not_before"))
                .expected(format!("at most {at}, with {CLOCK_SKEW_SECONDS} seconds of skew"))
                .found(not_before),
            Self::Expired { index, not_after, at } => told
                .code("certificate_expired")
                .element(of(index, "not_after"))
                .expected(format!("at least {at}"))
                .found(not_after),
        }
    }
}

/// More certificates than any published path has: leaf, up to three authorities and the root are customary.
pub const MAX_PATH_CERTIFICATES: usize = 6;

#[cfg(test)]
mod tests;
