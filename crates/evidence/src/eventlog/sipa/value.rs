//! The payloads of Windows' measurements (Windows SDK, `wbcl.h`, `SIPAEVENT_*_PAYLOAD`), each read by the form its id
//! has. Owns layouts; all integers in them are little-endian, and all of a payload is consumed.

use super::Tag;
use super::error::{SipaError, end, surplus};
use super::id::{Form, TagId};
use crate::reader::Reader;
use crate::utf16;

/// A payload, read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// Further tags.
    Container(Vec<Tag<'a>>),
    /// On or off.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A text, without the NUL at its end.
    Text(String),
    /// What is revoked.
    RevocationList(RevocationList<'a>),
    /// A code integrity policy.
    SiPolicy(SiPolicy<'a>),
    /// A key of the secure kernel.
    IdentityKey(IdentityKey<'a>),
    /// The secure boot custom policy in force.
    CustomPolicy(CustomPolicy<'a>),
    /// Who signed, or may sign updates of, the code integrity policy measured before.
    PolicySigner(PolicySigner<'a>),
    /// The signature over what a kernel soft reboot hands on.
    KsrSignature(KsrSignature<'a>),
    /// Bytes of a form that is not known or of no use here: the tag's payload.
    Bytes,
}

/// A hash with its algorithm.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Digest<'a> {
    /// `WBCL_DIGEST_ALG_ID`, the same numbers as TPM_ALG_ID: 0x000B is SHA-256.
    pub algorithm: u16,
    /// The hash.
    pub bytes: &'a [u8],
}

/// `SIPAEVENT_REVOCATION_LIST_PAYLOAD`: a list of revoked images.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RevocationList<'a> {
    /// When it was made, in steps of 100 nanoseconds since 1601 (FILETIME).
    pub created: u64,
    /// The hash of its contents.
    pub digest: Digest<'a>,
}

/// `SIPAEVENT_SI_POLICY_PAYLOAD`: a code integrity policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SiPolicy<'a> {
    /// Its version: four numbers of 16 bits, the major one highest.
    pub version: u64,
    /// The name of its file.
    pub name: String,
    /// The hash of its contents.
    pub digest: Digest<'a>,
}

/// `SIPAEVENT_VSM_IDK_RSA_INFO`: an RSA key that the secure kernel made for this boot, or keeps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdentityKey<'a> {
    /// The public exponent, big-endian.
    pub exponent: &'a [u8],
    /// The modulus, big-endian.
    pub modulus: &'a [u8],
}

/// `SIPAEVENT_SBCP_INFO_PAYLOAD_V1`: the secure boot custom policy in force.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CustomPolicy<'a> {
    /// The hash of its contents.
    pub digest: Digest<'a>,
    /// Its options.
    pub options: u32,
    /// How many signers it has.
    pub signers: u32,
}

/// `SIPAEVENT_SI_POLICY_SIGNER_PAYLOAD`: a signer of a code integrity policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicySigner<'a> {
    /// Which well-known root the signer's certificates lead to.
    pub root: u32,
    /// The name of the policy's file.
    pub policy_name: String,
    /// How many extended key usages it needs.
    pub eku_count: u16,
    /// Those usages.
    pub ekus: &'a [u8],
    /// How many certificates it has.
    pub certificate_count: u16,
    /// Their descriptions.
    pub certificates: &'a [u8],
}

/// `SIPAEVENT_KSR_SIGNATURE_PAYLOAD`: the signature over what a kernel soft reboot hands on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KsrSignature<'a> {
    /// The algorithm's number.
    pub algorithm: u32,
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> Value<'a> {
    /// Reads the payload of a tag that is no container.
    pub(super) fn parse(id: TagId, reader: Reader<'a>) -> Result<Self, SipaError> {
        let payload = Payload { id, reader };
        match id.form() {
            Form::Flag => payload.flag().map(Self::Flag),
            Form::Number | Form::Named(_) | Form::Bits(..) => payload.number().map(Self::Number),
            Form::Text => payload.text().map(Self::Text),
            Form::RevocationList => payload.revocation_list().map(Self::RevocationList),
            Form::SiPolicy => payload.si_policy().map(Self::SiPolicy),
            Form::IdentityKey => payload.identity_key(),
            // Nothing is decided by these three, so that a later version of them is no reason to refuse a boot.
            Form::CustomPolicy => Ok(payload.custom_policy().map_or(Self::Bytes, Self::CustomPolicy)),
            Form::PolicySigner => Ok(payload.policy_signer().map_or(Self::Bytes, Self::PolicySigner)),
            Form::KsrSignature => Ok(payload.ksr_signature().map_or(Self::Bytes, Self::KsrSignature)),
            Form::Bytes | Form::Container => Ok(Self::Bytes),
        }
    }
}

