//! SEV-SNP reports from files: bare, in MAA's JSON, or inside Azure's HCL report.

use std::path::Path;

use attestry_api::claim;
use attestry_api::snp_evidence::SnpEvidence;
use attestry_evidence::azure::uvm::UvmTrust;
use attestry_evidence::azure::{AzureError, HardwareReport, HclReport};
use attestry_evidence::binding;
use attestry_evidence::snp::{
    AmdAnchors, AmdCrl, AmdCrls, ClaimProfile, REPORT_BYTES, Report, RevocationPolicy, Settings, SnpError,
    SuppliedChain, VerifiedVek, appraise,
};
use attestry_evidence::time::UnixTime;
use attestry_service::attest::Findings;
use attestry_service::collateral::UvmVerifier;
use serde_json::Value;

use super::{Appraised, Bound, Judgement, Options};
use crate::collateral_files::vek_chain;
use crate::failure::Failure;
use crate::input;

/// A report and what it is judged by.
pub struct SnpCase {
    report: Vec<u8>,
    /// The HCL report around it, if that was given.
    hcl: Option<Vec<u8>>,
    chain: Vec<u8>,
    anchors: AmdAnchors,
    crls: Vec<Vec<u8>>,
    uvm: UvmVerifier,
    uvm_endorsements: Vec<Vec<u8>>,
    settings: Settings,
    now: UnixTime,
    bound: Bound,
}

