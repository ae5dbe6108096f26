//! AMD's revocation lists: taken from files, operators, sources and the store, each root's replaced only by a newer one,
//! and looked for again in the background.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use attestry_evidence::hex;
use attestry_evidence::snp::{AmdCrl, AmdCrls, Product, SnpError};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::VendorKey;
use tracing::{error, info, warn};

use super::{AmdCollateral, AmdImportError, AmdSource, Inner, sha256};
use crate::collateral::refresh;
use crate::collateral::status::seconds_between;
use crate::store::{AmdCrlRecord, StoreError};
use crate::telemetry::metrics::AmdCrlLabels;

/// The lists in use, and what is known of each beside what it says.
#[derive(Default)]
pub(super) struct Lists {
    in_use: ArcSwap<AmdCrls>,
    /// By root; there are as many as trusted roots at most.
    origins: Mutex<HashMap<RootKey, Origin>>,
    /// By line: when sources are asked next, and when an operator was last told that a list expires.
    schedule: Mutex<HashMap<Product, Schedule>>,
}

/// SHA-256 of a root's public key.
type RootKey = [u8; 32];

/// Where a list came from.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    pub(super) source: String,
    pub(super) fetched_at: UnixTime,
}

#[derive(Debug, Clone, Copy, Default)]
struct Schedule {
    next: Option<UnixTime>,
    told_at: Option<UnixTime>,
}

impl Lists {
    pub(super) fn in_use(&self) -> Arc<AmdCrls> {
        self.in_use.load_full()
    }

    pub(super) fn origin(&self, crl: &AmdCrl) -> Option<Origin> {
        let origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        origins.get(&root_key(crl)).cloned()
    }

    /// Puts a list in use unless a newer one of the same root is: gives when that was issued.
    fn hold(&self, crl: &AmdCrl, origin: Origin) -> Result<(), UnixTime> {
        // Also keeps two from being put in use at a time.
        let mut origins = self.origins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(newer) = self.newer(crl) {
            return Err(newer);
        }
        let held = AmdCrls::clone(&self.in_use.load());
        self.in_use.store(Arc::new(held.with(crl.clone())));
        origins.insert(root_key(crl), origin);
        Ok(())
    }

    /// When the list in use of the same root was issued, if that is newer.
    fn newer(&self, crl: &AmdCrl) -> Option<UnixTime> {
        let in_use = self.in_use.load();
        let held = in_use.iter().find(|held| held.issuer() == crl.issuer())?;
        let held = held.list().this_update();
        (held > crl.list().this_update()).then_some(held)
    }

    fn is_due(&self, product: Product, now: UnixTime) -> bool {
        let schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        let next = schedule.get(&product).and_then(|schedule| schedule.next);
        next.is_none_or(|next| now >= next)
    }

    fn change(&self, product: Product, change: impl FnOnce(&mut Schedule)) {
        let mut schedule = self.schedule.lock().unwrap_or_else(PoisonError::into_inner);
        change(schedule.entry(product).or_default());
    }

    /// Whether an operator is to be told again that a list expires.
    fn is_telling(&self, product: Product, now: UnixTime) -> bool {
        let mut telling = false;
        self.change(product, |schedule| {
            telling = schedule
                .told_at
                .is_none_or(|at| seconds_between(at, now) >= SECONDS_BETWEEN_NOTICES);
            if telling {
                schedule.told_at = Some(now);
            }
        });
        telling
    }
}

impl AmdCollateral {
    /// The revocation lists at hand.
    pub fn crls(&self) -> Arc<AmdCrls> {
        self.0.lists.in_use()
    }

    /// Takes a verified list that is not to be stored. An older one than the one at hand stays out.
    pub fn take_crl(&self, crl: &AmdCrl, source: &str, now: UnixTime) {
        let origin = Origin {
            source: source.to_owned(),
            fetched_at: now,
        };
        if let Err(newer) = self.0.lists.hold(crl, origin) {
            info!(
                crl.product = %crl.product(), crl.held = %newer, crl.offered = %crl.list().this_update(), source,
                "a newer revocation list is in use",
            );
        }
    }

