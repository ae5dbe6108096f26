//! The runtime claims of a confidential virtual machine: the JSON whose hash is in the hardware report
//! (Azure documentation, "Guest attestation for confidential VMs", and "vTPM attestation key").

use attestry_api::{b64, hex};
use serde_json::{Map, Value, json};

use crate::{
    Seed,
    field::{Named, Slot},
    pki::RsaKeyPair,
};

use super::VtpmKeys;

/// Everything the runtime claims say.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimeClaims {
    /// The public keys, in order.
    pub keys: Vec<RuntimeKey>,
    /// How the virtual machine is set up.
    pub vm_configuration: VmConfiguration,
    /// Bytes that the guest wrote, 64 as a rule; `None` leaves the member out, as before 2024.
    pub user_data: Option<Vec<u8>>,
}

/// One public RSA key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeKey {
    /// Name of the key: `HCLAkPub`, `HCLEkPub`, `HCLTransferKey`.
    pub kid: String,
    /// What it is for: `sign` or `encrypt`.
    pub key_ops: Vec<String>,
    /// Modulus, big-endian.
    pub n: Vec<u8>,
    /// Exponent, big-endian.
    pub e: Vec<u8>,
}

/// The member `vm-configuration`.
#[derive(Clone, Debug, PartialEq)]
pub struct VmConfiguration {
    /// Whether there is a serial console.
    pub console_enabled: bool,
    /// Whether Secure Boot is on.
    pub secure_boot: bool,
    /// Whether there is a TPM.
    pub tpm_enabled: bool,
    /// Whether the TPM keeps its state.
    pub tpm_persisted: bool,
    /// SHA-256 of the root of trust of the paravisor's settings, base64url.
    pub root_cert_thumbprint: String,
    /// Identifier of the virtual machine.
    pub vm_unique_id: String,
    /// Further members; the set grows with the paravisor's versions.
    pub others: Map<String, Value>,
}

impl RuntimeClaims {
    /// The claims of a virtual machine with these keys.
    pub fn new(seed: &Seed, keys: &VtpmKeys) -> Self {
        Self {
            keys: vec![
                RuntimeKey::new("HCLAkPub", "sign", &keys.ak),
                RuntimeKey::new("HCLEkPub", "encrypt", &keys.ek),
            ],
            vm_configuration: VmConfiguration {
                console_enabled: true,
                secure_boot: true,
                tpm_enabled: true,
                tpm_persisted: true,
                root_cert_thumbprint: b64::encode_url(&seed.bytes::<32>("hcl root certificate")),
                vm_unique_id: unique_id(seed.bytes("vm unique id")),
                others: Map::new(),
            },
            user_data: Some(vec![0; 64]),
        }
    }

    /// The JSON as the paravisor writes it: compact, members in its order.
    pub fn to_json(&self) -> String {
        let keys: Vec<_> = self.keys.iter().map(RuntimeKey::to_json).collect();
        let user_data = self.user_data.as_ref().map_or_else(String::new, |data| {
            format!(",\"user-data\":\"{}\"", hex::encode(data).to_ascii_uppercase())
        });
        format!(
            "{{\"keys\":[{}],\"vm-configuration\":{}{user_data}}}",
            keys.join(","),
            self.vm_configuration.to_json()
        )
    }

    pub(super) fn fields(&mut self) -> Vec<Named<'_>> {
        let configuration = &mut self.vm_configuration;
        vec![
            ("console_enabled", Slot::Flag(&mut configuration.console_enabled)),
            ("secure_boot", Slot::Flag(&mut configuration.secure_boot)),
            ("tpm_enabled", Slot::Flag(&mut configuration.tpm_enabled)),
            ("tpm_persisted", Slot::Flag(&mut configuration.tpm_persisted)),
            (
                "root_cert_thumbprint",
                Slot::Text(&mut configuration.root_cert_thumbprint),
            ),
            ("vm_unique_id", Slot::Text(&mut configuration.vm_unique_id)),
            ("user_data", Slot::OptionalData(&mut self.user_data)),
        ]
    }
}

impl RuntimeKey {
    /// The public half of a key.
    pub fn new(kid: &str, operation: &str, key: &RsaKeyPair) -> Self {
        Self {
            kid: kid.to_owned(),
            key_ops: vec![operation.to_owned()],
            n: key.modulus().to_vec(),
            e: key.exponent().to_vec(),
        }
    }

    fn to_json(&self) -> String {
        format!(
            "{{\"kid\":{},\"key_ops\":{},\"kty\":\"RSA\",\"e\":\"{}\",\"n\":\"{}\"}}",
            json!(self.kid),
            json!(self.key_ops),
            b64::encode_url(&self.e),
            b64::encode_url(&self.n)
        )
    }
}

impl VmConfiguration {
    fn to_json(&self) -> String {
        let mut members = self.others.clone();
        let own = [
            ("console-enabled", json!(self.console_enabled)),
            ("root-cert-thumbprint", json!(self.root_cert_thumbprint)),
            ("secure-boot", json!(self.secure_boot)),
            ("tpm-enabled", json!(self.tpm_enabled)),
            ("tpm-persisted", json!(self.tpm_persisted)),
            ("vmUniqueId", json!(self.vm_unique_id)),
        ];
        members.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Value::Object(members).to_string()
    }
}

/// Sixteen bytes in the form of a GUID, upper case.
fn unique_id(bytes: [u8; 16]) -> String {
    let digits = hex::encode(&bytes).to_ascii_uppercase();
    let mut rest = digits.as_str();
    let mut parts = Vec::new();
    for size in [8, 4, 4, 4, 12] {
        let Some((part, after)) = rest.split_at_checked(size) else {
            break;
        };
        parts.push(part);
        rest = after;
    }
    parts.join("-")
}
