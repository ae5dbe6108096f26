//! The ids of Windows' measurements (Windows SDK, `wbcl.h`, `SIPAEVENT_*` and `SIPAERROR_*`): their bits, their names and
//! the form of what is measured under each, as one table. Owns names and forms; must not know any payload.

use std::fmt;

/// What kind of thing was measured: a number whose bits say how it was measured and which family it belongs to.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TagId(pub u32);

/// How a payload is laid out. All integers are little-endian.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// Further tags.
    Container,
    /// 0 or 1.
    Flag,
    /// An unsigned number.
    Number,
    /// A number of which single values have names.
    Named(&'static [(u64, &'static str)]),
    /// A number of which single bits have names; the first name is that of no bit.
    Bits(&'static str, &'static [(u64, &'static str)]),
    /// UTF-16.
    Text,
    /// `SIPAEVENT_REVOCATION_LIST_PAYLOAD`.
    RevocationList,
    /// `SIPAEVENT_SI_POLICY_PAYLOAD`.
    SiPolicy,
    /// `SIPAEVENT_VSM_IDK_RSA_INFO`.
    IdentityKey,
    /// `SIPAEVENT_SBCP_INFO_PAYLOAD_V1`.
    CustomPolicy,
    /// `SIPAEVENT_SI_POLICY_SIGNER_PAYLOAD`.
    PolicySigner,
    /// `SIPAEVENT_KSR_SIGNATURE_PAYLOAD`.
    KsrSignature,
    /// Bytes of a form that is not published, varies, or is of no use here.
    Bytes,
}

impl TagId {
    /// Settings and modules of one boot application.
    pub const TRUSTBOUNDARY: Self = Self(0x4001_0001);
    /// What an early launch antimalware driver had measured.
    pub const ELAM_AGGREGATION: Self = Self(0x4001_0002);
    /// One image that was loaded.
    pub const LOADEDMODULE_AGGREGATION: Self = Self(0x4001_0003);
    /// To whom a boot application hands over.
    pub const TRANSFER_CONTROL: Self = Self(0x0002_0003);
    /// How BitLocker unlocked a volume.
    pub const BITLOCKER_UNLOCK: Self = Self(0x0002_0005);
    /// The security version of a boot application.
    pub const APPLICATION_SVN: Self = Self(0x0002_0009);
    /// Whether a boot application can be debugged.
    pub const BOOTDEBUGGING: Self = Self(0x0004_0001);
    /// Boot applications that are revoked.
    pub const BOOT_REVOCATION_LIST: Self = Self(0x0004_0002);
    /// Whether the kernel can be debugged.
    pub const OSKERNELDEBUG: Self = Self(0x0005_0001);
    /// Whether signatures of code are checked.
    pub const CODEINTEGRITY: Self = Self(0x0005_0002);
    /// Whether code with test signatures is accepted.
    pub const TESTSIGNING: Self = Self(0x0005_0003);
    /// Data execution prevention.
    pub const DATAEXECUTIONPREVENTION: Self = Self(0x0005_0004);
    /// Whether Windows was started in safe mode.
    pub const SAFEMODE: Self = Self(0x0005_0005);
    /// Whether Windows PE was started.
    pub const WINPE: Self = Self(0x0005_0006);
    /// Whether the hypervisor can be debugged.
    pub const HYPERVISOR_DEBUG: Self = Self(0x0005_000D);
    /// A code integrity policy.
    pub const SI_POLICY: Self = Self(0x0005_000F);
    /// Parts of the operating system that are revoked.
    pub const OS_REVOCATION_LIST: Self = Self(0x0005_0013);
    /// The public key to which secrets for the secure kernel are encrypted, IDK.
    pub const VSM_IDK_INFO: Self = Self(0x0005_0020);
    /// Whether code with signatures of preview builds is accepted.
    pub const FLIGHTSIGNING: Self = Self(0x0005_0021);
    /// The public key with which the secure kernel signs, IDKS.
    pub const VSM_IDKS_INFO: Self = Self(0x0005_0023);
    /// Who signed the code integrity policy measured before.
    pub const SI_POLICY_SIGNER: Self = Self(0x0005_0031);
    /// Who may sign updates of that policy.
    pub const SI_POLICY_UPDATE_SIGNER: Self = Self(0x0005_0032);
    /// The public key of a signer that loaded images rest on.
    pub const AUTHORITYPUBKEY: Self = Self(0x0006_0002);
    /// Path of a loaded image.
    pub const FILEPATH: Self = Self(0x0007_0001);
    /// Authenticode hash of a loaded image.
    pub const AUTHENTICODEHASH: Self = Self(0x0007_0004);
    /// Issuer of the certificate that a loaded image is signed with.
    pub const AUTHORITYISSUER: Self = Self(0x0007_0005);
    /// Publisher of a loaded image.
    pub const AUTHORITYPUBLISHER: Self = Self(0x0007_0008);
    /// Whether the signature of a loaded image was found good.
    pub const IMAGEVALIDATED: Self = Self(0x0007_000A);
    /// The security version of a loaded image.
    pub const MODULE_SVN: Self = Self(0x0007_000B);
    /// Registry key of an early launch antimalware product.
    pub const ELAM_KEYNAME: Self = Self(0x0009_0001);
    /// What that product had measured.
    pub const ELAM_MEASURED: Self = Self(0x0009_0004);
    /// Whether virtual secure mode is required.
    pub const VBS_VSM_REQUIRED: Self = Self(0x000A_0001);
    /// Whether an IOMMU is required.
    pub const VBS_IOMMU_REQUIRED: Self = Self(0x000A_0003);
    /// Whether the boot stops when virtualization-based security cannot start.
    pub const VBS_MANDATORY_ENFORCEMENT: Self = Self(0x000A_0006);
    /// Code integrity that the hypervisor protects.
    pub const VBS_HVCI_POLICY: Self = Self(0x000A_0007);
    /// The authorization of the state after a dynamic launch.
    pub const DRTM_STATE_AUTH: Self = Self(0x000C_0001);
    /// How far system management mode is shut out.
    pub const DRTM_SMM_LEVEL: Self = Self(0x000C_0002);

    /// The constant's name without what all have in common, `SIPAEVENT_` or `SIPAERROR_`; `None` for an id that is not
    /// known.
    pub fn name(self) -> Option<&'static str> {
        self.entry().map(|(_, name, _)| *name)
    }

    /// Whether the tag holds others (`SIPAEVENTTYPE_AGGREGATION`).
    pub const fn is_container(self) -> bool {
        self.0 & AGGREGATION != 0
    }

    /// Whether the id says of itself that no PCR covers the tag (`SIPAEVENTTYPE_NONMEASURED`).
    pub const fn is_unmeasured(self) -> bool {
        self.0 & NONMEASURED != 0
    }

    /// Whether the tag reports that something could not be measured (`SIPAEVENTTYPE_ERROR`).
    pub const fn is_failure(self) -> bool {
        self.0 & FAMILY == ERRORS
    }

    /// Whether the id is one of Windows' at all, known or not: its flags and its family are among those that `wbcl.h`
    /// gives a meaning or leaves room for. Other software writes tags with ids of its own.
    pub const fn is_of_windows(self) -> bool {
        let flags = self.0 & FLAGS & !(NONMEASURED | AGGREGATION);
        let family = self.0 & FAMILY;
        flags == 0 && family != 0 && family <= LAST_FAMILY
    }

    pub(super) fn form(self) -> Form {
        match self.entry() {
            _ if self.is_container() => Form::Container,
            Some((_, _, form)) => *form,
            None => Form::Bytes,
        }
    }

    fn entry(self) -> Option<&'static (u32, &'static str, Form)> {
        let at = TABLE.binary_search_by_key(&self.order(), |(id, ..)| Self(*id).order());
        TABLE.get(at.ok()?)
    }

    /// Family first, so that the table reads as the header does.
    const fn order(self) -> (u32, u32) {
        (self.0 & !FLAGS, self.0)
    }
}

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{:#010x}", self.0),
        }
    }
}

