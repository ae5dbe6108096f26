//! What the virtual TPMs of Azure's confidential VMs and its utility VMs hand out, as strangers send it.

use std::sync::LazyLock;

use attestry_evidence::azure::uvm::{SigningTime, UvmEndorsement, UvmTrust};
use attestry_evidence::azure::{HardwareReport, HclReport, RuntimeClaims, ak_certificate};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::azure::{Cbor, UvmAuthority, UvmEndorsement as Forged};
use attestry_forge::pki::AnyKey;

/// Any bytes as an HCL report and, cut out of the same TPM, a certificate. What is accepted is inside the input, and only
/// claims that the report data carry are bound.
pub fn hcl_report(data: &[u8]) {
    if let Ok(certificate) = ak_certificate(data) {
        assert!(data.starts_with(certificate));
    }
    let Ok(report) = HclReport::parse(data) else {
        return;
    };
    assert!(report.runtime_claims().len() < data.len());
    let bound = match report.hardware() {
        HardwareReport::Snp { report: snp, .. } => report.bind_to_snp_report(snp),
        HardwareReport::Tdx { report_data, .. } => report.bind_to_tdx_quote(report_data),
    };
    if let Ok(bound) = bound {
        let read = RuntimeClaims::parse(report.runtime_claims()).expect("bound claims are claims");
        assert_eq!(*bound.claims(), read);
    }
}

/// Any bytes as runtime claims. What is kept of them reads the same again.
pub fn runtime_json(data: &[u8]) {
    let Ok(claims) = RuntimeClaims::parse(data) else {
        return;
    };
    let text = serde_json::to_vec(claims.members()).expect("JSON is written");
    if let Ok(again) = RuntimeClaims::parse(&text) {
        assert_eq!(again.ak_pub(), claims.ak_pub());
        assert_eq!(again.user_data(), claims.user_data());
    }
}

/// Any bytes as an endorsement, and as the parts of one that lie behind its signature: the first byte selects.
pub fn cose_endorsement(data: &[u8]) {
    let world = &*ENDORSEMENTS;
    let Some((selector, data)) = data.split_first() else {
        return;
    };
    match selector % 4 {
        0 => {
            if let Ok(verified) = world.verify(data) {
                assert_eq!(
                    *verified.measurement(),
                    MEASUREMENT,
                    "only what the forge has signed is accepted"
                );
            }
        }
        1 => {
            let mut forged = world.good.clone();
            forged.payload = Some(data.to_vec());
            let _ = world.verify(&forged.mint());
        }
        2 => {
            let mut forged = world.good.clone();
            forged.use_cwt_claims();
            forged.issuer = String::from_utf8_lossy(data).into_owned();
            if let Ok(verified) = world.verify(&forged.mint()) {
                assert_eq!(verified.issuer().as_str(), forged.issuer);
            }
        }
        _ => {
            let verified = world
                .verify(&world.stamped(data))
                .expect("the signer is valid without a stamp");
            if let SigningTime::Stamped(at) = verified.signing_time() {
                assert_eq!(
                    at.seconds(),
                    world.good.signing_time,
                    "only the forge's stamp is believed"
                );
            }
        }
    }
}

/// A signer, and an endorsement by it that has no time stamp.
pub struct Endorsements {
    /// The signer and the time stamp authority.
    pub authority: UvmAuthority,
    /// Signed with ECDSA, which is quicker than RSA.
    pub good: Forged,
    trust: UvmTrust,
}

/// The signer that all targets share.
pub static ENDORSEMENTS: LazyLock<Endorsements> = LazyLock::new(|| {
    let mut authority = UvmAuthority::new(NOW);
    authority.leaf.subject_key = AnyKey::from(Seed::default().key("endorsements"));
    let mut good = Forged::new(&authority, &MEASUREMENT);
    good.algorithm = ES256;
    good.time_stamp = None;
    let trust =
        UvmTrust::from_certificates(&[authority.root.to_der()], &[authority.time_stamp_root.to_der()])
            .expect("the forge's roots are roots");
    Endorsements {
        authority,
        good,
        trust,
    }
});

impl Endorsements {
    fn verify(&self, bytes: &[u8]) -> Result<UvmEndorsement, attestry_evidence::azure::uvm::UvmError> {
        UvmEndorsement::verify(bytes, &self.trust, UnixTime::new(NOW), 0)
    }

    /// The good endorsement with these bytes as time stamp token.
    pub fn stamped(&self, token: &[u8]) -> Vec<u8> {
        let endorsement = self.good.mint();
        let protected = Cbor::Bytes(Cbor::Map(self.good.protected_header()).encode()).encode();
        // A tag and the head of an array stand before the protected headers, an empty map behind them.
        let position = 2 + protected.len();
        let (before, after) = endorsement.split_at(position);
        let stamp = Cbor::Map(vec![(Cbor::text("timestamp"), Cbor::Bytes(token.to_vec()))]);
        [before, &stamp.encode(), &after[1..]].concat()
    }
}

/// The time of the verification, seconds since 1970.
const NOW: i64 = 1_768_435_200;
const MEASUREMENT: [u8; 48] = [0xAB; 48];
/// IANA, "COSE Algorithms".
const ES256: i64 = -7;
