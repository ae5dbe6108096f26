//! `attestry forge snp-report`, `snp-evidence` and `amd-certificates`: SEV-SNP reports, and the certificates and
//! revocation lists above them.

use std::path::{Path, PathBuf};

use attestry_forge::amd::{AmdForge, LineEnds, Processor, ProductLine, SnpEvidence, Tcb};
use clap::ValueEnum;
use serde_json::json;

use super::{World, all_written, assignment, write_file, written, wrong_field};
use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::Output;

/// Mint a bare SEV-SNP report of 1184 bytes
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge snp-report --vek-out vek.pem --out report.bin
  attestry forge snp-report --product turin --report-version 5 --vek-out vek.pem --out report.bin
  attestry forge snp-report --set report.policy.debug=true --set report.vmpl=1 --out -
  attestry forge snp-report --vlek cloud.example --vek-out vlek.pem --out report.bin")]
pub struct ReportArgs {
    #[command(flatten)]
    mint: Mint,

    /// Write the certificates that go with it here: VCEK or VLEK, its issuer, ARK, PEM
    #[arg(long, value_name = "FILE")]
    vek_out: Option<PathBuf>,
}

/// Mint the JSON that SevSnpVm requests carry: report, certificates, endorsements
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge snp-evidence --runtime-data key.json --out snp.json
  attestry forge snp-evidence --product genoa --tcb 541700000000000a --out snp.json
  attestry forge uvm-endorsement --measurement $MEASUREMENT --out uvm.cose
  attestry forge snp-evidence --uvm uvm.cose --set report.measurement=$MEASUREMENT --out snp.json")]
pub struct EvidenceArgs {
    #[command(flatten)]
    mint: Mint,

    /// A UVM endorsement to send along; may be repeated
    #[arg(long, value_name = "FILE")]
    uvm: Vec<PathBuf>,

    /// End the lines of the certificates with CR LF
    #[arg(long)]
    crlf: bool,
}

/// Write the root and intermediate certificates of minted SEV-SNP reports, and a revocation list
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge amd-certificates --out amd
  attestry forge amd-certificates --product genoa --revoke 020002 --out amd

Writes, for every product line asked for, `LINE-ark.pem`, `LINE-ask.pem`, `LINE-asvk.pem` and
`LINE-crl.der` into the directory, which is made if need be.")]
pub struct CertificatesArgs {
    /// Only of this processor's line; may be repeated [default: all lines]
    #[arg(long, value_name = "NAME")]
    product: Vec<Product>,

    /// Revoke a serial number, hexadecimal; may be repeated
    #[arg(long, value_name = "HEX", value_parser = hexadecimal)]
    revoke: Vec<Bytes>,

    #[command(flatten)]
    world: World,

    /// The directory to write to
    #[arg(long, value_name = "DIRECTORY")]
    out: PathBuf,
}

/// What every minted piece of evidence has in common.
#[derive(Debug, clap::Args)]
struct Mint {
    #[command(flatten)]
    platform: Platform,

    /// Bind this data: its SHA-256 goes into the report data
    #[arg(long, value_name = "FILE")]
    runtime_data: Option<PathBuf>,

    /// Bind this data: its SHA-256 goes into the host data
    #[arg(long, value_name = "FILE")]
    init_time_data: Option<PathBuf>,

    /// Set one field; may be repeated. `attestry forge fields` lists them
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The machine that a report is from.
#[derive(Debug, clap::Args)]
pub struct Platform {
    #[command(flatten)]
    pub world: World,

    /// The processor
    #[arg(long, value_name = "NAME", default_value = "milan")]
    product: Product,

    /// Version of the report
    #[arg(long, value_name = "N", default_value_t = 3)]
    report_version: u32,

    /// The TCB version that the report and its key have, 16 hexadecimal digits as in Azure's `tcbm`
    #[arg(long, value_name = "HEX", value_parser = tcb)]
    tcb: Option<u64>,

    /// The chip's identifier, 64 bytes in hexadecimal, of turin and venice 8
    #[arg(long, value_name = "HEX", value_parser = hexadecimal)]
    chip_id: Option<Bytes>,

