//! The hashes of collateral that MAA's `x-ms-sgx-collateral` claim states: over the items as Open Enclave's
//! endorsements hold them, every one a text that ends in NUL (openenclave, `oe_sgx_endorsements_t`; Microsoft Azure
//! Attestation, "x-ms-sgx-collateral").

use aws_lc_rs::digest;

use super::super::json::without_trailing_nul;
use super::CollateralDocuments;
use crate::x509::{Crl, VerifiedChain, certificates_to_pem, crl_to_pem};

/// SHA-256 of collateral items as MAA's `x-ms-sgx-collateral` claim states them; members are named as there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CollateralHashes {
    /// Of the QE identity's issuer chain.
    pub qeidcertshash: [u8; 32],
    /// Of the root CA's CRL.
    pub qeidcrlhash: [u8; 32],
    /// Of the QE identity response.
    pub qeidhash: [u8; 32],
    /// Of the TCB info's issuer chain.
    pub tcbinfocertshash: [u8; 32],
    /// Of the root CA's CRL.
    pub tcbinfocrlhash: [u8; 32],
    /// Of the TCB info response.
    pub tcbinfohash: [u8; 32],
}

impl CollateralHashes {
    /// The chains and the CRL are brought into one canonical PEM form first, so that the hash does not depend on the
    /// service that handed them out; the JSON documents are hashed as received.
    pub(super) fn of(
        documents: &CollateralDocuments,
        tcb_info_chain: &VerifiedChain,
        qe_identity_chain: &VerifiedChain,
        root_ca_crl: &Crl,
    ) -> Self {
        let crl = sha256_with_nul(crl_to_pem(root_ca_crl.der()).unwrap_or_default().as_bytes());
        Self {
            qeidcertshash: chain_hash(qe_identity_chain),
            qeidcrlhash: crl,
            qeidhash: sha256_with_nul(without_trailing_nul(&documents.qe_identity)),
            tcbinfocertshash: chain_hash(tcb_info_chain),
            tcbinfocrlhash: crl,
            tcbinfohash: sha256_with_nul(without_trailing_nul(&documents.tcb_info)),
        }
    }
}

/// Leaf first, then the root.
fn chain_hash(chain: &VerifiedChain) -> [u8; 32] {
    let pem = certificates_to_pem(chain.with_root().map(|(_, certificate)| certificate.der()));
    sha256_with_nul(pem.unwrap_or_default().as_bytes())
}

fn sha256_with_nul(text: &[u8]) -> [u8; 32] {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(text);
    hash.update(&[0]);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
}
