//! The JSON in which policies of version 1.2 see a measured boot: the `events` and the `pcrs` of MAA's TPM
//! attestation (MAA documentation, "policy version 1.2" and "TPM attestation concepts"). Owns the names that
//! all logs share; must not know what an operating system measures.

use attestry_api::{b64, hex};
use serde_json::{Value, json};

use crate::seed::Seed;

/// PCRs of a TPM for PCs (TCG PC Client Platform TPM Profile, 4.6).
pub(crate) const PCRS: usize = 24;

/// GUID of the variables that the UEFI specification defines, as the view writes it.
pub(crate) const EFI_GLOBAL_VARIABLE: &str = "8BE4DF61-93CA-11D2-AA0D-00E098032B8C";

/// GUID of the signature databases `db` and `dbx` (UEFI specification, 32.4.1).
pub(crate) const EFI_IMAGE_SECURITY_DATABASE: &str = "D719B2CB-3D3A-4596-A3BC-DAD00E67656F";

/// The values of all PCRs. They are invented: nothing replays events into them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pcrs {
    /// The SHA-1 bank.
    pub sha1: [[u8; 20]; PCRS],
    /// The SHA-256 bank.
    pub sha256: [[u8; 32]; PCRS],
}

impl Pcrs {
    /// Values that derive from `label` alone.
    pub(crate) fn invented(label: &str) -> Self {
        let seed = Seed::default();
        Self {
            sha1: std::array::from_fn(|index| seed.bytes(&format!("{label} pcr {index} sha1"))),
            sha256: std::array::from_fn(|index| seed.bytes(&format!("{label} pcr {index} sha256"))),
        }
    }

    /// The claim `pcrs`; digests are lower-case hexadecimal, as in MAA's sample policy for known PCRs.
    pub fn view(&self) -> Value {
        let pcrs = self.sha1.iter().zip(&self.sha256).enumerate();
        let pcrs: Vec<Value> = pcrs
            .map(|(index, (sha1, sha256))| {
                json!({"Index": index, "Digests": {"SHA1": hex::encode(sha1), "SHA256": hex::encode(sha256)}})
            })
            .collect();
        json!({"PCRs": pcrs})
    }
}

/// What a variable holds when it is measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableData(pub Vec<u8>);

impl VariableData {
    /// One byte, which stands for on or off.
    pub fn flag(on: bool) -> Self {
        Self(vec![u8::from(on)])
    }

    /// `length` bytes that derive from `label` alone, such as a signature database.
    pub(crate) fn invented(label: &str) -> Self {
        Self(Seed::default().bytes::<44>(label).to_vec())
    }
}

/// Types of events (TCG PC Client Platform Firmware Profile, 10.4.1) with the names that the view gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventType {
    NoAction,
    Separator,
    EventTag,
    CrtmVersion,
    CompactHash,
    VariableDriverConfig,
    VariableBoot,
    BootServicesApplication,
    GptEvent,
    Action,
    FirmwareBlob,
    VariableAuthority,
    ImaMeasurement,
}

impl EventType {
    const fn name(self) -> &'static str {
        match self {
            Self::NoAction => "EV_NO_ACTION",
            Self::Separator => "EV_SEPARATOR",
            Self::EventTag => "EV_EVENT_TAG",
            Self::CrtmVersion => "EV_S_CRTM_VERSION",
            Self::CompactHash => "EV_COMPACT_HASH",
            Self::VariableDriverConfig => "EV_EFI_VARIABLE_DRIVER_CONFIG",
            Self::VariableBoot => "EV_EFI_VARIABLE_BOOT",
            Self::BootServicesApplication => "EV_EFI_BOOT_SERVICES_APPLICATION",
            Self::GptEvent => "EV_EFI_GPT_EVENT",
            Self::Action => "EV_EFI_ACTION",
            Self::FirmwareBlob => "EV_EFI_PLATFORM_FIRMWARE_BLOB",
            Self::VariableAuthority => "EV_EFI_VARIABLE_AUTHORITY",
            Self::ImaMeasurement => "IMA_MEASUREMENT_EVENT",
        }
    }

    /// The number in the log; entries of the IMA log have none.
    const fn number(self) -> Option<u32> {
        Some(match self {
            Self::NoAction => 0x03,
            Self::Separator => 0x04,
            Self::EventTag => 0x06,
            Self::CrtmVersion => 0x08,
            Self::CompactHash => 0x0C,
            Self::VariableDriverConfig => 0x8000_0001,
            Self::VariableBoot => 0x8000_0002,
            Self::BootServicesApplication => 0x8000_0003,
            Self::GptEvent => 0x8000_0006,
            Self::Action => 0x8000_0007,
            Self::FirmwareBlob => 0x8000_0008,
            Self::VariableAuthority => 0x8000_00E0,
            Self::ImaMeasurement => return None,
        })
    }
}

