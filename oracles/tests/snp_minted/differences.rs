//! The reviewed table: where the two verifiers are known to differ, and why Attestry decides as it does.

use attestry_forge::amd::{Processor, ProductLine, Tcb, VekKind, vek_extension as oid};
use attestry_forge::pki::Name;

use super::world::{Issuer, NOW, Outcome, World};

/// One known difference.
pub struct Difference {
    /// What differs.
    pub name: &'static str,
    /// Why Attestry decides as it does.
    pub reason: &'static str,
    /// How the outcomes differ.
    pub shape: Shape,
    /// Whether a case is one of these.
    pub applies: fn(&World) -> bool,
}

/// How outcomes differ.
pub enum Shape {
    /// We refuse with one of these codes, or codes and fields; they accept.
    OnlyWe(&'static [&'static str]),
    /// They refuse with a message that contains one of these; we accept.
    OnlyThey(&'static [&'static str]),
}

impl Difference {
    /// Whether this difference is the reason for these two outcomes.
    pub fn explains(&self, world: &World, ours: &Outcome, theirs: &Outcome) -> bool {
        let shape = match (&self.shape, ours, theirs) {
            (Shape::OnlyWe(codes), Outcome::Refused(code), Outcome::Accepted) => {
                codes.iter().any(|known| code.starts_with(known))
            }
            (Shape::OnlyThey(parts), Outcome::Accepted, Outcome::Refused(message)) => {
                parts.iter().any(|part| message.contains(part))
            }
            _ => false,
        };
        shape && (self.applies)(world)
    }
}

macro_rules! differences {
    ($($name:literal: $reason:literal, $shape:expr, $applies:expr;)*) => {
        &[$(Difference { name: $name, reason: $reason, shape: $shape, applies: $applies }),*]
    };
}

/// All of them.
pub const DIFFERENCES: &[Difference] = differences! {
    // The report.
    "versions above 5": "what a version that is not published means is not known; sev reads it as 5",
        Shape::OnlyWe(&["snp_report_version"]),
        |w| w.evidence.report.version > 5;
    "bytes after the numbers of the signature": "nothing vouches for them and no firmware sets them",
        Shape::OnlyWe(&["snp_report_reserved snp_report.signature", "snp_report_reserved snp_report.reserved_330"]),
        |w| w.report()[0x2a0..].iter().enumerate().any(|(at, byte)| *byte != 0 && (at % 72 >= 48 || at >= 144));
    "signature algorithm": "the report says itself that it is signed otherwise",
        Shape::OnlyWe(&["snp_signature_algorithm"]),
        |w| w.evidence.report.signature_algo != 1;
    "key info": "a masked key signs nothing, and undefined keys and bits mean nothing known",
        Shape::OnlyWe(&["snp_signing_key", "snp_chip_key_masked", "snp_report_reserved snp_report.key_info"]),
        |w| w.evidence.report.key_info & !0b0_0101 != 0;
    "kind of key": "a report signed by a provider's key is not one signed by the chip's, and the certificate has to say the same",
        Shape::OnlyWe(&["vek_other_key"]),
        |w| (w.evidence.report.key_info >> 2 & 1 == 1) != is_named_vlek(w);
    "guest policy": "bit 17 is always set, and bits that are not defined may weaken the guest",
        Shape::OnlyWe(&["snp_guest_policy"]),
        |w| w.evidence.report.policy >> 26 != 0 || w.evidence.report.policy >> 17 & 1 == 0;
    "version 2 with a masked chip id": "the line is that of the certificate; sev guesses it from the chip id",
        Shape::OnlyThey(&["MASK_CHIP_ID is enabled"]),
        |w| w.evidence.report.version == 2 && w.evidence.report.chip_id == [0; 64];
    "reserved bits changed after signing": "the signature is over the bytes as they came; sev writes the report anew, with zeros there",
        Shape::OnlyWe(&["snp_tcb_reserved", "snp_report_reserved"]),
        |w| !w.evidence.flip_bits.is_empty();
    // The report and its certificate.
    "line of the processor": "a hierarchy certifies its own line only",
        Shape::OnlyWe(&["vek_other_product"]),
        |w| !is_of_line(w) || w.issuer != Issuer::Own || !w.evidence.vek.product_name.starts_with(w.line().name());
    "reported tcb": "the key is derived for exactly the version that the certificate states",
        Shape::OnlyWe(&["snp_tcb_mismatch"]),
        |w| certified_tcb(w) != w.evidence.report.reported_tcb;
    "chip id": "the certificate belongs to one chip, or to none at all",
        Shape::OnlyWe(&["snp_chip_id_mismatch", "snp_chip_id_masked", "snp_chip_id_unexpected"]),
        |w| {
            let mut hw_id = if w.evidence.vek.kind == VekKind::Vcek { w.evidence.vek.hw_id.clone() } else { Vec::new() };
            hw_id.resize(64, 0);
            w.evidence.report.chip_id.as_slice() != hw_id
        };
    "order of versions": "no firmware reports more than it committed, or commits more than it runs",
        Shape::OnlyWe(&["snp_tcb_order"]),
        |w| {
            let report = &w.evidence.report;
            report.reported_tcb != report.committed_tcb || report.committed_tcb != report.current_tcb
        };
    // The certificate.
    "name of the certificate": "keys that sign reports have one of two names",
        Shape::OnlyWe(&["vek_name"]),
        |w| w.evidence.vek.subject != Name::forged_amd("SEV-VCEK") && w.evidence.vek.subject != Name::forged_amd("SEV-VLEK");
    "extensions of the certificate": "they say what the key was made for; without them, or with others, nothing is certified",
        Shape::OnlyWe(&["vek_extension"]),
        |w| has_other_extensions(w);
    "an extension twice": "a certificate must not have it twice (RFC 5280, 4.2)",
        Shape::OnlyWe(&["x509_duplicate_extension"]),
        |w| {
            let mut oids: Vec<_> = w.vek().extensions.into_iter().map(|extension| extension.oid).collect();
            let count = oids.len();
            oids.sort();
            oids.dedup();
            oids.len() < count
        };
    "a critical extension": "who does not know it must refuse (RFC 5280, 4.2)",
        Shape::OnlyWe(&["x509_unknown_critical_extension"]),
        |w| w.vek().extensions.iter().any(|extension| extension.critical);
    "validity": "sev looks at no clock",
        Shape::OnlyWe(&["vek_expired", "vek_not_yet_valid"]),
        |w| w.is_changed || w.now > NOW || w.evidence.vek.not_after < w.now || w.evidence.vek.not_before > w.now;
    // The authorities.
    "self-made hierarchy": "certificates that come with the evidence are never trusted for that; sev verifies what it is given",
        Shape::OnlyWe(&["vek_signature"]),
        |w| w.issuer == Issuer::SelfMade;
    "authority of the other kind": "AMD certifies chips' keys and providers' keys by different authorities",
        Shape::OnlyWe(&["vek_other_authority"]),
        |w| w.issuer == Issuer::OtherKind || is_named_vlek(w) != (w.evidence.vek.kind == VekKind::Vlek);
    "issuer that issues no such keys": "a certificate names the authority that issued it; sev compares no names",
        Shape::OnlyWe(&["vek_untrusted_issuer"]),
        |w| w.issuer == Issuer::Root || w.vek().issuer == super::world::nobody();
    "revoked authority": "sev knows no revocation lists",
        Shape::OnlyWe(&["vek_authority_revoked"]),
        |w| w.crl.as_ref().is_some_and(|list| list.revoked.iter().any(|entry| entry.serial != [0]));
};

