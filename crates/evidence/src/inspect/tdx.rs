//! The fields of a trust domain's report.

use super::Node;
use super::fields::Show::{Explained, Hex, Number};
use super::fields::{Field, group};
use crate::reader::{EndOfInput, Reader};
use crate::tdx::{TdAttributes, TdReportBody};

/// The body `report` was read from.
pub(super) fn report_body(reader: &mut Reader<'_>, report: &TdReportBody) -> Result<Node, EndOfInput> {
    let mut fields = BODY_1_0.to_vec();
    if let Some(td15) = report.td15 {
        fields.extend(ADDED_BY_1_5);
        if td15.extended.is_some() {
            fields.extend(ADDED_BY_1_5_EXTENDED);
        }
    }
    group(reader, "body", &fields)
}

fn attributes(bytes: &[u8]) -> String {
    let Ok(bytes) = bytes.try_into() else {
        return String::new();
    };
    let attributes = TdAttributes(bytes);
    let names = [
        (attributes.debug(), "debug"),
        (attributes.septve_disable(), "septve_disable"),
        (attributes.migratable(), "migratable"),
        (attributes.protection_keys(), "protection_keys"),
        (attributes.key_locker(), "key_locker"),
        (attributes.perfmon(), "perfmon"),
        (attributes.reserved_set(), "reserved bits"),
    ];
    let set: Vec<&str> = names
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| *name)
        .collect();
    set.join(", ")
}

/// Intel TDX DCAP quote generation library, A.3.2 "TD quote body".
const BODY_1_0: [Field; 15] = [
    ("tee_tcb_svn", 16, Hex),
    ("mrseam", 48, Hex),
    ("mrsignerseam", 48, Hex),
    ("seam_attributes", 8, Hex),
    ("td_attributes", 8, Explained(attributes)),
    ("xfam", 8, Hex),
    ("mrtd", 48, Hex),
    ("mrconfigid", 48, Hex),
    ("mrowner", 48, Hex),
    ("mrownerconfig", 48, Hex),
    ("rtmr0", 48, Hex),
    ("rtmr1", 48, Hex),
    ("rtmr2", 48, Hex),
    ("rtmr3", 48, Hex),
    ("report_data", 64, Hex),
];

const ADDED_BY_1_5: [Field; 2] = [("tee_tcb_svn_2", 16, Hex), ("mrservicetd", 48, Hex)];

const ADDED_BY_1_5_EXTENDED: [Field; 10] = [
    ("vm_id", 1, Number),
    ("td_id", 32, Hex),
    ("device_info", 48, Hex),
    ("initial_servtd_hash", 48, Hex),
    ("initial_servtd_attributes", 8, Hex),
    ("initial_cpu_svn", 16, Hex),
    ("initial_tee_tcb_svn", 16, Hex),
    ("initial_fmspc", 12, Hex),
    ("current_servtd_hash", 48, Hex),
    ("current_servtd_attributes", 8, Hex),
];
