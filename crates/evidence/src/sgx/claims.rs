//! What an appraised enclave's evidence claims, under the names of MAA's documentation ("Claim sets", SGX). Runtime
//! and init-time data, issuer and times are claimed elsewhere.

use serde_json::{Value, json};

use super::SgxReportBody;
use crate::claims::{Claims, appraisal_facts, named};
use crate::dcap::{Appraisal, CollateralHashes, QuoteBody};
use crate::hex;

/// The claims of an appraised enclave that belong into a token. `quote_hash` is the SHA-256 of the evidence exactly
/// as it was posted, with an Open Enclave header if it had one. An appraisal of a trust domain has none of them.
pub fn token_claims(appraisal: &Appraisal, quote_hash: [u8; 32], collateral: &CollateralHashes) -> Claims {
    let QuoteBody::Sgx(report) = appraisal.body() else {
        return Claims::new();
    };
    let mut claims = report_claims(report);
    let hashes = collateral_hashes(quote_hash, collateral);
    // The second is the deprecated name, which MAA still writes beside the first.
    claims.insert("x-ms-sgx-collateral".into(), hashes.clone());
    claims.insert("maa-attestationcollateral".into(), hashes);
    claims
}

/// What a policy can ask beyond the token's claims: the deprecated names under which MAA offers the report's fields
/// to policies, and what the appraisal found out about the platform.
pub fn policy_facts(appraisal: &Appraisal) -> Claims {
    let QuoteBody::Sgx(report) = appraisal.body() else {
        return Claims::new();
    };
    let mut facts = appraisal_facts(appraisal);
    facts.extend(deprecated_names(report));
    facts
}

fn report_claims(report: &SgxReportBody) -> Claims {
    let mut claims = named([
        ("x-ms-attestation-type", json!(ATTESTATION_TYPE)),
        ("x-ms-sgx-is-debuggable", json!(report.attributes.debug())),
        ("x-ms-sgx-mrenclave", json!(hex::encode(&report.mrenclave))),
        ("x-ms-sgx-mrsigner", json!(hex::encode(&report.mrsigner))),
        ("x-ms-sgx-product-id", json!(report.isv_prod_id)),
        ("x-ms-sgx-svn", json!(report.isv_svn)),
        ("x-ms-sgx-report-data", json!(hex::encode(&report.report_data))),
    ]);
    if report.attributes.kss() {
        claims.extend(named([
            ("x-ms-sgx-config-id", json!(hex::encode(&report.config_id))),
            ("x-ms-sgx-config-svn", json!(report.config_svn)),
            (
                "x-ms-sgx-isv-extended-product-id",
                json!(hex::encode(&report.isv_ext_prod_id)),
            ),
            (
                "x-ms-sgx-isv-family-id",
                json!(hex::encode(&report.isv_family_id)),
            ),
        ]));
    }
    claims
}

fn collateral_hashes(quote_hash: [u8; 32], collateral: &CollateralHashes) -> Value {
    json!({
        "qeidcertshash": hex::encode(&collateral.qeidcertshash),
        "qeidcrlhash": hex::encode(&collateral.qeidcrlhash),
        "qeidhash": hex::encode(&collateral.qeidhash),
        "quotehash": hex::encode(&quote_hash),
        "tcbinfocertshash": hex::encode(&collateral.tcbinfocertshash),
        "tcbinfocrlhash": hex::encode(&collateral.tcbinfocrlhash),
        "tcbinfohash": hex::encode(&collateral.tcbinfohash),
    })
}

/// The names of MAA's first policies, which its default policy still reads.
fn deprecated_names(report: &SgxReportBody) -> Claims {
    named([
        ("$is-debuggable", json!(report.attributes.debug())),
        ("$product-id", json!(report.isv_prod_id)),
        ("$sgx-mrenclave", json!(hex::encode(&report.mrenclave))),
        ("$sgx-mrsigner", json!(hex::encode(&report.mrsigner))),
        ("$svn", json!(report.isv_svn)),
        ("$tee", json!(ATTESTATION_TYPE)),
    ])
}

const ATTESTATION_TYPE: &str = "sgx";

#[cfg(test)]
mod tests;
