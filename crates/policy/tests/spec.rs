//! The language reference is the test suite: every case in `tests/spec/*.md` is run as written.
//!
//! A case starts with a second-level heading and has fenced blocks:
//!
//! - `policy`: the text;
//! - `claims`: the incoming claims, `type = value`, optionally followed by `by <issuer>`;
//! - `limits`: `name = number`, instead of the defaults;
//! - `diagnostics`: every finding, `severity[code] line:column message`, each optionally followed by an
//!   indented `help`; without this block there must be no finding;
//! - `outcome`: `permit` or `deny: <reason>`, then `token`, `property` and `added` claims (`added`, what
//!   the policy puts among the incoming claims, is compared only where a case lists it), or
//!   `error: <message>`; all the same for a traced evaluation;
//! - `configuration`: the settings, or `error: <message>`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on fails"
)]

use std::fmt::Write as _;
use std::path::Path;

use attestry_policy::{Claim, ClaimSet, Decision, Diagnostic, Issuer, Limits, Outcome, Policy, Value};

#[test]
fn the_language_reference_holds() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let mut paths: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    let mut failures = Vec::new();
    let mut cases = 0;
    for path in paths {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        for case in Case::all(&std::fs::read_to_string(&path).unwrap()) {
            cases += 1;
            if let Err(difference) = case.run() {
                failures.push(format!("{file}: {}\n{difference}", case.name));
            }
        }
    }

    assert!(cases > 0, "no cases found");
    assert!(
        failures.is_empty(),
        "{} of {cases} cases fail\n\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[derive(Default)]
struct Case {
    name: String,
    blocks: Vec<(String, String)>,
}

impl Case {
    fn all(markdown: &str) -> Vec<Self> {
        let mut cases: Vec<Self> = Vec::new();
        let mut block: Option<(String, String)> = None;
        for line in markdown.lines() {
            match &mut block {
                Some(_) if line == "```" => cases.last_mut().unwrap().blocks.extend(block.take()),
                Some((_, text)) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => {
                    if let Some(name) = line.strip_prefix("## ") {
                        cases.push(Self {
                            name: name.to_owned(),
                            blocks: Vec::new(),
                        });
                    } else if let Some(kind) = line.strip_prefix("```") {
                        block = Some((kind.to_owned(), String::new()));
                    }
                }
            }
        }
        assert!(block.is_none(), "a block is not closed");
        cases.retain(|case| !case.blocks.is_empty());
        cases
    }

    fn block(&self, kind: &str) -> Option<&str> {
        self.blocks
            .iter()
            .find(|(found, _)| found == kind)
            .map(|(_, text)| text.as_str())
    }

    fn run(&self) -> Result<(), String> {
        const KINDS: [&str; 6] = [
            "policy",
            "claims",
            "limits",
            "diagnostics",
            "outcome",
            "configuration",
        ];
        if let Some((kind, _)) = self
            .blocks
            .iter()
            .find(|(kind, _)| !KINDS.contains(&kind.as_str()))
        {
            return Err(format!("  unknown block `{kind}`\n"));
        }
        let text = self
            .block("policy")
            .ok_or("  no policy\n")?
            .strip_suffix('\n')
            .unwrap_or_default();
        let limits = self.block("limits").map_or_else(Limits::default, parse_limits);
        let compiled = Policy::compile_within(text, &limits);
        let findings = match &compiled {
            Ok(policy) => policy.warnings(),
            Err(findings) => findings,
        };
        same(
            "diagnostics",
            self.block("diagnostics").unwrap_or_default(),
            &show_findings(findings),
        )?;
        let Ok(policy) = compiled else { return Ok(()) };
        if let Some(expected) = self.block("outcome") {
            let claims: ClaimSet = self
                .block("claims")
                .unwrap_or_default()
                .lines()
                .map(parse_claim)
                .collect();
            let with_added = expected.lines().any(|line| line.starts_with("added "));
            for outcome in [
                policy.evaluate(claims.clone(), &limits),
                policy.evaluate_traced(claims.clone(), &limits),
            ] {
                let shown = match outcome {
                    Ok(outcome) => show_outcome(&outcome, with_added.then_some(claims.len())),
                    Err(error) => format!("error: {error}\n"),
                };
                same("outcome", expected, &shown)?;
            }
        }
        if let Some(expected) = self.block("configuration") {
            let shown = match policy.configuration(&limits) {
                Ok(settings) => show_claims("", &settings),
                Err(error) => format!("error: {error}\n"),
            };
            same("configuration", expected, &shown)?;
        }
        Ok(())
    }
}

fn same(what: &str, expected: &str, found: &str) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let indented = |text: &str| {
        text.lines()
            .fold(String::new(), |all, line| all + "    " + line + "\n")
    };
    Err(format!(
        "  {what} expected:\n{}  found:\n{}",
        indented(expected),
        indented(found)
    ))
}

fn show_findings(findings: &[Diagnostic]) -> String {
    findings.iter().fold(String::new(), |mut shown, finding| {
        let Diagnostic {
            severity,
            code,
            line,
            column,
            message,
            help,
            ..
        } = finding;
        writeln!(shown, "{severity}[{code}] {line}:{column} {message}").unwrap();
        if let Some(help) = help {
            writeln!(shown, "  {help}").unwrap();
        }
        shown
    })
}

fn show_outcome(outcome: &Outcome, added_after: Option<usize>) -> String {
    let mut shown = match &outcome.decision {
        Decision::Permit => "permit\n".to_owned(),
        Decision::Deny(reason) => format!("deny: {reason}\n"),
    };
    shown += &show_claims("token ", &outcome.outgoing);
    shown += &show_claims("property ", &outcome.properties);
    if let Some(known) = added_after {
        shown += &show_claims("added ", &outcome.incoming[known..]);
    }
    shown
}

fn show_claims(lead: &str, claims: &[Claim]) -> String {
    claims.iter().fold(String::new(), |mut shown, claim| {
        assert_eq!(claim.issuer, Issuer::AttestationPolicy);
        writeln!(shown, "{lead}{} = {}", claim.claim_type, claim.value).unwrap();
        shown
    })
}

fn parse_claim(line: &str) -> Claim {
    let (claim_type, value) = line.split_once(" = ").expect("a claim is `type = value`");
    let (value, issuer) = match value.split_once(" by ") {
        Some((value, issuer)) => (value, Issuer::from_name(issuer).expect("an issuer")),
        None => (value, Issuer::AttestationService),
    };
    Claim::new(claim_type, parse_value(value), issuer)
}

fn parse_value(text: &str) -> Value {
    match text {
        "true" => true.into(),
        "false" => false.into(),
        _ => match text.strip_prefix('"') {
            Some(inner) => inner.strip_suffix('"').expect("a closing quote").into(),
            None => text.parse::<i64>().expect("an integer").into(),
        },
    }
}

fn parse_limits(text: &str) -> Limits {
    let mut limits = Limits::default();
    for line in text.lines() {
        let (name, number) = line.split_once(" = ").expect("a limit is `name = number`");
        let number: u32 = number.parse().unwrap();
        match name {
            "policy_bytes" => limits.policy_bytes = number,
            "rules" => limits.rules = number,
            "conditions" => limits.conditions = number,
            "nesting" => limits.nesting = number,
            "steps" => limits.steps = number.into(),
            "claims" => limits.claims = number,
            "json_bytes" => limits.json_bytes = number.into(),
            "text_bytes" => limits.text_bytes = number.into(),
            "issued_bytes" => limits.issued_bytes = number.into(),
            _ => panic!("no limit `{name}`"),
        }
    }
    limits
}
