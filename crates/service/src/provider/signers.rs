//! The policy signing certificates of an isolated provider, and whom they let sign.
//!
//! A certificate is a trust anchor by its key and name: its own dates do not matter, as they do not for any trust
//! anchor (RFC 5280, 6.1.1). Whoever holds its key may sign, and so may those whom it certified.

use attestry_api::{
    certificate_chain::{ChainCertificate, ChainError},
    jwk::{Jwk, JwkError, thumbprint},
    signed_envelope::Signer,
};
use attestry_evidence::time::UnixTime;
use thiserror::Error;

use crate::store::{SignerOperation, SignerRecord};

/// The most signing certificates of one provider.
pub const MAX_POLICY_SIGNERS: usize = 64;

/// The certificates that a provider trusts, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct PolicySigners(Vec<PolicyCertificate>);

/// A trusted certificate.
#[derive(Debug, Clone)]
pub struct PolicyCertificate {
    jwk: Jwk,
    thumbprint: String,
    certificate: ChainCertificate,
}

/// A certificate cannot be a policy signing certificate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyCertificateError {
    /// The key has no certificate.
    #[error("PolicySigningCertificate key is not an X509 security key")]
    NoCertificate,
    /// The JWK is malformed, or contradicts its certificate.
    #[error("the policy signing certificate cannot be used: {0}")]
    Key(#[from] JwkError),
    /// The certificate is malformed.
    #[error("the policy signing certificate cannot be used: {0}")]
    Certificate(#[from] ChainError),
    /// More certificates than [`MAX_POLICY_SIGNERS`].
    #[error("a provider has {MAX_POLICY_SIGNERS} policy signing certificates at most")]
    TooMany,
}

/// A signature that verifies, by somebody who may not sign for this provider.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UntrustedSigner {
    /// Nobody signed.
    #[error("Unsigned JWS specified but enclave is configured with signing certificates.")]
    Unsigned,
    /// A bare key, which is none of the certificates'.
    #[error("the signer's key is not that of a policy signing certificate of this provider")]
    UnknownKey,
    /// The signer's certificate is trusted and may not certify, not even itself: MAA demands that every chain ends in a
    /// certification authority (MAA documentation, "Troubleshooting guide").
    #[error(
        "Unable to find issuer certificate CN={common_name}: it is a policy signing certificate of this provider, but not a certification authority (basicConstraints CA)"
    )]
    NotAuthority {
        /// Common name of its subject.
        common_name: String,
    },
    /// No certificate of the chain is trusted, nor issued by one that is.
    #[error(
        "Unable to find issuer certificate CN={issuer}: neither `CN={leaf}` nor any certificate sent with it is, or is issued by, a policy signing certificate of this provider"
    )]
    UnknownIssuer {
        /// Common name of the signer.
        leaf: String,
        /// Common name of the issuer that was looked for.
        issuer: String,
    },
    /// A certificate of the chain is malformed, or does not certify the one below it.
    #[error("the signer's certificate chain is refused: {0}")]
    Chain(#[from] ChainError),
}

impl PolicySigners {
    /// Checks the certificates of a new provider.
    pub fn from_jwks(keys: &[Jwk]) -> Result<Self, PolicyCertificateError> {
        let mut signers = Self::default();
        for key in keys {
            signers = signers.with(PolicyCertificate::from_jwk(key)?)?;
        }
        Ok(signers)
    }

    /// What a history of changes, oldest first, adds up to.
    pub fn from_history(history: &[SignerRecord]) -> Result<Self, PolicyCertificateError> {
        let mut signers = Self::default();
        for record in history {
            signers = match record.operation {
                SignerOperation::Add => {
                    let jwk = serde_json::from_str(&record.certificate)
                        .map_err(|error| JwkError::Json(error.to_string()))?;
                    signers.with(PolicyCertificate::from_jwk(&jwk)?)?
                }
                SignerOperation::Remove => signers.without(&record.thumbprint),
            };
        }
        Ok(signers)
    }

    /// The certificates.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &PolicyCertificate> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the certificate itself is among them.
    pub fn contains(&self, thumbprint: &str) -> bool {
        self.0.iter().any(|known| known.thumbprint == thumbprint)
    }

