use super::*;

#[test]
fn every_type_is_told_by_its_name_and_others_by_their_number() {
    assert!(TYPES.is_sorted());
    for (number, name) in TYPES {
        assert_eq!(EventType(*number).name(), Some(*name));
    }
    assert_eq!(EventType::EVENT_TAG.to_string(), "EV_EVENT_TAG");
    assert_eq!(EventType(0x0000_0402).to_string(), "0x00000402");
}
