//! `attestry forge`: evidence, collateral and roots of our own making, for tests and development.

mod amd;
mod azure;
mod collateral_server;
mod fields;
mod windows_events;

use std::path::{Path, PathBuf};

use attestry_forge::Seed;
use attestry_forge::SetError;
use attestry_forge::intel::{IntelForge, PckCa, PckSpec, Tee, UpdateSet};
use attestry_forge::openenclave::{self, Format};
use attestry_forge::quote::{SgxQuoteSpec, TdBody, TdxQuoteSpec};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::Output;

/// Mint evidence, collateral and roots for tests; nobody trusts them by default
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry forge sgx-quote --out quote.bin
  attestry forge sgx-quote --runtime-data key.json --set report.isv_svn=7 --out quote.bin
  attestry forge collateral --tee sgx --out collateral.json
  attestry forge root --out root.pem
  attestry verify --type sgx-enclave quote.bin --collateral collateral.json --root root.pem

Everything is derived from a seed, so that the same command gives the same roots everywhere. The
private keys are no secret: never trust a forge root outside development.")]
pub struct Args {
    #[command(subcommand)]
    command: ForgeCommand,
}

#[derive(Debug, Subcommand)]
enum ForgeCommand {
    SgxQuote(SgxQuoteArgs),
    OeReport(OeReportArgs),
    OeEvidence(OeEvidenceArgs),
    TdxQuote(TdxQuoteArgs),
    Collateral(CollateralArgs),
    Root(RootArgs),
    SnpReport(amd::ReportArgs),
    SnpEvidence(amd::EvidenceArgs),
    AmdCertificates(amd::CertificatesArgs),
    HclReport(azure::HclArgs),
    UvmEndorsement(azure::UvmArgs),
    WindowsEvents(windows_events::Args),
    Fields(fields::Args),
    CollateralServer(collateral_server::Args),
}

/// What every minted thing has in common.
#[derive(Debug, clap::Args)]
struct World {
    /// Derive all keys from this text instead of the default seed
    #[arg(long, value_name = "TEXT")]
    seed: Option<String>,

    /// Make certificates and documents that are fresh at this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = crate::input::time)]
    at: Option<i64>,
}

/// What every minted piece of evidence has in common.
#[derive(Debug, clap::Args)]
struct Mint {
    #[command(flatten)]
    world: World,

    /// Which of Intel's authorities certifies the platform
    #[arg(long, value_name = "CA", default_value = "platform")]
    ca: CaName,

    /// Bind this data: its SHA-256 goes into the report data
    #[arg(long, value_name = "FILE")]
    runtime_data: Option<PathBuf>,

    /// Set one field; may be repeated. `attestry forge fields` lists them
    #[arg(long = "set", value_name = "FIELD=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,

    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Mint an SGX quote
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge sgx-quote --out quote.bin
  attestry forge sgx-quote --version 4 --runtime-data key.pem --out quote.bin
  attestry forge sgx-quote --set report.isv_svn=7 --set report.debug=true --out -
  attestry forge sgx-quote --set pck.component_01=9 --out outdated.bin")]
struct SgxQuoteArgs {
    /// Quote version
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(3..=5))]
    version: u16,
    #[command(flatten)]
    mint: Mint,
}

/// Mint an Open Enclave report
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge oe-report --out report.bin
  attestry forge oe-report --runtime-data key.pem --out report.bin")]
struct OeReportArgs {
    #[command(flatten)]
    mint: Mint,
}

/// Mint Open Enclave evidence; the runtime data are its custom claims
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge oe-evidence --out evidence.bin
  attestry forge oe-evidence --runtime-data key.pem --out evidence.bin")]
struct OeEvidenceArgs {
    #[command(flatten)]
    mint: Mint,
}

/// Mint a TDX quote
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge tdx-quote --out tdquote.bin
  attestry forge tdx-quote --body td15 --runtime-data key.pem --out tdquote.bin
  attestry forge tdx-quote --version 5 --set report.debug=true --out tdquote.bin")]
