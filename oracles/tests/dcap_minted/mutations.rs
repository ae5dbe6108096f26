//! The ways in which a case differs from good evidence: one field, document or certificate each.

use attestry_api::der;
use attestry_forge::{
    intel::{SvnLevel, TcbInfoSpec, TcbLevel, TdxModuleIdentity},
    pki::{CrlSpec, Extension, Name, oid},
};
use attestry_oracles::Random;

use super::world::{Certificate, Link, Quote, World};

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
    // The quote.
    "quote version" => |w, r| w.quote.header().version = *r.pick(&[0, 2, 3, 4, 5, 6]),
    "attestation key type" => |w, r| w.quote.header().attestation_key_type = *r.pick(&[0, 1, 3]),
    "tee type" => |w, r| w.quote.header().tee_type = *r.pick(&[0, 1, 0x81]),
    "header svns" => |w, r| w.quote.header().qe_svn = u16::from(r.byte()),
    "vendor" => |w, r| w.quote.header().qe_vendor_id[r.below(16)] ^= 1,
    "user data" => |w, r| w.quote.header().user_data[r.below(20)] = r.byte(),
    "report data" => |w, r| w.quote.set("report.report_data", &random_hex(r, 64)),
    "report field" => report_field,
    "attribute bit" => attribute_bit,
    "kss" => |w, _| if let Quote::Sgx(spec) = &mut w.quote { spec.report.set_kss(true) },
    "tee tcb svn" => |w, r| if let Some(spec) = w.quote.tdx() { svns(&mut spec.report.tee_tcb_svn, r) },
    "tee tcb svn 2" => |w, r| if let Some(spec) = w.quote.tdx() { svns(&mut spec.report.tee_tcb_svn_2, r) },
    "both tee tcb svns" => |w, r| if let Some(spec) = w.quote.tdx() {
        svns(&mut spec.report.tee_tcb_svn, r);
        svns(&mut spec.report.tee_tcb_svn_2, r);
    },
    "module signer" => |w, r| if let Some(spec) = w.quote.tdx() { spec.report.mr_signer_seam[r.below(48)] = 1 },
    "module attributes" => |w, r| if let Some(spec) = w.quote.tdx() { spec.report.seam_attributes = 1 << r.below(64) },
    "service td" => |w, r| if let Some(spec) = w.quote.tdx() { spec.report.mr_service_td[r.below(48)] = r.byte() },
    "qe auth data" => |w, r| {
        let length = *r.pick(&[0, 1, 31, 32, 33, 64, 1000]);
        *w.quote.qe_auth_data() = vec![r.byte(); length];
    },
    "qe isvsvn" => |w, r| w.quote.qe_report().isv_svn = *r.pick(&[0, 3, 4, 5, 6, 7, 8, 9, 65535]),
    "qe product" => |w, r| w.quote.qe_report().isv_prod_id = *r.pick(&[0, 1, 2, 3]),
    "qe signer" => |w, r| w.quote.qe_report().mr_signer[r.below(32)] ^= 1 << r.below(8),
    "qe flags" => |w, r| w.quote.qe_report().flags ^= 1 << r.below(64),
    "qe xfrm" => |w, r| w.quote.qe_report().xfrm ^= 1 << r.below(64),
    "qe miscselect" => |w, r| w.quote.qe_report().misc_select ^= 1 << r.below(32),
    "qe cpusvn" => |w, r| w.quote.qe_report().cpu_svn[r.below(16)] = r.byte(),
    "qe report data" => |w, r| w.quote.set("qe_report.report_data", &random_hex(r, 64)),
    "qe report data tail" => qe_report_data_tail,
    "quote signed by another" => |w, _| *w.quote.quote_signer() = w.forge.seed.key("another"),
    "qe report signed by another" => |w, _| *w.quote.qe_report_signer() = Some(w.forge.seed.key("another")),
    "flipped bit" => |w, r| w.flips.push(r.below(1 << 30)),
    "trailing zeros" => |w, r| *w.quote.trailing() = vec![0; r.below(3000)],
    "trailing bytes" => |w, r| *w.quote.trailing() = vec![r.byte() | 1; 1 + r.below(40)],
    "truncated" => |w, r| w.truncated = 1 + r.below(6000),
    "slack" => |w, r| *w.quote.slack() = vec![r.byte(); 1 + r.below(10)],
    "certification type" => |w, r| *w.quote.certification_type() = *r.pick(&[0, 1, 2, 3, 4, 6, 7, 8]),
    "outer certification type" => |w, r| *w.quote.outer_certification_type() = *r.pick(&[1, 5, 7]),
    "certification data" => |w, r| *w.quote.certification_data() = Some(vec![r.byte(); r.below(300)]),
    "body descriptor" => |w, r| {
        let kind = *r.pick(&[0, 1, 2, 3, 4, 5, 9]);
        *w.quote.body_descriptor() = Some((kind, *r.pick(&[0, 384, 584, 648, 885])));
    },
    "chain reversed" => |w, _| w.chain.reverse(),
    "chain without root" => |w, _| w.chain.retain(|link| *link != Link::Root),
    "chain without authority" => |w, _| w.chain.retain(|link| *link != Link::Authority),
    "chain with root twice" => |w, _| w.chain.push(Link::Root),
    "chain with foreign root" => |w, _| w.chain.push(Link::ForeignRoot),
    "sgx in a newer version" => |w, r| if let Quote::Sgx(spec) = &mut w.quote { spec.header.version = *r.pick(&[4, 5]) },
    // The platform.
    "platform status" => platform_status,
    "relaunch" => relaunch,
    "component svn" => |w, r| {
        let (index, svn) = (r.below(16), *r.pick(&[0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 255]));
        w.quote.pck().set_component_svn(index, svn);
    },
    "component svns" => |w, r| for index in 0..6 {
        let svn = *r.pick(&[0, 2, 3, 4, 5, 9, 11, 12]);
        w.quote.pck().set_component_svn(index, svn);
    },
    "component svn apart from cpusvn" => |w, r| put(&mut w.quote.pck().component_svns, r.below(6), *r.pick(&[0, 1, 3, 9, 200])),
    "pce svn" => |w, r| w.quote.pck().pce_svn = *r.pick(&[0, 4, 5, 11, 12, 13, 14, 255, 256, 0x7FFF, 0x8000, 0xFFFF]),
    "pce id" => |w, r| w.quote.pck().pce_id = r.pick::<&[u8]>(&[&[1, 0], &[0, 1], &[0], &[0, 0, 0]]).to_vec(),
    "fmspc" => |w, r| flip(&mut w.quote.pck().fmspc, r),
    "fmspc size" => |w, r| w.quote.pck().fmspc.resize(*r.pick(&[0, 5, 7]), 0),
    "ppid size" => |w, r| w.quote.pck().ppid.resize(*r.pick(&[0, 15, 17]), 0),
    "fifteen components" => |w, _| w.quote.pck().component_svns.truncate(15),
    "component svn 256" => |w, _| put(&mut w.quote.pck().component_svns, 15, 256),
    "sgx type" => |w, r| w.quote.pck().sgx_type = *r.pick(&[0, 1, 2, 3, 9]),
    "no instance id" => |w, _| w.quote.pck().platform_instance_id = None,
    "no configuration" => |w, _| w.quote.pck().configuration = None,
    "pck revoked" => |w, _| { let serial = w.quote.pck().serial.clone(); w.collateral.pck_crl.revoke(&serial); },
    "others revoked" => |w, r| for _ in 0..r.below(40) { w.collateral.pck_crl.revoke(&r.number().to_be_bytes()); },
    "pck authority revoked" => |w, _| {
        let serial = w.forge.pck_ca(w.quote.pck().ca).serial.clone();
        w.collateral.root_crl.revoke(&serial);
    },
    "tcb signing revoked" => |w, _| { let serial = w.forge.tcb_signing.serial.clone(); w.collateral.root_crl.revoke(&serial); },
    "root revoked" => |w, _| { let serial = w.forge.root.serial.clone(); w.collateral.root_crl.revoke(&serial); },
    "pck validity" => |w, r| {
        let (start, end) = validity(w.now, r);
        (w.quote.pck().not_before, w.quote.pck().not_after) = (start, end);
    },
    "pck name" => |w, r| w.quote.pck().subject = name(r),
    "pck signed by another" => |w, _| w.leaf_edits.push(|leaf| leaf.issuer_key = leaf.subject_key.clone()),
    "pck issuer name" => |w, _| w.leaf_edits.push(|leaf| leaf.issuer = Name::forged("Intel SGX PCK Somebody CA")),
    "pck without sgx extension" => |w, _| w.leaf_edits.push(|leaf| leaf.remove_extension(SGX_EXTENSION)),
    "pck with sgx extension twice" => |w, _| w.leaf_edits.push(|leaf| {
        let again = leaf.extension_mut(SGX_EXTENSION).cloned();
        leaf.extensions.extend(again);
    }),
    "pck with critical unknown extension" => |w, _| w.leaf_edits.push(|leaf| leaf.extensions.push(unknown(true))),
    "pck with unknown extension" => |w, _| w.leaf_edits.push(|leaf| leaf.extensions.push(unknown(false))),
    "pck as authority" => |w, _| w.leaf_edits.push(|leaf| {
        leaf.remove_extension(oid::BASIC_CONSTRAINTS);
        leaf.extensions.push(Extension::basic_constraints(Some(0)));
    }),
    "pck key usage" => |w, _| w.leaf_edits.push(|leaf| {
        leaf.remove_extension(oid::KEY_USAGE);
        leaf.extensions.push(Extension::key_usage(&[2]));
    }),
    // The hierarchy.
    "authority validity" => |w, r| certificate_validity(w, r, Certificate::PckCa),
    "tcb signing validity" => |w, r| certificate_validity(w, r, Certificate::TcbSigning),
    "root validity" => |w, r| certificate_validity(w, r, Certificate::Root),
    "authority signed by another" => |w, _| signed_by_another(w, Certificate::PckCa),
    "tcb signing signed by another" => |w, _| signed_by_another(w, Certificate::TcbSigning),
    "authority without basic constraints" => |w, _| w.change_certificate(Certificate::PckCa, |c| c.remove_extension(oid::BASIC_CONSTRAINTS)),
    "authority without key usage" => |w, _| w.change_certificate(Certificate::PckCa, |c| c.remove_extension(oid::KEY_USAGE)),
    "authority not for certificates" => |w, _| w.change_certificate(Certificate::PckCa, |c| {
        c.remove_extension(oid::KEY_USAGE);
        c.extensions.push(Extension::key_usage(&[6]));
    }),
    "authority with critical unknown extension" => |w, _| w.change_certificate(Certificate::PckCa, |c| c.extensions.push(unknown(true))),
    "tcb signing with critical unknown extension" => |w, _| w.change_certificate(Certificate::TcbSigning, |c| c.extensions.push(unknown(true))),
    "tcb signing name" => |w, r| { let name = name(r); w.change_certificate(Certificate::TcbSigning, |c| c.subject = name.clone()); },
    "tcb signing as authority" => |w, _| w.change_certificate(Certificate::TcbSigning, |c| {
        c.remove_extension(oid::BASIC_CONSTRAINTS);
        c.extensions.push(Extension::basic_constraints(Some(0)));
    }),
    "signing chain without root" => |w, _| w.collateral.signing_chain.truncate(1),
    "signing chain reversed" => |w, _| w.collateral.signing_chain.reverse(),
    "crl chain without root" => |w, _| w.collateral.pck_crl_chain.truncate(1),
    // Revocation lists.
    "root crl dates" => |w, r| crl_dates(w.now, &mut w.collateral.root_crl, r),
    "pck crl dates" => |w, r| crl_dates(w.now, &mut w.collateral.pck_crl, r),
    "root crl without next update" => |w, _| w.collateral.root_crl.next_update = None,
    "pck crl without next update" => |w, _| w.collateral.pck_crl.next_update = None,
    "root crl signed by another" => |w, _| w.collateral.root_crl.issuer_key = w.forge.seed.key("another"),
    "pck crl signed by another" => |w, _| w.collateral.pck_crl.issuer_key = w.forge.seed.key("another"),
    "crl extension missing" => |w, r| { let missing = r.below(2); let list = list(w, r); list.extensions.remove(missing); },
    "crl with critical unknown extension" => |w, r| list(w, r).extensions.push(unknown(true)),
    "crl with unknown extension" => |w, r| list(w, r).extensions.push(unknown(false)),
    "crl of the other authority" => |w, _| {
        let other = other_ca(w);
        w.collateral.pck_crl = w.forge.pck_crl(other);
    },
    "crl and chain of the other authority" => |w, _| {
        let other = other_ca(w);
        w.collateral.pck_crl = w.forge.pck_crl(other);
        w.collateral.pck_crl_chain = vec![w.forge.pck_ca(other).clone(), w.forge.root.clone()];
    },
    "crl number" => |w, r| list(w, r).set_number(u64::MAX),
    // TCB info.
    "tcb info dates" => |w, r| {
        let (issued, next) = dates(w.now, r);
        (w.collateral.tcb_info.issue_date, w.collateral.tcb_info.next_update) = (issued, next);
    },
    "tcb info signed by another" => |w, _| w.collateral.tcb_info_key = w.forge.seed.key("another"),
    "tcb info version 2" => |w, _| w.collateral.tcb_info = w.collateral.tcb_info.clone().into_version_2(),
    "tcb info version" => |w, r| w.collateral.tcb_info.version = *r.pick(&[0, 1, 4]),
    "tcb info id" => |w, r| w.collateral.tcb_info.id = r.pick(&[None, Some("SGX"), Some("TDX"), Some("tdx")]).map(str::to_owned),
    "tcb info fmspc" => |w, r| flip(&mut w.collateral.tcb_info.fmspc, r),
    "tcb info pce id" => |w, r| flip(&mut w.collateral.tcb_info.pce_id, r),
    "tcb type" => |w, r| w.collateral.tcb_info.tcb_type = *r.pick(&[1, 2]),
    "evaluation number" => |w, r| w.collateral.tcb_info.tcb_evaluation_data_number = *r.pick(&[0, 1, 19, 21, 4_294_967_295]),
    "level status" => |w, r| level(&mut w.collateral.tcb_info, r).tcb_status = status(r),
    "top level status" => |w, r| if let Some(top) = w.collateral.tcb_info.tcb_levels.first_mut() { top.tcb_status = status(r) },
    "level component" => |w, r| { let index = r.below(16); let value = svn(r); put(&mut level(&mut w.collateral.tcb_info, r).tcb.sgx_components, index, value); },
    "level tdx component" => |w, r| {
        let index = r.below(16);
        let value = svn(r);
        if let Some(components) = &mut level(&mut w.collateral.tcb_info, r).tcb.tdx_components { put(components, index, value); }
    },
    "level pce svn" => |w, r| level(&mut w.collateral.tcb_info, r).tcb.pce_svn = *r.pick(&[0, 5, 12, 13, 14, 65_535]),
    "level component 256" => |w, r| put(&mut level(&mut w.collateral.tcb_info, r).tcb.sgx_components, 3, 256),
    "level of fifteen components" => |w, r| level(&mut w.collateral.tcb_info, r).tcb.sgx_components.truncate(15),
    "level without tdx components" => |w, r| level(&mut w.collateral.tcb_info, r).tcb.tdx_components = None,
    "level date" => |w, r| level(&mut w.collateral.tcb_info, r).tcb_date = "2023-02-15T00:00:00Z".into(),
    "level advisories" => |w, r| level(&mut w.collateral.tcb_info, r).advisory_ids = vec!["INTEL-SA-00001".into(), "INTEL-SA-00001".into()],
    "level dropped" => |w, r| {
        let index = r.below(7);
        let mut position = 0..;
        w.collateral.tcb_info.tcb_levels.retain(|_| position.next() != Some(index));
    },
    "levels reversed" => |w, _| w.collateral.tcb_info.tcb_levels.reverse(),
    "level twice" => |w, r| { let again = level(&mut w.collateral.tcb_info, r).clone(); w.collateral.tcb_info.tcb_levels.push(again); },
    "no levels" => |w, _| w.collateral.tcb_info.tcb_levels.clear(),
    "tcb info with unknown member" => |w, _| w.tcb_info_edit = Some(|text| text.replacen('{', r#"{"future":[1],"#, 1)),
    "tcb info pretty-printed after signing" => |w, _| w.tcb_info_edit = Some(|text| text.replacen(',', ", ", 1)),
    "tcb info lower-case hexadecimal" => |w, _| w.tcb_info_edit = Some(|text| text.replace("F006E0000000", "f006e0000000")),
    "tcb info date with offset" => |w, _| w.tcb_info_edit = Some(|text| text.replacen("Z\",\"nextUpdate", "+00:00\",\"nextUpdate", 1)),
    "tcb info member twice" => |w, _| w.tcb_info_edit = Some(|text| text.replacen(r#""tcbType":0"#, r#""tcbType":0,"tcbType":0"#, 1)),
    // TDX modules.
    "no tdx module" => |w, _| w.collateral.tcb_info.tdx_module = None,
    "no tdx module identities" => |w, r| w.collateral.tcb_info.tdx_module_identities = r.once_in(2).then(Vec::new),
    "tdx module identity id" => |w, r| {
        let id = *r.pick(&["tdx_01", "TDX_02", "TDX_1", "TDX_0A"]);
        if let Some(identity) = first_identity(w) { identity.id = id.into(); }
    },
    "tdx module level" => |w, r| if let Some(level) = module_level(w, r) { level.set_isvsvn(*r.pick(&[0, 4, 5, 6, 255])) },
    "tdx module status" => |w, r| { let status = status(r); if let Some(level) = module_level(w, r) { level.tcb_status = status } },
    "tdx module levels reversed" => |w, _| if let Some(identity) = first_identity(w) { identity.tcb_levels.reverse() },
    "tdx module mask" => |w, r| {
        let byte = r.below(8);
        if let Some(identity) = first_identity(w) { identity.module.attributes_mask[byte] = 0 }
    },
    // The quoting enclave's identity.
    "identity dates" => |w, r| {
        let (issued, next) = dates(w.now, r);
        (w.collateral.qe_identity.issue_date, w.collateral.qe_identity.next_update) = (issued, next);
    },
    "identity signed by another" => |w, _| w.collateral.qe_identity_key = w.forge.seed.key("another"),
    "identity id" => |w, r| w.collateral.qe_identity.id = (*r.pick(&["QE", "TD_QE", "QVE", "QAE"])).into(),
    "identity version" => |w, r| w.collateral.qe_identity.version = *r.pick(&[1, 3]),
    "identity number" => |w, r| w.collateral.qe_identity.tcb_evaluation_data_number = *r.pick(&[0, 19, 21]),
    "identity miscselect" => |w, r| w.collateral.qe_identity.miscselect[r.below(4)] = 1,
    "identity miscselect mask" => |w, r| w.collateral.qe_identity.miscselect_mask[r.below(4)] = 0,
    "identity attributes" => |w, r| w.collateral.qe_identity.attributes[r.below(16)] ^= 1 << r.below(8),
    "identity attributes mask" => |w, r| w.collateral.qe_identity.attributes_mask[r.below(16)] = r.byte(),
    "identity signer" => |w, r| w.collateral.qe_identity.mrsigner[r.below(32)] ^= 1,
    "identity product" => |w, r| w.collateral.qe_identity.isvprodid = *r.pick(&[0, 1, 2, 65_535]),
    "identity level status" => |w, r| { let status = status(r); identity_level(w, r).tcb_status = status; },
    "identity level svn" => |w, r| identity_level(w, r).set_isvsvn(*r.pick(&[0, 7, 8, 9, 65_535])),
    "identity levels reversed" => |w, _| w.collateral.qe_identity.tcb_levels.reverse(),
    "identity level advisories" => |w, r| identity_level(w, r).advisory_ids = vec!["INTEL-SA-00002".into()],
    "identity without levels" => |w, _| w.collateral.qe_identity.tcb_levels.clear(),
    "identity with unknown member" => |w, _| w.qe_identity_edit = Some(|text| text.replacen('{', r#"{"future":{},"#, 1)),
    // The time.
    "time" => |w, r| w.now += *r.pick(&[-90, -2, -1, 28, 29, 30, 400]) * DAY,
    "time at an edge" => |w, r| w.now += *r.pick(&[-DAY, -DAY - 1, 29 * DAY, 29 * DAY - 1, 29 * DAY + 1]),
};

fn report_field(world: &mut World, random: &mut Random) {
    let (field, size) = match world.quote {
        Quote::Sgx(_) => *random.pick(&[
            ("report.cpusvn", 16),
            ("report.mrenclave", 32),
            ("report.mrsigner", 32),
            ("report.configid", 64),
            ("report.isvextprodid", 16),
            ("report.reserved_20", 12),
            ("report.reserved_96", 32),
            ("report.reserved_262", 42),
        ]),
        Quote::Tdx(_) => *random.pick(&[
            ("report.mrseam", 48),
            ("report.mrtd", 48),
            ("report.mrconfigid", 48),
            ("report.mrowner", 48),
            ("report.rtmr2", 48),
            ("report.td_id", 32),
        ]),
    };
    let value = random_hex(random, size);
    world.quote.set(field, &value);
}

fn attribute_bit(world: &mut World, random: &mut Random) {
    let bit = 1 << random.below(64);
    match &mut world.quote {
        Quote::Sgx(spec) => spec.report.flags ^= bit,
        Quote::Tdx(spec) => spec.report.td_attributes ^= bit,
    }
}

/// A right binding, and something after it.
fn qe_report_data_tail(world: &mut World, random: &mut Random) {
    let key = match &world.quote {
        Quote::Sgx(spec) => spec.attestation_key.public_xy(),
        Quote::Tdx(spec) => spec.attestation_key.public_xy(),
    };
    let bound = [key.as_slice(), world.quote.qe_auth_data()].concat();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bound);
    let report_data = &mut world.quote.qe_report().report_data;
    report_data[..32].copy_from_slice(hash.as_ref());
    report_data[32 + random.below(32)] = random.byte();
    *world.quote.binds_attestation_key() = false;
}

/// The SVNs of one of the levels of good collateral.
pub fn platform_status(world: &mut World, random: &mut Random) {
    let (first, fifth, sixth) = *random.pick(&[
        (11, 4, 0),
        (11, 3, 1),
        (11, 3, 0),
        (9, 4, 0),
        (9, 0, 0),
        (12, 4, 1),
        (5, 0, 0),
        (4, 0, 0),
    ]);
    let pck = world.quote.pck();
    for (index, svn) in [(0, first), (1, first), (4, fifth), (5, sixth)] {
        pck.set_component_svn(index, svn);
    }
}

/// A module that was out of date when the trust domain started and is not, or less so, now.
pub fn relaunch(world: &mut World, random: &mut Random) {
    if let Some(spec) = world.quote.tdx() {
        spec.report.tee_tcb_svn[0] = *random.pick(&[3, 4]);
        spec.report.tee_tcb_svn_2[0] = *random.pick(&[4, 5, 6]);
    }
}

fn svns(tee_tcb_svn: &mut [u8; 16], random: &mut Random) {
    tee_tcb_svn[0] = *random.pick(&[0, 1, 2, 3, 4, 5, 6, 255]);
    tee_tcb_svn[1] = *random.pick(&[0, 1, 1, 1, 2, 3, 0x0A]);
    tee_tcb_svn[2] = *random.pick(&[0, 1, 2, 2, 2, 3]);
}

fn validity(now: i64, random: &mut Random) -> (i64, i64) {
    *random.pick(&[
        (now - 10, now - 1),
        (now - 10, now),
        (now, now + 10),
        (now + 1, now + 10),
        (now + 299, now + 1_000_000),
        (now + 301, now + 1_000_000),
        (now + 400, now + 1_000_000),
        (now - DAY, now + DAY),
    ])
}

fn dates(now: i64, random: &mut Random) -> (String, String) {
    let (issued, next) = validity(now, random);
    let text = |time| attestry_api::calendar::UtcDateTime::from_unix(time).to_string();
    (text(issued), text(next))
}

fn crl_dates(now: i64, list: &mut CrlSpec, random: &mut Random) {
    let (issued, next) = validity(now, random);
    (list.this_update, list.next_update) = (issued, Some(next));
}

fn certificate_validity(world: &mut World, random: &mut Random, which: Certificate) {
    let (start, end) = validity(world.now, random);
    world.change_certificate(which, |certificate| {
        (certificate.not_before, certificate.not_after) = (start, end);
    });
}

fn signed_by_another(world: &mut World, which: Certificate) {
    let another = world.forge.seed.key("another");
    world.change_certificate(which, |certificate| certificate.issuer_key = another.clone());
}

fn name(random: &mut Random) -> Name {
    let names = [
        "Intel SGX PCK Certificate",
        "Intel SGX TCB Signing",
        "Intel SGX Root CA",
        "Somebody",
    ];
    let name: &&str = random.pick(&names);
    Name::forged(name)
}

fn list<'a>(world: &'a mut World, random: &mut Random) -> &'a mut CrlSpec {
    if random.once_in(2) {
        &mut world.collateral.root_crl
    } else {
        &mut world.collateral.pck_crl
    }
}

fn other_ca(world: &mut World) -> attestry_forge::intel::PckCa {
    use attestry_forge::intel::PckCa::{Platform, Processor};
    if world.quote.pck().ca == Platform {
        Processor
    } else {
        Platform
    }
}

fn level<'a>(tcb_info: &'a mut TcbInfoSpec, random: &mut Random) -> &'a mut TcbLevel {
    if tcb_info.tcb_levels.is_empty() {
        // An earlier mutation took them all; changing a level that nobody reads changes nothing.
        tcb_info.tcb_levels.push(TcbLevel {
            tcb: attestry_forge::intel::Tcb::new(vec![0; 16], 0, None),
            tcb_date: "2020-01-01T00:00:00Z".into(),
            tcb_status: "OutOfDate".into(),
            advisory_ids: Vec::new(),
        });
    }
    let index = random.below(tcb_info.tcb_levels.len().min(3));
    &mut tcb_info.tcb_levels[index]
}

