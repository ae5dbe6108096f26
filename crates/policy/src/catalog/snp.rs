//! Claims about SEV-SNP virtual machines (MAA documentation, "claim sets", SEV-SNP, and the claims that
//! its tokens have had since).

use super::{ClaimEntry, DebugValue, Subject};

const VM: &[Subject] = &[Subject::SevSnpVm];
const COMPLIANT: &[Subject] = &[Subject::SevSnpVm, Subject::TdxVm];

/// A component of TCB_VERSION is one byte (AMD SEV-SNP firmware ABI, "TCB_VERSION").
const U8: i64 = 0xFF;

/// GUEST_SVN and VMPL are 32 bits wide (AMD SEV-SNP firmware ABI, "ATTESTATION_REPORT").
const U32: i64 = 0xFFFF_FFFF;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::text(
        "x-ms-compliance-status",
        COMPLIANT,
        "Which set of reference values the virtual machine meets, such as `azure-compliant-cvm`",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-authorkeydigest",
        VM,
        "Hash of the key that certified the id key, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::number(
        "x-ms-sevsnpvm-bootloader-svn",
        U8,
        VM,
        "Security version of the boot loader of the secure processor",
    ),
    ClaimEntry::number(
        "x-ms-sevsnpvm-tee-svn",
        U8,
        VM,
        "Security version of the operating system of the secure processor",
    ),
    ClaimEntry::number(
        "x-ms-sevsnpvm-snpfw-svn",
        U8,
        VM,
        "Security version of the SEV-SNP firmware",
    ),
    ClaimEntry::number(
        "x-ms-sevsnpvm-microcode-svn",
        U8,
        VM,
        "Security version of the processor's microcode",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-chip-family",
        VM,
        "The processor's family, such as `Milan`",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-chipid",
        VM,
        "Id of the processor, 128 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-familyId",
        VM,
        "Family id of the virtual machine, 32 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-imageId",
        VM,
        "Image id of the virtual machine, 32 lower-case hexadecimal digits",
    ),
    ClaimEntry::number(
        "x-ms-sevsnpvm-guestsvn",
        U32,
        VM,
        "Security version that the owner gave the virtual machine",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-hostdata",
        VM,
        "What the host gave the virtual machine at its launch, 64 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-idkeydigest",
        VM,
        "Hash of the key that identifies the virtual machine, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-is-debuggable",
        VM,
        "Whether the virtual machine can be debugged, so that its memory is no secret",
    )
    .debuggable_when(DebugValue::Flag(true)),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-migration-allowed",
        VM,
        "Whether the virtual machine may be migrated",
    ),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-smt-allowed",
        VM,
        "Whether simultaneous multithreading is allowed",
    ),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-singlesocket",
        VM,
        "Whether the virtual machine may run on one socket only",
    ),
    ClaimEntry::flag("x-ms-sevsnpvm-cxl-allowed", VM, "Whether CXL devices are allowed"),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-mem-aes256-xts-required",
        VM,
        "Whether memory has to be encrypted with AES-256-XTS",
    ),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-rapl-disabled",
        VM,
        "Whether measuring the processor's power has to be off",
    ),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-ciphertext-hiding-dram-enabled",
        VM,
        "Whether encrypted memory has to be hidden from the host",
    ),
    ClaimEntry::flag(
        "x-ms-sevsnpvm-page-swap-disabled",
        VM,
        "Whether the host may not swap pages",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-launchmeasurement",
        VM,
        "Measurement of the initial contents of the virtual machine, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-reportdata",
        VM,
        "What the virtual machine put into its report, 128 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-ms-sevsnpvm-reportid",
        VM,
        "Id of the virtual machine, 64 lower-case hexadecimal digits",
    ),
    ClaimEntry::number(
        "x-ms-sevsnpvm-vmpl",
        U32,
        VM,
        "Privilege level from which the report was asked for, 0 is the highest",
    ),
    ClaimEntry::number(
        "x-attestry-snp-report-version",
        U32,
        VM,
        "Version of the report's format",
    ),
    ClaimEntry::text(
        "x-attestry-snp-signing-key",
        VM,
        "Which kind of key signed the report: `VCEK`, the chip's, or `VLEK`, a cloud provider's",
    ),
    ClaimEntry::text(
        "x-attestry-snp-csp-id",
        VM,
        "The cloud provider whose key signed the report, if one did",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-author-key-enabled",
        VM,
        "Whether the hash of the key that certified the id key is meant",
    ),
    ClaimEntry::text(
        "x-attestry-snp-platform-info",
        VM,
        "What the platform has switched on, 16 lower-case hexadecimal digits",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-smt-enabled",
        VM,
        "Whether simultaneous multithreading is on",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-tsme-enabled",
        VM,
        "Whether all memory is encrypted transparently",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-ecc-enabled",
        VM,
        "Whether memory corrects errors",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-rapl-disabled",
        VM,
        "Whether measuring the processor's power is off",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-ciphertext-hiding-enabled",
        VM,
        "Whether encrypted memory is hidden from the host",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-alias-check-complete",
        VM,
        "Whether memory was checked for aliases since the last reset (AMD-SB-3015, BadRAM)",
    ),
    ClaimEntry::flag(
        "x-attestry-snp-platform-tio-enabled",
        VM,
        "Whether trusted devices are on",
    ),
    ClaimEntry::text(
        "x-attestry-snp-report-id-ma",
        VM,
        "Id of the migration agent, 64 lower-case hexadecimal digits; all `f` without one",
    ),
    ClaimEntry::text(
        "x-attestry-snp-current-firmware",
        VM,
        "Version of the SEV-SNP firmware that runs, such as `1.55.21`",
    ),
    ClaimEntry::text(
        "x-attestry-snp-committed-firmware",
        VM,
        "Version of the SEV-SNP firmware behind which the platform cannot go back",
    ),
    ClaimEntry::text(
        "x-attestry-snp-launch-mitigations",
        VM,
        "Mitigations in force when the virtual machine was launched, 16 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-snp-current-mitigations",
        VM,
        "Mitigations in force when the report was made, 16 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-snp-revocation-list",
        VM,
        "How current AMD's revocation list was: `current`, `outdated`, or `none`",
    ),
    ClaimEntry::number(
        "x-attestry-snp-fmc-svn",
        U8,
        VM,
        "Security version of the secure processor's first code (Turin and later)",
    ),
    ClaimEntry::number(
        "x-attestry-snp-current-fmc-svn",
        U8,
        VM,
        "Security version of the secure processor's first code (Turin and later), the one that runs",
    ),
    ClaimEntry::number(
        "x-attestry-snp-current-bootloader-svn",
        U8,
        VM,
        "Security version of the secure processor's boot loader, the one that runs",
    ),
    ClaimEntry::number(
        "x-attestry-snp-current-tee-svn",
        U8,
        VM,
        "Security version of the secure processor's operating system, the one that runs",
    ),
    ClaimEntry::number(
        "x-attestry-snp-current-snpfw-svn",
        U8,
        VM,
        "Security version of the SEV-SNP firmware, the one that runs",
    ),
    ClaimEntry::number(
        "x-attestry-snp-current-microcode-svn",
        U8,
        VM,
        "Security version of the processor's microcode, the one that runs",
    ),
    ClaimEntry::number(
        "x-attestry-snp-committed-fmc-svn",
        U8,
        VM,
        "Security version of the secure processor's first code (Turin and later), behind which the platform cannot go back",
    ),
    ClaimEntry::number(
        "x-attestry-snp-committed-bootloader-svn",
        U8,
        VM,
        "Security version of the secure processor's boot loader, behind which the platform cannot go back",
    ),
    ClaimEntry::number(
        "x-attestry-snp-committed-tee-svn",
        U8,
        VM,
        "Security version of the secure processor's operating system, behind which the platform cannot go back",
    ),
    ClaimEntry::number(
        "x-attestry-snp-committed-snpfw-svn",
        U8,
        VM,
        "Security version of the SEV-SNP firmware, behind which the platform cannot go back",
    ),
    ClaimEntry::number(
        "x-attestry-snp-committed-microcode-svn",
        U8,
        VM,
        "Security version of the processor's microcode, behind which the platform cannot go back",
    ),
    ClaimEntry::number(
        "x-attestry-snp-launch-fmc-svn",
        U8,
        VM,
        "Security version of the secure processor's first code (Turin and later), at the launch of the virtual machine",
    ),
    ClaimEntry::number(
        "x-attestry-snp-launch-bootloader-svn",
        U8,
        VM,
        "Security version of the secure processor's boot loader, at the launch of the virtual machine",
    ),
    ClaimEntry::number(
        "x-attestry-snp-launch-tee-svn",
        U8,
        VM,
        "Security version of the secure processor's operating system, at the launch of the virtual machine",
    ),
    ClaimEntry::number(
        "x-attestry-snp-launch-snpfw-svn",
        U8,
        VM,
        "Security version of the SEV-SNP firmware, at the launch of the virtual machine",
    ),
    ClaimEntry::number(
        "x-attestry-snp-launch-microcode-svn",
        U8,
        VM,
        "Security version of the processor's microcode, at the launch of the virtual machine",
    ),
];
