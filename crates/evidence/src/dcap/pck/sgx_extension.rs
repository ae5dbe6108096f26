//! The SGX extension of a PCK certificate, 1.2.840.113741.1.13.1: a SEQUENCE of (object identifier, value) pairs whose
//! identifiers continue the extension's own (Intel SGX PCK Certificate and CRL Profile Specification, "SGX extensions
//! data"). Owns its exact shape.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use der::asn1::{ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Reader, SliceReader, Tag};

use super::PckCa;
use crate::x509::CertificateError;

/// What the extension says about a platform.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SgxExtension {
    pub(super) ppid: [u8; 16],
    pub(super) component_svns: [u8; 16],
    pub(super) pce_svn: u16,
    pub(super) cpu_svn: [u8; 16],
    pub(super) pce_id: [u8; 2],
    pub(super) fmspc: [u8; 6],
    pub(super) sgx_type: SgxType,
    pub(super) platform_instance_id: Option<[u8; 16]>,
    pub(super) configuration: Configuration,
}

/// How a platform protects enclave memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SgxType {
    /// Encryption with integrity tree, small enclave memory.
    Standard,
    /// Encryption without integrity tree.
    Scalable,
    /// Encryption with cryptographic integrity.
    ScalableWithIntegrity,
}

impl SgxType {
    /// Intel's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "Standard",
            Self::Scalable => "Scalable",
            Self::ScalableWithIntegrity => "ScalableWithIntegrity",
        }
    }

    /// The number in the certificate: 0, 1 or 2.
    pub const fn number(self) -> u8 {
        match self {
            Self::Standard => 0,
            Self::Scalable => 1,
            Self::ScalableWithIntegrity => 2,
        }
    }
}

/// What the Platform CA states about a platform's configuration; each flag may be left out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Configuration {
    pub(super) dynamic_platform: Option<bool>,
    pub(super) cached_keys: Option<bool>,
    pub(super) smt_enabled: Option<bool>,
}

impl SgxExtension {
    /// Reads the extension of a certificate that `ca` issued. Leaves of the Processor CA have exactly five entries;
    /// those of the Platform CA may add the platform instance and the configuration.
    pub(super) fn parse(extension: &[u8], ca: PckCa) -> Result<Self, CertificateError> {
        let entries = Entries::parse(extension, SGX_EXTENSION, "entries")?;
        let allowed: u32 = match ca {
            PckCa::Processor => 5,
            PckCa::Platform => 7,
        };
        entries.refuse_unknown(&(1..=allowed))?;
        let (component_svns, pce_svn, cpu_svn) = tcb(&entries)?;
        let configuration = entries
            .optional(7)
            .map(configuration)
            .transpose()?
            .unwrap_or_default();
        let platform_instance_id = entries
            .optional(6)
            .map(|der| octets(der, "platform_instance_id", "16 octets"))
            .transpose()?;
        Ok(Self {
            ppid: octets(entries.required(1, "ppid")?, "ppid", "16 octets")?,
            component_svns,
            pce_svn,
            cpu_svn,
            pce_id: octets(entries.required(3, "pce_id")?, "pce_id", "2 octets")?,
            fmspc: octets(entries.required(4, "fmspc")?, "fmspc", "6 octets")?,
            sgx_type: sgx_type(entries.required(5, "sgx_type")?)?,
            platform_instance_id,
            configuration,
        })
    }
}

/// Sixteen component SVNs, the PCE's SVN and the CPUSVN: exactly eighteen entries.
fn tcb(entries: &Entries<'_>) -> Result<([u8; 16], u16, [u8; 16]), CertificateError> {
    let tcb = Entries::parse(entries.required(2, "tcb")?, TCB, "tcb")?;
    tcb.refuse_unknown(&(1..=CPU_SVN))?;
    let mut component_svns = [0; 16];
    for (number, svn) in (1_u32..).zip(&mut component_svns) {
        *svn = unsigned(
            tcb.required(number, "tcb.component_svn")?,
            "tcb.component_svn",
            "a number up to 255",
        )?;
    }
    let pce_svn = unsigned(
        tcb.required(PCE_SVN, "tcb.pce_svn")?,
        "tcb.pce_svn",
        "a number up to 65535",
    )?;
    let cpu_svn = octets(tcb.required(CPU_SVN, "tcb.cpu_svn")?, "tcb.cpu_svn", "16 octets")?;
    Ok((component_svns, pce_svn, cpu_svn))
}