    /// Whether anybody could sign a change.
    pub fn can_sign(&self) -> bool {
        self.0.iter().any(PolicyCertificate::may_sign)
    }

    /// With one certificate more; the same when it is there already.
    pub fn with(&self, certificate: PolicyCertificate) -> Result<Self, PolicyCertificateError> {
        let mut all = self.clone();
        if !all.contains(&certificate.thumbprint) {
            if all.len() >= MAX_POLICY_SIGNERS {
                return Err(PolicyCertificateError::TooMany);
            }
            all.0.push(certificate);
        }
        Ok(all)
    }

    /// Without a certificate; the same when it is not there.
    #[must_use]
    pub fn without(&self, thumbprint: &str) -> Self {
        let others = self.0.iter().filter(|known| known.thumbprint != thumbprint);
        Self(others.cloned().collect())
    }

    /// The certificate on whose authority `signer` signs. `at` is the time by which the dates of the certificates
    /// below it are judged; `None` leaves them alone, as for what was accepted when they were valid.
    pub fn authority_of(
        &self,
        signer: &Signer,
        at: Option<UnixTime>,
    ) -> Result<&PolicyCertificate, UntrustedSigner> {
        let key = signer.key().spki();
        let mut own = self.0.iter().filter(|known| known.certificate.spki() == key);
        if let Some(first) = own.next() {
            let authority = std::iter::once(first).chain(own).find(|known| known.may_sign());
            return authority.ok_or_else(|| UntrustedSigner::NotAuthority {
                common_name: first.common_name().to_owned(),
            });
        }
        let chain = signer
            .certificates()
            .iter()
            .map(|der| ChainCertificate::from_der(der))
            .collect::<Result<Vec<_>, _>>()?;
        let leaf = chain.first().ok_or(UntrustedSigner::UnknownKey)?;
        let mut authorities_between = 0_usize;
        for (index, certificate) in chain.iter().enumerate() {
            certificate.check_dates(at.map(UnixTime::seconds))?;
            if let Some(anchor) = self.issuer_of(certificate, authorities_between) {
                return Ok(anchor);
            }
            let Some(issuer) = chain.get(index.saturating_add(1)) else {
                break;
            };
            certificate.check_issued_by(issuer, authorities_between)?;
            authorities_between = authorities_between.saturating_add(1);
        }
        let top = chain.last().unwrap_or(leaf);
        Err(UntrustedSigner::UnknownIssuer {
            leaf: leaf.common_name().to_owned(),
            issuer: top.issuer_common_name().to_owned(),
        })
    }

    fn issuer_of(
        &self,
        certificate: &ChainCertificate,
        authorities_between: usize,
    ) -> Option<&PolicyCertificate> {
        self.0.iter().find(|known| {
            certificate
                .check_issued_by(&known.certificate, authorities_between)
                .is_ok()
        })
    }
}

impl PolicyCertificate {
    /// The first certificate of a JWK, as a trust anchor.
    pub fn from_jwk(jwk: &Jwk) -> Result<Self, PolicyCertificateError> {
        let leaf = jwk.certificates()?.into_iter().next();
        let leaf = leaf.ok_or(PolicyCertificateError::NoCertificate)?;
        let certificate = ChainCertificate::from_der(&leaf)?;
        if !jwk.kty.is_empty() {
            jwk.spki()?;
        }
        Ok(Self {
            jwk: Jwk {
                alg: Some(certificate.kind().algorithm_name().to_owned()),
                kty: certificate.kind().key_type().to_owned(),
                key_use: Some("sig".to_owned()),
                x5c: jwk.x5c.clone(),
                ..Jwk::default()
            },
            thumbprint: thumbprint(&leaf),
            certificate,
        })
    }

    /// As `GET /certificates` shows it: alg, kty, use, x5c.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The JWK as JSON, as the store keeps it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(&self.jwk).unwrap_or_default()
    }

    /// Upper-case hexadecimal SHA-1 of the certificate.
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Whether its holder may sign changes: only a certification authority's may, with a key that signatures are
    /// verified with.
    pub fn may_sign(&self) -> bool {
        self.certificate.is_authority() && self.certificate.has_usable_key()
    }

    /// Common name of the subject, for people.
    pub fn common_name(&self) -> &str {
        self.certificate.common_name()
    }
}
