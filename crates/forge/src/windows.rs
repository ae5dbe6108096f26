//! A measured boot of Windows as policies of version 1.2 see it: UEFI variables in PCR 7, then what the boot
//! manager, the loader and the kernel measure (`SIPAEVENT_*` of the Windows SDK, `wbcl.h`) into PCR 11 to 14, and
//! after a dynamic launch (System Guard) into PCR 19 and 20.
//!
//! Only the JSON view that policies query is minted, no binary log and no quote.
//!
//! ```
//! use attestry_forge::windows::WindowsBoot;
//!
//! let boot = WindowsBoot { test_signing: Some(true), ..WindowsBoot::default() };
//! assert!(boot.events().to_string().contains(r#""EVENT_TESTSIGNING":true"#));
//! ```

use serde_json::{Value, json};

use crate::boot::{EventList, EventType, Firmware, Pcrs, VariableData};
use crate::field::{self, Field, Group, SetError, Settable, Slot};
use crate::seed::Seed;
use measured::{Boundary, Module};

mod measured;
#[cfg(test)]
mod tests;

pub use measured::{
    BITLOCKER_CACHED, BITLOCKER_NONE, BITLOCKER_RECOVERY, BITLOCKER_TPM, RevocationList, SiPolicy,
};

/// What a boot of Windows measures. `None` is what was not measured at all. The default is a healthy boot
/// without dynamic launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowsBoot {
    /// Whether secure boot is on.
    pub secure_boot: bool,
    /// A secure boot custom policy, the variable `CurrentPolicy`.
    pub custom_policy: Option<VariableData>,
    /// How BitLocker unlocked the system volume (`FVEB_UNLOCK_FLAG_*`), as the boot manager and the loader measure it.
    pub bitlocker: [Option<u32>; 2],
    /// Whether the kernel checks signatures of code.
    pub code_integrity: Option<bool>,
    /// Whether boot applications can be debugged.
    pub boot_debugging: Option<bool>,
    /// Whether the kernel can be debugged.
    pub kernel_debugging: Option<bool>,
    /// Whether code with test signatures is accepted.
    pub test_signing: Option<bool>,
    /// Whether code with signatures of preview builds is accepted.
    pub flight_signing: Option<bool>,
    /// Whether Windows was started in safe mode.
    pub safe_mode: Option<bool>,
    /// Whether Windows PE was started.
    pub win_pe: Option<bool>,
    /// Whether virtual secure mode is required.
    pub vsm_required: Option<bool>,
    /// Whether the boot stops when virtualization-based security cannot start.
    pub vbs_mandatory: Option<bool>,
    /// Whether an IOMMU is required.
    pub iommu: Option<bool>,
    /// Whether the hypervisor protects code integrity.
    pub hvci: Option<bool>,
    /// Data execution prevention as the boot configuration has it: 0 opt in, 1 opt out, 2 always off, 3 always on.
    pub dep: Option<u32>,
    /// Which drivers may load after early launch antimalware has judged them; 1 is the default.
    pub driver_load_policy: Option<u32>,
    /// Path of the early launch antimalware driver.
    pub elam_path: Option<String>,
    /// Whether the signature of that driver was found good.
    pub elam_validated: bool,
    /// Paths of the other drivers that the loader loads.
    pub drivers: Vec<String>,
    /// Security version of the boot manager.
    pub boot_mgr_svn: Option<u32>,
    /// Security version of the boot application that the boot manager starts.
    pub boot_app_svn: Option<u32>,
    /// Code integrity policies, in the order of the log.
    pub si_policies: Vec<SiPolicy>,
    /// Revoked boot applications.
    pub boot_rev_list: Option<RevocationList>,
    /// Revoked parts of the operating system.
    pub os_rev_list: Option<RevocationList>,
    /// The dynamic launch, when there was one.
    pub drtm: Option<DynamicLaunch>,
    /// Whether PCR 12, 13 and 14 are closed by a separator.
    pub closed: bool,
    /// The PCRs' values.
    pub pcrs: Pcrs,
}

/// A dynamic launch of the secure kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DynamicLaunch {
    /// Whether the signature under the authorized state is good.
    pub signature_valid: bool,
    /// How far system management mode is shut out, when it was measured.
    pub smm_level: Option<u8>,
}

