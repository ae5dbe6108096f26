//! What the vault keeps, and whose tokens it trusts: one JSON file. Files in it are looked for beside it.

use std::collections::HashMap;
use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use attestry_client::key_release::{HeldKey, ReleasePolicy, Secret};
use attestry_client::{Client, TokenRules};
use serde::Deserialize;

/// Keys by name and version.
pub type Keys = HashMap<(String, String), HeldKey>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    issuer: Issuer,
    keys: Vec<Entry>,
    #[serde(skip)]
    directory: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Issuer {
    /// Base URL, which is also the `iss` that tokens must have.
    url: String,
    /// PEM of the certificate authority of its TLS certificate.
    ca: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    version: String,
    kty: String,
    key_ops: Vec<String>,
    /// The key itself: PKCS #8, or the bytes of a symmetric key.
    secret: PathBuf,
    /// Its release policy, as JSON or in the wire form.
    release_policy: PathBuf,
}

impl Configuration {
    pub fn load(path: &Path) -> Result<Self, Box<dyn Error>> {
        let configuration: Self =
            serde_json::from_slice(&read(path)?).map_err(|error| format!("{}: {error}", path.display()))?;
        let directory = path.parent().unwrap_or(Path::new(".")).to_owned();
        Ok(Self {
            directory,
            ..configuration
        })
    }

    /// A client of the issuer: its metadata and keys are fetched from the configured address, whatever a token says.
    pub fn issuer(&self) -> Result<Client, Box<dyn Error>> {
        let ca = read(&self.directory.join(&self.issuer.ca))?;
        let rules = TokenRules::new().issuer(self.issuer.url.trim_end_matches('/'));
        Ok(Client::builder(&self.issuer.url)
            .ca_pem(ca)
            .token_rules(rules)
            .build()?)
    }

    /// The keys, with their URLs in a vault at `url`.
    pub fn keys(&self, url: &str) -> Result<Keys, Box<dyn Error>> {
        let mut keys = Keys::new();
        for key in &self.keys {
            let policy = read(&self.directory.join(&key.release_policy))?;
            let policy = ReleasePolicy::from_json(&policy)
                .map_err(|error| format!("{}: {error}", key.release_policy.display()))?;
            let held = HeldKey {
                kid: format!("{url}/keys/{}/{}", key.name, key.version),
                kty: key.kty.clone(),
                key_ops: key.key_ops.clone(),
                secret: Secret::from(read(&self.directory.join(&key.secret))?),
                policy,
            };
            keys.insert((key.name.clone(), key.version.clone()), held);
        }
        Ok(keys)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
