use super::*;

#[test]
fn a_set_tells_type_value_and_issuer_apart() {
    let mut set = ClaimSet::new();
    for claim in [
        Claim::from_service("a", 1),
        Claim::from_service("b", 1),
        Claim::from_service("a", "1"),
        Claim::new("a", 1, Issuer::CustomClaim),
    ] {
        assert!(set.insert(claim.clone()), "{claim:?}");
        assert!(!set.insert(claim.clone()), "{claim:?}");
    }
    assert_eq!(set.len(), 4);
}

#[test]
fn a_set_keeps_the_order_of_arrival() {
    let set = ClaimSet::from_iter(["c", "a", "c", "b"].map(|name| Claim::from_service(name, true)));
    let order: Vec<&str> = set.iter().map(|claim| &*claim.claim_type).collect();
    assert_eq!(order, ["c", "a", "b"]);
}

#[test]
fn values_are_written_as_policies_write_them() {
    assert_eq!(Value::from(true).to_string(), "true");
    assert_eq!(Value::from(-7).to_string(), "-7");
    assert_eq!(Value::from(r#"say "a\b""#).to_string(), r#""say \"a\\b\"""#);
}

#[test]
fn issuers_are_found_by_their_exact_names() {
    assert_eq!(Issuer::from_name("CustomClaim"), Some(Issuer::CustomClaim));
    assert_eq!(Issuer::from_name("customclaim"), None);
}
