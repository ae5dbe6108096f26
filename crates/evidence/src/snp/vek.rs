//! The certificate of the key that signs reports: read by AMD's own profile, which no general path validator accepts
//! (serial number 0, no constraints, no usages), and verified up to a pinned authority.

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
use der::Decode as _;
use der::asn1::{Ia5StringRef, ObjectIdentifier, OctetStringRef, UintRef};

use super::anchors::{AmdAnchors, Authority};
use super::error::SnpError;
use super::product::Product;
use super::report::SigningKey;
use crate::time::UnixTime;
use crate::x509::{VendorCertificate, VendorKey, is_in_future};

/// The kind of a versioned chip endorsement key.
pub type VekKind = SigningKey;

/// A VCEK or VLEK certificate, read strictly. Nobody vouches for it yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VekCertificate {
    certificate: VendorCertificate,
    kind: VekKind,
    product: Product,
    product_name: String,
    tcb: CertifiedTcb,
    identity: Identity,
}

/// The security versions from which the key was derived.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct CertifiedTcb {
    fmc: Option<u8>,
    bootloader: u8,
    tee: u8,
    snp: u8,
    microcode: u8,
}

/// Whose key it is.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Identity {
    /// A chip, with as many bytes as its line has.
    Chip(Vec<u8>),
    /// A cloud service provider.
    Provider(String),
}

impl VekCertificate {
    /// Reads a certificate from PEM or DER by the profile of AMD publication 57230, "VCEK Certificate": version,
    /// name, key on P-384, every extension that the line has and none twice.
    pub fn parse(input: &[u8]) -> Result<Self, SnpError> {
        Self::of(VendorCertificate::parse(input)?)
    }

    fn of(certificate: VendorCertificate) -> Result<Self, SnpError> {
        let kind = match certificate.common_name() {
            VCEK_NAME => VekKind::Vcek,
            VLEK_NAME => VekKind::Vlek,
            found => {
                return Err(SnpError::VekName {
                    found: found.to_owned(),
                });
            }
        };
        if !matches!(certificate.public_key(), VendorKey::P384(_)) {
            return Err(SnpError::VekKey);
        }
        let product_name = text(&certificate, PRODUCT_NAME, "productName")?;
        let product = Product::from_product_name(&product_name).ok_or(SnpError::VekExtension {
            extension: "productName",
            found: "not a known product",
        })?;
        if number(&certificate, STRUCT_VERSION, "structVersion")? != product.certificate_version() {
            return Err(SnpError::VekExtension {
                extension: "structVersion",
                found: "that of another product line",
            });
        }
        let tcb = certified_tcb(&certificate, product)?;
        let identity = identity(&certificate, kind, product)?;
        Ok(Self {
            certificate,
            kind,
            product,
            product_name,
            tcb,
            identity,
        })
    }

    /// Whether it is a chip's key or a cloud provider's.
    pub const fn kind(&self) -> VekKind {
        self.kind
    }

    /// The product line by its product name.
    pub const fn product(&self) -> Product {
        self.product
    }

    /// `productName`, for instance `Milan-B0`.
    pub fn product_name(&self) -> &str {
        &self.product_name
    }

    /// `hwID`: 64 bytes, or 8 on lines with an FMC; `None` for a VLEK.
    pub fn hardware_id(&self) -> Option<&[u8]> {
        match &self.identity {
            Identity::Chip(id) => Some(id),
            Identity::Provider(_) => None,
        }
    }

    /// `cspID`, the cloud service provider whose key a VLEK is; `None` for a VCEK.
    pub fn csp_id(&self) -> Option<&str> {
        match &self.identity {
            Identity::Chip(_) => None,
            Identity::Provider(id) => Some(id),
        }
    }

    /// The security versions in the order of [`super::TcbVersion::components`].
    pub fn tcb(&self) -> impl Iterator<Item = (&'static str, u8)> + use<> {
        let CertifiedTcb {
            fmc,
            bootloader,
            tee,
            snp,
            microcode,
        } = self.tcb;
        fmc.map(|fmc| ("fmc", fmc)).into_iter().chain([
            ("bootloader", bootloader),
            ("tee", tee),
            ("snp", snp),
            ("microcode", microcode),
        ])
    }

    /// The certificate.
    pub const fn certificate(&self) -> &VendorCertificate {
        &self.certificate
    }
}

/// A VEK certificate and what was handed over with it. The others are never trusted: they have to be ones that are
/// trusted anyway.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SuppliedChain {
    vek: VekCertificate,
    others: Vec<VendorCertificate>,
}

