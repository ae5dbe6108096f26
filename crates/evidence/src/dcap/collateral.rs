//! Collateral: the signed reference documents a quote is judged against.

use crate::rejection::Explanation;

/// The documents as their services hand them out, nothing verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CollateralDocuments {
    /// The whole TCB info response, `{"tcbInfo":{...},"signature":"..."}`.
    pub tcb_info: Vec<u8>,
    /// PEM, TCB signing certificate and root.
    pub tcb_info_issuer_chain: Vec<u8>,
    /// The whole QE identity response, `{"enclaveIdentity":{...},"signature":"..."}`.
    pub qe_identity: Vec<u8>,
    /// PEM, TCB signing certificate and root.
    pub qe_identity_issuer_chain: Vec<u8>,
    /// CRL of the root CA: PEM, DER or hexadecimal DER.
    pub root_ca_crl: Vec<u8>,
    /// CRL of the PCK CA: PEM, DER or hexadecimal DER.
    pub pck_crl: Vec<u8>,
    /// PEM, PCK CA and root.
    pub pck_crl_issuer_chain: Vec<u8>,
}

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

/// A reference document is not acceptable.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CollateralError {}

impl CollateralError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        match *self {}
    }
}
