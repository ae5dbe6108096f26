use super::*;

/// A body in which byte `i` is `i mod 251`, so that every field shows where it was taken from.
fn numbered(size: usize) -> Vec<u8> {
    (0..size)
        .map(|position| u8::try_from(position % 251).unwrap())
        .collect()
}

#[test]
fn every_field_of_version_1_0_lies_where_the_specification_puts_it() {
    let bytes = numbered(TdReportBody::SIZE_1_0);
    let mut reader = Reader::new(&bytes);
    let body = TdReportBody::read(&mut reader).unwrap();
    assert_eq!(reader.remaining(), 0);
    assert_eq!(body.tee_tcb_svn[..], bytes[0..16]);
    assert_eq!(body.mrseam[..], bytes[16..64]);
    assert_eq!(body.mrsignerseam[..], bytes[64..112]);
    assert_eq!(body.seam_attributes[..], bytes[112..120]);
    assert_eq!(body.td_attributes.0[..], bytes[120..128]);
    assert_eq!(body.xfam[..], bytes[128..136]);
    assert_eq!(body.mrtd[..], bytes[136..184]);
    assert_eq!(body.mrconfigid[..], bytes[184..232]);
    assert_eq!(body.mrowner[..], bytes[232..280]);
    assert_eq!(body.mrownerconfig[..], bytes[280..328]);
    assert_eq!(body.rtmrs.concat()[..], bytes[328..520]);
    assert_eq!(body.report_data[..], bytes[520..584]);
    assert_eq!(body.td15, None);
}

#[test]
fn version_1_5_adds_the_current_module_and_service_domains() {
    let bytes = numbered(TdReportBody::SIZE_1_5);
    let mut reader = Reader::new(&bytes);
    let td15 = TdReportBody::read_1_5(&mut reader).unwrap().td15.unwrap();
    assert_eq!(reader.remaining(), 0);
    assert_eq!(td15.tee_tcb_svn_2[..], bytes[584..600]);
    assert_eq!(td15.mrservicetd[..], bytes[600..648]);
    assert_eq!(td15.extended, None);
}

#[test]
fn the_extended_body_adds_where_the_domain_came_from() {
    let bytes = numbered(TdReportBody::SIZE_1_5_EXTENDED);
    let mut reader = Reader::new(&bytes);
    let extended = TdReportBody::read_1_5_extended(&mut reader)
        .unwrap()
        .td15
        .unwrap()
        .extended
        .unwrap();
    assert_eq!(reader.remaining(), 0);
    assert_eq!(extended.vm_id, bytes[648]);
    assert_eq!(extended.td_id[..], bytes[649..681]);
    assert_eq!(extended.device_info[..], bytes[681..729]);
    assert_eq!(extended.initial_servtd_hash[..], bytes[729..777]);
    assert_eq!(extended.initial_servtd_attributes[..], bytes[777..785]);
    assert_eq!(extended.initial_cpu_svn[..], bytes[785..801]);
    assert_eq!(extended.initial_tee_tcb_svn[..], bytes[801..817]);
    assert_eq!(extended.initial_fmspc[..], bytes[817..829]);
    assert_eq!(extended.current_servtd_hash[..], bytes[829..877]);
    assert_eq!(extended.current_servtd_attributes[..], bytes[877..885]);
}

#[test]
fn each_attribute_is_its_own_bit() {
    type Bit = fn(TdAttributes) -> bool;
    let bits: [(u32, Bit); 6] = [
        (0, TdAttributes::debug),
        (28, TdAttributes::septve_disable),
        (29, TdAttributes::migratable),
        (30, TdAttributes::protection_keys),
        (31, TdAttributes::key_locker),
        (63, TdAttributes::perfmon),
    ];
    for set in 0..64 {
        let attributes = TdAttributes((1_u64 << set).to_le_bytes());
        for (bit, is_set) in bits {
            assert_eq!(is_set(attributes), bit == set, "bit {bit} of {set}");
        }
    }
}

#[test]
fn bits_without_a_meaning_are_reserved() {
    let defined = [0, 4, 5, 6, 16, 17, 27, 28, 29, 30, 31, 62, 63];
    for bit in 0..64 {
        let attributes = TdAttributes((1_u64 << bit).to_le_bytes());
        assert_eq!(attributes.reserved_set(), !defined.contains(&bit), "bit {bit}");
    }
    assert!(!TdAttributes([0; 8]).reserved_set());
}
