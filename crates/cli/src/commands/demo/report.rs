//! What the demo shows: a table, the explained refusal, and what to try next.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anstyle::Style;
use attestry_client::ClientError;
use serde_json::{Map, Value, json};

use super::samples::Samples;
use super::{Outcome, Step};
use crate::output::{BAD, BOLD, CAUTION, FAINT, GOOD, NAME, facts, paint, table};
use crate::service;

/// What happened, in the order in which it happened.
pub struct Report {
    endpoint: String,
    ca: PathBuf,
    data: PathBuf,
    temporary: bool,
    started_in: Duration,
    pub steps: Vec<Step>,
    pub total: Duration,
}

impl Report {
    pub fn new(endpoint: &str, ca: &Path, data: &Path, temporary: bool, started_in: Duration) -> Self {
        Self {
            endpoint: endpoint.to_owned(),
            ca: ca.to_owned(),
            data: data.to_owned(),
            temporary,
            started_in,
            steps: Vec::new(),
            total: Duration::ZERO,
        }
    }

    /// Whether everything went as it should.
    pub fn passed(&self) -> bool {
        self.steps
            .iter()
            .all(|step| !matches!(step.outcome, Outcome::Failed(_)))
    }

    /// For scripts.
    pub fn document(&self) -> Value {
        json!({
            "passed": self.passed(),
            "endpoint": self.endpoint,
            "ca": self.ca,
            "started_in_ms": milliseconds(self.started_in),
            "total_ms": milliseconds(self.total),
            "steps": self.steps.iter().map(step_document).collect::<Vec<_>>(),
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "\n{}  {}\n\n",
            paint(BOLD, "Attestry demo"),
            paint(
                CAUTION,
                "development mode: forged evidence is trusted here, and nowhere else"
            )
        );
        let started = format!("{}   started in {}", self.endpoint, time(self.started_in));
        text.push_str(&facts([
            ("service", started),
            (
                "data",
                format!(
                    "{}{}",
                    self.data.display(),
                    if self.temporary {
                        "   removed at the end"
                    } else {
                        ""
                    }
                ),
            ),
            (
                "trusts",
                "the forge's roots (test only); no network is used".to_owned(),
            ),
        ]));
        let _ = writeln!(text, "\n{}", self.table());
        for step in &self.steps {
            if let Outcome::Refused(error) = &step.outcome {
                text.push_str(&refusal(step.title, error));
            }
            if let Outcome::Withheld(reason) = &step.outcome {
                let _ = writeln!(
                    text,
                    "{}\n  {reason}\n",
                    paint(BOLD, format_args!("Why was \"{}\" withheld?", step.title))
                );
            }
        }
        text.push_str(&self.summary());
        text
    }

    fn table(&self) -> String {
        let heading = ["", "evidence", "attested", "verified", "the token says"];
        let mut rows = vec![heading.map(|text| (FAINT, text.to_owned())).to_vec()];
        rows.extend(self.steps.iter().map(row));
        table(&rows)
    }

    fn summary(&self) -> String {
        let total = time(self.total);
        if self.passed() {
            return format!(
                "{} every token passed: metadata, keys, signature, issuer, times, claims ({total} in all)\n",
                paint(GOOD, "ok:")
            );
        }
        let mut text = format!(
            "{} not everything went as it should ({total} in all)\n",
            paint(BAD, "failed:")
        );
        for step in &self.steps {
            if let Outcome::Failed(reason) = &step.outcome {
                let _ = writeln!(text, "  {}: {reason}", step.title);
            }
        }
        text
    }

    /// Commands to copy, with the addresses and files of this run.
    pub fn what_next(&self, samples: &Samples) -> String {
        let (url, ca, program) = (&self.endpoint, self.ca.display(), program());
        let request = samples.request();
        let quote = samples.evidence("sgx-quote");
        let (request, quote, data) = (request.display(), quote.display(), samples.runtime_data());
        let data = data.display();
        let heading = |text: &str| paint(NAME, format_args!("  # {text}"));
        format!(
            "\n{}\n\n\
             {}\n  curl --cacert {ca} \\\n    {url}/.well-known/openid-configuration\n\n\
             {}\n  curl --cacert {ca} \\\n    -H 'Content-Type: application/json' --data @{request} \\\n    \
             '{url}/attest/SgxEnclave?api-version=2022-08-01'\n\n\
             {}\n  {program} attest --json --type sgx-enclave \\\n    --evidence {quote} \\\n    \
             --runtime-data {data} --runtime-data-type json \\\n    --endpoint {url} --ca {ca}\n\n\
             {}\n  {program} inspect {quote}\n\n\
             {}\n  {program} forge sgx-quote --set report.debug=true --out debug.bin\n\n\
             {}\n  pip install azure-security-attestation six\npython3 - <<'PY'\n{}PY\n\n{}",
            paint(BOLD, "What to try next, in another terminal"),
            heading("what the service says of itself"),
            heading("a token, as any HTTP client gets it"),
            heading("the same with this program, which also validates the token"),
            heading("what is in that quote"),
            heading("evidence of your own: `forge fields` lists what can be set"),
            heading("Microsoft's own SDK, unmodified"),
            python(url, &ca.to_string(), &quote.to_string(), &data.to_string()),
            paint(BOLD, "Serving until Ctrl-C."),
        )
    }
}

fn row(step: &Step) -> Vec<(Style, String)> {
    let plain = Style::new();
    let (style, mark, verified, says) = match &step.outcome {
        Outcome::Accepted(claims) => (GOOD, "✓", time(step.verify), says(claims)),
        Outcome::Refused(_) => (
            GOOD,
            "✓",
            "-".to_owned(),
            "no token: refused, as it has to be".to_owned(),
        ),
        Outcome::Released(what) => (GOOD, "✓", time(step.verify), format!("released: {what}")),
        Outcome::Withheld(_) => (
            GOOD,
            "✓",
            time(step.verify),
            "no secret: withheld, as it has to be".to_owned(),
        ),
        Outcome::Failed(_) => (BAD, "✗", "-".to_owned(), "failed, see below".to_owned()),
    };
    vec![
        (style, mark.to_owned()),
        (BOLD, step.title.to_owned()),
        (plain, time(step.attest)),
        (plain, verified),
        (FAINT, says),
    ]
}

/// The measurement that a relying party would pin.
fn says(claims: &Map<String, Value>) -> String {
    let text = |name: &str| {
        claims
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let short = |hex: String| hex.chars().take(8).collect::<String>();
    let kind = text("x-ms-attestation-type");
    match (claims.get("x-ms-sgx-svn"), kind.as_str()) {
        (Some(svn), _) => format!(
            "mrenclave {}…, svn {svn}, not debuggable",
            short(text("x-ms-sgx-mrenclave"))
        ),
        (None, "sevsnpvm") => format!(
            "measurement {}…, {}, not debuggable",
            short(text("x-ms-sevsnpvm-launchmeasurement")),
            text("x-ms-sevsnpvm-chip-family")
        ),
        (None, _) => format!(
            "mrtd {}…, {}, debug {}",
            short(text("tdx_mrtd")),
            text("attester_tcb_status"),
            text("dbgstat")
        ),
    }
}

fn refusal(title: &str, error: &ClientError) -> String {
    let ClientError::Service {
        status,
        code,
        message,
        inner,
        ..
    } = error
    else {
        return String::new();
    };
    let rows = inner.as_deref().map(service::refusal_rows).unwrap_or_default();
    format!(
        "{}\n  {} {message}\n{}\n",
        paint(BOLD, format_args!("Why was \"{title}\" refused?")),
        paint(CAUTION, format_args!("{status} {code}:")),
        facts(rows)
    )
}

fn step_document(step: &Step) -> Value {
    let (outcome, claims, error) = match &step.outcome {
        Outcome::Accepted(claims) => ("accepted", json!(claims), Value::Null),
        Outcome::Refused(error) => ("refused", Value::Null, json!(service::refusal_document(error))),
        Outcome::Released(_) => ("accepted", Value::Null, Value::Null),
        Outcome::Withheld(reason) => ("refused", Value::Null, json!({"message": reason})),
        Outcome::Failed(reason) => ("failed", Value::Null, json!({"message": reason})),
    };
    json!({
        "evidence": step.title,
        "type": step.kind,
        "outcome": outcome,
        "attest_ms": milliseconds(step.attest),
        "verify_ms": milliseconds(step.verify),
        "claims": claims,
        "error": error,
    })
}

/// This program as it can be called again from the same directory.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "attestry".to_owned())
}

/// Flush left, so that it can be pasted as it stands.
fn python(url: &str, ca: &str, quote: &str, data: &str) -> String {
    format!(
        "import time\n\
         from azure.core.credentials import AccessToken\n\
         from azure.security.attestation import AttestationClient\n\
         class AnyToken:\n    \
         def get_token(self, *scopes, **kw): return AccessToken(\"dev\", int(time.time()) + 3600)\n\
         client = AttestationClient(\"{url}\", credential=AnyToken(),\n    \
         connection_verify=\"{ca}\")\n\
         result, token = client.attest_sgx_enclave(open(\"{quote}\", \"rb\").read(),\n    \
         runtime_json=open(\"{data}\", \"rb\").read())\n\
         print(result.mr_enclave, result.runtime_claims)\n"
    )
}

fn time(duration: Duration) -> String {
    let milliseconds = milliseconds(duration);
    if milliseconds >= 1000.0 {
        format!("{:.1} s", milliseconds / 1000.0)
    } else if milliseconds >= 100.0 {
        format!("{milliseconds:.0} ms")
    } else {
        format!("{milliseconds:.1} ms")
    }
}

/// To a tenth.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}
