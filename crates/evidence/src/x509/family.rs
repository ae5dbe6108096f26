//! The two families of keys that hierarchies are made of: Intel's, which knows one curve and one algorithm, and those
//! of the other vendors. A family says which keys and signature algorithms its certificates may have; the same strict
//! reader serves both.

use std::fmt::Debug;

use der::asn1::ObjectIdentifier;

use super::PublicKey;

/// What certificates of one family of hierarchies may bear.
pub trait KeyFamily: Clone + Debug + Eq + Sized {
    /// A signature algorithm of the family.
    type Algorithm: Clone + Copy + Debug + Eq;

    /// The algorithm of this `AlgorithmIdentifier`, complete DER; `None` when the family does not use it.
    fn algorithm(identifier: &[u8]) -> Option<Self::Algorithm>;

    /// The key of a `SubjectPublicKeyInfo`: its `AlgorithmIdentifier`, complete DER, and the octets of its bit string.
    fn from_public_key_info(algorithm: &[u8], key: &[u8]) -> Option<Self>;

    /// Whether `signature` is this key's over `message`, by this algorithm.
    fn verifies(&self, algorithm: Self::Algorithm, message: &[u8], signature: &[u8]) -> bool;

    /// The extensions whose meaning is heeded and which may therefore be critical.
    const UNDERSTOOD: &'static [ObjectIdentifier];
    /// Whether every CRL has a number and names its issuer's key (RFC 5280, 5.2.1 and 5.2.3).
    const CRLS_ARE_NUMBERED: bool;
    /// The keys, for an error.
    const KEYS: &'static str;
    /// The algorithms, for an error.
    const ALGORITHMS: &'static str;
}

/// ECDSA on P-256 with SHA-256 (RFC 5758, 3.2), the only algorithm of Intel's hierarchy.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EcdsaP256Sha256;

impl KeyFamily for PublicKey {
    type Algorithm = EcdsaP256Sha256;

    fn algorithm(identifier: &[u8]) -> Option<Self::Algorithm> {
        (identifier == ECDSA_WITH_SHA256).then_some(EcdsaP256Sha256)
    }

    fn from_public_key_info(algorithm: &[u8], key: &[u8]) -> Option<Self> {
        (algorithm == EC_P256).then(|| Self::from_point(key)).flatten()
    }

    fn verifies(&self, _: Self::Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.verifies_der(message, signature)
    }

    // The distribution points tell where the CRL is fetched, which is not the verifier's concern; the SGX extension
    // is read with the PCK.
    const UNDERSTOOD: &'static [ObjectIdentifier] = &[
        oid::AUTHORITY_KEY_IDENTIFIER,
        oid::BASIC_CONSTRAINTS,
        oid::CRL_DISTRIBUTION_POINTS,
        oid::KEY_USAGE,
        oid::SGX_EXTENSION,
        oid::SUBJECT_KEY_IDENTIFIER,
    ];
    const CRLS_ARE_NUMBERED: bool = true;
    const KEYS: &'static str = "an uncompressed point on P-256";
    const ALGORITHMS: &'static str = "1.2.840.10045.4.3.2 (ECDSA with SHA-256)";
}

/// Object identifiers of extensions (RFC 5280, appendix A.2).
pub(super) mod oid {
    use der::asn1::ObjectIdentifier;

    pub(in crate::x509) const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
    pub(in crate::x509) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
    pub(in crate::x509) const EXTENDED_KEY_USAGE: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("2.5.29.37");
    pub(in crate::x509) const CERTIFICATE_POLICIES: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("2.5.29.32");
    pub(in crate::x509) const SUBJECT_ALTERNATIVE_NAME: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("2.5.29.17");
    pub(in crate::x509) const SUBJECT_KEY_IDENTIFIER: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("2.5.29.14");
    pub(in crate::x509) const CRL_DISTRIBUTION_POINTS: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("2.5.29.31");
    pub(in crate::x509) const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("2.5.29.35");
    /// Intel SGX PCK Certificate and CRL Profile Specification, "Intel SGX extension".
    pub(in crate::x509) const SGX_EXTENSION: ObjectIdentifier =
        ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
}

/// `AlgorithmIdentifier` of ECDSA with SHA-256, 1.2.840.10045.4.3.2 (RFC 5758, 3.2), complete DER.
const ECDSA_WITH_SHA256: &[u8] = &[
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
/// `AlgorithmIdentifier` of a key on P-256: id-ecPublicKey with the named curve prime256v1 (RFC 5480, 2.1.1).
pub(super) const EC_P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07,
];
