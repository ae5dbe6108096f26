//! AMD's key distribution service and Azure's caches of it, as a client meets them.

use attestry_api::{b64, hex};
use tokio::time::Duration;

use super::*;
use crate::{
    amd::{AmdForge, ProductLine, SnpEvidence, VekKind, VekSpec},
    pki::{AnyKey, SigningKey},
};

const NOW: i64 = 1_768_435_200;

fn forge() -> AmdForge {
    AmdForge::new(Seed::default(), NOW)
}

/// The path of a report's certificate.
fn vcek_path(evidence: &SnpEvidence) -> String {
    let vek = &evidence.vek;
    let fmc = if vek.line.has_fmc() {
        format!("fmcSPL={}&", vek.fmc)
    } else {
        String::new()
    };
    format!(
        "/vcek/v1/{}/{}?{fmc}blSPL={:02}&teeSPL={:02}&snpSPL={:02}&ucodeSPL={:02}",
        vek.line.name(),
        hex::encode(&vek.hw_id),
        vek.bootloader,
        vek.tee,
        vek.snp,
        vek.microcode
    )
}

fn holds(document: &[u8], part: &[u8]) -> bool {
    document.windows(part.len()).any(|window| window == part)
}

/// The certificates of a PEM text.
fn certificates(pem: &str) -> Vec<Vec<u8>> {
    pem.split("-----END CERTIFICATE-----")
        .filter_map(|block| block.split_once("-----BEGIN CERTIFICATE-----"))
        .map(|(_, body)| b64::decode_lenient(&body.replace('\n', "")).unwrap())
        .collect()
}

fn names_key(certificate: &[u8], key: &impl SigningKey) -> bool {
    holds(certificate, &key.spki())
}

#[tokio::test]
async fn the_certificate_of_every_report_is_there() {
    let server = server().await;
    for line in ProductLine::ALL {
        let evidence = forge().snp_evidence(line);
        let reply = get(&server, &vcek_path(&evidence)).await;
        assert_eq!(reply.status, 200, "{line:?}");
        assert_eq!(reply.header("content-type"), Some("application/pkix-cert"));
        assert!(names_key(&reply.body, &evidence.vek.key), "{line:?}");
        for (kind, path) in [(VekKind::Vcek, "vcek"), (VekKind::Vlek, "vlek")] {
            let reply = get(&server, &format!("/{path}/v1/{}/cert_chain", line.name())).await;
            let chain = certificates(reply.text());
            let forge = forge();
            let authorities = forge.line(line);
            assert_eq!(chain.len(), 2);
            assert!(names_key(&chain[0], &authorities.vek_issuer(kind).subject_key));
            assert!(names_key(&chain[1], &authorities.ark.subject_key));
            let list = get(&server, &format!("/{path}/v1/{}/crl", line.name())).await;
            assert_eq!(list.status, 200);
            assert!(holds(&list.body, &authorities.ark.subject.to_der()));
        }
    }
}

