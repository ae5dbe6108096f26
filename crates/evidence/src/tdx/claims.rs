//! What an appraised trust domain's evidence claims, under the names of MAA's EAT profile for TDX
//! (`https://aka.ms/maa-eat-profile-tdxvm`). Runtime and init-time data, issuer and times are claimed elsewhere.

use serde_json::json;

use super::{Td15Extended, TdReportBody};
use crate::claims::{Claims, appraisal_facts, named};
use crate::dcap::{Appraisal, QuoteBody, TcbStatus};
use crate::hex;

/// The claims of an appraised trust domain that belong into a token. An appraisal of an enclave has none of them.
pub fn token_claims(appraisal: &Appraisal) -> Claims {
    let QuoteBody::Tdx(report) = appraisal.body() else {
        return Claims::new();
    };
    report_claims(report, appraisal.status())
}

/// What a policy can ask beyond the token's claims: the fields that TDX 1.5 adds, and what the appraisal found out
/// about the platform.
pub fn policy_facts(appraisal: &Appraisal) -> Claims {
    let QuoteBody::Tdx(report) = appraisal.body() else {
        return Claims::new();
    };
    let mut facts = appraisal_facts(appraisal);
    facts.extend(report_facts(report));
    facts.extend(named([(LAUNCH_STATUS, json!(appraisal.launch_status().name()))]));
    facts.extend(
        appraisal
            .current_status()
            .map(|status| (CURRENT_STATUS.to_owned(), json!(status.name()))),
    );
    facts
}

fn report_claims(report: &TdReportBody, status: TcbStatus) -> Claims {
    let attributes = report.td_attributes;
    let [tdx_module_svn, ..] = report.tee_tcb_svn;
    let [rtmr0, rtmr1, rtmr2, rtmr3] = &report.rtmrs;
    named([
        ("x-ms-attestation-type", json!("tdxvm")),
        ("attester_tcb_status", json!(status.name())),
        (
            "dbgstat",
            json!(if attributes.debug() { "enabled" } else { "disabled" }),
        ),
        ("eat_profile", json!("https://aka.ms/maa-eat-profile-tdxvm")),
        ("intuse", json!("generic")),
        ("tdx_mrconfigid", json!(hex::encode(&report.mrconfigid))),
        ("tdx_mrowner", json!(hex::encode(&report.mrowner))),
        ("tdx_mrownerconfig", json!(hex::encode(&report.mrownerconfig))),
        ("tdx_mrseam", json!(hex::encode(&report.mrseam))),
        ("tdx_mrsignerseam", json!(hex::encode(&report.mrsignerseam))),
        ("tdx_mrtd", json!(hex::encode(&report.mrtd))),
        ("tdx_report_data", json!(hex::encode(&report.report_data))),
        ("tdx_rtmr0", json!(hex::encode(rtmr0))),
        ("tdx_rtmr1", json!(hex::encode(rtmr1))),
        ("tdx_rtmr2", json!(hex::encode(rtmr2))),
        ("tdx_rtmr3", json!(hex::encode(rtmr3))),
        ("tdx_seam_attributes", json!(hex::encode(&report.seam_attributes))),
        ("tdx_seamsvn", json!(tdx_module_svn)),
        ("tdx_td_attributes", json!(hex::encode(&attributes.0))),
        ("tdx_td_attributes_debug", json!(attributes.debug())),
        ("tdx_td_attributes_key_locker", json!(attributes.key_locker())),
        ("tdx_td_attributes_perfmon", json!(attributes.perfmon())),
        (
            "tdx_td_attributes_protection_keys",
            json!(attributes.protection_keys()),
        ),
        (
            "tdx_td_attributes_septve_disable",
            json!(attributes.septve_disable()),
        ),
        ("tdx_tee_tcb_svn", json!(hex::encode(&report.tee_tcb_svn))),
        ("tdx_xfam", json!(hex::encode(&report.xfam))),
    ])
}

/// What the report states and MAA has no claim for.
fn report_facts(report: &TdReportBody) -> Claims {
    let mut facts = named([
        (
            "x-attestry-tdx-migratable",
            json!(report.td_attributes.migratable()),
        ),
        (
            "x-attestry-tdx-reserved-attributes",
            json!(report.td_attributes.reserved_set()),
        ),
    ]);
    let Some(td15) = report.td15 else { return facts };
    facts.extend(named([
        (
            "x-attestry-tdx-tee-tcb-svn-2",
            json!(hex::encode(&td15.tee_tcb_svn_2)),
        ),
        (
            "x-attestry-tdx-mrservicetd",
            json!(hex::encode(&td15.mrservicetd)),
        ),
    ]));
    facts.extend(td15.extended.iter().flat_map(extended_facts));
    facts
}

fn extended_facts(extended: &Td15Extended) -> Claims {
    named([
        ("x-attestry-tdx-vm-id", json!(extended.vm_id)),
        ("x-attestry-tdx-td-id", json!(hex::encode(&extended.td_id))),
        (
            "x-attestry-tdx-device-info",
            json!(hex::encode(&extended.device_info)),
        ),
        (
            "x-attestry-tdx-initial-servtd-hash",
            json!(hex::encode(&extended.initial_servtd_hash)),
        ),
        (
            "x-attestry-tdx-initial-servtd-attributes",
            json!(hex::encode(&extended.initial_servtd_attributes)),
        ),
        (
            "x-attestry-tdx-initial-cpu-svn",
            json!(hex::encode(&extended.initial_cpu_svn)),
        ),
        (
            "x-attestry-tdx-initial-tee-tcb-svn",
            json!(hex::encode(&extended.initial_tee_tcb_svn)),
        ),
        (
            "x-attestry-tdx-initial-fmspc",
            json!(hex::encode(&extended.initial_fmspc)),
        ),
        (
            "x-attestry-tdx-current-servtd-hash",
            json!(hex::encode(&extended.current_servtd_hash)),
        ),
        (
            "x-attestry-tdx-current-servtd-attributes",
            json!(hex::encode(&extended.current_servtd_attributes)),
        ),
    ])
}

const LAUNCH_STATUS: &str = "x-attestry-tdx-launch-tcb-status";
const CURRENT_STATUS: &str = "x-attestry-tdx-current-tcb-status";

#[cfg(test)]
mod tests;
