//! Evidence and reference documents as trees of named fields with their positions, for people to look at. Owns
//! names, order and rendering; it verifies nothing, and nothing may be decided by what it shows.

mod der;
mod fields;
mod hcl;
mod json;
mod open_enclave;
mod quote;
mod sgx;
mod snp;
mod tdx;
mod x509;

use serde::Serialize;

pub use hcl::hcl_report;
pub use json::json;
pub use open_enclave::{endorsements, open_enclave};
pub use quote::quote;
pub use snp::snp_report;
pub use x509::{certificate_chain, crl};

/// One named field and what lies inside it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Node {
    /// The field's name in its specification, in snake case.
    pub name: String,
    /// Where the field begins, in bytes from the start of the file.
    pub offset: usize,
    /// Its size in bytes.
    pub length: usize,
    /// Its value as text: hexadecimal for bytes, decimal for numbers, empty for a field that only holds others.
    pub value: String,
    /// The fields inside it, in the order of their positions.
    pub children: Vec<Node>,
}

impl Node {
    /// The field at `path`, names separated by slashes, below this one.
    pub fn find(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |node, name| {
            node.children.iter().find(|child| child.name == name)
        })
    }
}

#[cfg(test)]
mod tests;
