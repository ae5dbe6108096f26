//! Whether data handed over beside evidence is the data that the evidence vouches for. Owns the hash formulas and
//! the constant-time comparison; what the data means is not known here.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};

use crate::hex;
use crate::rejection::{Explanation, Stage};

/// What a successful binding leaves to report.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Bound {
    /// The bytes of the field beyond the hash are not all zero. Nothing vouches for them, and a caller should warn.
    pub rest_is_set: bool,
}

/// The data is not what the evidence vouches for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BindingError {
    /// The report data does not begin with the hash of the runtime data.
    #[error("the report data does not begin with the sha-256 of the runtime data")]
    RuntimeData {
        /// SHA-256 of the runtime data.
        hash: [u8; 32],
        /// The first half of the report data.
        found: [u8; 32],
    },
    /// Init-time data was handed over with an enclave that has no configuration id.
    #[error("init-time data needs an enclave with key separation and sharing")]
    InitTimeDataWithoutKss,
    /// The host data is not the hash of the init-time data.
    #[error("the host data is not the sha-256 of the init-time data")]
    HostData {
        /// SHA-256 of the init-time data.
        hash: [u8; 32],
        /// HOST_DATA.
        found: [u8; 32],
    },
    /// The configuration id is not the hash of the init-time data, followed by zeros.
    #[error("the configuration id is not the sha-256 of the init-time data")]
    InitTimeData {
        /// SHA-256 of the init-time data.
        hash: [u8; 32],
        /// The configuration id: 64 bytes of an SGX enclave, 48 of a trust domain.
        found: Vec<u8>,
    },
}

/// Binds runtime data (MAA attest API, `runtimeData`): the first 32 bytes of the report data must be its SHA-256.
pub fn bind_runtime_data(report_data: &[u8; 64], data: &[u8]) -> Result<Bound, BindingError> {
    if commits_to(report_data, data) {
        return Ok(Bound {
            rest_is_set: report_data.iter().skip(32).any(|byte| *byte != 0),
        });
    }
    let found = report_data.first_chunk().copied().unwrap_or_default();
    Err(BindingError::RuntimeData {
        hash: sha256(data),
        found,
    })
}

/// Binds init-time data of an SGX enclave (MAA attest API, `initTimeData`): CONFIGID must be its SHA-256 in the
/// first 32 bytes and zero in the others. Without KSS the processor leaves CONFIGID unset and it says nothing.
pub fn bind_init_time_data_sgx(config_id: &[u8; 64], kss: bool, data: &[u8]) -> Result<(), BindingError> {
    if !kss {
        return Err(BindingError::InitTimeDataWithoutKss);
    }
    bind_configuration_id(config_id, data)
}

/// Binds init-time data of a trust domain: MRCONFIGID must be its SHA-256 in the first 32 bytes and zero in the
/// others. MAA does not document the field for TDX; this is the rule of SGX carried over to the field that the host
/// sets at launch.
pub fn bind_init_time_data_tdx(mrconfigid: &[u8; 48], data: &[u8]) -> Result<(), BindingError> {
    bind_configuration_id(mrconfigid, data)
}

/// Binds init-time data of an SNP guest (MAA attest API, `initTimeData`): HOST_DATA must be its SHA-256.
pub fn bind_init_time_data_snp(host_data: &[u8; 32], data: &[u8]) -> Result<(), BindingError> {
    let hash = sha256(data);
    verify_slices_are_equal(host_data, &hash).map_err(|_| BindingError::HostData {
        hash,
        found: *host_data,
    })
}

/// Whether the first 32 bytes of `report_data` are the SHA-256 of `data`. Takes the same time whatever differs.
pub fn commits_to(report_data: &[u8; 64], data: &[u8]) -> bool {
    report_data
        .first_chunk::<32>()
        .is_some_and(|hash| verify_slices_are_equal(hash, &sha256(data)).is_ok())
}

fn bind_configuration_id(id: &[u8], data: &[u8]) -> Result<(), BindingError> {
    let hash = sha256(data);
    let padding = std::iter::repeat_n(0, id.len().saturating_sub(hash.len()));
    let expected: Vec<u8> = hash.into_iter().chain(padding).collect();
    verify_slices_are_equal(id, &expected).map_err(|_| BindingError::InitTimeData {
        hash,
        found: id.to_vec(),
    })
}

fn sha256(data: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest(&SHA256, data).as_ref()) {
        *to = *from;
    }
    hash
}

impl BindingError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let (code, field, expected, found, hint) = match self {
            Self::RuntimeData { hash, found } => (
                "runtime_data_hash",
                "report_data[0..32]",
                hex::encode(hash),
                hex::encode(found),
                "send exactly the bytes whose sha-256 the attester put into the report data",
            ),
            Self::InitTimeDataWithoutKss => (
                "init_time_data_without_kss",
                "attributes.kss",
                "set".into(),
                "not set".into(),
                "enable key separation and sharing in the enclave, or send no init-time data",
            ),
            Self::HostData { hash, found } => (
                "init_time_data_hash",
                "host_data",
                hex::encode(hash),
                hex::encode(found),
                "launch the guest with the sha-256 of the init-time data as its host data",
            ),
            Self::InitTimeData { hash, found } => (
                "init_time_data_hash",
                "config_id",
                format!("{} followed by zeros", hex::encode(hash)),
                hex::encode(found),
                "start the attester with the sha-256 of the init-time data as its configuration id",
            ),
        };
        Explanation {
            stage: Stage::Binding,
            code,
            field: field.into(),
            expected,
            found,
            hint: hint.into(),
        }
    }
}

#[cfg(test)]
mod tests;
