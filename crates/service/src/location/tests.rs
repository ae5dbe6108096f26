use super::*;

#[track_caller]
fn check(text: &str, name: &str, short: &str) {
    let location = Location::parse(text).unwrap();
    assert_eq!((location.name(), location.short()), (name, short));
}

#[test]
fn spellings_of_a_region_are_one_location_with_azures_code() {
    check("eastus", "eastus", "eus");
    check("East US", "eastus", "eus");
    check("WEST EUROPE", "westeurope", "weu");
    check("UK South", "uksouth", "uks");
    check("usgovvirginia", "usgovvirginia", "ugv");
}

#[test]
fn a_location_of_ones_own_is_its_own_code() {
    check("Rack 7", "rack7", "rack7");
}

#[test]
fn what_cannot_stand_in_a_host_name_is_refused() {
    for text in [
        "",
        "  ",
        "east-us",
        "east.us",
        "östlich",
        "a/b",
        &"x".repeat(41),
        &"x ".repeat(1000),
    ] {
        assert!(Location::parse(text).is_err(), "{text}");
    }
    assert_eq!(
        Location::parse("a.b").unwrap_err().to_string(),
        "`a.b` is not a location: letters and digits are needed, 40 at most, as in `eastus`"
    );
}
