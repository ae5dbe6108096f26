//! Talking to a running service: the client from the common options, and what its failures mean for the exit status.

use std::future::Future;
use std::path::{Path, PathBuf};

use attestry_client::{Client, ClientBuilder, ClientError, InnerError};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{BAD, Output, facts, paint};

/// Which service, and as whom.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Base URL of the service or provider
    #[arg(long, value_name = "URL", env = "ATTESTRY_ENDPOINT")]
    endpoint: String,

    /// Certificate (PEM) of the authority that issued the service's TLS certificate
    #[arg(long, value_name = "FILE", env = "ATTESTRY_CA")]
    ca: Option<PathBuf>,

    /// Bearer token to authenticate with, where the service asks for one
    #[arg(long, value_name = "TOKEN", env = "ATTESTRY_TOKEN", hide_env_values = true)]
    token_auth: Option<String>,

    /// Client certificate (PEM) to authenticate with
    #[arg(
        long,
        value_name = "FILE",
        env = "ATTESTRY_CLIENT_CERT",
        requires = "client_key"
    )]
    client_cert: Option<PathBuf>,

    /// Private key (PEM) of the client certificate
    #[arg(
        long,
        value_name = "FILE",
        env = "ATTESTRY_CLIENT_KEY",
        requires = "client_cert"
    )]
    client_key: Option<PathBuf>,
}

impl Connection {
    /// The client; nothing is sent yet.
    pub fn client(&self) -> Result<Client, Failure> {
        let mut builder = client(&self.endpoint, self.ca.as_deref(), self.token_auth.as_deref())?;
        if let (Some(certificate), Some(key)) = (&self.client_cert, &self.client_key) {
            let pem = [input::read(certificate)?, b"\n".to_vec(), input::read(key)?].concat();
            builder = builder.identity_pem(pem);
        }
        builder.build().map_err(|error| failure(&error))
    }
}

/// Runs a future to its end on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime
        .map_err(|error| Failure::environment(format!("cannot start: {error}")))?
        .block_on(future)
}

/// A client for `endpoint`, its TLS certificate issued by the authority in the file `ca` or a public one.
pub fn client(endpoint: &str, ca: Option<&Path>, bearer: Option<&str>) -> Result<ClientBuilder, Failure> {
    let mut builder = Client::builder(endpoint);
    if let Some(path) = ca {
        builder = builder.ca_pem(input::read(path)?);
    }
    if let Some(token) = bearer {
        builder = builder.bearer(token);
    }
    Ok(builder)
}

/// A failed call as a failure of the command.
pub fn failure(error: &ClientError) -> Failure {
    let message = error.to_string();
    match error {
        ClientError::Endpoint { .. }
        | ClientError::CertificateAuthority { .. }
        | ClientError::Identity { .. }
        | ClientError::Certificate { .. }
        | ClientError::Envelope { .. }
        | ClientError::NotAJsonObject { .. } => Failure::usage(message),
        ClientError::Unreachable { reason, .. } if reason.contains("UnknownIssuer") => Failure::environment(message)
            .hint("give the certificate authority of the service with --ca; for `serve --dev` it is <data>/tls/ca.pem"),
        ClientError::Unreachable { .. } => Failure::environment(message).hint("is the service running there?"),
        error if error.is_refusal() => Failure::refused(message),
        _ => Failure::environment(message),
    }
}

/// Reports what the service said no to, and why: for people on stderr, for scripts as a document. Anything else is a
/// failure of the command.
pub fn refused(error: &ClientError, output: Output) -> Result<Verdict, Failure> {
    if !error.is_refusal() {
        return Err(failure(error));
    }
    if output.is_json() {
        let reason = refusal_document(error).unwrap_or_else(|| json!({"message": error.to_string()}));
        Output::document(&json!({ "error": reason }))?;
    } else {
        print_refusal(error);
    }
    Ok(Verdict::Refused)
}

/// The refusal for people, with the service's explanation.
pub fn print_refusal(error: &ClientError) {
    let ClientError::Service {
        message,
        inner,
        request_id,
        ..
    } = error
    else {
        Output::note(&format!("{} {error}", paint(BAD, "refused:")));
        return;
    };
    Output::note(&format!("{} {message}", paint(BAD, "refused:")));
    let mut rows = inner.as_deref().map(refusal_rows).unwrap_or_default();
    rows.extend(request_id.iter().map(|id| ("request id".to_owned(), id.clone())));
    Output::note(facts(rows).trim_end());
}

