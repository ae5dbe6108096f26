//! Reference values made from what real guests report: the guests are what Azure's own tokens say they are.

use attestry_evidence::azure::uvm::{UvmEndorsement, UvmTrust};
use attestry_evidence::hex;
use attestry_evidence::reference::{ComplianceStatus, Endorsement, ReferenceValues, SnpGuest};
use attestry_evidence::snp::{AmdAnchors, AmdCrls, Settings};
use attestry_evidence::time::UnixTime;
use serde_json::{Value, json};

use crate::pool::file;
use crate::snp::{RealReport, real_reports, verify};

/// When the reference values of these tests count.
const NOW: UnixTime = UnixTime::new(1_795_132_800);

fn values(sections: &Value) -> ReferenceValues {
    let mut file = json!({
        "version": 1,
        "issued": "2026-01-01T00:00:00Z",
        "expires": "2027-01-01T00:00:00Z",
    });
    let members = file.as_object_mut().unwrap();
    members.extend(sections.as_object().unwrap().clone());
    ReferenceValues::parse(file.to_string().as_bytes()).unwrap()
}

/// Guests with an ID key are known by it; without one, by nothing that a digest could say.
#[test]
fn real_guests_with_an_id_key_are_known_by_it() {
    for RealReport { name, report, vek } in real_reports() {
        let settings = Settings::default();
        let appraisal = verify(&report, &vek, &AmdAnchors::amd(), &AmdCrls::none(), &settings).unwrap();
        let body = appraisal.body();
        if body.id_key_digest == [0; 48] {
            continue;
        }
        let entry = json!({
            "name": "azure",
            "id_key_digest": hex::encode(&body.id_key_digest),
            "minimum_guest_svn": body.guest_svn,
        });
        let values = values(&json!({ "hcl": { "snp": [entry] } }));
        let guest = SnpGuest {
            appraisal: &appraisal,
            runtime_bound: true,
            endorsements: &[],
        };
        let outcome = values.match_snp(&guest, NOW);
        let compliant = (body.vmpl == 0).then_some(ComplianceStatus::AzureCompliantCvm);
        assert_eq!(outcome.compliance(), compliant, "{name}");
    }
}

#[test]
fn a_real_container_group_is_compliant_by_its_endorsement() {
    let Some(cose) = file("snp/reports/aci-milan-v2/uvm-endorsement.cose") else {
        return;
    };
    let RealReport { report, vek, .. } = real_reports()
        .into_iter()
        .find(|report| report.name == "aci-milan-v2")
        .unwrap();
    let settings = Settings::default();
    let appraisal = verify(&report, &vek, &AmdAnchors::amd(), &AmdCrls::none(), &settings).unwrap();
    let endorsement = UvmEndorsement::verify(&cose, &UvmTrust::microsoft(), NOW, 0).unwrap();
    let status = |minimum_svn: u64| {
        let entry = json!({
            "name": "containers",
            "issuer": endorsement.issuer().as_str(),
            "feed": endorsement.feed(),
            "minimum_svn": minimum_svn,
            "status": "azure-compliant-uvm",
        });
        let guest = SnpGuest {
            appraisal: &appraisal,
            runtime_bound: false,
            endorsements: &[Endorsement::from(&endorsement)],
        };
        values(&json!({ "uvm": [entry] }))
            .match_snp(&guest, NOW)
            .compliance()
    };
    assert_eq!(
        status(endorsement.svn()),
        Some(ComplianceStatus::AzureCompliantUvm)
    );
    assert_eq!(status(endorsement.svn() + 1), None);
}
