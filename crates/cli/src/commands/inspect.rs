//! `attestry inspect`: what is in this file? Decodes and names, verifies nothing.

use std::path::PathBuf;

use attestry_api::snp_evidence::SnpEvidence;
use attestry_evidence::dcap::CollateralDocuments;
use attestry_evidence::inspect::{self, Node};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::token::{Decoded, looks_like_a_token, token_in};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::tree::tree;
use crate::output::{FAINT, Output, paint};

/// Decode evidence, certificates, CRLs, collateral or tokens into a tree; verifies nothing
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry inspect quote.bin
  attestry inspect --type token token.jwt
  attestry inspect snp-report.bin
  curl -s --cacert ca.pem $URL/certs | jq -r '.keys[0].x5c[0]' | attestry inspect -

The type is recognised from the content. Offsets are in bytes from the start of the file.")]
pub struct Args {
    /// The file to look into; `-` reads stdin
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// Read the file as this type instead of recognising it
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<Kind>,

    /// Show long values whole
    #[arg(long)]
    full: bool,
}

/// What a file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// An SGX or TDX quote
    Quote,
    /// An Open Enclave report or evidence
    OpenEnclave,
    /// Open Enclave endorsements
    OpenEnclaveEndorsements,
    /// An SEV-SNP attestation report
    SnpReport,
    /// The report of a `SevSnpVm` request: report, certificates and endorsements in JSON
    SnpEvidence,
    /// The HCL report of an Azure confidential VM
    HclReport,
    /// Azure's answer about the chip that a guest runs on (THIM), JSON
    Thim,
    /// A certificate or a chain, PEM or DER
    Certificate,
    /// A certificate revocation list, PEM or DER
    Crl,
    /// Intel TCB info
    TcbInfo,
    /// Intel QE identity
    QeIdentity,
    /// A set of collateral documents in one JSON file
    Collateral,
    /// Any other JSON document
    Json,
    /// A token (JWT or JWS)
    Token,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let bytes = input::read(&args.file)?;
    let name = input::name(&args.file);
    let unknown = || {
        Failure::usage(format!("{name} is nothing that is known here"))
            .hint("give --type to read it as a certain type and see what is wrong with it")
    };
    let (kind, bytes, from_text) = match args.kind {
        Some(kind) => (kind, bytes, false),
        None => match (recognise(&bytes), input::decode_text(&bytes)) {
            (Some(kind), _) => (kind, bytes, false),
            (None, Some(decoded)) => (recognise(&decoded).ok_or_else(unknown)?, decoded, true),
            (None, None) => return Err(unknown()),
        },
    };
    if kind == Kind::Token {
        let decoded = Decoded::parse(&token_in(&String::from_utf8_lossy(&bytes)))?;
        let mut document = decoded.document();
        if let Some(members) = document.as_object_mut() {
            members.insert("type".to_owned(), json!("token"));
        }
        output.answer(&document, || decoded.text())?;
        return Ok(Verdict::Accepted);
    }
    let node = decode(kind, &bytes).map_err(|reason| Failure::refused(format!("{name}: {reason}")))?;
    output.answer(
        &json!({"type": kind.name(), "decoded_from_text": from_text, "tree": node}),
        || {
            let note = if from_text {
                ", decoded from text; offsets are into the decoded bytes"
            } else {
                ""
            };
            format!(
                "{}{}\n{}",
                kind.name(),
                paint(FAINT, note),
                tree(&node, args.full)
            )
        },
    )?;
    Ok(Verdict::Accepted)
}

impl Kind {
    /// The name on the command line.
    fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }
}

/// What the bytes look like; text encodings of binary files are not seen through.
fn recognise(bytes: &[u8]) -> Option<Kind> {
    match bytes {
        // A small version, and the size of a report.
        [1..=9, 0, 0, 0, ..] if inspect::snp_report(bytes).is_ok() => Some(Kind::SnpReport),
        [b'H', b'C', b'L', b'A', ..] => Some(Kind::HclReport),
        // Quote header: version 3 to 5, attestation key type 2 (ECDSA P-256).
        [3..=5, 0, 2, 0, ..] => Some(Kind::Quote),
        // Open Enclave: header version 1 for reports and for endorsements, 3 for evidence.
        [1, 0, 0, 0, ..] if inspect::open_enclave(bytes).is_err() && inspect::endorsements(bytes).is_ok() => {
            Some(Kind::OpenEnclaveEndorsements)
        }
        [1 | 3, 0, 0, 0, ..] => Some(Kind::OpenEnclave),
        // DER SEQUENCE: a CRL is what is no certificate.
        [0x30, 0x81..=0x84, ..] if inspect::certificate_chain(bytes).is_ok() => Some(Kind::Certificate),
        [0x30, 0x81..=0x84, ..] if inspect::crl(bytes).is_ok() => Some(Kind::Crl),
        _ => recognise_text(std::str::from_utf8(bytes).ok()?),
    }
}

