//! Endorsements: the collateral that an attester hands over with its evidence, in the two binary forms of Open
//! Enclave. Owns only the containers; the documents in them are as unverified as any.

use super::evidence::{ATTESTATION_HEADER_VERSION, read_attestation_header};
use super::{Format, OpenEnclaveError, surplus, truncated};
use crate::dcap::{CollateralDocuments, Tee};
use crate::reader::Reader;
use crate::time::UnixTime;

/// Endorsements taken apart. Nothing in them is verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endorsements {
    /// The documents, without the zero bytes that end them in the container.
    pub documents: CollateralDocuments,
    /// What kind of evidence they are for.
    pub tee: Tee,
    /// When the attester collected them, by its own clock; TDX endorsements do not say.
    pub created: Option<UnixTime>,
}

impl Endorsements {
    /// Reads endorsements with or without the 28-byte attestation header.
    pub fn parse(bytes: &[u8]) -> Result<Self, OpenEnclaveError> {
        if bytes.len() > MAX_ENDORSEMENTS_SIZE {
            return Err(OpenEnclaveError::TooLarge {
                size: bytes.len(),
                limit: MAX_ENDORSEMENTS_SIZE,
            });
        }
        let mut reader = Reader::new(bytes);
        match reader.u32_le().map_err(truncated("endorsements"))? {
            ATTESTATION_HEADER_VERSION => Self::read_with_header(reader),
            version => Self::read(version, reader),
        }
    }

    fn read_with_header(reader: Reader<'_>) -> Result<Self, OpenEnclaveError> {
        let (format, mut data) = read_attestation_header(reader)?;
        let tee = match format {
            Format::SgxEcdsa | Format::Report | Format::RawSgxQuote => Tee::Sgx,
            Format::TdxQuote => Tee::Tdx,
            format => return Err(OpenEnclaveError::FormatNotRemote { format }),
        };
        let version = data.u32_le().map_err(truncated("endorsements"))?;
        let endorsements = Self::read(version, data)?;
        match endorsements.tee {
            found if found != tee => Err(OpenEnclaveError::FormatTee {
                format,
                expected: tee,
                found,
            }),
            _ => Ok(endorsements),
        }
    }

    fn read(version: u32, reader: Reader<'_>) -> Result<Self, OpenEnclaveError> {
        match version {
            SGX_ENDORSEMENTS_VERSION => Self::read_sgx(reader),
            TDX_COLLATERAL_VERSION_4_0 => Self::read_tdx(reader),
            found => Err(OpenEnclaveError::EndorsementsVersion { found }),
        }
    }

    /// Open Enclave SDK, `oe_endorsements_t` with the items of `oe_sgx_endorsements_fields_t`.
    fn read_sgx(mut reader: Reader<'_>) -> Result<Self, OpenEnclaveError> {
        let end = truncated("endorsements header");
        let enclave_type = reader.u32_le().map_err(end)?;
        if enclave_type != ENCLAVE_TYPE_SGX {
            return Err(OpenEnclaveError::EndorsementsEnclaveType { found: enclave_type });
        }
        let size = reader.size_u32_le().map_err(end)?;
        let count = reader.u32_le().map_err(end)?;
        if count != SGX_ITEM_COUNT {
            return Err(OpenEnclaveError::EndorsementsItemCount { found: count });
        }
        let mut buffer = reader.sub(size).map_err(truncated("endorsements"))?;
        reader.finish().map_err(surplus("endorsements"))?;
        let [
            version,
            tcb_info,
            tcb_info_issuer_chain,
            pck_crl,
            root_ca_crl,
            pck_crl_issuer_chain,
            qe_identity,
            qe_identity_issuer_chain,
            created,
        ] = sgx_items(&mut buffer)?;
        check_items_version(version)?;
        let documents = CollateralDocuments {
            tcb_info: document(tcb_info),
            tcb_info_issuer_chain: document(tcb_info_issuer_chain),
            qe_identity: document(qe_identity),
            qe_identity_issuer_chain: document(qe_identity_issuer_chain),
            root_ca_crl: document(root_ca_crl),
            pck_crl: document(pck_crl),
            pck_crl_issuer_chain: document(pck_crl_issuer_chain),
        };
        Ok(Self {
            documents,
            tee: Tee::Sgx,
            created: Some(creation_time(created)?),
        })
    }

