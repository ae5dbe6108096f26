//! One case: a guest's evidence under a forged AMD, as both verifiers get it.

use std::sync::LazyLock;

use attestry_evidence::snp::{
    AmdAnchors, AmdCrl, AmdCrls, Report, Settings, SnpError, SuppliedChain, VekCertificate, VerifiedVek,
    appraise,
};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, LineCertificates, Processor, ProductLine, SnpEvidence, VekKind};
use attestry_forge::pki::{AnyKey, CertificateSpec, CrlSpec, Name};
use attestry_oracles::Random;
use sev::certs::snp::{Chain, Verifiable as _};
use sev::firmware::guest::AttestationReport;
use sev::parser::ByteParser as _;

/// 2026-01-15T00:00:00Z.
pub const NOW: i64 = 1_768_435_200;
pub const DAY: i64 = 86_400;

/// What a verifier says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Accepted,
    /// Our code and field, or their message.
    Refused(String),
}

/// Who signs the VEK certificate, and whose certificate goes along with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// The authority of the line for this kind of key.
    Own,
    /// The line's authority for the other kind.
    OtherKind,
    /// The authority of another line for this kind.
    OtherLine(ProductLine),
    /// The line's root.
    Root,
    /// An authority of the same name under a self-made root.
    SelfMade,
}

/// A guest with its evidence.
pub struct World {
    pub forge: AmdForge,
    /// Whether the hierarchy is no longer the usual one.
    pub is_changed: bool,
    pub evidence: SnpEvidence,
    pub issuer: Issuer,
    /// Changes of the VEK certificate that its specification does not know.
    pub vek_edits: Vec<fn(&mut CertificateSpec<AnyKey>)>,
    pub crl: Option<CrlSpec<AnyKey>>,
    pub now: i64,
    pub truncated: usize,
}

/// The forge of the default seed, trust in it, and its certificates; made once because signing takes time.
static USUAL: LazyLock<(AmdForge, AmdAnchors, Vec<Minted>)> = LazyLock::new(|| {
    let forge = AmdForge::new(Seed::default(), NOW);
    let anchors = trust(&forge);
    let minted = ProductLine::ALL.map(|line| Minted::of(forge.line(line)));
    (forge, anchors, minted.into())
});
static SELF_MADE: LazyLock<AmdForge> = LazyLock::new(|| AmdForge::new(Seed::from_text("self-made"), NOW));

/// The certificates of a line, DER.
#[derive(Clone)]
struct Minted {
    ark: Vec<u8>,
    ask: Vec<u8>,
    asvk: Vec<u8>,
}

impl Minted {
    fn of(line: &LineCertificates) -> Self {
        Self {
            ark: line.ark.to_der(),
            ask: line.ask.to_der(),
            asvk: line.asvk.to_der(),
        }
    }

    fn issuer(&self, kind: VekKind) -> &[u8] {
        match kind {
            VekKind::Vcek => &self.ask,
            VekKind::Vlek => &self.asvk,
        }
    }
}

fn trust(forge: &AmdForge) -> AmdAnchors {
    let certificates: Vec<Vec<u8>> = ProductLine::ALL
        .into_iter()
        .flat_map(|line| {
            let Minted { ark, ask, asvk } = Minted::of(forge.line(line));
            [ark, ask, asvk]
        })
        .collect();
    AmdAnchors::from_certificates(&certificates).unwrap()
}

impl World {
    /// Good evidence of a random processor and version, signed by a chip's or a provider's key.
    pub fn good(random: &mut Random) -> Self {
        let processor = *random.pick(&[
            Processor::Milan,
            Processor::Genoa,
            Processor::Bergamo,
            Processor::Siena,
            Processor::Turin,
        ]);
        let version = *random.pick(&[2, 3, 3, 4, 5, 5]);
        let vlek = random.once_in(4);
        Self::of(processor, version, vlek)
    }

    pub fn of(processor: Processor, version: u32, vlek: bool) -> Self {
        let forge = USUAL.0.clone();
        let mut evidence = forge.snp_evidence_of(processor);
        if vlek {
            evidence.use_vlek(&forge, "forged-csp", processor.line().default_tcb());
        }
        evidence.report.use_version(version, processor);
        Self {
            forge,
            is_changed: false,
            evidence,
            issuer: Issuer::Own,
            vek_edits: Vec::new(),
            crl: None,
            now: NOW,
            truncated: 0,
        }
    }

