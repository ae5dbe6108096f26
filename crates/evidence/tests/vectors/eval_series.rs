//! The same quotes under three successive TCB recoveries at one moment: each set of documents gives its own verdict.

use crate::differences::{DCAP_QVL_DEFAULT, Difference, assert_explained};
use crate::outcome::{appraisal, ours};
use crate::pool::vectors;

#[test]
fn outcomes_differ_from_other_verifiers_only_where_explained() {
    assert_explained(&vectors("eval-series"), "expected/", &DIFFERENCES);
}

#[test]
fn a_recovery_turns_the_same_quote_out_of_date() {
    let vectors = vectors("eval-series");
    let outcome = |number: u32| {
        let name = format!("00606a000000-automata-eval{number}");
        let vector = vectors.iter().find(|vector| vector.name == name)?;
        let appraisal = appraisal(vector);
        let evaluation_number = appraisal
            .as_ref()
            .unwrap()
            .supplemental()
            .tcb_evaluation_data_number;
        assert_eq!(evaluation_number, number);
        Some(ours(&appraisal).to_string())
    };
    if vectors.is_empty() {
        return;
    }
    let outcomes = [17, 18, 19].map(|number| outcome(number).unwrap());
    assert_eq!(outcomes, ["SWHardeningNeeded", "OutOfDate", "OutOfDate"]);
}

const DIFFERENCES: [Difference; 3] = [
    (
        "00606a000000-teepot-vault-proxy-eval17",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "00606a000000-teepot-vault-proxy-eval18",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
    (
        "00606a000000-teepot-vault-proxy-eval19",
        DCAP_QVL_DEFAULT,
        "refused",
        "OutOfDate",
        DEBUG,
    ),
];

const DEBUG: &str = "dcap-qvl refuses debug enclaves and domains unless told otherwise; here it is a claim, and the policy decides";
