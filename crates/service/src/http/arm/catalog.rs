//! `GET /providers/Microsoft.Attestation/operations`: what can be done here, for tools that make roles and log settings
//! of it.

use axum::Json as Answer;
use serde_json::{Value, json};

use super::{
    request::{ArmCaller, Segments},
    version::ArmVersion,
};

pub(super) async fn get(_: Segments, _: ArmVersion, _: ArmCaller) -> Answer<Value> {
    let operations = OPERATIONS
        .iter()
        .map(|(action, resource, operation, description)| {
            json!({
                "name": format!("Microsoft.Attestation/{action}"),
                "display": {
                    "provider": "Microsoft Attestation",
                    "resource": resource,
                    "operation": operation,
                    "description": description,
                },
            })
        });
    let logs = LOGS
        .iter()
        .map(|name| json!({ "name": name, "displayName": name }));
    let logs = json!({
        "name": "Microsoft.Attestation/attestationProviders/providers/Microsoft.Insights/logDefinitions/read",
        "display": {
            "provider": "Microsoft Attestation",
            "resource": "Attestation providers",
            "operation": "Get the log definitions",
            "description": "Gets the categories of the diagnostic log.",
        },
        "properties": { "serviceSpecification": { "logSpecifications": logs.collect::<Vec<_>>() } },
    });
    Answer(json!({ "value": operations.chain([logs]).collect::<Vec<_>>() }))
}

/// Action, resource, operation, description.
const OPERATIONS: [(&str, &str, &str, &str); 9] = [
    (
        "attestationProviders/attestation/read",
        "Attestation",
        "Read policies",
        "Gets policies, policy signing certificates and TCB baselines.",
    ),
    (
        "attestationProviders/attestation/write",
        "Attestation",
        "Write policies",
        "Sets policies and adds policy signing certificates.",
    ),
    (
        "attestationProviders/attestation/delete",
        "Attestation",
        "Delete policies",
        "Resets policies and removes policy signing certificates.",
    ),
    (
        "attestationProviders/read",
        "Attestation providers",
        "Get an attestation provider",
        "Gets the status and the properties of attestation providers.",
    ),
    (
        "attestationProviders/write",
        "Attestation providers",
        "Create or update an attestation provider",
        "Creates attestation providers and changes their tags and switches.",
    ),
    (
        "attestationProviders/delete",
        "Attestation providers",
        "Delete an attestation provider",
        "Deletes attestation providers.",
    ),
    (
        "attestationProviders/privateEndpointConnections/read",
        "Private endpoint connections",
        "Get private endpoint connections",
        "Gets the private endpoint connections of an attestation provider.",
    ),
    (
        "attestationProviders/privateEndpointConnections/write",
        "Private endpoint connections",
        "Put a private endpoint connection",
        "Makes, approves and rejects private endpoint connections.",
    ),
    (
        "attestationProviders/privateEndpointConnections/delete",
        "Private endpoint connections",
        "Delete a private endpoint connection",
        "Deletes private endpoint connections.",
    ),
];

/// Categories of the diagnostic log (MAA documentation, "Azure Attestation logging").
const LOGS: [&str; 3] = ["AuditEvent", "NotProcessed", "Operational"];
