//! Supplemental data of an appraisal: the dates, numbers and identifiers that an operator or a policy may want beside
//! the status (Intel SGX and TDX DCAP, `sgx_ql_qv_supplemental_t`). Gathers; decides nothing.

use super::collateral::VerifiedCollateral;
use super::pck::{PckCa, SgxType, VerifiedPck};
use super::quote::Tee;
use crate::time::UnixTime;

/// What Intel's verification library hands out beside the result. Eight dated items count: the platform's
/// certificate chain, the issuer chains of TCB info, QE identity and PCK CRL, the two CRLs, TCB info and QE identity.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Supplemental {
    /// The earliest start of any dated item.
    pub earliest_issue_date: UnixTime,
    /// The latest start of any dated item.
    pub latest_issue_date: UnixTime,
    /// The first end of any dated item: when the appraisal could no longer be repeated.
    pub earliest_expiration_date: UnixTime,
    /// The oldest date of the TCB levels that were met.
    pub tcb_level_date_tag: UnixTime,
    /// The PCK CA's CRL number.
    pub pck_crl_number: u64,
    /// The root CA's CRL number.
    pub root_ca_crl_number: u64,
    /// The lower of the two TCB evaluation data numbers.
    pub tcb_evaluation_data_number: u32,
    /// The TCB info's.
    pub tcb_info_evaluation_data_number: u32,
    /// The QE identity's.
    pub qe_identity_evaluation_data_number: u32,
    /// SHA-384 of the root key's uncompressed point.
    pub root_key_id: [u8; 48],
    /// The platform provisioning identifier; sensitive.
    pub ppid: [u8; 16],
    /// The platform's CPUSVN.
    pub cpu_svn: [u8; 16],
    /// The SVN of each SGX TCB component.
    pub component_svns: [u8; 16],
    /// The provisioning certification enclave's SVN.
    pub pce_svn: u16,
    /// The provisioning certification enclave's identity.
    pub pce_id: [u8; 2],
    /// The kind of platform.
    pub fmspc: [u8; 6],
    /// The kind of environment.
    pub tee: Tee,
    /// How the platform protects enclave memory.
    pub sgx_type: SgxType,
    /// The authority that issued the PCK certificate.
    pub pck_ca: PckCa,
    /// The platform's instance, if the Platform CA stated it.
    pub platform_instance_id: Option<[u8; 16]>,
    /// Whether processor packages may be added; not stated by the Processor CA.
    pub dynamic_platform: Option<bool>,
    /// Whether Intel keeps the platform's root keys; not stated by the Processor CA.
    pub cached_keys: Option<bool>,
    /// Whether simultaneous multithreading is enabled; not stated by the Processor CA.
    pub smt_enabled: Option<bool>,
}

impl Supplemental {
    pub(super) fn of(pck: &VerifiedPck, collateral: &VerifiedCollateral, tcb_date: UnixTime) -> Self {
        let starts = || pck.starts().chain(collateral.starts());
        Self {
            earliest_issue_date: starts().fold(pck.valid_from(), UnixTime::min),
            latest_issue_date: starts().fold(pck.valid_from(), UnixTime::max),
            earliest_expiration_date: pck.valid_until().min(collateral.valid_until()),
            tcb_level_date_tag: tcb_date,
            pck_crl_number: collateral.pck_crl_number(),
            root_ca_crl_number: collateral.root_crl_number(),
            tcb_evaluation_data_number: collateral.evaluation_number(),
            tcb_info_evaluation_data_number: collateral.tcb_info_evaluation_number(),
            qe_identity_evaluation_data_number: collateral.qe_identity_evaluation_number(),
            root_key_id: *collateral.root_key_id(),
            ppid: *pck.ppid(),
            cpu_svn: pck.cpu_svn(),
            component_svns: pck.component_svns(),
            pce_svn: pck.pce_svn(),
            pce_id: pck.pce_id(),
            fmspc: pck.fmspc(),
            tee: collateral.tee(),
            sgx_type: pck.sgx_type(),
            pck_ca: pck.ca(),
            platform_instance_id: pck.platform_instance_id().copied(),
            dynamic_platform: pck.dynamic_platform(),
            cached_keys: pck.cached_keys(),
            smt_enabled: pck.smt_enabled(),
        }
    }
}