    /// Takes a list, PEM or DER, that an operator hands over. It must verify, be for `label` if there is one, and not be
    /// older than the one at hand.
    pub async fn import_crl(
        &self,
        list: &[u8],
        label: Option<Product>,
        source: &str,
        now: UnixTime,
    ) -> Result<Product, AmdImportError> {
        let crl = self.0.verified_crl(list.to_vec(), now).await;
        let crl = crl.map_err(AmdImportError::Refused)?;
        let product = crl.product();
        if label.is_some_and(|label| label != product) {
            return Err(AmdImportError::Mislabelled);
        }
        match self.0.keep_crl(&crl, source, now).await? {
            Ok(()) => Ok(product),
            Err(held) => {
                let offered = crl.list().this_update();
                Err(AmdImportError::Older { held, offered })
            }
        }
    }

    /// Takes in the lists that the store has and this process has not, for example what another one has imported.
    pub async fn reload(&self, now: UnixTime) -> Result<(), StoreError> {
        self.0.restore_crls(now).await
    }

    /// Brings the gauges up to date, tells when a list is about to expire, and looks for newer lists where that is due.
    /// Returns how many lists were obtained.
    pub async fn refresh_step(&self, now: UnixTime) -> usize {
        self.0.look_at_ages(now);
        let mut obtained = 0;
        for product in self.0.products() {
            if self.0.sources.iter().any(AmdSource::has_lists)
                && self.0.lists.is_due(product, now)
                && self.0.refresh_crl(product, now).await
            {
                obtained += 1;
            }
        }
        self.0.look_at_ages(now);
        obtained
    }
}

impl Inner {
    /// The lines of the trusted roots.
    fn products(&self) -> Vec<Product> {
        let mut products: Vec<_> = self.anchors.roots().map(|(product, _)| product).collect();
        products.sort_unstable();
        products.dedup();
        products
    }

    /// Asks the sources in turn for the list of a line.
    async fn refresh_crl(&self, product: Product, now: UnixTime) -> bool {
        for source in self.sources.iter().filter(|source| source.has_lists()) {
            let name = source.name();
            let taken = match source.crl(product).await {
                Ok(list) => self.take_fetched(product, list, &name, now).await,
                Err(error) => {
                    warn!(crl.product = %product, collateral.source = name, error = %error, "a revocation list was not refreshed");
                    self.count_fetch(source, "unavailable");
                    continue;
                }
            };
            self.count_fetch(source, if taken { "ok" } else { "refused" });
            if taken {
                return true;
            }
        }
        self.lists
            .change(product, |schedule| schedule.next = refresh::retry_at(now));
        false
    }

    /// Puts a fetched list in use, if it is good and not older than the one at hand.
    async fn take_fetched(&self, product: Product, list: Vec<u8>, source: &str, now: UnixTime) -> bool {
        let refused = |reason: &dyn std::fmt::Display| {
            error!(
                crl.product = %product, collateral.source = source, reason = %reason,
                "a source gave a revocation list that is refused; the one at hand stays in use",
            );
            self.count_alarm(product);
            false
        };
        let crl = match self.verified_crl(list, now).await {
            Ok(crl) if crl.product() == product => crl,
            Ok(crl) => return refused(&format_args!("it is for {}", crl.product())),
            Err(error) => return refused(&error),
        };
        match self.keep_crl(&crl, source, now).await {
            Ok(Ok(())) => {}
            Ok(Err(held)) => {
                return refused(&format_args!(
                    "it is of {}, older than {held}",
                    crl.list().this_update()
                ));
            }
            // A good list is not thrown away because the disk is full.
            Err(error) => {
                error!(crl.product = %product, error = %error, "a revocation list could not be stored");
                let origin = Origin {
                    source: source.to_owned(),
                    fetched_at: now,
                };
                if self.lists.hold(&crl, origin).is_err() {
                    return false;
                }
            }
        }
        self.plan(&crl, now);
        true
    }

