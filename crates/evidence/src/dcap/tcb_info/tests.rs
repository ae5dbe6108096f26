use serde_json::{Value, json};

use super::*;
use crate::dcap::world::World;

/// Reads a minted TCB info after `change`. The signature is not what this module looks at.
fn read(world: &World, change: impl FnOnce(&mut Value)) -> Result<TcbInfo, JsonError> {
    let mut value: Value = serde_json::from_str(&world.documents.tcb_info.to_json()).unwrap();
    change(&mut value);
    let text = value.to_string();
    TcbInfo::parse(&SignedDocument {
        text: &text,
        signature: [0; 64],
    })
}

/// The field that is refused after setting the value at `pointer`.
fn refused(world: &World, pointer: &str, value: Value) -> String {
    let outcome = read(world, |info| *info.pointer_mut(pointer).unwrap() = value);
    field(outcome, pointer)
}

fn field(outcome: Result<TcbInfo, JsonError>, what: &str) -> String {
    match outcome {
        Err(JsonError::Field { field, .. }) => field,
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn levels_come_out_highest_first_whatever_their_order() {
    let world = World::sgx();
    let sorted = read(&world, |_| {}).unwrap();
    let reversed = read(&world, |info| info["tcbLevels"].as_array_mut().unwrap().reverse()).unwrap();
    let orders = |info: &TcbInfo| info.levels.iter().map(TcbLevel::order).collect::<Vec<_>>();
    assert_eq!(orders(&sorted), orders(&reversed));
    assert!(orders(&sorted).is_sorted_by(|one, next| one > next));
    assert_eq!(sorted.levels[0].verdict.status, TcbStatus::UpToDate);
}

#[test]
fn every_field_has_its_form() {
    let world = World::sgx();
    for (pointer, value, expected) in [
        ("/version", json!(4), "tcbInfo.version"),
        ("/version", json!(1), "tcbInfo.version"),
        ("/id", json!("QE"), "tcbInfo.id"),
        ("/id", json!("sgx"), "tcbInfo.id"),
        (
            "/issueDate",
            json!("2026-01-05T00:00:00+00:00"),
            "tcbInfo.issueDate",
        ),
        ("/nextUpdate", json!("2026-02-30T00:00:00Z"), "tcbInfo.nextUpdate"),
        ("/fmspc", json!("00906EA100"), "tcbInfo.fmspc"),
        ("/fmspc", json!("00906EA1000G"), "tcbInfo.fmspc"),
        ("/pceId", json!("00"), "tcbInfo.pceId"),
        ("/tcbType", json!(1), "tcbInfo.tcbType"),
        (
            "/tcbEvaluationDataNumber",
            json!(4_294_967_296_u64),
            "tcbInfo.tcbEvaluationDataNumber",
        ),
        (
            "/tcbEvaluationDataNumber",
            json!(-1),
            "tcbInfo.tcbEvaluationDataNumber",
        ),
        ("/tcbLevels", json!([]), "tcbInfo.tcbLevels"),
        ("/tcbLevels", json!({}), "tcbInfo.tcbLevels"),
        (
            "/tcbLevels/0/tcb/pcesvn",
            json!(65_536),
            "tcbInfo.tcbLevels[0].tcb.pcesvn",
        ),
        (
            "/tcbLevels/0/tcb/sgxtcbcomponents/3/svn",
            json!(256),
            "tcbInfo.tcbLevels[0].tcb.sgxtcbcomponents[3].svn",
        ),
        (
            "/tcbLevels/0/tcb/sgxtcbcomponents/3/svn",
            json!(1.5),
            "tcbInfo.tcbLevels[0].tcb.sgxtcbcomponents[3].svn",
        ),
        (
            "/tcbLevels/1/tcbStatus",
            json!("Bogus"),
            "tcbInfo.tcbLevels[1].tcbStatus",
        ),
        (
            "/tcbLevels/1/tcbStatus",
            json!("TDRelaunchAdvised"),
            "tcbInfo.tcbLevels[1].tcbStatus",
        ),
        (
            "/tcbLevels/1/tcbStatus",
            json!("TDRelaunchAdvisedConfigurationNeeded"),
            "tcbInfo.tcbLevels[1].tcbStatus",
        ),
        (
            "/tcbLevels/1/tcbDate",
            json!("2024-11-13"),
            "tcbInfo.tcbLevels[1].tcbDate",
        ),
        (
            "/tcbLevels/1/advisoryIDs",
            json!("INTEL-SA-00615"),
            "tcbInfo.tcbLevels[1].advisoryIDs",
        ),
        (
            "/tcbLevels/1/advisoryIDs",
            json!([615]),
            "tcbInfo.tcbLevels[1].advisoryIDs",
        ),
    ] {
        assert_eq!(refused(&world, pointer, value), expected);
    }
}

#[test]
fn every_field_has_to_be_there() {
    let world = World::tdx();
    for name in [
        "version",
        "id",
        "issueDate",
        "nextUpdate",
        "fmspc",
        "pceId",
        "tcbType",
        "tcbEvaluationDataNumber",
        "tdxModule",
        "tcbLevels",
    ] {
        let outcome = read(&world, |info| drop(info.as_object_mut().unwrap().remove(name)));
        assert_eq!(field(outcome, name), format!("tcbInfo.{name}"));
    }
}

#[test]
fn there_are_sixteen_components() {
    let world = World::sgx();
    for wanted in [15, 17] {
        let outcome = read(&world, |info| {
            let components = info["tcbLevels"][0]["tcb"]["sgxtcbcomponents"]
                .as_array_mut()
                .unwrap();
            components.resize(wanted, json!({"svn": 0}));
        });
        assert_eq!(
            field(outcome, "components"),
            "tcbInfo.tcbLevels[0].tcb.sgxtcbcomponents"
        );
    }
}

#[test]
fn equal_levels_are_ambiguous() {
    for (world, pointer) in [
        (World::sgx(), "/tcbLevels"),
        (World::tdx(), "/tdxModuleIdentities/0/tcbLevels"),
    ] {
        let outcome = read(&world, |info| {
            let levels = info.pointer_mut(pointer).unwrap().as_array_mut().unwrap();
            let mut twin = levels[0].clone();
            twin["tcbStatus"] = json!("Revoked");
            levels.push(twin);
        });
        assert!(field(outcome, pointer).ends_with("tcbLevels"));
    }
}

#[test]
fn levels_that_differ_in_one_tdx_component_are_different() {
    let world = World::tdx();
    let outcome = read(&world, |info| {
        let levels = info["tcbLevels"].as_array_mut().unwrap();
        let mut higher = levels[0].clone();
        higher["tcb"]["tdxtcbcomponents"][15]["svn"] = json!(1);
        levels.push(higher);
    });
    let info = outcome.unwrap();
    assert_eq!(info.levels[0].tdx[15], 1, "the higher one comes first");
}

#[test]
fn unknown_members_and_the_case_of_hexadecimal_do_not_matter() {
    let world = World::sgx();
    let info = read(&world, |info| {
        info["news"] = json!({"anything": [1, 2]});
        info["fmspc"] = json!("00ab00AB0000");
        info["tcbLevels"][0]["tcb"]["sgxtcbcomponents"][0]["category"] = json!("BIOS");
        info["tcbLevels"][0]["tcb"]["sgxtcbcomponents"][0]["type"] = json!("Early Microcode Update");
    })
    .unwrap();
    assert_eq!(info.fmspc, [0, 0xab, 0, 0xab, 0, 0]);
    assert_eq!(
        info.levels[0].sgx_names[0].as_deref(),
        Some("BIOS: Early Microcode Update")
    );
}

#[test]
fn version_2_has_flat_components_and_no_id() {
    let mut world = World::sgx();
    let version_3 = read(&world, |_| {}).unwrap();
    world.documents.tcb_info = world.documents.tcb_info.clone().into_version_2();
    let version_2 = read(&world, |_| {}).unwrap();
    let orders = |info: &TcbInfo| info.levels.iter().map(TcbLevel::order).collect::<Vec<_>>();
    assert_eq!(
        (version_2.tee, orders(&version_2)),
        (Tee::Sgx, orders(&version_3))
    );
    let outcome = read(&world, |info| info["id"] = json!("TDX"));
    assert_eq!(field(outcome, "id"), "tcbInfo.id");
    let missing = read(&world, |info| {
        info["tcbLevels"][2]["tcb"]
            .as_object_mut()
            .unwrap()
            .remove("sgxtcbcomp16svn");
    });
    assert_eq!(
        field(missing, "component"),
        "tcbInfo.tcbLevels[2].tcb.sgxtcbcomp16svn"
    );
}

#[test]
fn tdx_levels_need_tdx_components() {
    let world = World::sgx();
    let outcome = read(&world, |info| info["id"] = json!("TDX"));
    assert_eq!(
        field(outcome, "components"),
        "tcbInfo.tcbLevels[0].tcb.tdxtcbcomponents"
    );
}

#[test]
fn module_identities_have_their_form() {
    let world = World::tdx();
    for (pointer, value, expected) in [
        ("/tdxModule/mrsigner", json!("00"), "tcbInfo.tdxModule.mrsigner"),
        (
            "/tdxModule/attributes",
            json!("00"),
            "tcbInfo.tdxModule.attributes",
        ),
        (
            "/tdxModule/attributesMask",
            json!("00"),
            "tcbInfo.tdxModule.attributesMask",
        ),
        ("/tdxModuleIdentities", json!({}), "tcbInfo.tdxModuleIdentities"),
        (
            "/tdxModuleIdentities/1/id",
            json!("tdx_01"),
            "tcbInfo.tdxModuleIdentities",
        ),
        (
            "/tdxModuleIdentities/1/mrsigner",
            json!(0),
            "tcbInfo.tdxModuleIdentities[1].mrsigner",
        ),
        (
            "/tdxModuleIdentities/1/tcbLevels",
            json!([]),
            "tcbInfo.tdxModuleIdentities[1].tcbLevels",
        ),
        (
            "/tdxModuleIdentities/1/tcbLevels/0/tcbStatus",
            json!("ConfigurationNeeded"),
            "tcbInfo.tdxModuleIdentities[1].tcbLevels[0].tcbStatus",
        ),
        (
            "/tdxModuleIdentities/1/tcbLevels/0/tcb/isvsvn",
            json!(65_536),
            "tcbInfo.tdxModuleIdentities[1].tcbLevels[0].tcb.isvsvn",
        ),
    ] {
        assert_eq!(refused(&world, pointer, value), expected);
    }
    let info = read(&world, |info| {
        info["tdxModuleIdentities"][0]["id"] = json!("tdx_0a");
    })
    .unwrap();
    assert!(
        info.module_identities
            .iter()
            .any(|identity| identity.id == "TDX_0A")
    );
}
