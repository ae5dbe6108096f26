use super::{EventType, NAMED};

#[test]
fn a_type_is_shown_by_its_name_or_by_its_number() {
    assert_eq!(EventType(4).to_string(), "EV_SEPARATOR");
    assert_eq!(EventType(0x8000_00E0).to_string(), "EV_EFI_VARIABLE_AUTHORITY");
    assert_eq!(EventType(0x8401).to_string(), "0x00008401");
    assert_eq!(EventType(2).name(), None, "the number 2 is reserved");
}

#[test]
fn no_two_types_share_a_name() {
    let mut names: Vec<_> = NAMED.iter().map(|event_type| event_type.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), NAMED.len());
}
