use super::*;

#[test]
fn guids_are_written_as_the_specification_writes_them() {
    assert_eq!(
        Guid::GLOBAL_VARIABLE.to_string(),
        "8BE4DF61-93CA-11D2-AA0D-00E098032B8C"
    );
    assert_eq!(
        Guid::IMAGE_SECURITY_DATABASE.to_string(),
        "D719B2CB-3D3A-4596-A3BC-DAD00E67656F"
    );
}
