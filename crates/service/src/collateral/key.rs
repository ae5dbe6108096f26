//! The key that a set of documents is kept under.

use std::fmt;

use attestry_evidence::dcap::{PckCa, Tee};
use attestry_evidence::hex;

use super::Edition;
use crate::store::StoreError;
use crate::telemetry::metrics::CollateralLabels;

/// Which platforms a set of documents is for, and which edition it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CollateralKey {
    /// The kind of TEE: SGX and TDX have documents of their own.
    pub tee: Tee,
    /// The platform model, "family, model, stepping, platform, custom SKU".
    pub fmspc: [u8; 6],
    /// Which authority issued the platform's PCK certificate, hence which CRL applies.
    pub ca: PckCa,
    /// Which of the sets kept side by side.
    pub edition: Edition,
}

impl CollateralKey {
    /// The same platforms under another edition.
    #[must_use]
    pub fn with_edition(self, edition: Edition) -> Self {
        Self { edition, ..self }
    }

    /// `sgx` or `tdx`, as in the paths of Intel's services.
    pub fn tee_name(&self) -> &'static str {
        match self.tee {
            Tee::Sgx => "sgx",
            Tee::Tdx => "tdx",
        }
    }

    /// The FMSPC in lower-case hexadecimal.
    pub fn fmspc_hex(&self) -> String {
        hex::encode(&self.fmspc)
    }

    /// `processor` or `platform`, as in the queries of Intel's services.
    pub fn ca_name(&self) -> &'static str {
        match self.ca {
            PckCa::Processor => "processor",
            PckCa::Platform => "platform",
        }
    }

    /// Reads the four texts that [`CollateralKey`]'s members are stored as.
    pub fn from_texts(tee: &str, fmspc: &str, ca: &str, edition: &str) -> Result<Self, StoreError> {
        let malformed = || StoreError::Malformed {
            what: "collateral key",
        };
        Ok(Self {
            tee: match tee {
                "sgx" => Tee::Sgx,
                "tdx" => Tee::Tdx,
                _ => return Err(malformed()),
            },
            fmspc: hex::decode_array(fmspc).ok_or_else(malformed)?,
            ca: match ca {
                "processor" => PckCa::Processor,
                "platform" => PckCa::Platform,
                _ => return Err(malformed()),
            },
            edition: edition.parse().map_err(|_| malformed())?,
        })
    }

    pub(super) fn labels(&self) -> CollateralLabels {
        CollateralLabels {
            tee: self.tee_name().to_owned(),
            fmspc: self.fmspc_hex(),
            ca: self.ca_name().to_owned(),
            edition: self.edition.to_string(),
        }
    }
}

/// `sgx-00906ed50000-processor-standard`; also the name of the key's directory in the directory form.
impl fmt::Display for CollateralKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{}-{}-{}",
            self.tee_name(),
            self.fmspc_hex(),
            self.ca_name(),
            self.edition
        )
    }
}
