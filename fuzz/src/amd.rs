//! AMD's reports, certificates and lists, as strangers send them: as they are, and as edits of genuine ones. An edited
//! report that is still accepted would be a forgery.

use std::sync::LazyLock;

use attestry_evidence::inspect;
use attestry_evidence::snp::{
    AmdAnchors, AmdCrl, AmdCrls, Report, Settings, SuppliedChain, VekCertificate, VerifiedVek, appraise,
};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine};
use attestry_forge::pki::CertificateSpec;

/// 2027-01-15, when the forge's certificates are fresh.
const NOW: i64 = 1_800_000_000;

struct Genuine {
    anchors: AmdAnchors,
    /// Report and certificate of each line.
    guests: Vec<(Vec<u8>, VerifiedVek)>,
}

static GENUINE: LazyLock<Genuine> = LazyLock::new(|| {
    let forge = AmdForge::new(Seed::default(), NOW);
    let of_line = |line| {
        let line = forge.line(line);
        [&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der)
    };
    let ders: Vec<_> = ProductLine::ALL.into_iter().flat_map(of_line).collect();
    let anchors = AmdAnchors::from_certificates(&ders).expect("the forge's authorities are good");
    let guests = ProductLine::ALL.map(|line| {
        let evidence = forge.snp_evidence(line);
        let chain = SuppliedChain::parse(&evidence.vek_der(&forge)).expect("a minted certificate reads");
        let vek = VerifiedVek::verify(&chain, &anchors).expect("a minted certificate is good");
        (evidence.to_report_bytes(), vek)
    });
    Genuine {
        anchors,
        guests: guests.into(),
    }
});

/// Any bytes as a report; and as an edit of a genuine one: the first byte selects the line, the others are places and
/// values.
pub fn snp_report(data: &[u8]) {
    let _ = inspect::snp_report(data);
    let settings = Settings::default();
    let judge = |report: &[u8], vek: &VerifiedVek| {
        let report = Report::read(report).ok()?.admit(&settings).ok()?;
        appraise(
            &report,
            vek,
            None,
            &AmdCrls::none(),
            UnixTime::new(NOW),
            &settings,
        )
        .ok()
    };
    for (genuine, vek) in &GENUINE.guests {
        if let Some(appraisal) = judge(data, vek) {
            assert_eq!(data, genuine.as_slice());
            assert_eq!(appraisal.product(), vek.product());
        }
    }
    let Some((selector, edits)) = data.split_first() else {
        return;
    };
    let lines = GENUINE.guests.len();
    let (genuine, vek) = &GENUINE.guests[usize::from(*selector) % lines];
    let mut edited = genuine.clone();
    for edit in edits.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % edited.len();
        edited[place] ^= edit[2];
    }
    if judge(&edited, vek).is_some() {
        assert_eq!(edited, *genuine);
    }
}

/// Any bytes as the certificate of a signing key, alone or with others; what nobody trusted issued is never verified.
pub fn vek_certificate(data: &[u8]) {
    let _ = inspect::certificate_chain(data);
    let _ = VekCertificate::parse(data);
    let Ok(chain) = SuppliedChain::parse(data) else {
        return;
    };
    if let Ok(verified) = VerifiedVek::verify(&chain, &GENUINE.anchors) {
        let known = GENUINE.guests.iter().any(|(_, vek)| {
            vek.vek().certificate().public_key() == verified.vek().certificate().public_key()
        });
        assert!(known);
    }
}

/// Any bytes as a revocation list, by AMD's roots and the forge's.
pub fn amd_crl(data: &[u8]) {
    if let Ok(crl) = AmdCrl::verify(data, &GENUINE.anchors, UnixTime::new(NOW)) {
        let _ = AmdCrls::none().with(crl);
    }
    let _ = AmdAnchors::from_certificates(&[data.to_vec()]);
}