impl fmt::Debug for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TagId({self})")
    }
}

/// `SIPAEVENT_TRANSFER_CONTROL`, by the application that is started. The names are not published.
const TRANSFERS: &[(u64, &str)] = &[
    (0, "NONE"),
    (1, "OSLOADER"),
    (2, "OSRESUME"),
    (3, "UTILITY"),
    (4, "NOSIGCHECK"),
    (5, "HYPERVISOR"),
];

/// `FVEB_UNLOCK_FLAG_*`.
const UNLOCKS: &[(u64, &str)] = &[
    (0x001, "CACHED"),
    (0x002, "MEDIA"),
    (0x004, "TPM"),
    (0x010, "PIN"),
    (0x020, "EXTERNAL"),
    (0x040, "RECOVERY"),
    (0x080, "PASSPHRASE"),
    (0x100, "NBP"),
    (0x200, "AUK_OSFVEINFO"),
];

/// The boot configuration's `nx` (Windows documentation, "BCDEdit /set"), to which the measured number corresponds.
const EXECUTION_PREVENTION: &[(u64, &str)] =
    &[(0, "OptIn"), (1, "OptOut"), (2, "AlwaysOff"), (3, "AlwaysOn")];

/// `OSDEVICE_TYPE_*`.
const DEVICES: &[(u64, &str)] = &[
    (0x0_0000, "UNKNOWN"),
    (0x1_0001, "BLOCKIO_HARDDISK"),
    (0x1_0002, "BLOCKIO_REMOVABLEDISK"),
    (0x1_0003, "BLOCKIO_CDROM"),
    (0x1_0004, "BLOCKIO_PARTITION"),
    (0x1_0005, "BLOCKIO_FILE"),
    (0x1_0006, "BLOCKIO_RAMDISK"),
    (0x1_0007, "BLOCKIO_VIRTUALHARDDISK"),
    (0x2_0000, "SERIAL"),
    (0x3_0000, "UDP"),
    (0x4_0000, "VMBUS"),
    (0x5_0000, "COMPOSITE"),
    (0x6_0000, "CIMFS"),
];