impl SuppliedChain {
    /// Reads a PEM text with one VEK certificate and at most three others, in any order.
    pub fn from_pem(text: &[u8]) -> Result<Self, SnpError> {
        Self::of(VendorCertificate::parse_chain(text)?)
    }

    /// The chain of one VEK certificate, PEM or DER, alone or with others in the PEM text.
    pub fn parse(input: &[u8]) -> Result<Self, SnpError> {
        match input.first() {
            Some(&DER_SEQUENCE) => VekCertificate::parse(input).map(Self::from),
            _ => Self::from_pem(input),
        }
    }

    fn of(certificates: Vec<VendorCertificate>) -> Result<Self, SnpError> {
        let is_vek =
            |certificate: &VendorCertificate| [VCEK_NAME, VLEK_NAME].contains(&certificate.common_name());
        let (mut veks, others): (Vec<_>, Vec<_>) = certificates.into_iter().partition(is_vek);
        match (veks.pop(), veks.len()) {
            (Some(vek), 0) => Ok(Self {
                vek: VekCertificate::of(vek)?,
                others,
            }),
            (vek, more) => Err(SnpError::VekCount {
                found: more.saturating_add(usize::from(vek.is_some())),
            }),
        }
    }

    /// The VEK certificate.
    pub const fn vek(&self) -> &VekCertificate {
        &self.vek
    }

    /// The certificates handed over with it.
    pub fn others(&self) -> &[VendorCertificate] {
        &self.others
    }
}

impl From<VekCertificate> for SuppliedChain {
    fn from(vek: VekCertificate) -> Self {
        let others = Vec::new();
        Self { vek, others }
    }
}

/// A VEK certificate that a trusted authority issued. Its dates, and its authority's standing, are judged whenever it
/// is used.
#[derive(Clone, Debug)]
pub struct VerifiedVek {
    vek: VekCertificate,
    authority: Authority,
    key: ParsedPublicKey,
}

impl VerifiedVek {
    /// Verifies the issuer's signature and that everything handed over belongs to the trusted hierarchy.
    pub fn verify(chain: &SuppliedChain, anchors: &AmdAnchors) -> Result<Self, SnpError> {
        let vek = &chain.vek;
        let authority = anchors.issuer_of(vek)?;
        anchors.check_supplied(&chain.others, &authority)?;
        let VendorKey::P384(point) = vek.certificate.public_key() else {
            return Err(SnpError::VekKey);
        };
        let key = ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, point).map_err(|_| SnpError::VekKey)?;
        Ok(Self {
            vek: vek.clone(),
            authority: authority.clone(),
            key,
        })
    }

    /// The certificate.
    pub const fn vek(&self) -> &VekCertificate {
        &self.vek
    }

    /// The authority that issued it.
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The line whose hierarchy vouches for it.
    pub const fn product(&self) -> Product {
        self.authority.product()
    }

    /// Whether `signature`, r then s, is the certified key's over `message`.
    pub(super) fn signed(&self, message: &[u8], signature: &[u8; 96]) -> bool {
        self.key.verify_sig(message, signature).is_ok()
    }

    /// The uncompressed point of the certified key.
    pub(super) fn point(&self) -> &[u8] {
        match self.vek.certificate.public_key() {
            VendorKey::P384(point) => point,
            VendorKey::P256(_) | VendorKey::Rsa(_) => &[],
        }
    }

    /// The dates of the certificate, its authority and the root. `grace` seconds are granted to the VEK after its end.
    pub(super) fn check_validity(&self, now: UnixTime, grace: u32) -> Result<(), SnpError> {
        check_dates(&self.vek.certificate, now, grace)?;
        let issuers = [self.authority.certificate(), self.authority.root()];
        issuers
            .into_iter()
            .try_for_each(|issuer| check_dates(issuer, now, 0))
    }
}

fn check_dates(certificate: &VendorCertificate, now: UnixTime, grace: u32) -> Result<(), SnpError> {
    let subject = || certificate.common_name().to_owned();
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if is_in_future(not_before, now) {
        return Err(SnpError::NotYetValid {
            subject: subject(),
            not_before,
            now,
        });
    }
    let end = not_after.add_seconds(i64::from(grace)).unwrap_or(not_after);
    if now > end {
        return Err(SnpError::Expired {
            subject: subject(),
            not_after,
            now,
        });
    }
    Ok(())
}

