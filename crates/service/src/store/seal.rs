//! Sealing of private keys at rest: AES-256-GCM under one key-encryption key.
//!
//! The key-encryption key is read from the configuration or from a file that only its owner may read. Losing
//! it loses every sealed key. A sealed value is bound to a context (the key's identifier), so that sealed
//! values cannot be exchanged within the database.

use std::fmt;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attestry_evidence::hex;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use thiserror::Error;
use zeroize::Zeroizing;

/// Size of the key-encryption key in bytes: AES-256.
const KEY_LEN: usize = 32;

/// Why a key could not be sealed or opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key-encryption key is not 64 hexadecimal digits.
    #[error("the key-encryption key must be 64 hexadecimal digits")]
    MalformedKey,
    /// The key-encryption key's file cannot be read or written.
    #[error("the key-encryption key file `{}` cannot be used", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others than its owner may read the key-encryption key's file.
    #[error("the key-encryption key file `{}` must be readable by its owner only", path.display())]
    FileTooOpen {
        /// The file.
        path: PathBuf,
    },
    /// The sealed value was changed, belongs to another key, or was sealed under another key-encryption key.
    #[error("a stored key cannot be opened with this key-encryption key")]
    Open,
    /// The cryptographic library failed.
    #[error("the cryptographic library failed to seal a key")]
    Seal,
}

/// The key-encryption key. Does not show itself.
#[derive(Clone)]
pub struct KeyEncryptionKey(Arc<RandomizedNonceKey>);

impl KeyEncryptionKey {
    /// Takes the key from `configured` (64 hexadecimal digits) or else from `path`, where a random one is
    /// written on the first start.
    pub fn load_or_create(configured: Option<&str>, path: &Path) -> Result<Self, SealError> {
        if let Some(digits) = configured {
            return Self::from_hex(digits);
        }
        match read_private(path) {
            Ok(digits) => Self::from_hex(&digits),
            Err(SealError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {
                write_new_key(path)?;
                Self::from_hex(&read_private(path)?)
            }
            Err(error) => Err(error),
        }
    }

    /// Seals `secret` for `context`: nonce (12 bytes), ciphertext, tag (16 bytes).
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut buffer = Zeroizing::new(secret.to_vec());
        let nonce = self
            .0
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut *buffer)
            .map_err(|_| SealError::Seal)?;
        Ok([nonce.as_ref().as_slice(), buffer.as_slice()].concat())
    }

    /// Opens what [`KeyEncryptionKey::seal`] made for the same `context`.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Open)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .0
            .open_in_place(Nonce::from(nonce), Aad::from(context.as_bytes()), &mut buffer)
            .map_err(|_| SealError::Open)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    fn from_hex(digits: &str) -> Result<Self, SealError> {
        let key = hex::decode(digits.trim().as_bytes())
            .map(Zeroizing::new)
            .filter(|key| key.len() == KEY_LEN)
            .ok_or(SealError::MalformedKey)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &key).map_err(|_| SealError::MalformedKey)?;
        Ok(Self(Arc::new(key)))
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(..)")
    }
}

fn read_private(path: &Path) -> Result<Zeroizing<String>, SealError> {
    let digits = std::fs::read_to_string(path).map_err(|source| file_error(path, source))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path)
            .map_err(|source| file_error(path, source))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(SealError::FileTooOpen {
                path: path.to_owned(),
            });
        }
    }
    Ok(Zeroizing::new(digits))
}

/// Writes a random key so that after a crash there is either a whole key file or none: the keys sealed under
/// it would be lost with it.
fn write_new_key(path: &Path) -> Result<(), SealError> {
    let mut key = Zeroizing::new([0_u8; KEY_LEN]);
    aws_lc_rs::rand::fill(&mut *key).map_err(|_| SealError::Seal)?;
    let digits = Zeroizing::new(hex::encode(&*key));
    let temporary = path.with_extension("new");
    let directory = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    write_durably(&temporary, digits.as_bytes())
        .and_then(|()| std::fs::rename(&temporary, path))
        .and_then(|()| std::fs::File::open(directory)?.sync_all())
        .map_err(|source| file_error(path, source))
}

fn write_durably(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn file_error(path: &Path, source: std::io::Error) -> SealError {
    SealError::File {
        path: path.to_owned(),
        source,
    }
}
