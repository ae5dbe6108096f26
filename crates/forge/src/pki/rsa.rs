//! RSA key pairs of any size, and the signature schemes of certificates, COSE and TPMs.

use std::{fmt, sync::Arc};

use attestry_api::der;
use aws_lc_rs::{
    rand::SystemRandom,
    signature::{
        KeyPair as _, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
        RSA_PSS_SHA512, RsaEncoding, RsaKeyPair as Pair,
    },
};

use super::SigningKey;

/// The hash under an RSA signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RsaHash {
    /// SHA-256, salt 32 in PSS.
    Sha256,
    /// SHA-384, salt 48 in PSS.
    Sha384,
    /// SHA-512, salt 64 in PSS.
    Sha512,
}

/// How an RSA key signs, and how the signature's algorithm is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RsaScheme {
    /// RSASSA-PKCS1-v1_5 (RFC 8017, 8.2).
    Pkcs1(RsaHash),
    /// RSASSA-PSS with a salt as long as the hash (RFC 8017, 8.1).
    Pss {
        /// The hash, also of MGF1.
        hash: RsaHash,
        /// Whether the parameters spell out `trailerField 1`, although it is the default that DER leaves out:
        /// AMD's older certificates do.
        spells_trailer: bool,
    },
}

/// An RSA key pair and the scheme it signs with; cheap to clone.
#[derive(Clone)]
pub struct RsaKeyPair {
    pair: Arc<Pair>,
    scheme: RsaScheme,
}

impl RsaKeyPair {
    /// The key pair of a PKCS#8 PrivateKeyInfo, DER; `None` if it is not an RSA key of 2048 to 8192 bits with the
    /// public exponent 65537.
    pub fn from_pkcs8(pkcs8: &[u8], scheme: RsaScheme) -> Option<Self> {
        let pair = Arc::new(Pair::from_pkcs8(pkcs8).ok()?);
        let is_usual = pair.public_key().as_ref().ends_with(&EXPONENT_DER);
        is_usual.then_some(Self { pair, scheme })
    }

    /// The same key, signing differently.
    #[must_use]
    pub fn with_scheme(&self, scheme: RsaScheme) -> Self {
        Self {
            pair: self.pair.clone(),
            scheme,
        }
    }

    /// The modulus, big-endian, without leading zeros.
    pub fn modulus(&self) -> &[u8] {
        // RSAPublicKey ends with the modulus and the exponent (RFC 8017, A.1.1).
        let public = self.pair.public_key().as_ref();
        let end = public.len().saturating_sub(EXPONENT_DER.len());
        let start = end.saturating_sub(self.pair.public_modulus_len());
        public.get(start..end).unwrap_or_default()
    }

    /// The public exponent, big-endian: 65537.
    pub fn exponent(&self) -> [u8; 3] {
        [1, 0, 1]
    }
}

impl SigningKey for RsaKeyPair {
    fn spki(&self) -> Vec<u8> {
        let algorithm = der::sequence([der::oid(&[1, 2, 840, 113_549, 1, 1, 1]), der::null()]);
        der::sequence([algorithm, der::bit_string(self.pair.public_key().as_ref())])
    }

    fn key_id(&self) -> [u8; 20] {
        super::key_id(self.pair.public_key().as_ref())
    }

    fn algorithm_identifier(&self) -> Vec<u8> {
        self.scheme.algorithm_identifier()
    }

    #[expect(
        clippy::expect_used,
        reason = "a valid key and a buffer of its modulus length do not fail"
    )]
    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                self.scheme.encoding(),
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .expect("signing with a valid key");
        signature
    }
}

impl fmt::Debug for RsaKeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = attestry_api::hex::encode(&self.key_id());
        write!(f, "RsaKeyPair({id}, {:?})", self.scheme)
    }
}

impl RsaScheme {
    /// What AMD signs with: PSS, SHA-384.
    pub const PSS_SHA384: Self = Self::Pss {
        hash: RsaHash::Sha384,
        spells_trailer: false,
    };

    /// AlgorithmIdentifier of the signatures (RFC 4055, sections 3 and 5).
    pub fn algorithm_identifier(self) -> Vec<u8> {
        match self {
            Self::Pkcs1(hash) => der::sequence([pkcs1_oid(hash.pkcs1_arc()), der::null()]),
            Self::Pss { hash, spells_trailer } => {
                let digest = der::sequence([hash.oid(), der::null()]);
                let mask = der::sequence([pkcs1_oid(MGF1_ARC), digest.clone()]);
                let mut parameters = vec![
                    der::explicit(0, &digest),
                    der::explicit(1, &mask),
                    der::explicit(2, &der::integer(hash.size())),
                ];
                if spells_trailer {
                    parameters.push(der::explicit(3, &der::integer(1)));
                }
                der::sequence([pkcs1_oid(PSS_ARC), der::sequence(parameters)])
            }
        }
    }

    fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Pkcs1(RsaHash::Sha256) => &RSA_PKCS1_SHA256,
            Self::Pkcs1(RsaHash::Sha384) => &RSA_PKCS1_SHA384,
            Self::Pkcs1(RsaHash::Sha512) => &RSA_PKCS1_SHA512,
            Self::Pss { hash, .. } => match hash {
                RsaHash::Sha256 => &RSA_PSS_SHA256,
                RsaHash::Sha384 => &RSA_PSS_SHA384,
                RsaHash::Sha512 => &RSA_PSS_SHA512,
            },
        }
    }
}

impl RsaHash {
    /// OBJECT IDENTIFIER of the hash alone (RFC 4055, 2.1).
    fn oid(self) -> Vec<u8> {
        let arc = match self {
            Self::Sha256 => 1,
            Self::Sha384 => 2,
            Self::Sha512 => 3,
        };
        der::oid(&[2, 16, 840, 1, 101, 3, 4, 2, arc])
    }

    /// The last arc of sha256WithRSAEncryption and its kin (RFC 4055, section 5).
    fn pkcs1_arc(self) -> u64 {
        match self {
            Self::Sha256 => 11,
            Self::Sha384 => 12,
            Self::Sha512 => 13,
        }
    }

    /// Size in bytes.
    fn size(self) -> u64 {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// pkcs-1 and one arc below it.
fn pkcs1_oid(arc: u64) -> Vec<u8> {
    der::oid(&[1, 2, 840, 113_549, 1, 1, arc])
}

const MGF1_ARC: u64 = 8;
const PSS_ARC: u64 = 10;
/// INTEGER 65537.
const EXPONENT_DER: [u8; 5] = [2, 3, 1, 0, 1];