    /// Intel SGX and TDX DCAP quote provider library, `tdx_ql_qv_collateral_t` of version 4.0 as it lies in memory:
    /// the structure, whose pointers mean nothing, then the items it points to, one after the other.
    fn read_tdx(mut reader: Reader<'_>) -> Result<Self, OpenEnclaveError> {
        let end = truncated("collateral structure");
        let tee_type = reader.u32_le().map_err(end)?;
        if tee_type != TEE_TYPE_TDX {
            return Err(OpenEnclaveError::EndorsementsTeeType { found: tee_type });
        }
        let mut sizes = [0; 7];
        for size in &mut sizes {
            reader.take(POINTER_SIZE).map_err(end)?;
            *size = reader.size_u32_le().map_err(end)?;
            reader.take(ALIGNMENT_SIZE).map_err(end)?;
        }
        let mut items: [&[u8]; 7] = [&[]; 7];
        for (item, size) in items.iter_mut().zip(sizes) {
            *item = reader.take(size).map_err(truncated("collateral"))?;
        }
        reader.finish().map_err(surplus("collateral"))?;
        let [
            pck_crl_issuer_chain,
            root_ca_crl,
            pck_crl,
            tcb_info_issuer_chain,
            tcb_info,
            qe_identity_issuer_chain,
            qe_identity,
        ] = items.map(document);
        let documents = CollateralDocuments {
            tcb_info,
            tcb_info_issuer_chain,
            qe_identity,
            qe_identity_issuer_chain,
            root_ca_crl,
            pck_crl,
            pck_crl_issuer_chain,
        };
        Ok(Self {
            documents,
            tee: Tee::Tdx,
            created: None,
        })
    }
}

/// Cuts the items out of the buffer: nine offsets, counted from their end, each item ending where the next begins.
fn sgx_items<'a>(buffer: &mut Reader<'a>) -> Result<[&'a [u8]; 9], OpenEnclaveError> {
    let end = truncated("endorsements offsets");
    let mut offsets = [0; 9];
    for offset in &mut offsets {
        *offset = buffer.size_u32_le().map_err(end)?;
    }
    let data = buffer.rest();
    let ends = offsets.into_iter().skip(1).chain([data.len()]);
    let mut items: [&[u8]; 9] = [&[]; 9];
    for (index, ((item, start), end)) in items.iter_mut().zip(offsets).zip(ends).enumerate() {
        let invalid = OpenEnclaveError::EndorsementsOffset {
            index,
            start,
            end,
            size: data.len(),
        };
        // The first item must begin the data, or bytes before it would belong to nothing.
        let expected_start = index > 0 || start == 0;
        *item = data.get(start..end).filter(|_| expected_start).ok_or(invalid)?;
    }
    Ok(items)
}

fn check_items_version(item: &[u8]) -> Result<(), OpenEnclaveError> {
    match item {
        [1, 0, 0, 0] => Ok(()),
        found => Err(OpenEnclaveError::EndorsementsItemsVersion {
            found: found.to_vec(),
        }),
    }
}

fn creation_time(item: &[u8]) -> Result<UnixTime, OpenEnclaveError> {
    std::str::from_utf8(item)
        .ok()
        .and_then(|text| UnixTime::parse_rfc3339_z(text.strip_suffix('\0')?))
        .ok_or_else(|| OpenEnclaveError::EndorsementsCreationTime { found: item.to_vec() })
}

/// An item without the zero byte that may end it.
fn document(item: &[u8]) -> Vec<u8> {
    item.strip_suffix(&[0]).unwrap_or(item).to_vec()
}

/// The largest input looked at. Real endorsements have 20 to 35 KiB, most of it the CRLs; a full CRL of the PCK
/// platform CA would have to grow thirtyfold.
pub const MAX_ENDORSEMENTS_SIZE: usize = 1024 * 1024;

/// Open Enclave SDK, `OE_ATTESTATION_ENDORSEMENT_VERSION`.
const SGX_ENDORSEMENTS_VERSION: u32 = 1;
/// Open Enclave SDK, `OE_ENCLAVE_TYPE_SGX`.
const ENCLAVE_TYPE_SGX: u32 = 2;
const SGX_ITEM_COUNT: u32 = 9;

/// Major version 4 in the lower half, minor version 0 in the upper.
const TDX_COLLATERAL_VERSION_4_0: u32 = 4;
const TEE_TYPE_TDX: u32 = 0x81;
const POINTER_SIZE: usize = 8;
/// A 32-bit size is followed by as many unused bytes, so that the next pointer is aligned.
const ALIGNMENT_SIZE: usize = 4;

#[cfg(test)]
mod tests;
