//! SNP reports of real machines, reports minted by somebody else, and what a real service said about one of them.

use std::path::PathBuf;

use attestry_evidence::azure::{HardwareReport, HclReport};
use attestry_evidence::snp::{
    AmdAnchors, AmdCrl, AmdCrls, Appraisal, ClaimProfile, Product, Report, RevocationPolicy, Settings,
    SnpError, SuppliedChain, VekCertificate, VerifiedVek, appraise, token_claims,
};
use attestry_evidence::time::UnixTime;
use serde_json::Value;

use crate::azure::bytes;
use crate::pool::{directories, file};

/// 2026-11-20T00:00:00Z, within the validity of every certificate of the recordings.
const NOW: UnixTime = UnixTime::new(1_795_132_800);

pub struct RealReport {
    pub name: String,
    pub report: Vec<u8>,
    pub vek: Vec<u8>,
}

/// The reports of real machines, each with the certificate of the key that signed it.
pub fn real_reports() -> Vec<RealReport> {
    let read = |directory: PathBuf| {
        let vek = ["vek.der", "vek.pem"].map(|name| std::fs::read(directory.join(name)).ok());
        RealReport {
            name: directory.file_name().unwrap().to_string_lossy().into_owned(),
            report: std::fs::read(directory.join("report.bin")).unwrap(),
            vek: vek.into_iter().flatten().next().unwrap(),
        }
    };
    directories("snp/reports").into_iter().map(read).collect()
}

pub fn verify(
    report: &[u8],
    vek: &[u8],
    anchors: &AmdAnchors,
    crls: &AmdCrls,
    settings: &Settings,
) -> Result<Appraisal, SnpError> {
    let report = Report::read(report)?.admit(settings)?;
    let vek = VerifiedVek::verify(&SuppliedChain::parse(vek)?, anchors)?;
    appraise(&report, &vek, None, crls, NOW, settings)
}

fn verify_by_amd(report: &[u8], vek: &[u8]) -> Result<Appraisal, SnpError> {
    verify(
        report,
        vek,
        &AmdAnchors::amd(),
        &AmdCrls::none(),
        &Settings::default(),
    )
}

#[test]
fn every_real_report_is_genuine() {
    for RealReport { name, report, vek } in real_reports() {
        if let Err(error) = verify_by_amd(&report, &vek) {
            panic!("{name}: {error}");
        }
    }
}

/// Reports that are published with a request or alone, each beside the certificate of its chip.
#[test]
fn published_samples_are_genuine() {
    for (report, vek) in [
        ("sample-snp-report.bin", "maa/evidence/snp/sample-vcek-chain.pem"),
        ("skr-snp_report.bin", "snp/reports/aci-milan-v2/vek.pem"),
    ] {
        let report = file(&format!("maa/evidence/snp/{report}"));
        if let Some((report, vek)) = report.zip(file(vek)) {
            let appraisal = verify_by_amd(&report, &vek).unwrap();
            assert_eq!(appraisal.product(), Product::Milan);
        }
    }
}

/// The hardware's part of what confidential VMs of Azure hand over.
#[test]
fn the_report_inside_every_recorded_hcl_report_is_genuine() {
    for (name, product) in [
        ("genoa", Product::Genoa),
        ("v0", Product::Milan),
        ("v1", Product::Milan),
        ("v2", Product::Milan),
    ] {
        let Some(json) = file(&format!("snp/az-snp-vtpm/evidence-{name}.json")) else {
            return;
        };
        let json: Value = serde_json::from_slice(&json).unwrap();
        let report = json.get("hcl_report").unwrap_or_else(|| &json["report"]);
        let hcl_report = bytes(report);
        let hcl_report = HclReport::parse(&hcl_report).unwrap();
        let HardwareReport::Snp { report, .. } = hcl_report.hardware() else {
            panic!("{name} is of another kind");
        };
        let vek = match json["vcek"].as_str().unwrap() {
            pem if pem.starts_with("-----") => pem.as_bytes().to_vec(),
            _ => bytes(&json["vcek"]),
        };
        let appraisal = verify_by_amd(report.as_slice(), &vek).unwrap();
        assert_eq!(
            (appraisal.product(), appraisal.body().vmpl),
            (product, 0),
            "{name}"
        );
    }
}

/// Certificates as Azure's metadata service and AMD's key server hand them out today, without reports.
#[test]
fn certificates_in_either_spelling_are_verified_up_to_amd() {
    let anchors = AmdAnchors::amd();
    for (name, product, others) in [
        ("certs-only/vcek-turin-sev.der", Product::Turin, &[][..]),
        (
            "az-snp-vtpm/imds-vcek.der",
            Product::Milan,
            &["az-snp-vtpm/imds-chain-0.der", "az-snp-vtpm/imds-chain-1.der"],
        ),
    ] {
        let Some(vek) = file(&format!("snp/{name}")) else {
            return;
        };
        let others = others.iter().map(|name| file(&format!("snp/{name}")).unwrap());
        let chain: String = std::iter::once(vek)
            .chain(others)
            .map(|der| attestry_forge::pki::pem("CERTIFICATE", &der))
            .collect();
        let verified =
            VerifiedVek::verify(&SuppliedChain::parse(chain.as_bytes()).unwrap(), &anchors).unwrap();
        assert_eq!(verified.product(), product, "{name}");
        assert_eq!(verified.vek().product(), product, "{name}");
    }
}