fn first_identity(world: &mut World) -> Option<&mut TdxModuleIdentity> {
    world
        .collateral
        .tcb_info
        .tdx_module_identities
        .as_mut()?
        .first_mut()
}

fn module_level<'a>(world: &'a mut World, random: &mut Random) -> Option<&'a mut SvnLevel> {
    let identity = world
        .collateral
        .tcb_info
        .tdx_module_identities
        .as_mut()?
        .first_mut()?;
    let index = random.below(identity.tcb_levels.len());
    identity.tcb_levels.get_mut(index)
}

fn identity_level<'a>(world: &'a mut World, random: &mut Random) -> &'a mut SvnLevel {
    let levels = &mut world.collateral.qe_identity.tcb_levels;
    if levels.is_empty() {
        levels.push(SvnLevel::new(0, "2020-01-01T00:00:00Z", "OutOfDate", &[]));
    }
    let index = random.below(levels.len());
    &mut levels[index]
}

/// Flips a bit of a field that an earlier mutation may have emptied.
fn flip(bytes: &mut [u8], random: &mut Random) {
    let index = random.below(bytes.len());
    if let Some(byte) = bytes.get_mut(index) {
        *byte ^= 1;
    }
}

/// Puts a value into a list that an earlier mutation may have shortened.
fn put(values: &mut [u64], index: usize, value: u64) {
    if let Some(place) = values.get_mut(index) {
        *place = value;
    }
}

fn status(random: &mut Random) -> String {
    (*random.pick(&[
        "UpToDate",
        "SWHardeningNeeded",
        "ConfigurationNeeded",
        "ConfigurationAndSWHardeningNeeded",
        "OutOfDate",
        "OutOfDateConfigurationNeeded",
        "Revoked",
        "TDRelaunchAdvised",
        "Bogus",
    ]))
    .to_owned()
}

fn svn(random: &mut Random) -> u64 {
    *random.pick(&[0, 1, 2, 3, 4, 5, 9, 11, 12, 255])
}

fn random_hex(random: &mut Random, size: usize) -> String {
    let bytes: Vec<_> = (0..size).map(|_| random.byte()).collect();
    attestry_api::hex::encode(&bytes)
}

fn unknown(critical: bool) -> Extension {
    Extension::new(&[1, 3, 6, 1, 4, 1, 99_999, 1], critical, der::null())
}

const SGX_EXTENSION: &[u64] = &[1, 2, 840, 113_741, 1, 13, 1];
const DAY: i64 = 86_400;