/// The name of `number`, measured under `id`.
pub(super) fn number_name(id: TagId, number: u64) -> Option<String> {
    match id.form() {
        Form::Named(names) => {
            let named = names.iter().find(|(value, _)| *value == number);
            Some(named.map_or_else(String::new, |(_, name)| (*name).to_owned()))
        }
        Form::Bits(none, _) if number == 0 => Some(none.to_owned()),
        Form::Bits(_, bits) => {
            let names: Vec<&str> = bits
                .iter()
                .filter(|(bit, _)| number & bit != 0)
                .map(|(_, name)| *name)
                .collect();
            Some(names.join("|"))
        }
        _ => None,
    }
}

/// A payload in the reading.
struct Payload<'a> {
    id: TagId,
    reader: Reader<'a>,
}

impl<'a> Payload<'a> {
    /// One byte, as the header defines flags, or four, as some are written.
    fn flag(mut self) -> Result<bool, SipaError> {
        let (id, offset) = (self.id, self.reader.offset());
        let found = match self.reader.remaining() {
            1 => self.reader.u8().map(u64::from),
            4 => self.reader.u32_le().map(u64::from),
            _ => return Err(self.odd_size("1 or 4 bytes")),
        };
        match found.map_err(end("payload", Some(id)))? {
            0 => Ok(false),
            1 => Ok(true),
            found => Err(SipaError::Flag {
                tag: id,
                offset,
                found,
            }),
        }
    }

    /// A number means the same in each of these sizes, and Windows has written some in two of them.
    fn number(mut self) -> Result<u64, SipaError> {
        let number = match self.reader.remaining() {
            1 => self.reader.u8().map(u64::from),
            4 => self.reader.u32_le().map(u64::from),
            8 => self.reader.u64_le(),
            _ => return Err(self.odd_size("1, 4 or 8 bytes")),
        };
        number.map_err(end("payload", Some(self.id)))
    }

    fn odd_size(&self, expected: &'static str) -> SipaError {
        SipaError::Size {
            tag: self.id,
            offset: self.reader.offset(),
            expected,
            found: self.reader.remaining(),
        }
    }

    fn text(mut self) -> Result<String, SipaError> {
        let size = self.reader.remaining();
        self.utf16(size, "text")
    }

