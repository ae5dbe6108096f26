//! The certificate that workloads know the vault by, and its key, which signs answers.

use std::error::Error;
use std::fs;
use std::path::Path;

use attestry_client::CertifiedKey;
use rcgen::{CertificateParams, KeyPair};

/// Reads `vault.pem` and `vault.key` in this directory; makes them first when they are not there.
pub fn load_or_make(directory: &Path) -> Result<CertifiedKey, Box<dyn Error>> {
    let (certificate, key) = (directory.join("vault.pem"), directory.join("vault.key"));
    if !certificate.exists() {
        let pair = KeyPair::generate()?;
        let made = CertificateParams::new(["localhost".to_owned()])?.self_signed(&pair)?;
        fs::create_dir_all(directory)?;
        fs::write(&key, pair.serialize_pem())?;
        fs::write(&certificate, made.pem())?;
    }
    Ok(CertifiedKey::from_pem(
        &fs::read(&key)?,
        &fs::read(&certificate)?,
    )?)
}
