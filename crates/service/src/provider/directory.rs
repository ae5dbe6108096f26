//! Which provider a request is for: by host `<name>.<base domain>`, by path `/p/<name>/...`, or the default
//! one at the bare base URL.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use thiserror::Error;

use super::Provider;

/// Where the service is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addressing {
    /// `https://host[:port]`, no trailing slash.
    pub base_url: String,
    /// Domain whose sub-domains are providers; empty when they are addressed by path only.
    pub base_domain: String,
}

impl Addressing {
    /// The attest URI of a provider. The default one's is the base URL. The others are named by host when
    /// there is a base domain, else by path.
    pub fn issuer_url(&self, name: &str, default: bool) -> String {
        if default {
            self.base_url.clone()
        } else if self.base_domain.is_empty() {
            format!("{}/p/{name}", self.base_url)
        } else {
            let (scheme, authority) = self
                .base_url
                .split_once("://")
                .unwrap_or(("https", &self.base_url));
            let port = authority
                .rsplit_once(':')
                .map_or(String::new(), |(_, port)| format!(":{port}"));
            format!("{scheme}://{name}.{}{port}", self.base_domain)
        }
    }
}

/// All providers at one moment.
#[derive(Debug)]
pub struct Providers {
    base_domain: String,
    by_name: BTreeMap<String, Arc<Provider>>,
    default: Option<Arc<Provider>>,
}

/// The providers do not fit together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProvidersError {
    /// Two providers of one name.
    #[error("the provider `{0}` is defined twice")]
    Duplicate(String),
    /// The default provider is not among them.
    #[error("the default provider `{0}` is not defined")]
    UnknownDefault(String),
}

impl Providers {
    /// The providers reachable at `addressing`; `default` answers at the bare base URL.
    pub fn new(
        addressing: &Addressing,
        providers: impl IntoIterator<Item = Arc<Provider>>,
        default: Option<&str>,
    ) -> Result<Self, ProvidersError> {
        let mut by_name = BTreeMap::new();
        for provider in providers {
            if let Some(earlier) = by_name.insert(provider.name.clone(), provider) {
                return Err(ProvidersError::Duplicate(earlier.name.clone()));
            }
        }
        let default = match default {
            None => None,
            Some(name) => {
                let found = by_name.get(name).cloned();
                Some(found.ok_or_else(|| ProvidersError::UnknownDefault(name.to_owned()))?)
            }
        };
        Ok(Self {
            base_domain: addressing.base_domain.to_ascii_lowercase(),
            by_name,
            default,
        })
    }

    /// The provider of a request and the rest of its path. `host` may carry a port, in any case; `path` has no
    /// repeated slashes. The name in a path decides before the host does.
    pub fn resolve<'p>(&self, host: Option<&str>, path: &'p str) -> Option<(Arc<Provider>, &'p str)> {
        if let Some((name, rest)) = split_prefix(path) {
            return self
                .by_name
                .get(&name.to_ascii_lowercase())
                .cloned()
                .map(|provider| (provider, rest));
        }
        match host.and_then(|host| self.name_in(host)) {
            Some(name) => self.by_name.get(&name).cloned(),
            None => self.default.clone(),
        }
        .map(|provider| (provider, path))
    }

    /// Every provider, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.by_name.values()
    }

    /// The label before the base domain, if the host is a sub-domain of it.
    fn name_in(&self, host: &str) -> Option<String> {
        if self.base_domain.is_empty() {
            return None;
        }
        let host = host.rsplit_once(':').map_or(host, |(host, _port)| host);
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        host.strip_suffix(&self.base_domain)?
            .strip_suffix('.')
            .map(str::to_owned)
    }
}

/// `/p/<name>/rest` as name and `/rest`.
fn split_prefix(path: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = path.split_at_checked(PATH_PREFIX.len())?;
    if !prefix.eq_ignore_ascii_case(PATH_PREFIX) {
        return None;
    }
    Some(match rest.find('/') {
        Some(end) => rest.split_at_checked(end).unwrap_or((rest, "/")),
        None => (rest, "/"),
    })
}

const PATH_PREFIX: &str = "/p/";

/// The current providers, replaced as a whole.
#[derive(Debug)]
pub struct Directory(ArcSwap<Providers>);

impl Directory {
    /// A directory of these providers.
    pub fn new(providers: Providers) -> Self {
        Self(ArcSwap::from_pointee(providers))
    }

    /// The providers as they are now. Requests keep the snapshot they began with.
    pub fn current(&self) -> Arc<Providers> {
        self.0.load_full()
    }

    /// Replaces all of them at once.
    pub fn replace(&self, providers: Providers) {
        self.0.store(Arc::new(providers));
    }
}
