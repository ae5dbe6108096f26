//! A forged AMD and the evidence of one guest, for tests: everything is good until a test changes one thing. Minted by
//! a writer of its own, so that a mistake of the parsers cannot hide.

use std::sync::LazyLock;

use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, LineCertificates, ProductLine, SnpEvidence};
use attestry_forge::pki::{AnyKey, CertificateSpec, Name};

use super::{
    AmdAnchors, AmdCrl, AmdCrls, Appraisal, Report, Settings, SnpError, SuppliedChain, VekCertificate,
    VerifiedVek, appraise,
};
use crate::time::UnixTime;

/// 2026-01-15T00:00:00Z.
pub(crate) const NOW: i64 = 1_768_435_200;
pub(crate) const DAY: i64 = 86_400;

/// The forge of the default seed and trust in it: what nearly all tests use, made once.
static USUAL: LazyLock<(AmdForge, AmdAnchors)> = LazyLock::new(|| {
    let forge = AmdForge::new(Seed::default(), NOW);
    let anchors = AmdAnchors::from_certificates(&certificates(&forge)).unwrap();
    (forge, anchors)
});

pub(crate) struct World {
    pub(crate) forge: AmdForge,
    pub(crate) anchors: AmdAnchors,
    pub(crate) evidence: SnpEvidence,
    pub(crate) crls: AmdCrls,
    pub(crate) now: UnixTime,
    pub(crate) settings: Settings,
}

impl World {
    /// A guest on a processor of this line, its report signed by the chip's VCEK.
    pub(crate) fn of(line: ProductLine) -> Self {
        let (forge, anchors) = USUAL.clone();
        Self::with(forge, anchors, line)
    }

    pub(crate) fn milan() -> Self {
        Self::of(ProductLine::Milan)
    }

    /// A guest whose report is signed by a cloud provider's VLEK.
    pub(crate) fn vlek(line: ProductLine) -> Self {
        let mut world = Self::of(line);
        world
            .evidence
            .use_vlek(&world.forge, "forged-csp", line.default_tcb());
        world
    }

    /// Under other keys than the usual ones, with the same names.
    pub(crate) fn elsewhere(line: ProductLine) -> Self {
        let forge = AmdForge::new(Seed::from_text("elsewhere"), NOW);
        let anchors = AmdAnchors::from_certificates(&certificates(&forge)).unwrap();
        Self::with(forge, anchors, line)
    }

    fn with(forge: AmdForge, anchors: AmdAnchors, line: ProductLine) -> Self {
        Self {
            evidence: forge.snp_evidence(line),
            forge,
            anchors,
            crls: AmdCrls::none(),
            now: UnixTime::new(NOW),
            settings: Settings::default(),
        }
    }

    /// Trusts the hierarchies as the test has changed them.
    pub(crate) fn trust_forge(&mut self) {
        self.anchors = AmdAnchors::from_certificates(&certificates(&self.forge)).unwrap();
    }

    /// The hierarchy of Turin under the names of the line after it, of which AMD has published none.
    pub(crate) fn venice() -> Self {
        let mut world = Self::of(ProductLine::Turin);
        let LineCertificates { ark, ask, asvk } = &mut world.forge.turin;
        for (certificate, name) in [
            (ark, "ARK-Venice"),
            (ask, "SEV-Venice"),
            (asvk, "SEV-VLEK-Venice"),
        ] {
            certificate.issuer = Name::forged_amd("ARK-Venice");
            certificate.subject = Name::forged_amd(name);
        }
        world.trust_forge();
        world.evidence.vek.product_name = "Venice".to_owned();
        world
            .evidence
            .report
            .use_version(3, attestry_forge::amd::Processor::Venice);
        world
    }

    /// The guest's VEK certificate, to be changed before it is minted.
    pub(crate) fn vek(&self) -> CertificateSpec<AnyKey> {
        self.evidence.vek.certificate(&self.forge)
    }

    pub(crate) fn verified_vek(&self) -> Result<VerifiedVek, SnpError> {
        self.verify(&self.vek().to_der())
    }

    /// Verifies a VEK certificate that came alone.
    pub(crate) fn verify(&self, der: &[u8]) -> Result<VerifiedVek, SnpError> {
        let vek = VekCertificate::parse(der)?;
        VerifiedVek::verify(&SuppliedChain::from(vek), &self.anchors)
    }

    /// The whole verification of the guest's evidence.
    pub(crate) fn appraise(&self) -> Result<Appraisal, SnpError> {
        self.appraise_with(&self.verified_vek()?)
    }

    pub(crate) fn appraise_with(&self, vek: &VerifiedVek) -> Result<Appraisal, SnpError> {
        let report = self.evidence.to_report_bytes();
        let report = Report::read(&report)?.admit(&self.settings)?;
        appraise(&report, vek, None, &self.crls, self.now, &self.settings)
    }

    /// The refusal of the guest's evidence.
    pub(crate) fn refusal(&self) -> SnpError {
        refused(self.appraise())
    }

    /// Has a list of this line at hand, after `change`.
    pub(crate) fn use_crl(
        &mut self,
        line: ProductLine,
        change: impl FnOnce(&mut attestry_forge::pki::CrlSpec<AnyKey>),
    ) {
        let mut list = self.forge.crl(line);
        change(&mut list);
        let crl = AmdCrl::verify(&list.to_der(), &self.anchors, self.now).unwrap();
        self.crls = std::mem::take(&mut self.crls).with(crl);
    }
}

/// Every authority of a forge.
pub(crate) fn certificates(forge: &AmdForge) -> Vec<Vec<u8>> {
    let of_line = |line: &LineCertificates| [&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der);
    [&forge.milan, &forge.genoa, &forge.turin]
        .into_iter()
        .flat_map(of_line)
        .collect()
}

/// The error, which explains itself in full.
pub(crate) fn refused<T: std::fmt::Debug>(outcome: Result<T, SnpError>) -> SnpError {
    let error = outcome.unwrap_err();
    code(&error);
    error
}

/// The code of a refusal, whose explanation lacks nothing.
pub(crate) fn code(error: &SnpError) -> &'static str {
    let explanation = error.explain();
    let told = [
        explanation.code,
        &explanation.field,
        &explanation.expected,
        &explanation.found,
        &explanation.hint,
    ];
    assert!(told.iter().all(|text| !text.is_empty()), "{explanation:?}");
    explanation.code
}
