//! `attestry reference match`: evidence compared with reference values, every field told.

use std::fmt::Write as _;

use attestry_api::AttestationType;
use attestry_evidence::dcap::QuoteBody;
use attestry_evidence::reference::{
    Comparison, ComplianceStatus, Endorsement, Match, ReferenceValues, SnpGuest, TdxGuest,
};
use attestry_evidence::time::UnixTime;
use serde_json::{Value, json};

use super::{MatchArgs, read};
use crate::appraisal::{Appraised, Case};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{BAD, BOLD, CAUTION, FAINT, GOOD, NAME, Output, paint};

pub(super) fn run(args: &MatchArgs, output: Output) -> Result<Verdict, Failure> {
    if !matches!(args.kind, AttestationType::SevSnpVm | AttestationType::TdxVm) {
        return Err(Failure::usage(format!(
            "there are no reference values for evidence of type {}",
            args.kind.command_line_name()
        )));
    }
    let file = read(&args.reference, args.operator_key.as_deref())?;
    let case = Case::read(args.kind, &args.evidence, &args.options)?;
    let appraised = match case.judge() {
        Ok(appraised) => appraised,
        Err(judgement) => return Err(refused(&judgement.explain(args.kind)?)),
    };
    let now = UnixTime::new(args.options.at.unwrap_or_else(input::now));
    let endorsements: Vec<Endorsement<'_>> = appraised
        .endorsements
        .iter()
        .map(|verified| (&**verified).into())
        .collect();
    let outcome = compare(file.values(), &appraised, &endorsements, now)
        .ok_or_else(|| Failure::usage("the evidence is not of a confidential virtual machine"))?;
    output.answer(&document(&outcome, file.values()), || text(&outcome))?;
    Ok(match outcome.compliance() {
        Some(_) => Verdict::Accepted,
        None => Verdict::Refused,
    })
}

fn refused(explanation: &Value) -> Failure {
    let text = |name: &str| explanation.get(name).and_then(Value::as_str).unwrap_or_default();
    Failure::refused(format!("the evidence is refused: {}", text("message"))).hint(text("hint"))
}

fn compare<'a>(
    values: &'a ReferenceValues,
    appraised: &'a Appraised,
    endorsements: &'a [Endorsement<'a>],
    now: UnixTime,
) -> Option<Match<'a>> {
    let runtime_bound = appraised.runtime_bound;
    if let Some(appraisal) = &appraised.report {
        let guest = SnpGuest {
            appraisal,
            runtime_bound,
            endorsements,
        };
        return Some(values.match_snp(&guest, now));
    }
    match appraised.quote.as_ref()?.body() {
        QuoteBody::Tdx(report) => Some(values.match_tdx(
            &TdxGuest {
                report,
                runtime_bound,
            },
            now,
        )),
        QuoteBody::Sgx(_) => None,
    }
}

fn document(outcome: &Match<'_>, values: &ReferenceValues) -> Value {
    json!({
        "compliance": outcome.compliance().map(ComplianceStatus::name),
        "version": values.version(),
        "current": outcome.warning().is_none(),
        "matched": outcome.matched().collect::<Vec<_>>(),
        "comparisons": outcome.comparisons().iter().map(comparison).collect::<Vec<_>>(),
    })
}

fn comparison(comparison: &Comparison<'_>) -> Value {
    let fields = comparison.fields.iter().map(|field| {
        json!({
            "field": field.field,
            "expected": field.expected.to_string(),
            "found": field.found.to_string(),
            "met": field.met,
        })
    });
    json!({
        "section": comparison.section,
        "name": comparison.name,
        "matched": comparison.matched(),
        "fields": fields.collect::<Vec<_>>(),
    })
}

/// One line for what matches, the fields below what does not.
fn text(outcome: &Match<'_>) -> String {
    let mut text = match outcome.compliance() {
        Some(status) => format!("{}\n", paint(GOOD, status)),
        None => format!("{}\n", paint(BAD, "no compliance status")),
    };
    if let Some(warning) = outcome.warning() {
        let _ = writeln!(text, "{}", paint(CAUTION, warning));
    }
    for comparison in outcome.comparisons() {
        let (style, mark) = if comparison.matched() {
            (GOOD, "✓")
        } else {
            (BAD, "✗")
        };
        let (section, name) = (comparison.section, paint(BOLD, comparison.name));
        let _ = writeln!(text, "\n  {} {section} {name}", paint(style, mark));
        for field in &comparison.fields {
            let (style, mark) = if field.met { (GOOD, "✓") } else { (BAD, "✗") };
            let (mark, field_name) = (paint(style, mark), paint(NAME, field.field));
            let _ = writeln!(text, "      {mark} {field_name}");
            let _ = writeln!(text, "          {} {}", paint(FAINT, "expected"), field.expected);
            let _ = writeln!(text, "          {}    {}", paint(FAINT, "found"), field.found);
        }
    }
    text
}
