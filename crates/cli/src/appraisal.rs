//! Evidence from files, appraised offline: what `verify` reports and what policies are evaluated over.

use std::path::{Path, PathBuf};

use attestry_api::AttestationType;
use attestry_evidence::dcap::{
    Appraisal, CollateralDocuments, Quote, QuoteBody, Staleness, Tee, VerifiedCollateral, VerifiedPck,
    appraise,
};
use attestry_evidence::openenclave;
use attestry_evidence::rejection::Rejected;
use attestry_evidence::time::UnixTime;
use attestry_evidence::x509::TrustAnchors;
use attestry_evidence::{binding, sgx, tdx};
use attestry_policy::ClaimSet;
use attestry_service::attest::{Findings, policy_claims};
use attestry_service::collateral::{CollateralKey, Edition};
use aws_lc_rs::digest;
use serde_json::{Map, Value, json};

use crate::collateral_files::{self, Entry};
use crate::failure::Failure;
use crate::input;

/// What evidence is verified with.
#[derive(Debug, Default, clap::Args)]
pub struct Options {
    /// Collateral: a bundle, a directory, or one JSON file with the nine documents
    #[arg(long, value_name = "PATH")]
    pub collateral: Option<PathBuf>,

    /// Public key (PEM) of the operator who signed the bundle
    #[arg(long, value_name = "FILE")]
    pub bundle_key: Option<PathBuf>,

    /// Trust this root certificate (DER or PEM) instead of the built-in ones; may be repeated
    #[arg(long, value_name = "FILE")]
    pub root: Vec<PathBuf>,

    /// Verify as of this time: RFC 3339 or unix seconds [default: now]
    #[arg(long, value_name = "TIME", value_parser = input::time)]
    pub at: Option<i64>,

    /// Data whose SHA-256 must be in the evidence's report data
    #[arg(long, value_name = "FILE")]
    pub runtime_data: Option<PathBuf>,

    /// Data that must have been bound to the evidence when the enclave or guest was made
    #[arg(long, value_name = "FILE")]
    pub init_time_data: Option<PathBuf>,
}

/// Everything that was given, read.
pub struct Case {
    kind: AttestationType,
    tee: Tee,
    evidence: Vec<u8>,
    collateral: Vec<Entry>,
    anchors: TrustAnchors,
    now: UnixTime,
    runtime_data: Option<Vec<u8>>,
    init_time_data: Option<Vec<u8>>,
}

/// Why there is no appraisal.
pub enum Judgement {
    Rejected(Rejected),
    OtherTee(Tee),
    Failed(Failure),
}

impl<E: Into<Rejected>> From<E> for Judgement {
    fn from(error: E) -> Self {
        Self::Rejected(error.into())
    }
}

/// An appraisal and what the report needs beside it.
pub struct Appraised {
    pub appraisal: Appraisal,
    /// What a token would claim, and what a policy could ask beside it, by one name each.
    pub claims: Map<String, Value>,
    /// What a policy sees.
    pub policy_claims: ClaimSet,
    /// Whether bytes of the report data that nothing vouches for are set.
    pub rest_of_report_data_is_set: bool,
}

impl Case {
    /// Reads the evidence and what it is verified with.
    pub fn read(kind: AttestationType, evidence: &Path, options: &Options) -> Result<Self, Failure> {
        let tee = match kind {
            AttestationType::SgxEnclave | AttestationType::OpenEnclave => Tee::Sgx,
            AttestationType::TdxVm => Tee::Tdx,
            other => {
                return Err(Failure::usage(format!(
                    "this release does not verify evidence of type {}",
                    other.command_line_name()
                )));
            }
        };
        let optional = |path: &Option<PathBuf>| path.as_deref().map(input::read).transpose();
        Ok(Self {
            kind,
            tee,
            evidence: input::read_evidence(evidence)?,
            collateral: match &options.collateral {
                Some(path) => collateral_files::load(path, options.bundle_key.as_deref())?,
                None => Vec::new(),
            },
            anchors: input::trust_anchors(&options.root)?,
            now: UnixTime::new(options.at.unwrap_or_else(input::now)),
            runtime_data: optional(&options.runtime_data)?,
            init_time_data: optional(&options.init_time_data)?,
        })
    }

