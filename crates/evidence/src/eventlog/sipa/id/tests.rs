use super::*;

#[test]
fn every_known_id_is_found() {
    assert!(TABLE.is_sorted_by_key(|(id, ..)| TagId(*id).order()));
    for (id, name, _) in TABLE {
        assert_eq!(TagId(*id).name(), Some(*name), "{id:#x}");
        assert!(TagId(*id).is_of_windows(), "{name}");
        assert_eq!(
            TagId(*id).is_container(),
            name.ends_with("AGGREGATION") || *name == "TRUSTBOUNDARY"
        );
    }
}

#[test]
fn an_id_differs_from_another_with_other_flags() {
    assert_eq!(TagId(0x0001_0001).name(), None);
    assert_eq!(TagId(0xC001_0001).name(), None);
    assert_eq!(TagId(0x8005_0002).name(), None);
    assert!(TagId(0xC001_0004).is_unmeasured());
    assert!(!TagId(0x4001_0003).is_unmeasured());
}

#[test]
fn tags_of_other_software_are_told_from_those_of_windows() {
    // systemd's stub, a loader's "loaded image", the confidential containers' log.
    for id in [
        0x8F3B_22EC,
        0x8F3B_22ED,
        0x4441_4F4C,
        0x4141_454C,
        0,
        0xFFFF_FFFF,
        0x0010_0001,
    ] {
        assert!(!TagId(id).is_of_windows(), "{id:#x}");
    }
}
