//! The certificate that workloads know the vault by, and its key, which signs answers.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
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
        write_private(&key, pair.serialize_pem().as_bytes())?;
        fs::write(&certificate, made.pem())?;
    }
    Ok(CertifiedKey::from_pem(
        &fs::read(&key)?,
        &fs::read(&certificate)?,
    )?)
}

/// Nobody else on the machine may sign answers.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}
