//! An issuer whose access tokens are accepted: its rules, and its keys from wherever they come.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use attestry_api::access_token::{AccessToken, IssuerKeys, Rules, VerifiedAccessToken};
use attestry_evidence::time::UnixTime;

use super::AuthnError;
use super::key_cache::KeyCache;
use super::published_keys::{IssuerError, MAX_DOCUMENT_BYTES, PublishedKeys};
use crate::config::IssuerConfig;

/// A trusted issuer.
#[derive(Debug)]
pub(super) struct TrustedIssuer {
    rules: Rules,
    keys: Keys,
}

#[derive(Debug)]
enum Keys {
    File {
        path: PathBuf,
        keys: ArcSwap<IssuerKeys>,
    },
    Published(Arc<KeyCache>),
}

impl TrustedIssuer {
    /// Nothing is fetched yet; a file of keys is read. `plain_http` says whether plain HTTP will do.
    pub(super) fn new(config: &IssuerConfig, plain_http: bool) -> Result<Self, IssuerError> {
        let keys = if config.jwks_file.as_os_str().is_empty() {
            let place = PublishedKeys::new(config, plain_http)?;
            Keys::Published(KeyCache::new(config, place))
        } else {
            Keys::File {
                keys: ArcSwap::from_pointee(read(&config.jwks_file)?),
                path: config.jwks_file.clone(),
            }
        };
        let max_life = i64::from(config.max_token_life_seconds);
        Ok(Self {
            rules: Rules {
                issuer: config.issuer.clone(),
                audiences: config.audiences.clone(),
                algorithms: config.algorithms(),
                skew_seconds: config.clock_skew_seconds,
                max_life_seconds: (max_life > 0).then_some(max_life),
            },
            keys,
        })
    }

    /// What its tokens are held to.
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Reads a file of keys again; keys that are fetched are kept.
    pub(super) fn reload(&self) -> Result<(), IssuerError> {
        if let Keys::File { path, keys } = &self.keys {
            keys.store(Arc::new(read(path)?));
        }
        Ok(())
    }

    /// Verifies a token that says it is of this issuer.
    pub(super) async fn verify(
        &self,
        token: AccessToken<'_>,
        now: UnixTime,
    ) -> Result<VerifiedAccessToken, AuthnError> {
        let keys = match &self.keys {
            Keys::File { keys, .. } => keys.load_full(),
            Keys::Published(cache) => {
                let keys = cache.keys(token.key_id(), now).await;
                keys.map_err(|_| AuthnError::IssuerUnavailable)?
            }
        };
        Ok(token.verify(&keys, &self.rules, now.seconds())?)
    }
}

fn read(path: &Path) -> Result<IssuerKeys, IssuerError> {
    let file = |error: std::io::Error| IssuerError::File {
        path: path.to_owned(),
        kind: error.kind(),
    };
    let length = std::fs::metadata(path).map_err(file)?.len();
    if usize::try_from(length).is_ok_and(|length| length > MAX_DOCUMENT_BYTES) {
        return Err(IssuerError::TooLarge {
            path: path.to_owned(),
        });
    }
    let unusable = |reason: String| IssuerError::Keys {
        path: path.to_owned(),
        reason,
    };
    let keys = IssuerKeys::from_json(&std::fs::read(path).map_err(file)?);
    let keys = keys.map_err(|error| unusable(error.to_string()))?;
    if keys.is_empty() {
        return Err(unusable("none is for signatures of a supported kind".to_owned()));
    }
    Ok(keys)
}
