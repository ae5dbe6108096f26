use serde_json::{Value, json};

use super::*;
use crate::dcap::tcb::TcbStatus;
use crate::dcap::world::World;

fn read(world: &World, change: impl FnOnce(&mut Value)) -> Result<EnclaveIdentity, JsonError> {
    let mut value: Value = serde_json::from_str(&world.documents.qe_identity.to_json()).unwrap();
    change(&mut value);
    let text = value.to_string();
    EnclaveIdentity::parse(&SignedDocument {
        text: &text,
        signature: [0; 64],
    })
}

fn refused(pointer: &str, value: Value) -> String {
    let world = World::sgx();
    match read(&world, |identity| *identity.pointer_mut(pointer).unwrap() = value) {
        Err(JsonError::Field { field, .. }) => field,
        other => panic!("{pointer}: {other:?}"),
    }
}

#[test]
fn the_two_quoting_enclaves_are_told_apart() {
    assert_eq!(read(&World::sgx(), |_| {}).unwrap().tee, Tee::Sgx);
    assert_eq!(read(&World::tdx(), |_| {}).unwrap().tee, Tee::Tdx);
}

#[test]
fn every_field_has_its_form() {
    for (pointer, value, expected) in [
        ("/id", json!("QVE"), "enclaveIdentity.id"),
        ("/id", json!("QAE"), "enclaveIdentity.id"),
        ("/version", json!(1), "enclaveIdentity.version"),
        ("/version", json!(3), "enclaveIdentity.version"),
        ("/issueDate", json!("yesterday"), "enclaveIdentity.issueDate"),
        ("/nextUpdate", json!(0), "enclaveIdentity.nextUpdate"),
        (
            "/tcbEvaluationDataNumber",
            json!("17"),
            "enclaveIdentity.tcbEvaluationDataNumber",
        ),
        ("/miscselect", json!("000000"), "enclaveIdentity.miscselect"),
        (
            "/miscselectMask",
            json!("000000"),
            "enclaveIdentity.miscselectMask",
        ),
        ("/attributes", json!("11"), "enclaveIdentity.attributes"),
        ("/attributesMask", json!("11"), "enclaveIdentity.attributesMask"),
        ("/mrsigner", json!("11"), "enclaveIdentity.mrsigner"),
        ("/isvprodid", json!(65_536), "enclaveIdentity.isvprodid"),
        ("/tcbLevels", json!([]), "enclaveIdentity.tcbLevels"),
        ("/tcbLevels/0/tcb/isvsvn", json!(6), "enclaveIdentity.tcbLevels"),
        (
            "/tcbLevels/0/tcb/isvsvn",
            json!(-1),
            "enclaveIdentity.tcbLevels[0].tcb.isvsvn",
        ),
        (
            "/tcbLevels/0/tcbStatus",
            json!("SWHardeningNeeded"),
            "enclaveIdentity.tcbLevels[0].tcbStatus",
        ),
        (
            "/tcbLevels/0/tcbStatus",
            json!("ConfigurationNeeded"),
            "enclaveIdentity.tcbLevels[0].tcbStatus",
        ),
    ] {
        assert_eq!(refused(pointer, value), expected);
    }
}

#[test]
fn a_bit_outside_the_mask_could_never_be_matched() {
    let mask = "00000000000000000000000000000000";
    assert_eq!(
        refused("/attributesMask", json!(mask)),
        "enclaveIdentity.attributes"
    );
    let world = World::sgx();
    let outcome = read(&world, |identity| {
        identity["miscselect"] = json!("01000000");
        identity["miscselectMask"] = json!("FEFFFFFF");
    });
    assert!(matches!(outcome, Err(JsonError::Field { field, .. }) if field == "enclaveIdentity.miscselect"));
}

#[test]
fn levels_come_out_highest_first() {
    let world = World::sgx();
    let identity = read(&world, |identity| {
        identity["tcbLevels"].as_array_mut().unwrap().reverse();
    })
    .unwrap();
    let svns: Vec<u16> = identity.levels.iter().map(|level| level.isv_svn).collect();
    assert!(svns.is_sorted_by(|one, next| one > next), "{svns:?}");
    assert_eq!(identity.levels[0].verdict.status, TcbStatus::UpToDate);
}
