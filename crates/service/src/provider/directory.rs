//! Which provider a request is for: by host `<name>.<base domain>`, by path `/p/<name>/...`, or the default
//! one at the bare base URL.

use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use thiserror::Error;
use tokio::sync::{Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

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
    /// there is a base domain (`label` is what stands before it: `<name>`, or `<name>.<location>`), else by path.
    pub fn issuer_url(&self, name: &str, label: &str, default: bool) -> String {
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
            format!("{scheme}://{label}.{}{port}", self.base_domain)
        }
    }

    /// Whether a provider of this label would be at the service's own host, where the default provider is: their tokens
    /// would name the same issuer.
    pub fn is_own_host(&self, label: &str) -> bool {
        let domain = self.base_domain.to_ascii_lowercase();
        !domain.is_empty() && self.base_host() == format!("{label}.{domain}")
    }

    fn base_host(&self) -> String {
        let authority = self.base_url.split_once("://");
        host_name(authority.map_or(self.base_url.as_str(), |(_, host)| host))
    }
}

/// All providers at one moment: which there are, and for each a place that holds its current snapshot.
#[derive(Debug, Clone)]
pub struct Providers {
    /// The service's own host, which may itself be below the base domain.
    base_host: String,
    base_domain: String,
    by_name: BTreeMap<Arc<str>, Arc<Place>>,
    /// Names by what stands before the base domain.
    by_label: BTreeMap<Arc<str>, Arc<Place>>,
    default: Option<Arc<Place>>,
}

/// Where a provider's snapshot stands; snapshots are never changed, only replaced.
#[derive(Debug)]
struct Place {
    current: ArcSwap<Provider>,
    /// Held by whoever prepares the next snapshot.
    changing: Arc<Mutex<()>>,
}

impl Place {
    fn of(provider: Arc<Provider>) -> Arc<Self> {
        Arc::new(Self {
            current: ArcSwap::new(provider),
            changing: Arc::default(),
        })
    }
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
    /// A provider other than the default one would be at the host of `server.base_url`.
    #[error("the provider `{0}` would be at the host of `server.base_url`, which is the service's own")]
    OwnHost(String),
}

impl Providers {
    /// The providers reachable at `addressing`; `default` answers at the bare base URL.
    pub fn new(
        addressing: &Addressing,
        providers: impl IntoIterator<Item = Arc<Provider>>,
        default: Option<&str>,
    ) -> Result<Self, ProvidersError> {
        let mut all = Self {
            base_host: addressing.base_host(),
            base_domain: addressing.base_domain.to_ascii_lowercase(),
            by_name: BTreeMap::new(),
            by_label: BTreeMap::new(),
            default: None,
        };
        for provider in providers {
            all.insert(provider)?;
        }
        if let Some(name) = default {
            let found = all.by_name.get(name).map(Arc::clone);
            all.default = Some(found.ok_or_else(|| ProvidersError::UnknownDefault(name.to_owned()))?);
        }
        let is_misplaced = |provider: &Arc<Provider>| {
            default != Some(&*provider.name) && addressing.is_own_host(&provider.label)
        };
        let misplaced = all.iter().find(is_misplaced);
        if let Some(provider) = misplaced {
            return Err(ProvidersError::OwnHost(provider.name.clone()));
        }
        Ok(all)
    }

    fn insert(&mut self, provider: Arc<Provider>) -> Result<(), ProvidersError> {
        if self.by_name.contains_key(provider.name.as_str())
            || self.by_label.contains_key(provider.label.as_str())
        {
            return Err(ProvidersError::Duplicate(provider.name.clone()));
        }
        let (name, label) = (
            Arc::from(provider.name.as_str()),
            Arc::from(provider.label.as_str()),
        );
        let place = Place::of(provider);
        self.by_name.insert(name, Arc::clone(&place));
        self.by_label.insert(label, place);
        Ok(())
    }

