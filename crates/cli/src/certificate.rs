//! Certificates for people: whose, until when, by which thumbprint they are known.

use attestry_api::jwk::thumbprint;
use attestry_api::jws::VerificationKey;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::Decode;

/// What a certificate says, nothing of it judged.
pub struct Described {
    /// Upper-case hexadecimal SHA-1.
    pub thumbprint: String,
    /// Subject (RFC 4514), or that it cannot be read.
    pub subject: String,
    /// End of its validity; empty when it cannot be read.
    pub not_after: String,
    /// Algorithm its key signs with; empty for a key of an unknown kind.
    pub algorithm: &'static str,
}

impl Described {
    /// Of a DER certificate.
    pub fn new(der: &[u8]) -> Self {
        let (subject, not_after) = match Certificate::from_der(der) {
            Ok(certificate) => {
                let fields = certificate.tbs_certificate();
                (
                    fields.subject().to_string(),
                    fields.validity().not_after.to_string(),
                )
            }
            Err(_) => ("not readable".to_owned(), String::new()),
        };
        let key = VerificationKey::from_certificate(der).ok();
        Self {
            thumbprint: thumbprint(der),
            subject,
            not_after,
            algorithm: key.map_or("", |key| key.kind().algorithm_name()),
        }
    }

    /// For scripts.
    pub fn document(&self) -> Value {
        json!({
            "thumbprint": self.thumbprint,
            "subject": self.subject,
            "not_after": self.not_after,
            "algorithm": self.algorithm,
        })
    }
}
