use super::*;

fn rules(public: bool, networks: &[&str]) -> NetworkRules {
    NetworkRules::new(
        public,
        networks.iter().map(|network| network.parse().unwrap()).collect(),
    )
}

#[track_caller]
fn check(rules: &NetworkRules, peer: &str, expected: bool) {
    assert_eq!(rules.permit(Some(peer.parse().unwrap())), expected, "{peer}");
}

#[test]
fn a_public_provider_answers_everybody() {
    check(&NetworkRules::default(), "203.0.113.9", true);
    check(&rules(true, &["10.0.0.0/8"]), "203.0.113.9", true);
    assert!(NetworkRules::default().permit(None));
}

#[test]
fn a_private_one_answers_its_networks_and_nobody_else() {
    let rules = rules(false, &["10.1.0.0/16", "fd00:1::/64"]);
    check(&rules, "10.1.255.255", true);
    check(&rules, "10.2.0.0", false);
    check(&rules, "fd00:1::7", true);
    check(&rules, "fd00:2::7", false);
    check(&rules, "127.0.0.1", false);
    assert!(!rules.permit(None), "an unknown address is nobody's");
}

#[test]
fn an_ipv4_address_in_ipv6_clothes_is_that_address() {
    let rules = rules(false, &["10.1.0.0/16"]);
    check(&rules, "::ffff:10.1.2.3", true);
    check(&rules, "::ffff:10.2.2.3", false);
}