/// The Group Policy "Boot-Start Driver Initialization Policy" (`DriverLoadPolicy`), after which the number is named.
const DRIVER_LOADS: &[(u64, &str)] = &[
    (1, "Default"),
    (3, "GoodUnknownAndBadCritical"),
    (7, "All"),
    (8, "GoodOnly"),
];

/// The one name that MAA's documentation gives, and that of its absence.
const HVCI: &[(u64, &str)] = &[(0, "None"), (1, "HypervisorEnforcedCodeIntegrityEnable")];

/// Known ids in the order of their families; flags do not count for it.
#[rustfmt::skip]
const TABLE: &[(u32, &str, Form)] = &[
    (0x4001_0001, "TRUSTBOUNDARY", Form::Container),
    (0x4001_0002, "ELAM_AGGREGATION", Form::Container),
    (0x4001_0003, "LOADEDMODULE_AGGREGATION", Form::Container),
    (0xC001_0004, "TRUSTPOINT_AGGREGATION", Form::Container),
    (0x4001_0005, "KSR_AGGREGATION", Form::Container),
    (0x4001_0006, "KSR_SIGNED_MEASUREMENT_AGGREGATION", Form::Container),
    (0x0002_0001, "INFORMATION", Form::Bytes),
    (0x0002_0002, "BOOTCOUNTER", Form::Number),
    (0x0002_0003, "TRANSFER_CONTROL", Form::Named(TRANSFERS)),
    (0x0002_0004, "APPLICATION_RETURN", Form::Bytes),
    (0x0002_0005, "BITLOCKER_UNLOCK", Form::Bits("NONE", UNLOCKS)),
    (0x0002_0006, "EVENTCOUNTER", Form::Number),
    (0x0002_0007, "COUNTERID", Form::Number),
    (0x0002_0008, "MORBIT_NOT_CANCELABLE", Form::Number),
    (0x0002_0009, "APPLICATION_SVN", Form::Number),
    (0x0002_000A, "SVN_CHAIN_STATUS", Form::Number),
    (0x0002_000B, "MORBIT_API_STATUS", Form::Number),
    (0x0002_000C, "IDK_GENERATION_STATUS", Form::Number),
    (0x0003_0001, "FIRMWAREFAILURE", Form::Bytes),
    (0x8003_0002, "TPMFAILURE", Form::Bytes),
    (0x0003_0003, "INTERNALFAILURE", Form::Bytes),
    (0x8003_0004, "KSRFAILURE", Form::Bytes),
    (0x0003_0005, "HYPERVISORFAILURE", Form::Bytes),
    (0x0004_0001, "BOOTDEBUGGING", Form::Flag),
    (0x0004_0002, "BOOT_REVOCATION_LIST", Form::RevocationList),
    (0x0005_0001, "OSKERNELDEBUG", Form::Flag),
    (0x0005_0002, "CODEINTEGRITY", Form::Flag),
    (0x0005_0003, "TESTSIGNING", Form::Flag),
    (0x0005_0004, "DATAEXECUTIONPREVENTION", Form::Named(EXECUTION_PREVENTION)),
    (0x0005_0005, "SAFEMODE", Form::Flag),
    (0x0005_0006, "WINPE", Form::Flag),
    (0x0005_0007, "PHYSICALADDRESSEXTENSION", Form::Number),
    (0x0005_0008, "OSDEVICE", Form::Named(DEVICES)),
    (0x0005_0009, "SYSTEMROOT", Form::Text),
    (0x0005_000A, "HYPERVISOR_LAUNCH_TYPE", Form::Number),
    (0x0005_000B, "HYPERVISOR_PATH", Form::Text),
    (0x0005_000C, "HYPERVISOR_IOMMU_POLICY", Form::Number),
    (0x0005_000D, "HYPERVISOR_DEBUG", Form::Flag),
    (0x0005_000E, "DRIVER_LOAD_POLICY", Form::Named(DRIVER_LOADS)),
    (0x0005_000F, "SI_POLICY", Form::SiPolicy),
    (0x0005_0010, "HYPERVISOR_MMIO_NX_POLICY", Form::Number),
    (0x0005_0011, "HYPERVISOR_MSR_FILTER_POLICY", Form::Number),
    (0x0005_0012, "VSM_LAUNCH_TYPE", Form::Number),
    (0x0005_0013, "OS_REVOCATION_LIST", Form::RevocationList),
    (0x0005_0014, "SMT_STATUS", Form::Number),
    (0x0005_0020, "VSM_IDK_INFO", Form::IdentityKey),
    (0x0005_0021, "FLIGHTSIGNING", Form::Flag),
    (0x0005_0022, "PAGEFILE_ENCRYPTION_ENABLED", Form::Flag),
    (0x0005_0023, "VSM_IDKS_INFO", Form::IdentityKey),
    (0x0005_0024, "HIBERNATION_DISABLED", Form::Flag),
    (0x0005_0025, "DUMPS_DISABLED", Form::Flag),
    (0x0005_0026, "DUMP_ENCRYPTION_ENABLED", Form::Flag),
    (0x0005_0027, "DUMP_ENCRYPTION_KEY_DIGEST", Form::Bytes),
    (0x0005_0028, "LSAISO_CONFIG", Form::Number),
    (0x0005_0029, "SBCP_INFO", Form::CustomPolicy),
    (0x0005_0030, "HYPERVISOR_BOOT_DMA_PROTECTION", Form::Flag),
    (0x0005_0031, "SI_POLICY_SIGNER", Form::PolicySigner),
    (0x0005_0032, "SI_POLICY_UPDATE_SIGNER", Form::PolicySigner),
    (0x0005_0033, "REFS_VOLUME_CHECKPOINT_RECORD_CHECKSUM", Form::Bytes),
    (0x0005_0034, "REFS_ROLLBACK_PROTECTION_FROZEN_VOLUME_CHECKSUM", Form::Bytes),
    (0x0005_0035, "REFS_ROLLBACK_PROTECTION_USER_PAYLOAD_HASH", Form::Bytes),
    (0x0005_0036, "REFS_ROLLBACK_PROTECTION_VERIFICATION_SUCCEEDED", Form::Bytes),
    (0x0005_0037, "REFS_ROLLBACK_PROTECTION_VOLUME_FIRST_EVER_MOUNT", Form::Bytes),
    (0x0005_003A, "VSM_SEALED_SI_POLICY", Form::Bytes),
    (0x0005_003B, "VSM_DRTM_KEYROLL_DETECTED", Form::Bytes),
    (0x0005_003C, "VSM_SRTM_UNSEAL_POLICY", Form::Bytes),
    (0x0005_003D, "VSM_SRTM_ANTI_ROLLBACK_COUNTER", Form::Bytes),
    (0x0005_0040, "VTL1_DUMP_CONFIG", Form::Bytes),
    (0x0006_0001, "NOAUTHORITY", Form::Flag),
    (0x0006_0002, "AUTHORITYPUBKEY", Form::Bytes),
    (0x0007_0001, "FILEPATH", Form::Text),
    (0x0007_0002, "IMAGESIZE", Form::Number),
    (0x0007_0003, "HASHALGORITHMID", Form::Number),
    (0x0007_0004, "AUTHENTICODEHASH", Form::Bytes),
    (0x0007_0005, "AUTHORITYISSUER", Form::Text),
    (0x0007_0006, "AUTHORITYSERIAL", Form::Bytes),
    (0x0007_0007, "IMAGEBASE", Form::Number),
    (0x0007_0008, "AUTHORITYPUBLISHER", Form::Text),
    (0x0007_0009, "AUTHORITYSHA1THUMBPRINT", Form::Bytes),
    (0x0007_000A, "IMAGEVALIDATED", Form::Flag),
    (0x0007_000B, "MODULE_SVN", Form::Number),
    (0x0007_000C, "MODULE_PLUTON", Form::Bytes),
    (0x0007_000D, "MODULE_ORIGINAL_FILENAME", Form::Text),
    (0x0007_000E, "MODULE_VERSION", Form::Bytes),
    (0x0007_000F, "PUBLISHER_OEMNAME", Form::Bytes),
    (0x8008_0001, "QUOTE", Form::Bytes),
    (0x8008_0002, "QUOTESIGNATURE", Form::Bytes),
    (0x8008_0003, "AIKID", Form::Text),
    (0x8008_0004, "AIKPUBDIGEST", Form::Bytes),
    (0x0009_0001, "ELAM_KEYNAME", Form::Text),
    (0x0009_0002, "ELAM_CONFIGURATION", Form::Bytes),
    (0x0009_0003, "ELAM_POLICY", Form::Bytes),
    (0x0009_0004, "ELAM_MEASURED", Form::Bytes),
    (0x000A_0001, "VBS_VSM_REQUIRED", Form::Flag),
    (0x000A_0002, "VBS_SECUREBOOT_REQUIRED", Form::Flag),
    (0x000A_0003, "VBS_IOMMU_REQUIRED", Form::Flag),
    (0x000A_0004, "VBS_MMIO_NX_REQUIRED", Form::Flag),
    (0x000A_0005, "VBS_MSR_FILTERING_REQUIRED", Form::Flag),
    (0x000A_0006, "VBS_MANDATORY_ENFORCEMENT", Form::Flag),
    (0x000A_0007, "VBS_HVCI_POLICY", Form::Named(HVCI)),
    (0x000A_0008, "VBS_MICROSOFT_BOOT_CHAIN_REQUIRED", Form::Flag),
    (0x000A_0009, "VBS_DUMP_USES_AMEROOT", Form::Flag),
    (0x000A_000A, "VBS_VSM_NOSECRETS_ENFORCED", Form::Flag),
    (0x000B_0001, "KSR_SIGNATURE", Form::KsrSignature),
    (0x000C_0001, "DRTM_STATE_AUTH", Form::Bytes),
    (0x000C_0002, "DRTM_SMM_LEVEL", Form::Number),
    (0x000C_0003, "DRTM_AMD_SMM_HASH", Form::Bytes),
    (0x000C_0004, "DRTM_AMD_SMM_SIGNER_KEY", Form::Bytes),
];

// `wbcl.h`: "top 8 bits are event flags", "the next 8 bits are enumerating the event types".
const FLAGS: u32 = 0xFF00_0000;
const NONMEASURED: u32 = 0x8000_0000;
const AGGREGATION: u32 = 0x4000_0000;
const FAMILY: u32 = 0x00FF_0000;
const ERRORS: u32 = 0x0003_0000;
/// The last family defined is `SIPAEVENTTYPE_DRTM`, 0x0C; a few are left for Windows to come.
const LAST_FAMILY: u32 = 0x000F_0000;

#[cfg(test)]
mod tests;
