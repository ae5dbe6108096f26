//! A record: what is known of one request, as one or two lines of JSON.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// When it came.
    pub time: Timestamp,
    /// The operation, by MAA's name where MAA has one.
    pub operation: String,
    /// What kind of record it is.
    pub category: Category,
    /// Whether it is an administrative operation, which gets an audit event as well.
    pub administrative: bool,
    /// Status of the answer.
    pub status: u16,
    /// From the request's header to the answer's.
    pub duration: Duration,
    /// Where it came from.
    pub caller_address: Option<IpAddr>,
    /// W3C trace id.
    pub trace_id: String,
    /// The caller's span in the trace; empty when it sent none.
    pub parent_id: String,
    /// Who called, if that was asked and verified.
    pub identity: Option<Identity>,
    /// As it was asked for, without secrets.
    pub uri: String,
    /// What it was aimed at.
    pub resource_id: String,
    /// Location of that; empty when it has none.
    pub location: String,
    /// What went wrong, if anything did.
    pub failure: Option<Failure>,
    /// What was received.
    pub received: Received,
}

/// MAA's categories of records; audit events are written beside either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// A request to an operation.
    Operational,
    /// A request that was too malformed to get that far.
    NotProcessed,
}

/// A caller who was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// A name for people; proves nothing.
    pub name: Option<String>,
    /// Object id.
    pub object_id: Option<String>,
    /// Directory.
    pub tenant_id: Option<String>,
    /// Issuer and subject.
    pub id: String,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Whose matter it is.
    pub category: &'static str,
    /// Public codes of the refusal.
    pub details: String,
}

/// What was received.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Received {
    /// Header `User-Agent`.
    pub user_agent: String,
    /// Number of header fields.
    pub header_count: usize,
    /// Header `Content-Type`.
    pub content_type: String,
    /// Header `Content-Length`.
    pub content_length: Option<u64>,
    /// Number of cookies.
    pub cookie_count: usize,
    /// Header `traceparent`.
    pub traceparent: String,
}

impl Record {
    /// Says that records are missing at this place.
    pub(super) fn of_loss(lost: u64) -> Self {
        Self {
            time: Timestamp::now(),
            operation: "RecordsLost".to_owned(),
            category: Category::NotProcessed,
            administrative: false,
            status: 500,
            duration: Duration::ZERO,
            caller_address: None,
            trace_id: String::new(),
            parent_id: String::new(),
            identity: None,
            uri: String::new(),
            resource_id: String::new(),
            location: String::new(),
            failure: Some(Failure {
                category: "Service",
                details: format!("{lost} records are missing"),
            }),
            received: Received::default(),
        }
    }

    /// Whole lines of JSON in ASCII, so that nothing in them ends a line for any reader.
    pub(super) fn to_lines(&self) -> String {
        let mut lines = String::with_capacity(USUAL_BYTES);
        push_line(&mut lines, &self.request());
        if self.administrative {
            push_line(&mut lines, &self.audit_event());
        }
        lines
    }