fn configuration(der: &[u8]) -> Result<Configuration, CertificateError> {
    let entries = Entries::parse(der, CONFIGURATION, "configuration")?;
    entries.refuse_unknown(&(1..=3))?;
    let flag = |number, field| {
        let read = |der| bool::from_der(der).map_err(|_| wrong(field, "a boolean"));
        entries.optional(number).map(read).transpose()
    };
    Ok(Configuration {
        dynamic_platform: flag(1, "configuration.dynamic_platform")?,
        cached_keys: flag(2, "configuration.cached_keys")?,
        smt_enabled: flag(3, "configuration.smt_enabled")?,
    })
}

fn sgx_type(der: &[u8]) -> Result<SgxType, CertificateError> {
    // `ENUMERATED` with a one-octet value (X.690, 8.4).
    match der {
        [ENUMERATED, 1, 0] => Ok(SgxType::Standard),
        [ENUMERATED, 1, 1] => Ok(SgxType::Scalable),
        [ENUMERATED, 1, 2] => Ok(SgxType::ScalableWithIntegrity),
        _ => Err(wrong("sgx_type", "an enumerated 0, 1 or 2")),
    }
}

/// The pairs of one SEQUENCE by the last number of their identifier.
struct Entries<'a> {
    field: &'static str,
    by_number: BTreeMap<u32, &'a [u8]>,
}

impl<'a> Entries<'a> {
    /// Every identifier has to be `parent` with one more number, and none may appear twice.
    fn parse(der: &'a [u8], parent: ObjectIdentifier, field: &'static str) -> Result<Self, CertificateError> {
        let mut by_number = BTreeMap::new();
        let mut duplicate = false;
        let mut read = || -> der::Result<()> {
            let mut reader = SliceReader::new(der)?;
            reader.sequence(|pairs| {
                while !pairs.is_finished() {
                    let (oid, value) = pairs.sequence(|pair| {
                        Ok::<_, der::Error>((pair.decode::<ObjectIdentifier>()?, pair.tlv_bytes()?))
                    })?;
                    let (Some(number), true) = (oid.arcs().last(), oid.parent() == Some(parent)) else {
                        return Err(Tag::ObjectIdentifier.value_error().into());
                    };
                    duplicate |= by_number.insert(number, value).is_some();
                }
                Ok::<_, der::Error>(())
            })?;
            reader.finish()
        };
        read().map_err(|_| wrong(field, "a sequence of identifiers and values"))?;
        if duplicate {
            Err(wrong(field, "a sequence without repeated identifiers"))
        } else {
            Ok(Self { field, by_number })
        }
    }

    fn refuse_unknown(&self, known: &RangeInclusive<u32>) -> Result<(), CertificateError> {
        if self.by_number.keys().all(|number| known.contains(number)) {
            Ok(())
        } else {
            Err(wrong(self.field, "the entries that this kind of certificate has"))
        }
    }

    fn optional(&self, number: u32) -> Option<&'a [u8]> {
        self.by_number.get(&number).copied()
    }

    fn required(&self, number: u32, field: &'static str) -> Result<&'a [u8], CertificateError> {
        self.optional(number).ok_or_else(|| wrong(field, "present"))
    }
}

fn octets<const N: usize>(
    der: &[u8],
    field: &'static str,
    expected: &'static str,
) -> Result<[u8; N], CertificateError> {
    <&OctetStringRef>::from_der(der)
        .ok()
        .and_then(|string| string.as_bytes().try_into().ok())
        .ok_or_else(|| wrong(field, expected))
}

/// A non-negative INTEGER. 0x8000 and above take three octets in DER, because the sign takes a bit.
fn unsigned<T: TryFrom<u64>>(
    der: &[u8],
    field: &'static str,
    expected: &'static str,
) -> Result<T, CertificateError> {
    let read = || {
        let magnitude = UintRef::from_der(der).ok()?;
        let number = magnitude.as_bytes().iter().try_fold(0_u64, |number, octet| {
            number.checked_mul(256)?.checked_add(u64::from(*octet))
        })?;
        T::try_from(number).ok()
    };
    read().ok_or_else(|| wrong(field, expected))
}

const fn wrong(field: &'static str, expected: &'static str) -> CertificateError {
    CertificateError::SgxExtension { field, expected }
}

const SGX_EXTENSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1");
const TCB: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1.2");
const CONFIGURATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113741.1.13.1.7");
/// Entries of the TCB sequence after the sixteen components.
const PCE_SVN: u32 = 17;
const CPU_SVN: u32 = 18;
/// The tag of an ENUMERATED.
const ENUMERATED: u8 = 0x0a;
