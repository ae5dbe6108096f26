//! Claims about platforms with a TPM and about VBS enclaves (MAA documentation, "TPM attestation
//! claims" and "policy version 1.2").

use super::{ClaimEntry, Subject};

const TPM: &[Subject] = &[Subject::Tpm];

/// The versions are small numbers.
const U8: i64 = 0xFF;

/// Security versions and flags of a VBS enclave are 32 bits wide (Windows SDK, `VBS_ENCLAVE_REPORT`).
const U32: i64 = 0xFFFF_FFFF;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::flag(
        "aikValidated",
        TPM,
        "Whether the certificate of the attestation key was validated",
    ),
    ClaimEntry::text("aikPubHash", TPM, "Hash of the public attestation key, base64"),
    ClaimEntry::number("tpmVersion", U8, TPM, "Major version of the TPM"),
    ClaimEntry::flag(
        "secureBootEnabled",
        TPM,
        "Whether the platform booted with secure boot",
    ),
    ClaimEntry::flag("iommuEnabled", TPM, "Whether an IOMMU was required at boot"),
    ClaimEntry::flag("bootDebuggingDisabled", TPM, "Whether boot debugging was off"),
    ClaimEntry::flag("notSafeMode", TPM, "Whether Windows was not started in safe mode"),
    ClaimEntry::flag("notWinPE", TPM, "Whether Windows PE was not started"),
    ClaimEntry::flag("vbsEnabled", TPM, "Whether virtualization-based security was on"),
    ClaimEntry::flag(
        "vbsReportPresent",
        TPM,
        "Whether the evidence has the report of a VBS enclave",
    ),
    ClaimEntry::flag(
        "vsmReportPresent",
        TPM,
        "Whether the evidence has the report of a VBS enclave, as MAA's samples call it",
    ),
    ClaimEntry::text(
        "enclaveAuthorId",
        TPM,
        "Id of the VBS enclave's author, 43 characters of base64url",
    ),
    ClaimEntry::text(
        "enclaveOwnerId",
        TPM,
        "Id of the VBS enclave's owner, 43 characters of base64url",
    ),
    ClaimEntry::text(
        "enclaveImageId",
        TPM,
        "Id of the VBS enclave's image, 22 characters of base64url",
    ),
    ClaimEntry::text(
        "enclaveFamilyId",
        TPM,
        "Id of the VBS enclave's family, 22 characters of base64url",
    ),
    ClaimEntry::number(
        "enclaveSvn",
        U32,
        TPM,
        "Security version of the VBS enclave's image",
    ),
    ClaimEntry::number(
        "enclavePlatformSvn",
        U32,
        TPM,
        "Security version of the platform that runs the VBS enclave",
    ),
    ClaimEntry::number("enclaveFlags", U32, TPM, "Flags of the VBS enclave"),
    ClaimEntry::json(
        "events",
        TPM,
        "The events of the current boot's logs: `{\"Events\":[...]}`",
    )
    .since_1_2(),
    ClaimEntry::json(
        "bootEvents",
        TPM,
        "The events of the logs from before a hibernation: `{\"Events\":[...]}`",
    )
    .since_1_2(),
    ClaimEntry::json(
        "pcrs",
        TPM,
        "The values of the PCRs: `{\"PCRs\":[{\"Index\":0,\"Digests\":{\"SHA256\":\"...\"}}]}`",
    )
    .since_1_2()
    .read_only(),
    ClaimEntry::json(
        "x-ms-tpm-request-key",
        TPM,
        "The key that signed the request and how the TPM vouches for it, an object with `jwk` and `info`",
    )
    .since_1_2()
    .read_only(),
    ClaimEntry::json(
        "x-ms-tpm-other-keys",
        TPM,
        "Further keys of the request, an array of objects with `jwk` and `info`",
    )
    .since_1_2()
    .read_only(),
];