struct TdxQuoteArgs {
    /// Report body: of TDX 1.0, of TDX 1.5, or of TDX 1.5 with its extensions
    #[arg(long, value_name = "BODY", default_value = "td10")]
    body: TdBodyName,
    /// Quote version [default: 4 for td10, 5 for the others]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(4..=5))]
    version: Option<u16>,
    #[command(flatten)]
    mint: Mint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TdBodyName {
    Td10,
    Td15,
    Td15Extended,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CaName {
    Processor,
    Platform,
}

/// Mint the collateral that goes with minted evidence
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge collateral --tee sgx --out collateral.json
  attestry forge collateral --tee tdx --update early --out collateral.json")]
struct CollateralArgs {
    /// Whose collateral
    #[arg(long, value_name = "TEE")]
    tee: TeeName,
    /// Which published set: the one that platforms have had a year to meet, or the newest
    #[arg(long, value_name = "SET", default_value = "standard")]
    update: Update,
    /// Which of Intel's authorities certifies the platform
    #[arg(long, value_name = "CA", default_value = "platform")]
    ca: CaName,
    /// The kind of platform, 6 bytes in hexadecimal [default: that of minted evidence]
    #[arg(long, value_name = "HEX", value_parser = fmspc)]
    fmspc: Option<[u8; 6]>,
    #[command(flatten)]
    world: World,
    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TeeName {
    Sgx,
    Tdx,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Update {
    Standard,
    Early,
}

/// Write the root certificate of minted evidence
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge root --out root.pem")]
struct RootArgs {
    #[command(flatten)]
    world: World,
    /// Where to write; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(field, value)| (field.trim().to_owned(), value.trim().to_owned()))
        .ok_or_else(|| "expected FIELD=VALUE".to_owned())
}

fn fmspc(text: &str) -> Result<[u8; 6], String> {
    let bytes = attestry_api::hex::decode(text).and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| "expected 12 hexadecimal digits".to_owned())
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        ForgeCommand::SgxQuote(args) => {
            let forge = args.mint.world.forge();
            let data = args.mint.data()?;
            let spec = args.mint.sgx_spec(&forge, args.version, data.as_deref())?;
            written(&args.mint.out, &spec.mint(&forge), output)
        }
        ForgeCommand::OeReport(args) => {
            let forge = args.mint.world.forge();
            let data = args.mint.data()?;
            let spec = args.mint.sgx_spec(&forge, OE_QUOTE_VERSION, data.as_deref())?;
            written(&args.mint.out, &forge.oe_report(&spec), output)
        }
        ForgeCommand::OeEvidence(args) => {
            let forge = args.mint.world.forge();
            // The data is the custom claims buffer, so that one hash binds both.
            let claims = args.mint.data()?.unwrap_or_default();
            let spec = args.mint.sgx_spec(&forge, OE_QUOTE_VERSION, Some(&claims))?;
            let data = openenclave::sgx_ecdsa_data(&spec.mint(&forge), &claims);
            written(
                &args.mint.out,
                &openenclave::evidence(Format::SgxEcdsa, &data),
                output,
            )
        }
        ForgeCommand::TdxQuote(args) => {
            let forge = args.mint.world.forge();
            written(&args.mint.out, &args.spec(&forge)?.mint(&forge), output)
        }
        ForgeCommand::Collateral(args) => {
            let mut text = args.mint().into_bytes();
            text.push(b'\n');
            written(&args.out, &text, output)
        }
        ForgeCommand::Root(args) => written(
            &args.out,
            args.world.forge().root_certificate_pem().as_bytes(),
            output,
        ),
        ForgeCommand::SnpReport(args) => amd::report(args, output),
        ForgeCommand::SnpEvidence(args) => amd::evidence(args, output),
        ForgeCommand::AmdCertificates(args) => amd::certificates(args, output),
        ForgeCommand::HclReport(args) => azure::hcl_report(args, output),
        ForgeCommand::UvmEndorsement(args) => azure::uvm_endorsement(args, output),
        ForgeCommand::WindowsEvents(args) => windows_events::run(args, output),
        ForgeCommand::Fields(args) => fields::run(args, output),
        ForgeCommand::CollateralServer(args) => collateral_server::run(args, output),
    }
}

impl World {
    fn forge(&self) -> IntelForge {
        IntelForge::new(self.seed(), self.now())
    }

    fn seed(&self) -> Seed {
        self.seed.as_deref().map(Seed::from_text).unwrap_or_default()
    }

    fn now(&self) -> i64 {
        self.at.unwrap_or_else(input::now)
    }
}

impl Mint {
    /// An SGX quote with everything that was asked for; fields that were set by name win.
    fn sgx_spec(
        &self,
        forge: &IntelForge,
        version: u16,
        data: Option<&[u8]>,
    ) -> Result<SgxQuoteSpec, Failure> {
        let mut spec = forge.sgx_quote_spec();
        spec.use_platform(PckSpec::new(&forge.seed, self.ca.into()));
        spec.report.cpu_svn = spec.qe_report.cpu_svn;
        spec.header.version = version;
        if let Some(data) = data {
            spec.bind_runtime_data(data);
        }
        for (field, value) in &self.set {
            spec.set(field, value).map_err(|error| wrong_field(&error))?;
        }
        Ok(spec)
    }

    /// The runtime data, when there is any.
    fn data(&self) -> Result<Option<Vec<u8>>, Failure> {
        self.runtime_data.as_deref().map(input::read).transpose()
    }
}

impl TdxQuoteArgs {
    fn spec(&self, forge: &IntelForge) -> Result<TdxQuoteSpec, Failure> {
        let body = TdBody::from(self.body);
        let mut spec = forge.tdx_quote_spec(body);
        spec.use_platform(PckSpec::new(&forge.seed, self.mint.ca.into()));
        if let Some(version) = self.version {
            if version == 4 && body != TdBody::Td10 {
                return Err(Failure::usage("quotes of version 4 have the body td10 only"));
            }
            spec.header.version = version;
        }
        if let Some(data) = self.mint.data()? {
            spec.bind_runtime_data(&data);
        }
        for (field, value) in &self.mint.set {
            spec.set(field, value).map_err(|error| wrong_field(&error))?;
        }
        Ok(spec)
    }
}

impl CollateralArgs {
    fn mint(&self) -> String {
        let forge = self.world.forge();
        let number = UpdateSet::from(self.update).evaluation_number();
        let mut spec = forge.collateral_spec(self.tee.into(), self.ca.into(), number);
        if let Some(fmspc) = self.fmspc {
            spec.tcb_info.fmspc = fmspc.to_vec();
        }
        spec.mint().to_json()
    }
}

fn wrong_field(error: &SetError) -> Failure {
    match error {
        SetError::UnknownField { field, .. } => Failure::usage(format!("unknown field `{field}`"))
            .hint("`attestry forge fields` lists the fields and what they take"),
        other => Failure::usage(other.to_string()),
    }
}

fn written(out: &Path, bytes: &[u8], output: Output) -> Result<Verdict, Failure> {
    all_written(out, bytes, &[], output)
}

/// Writes the answer and what goes with it; only the answer can go to stdout.
fn all_written(
    out: &Path,
    bytes: &[u8],
    others: &[(&Path, Vec<u8>)],
    output: Output,
) -> Result<Verdict, Failure> {
    for (path, bytes) in others {
        write_file(path, bytes)?;
    }
    if out == Path::new("-") {
        Output::bytes(bytes)?;
        return Ok(Verdict::Accepted);
    }
    write_file(out, bytes)?;
    let size = |(path, bytes): &(&Path, Vec<u8>)| json!({"out": path, "bytes": bytes.len()});
    if output.is_json() {
        let mut answer = json!({"out": out, "bytes": bytes.len()});
        if let (Some(members), false) = (answer.as_object_mut(), others.is_empty()) {
            members.insert("others".to_owned(), others.iter().map(size).collect());
        }
        Output::document(&answer)?;
        return Ok(Verdict::Accepted);
    }
    Output::note(&format!("{}: {} bytes", out.display(), bytes.len()));
    for (path, bytes) in others {
        Output::note(&format!("{}: {} bytes", path.display(), bytes.len()));
    }
    Ok(Verdict::Accepted)
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes)
        .map_err(|error| Failure::environment(format!("cannot write `{}`: {error}", path.display())))
}

impl From<TdBodyName> for TdBody {
    fn from(name: TdBodyName) -> Self {
        match name {
            TdBodyName::Td10 => Self::Td10,
            TdBodyName::Td15 => Self::Td15,
            TdBodyName::Td15Extended => Self::Td15Extended,
        }
    }
}

impl From<CaName> for PckCa {
    fn from(name: CaName) -> Self {
        match name {
            CaName::Processor => Self::Processor,
            CaName::Platform => Self::Platform,
        }
    }
}

impl From<TeeName> for Tee {
    fn from(name: TeeName) -> Self {
        match name {
            TeeName::Sgx => Self::Sgx,
            TeeName::Tdx => Self::Tdx,
        }
    }
}

impl From<Update> for UpdateSet {
    fn from(update: Update) -> Self {
        match update {
            Update::Standard => Self::Standard,
            Update::Early => Self::Early,
        }
    }
}

/// Open Enclave wraps quotes of this version (`sgx_quote_t` in its headers).
const OE_QUOTE_VERSION: u16 = 3;