#[tokio::test]
async fn any_chip_has_a_certificate_unless_it_is_unknown() {
    let server = server().await;
    let mut evidence = forge().snp_evidence(ProductLine::Milan);
    evidence.use_chip(&forge(), &[7; 64], ProductLine::Milan.default_tcb());
    let path = vcek_path(&evidence);
    assert!(names_key(&get(&server, &path).await.body, &evidence.vek.key));
    server
        .controls()
        .change(|content| content.amd.unknown_chips.extend([vec![7; 64]]));
    assert_eq!(get(&server, &path).await.status, 404);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let server = server().await;
    let good = vcek_path(&forge().snp_evidence(ProductLine::Turin));
    for (path, status) in [
        (good.clone(), 200),
        (good.replace("Turin", "Rome"), 404),
        (good.replace("fmcSPL=1&", ""), 400),
        (good.replace("snpSPL=04", "snpSPL=256"), 400),
        (good.replace("snpSPL=04", "snpSPL=x"), 400),
        (good.replace('?', "00?"), 400),
        (good.replace("/vcek/", "/vlek/"), 404),
        ("/vcek/v2/Turin/crl".to_owned(), 404),
        ("/vcek/v1/turin/crl".to_owned(), 404),
        ("/metadata/THIM/amd/certification".to_owned(), 400),
    ] {
        assert_eq!(get(&server, &path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn azures_cache_knows_the_chips_by_their_reports() {
    let server = server().await;
    for line in ProductLine::ALL {
        let evidence = forge().snp_evidence(line);
        let (chip_id, tcb) = (&evidence.report.chip_id, evidence.report.reported_tcb);
        let path = format!("/SevSnpVM/certificates/{}/{tcb:016x}", hex::encode(chip_id));
        assert_eq!(get(&server, &path).await.status, 400, "a version is asked for");
        let path = format!("{path}?api-version=2020-10-15-preview");
        let chain = get(&server, &path).await;
        let chain = certificates(chain.text());
        assert_eq!(chain.len(), 3);
        assert!(names_key(&chain[0], &evidence.vek.key), "{line:?}");
        assert!(names_key(&chain[2], &forge().line(line).ark.subject_key));
    }
    let strange = hex::encode(&[9; 64]);
    let path = format!("/SevSnpVM/certificates/{strange}/0000000000000000?api-version=1");
    assert_eq!(get(&server, &path).await.status, 404);
    let genoa = |content: &mut Content| {
        content.amd.cached_chips.insert(vec![9; 64], ProductLine::Genoa);
    };
    server.controls().change(genoa);
    let chain = get(&server, &path).await;
    assert!(names_key(
        &certificates(chain.text())[2],
        &forge().genoa.ark.subject_key
    ));
}

#[tokio::test]
async fn the_metadata_service_knows_the_own_machine() {
    let server = server().await;
    let path = "/metadata/THIM/amd/certification";
    let reply = get_with(&server, path, "Metadata: true\r\n").await;
    let answer: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let evidence = forge().snp_evidence(ProductLine::Milan);
    assert_eq!(answer["tcbm"], format!("{:016X}", evidence.report.reported_tcb));
    let leaf = certificates(answer["vcekCert"].as_str().unwrap());
    assert!(names_key(&leaf[0], &evidence.vek.key));
    assert_eq!(
        certificates(answer["certificateChain"].as_str().unwrap()).len(),
        2
    );
}

#[tokio::test]
async fn lists_revoke_and_signatures_can_be_wrong() {
    let server = server().await;
    let path = "/vcek/v1/Genoa/crl";
    let entry = [2, 3, 2, 0, 2];
    assert!(!holds(&get(&server, path).await.body, &entry));
    let revoke = |content: &mut Content| content.amd.revoked_serials.push(vec![2, 0, 2]);
    server.controls().change(revoke);
    assert!(holds(&get(&server, path).await.body, &entry));

    let certificate = vcek_path(&forge().snp_evidence(ProductLine::Genoa));
    let verifies = |der: &[u8]| {
        let vek = VekSpec::vcek(
            &forge(),
            ProductLine::Genoa,
            &forge().chip_id(ProductLine::Genoa),
            ProductLine::Genoa.default_tcb(),
        );
        let ask = forge().genoa.ask.subject_key.clone();
        let AnyKey::Rsa(ask) = ask else { unreachable!() };
        let public = aws_lc_rs::signature::RsaPublicKeyComponents {
            n: ask.modulus(),
            e: &ask.exponent(),
        };
        // To-be-signed part: all between the outer header and the signature's algorithm.
        let signed = vek.certificate(&forge()).to_der();
        assert_eq!(signed.len(), der.len());
        let (body, signature) = der.split_at(der.len() - 512);
        let algorithm = ask
            .with_scheme(crate::pki::RsaScheme::PSS_SHA384)
            .algorithm_identifier();
        let end = body.len() - algorithm.len() - 5;
        let parameters = &aws_lc_rs::signature::RSA_PSS_2048_8192_SHA384;
        public.verify(parameters, &body[4..end], signature).is_ok()
    };
    assert!(verifies(&get(&server, &certificate).await.body));
    server.controls().change(|content| content.bad_signatures = true);
    assert!(!verifies(&get(&server, &certificate).await.body));
}

#[tokio::test]
async fn amds_service_answers_once_in_a_while() {
    let server = server().await;
    server.controls().limit_amd(Some(Duration::from_secs(1000)));
    let path = vcek_path(&forge().snp_evidence(ProductLine::Milan));
    assert_eq!(get(&server, &path).await.status, 200);
    let refused = get(&server, &path).await;
    assert_eq!(refused.status, 429);
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((900..=1000).contains(&seconds), "{seconds}");
    // Intel's service and Azure's cache go on.
    assert_eq!(
        get(&server, "/sgx/certification/v4/qe/identity").await.status,
        200
    );
    let own = get_with(&server, "/metadata/THIM/amd/certification", "Metadata: true\r\n").await;
    assert_eq!(own.status, 200);
    server.controls().limit_amd(None);
    assert_eq!(get(&server, &path).await.status, 200);
}
