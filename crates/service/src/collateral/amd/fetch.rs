//! Certificates of chips' keys, from a source, an operator or the store into use.

use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::snp::{SnpError, SuppliedChain, VerifiedVek};
use attestry_evidence::time::UnixTime;
use tracing::{error, info, warn};

use super::source::AmdSourceError;
use super::{AmdCollateral, AmdImportError, Inner, VekId, VekUnavailable};
use crate::collateral::source::SourceError;
use crate::store::{AmdVekRecord, StoreError};

impl AmdCollateral {
    /// The certificate of this key, if it is in memory and has not expired.
    pub fn held(&self, wanted: &VekId, now: UnixTime) -> Option<Arc<VerifiedVek>> {
        self.0.current(wanted, now)
    }

    /// The certificate of this key: from memory, from the store, or from a source, once for all who wait.
    pub async fn obtain(&self, wanted: &VekId, now: UnixTime) -> Result<Arc<VerifiedVek>, VekUnavailable> {
        if let Some(vek) = self.held(wanted, now) {
            return Ok(vek);
        }
        // A task of its own: a client that goes away must not take the others' answer with it.
        let (inner, wanted) = (Arc::clone(&self.0), *wanted);
        tokio::spawn(async move { inner.fill(wanted, now).await })
            .await
            .unwrap_or(Err(VekUnavailable::Stopping))
    }

    /// Takes a certificate that an operator hands over, PEM or DER, with or without those above. It must verify, and
    /// be for `label` if there is one. One that was issued before the one kept changes nothing.
    pub async fn import_vek(
        &self,
        chain: &[u8],
        label: Option<VekId>,
        source: &str,
        now: UnixTime,
    ) -> Result<VekId, AmdImportError> {
        let chain = SuppliedChain::parse(chain).map_err(AmdImportError::Refused)?;
        let vek = self.0.verified(chain).await.map_err(AmdImportError::Refused)?;
        let id = VekId::of_certificate(vek.vek()).ok_or(AmdImportError::ProviderKey)?;
        if label.is_some_and(|label| label != id) {
            return Err(AmdImportError::Mislabelled);
        }
        let flight = self.0.flights.of(id);
        let _flight = flight.lock().await;
        let record = AmdVekRecord {
            imported: true,
            ..record(&id, &vek, source, now)
        };
        if self.0.store_vek(&record).await? {
            self.0.fetched.insert(id, Arc::new(vek));
        }
        self.0.flights.landed(&id);
        Ok(id)
    }
}

impl Inner {
    fn current(&self, wanted: &VekId, now: UnixTime) -> Option<Arc<VerifiedVek>> {
        let held = self.fetched.get(wanted)?;
        (now <= held.vek().certificate().not_after()).then_some(held)
    }

    /// Obtains what is not in memory; failing that, gives what has expired, which an operator may grant some grace.
    async fn fill(&self, wanted: VekId, now: UnixTime) -> Result<Arc<VerifiedVek>, VekUnavailable> {
        let flight = self.flights.of(wanted);
        let _flight = flight.lock().await;
        // Somebody else's flight may have landed while this one waited.
        if let Some(vek) = self.current(&wanted, now) {
            return Ok(vek);
        }
        self.restore(&wanted).await;
        if let Some(vek) = self.current(&wanted, now) {
            return Ok(vek);
        }
        let error = match self.flights.recent_failure(&wanted) {
            Some(error) => error,
            None => match self.fetch(wanted, now).await {
                Ok(vek) => return Ok(vek),
                Err(error) => error,
            },
        };
        self.fetched.get(&wanted).ok_or(error)
    }

    /// Takes in what this or another process has stored, if the authorities that are trusted now vouch for it.
    async fn restore(&self, wanted: &VekId) {
        let Some(store) = &self.store else { return };
        let product = wanted.product().name();
        let stored = match store
            .amd_vek(product, &wanted.chip_id_hex(), &wanted.tcb_hex())
            .await
        {
            Ok(Some(stored)) => stored,
            Ok(None) => return,
            Err(error) => {
                error!(vek = %wanted, error = %error, "the stored certificate could not be read");
                return;
            }
        };
        let verified = match SuppliedChain::parse(&stored.certificate) {
            Ok(chain) => self.verified(chain).await,
            Err(error) => Err(error),
        };
        match verified {
            Ok(vek) if VekId::of_certificate(vek.vek()) == Some(*wanted) => {
                self.fetched.insert(*wanted, Arc::new(vek));
            }
            Ok(_) => error!(vek = %wanted, "the stored certificate is of another key"),
            Err(error) => info!(vek = %wanted, error = %error, "the stored certificate cannot be used now"),
        }
    }

    /// Asks the sources in turn. The caller has the key's flight.
    async fn fetch(&self, wanted: VekId, now: UnixTime) -> Result<Arc<VerifiedVek>, VekUnavailable> {
        if self.sources.is_empty() {
            return Err(VekUnavailable::NoSource);
        }
        let Ok(_place) = self.places.try_acquire() else {
            return Err(VekUnavailable::Busy { wait: FULL_WAIT });
        };
        // Whoever has something to go on with does not wait for something better.
        let patience = match self.fetched.get(&wanted) {
            Some(_) => Duration::ZERO,
            None => PATIENCE,
        };
        let mut failure = VekUnavailable::Unknown;
        for source in &self.sources {
            let given = source.vek(&wanted, patience).await;
            let (outcome, error) = match given {
                Ok(chain) => match self.take(wanted, chain, &source.name(), now).await {
                    Ok(vek) => {
                        self.count_fetch(source, "ok");
                        self.flights.landed(&wanted);
                        return Ok(vek);
                    }
                    Err(error) => ("refused", error),
                },
                Err(error) => self.not_given(&wanted, &source.name(), error),
            };
            self.count_fetch(source, outcome);
            failure = more_telling(failure, error);
        }
        if !matches!(failure, VekUnavailable::Busy { .. }) {
            self.flights.failed(wanted, failure.clone());
        }
        Err(failure)
    }

