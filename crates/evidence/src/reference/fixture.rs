//! Reference values as an operator would write them, and forged guests that have them, for tests.

use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine, SnpEvidence};
use serde_json::{Value, json};

use super::ReferenceValues;
use crate::hex;
use crate::snp::{AmdAnchors, AmdCrls, Appraisal, Report, Settings, SuppliedChain, VerifiedVek, appraise};
use crate::time::UnixTime;

/// 2026-01-15T00:00:00Z.
pub(super) const NOW: UnixTime = UnixTime::new(1_768_435_200);

/// A file of values with every member that there is, for the guest in `evidence`.
pub(super) fn file(evidence: &SnpEvidence) -> Value {
    let report = &evidence.report;
    json!({
        "version": 7,
        "issued": "2026-01-01T00:00:00Z",
        "expires": "2026-04-01T00:00:00Z",
        "description": "Paravisors of January",
        "hcl": {
            "snp": [{
                "name": "hcl-snp",
                "products": ["Milan", "Genoa", "Turin"],
                "id_key_digest": hex::encode(&report.id_key_digest),
                "author_key_digest": hex::encode(&report.author_key_digest),
                "measurement": hex::encode(&report.measurement),
                "family_id": hex::encode(&report.family_id),
                "image_id": hex::encode(&report.image_id),
                "minimum_guest_svn": report.guest_svn,
            }],
            "tdx": [{
                "name": "hcl-tdx",
                "mrtd": "11".repeat(48),
                "mrseam": "22".repeat(48),
                "mrsignerseam": "00".repeat(48),
                "mrconfigid": "44".repeat(48),
                "mrowner": "55".repeat(48),
                "mrownerconfig": "66".repeat(48),
                "minimum_tee_tcb_svn": "01020300000000000000000000000000",
            }],
        },
        "uvm": [{
            "name": "containers",
            "issuer": ISSUER,
            "feed": "ContainerPlat-AMD-UVM",
            "minimum_svn": 100,
            "status": "azure-compliant-uvm",
        }],
        "tcb_floors": {
            "Milan": { "bootloader": 4, "tee": 0, "snp": 24, "microcode": 219 },
            "Turin": {
                "fmc": 1, "bootloader": 1, "tee": 1, "snp": 4, "microcode": 81,
                "mitigations": "000000000000000b", "alias_check": true,
            },
        },
        "chips": {
            "allow": { "Milan": [hex::encode(&report.chip_id)] },
            "deny": { "Milan": ["ab".repeat(64)], "Turin": ["0102030405060708"] },
        },
        "refused_products": ["Venice"],
    })
}

pub(super) fn parse(file: &Value) -> ReferenceValues {
    ReferenceValues::parse(file.to_string().as_bytes()).unwrap()
}

pub(super) fn forge() -> AmdForge {
    AmdForge::new(Seed::default(), NOW.seconds())
}

/// A guest whose ID key is certified by an author key.
pub(super) fn guest(forge: &AmdForge, line: ProductLine) -> SnpEvidence {
    let mut evidence = forge.snp_evidence(line);
    evidence.report.key_info |= 1;
    evidence.report.author_key_digest = [0xa5; 48];
    evidence
}

/// The appraisal of forged evidence, which has to be good.
pub(super) fn appraised(forge: &AmdForge, evidence: &SnpEvidence) -> Appraisal {
    let certificates = ProductLine::ALL.iter().flat_map(|line| {
        let line = forge.line(*line);
        [line.ark.to_der(), line.ask.to_der(), line.asvk.to_der()]
    });
    let anchors = AmdAnchors::from_certificates(&certificates.collect::<Vec<_>>()).unwrap();
    let settings = Settings {
        allow_masked_chip_id: true,
        ..Settings::default()
    };
    let chain = SuppliedChain::parse(evidence.vek.certificate(forge).to_pem().as_bytes()).unwrap();
    let vek = VerifiedVek::verify(&chain, &anchors).unwrap();
    let bytes = evidence.to_report_bytes();
    let report = Report::read(&bytes).unwrap().admit(&settings).unwrap();
    appraise(&report, &vek, None, &AmdCrls::default(), NOW, &settings).unwrap()
}

pub(super) const ISSUER: &str =
    "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.3.6.1.4.1.311.76.59.1.2";
