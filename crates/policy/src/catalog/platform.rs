//! What this service finds out about the platform under an enclave or a virtual machine while it appraises
//! its evidence.

use super::{ClaimEntry, Subject};

const DCAP: &[Subject] = &[Subject::SgxEnclave, Subject::OpenEnclave, Subject::TdxVm];

const APPRAISED: &[Subject] = &[
    Subject::SgxEnclave,
    Subject::OpenEnclave,
    Subject::TdxVm,
    Subject::SevSnpVm,
];

/// The PCE's security version is 16 bits wide (Intel SGX PCK certificate specification).
const U16: i64 = 0xFFFF;

/// Evaluation numbers count Intel's TCB recoveries; 32 bits hold them in Intel's libraries.
const U32: i64 = 0xFFFF_FFFF;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::text(
        "x-attestry-tcb-status",
        DCAP,
        "How up to date the platform is in Intel's words, such as `UpToDate` or `OutOfDate`",
    ),
    ClaimEntry::text(
        "x-attestry-tcb-date",
        DCAP,
        "The date of the TCB level that the platform meets, such as `2024-03-13T00:00:00Z`",
    ),
    ClaimEntry::text(
        "x-attestry-advisory",
        DCAP,
        "An Intel security advisory that applies to the platform, such as `INTEL-SA-00615`",
    )
    .several(),
    ClaimEntry::number(
        "x-attestry-evaluation-number",
        U32,
        DCAP,
        "Number of the TCB recovery against which the platform was judged",
    ),
    ClaimEntry::text(
        "x-attestry-collateral-expiration",
        DCAP,
        "When the first piece of the collateral expires, such as `2026-12-01T00:00:00Z`",
    ),
    ClaimEntry::text(
        "x-attestry-platform-tcb-status",
        DCAP,
        "How up to date the processor's firmware is in Intel's words",
    ),
    ClaimEntry::text(
        "x-attestry-qe-tcb-status",
        DCAP,
        "How up to date the quoting enclave is in Intel's words",
    ),
    ClaimEntry::text(
        "x-attestry-module-tcb-status",
        &[Subject::TdxVm],
        "How up to date the TDX module is in Intel's words",
    ),
    ClaimEntry::text(
        "x-attestry-fmspc",
        DCAP,
        "The platform's family, model and stepping, 12 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-pce-id",
        DCAP,
        "Id of the provisioning certification enclave, 4 lower-case hexadecimal digits",
    ),
    ClaimEntry::number(
        "x-attestry-pce-svn",
        U16,
        DCAP,
        "Security version of the provisioning certification enclave",
    ),
    ClaimEntry::text(
        "x-attestry-cpu-svn",
        DCAP,
        "Security versions of the processor, 32 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-sgx-type",
        DCAP,
        "How the platform protects memory, such as `Standard` or `Scalable`",
    ),
    ClaimEntry::text(
        "x-attestry-pck-ca",
        DCAP,
        "Which certificate authority of Intel's vouches for the platform",
    ),
    ClaimEntry::text(
        "x-attestry-platform-instance-id",
        DCAP,
        "Id of a platform with several processors, lower-case hexadecimal digits",
    ),
    ClaimEntry::flag(
        "x-attestry-dynamic-platform",
        DCAP,
        "Whether processors can be added to the platform",
    ),
    ClaimEntry::flag(
        "x-attestry-cached-keys",
        DCAP,
        "Whether the platform's root keys are stored by Intel",
    ),
    ClaimEntry::flag(
        "x-attestry-smt-enabled",
        DCAP,
        "Whether simultaneous multithreading is on",
    ),
    ClaimEntry::text(
        "x-attestry-warnings",
        APPRAISED,
        "What was relaxed while the evidence was verified",
    )
    .several(),
];
