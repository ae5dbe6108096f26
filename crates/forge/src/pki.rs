//! Certificates and revocation lists with every field settable, and the P-256, P-384 and RSA keys under them.
//! What a particular vendor puts into them is said elsewhere.

mod any_key;
mod certificate;
mod crl;
mod ec;
mod key;
mod p384;
mod rsa;

use aws_lc_rs::digest;

pub use any_key::{AnyKey, SigningKey};
pub use certificate::{CertificateSpec, Extension, Name, oid};
pub use crl::{CrlSpec, RevokedCertificate};
pub use key::KeyPair;
pub use p384::P384KeyPair;
pub use rsa::{RsaHash, RsaKeyPair, RsaScheme};

/// One PEM block: 64 columns, LF line ends, a final LF (RFC 7468, section 2).
pub fn pem(label: &str, der: &[u8]) -> String {
    let base64 = attestry_api::b64::encode_standard(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while let Some((line, more)) = rest.split_at_checked(PEM_COLUMNS) {
        out.push_str(line);
        out.push('\n');
        rest = more;
    }
    if !rest.is_empty() {
        out.push_str(rest);
        out.push('\n');
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}

/// A chain of certificates as PEM, in the given order.
pub fn pem_chain<I>(certificates: I) -> String
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    certificates
        .into_iter()
        .map(|der| pem("CERTIFICATE", der.as_ref()))
        .collect()
}

/// SHA-1 of the bits of a public key (RFC 5280, 4.2.1.2, method 1).
fn key_id(public_key: &[u8]) -> [u8; 20] {
    let mut id = [0; 20];
    id.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, public_key).as_ref());
    id
}

/// RFC 7468, section 2: exactly 64 characters in every line but the last.
const PEM_COLUMNS: usize = 64;

#[cfg(test)]
mod tests;