    pub fn line(&self) -> ProductLine {
        self.evidence.vek.line
    }

    pub fn other_kind(&self) -> VekKind {
        match self.evidence.vek.kind {
            VekKind::Vcek => VekKind::Vlek,
            VekKind::Vlek => VekKind::Vcek,
        }
    }

    /// The certificate that issues the VEK's.
    fn issuer(&self) -> CertificateSpec<AnyKey> {
        let kind = self.evidence.vek.kind;
        let line = self.forge.line(self.line());
        match self.issuer {
            Issuer::Own => line.vek_issuer(kind),
            Issuer::OtherKind => line.vek_issuer(self.other_kind()),
            Issuer::OtherLine(other) => self.forge.line(other).vek_issuer(kind),
            Issuer::Root => &line.ark,
            Issuer::SelfMade => SELF_MADE.line(self.line()).vek_issuer(kind),
        }
        .clone()
    }

    /// The VEK certificate as it will be minted.
    pub fn vek(&self) -> CertificateSpec<AnyKey> {
        let mut vek = self.evidence.vek.certificate(&self.forge);
        if self.issuer != Issuer::Own {
            let issuer = self.issuer();
            vek.issuer = issuer.subject;
            vek.issuer_key = issuer.subject_key;
        }
        for edit in &self.vek_edits {
            edit(&mut vek);
        }
        vek
    }

    /// The report's bytes.
    pub fn report(&self) -> Vec<u8> {
        let mut report = self.evidence.to_report_bytes();
        report.truncate(report.len().saturating_sub(self.truncated));
        report
    }

    /// Root and issuer that an attester would hand over, DER.
    fn supplied(&self) -> (Vec<u8>, Vec<u8>) {
        let of = |line: ProductLine| match ProductLine::ALL.iter().position(|known| *known == line) {
            Some(at) if !self.is_changed => USUAL.2[at].clone(),
            _ => Minted::of(self.forge.line(line)),
        };
        let kind = self.evidence.vek.kind;
        let own = of(self.line());
        match self.issuer {
            Issuer::Own => (own.ark.clone(), own.issuer(kind).to_vec()),
            Issuer::OtherKind => (own.ark.clone(), own.issuer(self.other_kind()).to_vec()),
            Issuer::OtherLine(other) => {
                let other = of(other);
                (other.ark.clone(), other.issuer(kind).to_vec())
            }
            Issuer::Root => (own.ark.clone(), own.ark),
            Issuer::SelfMade => {
                let line = Minted::of(SELF_MADE.line(self.line()));
                (line.ark.clone(), line.issuer(kind).to_vec())
            }
        }
    }

    /// What Attestry says by its default settings.
    pub fn ours(&self, report: &[u8], vek: &[u8]) -> Outcome {
        let anchors = if self.is_changed {
            trust(&self.forge)
        } else {
            USUAL.1.clone()
        };
        let now = UnixTime::new(self.now);
        let settings = Settings::default();
        let appraise = || {
            let report = Report::read(report)?.admit(&settings)?;
            let vek = SuppliedChain::from(VekCertificate::parse(vek)?);
            let vek = VerifiedVek::verify(&vek, &anchors)?;
            let crl = self.crl.as_ref().map(CrlSpec::to_der);
            let crl = crl.map(|der| AmdCrl::verify(&der, &anchors, now)).transpose()?;
            let crls = crl.into_iter().fold(AmdCrls::none(), AmdCrls::with);
            appraise(&report, &vek, None, &crls, now, &settings)
        };
        match appraise() {
            Ok(_) => Outcome::Accepted,
            Err(error) => Outcome::Refused(told(&error)),
        }
    }

    /// What the `sev` crate says of the same bytes with the chain that goes along.
    pub fn theirs(&self, report: &[u8], vek: &[u8]) -> Outcome {
        let (ark, issuer) = self.supplied();
        let verify = || {
            let report = AttestationReport::from_bytes(report)?;
            let chain = Chain::from_der(&ark, &issuer, vek)?;
            (&chain, &report).verify()
        };
        match verify() {
            Ok(()) => Outcome::Accepted,
            Err(error) => Outcome::Refused(error.to_string()),
        }
    }
}

/// Code and field of a refusal.
fn told(error: &SnpError) -> String {
    let explanation = error.explain();
    format!("{} {}", explanation.code, explanation.field)
}

/// A name that is none of AMD's.
pub fn nobody() -> Name {
    Name::forged_amd("Nobody")
}