#[test]
fn certificates_of_other_chips_and_damaged_ones_are_refused() {
    let reports = real_reports();
    for RealReport { name, report, .. } in &reports {
        for other in reports.iter().filter(|other| other.vek != *report) {
            let same = other.name == *name || {
                let id = |vek: &[u8]| {
                    SuppliedChain::parse(vek)
                        .unwrap()
                        .vek()
                        .hardware_id()
                        .map(<[u8]>::to_vec)
                };
                let own = reports.iter().find(|one| one.name == *name).unwrap();
                id(&own.vek) == id(&other.vek)
            };
            if !same {
                let refusal = verify_by_amd(report, &other.vek).unwrap_err();
                assert!(
                    matches!(
                        refusal,
                        SnpError::ChipIdMismatch
                            | SnpError::OtherProduct { .. }
                            | SnpError::TcbMismatch { .. }
                            | SnpError::OtherKey { .. }
                    ),
                    "{name} with the certificate of {}: {refusal}",
                    other.name
                );
            }
        }
    }
    for damaged in ["vek-invalid-legacy.der", "vek-invalid-new.der"] {
        let path = |name: &str| file(&format!("snp/reports/coco-milan-v2/{name}"));
        if let Some((report, vek)) = path("report.bin").zip(path(damaged)) {
            let refusal = verify_by_amd(&report, &vek).unwrap_err();
            assert!(
                matches!(refusal, SnpError::VekSignature { .. } | SnpError::Encoding(_)),
                "{damaged}: {refusal}"
            );
        }
    }
}

/// Each flipped bit is refused: all of the 672 signed bytes, the signature and the unsigned rest alike.
#[test]
fn every_flipped_bit_of_every_real_report_is_refused() {
    let (anchors, settings) = (AmdAnchors::amd(), Settings::default());
    for RealReport { name, report, vek } in real_reports() {
        let vek = VerifiedVek::verify(&SuppliedChain::parse(&vek).unwrap(), &anchors).unwrap();
        let verify = |report: &[u8]| {
            let report = Report::read(report)?.admit(&settings)?;
            appraise(&report, &vek, None, &AmdCrls::none(), NOW, &settings)
        };
        let mut flipped = report.clone();
        for bit in 0..report.len() * 8 {
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                verify(&flipped).is_err(),
                "{name}: byte {:#x}, bit {}",
                bit / 8,
                bit % 8
            );
            flipped[bit / 8] ^= 1 << (bit % 8);
        }
        for size in 0..report.len() {
            assert_eq!(
                verify(&report[..size]).unwrap_err(),
                SnpError::Size { found: size },
                "{name}"
            );
        }
    }
}

/// Reports that somebody else minted under their own roots, with the outcome that they hold right.
#[test]
fn minted_reports_are_judged_as_their_maker_says() {
    let Some(list) = file("snp/minted/vectors.json") else {
        return;
    };
    let list: Value = serde_json::from_slice(&list).unwrap();
    let minted = |name: &Value| file(&format!("snp/minted/{}", name.as_str().unwrap())).unwrap();
    let (mut accepted, mut refused) = (0, 0);
    for (name, vector) in list.as_object().unwrap() {
        let Some(report) = vector.get("report") else {
            continue;
        };
        let chain = [minted(&vector["ark"]), minted(&vector["ica"])];
        let anchors = AmdAnchors::from_certificates(&chain).unwrap();
        let outcome = verify(
            &minted(report),
            &minted(&vector["vek"]),
            &anchors,
            &AmdCrls::none(),
            &Settings::default(),
        );
        if vector["expect"] == "reject" {
            let code = outcome.unwrap_err().explain().code;
            let expected = REFUSALS.iter().find(|(suffix, _)| name.ends_with(suffix));
            let (_, expected) = expected.unwrap_or_else(|| panic!("{name} is not in the table: {code}"));
            assert_eq!(code, *expected, "{name}");
            refused += 1;
        } else {
            // What a policy decides is genuine, and visible.
            let appraisal = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
            let body = appraisal.body();
            assert_eq!(name.ends_with("neg-debug"), body.policy.debug_allowed(), "{name}");
            assert_eq!(
                name.ends_with("neg-migrate"),
                body.policy.migration_allowed(),
                "{name}"
            );
            assert_eq!(name.ends_with("neg-vmpl1"), body.vmpl == 1, "{name}");
            accepted += 1;
        }
    }
    assert!(
        accepted >= 13 && refused >= 25,
        "{accepted} accepted, {refused} refused"
    );
}

