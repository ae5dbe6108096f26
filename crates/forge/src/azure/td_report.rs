//! The TDREPORT of a trust domain: what the TDX module gives to the guest and the quoting enclave turns into a
//! quote (Intel TDX Module ABI Reference Specification, TDREPORT_STRUCT; SDM volume 3D, TDREPORT).

use crate::{Seed, quote::TdReport, seed::sha256};

/// The 1024 bytes of the report about the same trust domain as `report`, with the same report data.
///
/// The MAC is invented: it can be checked only on the platform that made it.
pub fn td_report_bytes(seed: &Seed, report: &TdReport) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SIZE);
    // REPORTMACSTRUCT: type TDX, CPUSVN, hashes over the other two parts, report data, MAC.
    bytes.extend_from_slice(&[0x81, 0, 0, 0]);
    bytes.extend_from_slice(&[0; 12]);
    bytes.extend_from_slice(&seed.bytes::<16>("tdreport cpusvn"));
    bytes.extend_from_slice(&digest_of(&tee_tcb_info(report)));
    bytes.extend_from_slice(&digest_of(&td_info(report)));
    bytes.extend_from_slice(&report.report_data);
    bytes.extend_from_slice(&[0; 32]);
    bytes.extend_from_slice(&sha256(&[&seed.bytes::<32>("tdreport mac"), &report.report_data]));
    bytes.extend(tee_tcb_info(report));
    bytes.extend_from_slice(&[0; 17]);
    bytes.extend(td_info(report));
    bytes
}

/// TEE_TCB_INFO: 239 bytes about the module.
fn tee_tcb_info(report: &TdReport) -> Vec<u8> {
    let mut info = Vec::new();
    // Bits of the fields below that are valid.
    info.extend_from_slice(&0x0003_01FF_u64.to_le_bytes());
    info.extend_from_slice(&report.tee_tcb_svn);
    info.extend_from_slice(&report.mr_seam);
    info.extend_from_slice(&report.mr_signer_seam);
    info.extend_from_slice(&report.seam_attributes.to_le_bytes());
    info.extend_from_slice(&report.tee_tcb_svn_2);
    info.resize(TEE_TCB_INFO_SIZE, 0);
    info
}

/// TDINFO: 512 bytes about the trust domain.
fn td_info(report: &TdReport) -> Vec<u8> {
    let mut info = Vec::new();
    info.extend_from_slice(&report.td_attributes.to_le_bytes());
    info.extend_from_slice(&report.xfam.to_le_bytes());
    for register in [
        &report.mr_td,
        &report.mr_config_id,
        &report.mr_owner,
        &report.mr_owner_config,
        &report.rtmr0,
        &report.rtmr1,
        &report.rtmr2,
        &report.rtmr3,
        &report.mr_service_td,
    ] {
        info.extend_from_slice(register);
    }
    info.resize(TD_INFO_SIZE, 0);
    info
}

fn digest_of(bytes: &[u8]) -> Vec<u8> {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA384, bytes)
        .as_ref()
        .to_vec()
}

const SIZE: usize = 1024;
const TEE_TCB_INFO_SIZE: usize = 239;
const TD_INFO_SIZE: usize = 512;