fn is_named_vlek(world: &World) -> bool {
    world.evidence.vek.subject == Name::forged_amd("SEV-VLEK")
}

/// The version that the certificate states, in the layout of its line.
fn certified_tcb(world: &World) -> u64 {
    let spec = &world.evidence.vek;
    let svn = |svn: u64| u8::try_from(svn).unwrap_or_default();
    let tcb = Tcb {
        fmc: svn(spec.fmc),
        bootloader: svn(spec.bootloader),
        tee: svn(spec.tee),
        snp: svn(spec.snp),
        microcode: svn(spec.microcode),
    };
    tcb.raw(spec.line)
}

/// Whether the report's processor is of the line whose authorities certify it.
fn is_of_line(world: &World) -> bool {
    let report = &world.evidence.report;
    let line = match (report.cpuid_family, report.cpuid_model) {
        (0x19, 0x00..=0x0f) => Some(ProductLine::Milan),
        (0x19, _) => Some(ProductLine::Genoa),
        (0x1a, 0x00..=0x11) => Some(ProductLine::Turin),
        _ => None,
    };
    report.version < 3 || line == Some(world.line())
}

/// Whether the certificate's extensions are not those that its line and kind have.
fn has_other_extensions(world: &World) -> bool {
    let spec = &world.evidence.vek;
    let mut vek = world.vek();
    let mut missing = |oid| vek.extension_mut(oid).is_none();
    let vlek = is_named_vlek(world);
    let known = ["Milan", "Genoa", "Bergamo", "Siena", "Turin", "Venice"];
    let product = spec.product_name.split('-').next().unwrap_or_default();
    let product_has_fmc = ["Turin", "Venice"].contains(&product);
    let size = if product_has_fmc { 8 } else { 64 };
    [
        oid::STRUCT_VERSION,
        oid::PRODUCT_NAME,
        oid::BOOTLOADER,
        oid::MICROCODE,
        oid::SNP,
    ]
    .into_iter()
    .any(&mut missing)
        || missing(oid::HW_ID) != vlek
        || missing(oid::CSP_ID) == vlek
        || !known.contains(&product)
        || product_has_fmc != spec.line.has_fmc()
        || spec.struct_version != u64::from(product_has_fmc)
        || [spec.spl_4, spec.spl_5, spec.spl_6, spec.spl_7] != [0; 4]
        || spec.snp > 255
        || (!vlek && spec.hw_id.len() != size)
}

/// The processors of today, each of which some case has to reach.
pub const PROCESSORS: [Processor; 5] = [
    Processor::Milan,
    Processor::Genoa,
    Processor::Bergamo,
    Processor::Siena,
    Processor::Turin,
];