    fn request(&self) -> RequestLine<'_> {
        let failure = self.failure.as_ref();
        RequestLine {
            time: self.time(),
            resource_id: &self.resource_id,
            region: &self.location,
            location: &self.location,
            operation_name: &self.operation,
            category: match self.category {
                Category::Operational => "Operational",
                Category::NotProcessed => "NotProcessed",
            },
            result_type: self.result_type(),
            result_signature: self.status.to_string(),
            duration_ms: milliseconds(self.duration),
            caller_ip_address: self.caller_address(),
            trace_context: json!({ "traceId": self.trace_id, "parentId": self.parent_id }).to_string(),
            identity: self.identity(),
            uri: &self.uri,
            level: self.level(),
            properties: Properties {
                failure_resource_id: "",
                failure_category: failure.map_or("None", |failure| failure.category),
                failure_details: failure.map_or("", |failure| &failure.details),
                info_data_received: InfoDataReceived {
                    headers: json!({ "User-Agent": self.received.user_agent }),
                    header_count: self.received.header_count,
                    content_type: &self.received.content_type,
                    content_length: self.received.content_length,
                    cookie_count: self.received.cookie_count,
                    trace_parent: &self.received.traceparent,
                },
            },
        }
    }

    /// The form that MAA's audit log had for changes.
    fn audit_event(&self) -> AuditLine<'_> {
        let identity = self.identity.as_ref();
        let all = [
            ("ObjectID", identity.and_then(|known| known.object_id.as_deref())),
            ("TenantId", identity.and_then(|known| known.tenant_id.as_deref())),
            ("UPN", identity.and_then(|known| known.name.as_deref())),
            ("Certificate", identity.and_then(Identity::certificate)),
            ("Subject", identity.map(|known| known.id.as_str())),
        ];
        let identities = all.into_iter().filter_map(|(kind, value)| {
            Some(json!({ "callerIdentityType": kind, "callerIdentity": value? }))
        });
        let mut targets = vec![target("ResourceId", &self.resource_id)];
        if !self.location.is_empty() {
            targets.push(target("ResourceRegion", &self.location));
        }
        AuditLine {
            time: self.time(),
            category: "AuditEvent",
            operation_name: &self.operation,
            result_type: self.result_type(),
            result_description: self.failure.as_ref().map_or("", |failure| &failure.details),
            result_signature: self.status.to_string(),
            audit_event_category: ["ApplicationManagement"],
            caller_ip_address: self.caller_address(),
            caller_display_name: identity
                .and_then(|known| known.name.as_deref())
                .unwrap_or_default(),
            caller_identities: identities.collect(),
            target_resources: targets,
            trace_context: json!({ "traceId": self.trace_id, "parentId": self.parent_id }).to_string(),
        }
    }

    /// Universal time with seven digits of a second's fraction.
    fn time(&self) -> String {
        format!("{:.7}", self.time)
    }

    fn succeeded(&self) -> bool {
        self.status < 400
    }

    fn result_type(&self) -> &'static str {
        if self.succeeded() { "Succeeded" } else { "Failed" }
    }

    fn level(&self) -> &'static str {
        match self.status {
            ..400 => "Informational",
            400..500 => "Warning",
            500.. => "Error",
        }
    }

    /// As an IPv6 address, which an IPv4 address is mapped into (RFC 4291, 2.5.5.2).
    fn caller_address(&self) -> String {
        self.caller_address
            .map_or_else(String::new, |address| match address {
                IpAddr::V4(address) => format!("::ffff:{address}"),
                IpAddr::V6(address) => match address.to_ipv4_mapped() {
                    Some(mapped) => format!("::ffff:{mapped}"),
                    None => address.to_string(),
                },
            })
    }

    fn identity(&self) -> String {
        let known = self.identity.as_ref();
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        json!({
            "callerAadUPN": text(known.and_then(|known| known.name.as_deref())),
            "callerAadObjectId": text(known.and_then(|known| known.object_id.as_deref())),
            "callerId": text(known.map(|known| known.id.as_str())),
        })
        .to_string()
    }
}

impl Identity {
    /// Fingerprint of the certificate, of callers who showed one.
    fn certificate(&self) -> Option<&str> {
        self.id.strip_prefix("client certificate#")
    }
}

fn target(kind: &str, name: &str) -> Value {
    json!({ "targetResourceType": kind, "targetResourceName": name })
}

/// With a thousandth's precision.
fn milliseconds(duration: Duration) -> f64 {
    let micros = u32::try_from(duration.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1_000.0
}

/// JSON escapes control characters; what else a reader may take for the end of a line is not ASCII.
fn push_line(lines: &mut String, line: &impl Serialize) {
    let Ok(text) = serde_json::to_string(line) else {
        return;
    };
    for character in text.chars() {
        if character.is_ascii() && character != '\u{7f}' {
            lines.push(character);
        } else {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                // Writing to a `String` cannot fail.
                let _ = write!(lines, "\\u{unit:04x}");
            }
        }
    }
    lines.push('\n');
}

/// MAA's names of the fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestLine<'r> {
    #[serde(rename = "Time")]
    time: String,
    resource_id: &'r str,
    region: &'r str,
    location: &'r str,
    operation_name: &'r str,
    category: &'static str,
    result_type: &'static str,
    result_signature: String,
    duration_ms: f64,
    caller_ip_address: String,
    trace_context: String,
    identity: String,
    uri: &'r str,
    level: &'static str,
    properties: Properties<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'r> {
    failure_resource_id: &'static str,
    failure_category: &'static str,
    failure_details: &'r str,
    info_data_received: InfoDataReceived<'r>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InfoDataReceived<'r> {
    headers: Value,
    header_count: usize,
    content_type: &'r str,
    content_length: Option<u64>,
    cookie_count: usize,
    trace_parent: &'r str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuditLine<'r> {
    #[serde(rename = "Time")]
    time: String,
    category: &'static str,
    operation_name: &'r str,
    result_type: &'static str,
    result_description: &'r str,
    result_signature: String,
    audit_event_category: [&'static str; 1],
    caller_ip_address: String,
    caller_display_name: &'r str,
    caller_identities: Vec<Value>,
    target_resources: Vec<Value>,
    trace_context: String,
}

/// What a record usually takes.
const USUAL_BYTES: usize = 1_024;

#[cfg(test)]
mod tests;
