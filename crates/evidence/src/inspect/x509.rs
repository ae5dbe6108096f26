//! The trees of certificates and CRLs: what matters first, then every value of the encoding.

use super::Node;
use super::der;
use super::fields::{leaf, parent};
use crate::hex;
use crate::x509::{Certificate, Crl, CrlError, EncodingError};

/// The certificates of a PEM text, or one in DER. Positions count from the start of each certificate's DER. Only
/// certificates of Intel's profile can be read, and none is verified.
pub fn certificate_chain(bytes: &[u8]) -> Result<Node, EncodingError> {
    let certificates = match bytes.first() {
        Some(0x30) => vec![Certificate::parse(bytes)?],
        _ => Certificate::parse_chain(bytes)?,
    };
    Ok(Node {
        length: bytes.len(),
        ..parent("certificates", 0, certificates.iter().map(certificate).collect())
    })
}

/// A CRL in PEM, DER or hexadecimal DER. Positions count from the start of its DER.
pub fn crl(bytes: &[u8]) -> Result<Node, CrlError> {
    let crl = Crl::parse(bytes)?;
    let parts = vec![
        fact("issuer", crl.issuer_common_name().to_owned()),
        fact("this_update", crl.this_update().to_string()),
        fact("next_update", crl.next_update().to_string()),
        fact("crl_number", crl.number().to_string()),
        fact("revoked_certificates", crl.revoked_count().to_string()),
        encoding(crl.der()),
    ];
    Ok(Node {
        length: crl.der().len(),
        ..parent("crl", 0, parts)
    })
}

fn certificate(certificate: &Certificate) -> Node {
    let parts = vec![
        fact("subject", certificate.common_name().to_owned()),
        fact("issuer", certificate.issuer_common_name().to_owned()),
        fact("serial", certificate.serial().to_string()),
        fact("not_before", certificate.not_before().to_string()),
        fact("not_after", certificate.not_after().to_string()),
        fact("public_key", hex::encode(certificate.public_key().point())),
        encoding(certificate.der()),
    ];
    Node {
        length: certificate.der().len(),
        ..parent("certificate", 0, parts)
    }
}

/// Something read from the encoding, which is shown with its position below.
fn fact(name: &str, value: String) -> Node {
    leaf(name, 0, 0, value)
}

fn encoding(bytes: &[u8]) -> Node {
    let children = der::values(bytes, 0).unwrap_or_default();
    Node {
        children,
        ..leaf("der", 0, bytes.len(), String::new())
    }
}