impl SnpCase {
    pub(super) fn read(evidence: &[u8], options: &Options) -> Result<Self, Failure> {
        refuse_options_of_quotes(options)?;
        let SnpEvidence {
            report,
            vcek_cert_chain,
            uvm_endorsements,
        } = evidence_of(evidence)?;
        let chain = match &options.vek {
            Some(path) => vek(path, &report)?,
            None => vcek_cert_chain.ok_or_else(|| certificate_needed(&report))?,
        };
        let mut settings = Settings::default();
        if !options.report_versions.is_empty() {
            settings.report_versions.clone_from(&options.report_versions);
        }
        if !options.crl.is_empty() {
            settings.revocation = RevocationPolicy::Required;
        }
        let read_all = |paths: &[std::path::PathBuf]| {
            paths
                .iter()
                .map(|path| input::read(path))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(Self {
            anchors: anchors(
                read_all(&options.root)?,
                &read_all(&options.intermediate)?,
                &chain,
            )?,
            crls: read_all(&options.crl)?,
            uvm: uvm(
                &read_all(&options.uvm_signer_root)?,
                &read_all(&options.uvm_time_stamp_root)?,
            )?,
            uvm_endorsements,
            report,
            hcl: is_hcl(evidence).then(|| evidence.to_vec()),
            chain,
            settings,
            now: options.time(),
            bound: Bound::read(options)?,
        })
    }

    /// Form, certificate, revocation, appraisal, binding.
    pub(super) fn judge(&self) -> Result<Appraised, Judgement> {
        let report = Report::read(&self.report)?.admit(&self.settings)?;
        let vek = VerifiedVek::verify(&SuppliedChain::parse(&self.chain)?, &self.anchors)?;
        let verify = |crl: &Vec<u8>| AmdCrl::verify(crl, &self.anchors, self.now);
        let crls = self
            .crls
            .iter()
            .map(verify)
            .collect::<Result<Vec<_>, SnpError>>()?;
        let crls = crls.into_iter().fold(AmdCrls::none(), AmdCrls::with);
        let appraisal = appraise(&report, &vek, None, &crls, self.now, &self.settings)?;
        let endorsements = self.uvm.verify(&self.uvm_endorsements, self.now)?;
        let mut findings = Findings::of_report(&appraisal, ClaimProfile::default());
        findings.endorsed(&appraisal, &endorsements);
        if let Some(data) = &self.bound.init_time_data {
            binding::bind_init_time_data_snp(&appraisal.body().host_data, data)?;
        }
        let remark = self.bound.runtime_data(&appraisal.body().report_data)?;
        let mut runtime_bound = self.bound.is_whole(remark.as_ref());
        if let Some(hcl) = &self.hcl {
            let bound = HclReport::parse(hcl)
                .map_err(AzureError::from)?
                .bind_to_snp_report(&self.report)
                .map_err(AzureError::from)?;
            let claims = Value::Object(bound.claims().members().clone());
            findings.claims.insert(claim::RUNTIME.to_owned(), claims);
            runtime_bound = true;
        }
        findings.remarks.extend(remark);
        Ok(Appraised {
            findings,
            quote: None,
            report: Some(appraisal),
            endorsements,
            runtime_bound,
        })
    }
}

/// What to say when nobody brought the certificate: first whether this is a report at all.
fn certificate_needed(report: &[u8]) -> Failure {
    match report.len() {
        REPORT_BYTES => Failure::usage("the certificate of the key that signed the report is needed")
            .hint("give it with --vek FILE (PEM or DER)"),
        size => Failure::usage(format!(
            "this is no SNP report: it has {size} bytes, not {REPORT_BYTES}"
        ))
        .hint("give a report, the JSON that a guest sends, or an HCL report"),
    }
}

/// The certificates in a file. THIM's JSON must be about the TCB version that the report names.
fn vek(path: &Path, report: &[u8]) -> Result<Vec<u8>, Failure> {
    let (chain, thim_tcb) = vek_chain(input::read(path)?, path)?;
    let reported = Report::read(report)
        .map(|report| u64::from_le_bytes(report.body().reported_tcb))
        .ok();
    match (thim_tcb, reported) {
        (Some(thim), Some(reported)) if thim != reported => Err(Failure::refused(format!(
            "{} is for the TCB version {thim:016x}, the report has {reported:016x}",
            input::name(path)
        ))),
        _ => Ok(chain),
    }
}

/// The report in evidence, whichever of the three forms it has.
pub(crate) fn snp_report(evidence: &[u8]) -> Result<Vec<u8>, Failure> {
    Ok(evidence_of(evidence)?.report)
}

/// Whose endorsements count.
fn uvm(signer_roots: &[Vec<u8>], time_stamp_roots: &[Vec<u8>]) -> Result<UvmVerifier, Failure> {
    let own = UvmTrust::from_certificates(signer_roots, time_stamp_roots)
        .map_err(|error| Failure::usage(format!("the roots of endorsements cannot be used: {error}")))?;
    Ok(UvmVerifier::new(UvmTrust::microsoft().and(own), 0))
}

/// A check that was asked for and does not take place would mislead.
fn refuse_options_of_quotes(options: &Options) -> Result<(), Failure> {
    let given = [
        (options.collateral.is_some(), "--collateral"),
        (options.bundle_key.is_some(), "--bundle-key"),
    ];
    match given.iter().find(|(given, _)| *given) {
        Some((_, option)) => Err(Failure::usage(format!("{option} is for quotes of SGX and TDX"))
            .hint("an SNP report is judged by --vek, --crl, --root and --intermediate")),
        None => Ok(()),
    }
}

fn is_hcl(evidence: &[u8]) -> bool {
    evidence.starts_with(b"HCLA")
}

/// The report and what came with it, whichever of the three forms it has.
fn evidence_of(evidence: &[u8]) -> Result<SnpEvidence, Failure> {
    let bare = |report: &[u8]| SnpEvidence {
        report: report.to_vec(),
        vcek_cert_chain: None,
        uvm_endorsements: Vec::new(),
    };
    if evidence.len() == REPORT_BYTES {
        return Ok(bare(evidence));
    }
    if is_hcl(evidence) {
        let hcl = HclReport::parse(evidence)
            .map_err(|error| Failure::usage(format!("the HCL report cannot be read: {error}")))?;
        let HardwareReport::Snp { report, .. } = hcl.hardware() else {
            return Err(Failure::usage("the HCL report holds no SNP report")
                .hint("evidence of a TDX guest is its quote: try --type tdx-vm"));
        };
        return Ok(bare(report));
    }
    if evidence.trim_ascii_start().starts_with(b"{") {
        return SnpEvidence::from_json(evidence).map_err(|error| Failure::usage(error.to_string()));
    }
    Ok(bare(evidence))
}

/// AMD's authorities, or those that were given. Of an operator's own hierarchy the authority may come with the
/// evidence: trusting a root here means trusting what it signed.
fn anchors(roots: Vec<Vec<u8>>, intermediates: &[Vec<u8>], chain: &[u8]) -> Result<AmdAnchors, Failure> {
    if roots.is_empty() {
        return Ok(AmdAnchors::amd());
    }
    let unusable = |error| Failure::usage(format!("--root or --intermediate cannot be used: {error}"));
    let mut certificates = roots;
    if intermediates.is_empty() {
        let alone = certificates.len();
        if let Ok(chain) = SuppliedChain::parse(chain) {
            // A root must never come with the evidence.
            let authorities = chain.others().iter().filter(|other| !other.is_self_issued());
            certificates.extend(authorities.map(|authority| authority.der().to_vec()));
        }
        if let Ok(anchors) = AmdAnchors::from_certificates(&certificates) {
            return Ok(anchors);
        }
        certificates.truncate(alone);
    }
    certificates.extend(intermediates.iter().cloned());
    AmdAnchors::from_certificates(&certificates).map_err(unusable)
}
