//! The comparison with recorded verifiers, and the form of the tables that explain where the outcomes differ.

use std::collections::BTreeSet;

use crate::outcome::{appraisal, dcap_qvl, intel_qvl, ours};
use crate::pool::Vector;

/// A vector, the recordings that differ, their outcome, ours, and why.
pub type Difference = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
    &'static str,
);

/// dcap-qvl 0.7.1 with its default policy.
pub const DCAP_QVL_DEFAULT: &[&str] = &["dcap_qvl_0_7_1_default"];
/// dcap-qvl 0.7.1 with its default policy, and when told to allow debugging and service domains.
pub const DCAP_QVL: &[&str] = &[
    "dcap_qvl_0_7_1_default",
    "dcap_qvl_0_7_1_allow_debug_and_service_td",
];
/// Intel's quote verification library, commit d12717e.
pub const INTEL_QVL: &[&str] = &["intel_qvl_d12717e"];

/// Compares every vector with every recording, statuses and advisories, and refuses a difference that `explained`
/// does not have as well as an explanation that nothing needs.
pub fn assert_explained(vectors: &[Vector], prefix: &str, explained: &[Difference]) {
    let mut unexplained = Vec::new();
    let mut unused: Vec<(&str, &str)> = explained
        .iter()
        .flat_map(|(vector, recordings, ..)| recordings.iter().map(|recording| (*vector, *recording)))
        .collect();
    for vector in vectors {
        let result = appraisal(vector);
        let our_outcome = ours(&result);
        let our_advisories = result
            .as_ref()
            .map_or_else(|_| BTreeSet::new(), |appraisal| appraisal.advisories().clone());
        for recording in DCAP_QVL.iter().chain(INTEL_QVL) {
            let run = vector.known(&format!("{prefix}{recording}"));
            let (their_outcome, their_advisories) = match *recording {
                "intel_qvl_d12717e" => (intel_qvl(run), our_advisories.clone()),
                _ => dcap_qvl(run),
            };
            if their_outcome == our_outcome {
                assert_eq!(our_advisories, their_advisories, "{}: {recording}", vector.name);
                continue;
            }
            let (theirs, our) = (their_outcome.to_string(), our_outcome.to_string());
            let row = explained
                .iter()
                .find(|(name, recordings, expected_theirs, expected_ours, _)| {
                    *name == vector.name
                        && recordings.contains(recording)
                        && *expected_theirs == theirs
                        && *expected_ours == our
                });
            match row {
                Some((.., reason)) => assert!(!reason.is_empty()),
                None => unexplained.push(format!(
                    "{} {recording}: {theirs}, ours {our}: {result:?}",
                    vector.name
                )),
            }
            unused.retain(|entry| *entry != (vector.name.as_str(), *recording));
        }
    }
    assert!(unexplained.is_empty(), "{}", unexplained.join("\n"));
    assert!(
        unused.is_empty() || vectors.is_empty(),
        "explained but not different: {unused:?}"
    );
}
