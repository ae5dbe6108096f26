//! What the comparison with an operator's reference values says about a confidential virtual machine. A service without
//! reference values gives none of these claims.

use super::{ClaimEntry, Subject};

const VM: &[Subject] = &[Subject::SevSnpVm];
const COMPARED: &[Subject] = &[Subject::SevSnpVm, Subject::TdxVm];

/// The largest integer that every reader of JSON keeps (RFC 8259, 6).
const U53: i64 = (1 << 53) - 1;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::number(
        "x-attestry-reference-version",
        U53,
        COMPARED,
        "Version of the reference values that the virtual machine was compared with",
    ),
    ClaimEntry::flag(
        "x-attestry-reference-current",
        COMPARED,
        "Whether the reference values count now; expired ones only refuse",
    ),
    ClaimEntry::text(
        "x-attestry-reference-matched",
        COMPARED,
        "Name of a reference value that the virtual machine matches",
    )
    .several(),
    ClaimEntry::flag(
        "x-attestry-snp-product-refused",
        VM,
        "Whether the reference values refuse the processor's product line",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-tcb-floor-met",
        VM,
        "Whether the firmware is at least what the reference values demand of its product line",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-chip-listed",
        VM,
        "Whether the processor is on the list of allowed ones of its product line",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-chip-denied",
        VM,
        "Whether the processor is on the list of denied ones",
    ),
    ClaimEntry::text(
        "x-attestry-uvm-issuer",
        VM,
        "Decentralised identifier of who endorsed the measurement",
    ),
    ClaimEntry::text(
        "x-attestry-uvm-feed",
        VM,
        "Feed of the endorsement of the measurement, such as `ContainerPlat-AMD-UVM`",
    ),
    ClaimEntry::number(
        "x-attestry-uvm-svn",
        i64::MAX,
        VM,
        "Security version that the endorsement gives the measurement",
    ),
];
