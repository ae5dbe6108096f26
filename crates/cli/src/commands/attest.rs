//! `attestry attest`: asks a running service for a token and validates it as a relying party would.

use std::path::{Path, PathBuf};

use attestry_api::AttestationType;
use attestry_api::snp_evidence::SnpEvidence;
use attestry_client::{Attestation, AttestationResult, ClientError, Data};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::failure::{Failure, Verdict};
use crate::output::{CAUTION, GOOD, Output, facts, paint};
use crate::{input, service};

/// Ask a service for a token and validate it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry attest --endpoint https://localhost:8443 --ca ./data/tls/ca.pem \\
      --type sgx-enclave --evidence quote.bin --runtime-data runtime.json --runtime-data-type json

  # Only the claims, for a script:
  attestry attest --json --endpoint https://localhost:8443 --ca ca.pem \\
      --type tdx-vm --evidence tdquote.bin | jq .claims

  # Would this policy accept my enclave? (the answer is an unsigned draft token)
  attestry attest --endpoint https://localhost:8443 --ca ca.pem \\
      --type sgx-enclave --evidence quote.bin --draft-policy policy.txt")]
pub struct Args {
    /// What kind of evidence it is: sgx-enclave, open-enclave, tdx-vm or sev-snp-vm
    #[arg(long = "type", value_name = "TYPE", value_parser = crate::input::attestation_type)]
    kind: AttestationType,

    /// The evidence: raw bytes, hex or base64; `-` reads stdin
    #[arg(long, value_name = "FILE")]
    evidence: PathBuf,

    /// For a bare SNP report: certificate of the key that signed it, and those above (PEM)
    #[arg(long, value_name = "FILE")]
    vek: Option<PathBuf>,

    /// Data whose SHA-256 is in the evidence's report data
    #[arg(long, value_name = "FILE")]
    runtime_data: Option<PathBuf>,

    /// How the runtime data appears in the token: as an object or as base64url
    #[arg(
        long,
        value_name = "KIND",
        default_value = "binary",
        requires = "runtime_data"
    )]
    runtime_data_type: DataKind,

    /// Data that was bound to the evidence when the enclave or guest was made
    #[arg(long, value_name = "FILE")]
    init_time_data: Option<PathBuf>,

    /// How the init-time data appears in the token
    #[arg(
        long,
        value_name = "KIND",
        default_value = "binary",
        requires = "init_time_data"
    )]
    init_time_data_type: DataKind,

    /// A text to copy into the token
    #[arg(long, value_name = "TEXT")]
    nonce: Option<String>,

    /// Try this policy instead of the provider's; the token is then unsigned
    #[arg(long, value_name = "FILE")]
    draft_policy: Option<PathBuf>,

    #[command(flatten)]
    connection: service::Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DataKind {
    Json,
    Binary,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let attestation = attestation(args)?;
    let client = args.connection.client()?;
    let answer = service::block_on(async { Ok(client.attest(&attestation).await) })?;
    match answer {
        Ok(result) => accepted(&result, output),
        Err(error) if error.is_refusal() => refused(&error, output),
        Err(error) => Err(service::failure(&error)),
    }
}

fn attestation(args: &Args) -> Result<Attestation, Failure> {
    let mut attestation = Attestation::new(args.kind, evidence(args)?);
    if let Some(path) = &args.runtime_data {
        attestation = attestation.runtime_data(data(path, args.runtime_data_type)?);
    }
    if let Some(path) = &args.init_time_data {
        attestation = attestation.init_time_data(data(path, args.init_time_data_type)?);
    }
    if let Some(path) = &args.draft_policy {
        attestation = attestation.draft_policy(input::read_text(path)?);
    }
    if let Some(nonce) = &args.nonce {
        attestation = attestation.nonce(nonce);
    }
    Ok(attestation)
}

/// The evidence as it is posted: a bare SNP report goes into the JSON that has room for its certificates.
fn evidence(args: &Args) -> Result<Vec<u8>, Failure> {
    let evidence = input::read_evidence(&args.evidence)?;
    if args.kind != AttestationType::SevSnpVm || evidence.trim_ascii_start().starts_with(b"{") {
        return Ok(evidence);
    }
    let evidence = SnpEvidence {
        report: evidence,
        vcek_cert_chain: args.vek.as_deref().map(input::read).transpose()?,
        uvm_endorsements: Vec::new(),
    };
    Ok(evidence.to_json().into_bytes())
}

fn data(path: &Path, kind: DataKind) -> Result<Data, Failure> {
    let bytes = input::read(path)?;
    Ok(match kind {
        DataKind::Json => Data::Json(bytes),
        DataKind::Binary => Data::Binary(bytes),
    })
}

/// The token goes to stdout alone, so that it can be piped; what was checked goes to stderr.
fn accepted(result: &AttestationResult, output: Output) -> Result<Verdict, Failure> {
    if output.is_json() {
        Output::document(&json!({
            "token": result.token(),
            "header": result.header(),
            "claims": result.claims(),
            "validated": result.is_signed(),
        }))?;
        return Ok(Verdict::Accepted);
    }
    let claim = |name| {
        result
            .claims()
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    if result.is_signed() {
        Output::note(&format!(
            "{} signature, issuer and times are good",
            paint(GOOD, "accepted:")
        ));
    } else {
        Output::note(&format!(
            "{} an unsigned draft token, it proves nothing",
            paint(CAUTION, "accepted:")
        ));
    }
    Output::note(
        facts([
            ("issuer", claim("iss")),
            ("policy hash", claim("x-ms-policy-hash")),
        ])
        .trim_end(),
    );
    Output::text(result.token())?;
    Ok(Verdict::Accepted)
}

fn refused(error: &ClientError, output: Output) -> Result<Verdict, Failure> {
    if output.is_json() {
        let reason =
            service::refusal_document(error).unwrap_or_else(|| json!({"message": error.to_string()}));
        Output::document(&json!({
            "token": null, "header": null, "claims": null, "validated": false, "error": reason,
        }))?;
        return Ok(Verdict::Refused);
    }
    service::print_refusal(error);
    Ok(Verdict::Refused)
}
