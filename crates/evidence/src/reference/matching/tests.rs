//! Values that do not count now vouch for nothing, and refuse all the same.

use attestry_forge::amd::ProductLine;
use serde_json::{Value, json};

use super::super::fixture::{NOW, appraised, file, forge, guest, parse};
use super::super::{SnpGuest, Standing};
use super::ReferenceWarning;
use crate::time::UnixTime;

/// The facts about a good guest at a time, with the whole file changed.
fn facts(now: UnixTime, change: impl Fn(&mut Value)) -> (Option<ReferenceWarning>, Value) {
    let evidence = guest(&forge(), ProductLine::Milan);
    let appraisal = appraised(&forge(), &evidence);
    let mut file = file(&evidence);
    change(&mut file);
    let values = parse(&file);
    let guest = SnpGuest {
        appraisal: &appraisal,
        runtime_bound: true,
        endorsements: &[],
    };
    let matched = values.match_snp(&guest, now);
    let mut facts = matched.policy_facts();
    facts.extend(matched.token_claims());
    (matched.warning(), json!(facts))
}

fn at(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339_z(text).unwrap()
}

#[test]
fn expired_values_vouch_for_nothing() {
    let expires = at("2026-04-01T00:00:00Z");
    let (warning, last) = facts(at("2026-03-31T23:59:59Z"), |_| {});
    assert_eq!(warning, None);
    assert_eq!(last["x-ms-compliance-status"], json!("azure-compliant-cvm"));
    let (warning, expired) = facts(expires, |_| {});
    assert_eq!(warning, Some(ReferenceWarning::Expired { expires }));
    assert_eq!(
        expired,
        json!({ "x-attestry-reference-version": 7, "x-attestry-reference-current": false })
    );
    assert_eq!(
        warning.unwrap().to_string(),
        "the reference values expired at 2026-04-01T00:00:00Z"
    );
}

#[test]
fn values_of_the_future_vouch_for_nothing_beyond_the_skew_of_clocks() {
    let issued = at("2026-01-01T00:00:00Z");
    let (warning, _) = facts(issued.add_seconds(-300).unwrap(), |_| {});
    assert_eq!(warning, None);
    let (warning, early) = facts(issued.add_seconds(-301).unwrap(), |_| {});
    assert_eq!(warning, Some(ReferenceWarning::NotYetIssued { issued }));
    assert_eq!(early.get("x-ms-compliance-status"), None);
}

#[test]
fn what_expired_values_refuse_stays_refused() {
    let refuse = |file: &mut Value| {
        file["chips"] = json!({ "deny": file["chips"]["allow"], "allow": { "Milan": [] } });
        file["refused_products"] = json!(["Milan"]);
        file["tcb_floors"]["Milan"]["snp"] = json!(255);
    };
    let (_, expired) = facts(at("2027-01-01T00:00:00Z"), refuse);
    assert_eq!(
        expired,
        json!({
            "x-attestry-reference-version": 7,
            "x-attestry-reference-current": false,
            "x-attestry-snp-product-refused": true,
            "x-attestry-snp-tcb-floor-met": false,
            "x-attestry-snp-chip-listed": false,
            "x-attestry-snp-chip-denied": true,
        })
    );
    assert!(matches!(
        parse(&file(&guest(&forge(), ProductLine::Milan))).standing(NOW),
        Standing::Current
    ));
}