/// A refusal by the service as members of a JSON document: code, message and the explanation; nothing when the error
/// is not an answer of the service.
pub fn refusal_document(error: &ClientError) -> Option<Value> {
    let ClientError::Service {
        status,
        code,
        message,
        inner,
        request_id,
        ..
    } = error
    else {
        return None;
    };
    let mut document = Map::new();
    document.insert("status".to_owned(), json!(status));
    document.insert("code".to_owned(), json!(code));
    document.insert("message".to_owned(), json!(message));
    document.insert("innererror".to_owned(), json!(inner));
    document.insert("request_id".to_owned(), json!(request_id));
    Some(Value::Object(document))
}

/// The service's explanation of a refusal as rows to print.
pub fn refusal_rows(inner: &InnerError) -> Vec<(String, String)> {
    let named = [
        ("stage", inner.stage.as_deref()),
        ("code", Some(inner.code.as_str())),
        ("field", inner.field.as_deref()),
        ("expected", inner.expected.as_deref()),
        ("found", inner.found.as_deref()),
    ];
    let mut rows: Vec<(String, String)> = named
        .into_iter()
        .filter_map(|(label, value)| {
            Some((
                label.to_owned(),
                value.filter(|text| !text.is_empty())?.to_owned(),
            ))
        })
        .collect();
    for (name, value) in &inner.details {
        rows.extend(detail_rows(name, value));
    }
    if let Some(hint) = inner.hint.as_deref().filter(|text| !text.is_empty()) {
        rows.push(("hint".to_owned(), hint.to_owned()));
    }
    rows
}

/// One member of the explanation. A list of objects (the shortfalls of a TCB) gets a row for each.
fn detail_rows(name: &str, value: &Value) -> Vec<(String, String)> {
    match (name, value) {
        // What the policy saw is for programs: too long to be read here.
        (_, Value::Null) | ("claims", _) => Vec::new(),
        ("trace", Value::Array(items)) => items
            .iter()
            .map(|item| ("rule".to_owned(), traced_rule(item)))
            .collect(),
        ("shortfalls", Value::Array(items)) => items
            .iter()
            .map(|item| ("too low".to_owned(), shortfall(item)))
            .collect(),
        ("diagnostics", Value::Array(items)) => items
            .iter()
            .map(|item| ("mistake".to_owned(), finding(item)))
            .collect(),
        (_, Value::Array(items)) if items.iter().any(Value::is_object) => items
            .iter()
            .map(|item| (name.to_owned(), one_line(item)))
            .collect(),
        _ => vec![(label(name), one_line(value))],
    }
}

/// `{"component", "found", "needed"}`.
fn shortfall(item: &Value) -> String {
    let member = |name| item.get(name).map(one_line).unwrap_or_default();
    format!(
        "{}: SVN {}, {} is needed",
        member("component"),
        member("found"),
        member("needed")
    )
}

/// `{"severity", "line", "column", "message", "code"}`.
fn finding(item: &Value) -> String {
    let member = |name| item.get(name).map(one_line).unwrap_or_default();
    let place = format!("line {}, column {}", member("line"), member("column"));
    format!(
        "{}, {place}: {} [{}]",
        member("severity"),
        member("message"),
        member("code")
    )
}

/// `{"rule", "action", "fired", "because"}`.
fn traced_rule(item: &Value) -> String {
    let member = |name| item.get(name).map(one_line).unwrap_or_default();
    let fired = item.get("fired").and_then(Value::as_bool).unwrap_or_default();
    let (fired, because) = (if fired { "applied" } else { "did not apply" }, member("because"));
    let separator = if because.is_empty() { "" } else { ": " };
    format!("{} {fired}{separator}{because}", member("rule"))
}

/// The members of the wire in words.
fn label(name: &str) -> String {
    match name {
        "tcbDate" => "TCB date",
        "tcbStatus" => "TCB status",
        "tcbEvaluationDataNumber" => "TCB number",
        other => other,
    }
    .to_owned()
}

fn one_line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(one_line).collect::<Vec<_>>().join(", "),
        Value::Object(members) => members
            .iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| format!("{name} {}", one_line(value)))
            .collect::<Vec<_>>()
            .join(", "),
        other => other.to_string(),
    }
}
