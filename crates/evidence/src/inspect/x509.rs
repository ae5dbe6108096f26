//! The trees of certificates and CRLs: what matters first, then every value of the encoding.

use super::Node;
use super::der;
use super::fields::{leaf, parent};
use crate::hex;
use crate::snp::VekCertificate;
use crate::x509::{CrlError, EncodingError, VendorCertificate, VendorCrl, VendorKey};

/// The certificates of a PEM text, or one in DER. Positions count from the start of each certificate's DER. Only
/// certificates as the vendors of hardware issue them can be read, and none is verified.
pub fn certificate_chain(bytes: &[u8]) -> Result<Node, EncodingError> {
    let certificates = match bytes.first() {
        Some(0x30) => vec![VendorCertificate::parse(bytes)?],
        _ => VendorCertificate::parse_chain(bytes)?,
    };
    Ok(Node {
        length: bytes.len(),
        ..parent("certificates", 0, certificates.iter().map(certificate).collect())
    })
}

/// A CRL in PEM, DER or hexadecimal DER. Positions count from the start of its DER.
pub fn crl(bytes: &[u8]) -> Result<Node, CrlError> {
    let crl = VendorCrl::parse(bytes)?;
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

fn certificate(certificate: &VendorCertificate) -> Node {
    let mut parts = vec![
        fact("subject", certificate.common_name().to_owned()),
        fact("issuer", certificate.issuer_common_name().to_owned()),
        fact("serial", certificate.serial().to_string()),
        fact("not_before", certificate.not_before().to_string()),
        fact("not_after", certificate.not_after().to_string()),
        fact("public_key", public_key(certificate.public_key())),
    ];
    if let Ok(vek) = VekCertificate::parse(certificate.der()) {
        parts.push(vek_extensions(&vek));
    }
    parts.push(encoding(certificate.der()));
    Node {
        length: certificate.der().len(),
        ..parent("certificate", 0, parts)
    }
}

fn public_key(key: &VendorKey) -> String {
    match key {
        VendorKey::P256(point) | VendorKey::P384(point) => hex::encode(point),
        VendorKey::Rsa(key) => format!(
            "modulus {}, exponent {}",
            hex::encode(key.modulus()),
            hex::encode(key.exponent())
        ),
    }
}

/// What AMD says of the key that signs reports, under the names of AMD publication 57230.
fn vek_extensions(vek: &VekCertificate) -> Node {
    let mut parts = vec![
        fact("kind", vek.kind().name().to_owned()),
        fact("product_name", vek.product_name().to_owned()),
    ];
    parts.extend(vek.tcb().map(|(name, svn)| fact(name, svn.to_string())));
    parts.extend(vek.hardware_id().map(|id| fact("hw_id", hex::encode(id))));
    parts.extend(vek.csp_id().map(|id| fact("csp_id", id.to_owned())));
    parent("vek", 0, parts)
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