fn certified_tcb(certificate: &VendorCertificate, product: Product) -> Result<CertifiedTcb, SnpError> {
    for (oid, extension) in SPL_RESERVED {
        if let Some(value) = certificate.extension(oid)
            && small_number(value) != Some(0)
        {
            return Err(SnpError::VekExtension {
                extension,
                found: "not 0",
            });
        }
    }
    let fmc = certificate.extension(FMC_SPL).is_some();
    if fmc != product.has_fmc() {
        return Err(SnpError::VekExtension {
            extension: "fmcSPL",
            found: if fmc {
                "present on a line without it"
            } else {
                "missing"
            },
        });
    }
    let spl = |oid, extension| number(certificate, oid, extension);
    Ok(CertifiedTcb {
        fmc: fmc.then(|| spl(FMC_SPL, "fmcSPL")).transpose()?,
        bootloader: spl(BL_SPL, "blSPL")?,
        tee: spl(TEE_SPL, "teeSPL")?,
        snp: spl(SNP_SPL, "snpSPL")?,
        microcode: spl(UCODE_SPL, "ucodeSPL")?,
    })
}

/// A VCEK names a chip and no provider, a VLEK a provider and no chip.
fn identity(certificate: &VendorCertificate, kind: VekKind, product: Product) -> Result<Identity, SnpError> {
    let (absent, extension) = match kind {
        VekKind::Vcek => (CSP_ID, "cspID"),
        VekKind::Vlek => (HW_ID, "hwID"),
    };
    if certificate.extension(absent).is_some() {
        return Err(SnpError::VekExtension {
            extension,
            found: "present in the other kind's certificate",
        });
    }
    if kind == VekKind::Vlek {
        return text(certificate, CSP_ID, "cspID").map(Identity::Provider);
    }
    let value = certificate.extension(HW_ID).ok_or(SnpError::VekExtension {
        extension: "hwID",
        found: "missing",
    })?;
    let size = product.chip_id_bytes();
    // AMD's key server writes the bytes themselves; certificates with an OCTET STRING around them exist.
    let id = if value.len() == size {
        Some(value)
    } else {
        <&OctetStringRef>::from_der(value)
            .ok()
            .map(OctetStringRef::as_bytes)
            .filter(|id| id.len() == size)
    };
    id.map(|id| Identity::Chip(id.to_vec()))
        .ok_or(SnpError::VekExtension {
            extension: "hwID",
            found: "of another size than the line's chip ids",
        })
}

fn number(
    certificate: &VendorCertificate,
    oid: ObjectIdentifier,
    extension: &'static str,
) -> Result<u8, SnpError> {
    let value = certificate.extension(oid).ok_or(SnpError::VekExtension {
        extension,
        found: "missing",
    })?;
    small_number(value).ok_or(SnpError::VekExtension {
        extension,
        found: "not an INTEGER of one byte",
    })
}

/// A non-negative INTEGER below 256, to the last byte of its DER.
fn small_number(value: &[u8]) -> Option<u8> {
    match UintRef::from_der(value).ok()?.as_bytes() {
        [byte] => Some(*byte),
        _ => None,
    }
}

fn text(
    certificate: &VendorCertificate,
    oid: ObjectIdentifier,
    extension: &'static str,
) -> Result<String, SnpError> {
    let value = certificate.extension(oid).ok_or(SnpError::VekExtension {
        extension,
        found: "missing",
    })?;
    Ia5StringRef::from_der(value)
        .map(|text| text.as_str().to_owned())
        .ok()
        .filter(|text| (1..=MAX_TEXT_BYTES).contains(&text.len()))
        .ok_or(SnpError::VekExtension {
            extension,
            found: "not an IA5String of a sensible size",
        })
}

const VCEK_NAME: &str = "SEV-VCEK";
const VLEK_NAME: &str = "SEV-VLEK";
/// The tag of SEQUENCE, with which the DER of a certificate begins.
const DER_SEQUENCE: u8 = 0x30;
/// Longer than every product name and than a DNS name, which provider identifiers look like (RFC 1035, 2.3.4).
const MAX_TEXT_BYTES: usize = 255;

// AMD publication 57230, "VCEK Certificate Custom Extensions".
const STRUCT_VERSION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.1");
const PRODUCT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.2");
const BL_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.1");
const TEE_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.2");
const SNP_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.3");
const UCODE_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.8");
const FMC_SPL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.9");
const HW_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.4");
const CSP_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.5");
/// Versions of components that no line has yet; certificates carry some of them as 0.
const SPL_RESERVED: [(ObjectIdentifier, &str); 4] = [
    (ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.4"), "spl4"),
    (ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.5"), "spl5"),
    (ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.6"), "spl6"),
    (ObjectIdentifier::new_unwrap("1.3.6.1.4.1.3704.1.3.7"), "spl7"),
];

#[cfg(test)]
mod tests;
