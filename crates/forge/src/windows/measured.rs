//! The parts of a trust boundary. Owns how each kind of measurement looks in the view: flags as booleans, numbers
//! with named values as an object of `String` and `Value`, structures as `RawData` in base64url, and what can occur
//! several times as an array.

use attestry_api::b64;
use serde_json::{Map, Value, json};

use crate::boot::{EventList, EventType};
use crate::seed::Seed;

/// The measurements that Windows makes in one go.
#[derive(Debug, Default)]
pub(super) struct Boundary(Map<String, Value>);

impl Boundary {
    pub(super) fn flag(self, name: &str, value: Option<bool>) -> Self {
        self.optional(name, value.map(Value::from))
    }

    pub(super) fn number(self, name: &str, value: Option<u32>) -> Self {
        self.optional(name, value.map(Value::from))
    }

    pub(super) fn named(self, name: &str, value: Option<(&str, u64)>) -> Self {
        let object = value.map(|(string, value)| json!({"String": string, "Value": value}));
        self.optional(name, object)
    }

    pub(super) fn raw(self, name: &str, payload: Option<Vec<u8>>) -> Self {
        self.optional(name, payload.map(|payload| raw_data(&payload)))
    }

    /// Left out when there are none.
    pub(super) fn raws(self, name: &str, payloads: impl IntoIterator<Item = Vec<u8>>) -> Self {
        let list: Vec<Value> = payloads.into_iter().map(|payload| raw_data(&payload)).collect();
        self.optional(name, (!list.is_empty()).then(|| Value::from(list)))
    }

    pub(super) fn modules(self, modules: &[Module]) -> Self {
        let list: Vec<Value> = modules.iter().map(Module::view).collect();
        self.member("EVENT_LOADEDMODULE_AGGREGATION", Value::from(list))
    }

    pub(super) fn member(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    pub(super) fn measure(self, log: &mut EventList, pcr: u32) {
        log.push(pcr, EventType::EventTag, json!({"EVENT_TRUSTBOUNDARY": self.0}));
    }

    fn optional(self, name: &str, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.member(name, value),
            None => self,
        }
    }
}

/// An image that was loaded.
#[derive(Debug)]
pub(super) struct Module {
    path: String,
    validated: bool,
    svn: Option<u32>,
}

impl Module {
    /// One whose signature was found good.
    pub(super) fn trusted(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            validated: true,
            svn: None,
        }
    }

    pub(super) fn validated(self, validated: bool) -> Self {
        Self { validated, ..self }
    }

    pub(super) fn with_svn(self, svn: Option<u32>) -> Self {
        Self { svn, ..self }
    }

    fn view(&self) -> Value {
        let hash: [u8; 32] = Seed::default().bytes(&self.path);
        Boundary::default()
            .member("EVENT_FILEPATH", self.path.as_str().into())
            .raw("EVENT_AUTHENTICODEHASH", Some(hash.to_vec()))
            .flag("EVENT_IMAGEVALIDATED", Some(self.validated))
            .number("EVENT_MODULE_SVN", self.svn)
            .0
            .into()
    }
}

/// BitLocker did not unlock the volume.
pub const BITLOCKER_NONE: u32 = 0;
/// With a key from earlier in the boot.
pub const BITLOCKER_CACHED: u32 = 1;
/// With a key from the TPM.
pub const BITLOCKER_TPM: u32 = 4;
/// With the recovery key.
pub const BITLOCKER_RECOVERY: u32 = 64;

/// How BitLocker unlocked the volume; the names are the ends of those of the flags.
pub(super) fn bitlocker(flags: u32) -> (&'static str, u64) {
    let name = match flags {
        BITLOCKER_NONE => "NONE",
        BITLOCKER_CACHED => "CACHED",
        2 => "MEDIA",
        BITLOCKER_TPM => "TPM",
        16 => "PIN",
        32 => "EXTERNAL",
        BITLOCKER_RECOVERY => "RECOVERY",
        128 => "PASSPHRASE",
        256 => "NBP",
        512 => "AUK_OSFVEINFO",
        _ => "",
    };
    (name, flags.into())
}

/// A code integrity policy as its measurement describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SiPolicy {
    /// Its version: four 16-bit numbers, the major one highest.
    pub version: u64,
    /// The name of its file.
    pub name: String,
    /// SHA-256 of its contents.
    pub digest: [u8; 32],
}

impl SiPolicy {
    pub(super) fn invented(name: &str, major: u16) -> Self {
        Self {
            version: u64::from(major) << 48,
            name: name.to_owned(),
            digest: Seed::default().bytes(name),
        }
    }

    /// Version, length of the name in bytes, hash algorithm, length of the digest, the name in UTF-16 with its NUL,
    /// the digest.
    pub fn payload(&self) -> Vec<u8> {
        let name: Vec<u8> = self
            .name
            .encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect();
        let name_length = u16::try_from(name.len()).unwrap_or(u16::MAX);
        [
            &self.version.to_le_bytes()[..],
            &name_length.to_le_bytes(),
            &SHA256.to_le_bytes(),
            &DIGEST_LENGTH.to_le_bytes(),
            &name,
            &self.digest,
        ]
        .concat()
    }
}

/// A list of revoked images as its measurement describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevocationList {
    /// When it was made: 100-nanosecond steps since 1601 (FILETIME).
    pub created: u64,
    /// SHA-256 of its contents.
    pub digest: [u8; 32],
}

impl RevocationList {
    pub(super) fn invented(label: &str) -> Self {
        Self {
            created: CREATED,
            digest: Seed::default().bytes(label),
        }
    }

    /// Time, length of the digest, hash algorithm, digest: 46 bytes.
    pub fn payload(&self) -> Vec<u8> {
        [
            &self.created.to_le_bytes()[..],
            &DIGEST_LENGTH.to_le_bytes(),
            &SHA256.to_le_bytes(),
            &self.digest,
        ]
        .concat()
    }
}

/// Data execution prevention in the words of the boot configuration's `nx`.
pub(super) fn dep(policy: u32) -> (&'static str, u64) {
    let name = match policy {
        0 => "OptIn",
        1 => "OptOut",
        2 => "AlwaysOff",
        3 => "AlwaysOn",
        _ => "",
    };
    (name, policy.into())
}

/// The driver load policy; its names in the view are not documented, these follow the Group Policy.
pub(super) fn driver_load_policy(policy: u32) -> (&'static str, u64) {
    let name = match policy {
        1 => "Default",
        3 => "GoodUnknownAndBadCritical",
        7 => "All",
        8 => "GoodOnly",
        _ => "",
    };
    (name, policy.into())
}

fn raw_data(payload: &[u8]) -> Value {
    json!({"RawData": b64::encode_url(payload)})
}

/// TPM_ALG_SHA256 (TCG Algorithm Registry).
const SHA256: u16 = 0x000B;
/// Bytes of a SHA-256 digest.
const DIGEST_LENGTH: u32 = 32;
/// A day in 2025, as FILETIME.
const CREATED: u64 = 133_800_000_000_000_000;