    /// Sign with the key of this cloud provider instead of the chip's
    #[arg(long, value_name = "CSP_ID", conflicts_with = "chip_id")]
    vlek: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Product {
    Milan,
    Genoa,
    Bergamo,
    Siena,
    Turin,
    Venice,
}

/// Bytes given as hexadecimal.
#[derive(Debug, Clone)]
pub struct Bytes(pub Vec<u8>);

pub fn hexadecimal(text: &str) -> Result<Bytes, String> {
    let bytes = attestry_api::hex::decode(text);
    bytes
        .map(Bytes)
        .ok_or_else(|| "expected hexadecimal bytes".to_owned())
}

fn tcb(text: &str) -> Result<u64, String> {
    let bytes = attestry_api::hex::decode(text).and_then(|bytes| bytes.try_into().ok());
    bytes
        .map(u64::from_be_bytes)
        .ok_or_else(|| "expected 16 hexadecimal digits".to_owned())
}

pub fn report(args: &ReportArgs, output: Output) -> Result<Verdict, Failure> {
    let forge = args.mint.platform.forge();
    let evidence = args.mint.evidence(&forge)?;
    let certificates = args.vek_out.as_deref();
    let certificates: Vec<_> = certificates
        .map(|path| (path, evidence.chain_pem(&forge).into_bytes()))
        .into_iter()
        .collect();
    all_written(&args.mint.out, &evidence.to_report_bytes(), &certificates, output)
}

pub fn evidence(args: &EvidenceArgs, output: Output) -> Result<Verdict, Failure> {
    let forge = args.mint.platform.forge();
    let mut evidence = args.mint.evidence(&forge)?;
    for path in &args.uvm {
        evidence.uvm_endorsements.push(input::read(path)?);
    }
    if args.crlf {
        evidence.line_ends = LineEnds::CrLf;
    }
    let mut text = evidence.to_json(&forge).into_bytes();
    text.push(b'\n');
    written(&args.mint.out, &text, output)
}

pub fn certificates(args: &CertificatesArgs, output: Output) -> Result<Verdict, Failure> {
    let forge = AmdForge::new(args.world.seed(), args.world.now());
    let lines: Vec<_> = ProductLine::ALL
        .into_iter()
        .filter(|line| args.product.is_empty() || args.product.iter().any(|name| name.line() == *line))
        .collect();
    let directory = &args.out;
    std::fs::create_dir_all(directory).map_err(|error| {
        Failure::environment(format!(
            "cannot make the directory `{}`: {error}",
            directory.display()
        ))
    })?;
    let mut files = Vec::new();
    for line in lines {
        let certificates = forge.line(line);
        let mut list = forge.crl(line);
        for Bytes(serial) in &args.revoke {
            list.revoke(serial);
        }
        for (name, bytes) in [
            ("ark.pem", certificates.ark.to_pem().into_bytes()),
            ("ask.pem", certificates.ask.to_pem().into_bytes()),
            ("asvk.pem", certificates.asvk.to_pem().into_bytes()),
            ("crl.der", list.to_der()),
        ] {
            let path = directory.join(format!("{}-{name}", line.name().to_ascii_lowercase()));
            write_file(&path, &bytes)?;
            files.push((path, bytes.len()));
        }
    }
    told(&files, output)
}

fn told(files: &[(PathBuf, usize)], output: Output) -> Result<Verdict, Failure> {
    if output.is_json() {
        let file = |(path, bytes): &(PathBuf, usize)| json!({"out": path, "bytes": bytes});
        Output::document(&json!({"files": files.iter().map(file).collect::<Vec<_>>()}))?;
        return Ok(Verdict::Accepted);
    }
    for (path, bytes) in files {
        Output::note(&format!("{}: {bytes} bytes", path.display()));
    }
    Ok(Verdict::Accepted)
}

impl Mint {
    /// Evidence with everything that was asked for; fields that were set by name win.
    fn evidence(&self, forge: &AmdForge) -> Result<SnpEvidence, Failure> {
        let mut evidence = self.platform.evidence(forge)?;
        if let Some(data) = read(self.runtime_data.as_deref())? {
            evidence.bind_runtime_data(&data);
        }
        if let Some(data) = read(self.init_time_data.as_deref())? {
            evidence.bind_init_time_data(&data);
        }
        for (field, value) in &self.set {
            evidence.set(field, value).map_err(|error| wrong_field(&error))?;
        }
        Ok(evidence)
    }
}

impl Platform {
    pub fn forge(&self) -> AmdForge {
        AmdForge::new(self.world.seed(), self.world.now())
    }

    /// Good evidence of this machine.
    pub fn evidence(&self, forge: &AmdForge) -> Result<SnpEvidence, Failure> {
        let (processor, line) = (self.product.into(), self.product.line());
        let mut evidence = forge.snp_evidence_of(processor);
        evidence.report.use_version(self.report_version, processor);
        let tcb = self
            .tcb
            .map_or_else(|| line.default_tcb(), |raw| Tcb::from_raw(raw, line));
        match (&self.vlek, &self.chip_id) {
            (Some(csp_id), _) => evidence.use_vlek(forge, csp_id, tcb),
            (None, Some(Bytes(chip_id))) => {
                let (expected, found) = (line.hw_id_size(), chip_id.len());
                if found != expected {
                    return Err(Failure::usage(format!(
                        "a chip of {} has an identifier of {expected} bytes, not {found}",
                        line.name()
                    )));
                }
                evidence.use_chip(forge, chip_id, tcb);
            }
            (None, None) => evidence.use_tcb(forge, tcb),
        }
        Ok(evidence)
    }
}

impl Product {
    fn line(self) -> ProductLine {
        Processor::from(self).line()
    }
}

impl From<Product> for Processor {
    fn from(product: Product) -> Self {
        match product {
            Product::Milan => Self::Milan,
            Product::Genoa => Self::Genoa,
            Product::Bergamo => Self::Bergamo,
            Product::Siena => Self::Siena,
            Product::Turin => Self::Turin,
            Product::Venice => Self::Venice,
        }
    }
}

fn read(path: Option<&Path>) -> Result<Option<Vec<u8>>, Failure> {
    path.map(input::read).transpose()
}