impl Default for WindowsBoot {
    fn default() -> Self {
        let drivers = [
            "acpiex.sys",
            "pci.sys",
            "volmgr.sys",
            "partmgr.sys",
            "storport.sys",
            "stornvme.sys",
            "ntfs.sys",
        ];
        Self {
            secure_boot: true,
            custom_policy: None,
            bitlocker: [Some(BITLOCKER_TPM), Some(BITLOCKER_CACHED)],
            code_integrity: Some(true),
            boot_debugging: Some(false),
            kernel_debugging: Some(false),
            test_signing: Some(false),
            flight_signing: Some(false),
            safe_mode: Some(false),
            win_pe: Some(false),
            vsm_required: Some(true),
            vbs_mandatory: Some(true),
            iommu: Some(true),
            hvci: Some(true),
            dep: Some(0),
            driver_load_policy: Some(1),
            elam_path: Some(r"\Windows\System32\drivers\wd\WdBoot.sys".to_owned()),
            elam_validated: true,
            drivers: drivers
                .into_iter()
                .map(|name| format!(r"\Windows\System32\drivers\{name}"))
                .collect(),
            boot_mgr_svn: Some(1),
            boot_app_svn: Some(1),
            si_policies: vec![
                SiPolicy::invented("{5e70f1a2-0d3b-4c5f-8a54-2f5d0c1b7e01}.CIP", 10),
                SiPolicy::invented("{5e70f1a2-0d3b-4c5f-8a54-2f5d0c1b7e02}.CIP", 1),
                SiPolicy::invented("driversipolicy.p7b", 22),
            ],
            boot_rev_list: Some(RevocationList::invented("boot")),
            os_rev_list: Some(RevocationList::invented("operating system")),
            drtm: None,
            closed: true,
            pcrs: Pcrs::invented("windows"),
        }
    }
}

impl WindowsBoot {
    /// The claim `events`.
    pub fn events(&self) -> Value {
        let mut log = EventList::default();
        self.firmware(&mut log);
        self.boot_manager(&mut log);
        self.loader(&mut log);
        self.kernel(&mut log);
        if self.closed {
            for pcr in [SETTINGS, DETAILS, AUTHORITIES] {
                log.bare(pcr, EventType::Separator);
            }
        }
        self.dynamic_launch(&mut log);
        log.view()
    }

    /// The claim `pcrs`.
    pub fn pcrs(&self) -> Value {
        self.pcrs.view()
    }

    /// Sets the field called `field`, one of those of [`WindowsBoot::fields`]; `none` is what was not measured.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), SetError> {
        field::set(self, field, value)
    }

    /// The fields that can be set by name.
    pub fn fields(&self) -> Vec<Field> {
        field::list(&mut self.clone())
    }

    fn firmware(&self, log: &mut EventList) {
        let firmware = Firmware {
            secure_boot: self.secure_boot,
            platform_key: &VariableData::invented("windows PK"),
            key_exchange_key: &VariableData::invented("windows KEK"),
            allowed: &VariableData::invented("windows db"),
            forbidden: &VariableData::invented("windows dbx"),
            boot_order: &[0, 1, 2],
        };
        firmware.measure(log);
        if let Some(policy) = &self.custom_policy {
            let kind = EventType::VariableDriverConfig;
            log.variable(7, kind, CUSTOM_POLICY_GUID, "CurrentPolicy", policy);
        }
    }

    /// Each boot application measures its settings into PCR 12, settings and modules into PCR 13, and the signers of
    /// the modules into PCR 14.
    fn boot_manager(&self, log: &mut EventList) {
        let [bitlocker, _] = self.bitlocker;
        log.bare(ACCESS, EventType::CompactHash);
        let settings = Boundary::default()
            .flag("EVENT_BOOTDEBUGGING", self.boot_debugging)
            .named("EVENT_BITLOCKER_UNLOCK", bitlocker.map(measured::bitlocker))
            .number("EVENT_APPLICATION_SVN", self.boot_mgr_svn)
            .named("EVENT_TRANSFER_CONTROL", Some(("OSLOADER", 1)));
        settings.measure(log, SETTINGS);
        let details = Boundary::default()
            .flag("EVENT_BOOTDEBUGGING", self.boot_debugging)
            .raw(
                "EVENT_BOOT_REVOCATION_LIST",
                self.boot_rev_list.as_ref().map(RevocationList::payload),
            )
            .modules(&[Module::trusted(r"\Windows\System32\winload.efi").with_svn(self.boot_app_svn)]);
        details.measure(log, DETAILS);
        authority(log);
    }

    fn loader(&self, log: &mut EventList) {
        let [_, bitlocker] = self.bitlocker;
        log.bare(ACCESS, EventType::CompactHash);
        let settings = Boundary::default()
            .flag("EVENT_BOOTDEBUGGING", self.boot_debugging)
            .named("EVENT_BITLOCKER_UNLOCK", bitlocker.map(measured::bitlocker))
            .number("EVENT_APPLICATION_SVN", self.boot_app_svn);
        settings.measure(log, SETTINGS);
        let images = [
            "ntoskrnl.exe",
            "hal.dll",
            "kd.dll",
            "ci.dll",
            "hvix64.exe",
            "securekernel.exe",
        ];
        for image in images {
            let path = format!(r"\Windows\System32\{image}");
            Boundary::default()
                .modules(&[Module::trusted(&path)])
                .measure(log, DETAILS);
        }
        if let Some(path) = &self.elam_path {
            let module = Module::trusted(path).validated(self.elam_validated);
            Boundary::default().modules(&[module]).measure(log, DETAILS);
        }
        for path in &self.drivers {
            Boundary::default()
                .modules(&[Module::trusted(path)])
                .measure(log, DETAILS);
        }
        authority(log);
    }

    fn kernel(&self, log: &mut EventList) {
        self.system_settings().measure(log, SETTINGS);
        let details = self
            .system_settings()
            .raw(
                "EVENT_OS_REVOCATION_LIST",
                self.os_rev_list.as_ref().map(RevocationList::payload),
            )
            .raws("EVENT_SI_POLICY", self.si_policies.iter().map(SiPolicy::payload));
        details.measure(log, DETAILS);
        authority(log);
    }

    /// The settings of the operating system and its hypervisor.
    fn system_settings(&self) -> Boundary {
        let hvci = self.hvci.map(|on| {
            if on {
                ("HypervisorEnforcedCodeIntegrityEnable", 1)
            } else {
                ("None", 0)
            }
        });
        Boundary::default()
            .flag("EVENT_OSKERNELDEBUG", self.kernel_debugging)
            .flag("EVENT_CODEINTEGRITY", self.code_integrity)
            .flag("EVENT_TESTSIGNING", self.test_signing)
            .flag("EVENT_FLIGHTSIGNING", self.flight_signing)
            .flag("EVENT_SAFEMODE", self.safe_mode)
            .flag("EVENT_WINPE", self.win_pe)
            .named("EVENT_DATAEXECUTIONPREVENTION", self.dep.map(measured::dep))
            .named(
                "EVENT_DRIVER_LOAD_POLICY",
                self.driver_load_policy.map(measured::driver_load_policy),
            )
            .flag("EVENT_VBS_VSM_REQUIRED", self.vsm_required)
            .flag("EVENT_VBS_MANDATORY_ENFORCEMENT", self.vbs_mandatory)
            .flag("EVENT_VBS_IOMMU_REQUIRED", self.iommu)
            .named("EVENT_VBS_HVCI_POLICY", hvci)
    }

    fn dynamic_launch(&self, log: &mut EventList) {
        let Some(launch) = self.drtm else { return };
        self.system_settings().measure(log, LAUNCH_SETTINGS);
        if let Some(level) = launch.smm_level {
            let data = json!({"EVENT_DRTM_SMM": {"Value": level}});
            log.push(LAUNCH_STATE, EventType::EventTag, data);
        }
        let state = json!({"SignatureValid": launch.signature_valid});
        Boundary::default()
            .member("EVENT_DRTM_STATE_AUTH", state)
            .measure(log, LAUNCH_STATE);
    }
}