    fn revocation_list(mut self) -> Result<RevocationList<'a>, SipaError> {
        let created = self.u64("creation time")?;
        let size = self.size("digest length")?;
        let algorithm = self.u16("hash algorithm")?;
        let bytes = self.take(size, "digest")?;
        self.finish()?;
        Ok(RevocationList {
            created,
            digest: Digest { algorithm, bytes },
        })
    }

    fn si_policy(mut self) -> Result<SiPolicy<'a>, SipaError> {
        let version = self.u64("policy version")?;
        let name_size = self.u16("policy name length")?;
        let algorithm = self.u16("hash algorithm")?;
        let digest_size = self.size("digest length")?;
        let name = self.utf16(usize::from(name_size), "policy name")?;
        let bytes = self.take(digest_size, "digest")?;
        self.finish()?;
        Ok(SiPolicy {
            version,
            name,
            digest: Digest { algorithm, bytes },
        })
    }

    /// Bytes for an algorithm that is not known: whoever needs the key finds none.
    fn identity_key(mut self) -> Result<Value<'a>, SipaError> {
        let offset = self.reader.offset();
        if self.u32("key algorithm")? != RSA {
            return Ok(Value::Bytes);
        }
        let bits = self.u32("key length")?;
        let exponent_size = self.size("exponent length")?;
        let modulus_size = self.size("modulus length")?;
        let exponent = self.take(exponent_size, "exponent")?;
        let modulus = self.take(modulus_size, "modulus")?;
        if usize::try_from(bits.div_ceil(8)) != Ok(modulus.len()) {
            return Err(SipaError::KeySize {
                tag: self.id,
                offset,
                bits,
                modulus: modulus.len(),
            });
        }
        self.finish()?;
        Ok(Value::IdentityKey(IdentityKey { exponent, modulus }))
    }

    fn custom_policy(mut self) -> Option<CustomPolicy<'a>> {
        if self.u32("version").ok()? != 1 || self.u32("digest offset").ok()? != CUSTOM_POLICY_BYTES {
            return None;
        }
        let algorithm = self.u16("hash algorithm").ok()?;
        let digest_size = self.u16("digest length").ok()?;
        let options = self.u32("options").ok()?;
        let signers = self.u32("signers").ok()?;
        let bytes = self.take(usize::from(digest_size), "digest").ok()?;
        self.finish().ok()?;
        Some(CustomPolicy {
            digest: Digest { algorithm, bytes },
            options,
            signers,
        })
    }

    fn policy_signer(mut self) -> Option<PolicySigner<'a>> {
        let root = self.u32("root").ok()?;
        let certificates_size = self.size("certificates length").ok()?;
        let certificate_count = self.u16("certificates count").ok()?;
        let name_size = self.u16("policy name length").ok()?;
        let ekus_size = self.u16("usages length").ok()?;
        let eku_count = self.u16("usages count").ok()?;
        let policy_name = self.utf16(usize::from(name_size), "policy name").ok()?;
        let ekus = self.take(usize::from(ekus_size), "usages").ok()?;
        let certificates = self.take(certificates_size, "certificates").ok()?;
        self.finish().ok()?;
        Some(PolicySigner {
            root,
            policy_name,
            eku_count,
            ekus,
            certificate_count,
            certificates,
        })
    }

    fn ksr_signature(mut self) -> Option<KsrSignature<'a>> {
        let algorithm = self.u32("signature algorithm").ok()?;
        let size = self.size("signature length").ok()?;
        let signature = self.take(size, "signature").ok()?;
        self.finish().ok()?;
        Some(KsrSignature { algorithm, signature })
    }

    fn u16(&mut self, part: &'static str) -> Result<u16, SipaError> {
        self.reader.u16_le().map_err(end(part, Some(self.id)))
    }

    fn u32(&mut self, part: &'static str) -> Result<u32, SipaError> {
        self.reader.u32_le().map_err(end(part, Some(self.id)))
    }

    fn u64(&mut self, part: &'static str) -> Result<u64, SipaError> {
        self.reader.u64_le().map_err(end(part, Some(self.id)))
    }

    fn size(&mut self, part: &'static str) -> Result<usize, SipaError> {
        self.reader.size_u32_le().map_err(end(part, Some(self.id)))
    }

    fn take(&mut self, size: usize, part: &'static str) -> Result<&'a [u8], SipaError> {
        self.reader.take(size).map_err(end(part, Some(self.id)))
    }

    fn utf16(&mut self, size: usize, part: &'static str) -> Result<String, SipaError> {
        let offset = self.reader.offset();
        let bytes = self.take(size, part)?;
        utf16::decode(bytes).map_err(|reason| SipaError::Text {
            tag: self.id,
            offset,
            reason,
        })
    }

    fn finish(self) -> Result<(), SipaError> {
        self.reader.finish().map_err(surplus(self.id))
    }
}

/// The one key algorithm that is defined (`wbcl.h`, `VSM_IDK_ALG_ID_RSA`).
const RSA: u32 = 1;
/// Where the hash of a custom policy begins: behind six numbers of 4, 4, 2, 2, 4 and 4 bytes.
const CUSTOM_POLICY_BYTES: u32 = 20;
