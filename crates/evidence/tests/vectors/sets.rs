//! Real quotes with the collateral of their day: status and advisories are those that other verifiers recorded, but
//! for the differences in the table.

use std::collections::BTreeSet;

use crate::differences::{DCAP_QVL, DCAP_QVL_DEFAULT, Difference, INTEL_QVL, assert_explained};
use crate::outcome::{Outcome, appraisal, ours};
use crate::pool::vectors;

#[test]
fn outcomes_differ_from_other_verifiers_only_where_explained() {
    assert_explained(&vectors("sets"), "expected/", &DIFFERENCES);
}

#[test]
fn every_status_but_the_forged_ones_occurs() {
    let vectors = vectors("sets");
    if vectors.is_empty() {
        return;
    }
    let found: BTreeSet<String> = vectors
        .iter()
        .map(|vector| ours(&appraisal(vector)).to_string())
        .collect();
    for expected in [
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "OutOfDate",
        "refused",
    ] {
        assert!(found.contains(expected), "{expected} in {found:?}");
    }
}

/// Facts of the certificate that are recorded with each quote.
#[test]
fn the_platform_is_the_recorded_one() {
    for vector in vectors("sets") {
        let Ok(appraisal) = appraisal(&vector) else {
            continue;
        };
        let platform = appraisal.supplemental();
        let known = |name: &str| vector.known(&format!("quote_info/{name}")).clone();
        assert_eq!(
            known("fmspc"),
            attestry_evidence::hex::encode(&platform.fmspc),
            "{}",
            vector.name
        );
        assert_eq!(
            known("pceid"),
            attestry_evidence::hex::encode(&platform.pce_id),
            "{}",
            vector.name
        );
        assert_eq!(
            known("cpusvn"),
            attestry_evidence::hex::encode(&platform.cpu_svn),
            "{}",
            vector.name
        );
        assert_eq!(known("pcesvn_cert"), platform.pce_svn, "{}", vector.name);
        assert_eq!(
            known("cfg"),
            platform.dynamic_platform.is_some(),
            "{}",
            vector.name
        );
        assert_eq!(appraisal.signatures_verified(), 2, "{}", vector.name);
    }
}

#[test]
fn a_quote_that_meets_no_level_is_refused() {
    for vector in vectors("sets") {
        if vector.name == "tdx-v5-td15-90c06f000000-trustee" {
            assert_eq!(
                appraisal(&vector).unwrap_err().explain().code,
                "tcb_not_supported"
            );
            assert_eq!(ours(&appraisal(&vector)), Outcome::Refused);
        }
    }
}

const DIFFERENCES: [Difference; 12] = [
    (
        "sgx-v3-00606a000000-teepot-vault-proxy",
        DCAP_QVL_DEFAULT,
        "refused",
        "SWHardeningNeeded",
        DEBUG,
    ),
    (
        "sgx-v3-00606a000000-trustee-occlum-debug",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "sgx-v3-00906ed50000-maa-2021-exchange",
        INTEL_QVL,
        "refused",
        "OutOfDate",
        OLD_ROOT,
    ),
    (
        "sgx-v3-00906ed50000-maa-intelsdk-debug",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "sgx-v3-00906ed50000-maa-oe-debug",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "sgx-v3-00906ed50000-maa-oe-debug",
        INTEL_QVL,
        "refused",
        "OutOfDate",
        OLD_ROOT,
    ),
    (
        "sgx-v3-00906ed50000-maa-oe-securityversion",
        INTEL_QVL,
        "refused",
        "OutOfDate",
        OLD_ROOT,
    ),
    (
        "sgx-v3-00906ed50000-oe-qvethread-debug",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "tdx-v4-00806f050000-azure-cvm",
        DCAP_QVL,
        "refused",
        "OutOfDate",
        SEPT_VE_DISABLE,
    ),
    (
        "tdx-v4-50806f000000-trustee-debug",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "tdx-v5-td15-00806f050000-oe-eval21",
        DCAP_QVL,
        "refused",
        "OutOfDate",
        SERVICE_DOMAIN_OR_MIGRATION,
    ),
    (
        "tdx-v5-td15-90c06f000000-automata-alibaba",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        SERVICE_DOMAIN_OR_MIGRATION,
    ),
];

const DEBUG: &str = "dcap-qvl refuses debug enclaves and domains unless told otherwise; here it is a claim, and the policy decides";
const OLD_ROOT: &str = "Intel's library compares the root certificate, and the chains carry two of them with the same key; here the key counts";
const SEPT_VE_DISABLE: &str = "dcap-qvl insists on SEPT_VE_DISABLE, which no Azure guest sets; here it is a claim, and the policy decides";
const SERVICE_DOMAIN_OR_MIGRATION: &str = "dcap-qvl refuses migratable domains and, unless told otherwise, bound service domains; here both are facts for the policy";
