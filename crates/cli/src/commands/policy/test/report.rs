//! The results of policy tests, for people and for scripts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;

use attestry_policy::SectionKind;
use attestry_policy::testing::{CaseReport, Coverage, Difference, Report, RuleCoverage};
use serde_json::{Value, json};

use super::super::findings::Findings;
use super::{PolicyCoverage, Tested};
use crate::output::{BAD, BOLD, CAUTION, FAINT, GOOD, counted, cut, paint, plain};

/// Longest difference shown whole; `--json` has everything.
const MAX_DIFFERENCE: usize = 500;

/// Everything, for scripts.
pub fn document(passed: bool, results: &[Tested], policies: &BTreeMap<PathBuf, PolicyCoverage>) -> Value {
    json!({
        "passed": passed,
        "files": results.iter().map(file_document).collect::<Vec<_>>(),
        "policies": policies.values().map(policy_document).collect::<Vec<_>>(),
    })
}

/// What failed and what was not reached, for people.
pub fn text(
    passed: bool,
    results: &[Tested],
    policies: &BTreeMap<PathBuf, PolicyCoverage>,
    min_coverage: Option<u8>,
) -> String {
    let mut text = String::new();
    for result in results {
        file_text(&mut text, result);
    }
    for policy in policies.values() {
        coverage_text(&mut text, policy, min_coverage);
    }
    let (cases, failures) = totals(results);
    let verdict = if passed {
        paint(GOOD, "ok:")
    } else {
        paint(BAD, "failed:")
    };
    let _ = writeln!(text, "{verdict} {}, {failures} failed", counted(cases, "case"));
    text
}

/// Cases, and those that failed; a policy that does not compile fails no case, since none runs.
fn totals(results: &[Tested]) -> (usize, usize) {
    let reports = results.iter().filter_map(|result| result.report.as_ref().ok());
    reports.fold((0, 0), |(cases, failures), report| {
        (
            cases.saturating_add(report.cases.len()),
            failures.saturating_add(report.failures()),
        )
    })
}

fn file_text(text: &mut String, result: &Tested) {
    let name = paint(BOLD, result.path.display());
    match &result.report {
        Err(diagnostics) => {
            let mut findings = Findings::default();
            findings.add(
                &result.policy.display().to_string(),
                &result.policy_text,
                diagnostics,
            );
            let _ = writeln!(
                text,
                "{name}: {}\n{}",
                paint(BAD, "the policy has errors"),
                findings.text()
            );
        }
        Ok(report) => {
            let failures = report.failures();
            let passed = report.cases.len().saturating_sub(failures);
            let _ = writeln!(text, "{name}: {passed} passed, {failures} failed");
            for difference in &report.configuration {
                difference_text(text, difference);
            }
            for case in report.cases.iter().filter(|case| !case.passed()) {
                let _ = writeln!(text, "  {} {}", paint(BAD, "FAIL"), plain(&case.name));
                for difference in &case.differences {
                    difference_text(text, difference);
                }
            }
        }
    }
}

fn difference_text(text: &mut String, difference: &Difference) {
    let _ = writeln!(
        text,
        "       {}",
        cut(&plain(&difference.to_string()), MAX_DIFFERENCE)
    );
}

fn coverage_text(text: &mut String, policy: &PolicyCoverage, min_coverage: Option<u8>) {
    let coverage = &policy.coverage;
    let (all, percent) = (coverage.rules.len(), coverage.percent());
    let covered = all.saturating_sub(coverage.uncovered().count());
    let too_low = min_coverage.filter(|minimum| percent < *minimum);
    let style = match (too_low, percent) {
        (Some(_), _) => BAD,
        (None, 100) => GOOD,
        (None, _) => CAUTION,
    };
    let _ = write!(
        text,
        "{}: {} of {all} rules reached ({percent}%)",
        paint(BOLD, &policy.shown),
        paint(style, covered)
    );
    let _ = match too_low {
        Some(minimum) => writeln!(text, ", {minimum}% are asked for"),
        None => writeln!(text),
    };
    for rule in coverage.uncovered() {
        let _ = writeln!(
            text,
            "  {} {}: {}",
            paint(CAUTION, "never applies:"),
            rule.rule,
            rule.action
        );
    }
    one_sided_conditions(text, coverage);
}

/// Conditions of authorization that held in every case that looked at them: left out, they would not be missed.
fn one_sided_conditions(text: &mut String, coverage: &Coverage) {
    let decides = |rule: &&RuleCoverage| rule.fired > 0 && rule.rule.section == SectionKind::Authorization;
    for rule in coverage.rules.iter().filter(decides) {
        for condition in rule.conditions.iter().filter(|condition| condition.failed == 0) {
            let _ = writeln!(
                text,
                "  {} condition at {}:{}",
                paint(FAINT, "never fails:"),
                condition.position.line,
                condition.position.column
            );
        }
    }
}

fn file_document(result: &Tested) -> Value {
    let policy = result.policy.display().to_string();
    let (report, diagnostics) = match &result.report {
        Ok(report) => (Some(report), Vec::new()),
        Err(found) => {
            let mut findings = Findings::default();
            findings.add(&policy, &result.policy_text, found);
            (None, findings.documents().to_vec())
        }
    };
    json!({
        "file": result.path.display().to_string(),
        "policy": policy,
        "passed": result.passed(),
        "configuration": report.map(|report| difference_documents(&report.configuration)).unwrap_or_default(),
        "cases": report.map(case_documents).unwrap_or_default(),
        "diagnostics": diagnostics,
    })
}

fn case_documents(report: &Report) -> Vec<Value> {
    let document = |case: &CaseReport| {
        json!({
            "name": case.name,
            "passed": case.passed(),
            "differences": difference_documents(&case.differences),
        })
    };
    report.cases.iter().map(document).collect()
}

fn difference_documents(differences: &[Difference]) -> Vec<Value> {
    let document =
        |difference: &Difference| json!({"code": difference.code(), "message": difference.to_string()});
    differences.iter().map(document).collect()
}

fn policy_document(policy: &PolicyCoverage) -> Value {
    json!({
        "policy": policy.shown,
        "percent": policy.coverage.percent(),
        "rules": policy.coverage.rules.iter().map(rule_document).collect::<Vec<_>>(),
    })
}

fn rule_document(rule: &RuleCoverage) -> Value {
    let conditions: Vec<Value> = rule
        .conditions
        .iter()
        .map(|condition| {
            json!({
                "line": condition.position.line,
                "column": condition.position.column,
                "held": condition.held,
                "failed": condition.failed,
            })
        })
        .collect();
    json!({
        "section": rule.rule.section.name(),
        "number": rule.rule.number,
        "line": rule.rule.position.line,
        "action": rule.action.name(),
        "evaluated": rule.evaluated,
        "fired": rule.fired,
        "conditions": conditions,
    })
}
