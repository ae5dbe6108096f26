use attestry_forge::intel::{PckCa as ForgeCa, PckSpec};
use attestry_forge::pki::pem_chain;

use super::*;
use crate::dcap::world::World;

/// The platform's certificate after `change`, under the authority `ca`.
fn verify(ca: ForgeCa, change: impl FnOnce(&mut PckSpec)) -> Result<VerifiedPck, CertificateError> {
    let world = World::sgx();
    let mut spec = PckSpec::new(&world.forge.seed, ca);
    change(&mut spec);
    world.pck(spec.chain_pem(&world.forge).as_bytes())
}

/// The certificate with another value of the SGX extension.
fn verify_extension(ca: ForgeCa, change: impl FnOnce(&mut Vec<u8>)) -> Result<VerifiedPck, CertificateError> {
    let world = World::sgx();
    let spec = PckSpec::new(&world.forge.seed, ca);
    let mut leaf = spec.certificate(&world.forge);
    change(&mut leaf.extensions.last_mut().unwrap().value);
    let chain = [
        leaf.to_der(),
        world.forge.pck_ca(ca).to_der(),
        world.forge.root_certificate_der(),
    ];
    world.pck(pem_chain(chain).as_bytes())
}

fn refused(outcome: Result<VerifiedPck, CertificateError>) -> &'static str {
    match outcome.unwrap_err() {
        CertificateError::SgxExtension { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

// DER by hand: a value, an entry of the SGX extension, the extension.

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    match content.len() {
        length @ 0..=127 => der.push(u8::try_from(length).unwrap()),
        length => der.extend([
            0x82,
            u8::try_from(length >> 8).unwrap(),
            u8::try_from(length & 255).unwrap(),
        ]),
    }
    der.extend_from_slice(content);
    der
}

/// 1.2.840.113741.1.13.1 and more numbers below 128, with a value.
fn entry(numbers: &[u8], value: &[u8]) -> Vec<u8> {
    let oid = [&[0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01], numbers].concat();
    tlv(0x30, &[tlv(0x06, &oid).as_slice(), value].concat())
}

fn tcb(entries: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    tlv(0x30, &entries.into_iter().flatten().collect::<Vec<_>>())
}

fn good_tcb() -> Vec<Vec<u8>> {
    let mut entries: Vec<_> = (1..=16)
        .map(|number| entry(&[2, number], &tlv(2, &[number])))
        .collect();
    entries.push(entry(&[2, 17], &tlv(2, &[13])));
    entries.push(entry(&[2, 18], &tlv(4, &[7; 16])));
    entries
}

fn good() -> Vec<Vec<u8>> {
    vec![
        entry(&[1], &tlv(4, &[1; 16])),
        entry(&[2], &tcb(good_tcb())),
        entry(&[3], &tlv(4, &[0; 2])),
        entry(&[4], &tlv(4, &[4; 6])),
        entry(&[5], &tlv(10, &[0])),
    ]
}

fn verify_entries(ca: ForgeCa, entries: Vec<Vec<u8>>) -> Result<VerifiedPck, CertificateError> {
    verify_extension(ca, |value| *value = tcb(entries))
}

#[test]
fn the_extension_is_read_in_full() {
    let pck = verify_entries(ForgeCa::Processor, good()).unwrap();
    assert_eq!(pck.ppid(), &[1; 16]);
    assert_eq!(
        pck.component_svns(),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]
    );
    assert_eq!((pck.pce_svn(), pck.cpu_svn()), (13, [7; 16]));
    assert_eq!((pck.pce_id(), pck.fmspc()), ([0; 2], [4; 6]));
    assert_eq!((pck.sgx_type(), pck.ca()), (SgxType::Standard, PckCa::Processor));
    assert_eq!((pck.platform_instance_id(), pck.cached_keys()), (None, None));
}

#[test]
fn the_platform_authority_states_instance_and_configuration() {
    let pck = verify(ForgeCa::Platform, |_| {}).unwrap();
    assert!(pck.platform_instance_id().is_some());
    assert_eq!(
        (pck.dynamic_platform(), pck.cached_keys(), pck.smt_enabled()),
        (Some(false), Some(true), Some(true))
    );
    let pck = verify(ForgeCa::Platform, |spec| {
        spec.platform_instance_id = None;
        spec.configuration = None;
    })
    .unwrap();
    assert_eq!((pck.platform_instance_id(), pck.smt_enabled()), (None, None));
}

#[test]
fn the_processor_authority_states_neither() {
    let mut entries = good();
    entries.push(entry(&[6], &tlv(4, &[0; 16])));
    assert!(verify_entries(ForgeCa::Platform, entries.clone()).is_ok());
    assert_eq!(refused(verify_entries(ForgeCa::Processor, entries)), "entries");
}

#[test]
fn each_entry_is_needed_once_and_no_other() {
    for (position, field) in ["ppid", "tcb", "pce_id", "fmspc", "sgx_type"]
        .into_iter()
        .enumerate()
    {
        let mut entries = good();
        entries.remove(position);
        assert_eq!(refused(verify_entries(ForgeCa::Processor, entries)), field);
    }
    let mut twice = good();
    twice.push(entry(&[3], &tlv(4, &[1, 0])));
    assert_eq!(refused(verify_entries(ForgeCa::Platform, twice)), "entries");
    let mut unknown = good();
    unknown.push(entry(&[8], &tlv(4, &[1, 0])));
    assert_eq!(refused(verify_entries(ForgeCa::Platform, unknown)), "entries");
    let mut foreign = good();
    foreign.push(tlv(0x30, &[tlv(0x06, &[0x2a, 3, 4]), tlv(4, &[])].concat()));
    assert_eq!(refused(verify_entries(ForgeCa::Platform, foreign)), "entries");
}

