//! What appraised evidence claims, beside a token that Microsoft's service issued for the same evidence.

use std::collections::BTreeSet;

use attestry_evidence::claims::Claims;
use attestry_evidence::dcap::{Appraisal, CollateralHashes, TcbStatus, Tee};
use attestry_evidence::{sgx, tdx};
use serde_json::Value;

use crate::outcome::appraisal;
use crate::pool::{self, real_quotes, vectors};

/// Hashes that belong to no document; each is told apart by its first byte.
const HASHES: CollateralHashes = CollateralHashes {
    qeidcertshash: [1; 32],
    qeidcrlhash: [2; 32],
    qeidhash: [3; 32],
    tcbinfocertshash: [4; 32],
    tcbinfocrlhash: [5; 32],
    tcbinfohash: [6; 32],
};

#[test]
fn an_enclave_claims_what_it_claims_in_a_token_of_microsofts() {
    let vectors = vectors("sets");
    let Some(exchange) = pool::file("maa/exchanges/post-attest_OpenEnclave-aad-rtbinary.json") else {
        return;
    };
    let exchange: Value = serde_json::from_slice(&exchange).unwrap();
    let recorded = exchange["decoded"]["token_body"].as_object().unwrap();
    let vector = vectors
        .iter()
        .find(|vector| vector.name == "sgx-v3-00906ed50000-maa-2021-exchange")
        .unwrap();
    let report = vector.file("oe_report.bin").unwrap();
    let quote_hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &report);
    let claims = sgx::claims::token_claims(
        &appraisal(vector).unwrap(),
        quote_hash.as_ref().try_into().unwrap(),
        &HASHES,
    );
    for (name, value) in &claims {
        match recorded[name].as_object() {
            // Of the hashes, only that of the evidence does not depend on the collateral of the day.
            Some(hashes) => {
                assert_eq!(value["quotehash"], hashes["quotehash"], "{name}");
                let members = |value: &Value| -> BTreeSet<String> {
                    value.as_object().unwrap().keys().cloned().collect()
                };
                assert_eq!(members(value), members(&recorded[name]), "{name}");
            }
            None => assert_eq!(value, &recorded[name], "{name}"),
        }
    }
    let elsewhere = [
        "aas-ehd",
        "exp",
        "iat",
        "iss",
        "jti",
        "maa-ehd",
        "nbf",
        "x-ms-policy-hash",
        "x-ms-sgx-ehd",
        "x-ms-ver",
    ];
    let missing: Vec<&str> = recorded
        .keys()
        .map(String::as_str)
        .filter(|name| !claims.contains_key(*name))
        .collect();
    assert_eq!(missing, elsewhere);
}

#[test]
fn a_familys_claims_are_made_of_its_own_evidence_only() {
    for vector in real_quotes() {
        let Ok(appraisal) = appraisal(&vector) else {
            continue;
        };
        let (of_sgx, of_tdx) = all_claims(&appraisal);
        assert_eq!(of_sgx.is_empty(), appraisal.tee() != Tee::Sgx, "{}", vector.name);
        assert_eq!(of_tdx.is_empty(), appraisal.tee() != Tee::Tdx, "{}", vector.name);
    }
}

#[test]
fn policies_are_told_status_date_advisories_and_platform() {
    for vector in real_quotes() {
        let Ok(appraisal) = appraisal(&vector) else {
            continue;
        };
        let facts = match appraisal.tee() {
            Tee::Sgx => sgx::claims::policy_facts(&appraisal),
            Tee::Tdx => tdx::claims::policy_facts(&appraisal),
        };
        let name = &vector.name;
        assert_eq!(
            facts["x-attestry-tcb-status"],
            appraisal.status().name(),
            "{name}"
        );
        assert_eq!(
            facts["x-attestry-tcb-date"],
            appraisal.tcb_date().to_string(),
            "{name}"
        );
        assert_eq!(
            facts["x-attestry-fmspc"],
            *vector.known("quote_info/fmspc"),
            "{name}"
        );
        let advisories: BTreeSet<String> =
            serde_json::from_value(facts["x-attestry-advisory"].clone()).unwrap();
        assert_eq!(&advisories, appraisal.advisories(), "{name}");
        // Only the Platform CA states a configuration.
        for fact in [
            "x-attestry-dynamic-platform",
            "x-attestry-cached-keys",
            "x-attestry-smt-enabled",
        ] {
            assert_eq!(
                facts.get(fact).is_some_and(Value::is_boolean),
                *vector.known("quote_info/cfg") == true
            );
        }
        let current = facts
            .get("x-attestry-tdx-current-tcb-status")
            .and_then(Value::as_str);
        assert_eq!(current, appraisal.current_status().map(TcbStatus::name), "{name}");
        assert!(!facts.keys().any(|fact| fact.contains("ppid")), "{name}");
    }
}

fn all_claims(appraisal: &Appraisal) -> (Claims, Claims) {
    let mut of_sgx = sgx::claims::token_claims(appraisal, [7; 32], &HASHES);
    of_sgx.extend(sgx::claims::policy_facts(appraisal));
    let mut of_tdx = tdx::claims::token_claims(appraisal);
    of_tdx.extend(tdx::claims::policy_facts(appraisal));
    (of_sgx, of_tdx)
}