const REFUSALS: [(&str, &str); 20] = [
    ("cert-signed-by-asvk", "vek_other_authority"),
    ("neg-reported-lt-cert", "snp_tcb_mismatch"),
    ("neg-reported-gt-committed", "snp_tcb_order"),
    ("neg-chipid-mismatch", "snp_chip_id_mismatch"),
    ("neg-chipid-masked-vcek", "snp_chip_id_masked"),
    ("neg-keyinfo-vlek", "vek_other_key"),
    ("neg-sigalgo0", "snp_signature_algorithm"),
    ("neg-sigalgo2", "snp_signature_algorithm"),
    ("neg-tcb-reserved", "snp_tcb_reserved"),
    ("neg-policy-bit40", "snp_guest_policy"),
    ("neg-policy-bit17-clear", "snp_guest_policy"),
    ("neg-sig-flip", "snp_signature"),
    ("neg-body-flip", "snp_signature"),
    ("neg-sig-rhigh", "snp_report_reserved"),
    ("neg-sig-tail", "snp_report_reserved"),
    ("neg-version1", "snp_report_version"),
    ("neg-version9", "snp_report_version"),
    ("neg-genoa-fms", "vek_other_product"),
    ("neg-siena-fms", "vek_other_product"),
    ("cert-nohwid", "vek_extension"),
];

#[test]
fn minted_revocation_lists_are_heeded() {
    let minted = |name: &str| file(&format!("snp/minted/{name}"));
    for line in ["milan", "turin"] {
        let Some(report) = minted(&format!("{line}.ok-v3.report.bin")) else {
            return;
        };
        let read = |what: &str| minted(&format!("{line}.{what}.der")).unwrap();
        let anchors = AmdAnchors::from_certificates(&[read("ark"), read("ask"), read("asvk")]).unwrap();
        let required = Settings {
            revocation: RevocationPolicy::Required,
            ..Settings::default()
        };
        let with = |crl: &str, settings: &Settings| {
            let crl = AmdCrl::verify(&read(crl), &anchors, NOW)?;
            let crls = AmdCrls::none().with(crl);
            verify(&report, &read("vcek"), &anchors, &crls, settings)
        };
        let code = |outcome: Result<Appraisal, SnpError>| outcome.unwrap_err().explain().code;
        assert!(with("crl.empty", &required).unwrap().warnings().is_empty());
        assert_eq!(
            code(with("crl.ask-revoked", &Settings::default())),
            "vek_authority_revoked"
        );
        assert_eq!(code(with("crl.expired", &required)), "crl_expired");
        assert_eq!(
            with("crl.expired", &Settings::default())
                .unwrap()
                .warnings()
                .len(),
            1
        );
        assert_eq!(
            code(with("crl.wrong-signer", &Settings::default())),
            "crl_signature"
        );
        let none = verify(&report, &read("vcek"), &anchors, &AmdCrls::none(), &required);
        assert_eq!(code(none), "crl_missing");
        let other_line = if line == "milan" { "turin" } else { "milan" };
        let other = minted(&format!("{other_line}.crl.empty.der")).unwrap();
        let refused = AmdCrl::verify(&other, &anchors, NOW).unwrap_err();
        assert_eq!(refused.explain().code, "crl_issuer_untrusted");
    }
}

/// The authority for chips' keys and the one for providers' keys do not stand in for each other.
#[test]
fn a_chip_key_issued_by_the_authority_for_provider_keys_is_refused() {
    let minted = |name: &str| file(&format!("snp/minted/{name}"));
    let Some(vek) = minted("milan.vcek.signed-by-asvk.der") else {
        return;
    };
    let roots = ["milan.ark.der", "milan.ask.der", "milan.asvk.der"].map(|name| minted(name).unwrap());
    let anchors = AmdAnchors::from_certificates(&roots).unwrap();
    let chain = SuppliedChain::from(VekCertificate::parse(&vek).unwrap());
    let refusal = VerifiedVek::verify(&chain, &anchors).unwrap_err();
    assert_eq!(refusal.explain().code, "vek_other_authority");
}

/// A real request of 2022 and the token that the real service answered with: every claim of the report is the same
/// in name, type and value.
#[test]
fn the_claims_are_those_of_the_real_service() {
    let Some(report) = file("maa/evidence/snp/spec-snpv1-report.bin") else {
        return;
    };
    let chain = file("maa/evidence/snp/spec-snpv1-vcek-chain.pem").unwrap();
    let token = String::from_utf8(file("maa/tokens/sevsnp-spec-2022.jwt").unwrap()).unwrap();
    let payload = attestry_api::b64::decode_lenient(token.split('.').nth(1).unwrap()).unwrap();
    let token: Value = serde_json::from_slice(&payload).unwrap();
    let settings = Settings {
        report_versions: vec![1, 2, 3, 4, 5],
        ..Settings::default()
    };
    assert_eq!(
        verify_by_amd(&report, &chain).unwrap_err().explain().code,
        "snp_report_version",
        "version 1 needs the setting"
    );
    let appraisal = verify(&report, &chain, &AmdAnchors::amd(), &AmdCrls::none(), &settings).unwrap();
    let claims = token_claims(&appraisal, ClaimProfile::Of2022);
    let of_report = |name: &String| name.starts_with("x-ms-sevsnpvm-") || name == "x-ms-attestation-type";
    let recorded: std::collections::BTreeMap<_, _> = token
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| of_report(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    assert_eq!(claims, recorded);
}