#[test]
fn the_tcb_has_eighteen_entries() {
    let with_tcb = |tcb_entries: Vec<Vec<u8>>| {
        let mut entries = good();
        entries[1] = entry(&[2], &tcb(tcb_entries));
        verify_entries(ForgeCa::Processor, entries)
    };
    for (position, field) in [
        (0, "tcb.component_svn"),
        (15, "tcb.component_svn"),
        (16, "tcb.pce_svn"),
        (17, "tcb.cpu_svn"),
    ] {
        let mut fewer = good_tcb();
        fewer.remove(position);
        assert_eq!(refused(with_tcb(fewer)), field);
    }
    let mut more = good_tcb();
    more.push(entry(&[2, 19], &tlv(2, &[1])));
    assert_eq!(refused(with_tcb(more)), "tcb");
    let mut twice = good_tcb();
    twice.push(entry(&[2, 1], &tlv(2, &[99])));
    assert_eq!(refused(with_tcb(twice)), "tcb");
}

#[test]
fn svns_have_their_range() {
    assert_eq!(
        verify(ForgeCa::Platform, |spec| spec.pce_svn = 65_535)
            .unwrap()
            .pce_svn(),
        65_535
    );
    assert_eq!(
        refused(verify(ForgeCa::Platform, |spec| spec.pce_svn = 65_536)),
        "tcb.pce_svn"
    );
    assert_eq!(
        verify(ForgeCa::Platform, |spec| spec.component_svns[0] = 255)
            .unwrap()
            .component_svns()[0],
        255
    );
    assert_eq!(
        refused(verify(ForgeCa::Platform, |spec| spec.component_svns[0] = 256)),
        "tcb.component_svn"
    );
    let mut entries = good_tcb();
    entries[16] = entry(&[2, 17], &tlv(2, &[0x80, 0]));
    let mut negative = good();
    negative[1] = entry(&[2], &tcb(entries));
    assert_eq!(
        refused(verify_entries(ForgeCa::Processor, negative)),
        "tcb.pce_svn"
    );
}

#[test]
fn octet_strings_have_their_length() {
    let long = [0; 17];
    for (position, number, field) in [(0, 1, "ppid"), (2, 3, "pce_id"), (3, 4, "fmspc")] {
        let mut entries = good();
        entries[position] = entry(&[number], &tlv(4, &long));
        assert_eq!(refused(verify_entries(ForgeCa::Processor, entries)), field);
    }
    assert_eq!(
        refused(verify(ForgeCa::Platform, |spec| spec.cpu_svn = vec![0; 15])),
        "tcb.cpu_svn"
    );
    assert_eq!(
        refused(verify(ForgeCa::Platform, |spec| spec.platform_instance_id =
            Some(vec![0; 15]))),
        "platform_instance_id"
    );
    assert_eq!(
        refused(verify(ForgeCa::Platform, |spec| spec.sgx_type = 3)),
        "sgx_type"
    );
}

#[test]
fn configuration_flags_are_booleans() {
    let with_flag = |flag: Vec<u8>| {
        let mut entries = good();
        entries.push(entry(&[7], &tcb([entry(&[7, 2], &flag)])));
        verify_entries(ForgeCa::Platform, entries)
    };
    let pck = with_flag(tlv(1, &[0xff])).unwrap();
    assert_eq!((pck.dynamic_platform(), pck.cached_keys()), (None, Some(true)));
    assert_eq!(refused(with_flag(tlv(1, &[1]))), "configuration.cached_keys");
    let mut entries = good();
    entries.push(entry(&[7], &tcb([entry(&[7, 4], &tlv(1, &[0]))])));
    assert_eq!(
        refused(verify_entries(ForgeCa::Platform, entries)),
        "configuration"
    );
}

#[test]
fn trailing_bytes_and_broken_der_are_refused() {
    for field in [
        refused(verify_extension(ForgeCa::Platform, |value| value.push(0))),
        refused(verify_extension(ForgeCa::Platform, |value| value.truncate(40))),
        refused(verify_extension(ForgeCa::Platform, Vec::clear)),
    ] {
        assert_eq!(field, "entries");
    }
}

#[test]
fn a_certificate_without_the_extension_is_no_pck() {
    let world = World::sgx();
    let mut leaf = PckSpec::new(&world.forge.seed, ForgeCa::Platform).certificate(&world.forge);
    leaf.extensions.pop();
    let chain = [
        leaf.to_der(),
        world.forge.platform_ca.to_der(),
        world.forge.root_certificate_der(),
    ];
    assert_eq!(
        world.pck(pem_chain(chain).as_bytes()).unwrap_err(),
        CertificateError::SgxExtensionMissing
    );
}

#[test]
fn only_a_certificate_chain_proves_a_platform() {
    let world = World::sgx();
    for kind in [1, 2, 3, 4] {
        let mut quote = world.sgx_quote();
        quote.certification_type = kind;
        let bytes = world.forge.sgx_quote(&quote);
        let quote = crate::dcap::Quote::parse(&bytes).unwrap();
        let error =
            VerifiedPck::verify(&quote.certification_data(), &world.anchors(), World::now()).unwrap_err();
        assert_eq!(error, CertificateError::CertificationDataKind { kind });
        assert!(error.explain().hint.contains("type 5"));
    }
}
