//! The trees of certificates and CRLs: what matters first, then every value of the encoding.

use super::Node;
use super::der;
use super::fields::{leaf, parent};
use crate::hex;
use crate::snp::VekCertificate;
use crate::x509::{
    Certificate, CertificateOf, Crl, CrlError, CrlOf, EncodingError, KeyFamily, PublicKey, VendorCertificate,
    VendorCrl, VendorKey,
};

/// The certificates of a PEM text, or one in DER. Positions count from the start of each certificate's DER. Those of
/// Intel, AMD and Microsoft can be read; none is verified.
pub fn certificate_chain(bytes: &[u8]) -> Result<Node, EncodingError> {
    let certificates = chain::<PublicKey>(bytes)
        .map(|found| found.iter().map(certificate).collect())
        .or_else(|_| chain::<VendorKey>(bytes).map(|found| found.iter().map(vendor_certificate).collect()))?;
    Ok(Node {
        length: bytes.len(),
        ..parent("certificates", 0, certificates)
    })
}

fn chain<K: KeyFamily>(bytes: &[u8]) -> Result<Vec<CertificateOf<K>>, EncodingError> {
    match bytes.first() {
        Some(0x30) => Ok(vec![CertificateOf::parse(bytes)?]),
        _ => CertificateOf::parse_chain(bytes),
    }
}

/// A CRL in PEM, DER or hexadecimal DER. Positions count from the start of its DER.
pub fn crl(bytes: &[u8]) -> Result<Node, CrlError> {
    Crl::parse(bytes)
        .map(|crl| list(&crl))
        .or_else(|_| VendorCrl::parse(bytes).map(|crl| list(&crl)))
}

fn list<K: KeyFamily>(crl: &CrlOf<K>) -> Node {
    let parts = vec![
        fact("issuer", crl.issuer_common_name().to_owned()),
        fact("this_update", crl.this_update().to_string()),
        fact("next_update", crl.next_update().to_string()),
        fact("crl_number", crl.number().to_string()),
        fact("revoked_certificates", crl.revoked_count().to_string()),
        encoding(crl.der()),
    ];
    Node {
        length: crl.der().len(),
        ..parent("crl", 0, parts)
    }
}

fn certificate(certificate: &Certificate) -> Node {
    let key = hex::encode(certificate.public_key().point());
    of_certificate(certificate, [fact("public_key", key)])
}

/// With what AMD's extensions say, where the certificate is one of a key that signs reports.
fn vendor_certificate(certificate: &VendorCertificate) -> Node {
    let key = match certificate.public_key() {
        VendorKey::Rsa(key) => format!(
            "RSA of {} bits: {}",
            key.modulus().len().saturating_mul(8),
            hex::encode(key.modulus())
        ),
        VendorKey::P256(point) | VendorKey::P384(point) => hex::encode(point),
    };
    let mut facts = vec![fact("public_key", key)];
    if let Ok(vek) = VekCertificate::parse(certificate.der()) {
        facts.push(fact("product_name", vek.product_name().to_owned()));
        let tcb: Vec<_> = vek
            .tcb()
            .map(|(component, svn)| format!("{component} {svn}"))
            .collect();
        facts.push(fact("tcb", tcb.join(", ")));
        facts.extend(vek.hardware_id().map(|id| fact("hardware_id", hex::encode(id))));
        facts.extend(vek.csp_id().map(|id| fact("csp_id", id.to_owned())));
    }
    of_certificate(certificate, facts)
}

fn of_certificate<K: KeyFamily>(
    certificate: &CertificateOf<K>,
    facts: impl IntoIterator<Item = Node>,
) -> Node {
    let mut parts = vec![
        fact("subject", certificate.common_name().to_owned()),
        fact("issuer", certificate.issuer_common_name().to_owned()),
        fact("serial", certificate.serial().to_string()),
        fact("not_before", certificate.not_before().to_string()),
        fact("not_after", certificate.not_after().to_string()),
    ];
    parts.extend(facts);
    parts.push(encoding(certificate.der()));
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
