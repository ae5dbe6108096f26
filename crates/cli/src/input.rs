//! What comes in from the outside: files, standard input, times, names of evidence types.
//!
//! Everything here is bounded and refuses with a sentence that names the file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use attestry_api::AttestationType;
use attestry_evidence::snp::AmdAnchors;
use attestry_evidence::x509::{Certificate, TrustAnchors};

use crate::failure::Failure;

/// The largest input file: the service takes 1 MiB bodies, bundles of collateral for several platforms are larger.
const MAX_FILE: u64 = 16 * 1024 * 1024;

/// Reads a whole file; `-` is standard input.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        io::stdin()
            .lock()
            .take(MAX_FILE.saturating_add(1))
            .read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(MAX_FILE.saturating_add(1)).read_to_end(&mut bytes))
    };
    match read {
        Err(error) => Err(unreadable(path, &error)),
        Ok(_) if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > MAX_FILE => Err(Failure::usage(format!(
            "{} is larger than {MAX_FILE} bytes",
            name(path)
        ))),
        Ok(_) => Ok(bytes),
    }
}

/// Why a file or directory cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("cannot read {}: {}", name(path), plain(error)))
}

/// Reads a file that must be UTF-8 text.
pub fn read_text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(read(path)?).map_err(|_| Failure::usage(format!("{} is not UTF-8 text", name(path))))
}

/// Reads evidence: raw bytes, or the same as hex or base64 text.
///
/// Binary evidence always has bytes that no text encoding uses (lengths and versions contain zeros), so the
/// forms cannot be confused.
pub fn read_evidence(path: &Path) -> Result<Vec<u8>, Failure> {
    let bytes = read(path)?;
    if bytes.is_empty() {
        return Err(Failure::usage(format!("{} is empty", name(path))));
    }
    Ok(decode_text(&bytes).unwrap_or(bytes))
}

/// The bytes behind hex or base64 text; nothing when it is neither.
pub fn decode_text(bytes: &[u8]) -> Option<Vec<u8>> {
    let text: String = std::str::from_utf8(bytes)
        .ok()?
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .collect();
    if text.is_empty() {
        return None;
    }
    attestry_api::hex::decode(&text).or_else(|| attestry_api::b64::decode_lenient(&text).ok())
}

/// The trust anchors in the given files, or Intel's root when there are none.
pub fn trust_anchors(roots: &[PathBuf]) -> Result<TrustAnchors, Failure> {
    if roots.is_empty() {
        return Ok(TrustAnchors::intel());
    }
    let certificates = roots
        .iter()
        .map(|path| read(path))
        .collect::<Result<Vec<_>, _>>()?;
    TrustAnchors::from_certificates(&certificates)
        .map_err(|error| Failure::usage(format!("--root cannot be used: {error}")))
}

/// Whom the collateral of each vendor is taken from.
pub struct Roots {
    /// Of Intel's evidence.
    pub intel: TrustAnchors,
    /// Of AMD's evidence.
    pub amd: AmdAnchors,
}

/// The trust anchors in the given files, sorted by vendor. Those of a vendor without any are the built-in ones.
pub fn roots(paths: &[PathBuf]) -> Result<Roots, Failure> {
    let unusable = |error: &dyn std::fmt::Display| Failure::usage(format!("--root cannot be used: {error}"));
    let (mut intel, mut amd) = (Vec::new(), Vec::new());
    for path in paths {
        let bytes = read(path)?;
        // Intel's keys are on P-256, AMD's are RSA keys.
        match Certificate::parse(&bytes) {
            Ok(_) => intel.push(bytes),
            Err(_) => amd.push(bytes),
        }
    }
    Ok(Roots {
        intel: if intel.is_empty() {
            TrustAnchors::intel()
        } else {
            TrustAnchors::from_certificates(&intel).map_err(|error| unusable(&error))?
        },
        amd: if amd.is_empty() {
            AmdAnchors::amd()
        } else {
            AmdAnchors::from_certificates(&amd).map_err(|error| unusable(&error))?
        },
    })
}

/// How a path reads in a sentence.
pub fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".to_owned()
    } else {
        format!("`{}`", path.display())
    }
}

/// Parses an evidence type for clap: the names of this command line or MAA's, in any case.
pub fn attestation_type(text: &str) -> Result<AttestationType, String> {
    text.parse().map_err(|_| {
        "expected one of sgx-enclave, open-enclave, tdx-vm, sev-snp-vm, azure-guest, tpm".to_owned()
    })
}

/// Parses a time for clap: RFC 3339 or seconds since 1970.
pub fn time(text: &str) -> Result<i64, String> {
    if let Ok(seconds) = text.parse::<i64>() {
        return Ok(seconds);
    }
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_second)
        .map_err(|_| "expected RFC 3339 (2026-03-01T00:00:00Z) or seconds since 1970".to_owned())
}

/// The time now, in seconds since 1970.
pub fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// An I/O error without the operating system's number.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        _ => error.to_string(),
    }
}