impl Settable for WindowsBoot {
    fn group(&mut self, position: usize) -> Option<Group<'_>> {
        if position != 0 {
            return None;
        }
        let [bitlocker_boot_manager, bitlocker_loader] = &mut self.bitlocker;
        let fields = vec![
            ("secure_boot", Slot::Flag(&mut self.secure_boot)),
            (
                "bitlocker_boot_manager",
                Slot::OptionalU32(bitlocker_boot_manager),
            ),
            ("bitlocker_loader", Slot::OptionalU32(bitlocker_loader)),
            ("code_integrity", Slot::OptionalFlag(&mut self.code_integrity)),
            ("boot_debugging", Slot::OptionalFlag(&mut self.boot_debugging)),
            ("kernel_debugging", Slot::OptionalFlag(&mut self.kernel_debugging)),
            ("test_signing", Slot::OptionalFlag(&mut self.test_signing)),
            ("flight_signing", Slot::OptionalFlag(&mut self.flight_signing)),
            ("safe_mode", Slot::OptionalFlag(&mut self.safe_mode)),
            ("win_pe", Slot::OptionalFlag(&mut self.win_pe)),
            ("vsm_required", Slot::OptionalFlag(&mut self.vsm_required)),
            ("vbs_mandatory", Slot::OptionalFlag(&mut self.vbs_mandatory)),
            ("iommu", Slot::OptionalFlag(&mut self.iommu)),
            ("hvci", Slot::OptionalFlag(&mut self.hvci)),
            ("dep", Slot::OptionalU32(&mut self.dep)),
            (
                "driver_load_policy",
                Slot::OptionalU32(&mut self.driver_load_policy),
            ),
            ("elam_validated", Slot::Flag(&mut self.elam_validated)),
            ("boot_mgr_svn", Slot::OptionalU32(&mut self.boot_mgr_svn)),
            ("boot_app_svn", Slot::OptionalU32(&mut self.boot_app_svn)),
            ("closed", Slot::Flag(&mut self.closed)),
        ];
        Some(Group::Fields("", fields))
    }
}

fn authority(log: &mut EventList) {
    let key: [u8; 32] = Seed::default().bytes("windows authority");
    Boundary::default()
        .raws("EVENT_AUTHORITYPUBKEY", [key.to_vec()])
        .measure(log, AUTHORITIES);
}

/// GUID of the variables that hold a secure boot custom policy.
const CUSTOM_POLICY_GUID: &str = "77FA9ABD-0359-4D32-BD60-28F4E78F784B";

// What Windows measures into which PCR (Windows documentation, "Secure the Windows boot process").
const ACCESS: u32 = 11;
const SETTINGS: u32 = 12;
const DETAILS: u32 = 13;
const AUTHORITIES: u32 = 14;
const LAUNCH_SETTINGS: u32 = 19;
const LAUNCH_STATE: u32 = 20;
