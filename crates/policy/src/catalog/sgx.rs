//! Claims about SGX enclaves (MAA documentation, "claim sets", SGX).

use super::{ClaimEntry, DebugValue, Subject};

const ENCLAVES: &[Subject] = &[Subject::SgxEnclave, Subject::OpenEnclave];

/// ISVPRODID, ISVSVN and CONFIGSVN are 16 bits wide (Intel SDM volume 3D, "REPORT").
const U16: i64 = 0xFFFF;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::flag(
        "x-ms-sgx-is-debuggable",
        ENCLAVES,
        "Whether the enclave can be debugged, so that its memory is no secret",
    )
    .debuggable_when(DebugValue::Flag(true)),
    ClaimEntry::number(
        "x-ms-sgx-product-id",
        U16,
        ENCLAVES,
        "The product id that the enclave's author gave it (ISVPRODID)",
    ),
    ClaimEntry::text(
        "x-ms-sgx-mrsigner",
        ENCLAVES,
        "Hash of the key that signed the enclave, 64 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sgx-mrenclave",
        ENCLAVES,
        "Measurement of the enclave's code and initial data, 64 lower-case hexadecimal digits",
    ),
    ClaimEntry::number(
        "x-ms-sgx-svn",
        U16,
        ENCLAVES,
        "The security version that the enclave's author gave it (ISVSVN)",
    ),
    ClaimEntry::text(
        "x-ms-sgx-report-data",
        ENCLAVES,
        "What the enclave put into its report, 128 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sgx-config-id",
        ENCLAVES,
        "Configuration id of an enclave with key separation and sharing, 128 lower-case hexadecimal digits",
    ),
    ClaimEntry::number(
        "x-ms-sgx-config-svn",
        U16,
        ENCLAVES,
        "Security version of the configuration of an enclave with key separation and sharing",
    ),
    ClaimEntry::text(
        "x-ms-sgx-isv-extended-product-id",
        ENCLAVES,
        "Extended product id of an enclave with key separation and sharing, 32 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sgx-isv-family-id",
        ENCLAVES,
        "Family id of an enclave with key separation and sharing, 32 lower-case hexadecimal digits",
    ),
    ClaimEntry::json(
        "x-ms-sgx-collateral",
        ENCLAVES,
        "Hashes of the quote and of the collateral that it was verified with",
    )
    .since_1_2(),
    ClaimEntry::json(
        "maa-attestationcollateral",
        ENCLAVES,
        "Old name of `x-ms-sgx-collateral`",
    )
    .since_1_2()
    .deprecated_by("x-ms-sgx-collateral"),
    ClaimEntry::flag("$is-debuggable", ENCLAVES, "Old name of `x-ms-sgx-is-debuggable`")
        .debuggable_when(DebugValue::Flag(true))
        .deprecated_by("x-ms-sgx-is-debuggable"),
    ClaimEntry::number("$product-id", U16, ENCLAVES, "Old name of `x-ms-sgx-product-id`")
        .deprecated_by("x-ms-sgx-product-id"),
    ClaimEntry::text("$sgx-mrsigner", ENCLAVES, "Old name of `x-ms-sgx-mrsigner`")
        .deprecated_by("x-ms-sgx-mrsigner"),
    ClaimEntry::text("$sgx-mrenclave", ENCLAVES, "Old name of `x-ms-sgx-mrenclave`")
        .deprecated_by("x-ms-sgx-mrenclave"),
    ClaimEntry::number("$svn", U16, ENCLAVES, "Old name of `x-ms-sgx-svn`").deprecated_by("x-ms-sgx-svn"),
    ClaimEntry::text("$tee", ENCLAVES, "Old name of `x-ms-attestation-type`")
        .deprecated_by("x-ms-attestation-type"),
];
