//! The keys that an issuer publishes for its tokens.

use super::AccessTokenError;
use crate::{
    jwk::{Jwk, JwkError, JwkSet},
    jws::{Algorithm, CompactJws, Conformance, JwsError, VerificationKey},
    spki::{self, KeyKind},
};

/// The usable keys of a key set (RFC 7517, 5). Keys for encryption, of unsupported kinds and of insufficient strength
/// are left out, as if they were not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IssuerKeys {
    keys: Vec<IssuerKey>,
    left_out: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct IssuerKey {
    kid: Option<String>,
    alg: Option<String>,
    key: VerificationKey,
}

impl IssuerKeys {
    /// Reads a key set.
    pub fn from_json(bytes: &[u8]) -> Result<Self, JwkError> {
        JwkSet::from_json(bytes).map(|set| Self::from_set(&set))
    }

    /// The usable keys of `set`.
    pub fn from_set(set: &JwkSet) -> Self {
        let keys: Vec<_> = set.keys.iter().filter_map(IssuerKey::usable).collect();
        Self {
            left_out: set.keys.len().saturating_sub(keys.len()),
            keys,
        }
    }

    /// Whether no key is usable.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// How many keys of the set cannot be used.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// Whether there is a key that a token names so; a token that names none may be signed with any.
    pub fn has(&self, kid: Option<&str>) -> bool {
        self.keys.iter().any(|key| key.is_named(kid))
    }

    /// Passes when the signature is by a key that goes with `algorithm` and that the header names. A header that names
    /// none is good only where there is no choice.
    pub(super) fn check_signature(
        &self,
        jws: &CompactJws<'_>,
        algorithm: Algorithm,
    ) -> Result<(), AccessTokenError> {
        let kid = jws.header().kid.as_deref();
        let candidates: Vec<_> = self
            .keys
            .iter()
            .filter(|key| key.is_named(kid) && key.goes_with(algorithm))
            .collect();
        if candidates.is_empty() {
            return Err(AccessTokenError::UnknownKey);
        }
        if kid.is_none() && candidates.len() > 1 {
            return Err(AccessTokenError::NoKeyId);
        }
        let verified = candidates
            .iter()
            .any(|candidate| jws.verify(&candidate.key, Conformance::Strict).is_ok());
        if verified {
            Ok(())
        } else {
            Err(JwsError::Signature.into())
        }
    }
}

impl IssuerKey {
    fn usable(jwk: &Jwk) -> Option<Self> {
        if jwk.key_use.as_deref().is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let key = VerificationKey::from_jwk(jwk).ok()?;
        if key.kind() == KeyKind::Rsa {
            let (modulus, _) = spki::rsa_components(key.spki()).ok()?;
            if modulus.len() < MIN_RSA_BYTES {
                return None;
            }
        }
        Some(Self {
            kid: jwk.kid.clone(),
            alg: jwk.alg.clone(),
            key,
        })
    }

    fn is_named(&self, kid: Option<&str>) -> bool {
        kid.is_none() || self.kid.as_deref() == kid
    }

    /// RFC 8725, 3.1: a key is used with one algorithm, the one its issuer says, if it says any.
    fn goes_with(&self, algorithm: Algorithm) -> bool {
        algorithm.key_kind() == self.key.kind()
            && self
                .alg
                .as_deref()
                .is_none_or(|named| named == algorithm.as_str())
    }
}

/// RFC 7518, 3.3: RSA keys have 2048 bits or more.
const MIN_RSA_BYTES: usize = 256;