/// Events in the order in which they are pushed, numbered from 1.
#[derive(Debug, Default)]
pub(crate) struct EventList(Vec<Value>);

impl EventList {
    /// An event of which the view shows no data.
    pub(crate) fn bare(&mut self, pcr: u32, kind: EventType) {
        self.push(pcr, kind, json!({}));
    }

    /// A UEFI variable.
    pub(crate) fn variable(
        &mut self,
        pcr: u32,
        kind: EventType,
        guid: &str,
        name: &str,
        data: &VariableData,
    ) {
        let data =
            json!({"VariableGuid": guid, "UnicodeName": name, "VariableData": b64::encode_url(&data.0)});
        self.push(pcr, kind, data);
    }

    /// Any event.
    pub(crate) fn push(&mut self, pcr: u32, kind: EventType, data: Value) {
        let mut event = json!({
            "EventSeq": self.0.len().saturating_add(1),
            "PcrIndex": pcr,
            "EventTypeString": kind.name(),
        });
        if let Some(members) = event.as_object_mut() {
            if let Some(number) = kind.number() {
                members.insert("EventType".to_owned(), number.into());
            }
            members.insert("ProcessedData".to_owned(), data);
        }
        self.0.push(event);
    }

    /// The claim `events`.
    pub(crate) fn view(self) -> Value {
        json!({"Events": self.0})
    }
}

/// The firmware up to the boot of an operating system's loader: UEFI settings in PCR 7, the boot entries in PCR 1,
/// and the separators that end PCR 0 to 7.
pub(crate) struct Firmware<'a> {
    pub(crate) secure_boot: bool,
    pub(crate) platform_key: &'a VariableData,
    pub(crate) key_exchange_key: &'a VariableData,
    pub(crate) allowed: &'a VariableData,
    pub(crate) forbidden: &'a VariableData,
    /// Number of each boot entry, the first the one that boots.
    pub(crate) boot_order: &'a [u16],
}

impl Firmware<'_> {
    pub(crate) fn measure(&self, log: &mut EventList) {
        log.bare(0, EventType::NoAction);
        log.bare(0, EventType::CrtmVersion);
        log.bare(0, EventType::FirmwareBlob);
        let secure_boot = VariableData::flag(self.secure_boot);
        let settings = [
            (EFI_GLOBAL_VARIABLE, "SecureBoot", &secure_boot),
            (EFI_GLOBAL_VARIABLE, "PK", self.platform_key),
            (EFI_GLOBAL_VARIABLE, "KEK", self.key_exchange_key),
            (EFI_IMAGE_SECURITY_DATABASE, "db", self.allowed),
            (EFI_IMAGE_SECURITY_DATABASE, "dbx", self.forbidden),
        ];
        for (guid, name, data) in settings {
            log.variable(7, EventType::VariableDriverConfig, guid, name, data);
        }
        let order = self.boot_order.iter().flat_map(|entry| entry.to_le_bytes());
        let order = VariableData(order.collect());
        log.variable(
            1,
            EventType::VariableBoot,
            EFI_GLOBAL_VARIABLE,
            "BootOrder",
            &order,
        );
        for entry in self.boot_order {
            let name = format!("Boot{entry:04X}");
            let data = VariableData::invented(&name);
            log.variable(1, EventType::VariableBoot, EFI_GLOBAL_VARIABLE, &name, &data);
        }
        log.bare(4, EventType::Action);
        for pcr in 0..8 {
            log.bare(pcr, EventType::Separator);
        }
        log.bare(7, EventType::VariableAuthority);
        log.bare(5, EventType::GptEvent);
        log.bare(4, EventType::BootServicesApplication);
    }
}
