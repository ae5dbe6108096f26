use super::*;

const NAMES: [&str; 4] = ["permit", "deny", "issue", "issueproperty"];

#[test]
fn a_slip_is_recognised() {
    for slip in ["premit", "permitt", "prmit", "perm1t", "Permit"] {
        assert_eq!(closest(slip, &NAMES), Some("permit"), "{slip}");
    }
    assert_eq!(closest("isue", &NAMES), Some("issue"));
    assert_eq!(closest("issuproperty", &NAMES), Some("issueproperty"));
}

#[test]
fn another_word_is_not() {
    for word in ["require", "x", "", "permission-denied", "any"] {
        assert_eq!(closest(word, &NAMES), None, "{word}");
    }
}

#[test]
fn a_long_word_is_not_compared() {
    let long = "permit".repeat(100_000);
    assert_eq!(closest(&long, &[&long]), None);
}