fn recognise_text(text: &str) -> Option<Kind> {
    if text.contains("-----BEGIN X509 CRL-----") {
        return Some(Kind::Crl);
    }
    if text.contains("-----BEGIN CERTIFICATE-----") && !text.trim_start().starts_with('{') {
        return Some(Kind::Certificate);
    }
    if looks_like_a_token(text) {
        return Some(Kind::Token);
    }
    let document: Value = serde_json::from_str(text).ok()?;
    let has = |member| document.get(member).is_some();
    match () {
        () if has("SnpReport") => Some(Kind::SnpEvidence),
        () if has("vcekCert") => Some(Kind::Thim),
        () if has("tcbInfo") => Some(Kind::TcbInfo),
        () if has("enclaveIdentity") => Some(Kind::QeIdentity),
        () if has("tcb_info") && has("pck_crl") => Some(Kind::Collateral),
        () if has("token") => Some(Kind::Token),
        () if document.is_object() => Some(Kind::Json),
        () => None,
    }
}

fn decode(kind: Kind, bytes: &[u8]) -> Result<Node, String> {
    let not_json = || "it is not a JSON document".to_owned();
    match kind {
        Kind::Quote => inspect::quote(bytes).map_err(|error| error.to_string()),
        Kind::OpenEnclave => inspect::open_enclave(bytes).map_err(|error| error.to_string()),
        Kind::OpenEnclaveEndorsements => inspect::endorsements(bytes).map_err(|error| error.to_string()),
        Kind::SnpReport => inspect::snp_report(bytes).map_err(|error| error.to_string()),
        Kind::SnpEvidence => snp_evidence(bytes),
        Kind::HclReport => inspect::hcl_report(bytes).map_err(|error| error.to_string()),
        Kind::Thim => inspect::json("thim", bytes).ok_or_else(not_json),
        Kind::Certificate => inspect::certificate_chain(bytes).map_err(|error| error.to_string()),
        Kind::Crl => inspect::crl(bytes).map_err(|error| error.to_string()),
        Kind::TcbInfo => inspect::json("tcb_info", bytes).ok_or_else(not_json),
        Kind::QeIdentity => inspect::json("qe_identity", bytes).ok_or_else(not_json),
        Kind::Json | Kind::Token => inspect::json("document", bytes).ok_or_else(not_json),
        Kind::Collateral => collateral(bytes),
    }
}

/// What a request brings, offsets counted from the start of each part.
fn snp_evidence(bytes: &[u8]) -> Result<Node, String> {
    let evidence = SnpEvidence::from_json(bytes).map_err(|error| error.to_string())?;
    let mut children = vec![inspect::snp_report(&evidence.report).map_err(|error| error.to_string())?];
    if let Some(chain) = &evidence.vcek_cert_chain {
        children.push(inspect::certificate_chain(chain).map_err(|error| error.to_string())?);
    }
    children.extend(evidence.uvm_endorsements.iter().map(|endorsement| Node {
        name: "uvm_endorsement".to_owned(),
        offset: 0,
        length: endorsement.len(),
        value: attestry_api::hex::encode(endorsement),
        children: Vec::new(),
    }));
    Ok(Node {
        name: "snp_evidence".to_owned(),
        offset: 0,
        length: bytes.len(),
        value: "offsets count from the start of each part".to_owned(),
        children,
    })
}

/// The documents one after the other, offsets counted from the start of each.
fn collateral(bytes: &[u8]) -> Result<Node, String> {
    let documents = CollateralDocuments::from_json(bytes).map_err(|error| error.to_string())?;
    let chain = |name: &str, bytes: &[u8]| {
        let decoded = inspect::certificate_chain(bytes).map_err(|error| format!("{name}: {error}"));
        decoded.map(|node| Node {
            name: name.to_owned(),
            ..node
        })
    };
    let crl = |name: &str, bytes: &[u8]| {
        let decoded = inspect::crl(bytes).map_err(|error| format!("{name}: {error}"));
        decoded.map(|node| Node {
            name: name.to_owned(),
            ..node
        })
    };
    let json = |name: &str, bytes: &[u8]| {
        inspect::json(name, bytes).ok_or_else(|| format!("{name}: it is not a JSON document"))
    };
    Ok(Node {
        name: "collateral".to_owned(),
        offset: 0,
        length: bytes.len(),
        value: "offsets count from the start of each document".to_owned(),
        children: vec![
            json("tcb_info", &documents.tcb_info)?,
            chain("tcb_info_issuer_chain", &documents.tcb_info_issuer_chain)?,
            json("qe_identity", &documents.qe_identity)?,
            chain("qe_identity_issuer_chain", &documents.qe_identity_issuer_chain)?,
            crl("root_ca_crl", &documents.root_ca_crl)?,
            crl("pck_crl", &documents.pck_crl)?,
            chain("pck_crl_issuer_chain", &documents.pck_crl_issuer_chain)?,
        ],
    })
}