    /// What it means that a source gave nothing that can be read.
    fn not_given(
        &self,
        wanted: &VekId,
        source: &str,
        error: AmdSourceError,
    ) -> (&'static str, VekUnavailable) {
        match error {
            AmdSourceError::Busy { wait } => ("busy", VekUnavailable::Busy { wait }),
            AmdSourceError::Source(SourceError::Unknown) => ("unknown", VekUnavailable::Unknown),
            AmdSourceError::Certificate(error) => ("refused", self.refuse(wanted, source, error)),
            AmdSourceError::OtherTcb => ("refused", self.refuse_other(wanted, source)),
            AmdSourceError::Source(error) => {
                warn!(vek = %wanted, collateral.source = source, error = %error, "a source of AMD's certificates failed");
                ("unavailable", VekUnavailable::Unreachable)
            }
        }
    }

    /// Verifies what a source gave, keeps it and puts it in use.
    async fn take(
        &self,
        wanted: VekId,
        chain: SuppliedChain,
        source: &str,
        now: UnixTime,
    ) -> Result<Arc<VerifiedVek>, VekUnavailable> {
        let vek = match self.verified(chain).await {
            Ok(vek) => Arc::new(vek),
            Err(error) => return Err(self.refuse(&wanted, source, error)),
        };
        if VekId::of_certificate(vek.vek()) != Some(wanted) {
            return Err(self.refuse_other(&wanted, source));
        }
        match self.store_vek(&record(&wanted, &vek, source, now)).await {
            Ok(true) => info!(vek = %wanted, collateral.source = source, "certificate taken into use"),
            // A later one is kept already, and was read just now.
            Ok(false) => return self.fetched.get(&wanted).ok_or(VekUnavailable::Unknown),
            // A good certificate is not thrown away because the disk is full.
            Err(error) => error!(vek = %wanted, error = %error, "a certificate could not be stored"),
        }
        self.fetched.insert(wanted, Arc::clone(&vek));
        Ok(vek)
    }

    fn refuse(&self, wanted: &VekId, source: &str, error: SnpError) -> VekUnavailable {
        error!(vek = %wanted, collateral.source = source, error = %error, "a source gave a certificate that is refused");
        self.count_alarm(wanted.product());
        VekUnavailable::Refused { error }
    }

    fn refuse_other(&self, wanted: &VekId, source: &str) -> VekUnavailable {
        error!(vek = %wanted, collateral.source = source, "a source gave the certificate of another key");
        self.count_alarm(wanted.product());
        VekUnavailable::OtherKey
    }

    /// Off the async workers: it takes the verification of an RSA-4096 signature.
    async fn verified(&self, chain: SuppliedChain) -> Result<VerifiedVek, SnpError> {
        let anchors = Arc::clone(&self.anchors);
        let verify = move || VerifiedVek::verify(&chain, &anchors);
        match tokio::task::spawn_blocking(verify).await {
            Ok(verified) => verified,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Without a store everything is new.
    async fn store_vek(&self, record: &AmdVekRecord) -> Result<bool, StoreError> {
        match &self.store {
            Some(store) => store.amd_vek_put(record, MAX_STORED_VEKS).await,
            None => Ok(true),
        }
    }
}

fn record(id: &VekId, vek: &VerifiedVek, source: &str, now: UnixTime) -> AmdVekRecord {
    let certificate = vek.vek().certificate();
    AmdVekRecord {
        product: id.product().name().to_owned(),
        chip_id: id.chip_id_hex(),
        tcb: id.tcb_hex(),
        certificate: certificate.der().to_vec(),
        not_before: certificate.not_before(),
        source: source.to_owned(),
        fetched_at: now,
        imported: false,
    }
}

/// Of two sources' failures the one that says more: a refusal over silence, silence over not having been asked, that
/// over not knowing.
fn more_telling(one: VekUnavailable, other: VekUnavailable) -> VekUnavailable {
    let rank = |error: &VekUnavailable| match error {
        VekUnavailable::Refused { .. } | VekUnavailable::OtherKey => 3,
        VekUnavailable::Unreachable => 2,
        VekUnavailable::Busy { .. } => 1,
        _ => 0,
    };
    match (one, other) {
        (VekUnavailable::Busy { wait: one }, VekUnavailable::Busy { wait: other }) => {
            VekUnavailable::Busy { wait: one.min(other) }
        }
        (one, other) if rank(&other) > rank(&one) => other,
        (one, _) => one,
    }
}

/// How long a request waits for a source's turn. With what the source then takes, a client is answered before it gives
/// up.
const PATIENCE: Duration = Duration::from_secs(12);

/// Certificates that sources gave are kept for as many keys as verified ones are held in memory. Strangers choose what
/// is fetched, at the pace of the sources, so there must be an end to it.
const MAX_STORED_VEKS: u32 = 16_384;

/// When every place is taken by requests that wait for sources, one is free in about this time.
const FULL_WAIT: Duration = Duration::from_secs(1);
