//! The ways in which a case differs from good evidence: one field of the report, the certificate or the hierarchy each.

use attestry_api::der;
use attestry_forge::amd::{Processor, ProductLine, Tcb, VekSpec, vek_extension as oid};
use attestry_forge::pki::{AnyKey, CertificateSpec, Extension, KeyPair, Name};
use attestry_oracles::Random;

use super::world::{DAY, Issuer, NOW, World, nobody};

/// A named change.
pub struct Mutation {
    pub name: &'static str,
    pub apply: fn(&mut World, &mut Random),
}

macro_rules! mutations {
    ($($name:literal => $apply:expr,)*) => { &[$(Mutation { name: $name, apply: $apply }),*] };
}

/// All of them; the generator draws with equal chances.
pub const MUTATIONS: &[Mutation] = mutations! {
    // The report.
    "version" => |w, r| w.evidence.report.version = *r.pick(&[0, 1, 2, 3, 4, 5, 6, 7, 9, 255, 256]),
    "another version" => |w, r| {
        let processor = w.line().processor();
        w.evidence.report.use_version(*r.pick(&[2, 3, 4, 5]), processor);
    },
    "guest svn" => |w, r| w.evidence.report.guest_svn = u32::from(r.byte()),
    "policy bit" => |w, r| w.evidence.report.policy ^= 1 << r.below(64),
    "defined policy bit" => |w, r| w.evidence.report.policy ^= 1 << r.below(26),
    "identifiers" => |w, r| {
        w.evidence.report.family_id[r.below(16)] ^= r.byte();
        w.evidence.report.image_id[r.below(16)] ^= r.byte();
    },
    "vmpl" => |w, r| w.evidence.report.vmpl = *r.pick(&[0, 1, 2, 3, 4, u32::MAX]),
    "signature algorithm" => |w, r| w.evidence.report.signature_algo = *r.pick(&[0, 1, 2, 256]),
    "platform info" => |w, r| w.evidence.report.platform_info = r.number() >> r.below(64),
    "key info bit" => |w, r| w.evidence.report.key_info ^= 1 << r.below(32),
    "low key info bit" => |w, r| w.evidence.report.key_info ^= 1 << r.below(5),
    "report data" => |w, r| w.evidence.report.report_data[r.below(64)] ^= r.byte(),
    "host data" => |w, r| w.evidence.report.host_data[r.below(32)] ^= r.byte(),
    "measurement" => |w, r| w.evidence.report.measurement[r.below(48)] ^= r.byte(),
    "key digests" => |w, r| {
        w.evidence.report.id_key_digest[r.below(48)] ^= r.byte();
        w.evidence.report.author_key_digest[r.below(48)] ^= r.byte();
    },
    "report ids" => |w, r| {
        w.evidence.report.report_id[r.below(32)] ^= r.byte();
        w.evidence.report.report_id_ma[r.below(32)] ^= r.byte();
    },
    "cpuid" => |w, r| {
        w.evidence.report.cpuid_family = *r.pick(&[0, 0x17, 0x19, 0x1a, 0x1b]);
        w.evidence.report.cpuid_model = r.byte();
    },
    "stepping" => |w, r| w.evidence.report.cpuid_stepping = r.byte(),
    "another processor" => |w, r| {
        let processor = *r.pick(&[Processor::Milan, Processor::Genoa, Processor::Siena, Processor::Turin, Processor::Venice]);
        let version = w.evidence.report.version;
        w.evidence.report.use_version(version, processor);
    },
    "chip id" => |w, r| w.evidence.report.chip_id[r.below(64)] ^= 1 << r.below(8),
    "chip id masked" => |w, _| w.evidence.report.chip_id = [0; 64],
    "firmware versions" => |w, r| {
        w.evidence.report.current_build = r.byte();
        w.evidence.report.committed_major = r.byte();
    },
    "mitigations" => |w, r| {
        w.evidence.report.launch_mit_vector = u64::from(r.byte());
        w.evidence.report.current_mit_vector = u64::from(r.byte());
    },
    "reserved bytes" => |w, r| {
        let report = &mut w.evidence.report;
        match r.below(5) {
            0 => report.reserved_4c = 1 << r.below(32),
            1 => report.reserved_18b[r.below(21)] = 1,
            2 => report.reserved_1eb = 1,
            3 => report.reserved_1ef = 1,
            _ => report.reserved_208[r.below(152)] = 1,
        }
    },
    "reserved bytes after the signature" => |w, r| w.evidence.reserved_330[r.below(368)] = r.byte(),
    "surplus bytes of the signature" => |w, r| {
        let report = w.evidence.to_report_bytes();
        let half = |at: usize| report[at..at + 72].to_vec();
        let (mut one, mut other) = (half(0x2a0), half(0x2e8));
        if r.once_in(2) { one[48 + r.below(24)] = r.byte() } else { other[48 + r.below(24)] = r.byte() }
        (w.evidence.signature_r, w.evidence.signature_s) = (Some(one), Some(other));
    },
    "signature of zeros" => |w, r| {
        let half = if r.once_in(2) { &mut w.evidence.signature_r } else { &mut w.evidence.signature_s };
        *half = Some(vec![0; 72]);
    },
    "signed by another" => |w, _| {
        let line = if w.line() == ProductLine::Milan { ProductLine::Genoa } else { ProductLine::Milan };
        w.evidence.report_signer = Some(w.forge.snp_evidence(line).vek.key);
    },
    "flipped bit" => |w, r| w.evidence.flip_bits.push(r.below(1184 * 8)),
    "flipped reserved bit" => |w, r| {
        // Of the committed, current and launch versions, on either kind of line, and of the fields without a name.
        let byte = *r.pick(&[0x4c, 0x3c, 0x3d, 0x18b, 0x19f, 0x1e4, 0x1e5, 0x1eb, 0x1ef, 0x1f4, 0x1f5, 0x208, 0x29f]);
        w.evidence.flip_bits.push(byte * 8 + r.below(8));
    },
    "truncated" => |w, r| w.truncated = 1 + r.below(1183),
    "trailing bytes" => |w, r| w.evidence.trailing = vec![0; 1 + r.below(100)],
    // The versions of the platform.
    "reported tcb" => |w, r| w.evidence.report.reported_tcb = other_tcb(w, r),
    "committed tcb" => |w, r| w.evidence.report.committed_tcb = other_tcb(w, r),
    "current tcb" => |w, r| w.evidence.report.current_tcb = other_tcb(w, r),
    "launch tcb" => |w, r| w.evidence.report.launch_tcb = other_tcb(w, r),
    "all tcbs" => |w, r| {
        let tcb = Tcb { fmc: if w.line().has_fmc() { r.byte() } else { 0 }, bootloader: r.byte(), tee: r.byte(), snp: r.byte(), microcode: r.byte() };
        let forge = w.forge.clone();
        w.evidence.use_tcb(&forge, tcb);
    },
    "tcb in the other layout" => |w, _| {
        let other = if w.line().has_fmc() { ProductLine::Milan } else { ProductLine::Turin };
        let tcb = w.line().default_tcb();
        w.evidence.report.use_tcb(tcb, other);
    },
    "reserved tcb byte" => |w, r| {
        let bit = 1 << (32 + r.below(16));
        let report = &mut w.evidence.report;
        match r.below(4) {
            0 => report.reported_tcb |= bit,
            1 => report.committed_tcb |= bit,
            2 => report.current_tcb |= bit,
            _ => report.launch_tcb |= bit,
        }
    },
    // The certificate.
    "certificate of another chip" => |w, r| {
        let hw_id = vec![r.byte(); w.line().hw_id_size()];
        w.evidence.vek = VekSpec::vcek(&w.forge, w.line(), &hw_id, w.line().default_tcb());
    },
    "another chip, the same key" => |w, r| {
        let at = r.below(w.evidence.vek.hw_id.len());
        if let Some(byte) = w.evidence.vek.hw_id.get_mut(at) { *byte ^= 1 }
    },
    "certified versions" => |w, r| {
        let svn = u64::from(r.byte());
        let vek = &mut w.evidence.vek;
        match r.below(5) {
            0 => vek.fmc = svn,
            1 => vek.bootloader = svn,
            2 => vek.tee = svn,
            3 => vek.snp = svn,
            _ => vek.microcode = svn,
        }
    },
    "certified version of two bytes" => |w, _| w.evidence.vek.snp += 256,
    "reserved certified version" => |w, r| w.evidence.vek.spl_5 = u64::from(r.byte()),
    "form of the certificate" => |w, r| w.evidence.vek.struct_version = *r.pick(&[0, 1, 2]),
    "product name" => |w, r| {
        let name = r.pick::<&str>(&["Milan-B1", "Genoa", "Siena-B0", "Turin", "Venice", "Rome", ""]);
        w.evidence.vek.product_name = String::from(*name);
    },
    "size of the hardware id" => |w, r| w.evidence.vek.hw_id.resize(*r.pick(&[0, 8, 63, 64, 65]), 0),
    "wrapped hardware id" => |w, _| w.evidence.vek.wraps_hw_id = true,
    "spelled trailer field" => |w, _| w.evidence.vek.spells_trailer = true,
    "serial number" => |w, r| w.evidence.vek.serial = vec![1 + r.byte() / 2],
    "validity" => |w, r| {
        let (start, end) = *r.pick(&[(-2, -1), (-DAY, -1), (DAY, 2 * DAY), (301, DAY), (300, DAY), (-DAY, 0), (0, DAY)]);
        (w.evidence.vek.not_before, w.evidence.vek.not_after) = (NOW + start, NOW + end);
    },
    "years later" => |w, r| w.now += i64::from(r.byte()) * 60 * DAY,
    "name" => |w, r| w.evidence.vek.subject =
        Name::forged_amd(r.pick::<&str>(&["SEV-VCEK", "SEV-VLEK", "SEV-VCEK ", "VCEK", "ARK-Milan"])),
    "without an extension" => |w, r| w.vek_edits.push(*r.pick(&WITHOUT)),
    "an extension twice" => |w, _| w.vek_edits.push(|vek| {
        let again = vek.extension_mut(oid::MICROCODE).cloned();
        vek.extensions.extend(again);
    }),
    "an unknown extension" => |w, r| w.vek_edits.push(if r.once_in(2) {
        |vek| vek.extensions.push(Extension::new(&[1, 3, 6, 1, 4, 1, 3704, 1, 77], false, der::null()))
    } else {
        |vek| vek.extensions.push(Extension::new(&[1, 3, 6, 1, 4, 1, 3704, 1, 77], true, der::null()))
    }),
    "extension of the other kind" => |w, _| w.vek_edits.push(|vek| {
        let other = if vek.extension_mut(oid::CSP_ID).is_some() {
            Extension::new(oid::HW_ID, false, vec![7; 64])
        } else {
            Extension::new(oid::CSP_ID, false, der::ia5_string("csp"))
        };
        vek.extensions.push(other);
    }),
    "a key on P-256" => |w, _| w.vek_edits.push(|vek| {
        vek.subject_key = AnyKey::from(KeyPair::from_scalar(&[7; 32]).unwrap());
    }),
    // The authorities.
    "issued by the other kind's authority" => |w, _| w.issuer = Issuer::OtherKind,
    "issued by another line's authority" => |w, r| w.issuer = Issuer::OtherLine(*r.pick(&ProductLine::ALL)),
    "issued by the root" => |w, _| w.issuer = Issuer::Root,
    "self-made hierarchy" => |w, _| w.issuer = Issuer::SelfMade,
    "issuer of another name" => |w, _| w.vek_edits.push(|vek| vek.issuer = nobody()),
    "signed by itself" => |w, _| w.vek_edits.push(|vek| vek.issuer_key = vek.subject_key.clone()),
    "validity of an authority" => |w, r| {
        w.is_changed = true;
        let (line, of_root) = (w.line(), r.once_in(2));
        let kind = w.evidence.vek.kind;
        let line = w.forge.line_mut(line);
        let certificate = match (of_root, kind) {
            (true, _) => &mut line.ark,
            (false, attestry_forge::amd::VekKind::Vcek) => &mut line.ask,
            (false, attestry_forge::amd::VekKind::Vlek) => &mut line.asvk,
        };
        if r.once_in(2) { certificate.not_after = NOW - 1 } else { certificate.not_before = NOW + DAY }
    },
    "authority revoked" => |w, r| {
        let issuer = w.forge.line(w.line()).vek_issuer(w.evidence.vek.kind).serial.clone();
        let mut list = w.forge.crl(w.line());
        list.revoke(if r.once_in(4) { &[0] } else { &issuer });
        w.crl = Some(list);
    },
};

type Edit = fn(&mut CertificateSpec<AnyKey>);

const WITHOUT: [Edit; 6] = [
    |vek| vek.remove_extension(oid::STRUCT_VERSION),
    |vek| vek.remove_extension(oid::PRODUCT_NAME),
    |vek| vek.remove_extension(oid::BOOTLOADER),
    |vek| vek.remove_extension(oid::MICROCODE),
    |vek| vek.remove_extension(oid::HW_ID),
    |vek| vek.remove_extension(oid::CSP_ID),
];

/// The line's usual TCB with one component changed.
fn other_tcb(world: &World, random: &mut Random) -> u64 {
    let line = world.line();
    let mut tcb = line.default_tcb();
    let component = match random.below(5) {
        0 if line.has_fmc() => &mut tcb.fmc,
        0 | 1 => &mut tcb.bootloader,
        2 => &mut tcb.tee,
        3 => &mut tcb.snp,
        _ => &mut tcb.microcode,
    };
    *component = match random.below(3) {
        0 => component.saturating_sub(1),
        1 => component.saturating_add(1),
        _ => random.byte(),
    };
    tcb.raw(line)
}
