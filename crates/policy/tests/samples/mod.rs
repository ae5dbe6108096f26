//! The published policies, read from the vector directory; skipped loudly without it.

use std::path::PathBuf;

/// Names and texts, by name. A recipe (`fragment`) is a few rules, here in the issuance rules of a policy.
pub fn published() -> Vec<(String, String)> {
    let vectors = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"),
        PathBuf::from,
    );
    let mut policies = Vec::new();
    for directory in ["maa/policies", "tpm/maa/policies"].map(|directory| vectors.join(directory)) {
        let Ok(entries) = std::fs::read_dir(&directory) else {
            eprintln!("SKIPPED: no published policies in {}", directory.display());
            continue;
        };
        for path in entries.map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(path).unwrap();
            let text = if name.contains(".fragment.") {
                format!("version=1.2;\nauthorizationrules{{ => permit(); }};\nissuancerules{{\n{text}\n}};\n")
            } else {
                text
            };
            policies.push((name, text));
        }
    }
    policies.sort();
    policies
}
