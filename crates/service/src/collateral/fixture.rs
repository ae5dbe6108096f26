//! A forged world for the tests of this module: its platform, its documents, and a service that trusts it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use attestry_evidence::dcap::{CertificationData, CollateralDocuments, Staleness, Tee, VerifiedPck};
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_forge::Seed;
use attestry_forge::intel::{
    Collateral, CollateralSpec, IntelForge, PckCa, PckSpec, Tee as ForgeTee, UpdateSet,
};
use tempfile::TempDir;

use super::{CollateralKey, CollateralOptions, CollateralService, Edition, Source, write_documents};
use crate::config::{SourceConfig, SourceKind};
use crate::store::{Store, StoreOptions};
use crate::telemetry::Metrics;

pub(super) const NOW: UnixTime = UnixTime::new(1_780_000_000);

pub(super) fn days_later(days: i64) -> UnixTime {
    NOW.add_seconds(days * 86_400).unwrap()
}

pub(super) struct World {
    pub(super) forge: IntelForge,
    pub(super) directory: TempDir,
}

impl World {
    pub(super) fn new() -> Self {
        let forge = IntelForge::new(Seed::default(), NOW.seconds());
        Self {
            forge,
            directory: TempDir::new().unwrap(),
        }
    }

    pub(super) fn anchors(&self) -> Arc<TrustAnchors> {
        Arc::new(TrustAnchors::from_certificates(&[self.forge.root_certificate_der()]).unwrap())
    }

    pub(super) fn pck(&self) -> VerifiedPck {
        self.pck_of(&PckSpec::new(&self.forge.seed, PckCa::Platform))
    }

    pub(super) fn pck_of(&self, spec: &PckSpec) -> VerifiedPck {
        let chain = spec.chain_pem(&self.forge);
        let data = CertificationData {
            kind: 5,
            data: chain.as_bytes(),
        };
        VerifiedPck::verify(&data, &self.anchors(), NOW).unwrap()
    }

    /// SGX collateral of the default platform, to be changed.
    pub(super) fn spec(&self, number: u64) -> CollateralSpec {
        let mut spec = self.forge.collateral_spec(ForgeTee::Sgx, PckCa::Platform, number);
        spec.root_crl.set_number(CRL_NUMBER);
        spec.pck_crl.set_number(CRL_NUMBER);
        spec
    }

    pub(super) fn key(&self) -> CollateralKey {
        let pck = self.pck();
        CollateralKey {
            tee: Tee::Sgx,
            fmspc: pck.fmspc(),
            ca: pck.ca(),
            edition: Edition::Standard,
        }
    }

    /// Puts documents where the directory source looks for them.
    pub(super) fn publish(&self, edition: Edition, spec: &CollateralSpec) {
        let directory = self
            .sources_dir()
            .join(self.key().with_edition(edition).to_string());
        write_documents(&directory, &documents(spec)).unwrap();
    }

    pub(super) fn sources_dir(&self) -> PathBuf {
        self.directory.path().join("source")
    }

    pub(super) fn directory_source(&self) -> Source {
        let config = SourceConfig {
            path: self.sources_dir(),
            ..SourceConfig::new(SourceKind::Directory)
        };
        Source::from_config(&config, Duration::from_secs(1), 1).unwrap()
    }

    pub(super) fn options(&self, sources: Vec<Source>) -> CollateralOptions {
        CollateralOptions {
            anchors: self.anchors(),
            staleness: Staleness::Strict,
            sources,
            early: false,
            max_platforms: 8,
        }
    }

    pub(super) async fn service(&self, options: CollateralOptions, now: UnixTime) -> CollateralService {
        let store = Store::open(&StoreOptions::in_dir(self.directory.path().join("store")))
            .await
            .unwrap();
        CollateralService::open(options, store, Arc::new(Metrics::new()), now)
            .await
            .unwrap()
    }
}

pub(super) const STANDARD: u64 = 20;
pub(super) const EARLY: u64 = 21;
/// Of both CRLs in a [`World::spec`].
pub(super) const CRL_NUMBER: u64 = 7;

pub(super) fn documents(spec: &CollateralSpec) -> CollateralDocuments {
    let Collateral {
        tcb_info,
        tcb_info_issuer_chain,
        qe_identity,
        qe_identity_issuer_chain,
        root_ca_crl,
        pck_crl,
        pck_crl_issuer_chain,
    } = spec.mint();
    CollateralDocuments {
        tcb_info,
        tcb_info_issuer_chain,
        qe_identity,
        qe_identity_issuer_chain,
        root_ca_crl,
        pck_crl,
        pck_crl_issuer_chain,
    }
}

#[test]
fn the_numbers_are_those_of_the_forge() {
    assert_eq!(UpdateSet::Standard.evaluation_number(), STANDARD);
    assert_eq!(UpdateSet::Early.evaluation_number(), EARLY);
}