    /// The provider of a request and the rest of its path. `host` may carry a port, in any case; `path` has no
    /// repeated slashes. A host under the base domain decides; elsewhere the path does, and then the default.
    pub fn resolve<'p>(&self, host: Option<&str>, path: &'p str) -> Option<(Arc<Provider>, &'p str)> {
        let (place, rest) = match (host.and_then(|host| self.label_in(host)), split_prefix(path)) {
            (Some(label), None) => (self.by_label.get(label.as_str()), path),
            (Some(label), Some((name, rest))) => {
                // One request cannot be for two providers.
                let by_host = self.by_label.get(label.as_str());
                let named = by_host.filter(|place| place.current.load().name.eq_ignore_ascii_case(name));
                (named, rest)
            }
            (None, Some((name, rest))) => (self.by_name.get(name.to_ascii_lowercase().as_str()), rest),
            (None, None) => (self.default.as_ref(), path),
        };
        place.map(|place| (place.current.load_full(), rest))
    }

    /// Whether a request is for the service itself: neither host nor path is a provider's. What [`Self::resolve`] says
    /// about the host and the path applies.
    pub fn is_base(&self, host: Option<&str>, path: &str) -> bool {
        host.and_then(|host| self.label_in(host)).is_none() && split_prefix(path).is_none()
    }

    /// Every provider, by name.
    pub fn iter(&self) -> impl Iterator<Item = Arc<Provider>> {
        self.by_name.values().map(|place| place.current.load_full())
    }

    /// The provider of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Provider>> {
        self.by_name.get(name).map(|place| place.current.load_full())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// What stands before the base domain, if the host is below it and not the service's own.
    fn label_in(&self, host: &str) -> Option<String> {
        if self.base_domain.is_empty() {
            return None;
        }
        let host = host_name(host);
        if host == self.base_host {
            return None;
        }
        host.strip_suffix(&self.base_domain)?
            .strip_suffix('.')
            .map(str::to_owned)
    }
}

/// A host without its port, in the form in which it is compared.
fn host_name(host: &str) -> String {
    let host = host.rsplit_once(':').map_or(host, |(host, _port)| host);
    host.trim_end_matches('.').to_ascii_lowercase()
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

/// The current providers, which requests read without waiting and changes replace.
#[derive(Debug)]
pub struct Directory {
    providers: ArcSwap<Providers>,
    /// Read by changes to one provider, written by those to all of them or to which there are.
    structure: Arc<RwLock<()>>,
}

/// The right to change one provider: nobody else changes it, nor the set of providers, until this is dropped.
#[derive(Debug)]
pub struct Changing {
    place: Arc<Place>,
    _one: OwnedMutexGuard<()>,
    _structure: OwnedRwLockReadGuard<()>,
}

/// The right to change which providers there are: nobody else changes any, until this is dropped.
#[derive(Debug)]
pub struct Restructuring {
    directory: Arc<Directory>,
    _structure: OwnedRwLockWriteGuard<()>,
}

impl Directory {
    /// A directory of these providers.
    pub fn new(providers: Providers) -> Self {
        Self {
            providers: ArcSwap::from_pointee(providers),
            structure: Arc::default(),
        }
    }

    /// The providers as they are now. Requests keep the snapshot they began with.
    pub fn current(&self) -> Arc<Providers> {
        self.providers.load_full()
    }

    /// Waits for the right to change the provider `name`; `None` when there is none of that name.
    pub async fn change(&self, name: &str) -> Option<Changing> {
        let structure = Arc::clone(&self.structure).read_owned().await;
        let place = self.providers.load().by_name.get(name).map(Arc::clone)?;
        let one = Arc::clone(&place.changing).lock_owned().await;
        Some(Changing {
            place,
            _one: one,
            _structure: structure,
        })
    }

    /// Waits for the right to change which providers there are.
    pub async fn restructure(self: &Arc<Self>) -> Restructuring {
        Restructuring {
            _structure: Arc::clone(&self.structure).write_owned().await,
            directory: Arc::clone(self),
        }
    }
}

impl Changing {
    /// The provider as it is, which nobody else is changing.
    pub fn current(&self) -> Arc<Provider> {
        self.place.current.load_full()
    }

    /// Requests that begin from now on see this one.
    pub fn replace(&self, provider: Provider) {
        self.place.current.store(Arc::new(provider));
    }
}

impl Restructuring {
    /// Replaces all providers at once.
    pub fn replace_all(&self, providers: Providers) {
        self.directory.providers.store(Arc::new(providers));
    }

    /// Replaces one provider's snapshot, or adds it when there is none of its name.
    pub fn put(&self, provider: Provider) -> Result<(), ProvidersError> {
        let current = self.directory.current();
        if let Some(place) = current.by_name.get(provider.name.as_str()) {
            place.current.store(Arc::new(provider));
            return Ok(());
        }
        let mut more = Providers::clone(&current);
        more.insert(Arc::new(provider))?;
        self.replace_all(more);
        Ok(())
    }

    /// Takes a provider away.
    pub fn remove(&self, name: &str) {
        let mut fewer = Providers::clone(&self.directory.current());
        if let Some(place) = fewer.by_name.remove(name) {
            fewer.by_label.retain(|_, other| !Arc::ptr_eq(other, &place));
        }
        self.replace_all(fewer);
    }
}
