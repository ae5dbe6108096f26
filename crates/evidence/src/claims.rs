//! The common form of claims, names to JSON values, and the facts that every DCAP appraisal offers to policies. What
//! each family claims is in that family's module; which claims reach a token is decided elsewhere.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::dcap::Appraisal;
use crate::hex;

/// Claims by name.
pub type Claims = BTreeMap<String, Value>;

/// What an appraisal found out about the platform. None of it is a claim of MAA's: the names have our own prefix.
/// An array stands for several claims of one name. The platform's PPID is left out: it identifies the machine.
pub(crate) fn appraisal_facts(appraisal: &Appraisal) -> Claims {
    let supplemental = appraisal.supplemental();
    let warnings: Vec<String> = appraisal.warnings().iter().map(ToString::to_string).collect();
    let mut facts = named([
        ("x-attestry-tcb-status", json!(appraisal.status().name())),
        ("x-attestry-tcb-date", json!(appraisal.tcb_date().to_string())),
        ("x-attestry-advisory", json!(appraisal.advisories())),
        (
            "x-attestry-evaluation-number",
            json!(supplemental.tcb_evaluation_data_number),
        ),
        (
            "x-attestry-collateral-expiration",
            json!(supplemental.earliest_expiration_date.to_string()),
        ),
        (
            "x-attestry-platform-tcb-status",
            json!(appraisal.platform().status().name()),
        ),
        ("x-attestry-qe-tcb-status", json!(appraisal.qe().status().name())),
        ("x-attestry-fmspc", json!(hex::encode(&supplemental.fmspc))),
        ("x-attestry-pce-id", json!(hex::encode(&supplemental.pce_id))),
        ("x-attestry-pce-svn", json!(supplemental.pce_svn)),
        ("x-attestry-cpu-svn", json!(hex::encode(&supplemental.cpu_svn))),
        ("x-attestry-sgx-type", json!(supplemental.sgx_type.name())),
        ("x-attestry-pck-ca", json!(supplemental.pck_ca.name())),
        ("x-attestry-warnings", json!(warnings)),
    ]);
    facts.extend(stated([
        (
            "x-attestry-module-tcb-status",
            appraisal.module().map(|module| json!(module.status().name())),
        ),
        (
            "x-attestry-platform-instance-id",
            supplemental
                .platform_instance_id
                .map(|id| json!(hex::encode(&id))),
        ),
        (
            "x-attestry-dynamic-platform",
            supplemental.dynamic_platform.map(Value::from),
        ),
        (
            "x-attestry-cached-keys",
            supplemental.cached_keys.map(Value::from),
        ),
        (
            "x-attestry-smt-enabled",
            supplemental.smt_enabled.map(Value::from),
        ),
    ]));
    facts
}

pub(crate) fn named<const N: usize>(claims: [(&str, Value); N]) -> Claims {
    claims
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The claims among `claims` that have a value.
fn stated<const N: usize>(claims: [(&str, Option<Value>); N]) -> Claims {
    claims
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}
