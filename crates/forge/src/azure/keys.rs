//! RSA keys of virtual TPMs and of the signers of UVM endorsements. They cannot be derived from a seed, so they
//! are files; the README beside them says what they are not.

use crate::{
    Seed,
    pki::{RsaHash, RsaKeyPair, RsaScheme},
};

/// The keys of a virtual machine's TPM that its runtime claims name.
#[derive(Clone, Debug)]
pub struct VtpmKeys {
    /// The attestation key: signs TPM quotes with RSASSA-PKCS1-v1_5 and SHA-256.
    pub ak: RsaKeyPair,
    /// The endorsement key, to which secrets are encrypted.
    pub ek: RsaKeyPair,
    /// The endorsement key as PKCS#8, DER: for who decrypts.
    pub ek_pkcs8: &'static [u8],
}

impl VtpmKeys {
    /// The keys of the virtual machine of a seed's world; all seeds but the default one share a set.
    pub fn new(seed: &Seed) -> Self {
        if *seed == Seed::default() {
            Self::of(include_bytes!("keys/ak.der"), include_bytes!("keys/ek.der"))
        } else {
            Self::another()
        }
    }

    /// The keys of a virtual machine other than that of the default seed.
    pub fn another() -> Self {
        Self::of(
            include_bytes!("keys/other-ak.der"),
            include_bytes!("keys/other-ek.der"),
        )
    }

    fn of(ak: &[u8], ek_pkcs8: &'static [u8]) -> Self {
        let scheme = RsaScheme::Pkcs1(RsaHash::Sha256);
        Self {
            ak: load(ak, scheme),
            ek: load(ek_pkcs8, scheme),
            ek_pkcs8,
        }
    }
}

/// A key of the hierarchy of UVM endorsements; its certificates are signed with PKCS#1 v1.5 and SHA-384.
pub(super) fn uvm_root() -> RsaKeyPair {
    load(include_bytes!("keys/uvm-root.der"), CERTIFICATE_SCHEME)
}

/// The key of the issuing authority.
pub(super) fn uvm_issuer() -> RsaKeyPair {
    load(include_bytes!("keys/uvm-issuer.der"), CERTIFICATE_SCHEME)
}

/// The key that signs endorsements.
pub(super) fn uvm_leaf() -> RsaKeyPair {
    load(include_bytes!("keys/uvm-leaf.der"), CERTIFICATE_SCHEME)
}

/// The key above the time stamping authority.
pub(super) fn time_stamp_root() -> RsaKeyPair {
    load(include_bytes!("keys/time-stamp-root.der"), CERTIFICATE_SCHEME)
}

/// The key of the time stamping authority.
pub(super) fn time_stamp() -> RsaKeyPair {
    load(include_bytes!("keys/time-stamp.der"), CERTIFICATE_SCHEME)
}

#[expect(clippy::expect_used, reason = "the key files are part of this crate")]
fn load(pkcs8: &[u8], scheme: RsaScheme) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(pkcs8, scheme).expect("a key file of this crate")
}

const CERTIFICATE_SCHEME: RsaScheme = RsaScheme::Pkcs1(RsaHash::Sha384);
