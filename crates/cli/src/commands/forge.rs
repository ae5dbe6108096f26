//! `attestry forge`: evidence, collateral and roots of our own making, for tests and development.

mod windows_events;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use attestry_forge::Seed;
use attestry_forge::intel::{IntelForge, PckCa, PckSpec, Tee, UpdateSet};
use attestry_forge::openenclave::{self, Format};
use attestry_forge::pccs::{self, Controls};
use attestry_forge::quote::{SgxQuoteSpec, TdBody, TdxQuoteSpec};
use attestry_forge::windows::WindowsBoot;
use attestry_forge::{Field, SetError};
use clap::{Subcommand, ValueEnum};
use serde_json::json;
use tokio::net::TcpListener;

use crate::failure::{Failure, Verdict};
use crate::input;
use crate::output::{BOLD, Output, facts, paint};
use crate::service;
use crate::signals::Signals;

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
    WindowsEvents(windows_events::Args),
    Fields(FieldsArgs),
    CollateralServer(CollateralServerArgs),
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

/// List the fields that --set knows
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge fields
  attestry forge fields --json | jq -r '.sgx_quote[].name'")]
struct FieldsArgs {}

/// Serve minted collateral like Intel's service and its caches do
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge collateral-server --listen 127.0.0.1:8081
  curl 'http://127.0.0.1:8081/sgx/certification/v4/qe/identity'

Prints `listening on http://...` when it is ready and serves until Ctrl-C.")]
struct CollateralServerArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    #[command(flatten)]
    world: World,
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
        ForgeCommand::WindowsEvents(args) => windows_events::run(args, output),
        ForgeCommand::Fields(FieldsArgs {}) => fields(output),
        ForgeCommand::CollateralServer(args) => collateral_server(args, output),
    }
}

impl World {
    fn forge(&self) -> IntelForge {
        let seed = self.seed.as_deref().map(Seed::from_text).unwrap_or_default();
        IntelForge::new(seed, self.at.unwrap_or_else(input::now))
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
    if out == Path::new("-") {
        Output::bytes(bytes)?;
        return Ok(Verdict::Accepted);
    }
    let place = out.display();
    std::fs::write(out, bytes)
        .map_err(|error| Failure::environment(format!("cannot write `{place}`: {error}")))?;
    if output.is_json() {
        Output::document(&json!({"out": out, "bytes": bytes.len()}))?;
    } else {
        Output::note(&format!("{place}: {} bytes", bytes.len()));
    }
    Ok(Verdict::Accepted)
}

fn fields(output: Output) -> Result<Verdict, Failure> {
    let forge = IntelForge::new(Seed::default(), 0);
    let sgx = forge.sgx_quote_spec().fields();
    let tdx = forge.tdx_quote_spec(TdBody::Td15Extended).fields();
    let windows = WindowsBoot::default().fields();
    if output.is_json() {
        let list = |fields: &[Field]| {
            let field = |field: &Field| json!({"name": field.name, "takes": field.takes});
            fields.iter().map(field).collect::<Vec<_>>()
        };
        let (sgx, tdx, windows) = (list(&sgx), list(&tdx), list(&windows));
        Output::document(&json!({"sgx_quote": sgx, "tdx_quote": tdx, "windows_events": windows}))?;
        return Ok(Verdict::Accepted);
    }
    let rows = |fields: &[Field]| facts(fields.iter().map(|field| (&field.name, &field.takes)));
    Output::text(&format!(
        "{}\n{}\n{}\n{}\n{}\n{}",
        paint(BOLD, "SGX quotes, Open Enclave reports and evidence"),
        rows(&sgx),
        paint(BOLD, "TDX quotes"),
        rows(&tdx),
        paint(BOLD, "Windows boots"),
        rows(&windows)
    ))?;
    Ok(Verdict::Accepted)
}

fn collateral_server(args: &CollateralServerArgs, output: Output) -> Result<Verdict, Failure> {
    let controls = match args.world.at {
        Some(_) => Controls::new(args.world.forge()),
        None => Controls::with_clock(args.world.forge(), input::now),
    };
    service::block_on(async {
        let mut signals = Signals::install()?;
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|error| Failure::environment(format!("cannot listen on `{}`: {error}", args.listen)))?;
        let address = listener
            .local_addr()
            .map_err(|error| Failure::environment(error.to_string()))?;
        let url = format!("http://{address}");
        output.answer(&json!({"listening": url}), || format!("listening on {url}"))?;
        tokio::select! {
            ended = pccs::serve(listener, Arc::new(controls)) => {
                ended.map_err(|error| Failure::environment(format!("the collateral server failed: {error}")))?;
            }
            () = signals.stop() => {}
        }
        Ok(Verdict::Accepted)
    })
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
