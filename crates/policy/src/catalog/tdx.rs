//! Claims about TDX virtual machines: MAA's EAT profile (`https://aka.ms/maa-eat-profile-tdxvm`) and
//! what this service adds to it.

use super::{ClaimEntry, DebugValue, Subject};

const VM: &[Subject] = &[Subject::TdxVm];

/// The module's SVN is the first byte of TEE_TCB_SVN (Intel TDX DCAP quoting library API, "TEE_TCB_SVN").
const U8: i64 = 0xFF;

/// The id of the virtual machine is 16 bits wide in the report of TDX module 2.
const U16: i64 = 0xFFFF;

pub(super) const CLAIMS: &[ClaimEntry] = &[
    ClaimEntry::text(
        "attester_tcb_status",
        VM,
        "How up to date the platform is in Intel's words, such as `UpToDate` or `OutOfDate`",
    ),
    ClaimEntry::text("dbgstat", VM, "Whether debugging is `enabled` or `disabled`")
        .debuggable_when(DebugValue::Word("enabled")),
    ClaimEntry::text(
        "eat_profile",
        VM,
        "The profile of the token, `https://aka.ms/maa-eat-profile-tdxvm`",
    ),
    ClaimEntry::text("intuse", VM, "The intended use of the token, `generic`"),
    ClaimEntry::text(
        "tdx_mrconfigid",
        VM,
        "Configuration id that the owner of the virtual machine gave it, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_mrowner",
        VM,
        "Id of the owner of the virtual machine, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_mrownerconfig",
        VM,
        "Configuration of the owner of the virtual machine, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_mrseam",
        VM,
        "Measurement of the TDX module, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_mrsignerseam",
        VM,
        "Signer of the TDX module, zero for Intel's, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_mrtd",
        VM,
        "Measurement of the initial contents of the virtual machine, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_report_data",
        VM,
        "What the virtual machine put into its report, 128 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_rtmr0",
        VM,
        "Run-time measurement register 0, usually firmware data and configuration, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_rtmr1",
        VM,
        "Run-time measurement register 1, usually the operating system's loader and kernel, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_rtmr2",
        VM,
        "Run-time measurement register 2, usually the operating system and its command line, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_rtmr3",
        VM,
        "Run-time measurement register 3, left to applications, 96 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_seam_attributes",
        VM,
        "Attributes of the TDX module, 16 lower-case hexadecimal digits",
    ),
    ClaimEntry::number("tdx_seamsvn", U8, VM, "Security version of the TDX module"),
    ClaimEntry::text(
        "tdx_td_attributes",
        VM,
        "Attributes of the virtual machine, 16 lower-case hexadecimal digits",
    ),
    ClaimEntry::flag(
        "tdx_td_attributes_debug",
        VM,
        "Whether the virtual machine can be debugged, so that its memory is no secret",
    )
    .debuggable_when(DebugValue::Flag(true)),
    ClaimEntry::flag(
        "tdx_td_attributes_key_locker",
        VM,
        "Whether the virtual machine may use Key Locker",
    ),
    ClaimEntry::flag(
        "tdx_td_attributes_perfmon",
        VM,
        "Whether the virtual machine may use performance monitoring",
    ),
    ClaimEntry::flag(
        "tdx_td_attributes_protection_keys",
        VM,
        "Whether the virtual machine may use supervisor protection keys",
    ),
    ClaimEntry::flag(
        "tdx_td_attributes_septve_disable",
        VM,
        "Whether the virtual machine gets no exception for pages that the host took away",
    ),
    ClaimEntry::text(
        "tdx_tee_tcb_svn",
        VM,
        "Security versions of the platform, 32 lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "tdx_xfam",
        VM,
        "The extended processor features that the virtual machine may use, 16 lower-case hexadecimal digits",
    ),
    ClaimEntry::flag(
        "x-attestry-tdx-migratable",
        VM,
        "Whether the virtual machine can be migrated to another platform",
    ),
    ClaimEntry::flag(
        "x-attestry-tdx-reserved-attributes",
        VM,
        "Whether attributes are set whose meaning is not known",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-tee-tcb-svn-2",
        VM,
        "Security versions of the TDX module that runs now, 32 lower-case hexadecimal digits (TDX 1.5)",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-mrservicetd",
        VM,
        "Measurement of the service virtual machines bound to this one, 96 lower-case hexadecimal digits (TDX 1.5)",
    ),
    ClaimEntry::number(
        "x-attestry-tdx-vm-id",
        U16,
        VM,
        "Number of the virtual machine on its platform",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-td-id",
        VM,
        "Id of the virtual machine, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-device-info",
        VM,
        "The devices assigned to the virtual machine, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-initial-servtd-hash",
        VM,
        "Hash of the service virtual machines at the start, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-initial-servtd-attributes",
        VM,
        "Attributes of the service virtual machines at the start, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-initial-cpu-svn",
        VM,
        "Security versions of the processor at the start, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-initial-tee-tcb-svn",
        VM,
        "Security versions of the TDX module at the start, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-initial-fmspc",
        VM,
        "The platform's family, model and stepping at the start, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-current-servtd-hash",
        VM,
        "Hash of the service virtual machines now, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-current-servtd-attributes",
        VM,
        "Attributes of the service virtual machines now, lower-case hexadecimal digits",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-launch-tcb-status",
        VM,
        "How up to date the platform was when the virtual machine was launched, in Intel's words",
    ),
    ClaimEntry::text(
        "x-attestry-tdx-current-tcb-status",
        VM,
        "How up to date the TDX module that runs now is, in Intel's words (TDX 1.5)",
    ),
];