    /// Stores a list and puts it in use; or gives when the newer one was issued that is at hand.
    async fn keep_crl(
        &self,
        crl: &AmdCrl,
        source: &str,
        now: UnixTime,
    ) -> Result<Result<(), UnixTime>, StoreError> {
        if let Some(newer) = self.lists.newer(crl) {
            return Ok(Err(newer));
        }
        if let Some(store) = &self.store
            && !store.amd_crl_put(&crl_record(crl, source, now)).await?
        {
            // Another process has stored a newer one meanwhile.
            self.restore_crls(now).await?;
        }
        let origin = Origin {
            source: source.to_owned(),
            fetched_at: now,
        };
        Ok(self.lists.hold(crl, origin))
    }

    /// Takes in what the store has.
    pub(super) async fn restore_crls(&self, now: UnixTime) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        for record in store.amd_crl_list().await? {
            let verified = self.verified_crl(record.crl, now).await;
            let crl = match verified {
                Ok(crl) => crl,
                Err(error) => {
                    info!(crl.product = record.product, error = %error, "a stored revocation list cannot be used now");
                    continue;
                }
            };
            let origin = Origin {
                source: record.source,
                fetched_at: record.fetched_at,
            };
            if self.lists.hold(&crl, origin).is_ok() {
                self.plan(&crl, record.fetched_at);
            }
        }
        Ok(())
    }

    /// Sources are asked again at half of what is left of the list's life, and a day after it was fetched at the latest:
    /// a revocation is worth a request a day.
    fn plan(&self, crl: &AmdCrl, fetched_at: UnixTime) {
        let half = refresh::refresh_at(fetched_at, crl.list().next_update());
        let day = fetched_at.add_seconds(SECONDS_BETWEEN_REFRESHES).unwrap_or(half);
        self.lists
            .change(crl.product(), |schedule| schedule.next = Some(half.min(day)));
    }

    async fn verified_crl(&self, list: Vec<u8>, now: UnixTime) -> Result<AmdCrl, SnpError> {
        let anchors = Arc::clone(&self.anchors);
        let verify = move || AmdCrl::verify(&list, &anchors, now);
        match tokio::task::spawn_blocking(verify).await {
            Ok(verified) => verified,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    fn look_at_ages(&self, now: UnixTime) {
        let lists = self.lists.in_use();
        for product in self.products() {
            let of_line = || lists.iter().filter(|crl| crl.product() == product);
            let issued = of_line().map(|crl| crl.list().this_update()).min();
            let due = of_line().map(|crl| crl.list().next_update()).min();
            let (Some(issued), Some(due)) = (issued, due) else {
                continue;
            };
            let labels = AmdCrlLabels {
                product: product.name(),
            };
            let (age, left) = (seconds_between(issued, now), seconds_between(now, due));
            self.metrics.amd_crl_age.get_or_create(&labels).set(age);
            self.metrics.amd_crl_expires_in.get_or_create(&labels).set(left);
            if left < NOTICE_SECONDS && self.lists.is_telling(product, now) {
                warn!(
                    crl.product = %product, crl.next_update = %due, crl.expires_in_seconds = left,
                    "the revocation list at hand is about to expire, or has; fetch or import its successor",
                );
            }
        }
    }
}

fn crl_record(crl: &AmdCrl, source: &str, now: UnixTime) -> AmdCrlRecord {
    AmdCrlRecord {
        product: crl.product().name().to_owned(),
        root: hex::encode(&root_key(crl)),
        crl: crl.list().der().to_vec(),
        this_update: crl.list().this_update(),
        source: source.to_owned(),
        fetched_at: now,
    }
}

fn root_key(crl: &AmdCrl) -> RootKey {
    sha256(match crl.issuer() {
        VendorKey::Rsa(key) => key.modulus(),
        VendorKey::P256(point) | VendorKey::P384(point) => point,
    })
}

/// How long a list may be in use before sources are asked for a newer one.
const SECONDS_BETWEEN_REFRESHES: i64 = 86_400;

/// A week is what an operator needs to bring documents to a place without a network.
const NOTICE_SECONDS: i64 = 7 * 86_400;
const SECONDS_BETWEEN_NOTICES: i64 = 86_400;