    /// Parse, platform, collateral, appraisal, binding: the order in which a service does it.
    pub fn judge(&self) -> Result<Appraised, Judgement> {
        let quote = self.quote()?;
        if quote.tee() != self.tee {
            return Err(Judgement::OtherTee(quote.tee()));
        }
        let pck = VerifiedPck::verify(&quote.certification_data(), &self.anchors, self.now)?;
        let documents = self.documents_for(&pck).map_err(Judgement::Failed)?;
        let collateral = VerifiedCollateral::verify(
            documents.clone(),
            self.tee,
            &self.anchors,
            self.now,
            Staleness::Strict,
        )?;
        let appraisal = appraise(&quote, &pck, &collateral, self.now, Staleness::Strict)?;
        let rest_of_report_data_is_set = self.bind(&quote)?;
        let claims = self.claims(&appraisal, &collateral);
        Ok(Appraised {
            policy_claims: policy_claims(&Findings::of_quote(&appraisal, &collateral, &self.evidence)),
            appraisal,
            claims,
            rest_of_report_data_is_set,
        })
    }

    fn quote(&self) -> Result<Quote<'_>, Rejected> {
        let bytes = match self.kind {
            AttestationType::OpenEnclave => {
                openenclave::Evidence::parse_with_or_without_header(&self.evidence)?.quote()
            }
            _ => &self.evidence,
        };
        Ok(Quote::parse(bytes)?)
    }

    /// The one set that was given, or of several the standard one for this platform.
    fn documents_for(&self, pck: &VerifiedPck) -> Result<&CollateralDocuments, Failure> {
        if let [only] = self.collateral.as_slice() {
            return Ok(&only.documents);
        }
        if self.collateral.is_empty() {
            return Err(Failure::usage("collateral is needed to verify this evidence").hint(
                "give it with --collateral; `attestry collateral fetch --for FILE --out collateral.json` gets it \
                 from the vendor",
            ));
        }
        let wanted = CollateralKey {
            tee: self.tee,
            fmspc: pck.fmspc(),
            ca: pck.ca(),
            edition: Edition::Standard,
        };
        let found = self.collateral.iter().find(|entry| entry.key == Some(wanted));
        found.map(|entry| &entry.documents).ok_or_else(|| {
            Failure::usage(format!(
                "there is no collateral for this platform (`{wanted}`) in what was given"
            ))
        })
    }

    /// Whether bytes of the report data that nothing vouches for are set.
    fn bind(&self, quote: &Quote<'_>) -> Result<bool, Rejected> {
        if let Some(data) = &self.init_time_data {
            match quote.body() {
                QuoteBody::Sgx(report) => {
                    binding::bind_init_time_data_sgx(&report.config_id, report.attributes.kss(), data)?;
                }
                QuoteBody::Tdx(report) => binding::bind_init_time_data_tdx(&report.mrconfigid, data)?,
            }
        }
        match &self.runtime_data {
            Some(data) => Ok(binding::bind_runtime_data(quote.report_data(), data)?.rest_is_set),
            None => Ok(false),
        }
    }

    /// What a token would claim, and what a policy could ask beside it.
    fn claims(&self, appraisal: &Appraisal, collateral: &VerifiedCollateral) -> Map<String, Value> {
        let (token, facts) = match self.tee {
            Tee::Sgx => {
                let mut hash = [0; 32];
                hash.copy_from_slice(digest::digest(&digest::SHA256, &self.evidence).as_ref());
                (
                    sgx::claims::token_claims(appraisal, hash, collateral.hashes()),
                    sgx::claims::policy_facts(appraisal),
                )
            }
            Tee::Tdx => (
                tdx::claims::token_claims(appraisal),
                tdx::claims::policy_facts(appraisal),
            ),
        };
        // Names with a dollar sign are older names of claims that are there already.
        facts
            .into_iter()
            .filter(|(name, _)| !name.starts_with('$'))
            .chain(token)
            .collect()
    }
}

impl Judgement {
    /// Why there is no appraisal, as members for scripts; a failure when the evidence was not judged at all.
    pub fn explain(self, kind: AttestationType) -> Result<Value, Failure> {
        match self {
            Self::Rejected(rejected) => Ok(explanation(&rejected)),
            Self::OtherTee(found) => Ok(other_tee(kind, found)),
            Self::Failed(failure) => Err(failure),
        }
    }
}

fn explanation(rejected: &Rejected) -> Value {
    let mut explanation = json!(rejected.explain());
    if let Some(members) = explanation.as_object_mut() {
        members.insert("message".to_owned(), json!(rejected.to_string()));
    }
    explanation
}

fn other_tee(kind: AttestationType, found: Tee) -> Value {
    let (what, other) = match found {
        Tee::Sgx => ("an SGX quote", AttestationType::SgxEnclave),
        Tee::Tdx => ("a TDX quote", AttestationType::TdxVm),
    };
    json!({
        "stage": "parse",
        "code": "other_tee",
        "field": "quote.header.tee_type",
        "expected": kind.command_line_name(),
        "found": other.command_line_name(),
        "hint": format!("try --type {}", other.command_line_name()),
        "message": format!("this is {what}, not evidence of type {}", kind.command_line_name()),
    })
}
