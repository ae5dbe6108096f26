//! Claims about Azure virtual machines (MAA documentation, "claim sets", Azure guests).

use super::{ClaimEntry, DebugValue, Subject};

const GUEST: &[Subject] = &[Subject::AzureGuest];

/// The numbers of these claims are 32 bits wide.
const U32: i64 = 0xFFFF_FFFF;

/// A TPM has 24 PCRs (TCG PC Client Platform TPM Profile, "PCR requirements").
const LAST_PCR: i64 = 23;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::flag(
        "secureboot",
        GUEST,
        "Whether the virtual machine booted with secure boot",
    ),
    ClaimEntry::text(
        "x-ms-azurevm-attestation-protocol-ver",
        GUEST,
        "Version of the protocol that the client spoke, such as `2.0`",
    ),
    ClaimEntry::number(
        "x-ms-azurevm-attested-pcrs",
        LAST_PCR,
        GUEST,
        "A PCR that the quote covers",
    )
    .several(),
    ClaimEntry::text(
        "x-ms-azurevm-vmid",
        GUEST,
        "Id of the virtual machine, a GUID in upper case",
    ),
    ClaimEntry::text(
        "x-ms-azurevm-ostype",
        GUEST,
        "Kind of operating system, `Windows` or `Linux`",
    ),
    ClaimEntry::text(
        "x-ms-azurevm-osdistro",
        GUEST,
        "Distribution of the operating system, such as `Ubuntu`",
    ),
    ClaimEntry::text(
        "x-ms-azurevm-osbuild",
        GUEST,
        "Build of the operating system, often `NotApplicable`",
    ),
    ClaimEntry::text(
        "x-ms-azurevm-os-provisioning",
        GUEST,
        "How the operating system was provisioned",
    ),
    ClaimEntry::number(
        "x-ms-azurevm-osversion-major",
        U32,
        GUEST,
        "Major version of the operating system",
    ),
    ClaimEntry::number(
        "x-ms-azurevm-osversion-minor",
        U32,
        GUEST,
        "Minor version of the operating system",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-is-windows",
        GUEST,
        "Whether the operating system is Windows",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-default-securebootkeysvalidated",
        GUEST,
        "Whether the platform key and the key exchange keys are the expected ones",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-dbvalidated",
        GUEST,
        "Whether the database of allowed signers is an expected one",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-dbxvalidated",
        GUEST,
        "Whether the database of forbidden signers is an expected one",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-debuggersdisabled",
        GUEST,
        "Whether boot, kernel and hypervisor debugging are all off",
    )
    .debuggable_when(DebugValue::Flag(false)),
    ClaimEntry::flag(
        "x-ms-azurevm-signingdisabled",
        GUEST,
        "Whether test signing and flight signing are both off",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-bootdebug-enabled",
        GUEST,
        "Whether debugging of the boot loader is on",
    )
    .debuggable_when(DebugValue::Flag(true)),
    ClaimEntry::flag(
        "x-ms-azurevm-kerneldebug-enabled",
        GUEST,
        "Whether debugging of the kernel is on",
    )
    .debuggable_when(DebugValue::Flag(true)),
    ClaimEntry::flag(
        "x-ms-azurevm-hypervisordebug-enabled",
        GUEST,
        "Whether debugging of the hypervisor is on",
    )
    .debuggable_when(DebugValue::Flag(true)),
    ClaimEntry::flag(
        "x-ms-azurevm-testsigning-enabled",
        GUEST,
        "Whether code with test signatures is accepted",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-flightsigning-enabled",
        GUEST,
        "Whether code with flight signatures is accepted",
    ),
    ClaimEntry::flag(
        "x-ms-azurevm-elam-enabled",
        GUEST,
        "Whether early launch antimalware is on",
    ),
    ClaimEntry::number(
        "x-ms-azurevm-hvci-policy",
        U32,
        GUEST,
        "Policy of hypervisor-protected code integrity, 0 when it is off",
    ),
];
