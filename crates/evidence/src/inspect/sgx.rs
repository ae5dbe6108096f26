//! The fields of an enclave's report.

use super::Node;
use super::fields::Show::{Explained, Hex, Number};
use super::fields::{Field, group};
use crate::reader::{EndOfInput, Reader};
use crate::sgx::Attributes;

pub(super) fn report_body(reader: &mut Reader<'_>, name: &str) -> Result<Node, EndOfInput> {
    group(reader, name, &REPORT_BODY)
}

fn attributes(bytes: &[u8]) -> String {
    let Ok(bytes) = bytes.try_into() else {
        return String::new();
    };
    let attributes = Attributes(bytes);
    let names = [
        (attributes.init(), "init"),
        (attributes.debug(), "debug"),
        (attributes.mode64bit(), "mode64bit"),
        (attributes.provision_key(), "provision_key"),
        (attributes.einittoken_key(), "einittoken_key"),
        (attributes.kss(), "kss"),
        (attributes.aex_notify(), "aex_notify"),
    ];
    let set: Vec<&str> = names
        .iter()
        .filter(|(is_set, _)| *is_set)
        .map(|(_, name)| *name)
        .collect();
    set.join(", ")
}

/// Intel SDM volume 3D, 38.15 "REPORT".
const REPORT_BODY: [Field; 16] = [
    ("cpu_svn", 16, Hex),
    ("misc_select", 4, Hex),
    ("reserved1", 12, Hex),
    ("isv_ext_prod_id", 16, Hex),
    ("attributes", 16, Explained(attributes)),
    ("mrenclave", 32, Hex),
    ("reserved2", 32, Hex),
    ("mrsigner", 32, Hex),
    ("reserved3", 32, Hex),
    ("config_id", 64, Hex),
    ("isv_prod_id", 2, Number),
    ("isv_svn", 2, Number),
    ("config_svn", 2, Number),
    ("reserved4", 42, Hex),
    ("isv_family_id", 16, Hex),
    ("report_data", 64, Hex),
];
