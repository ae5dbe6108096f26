//! AMD's endorsements from its Key Distribution Service, Azure's cache or a cache of one's own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use attestry_evidence::hex;
use attestry_evidence::snp::{AmdAnchors, AmdCrl, Product, Report, Settings, VerifiedVek};
use attestry_evidence::time::UnixTime;
use attestry_service::collateral::{AmdSource, VekId};
use attestry_service::config::{AmdSourceConfig, AmdSourceKind};
use serde_json::json;

use super::{FetchArgs, REQUEST_TIMEOUT, write_file};
use crate::failure::{Failure, Verdict, chain};
use crate::output::{GOOD, Output, paint};
use crate::{appraisal, input};

/// What of AMD's is fetched, and for which chip.
#[derive(Debug, clap::Args)]
pub(super) struct AmdArgs {
    /// Fetch the certificate of a chip's key (VCEK): of --report, or of --product, --chip-id and --tcb
    #[arg(long)]
    pub(super) vcek: bool,

    /// Fetch AMD's revocation list of the line --product
    #[arg(long, requires = "product")]
    pub(super) crl: bool,

    /// An SNP report, bare or in the JSON that is posted, whose key the certificate is for
    #[arg(long, value_name = "FILE", requires = "vcek")]
    report: Option<PathBuf>,

    /// The line: Milan, Genoa (also Bergamo and Siena) or Turin
    #[arg(long, value_name = "LINE", value_parser = product)]
    product: Option<Product>,

    /// CHIP_ID in hexadecimal
    #[arg(long, value_name = "HEX", requires_all = ["vcek", "tcb", "product"], conflicts_with = "report")]
    chip_id: Option<String>,

    /// REPORTED_TCB as Azure writes it (`tcbm`), a number of 16 hexadecimal digits: db18000000000004
    #[arg(long, value_name = "HEX", requires_all = ["vcek", "chip_id"])]
    tcb: Option<String>,
}

impl AmdArgs {
    /// Whether something of AMD's is asked for at all.
    pub(super) fn is_wanted(&self) -> bool {
        self.vcek || self.crl
    }
}

pub(super) async fn fetch(args: &FetchArgs, output: Output) -> Result<Verdict, Failure> {
    let anchors = input::roots(&args.root)?.amd;
    let now = UnixTime::new(args.at.unwrap_or_else(input::now));
    let source = AmdSource::from_config(&source_config(args), REQUEST_TIMEOUT)
        .map_err(|error| Failure::usage(chain(&error)))?;
    if args.amd.crl {
        return fetch_crl(args, &source, &anchors, now, output).await;
    }
    let wanted = wanted(&args.amd)?;
    Output::note(&format!("asking {} for {wanted}", source.name()));
    let chain = source.vek(&wanted, PATIENCE).await.map_err(|error| {
        Failure::environment(format!("{}: {error}", source.name())).hint(
            "guests have their certificate: with Azure at the instance metadata service, else from the host",
        )
    })?;
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::refused(format!(
            "the certificate of {} does not verify: {reason}",
            source.name()
        ))
    };
    let vek = VerifiedVek::verify(&chain, &anchors).map_err(|error| refused(&error))?;
    if VekId::of_certificate(vek.vek()) != Some(wanted) {
        return Err(refused(&"it is of another chip or TCB version"));
    }
    let certificate = vek.vek().certificate();
    let until = certificate.not_after();
    write_pem(&args.out, "CERTIFICATE", certificate.der())?;
    let document = json!({
        "product": wanted.product().name(),
        "chip_id": wanted.chip_id_hex(),
        "tcb": wanted.tcb_hex(),
        "source": source.name(),
        "out": args.out,
        "valid_until": until.to_string(),
    });
    told(&args.out, &document, until, output)
}

async fn fetch_crl(
    args: &FetchArgs,
    source: &AmdSource,
    anchors: &AmdAnchors,
    now: UnixTime,
    output: Output,
) -> Result<Verdict, Failure> {
    let Some(product) = args.amd.product else {
        return Err(Failure::usage("--product is needed"));
    };
    Output::note(&format!("asking {} for the list of {product}", source.name()));
    let list = source
        .crl(product)
        .await
        .map_err(|error| Failure::environment(format!("{}: {error}", source.name())))?;
    let refused = |reason: &dyn std::fmt::Display| {
        Failure::refused(format!("the list of {} does not verify: {reason}", source.name()))
    };
    let crl = AmdCrl::verify(&list, anchors, now).map_err(|error| refused(&error))?;
    if crl.product() != product {
        return Err(refused(&format_args!("it is for {}", crl.product())));
    }
    let until = crl.list().next_update();
    write_pem(&args.out, "X509 CRL", crl.list().der())?;
    let document = json!({
        "product": product.name(),
        "source": source.name(),
        "out": args.out,
        "this_update": crl.list().this_update().to_string(),
        "valid_until": until.to_string(),
    });
    told(&args.out, &document, until, output)
}

fn told(
    out: &Path,
    document: &serde_json::Value,
    until: UnixTime,
    output: Output,
) -> Result<Verdict, Failure> {
    if out != Path::new("-") {
        output.answer(document, || {
            format!("{} {} is good until {until}", paint(GOOD, "ok:"), out.display())
        })?;
    }
    Ok(Verdict::Accepted)
}

fn write_pem(out: &Path, label: &str, der: &[u8]) -> Result<(), Failure> {
    write_file(out, attestry_api::spki::pem(label, der).as_bytes())
}

/// The key that the arguments name.
fn wanted(args: &AmdArgs) -> Result<VekId, Failure> {
    if let Some(path) = &args.report {
        return of_report(path, args.product);
    }
    let (Some(product), Some(chip_id), Some(tcb)) = (args.product, &args.chip_id, &args.tcb) else {
        return Err(Failure::usage("it is not said whose certificate to fetch")
            .hint("give --report FILE, or --product, --chip-id and --tcb"));
    };
    let chip_id = hex::decode(chip_id.as_bytes())
        .ok_or_else(|| Failure::usage(format!("--chip-id `{chip_id}` is not hexadecimal")))?;
    let tcb = u64::from_str_radix(tcb, 16)
        .map_err(|_| Failure::usage(format!("--tcb `{tcb}` is not a hexadecimal number of 16 digits")))?;
    VekId::new(product, &chip_id, tcb.to_le_bytes()).map_err(|error| {
        Failure::usage(error.to_string()).hint(format!(
            "a chip id of {product} has {} bytes",
            product.chip_id_bytes()
        ))
    })
}

fn of_report(path: &Path, product: Option<Product>) -> Result<VekId, Failure> {
    let name = input::name(path);
    let unreadable = |error: &dyn std::fmt::Display| Failure::refused(format!("{name}: {error}"));
    let report = appraisal::snp_report(&input::read_evidence(path)?)?;
    let admitted = Report::read(&report)
        .and_then(|report| report.admit(&Settings::default()))
        .map_err(|error| unreadable(&error))?;
    let id = match product {
        Some(product) => VekId::new(product, &admitted.body().chip_id, admitted.body().reported_tcb),
        None => VekId::of(&admitted),
    };
    id.map_err(|error| unreadable(&error))
}

fn source_config(args: &FetchArgs) -> AmdSourceConfig {
    let mut config = match args.from.as_deref() {
        None | Some("kds") => AmdSourceConfig::new(AmdSourceKind::Kds),
        Some("thim") => AmdSourceConfig::new(AmdSourceKind::AzureThim),
        Some(url) => AmdSourceConfig {
            url: url.to_owned(),
            ..AmdSourceConfig::new(AmdSourceKind::Kds)
        },
    };
    config.ca_file = args.ca_file.clone().unwrap_or_default();
    config
}

fn product(text: &str) -> Result<Product, String> {
    let line = match text.to_ascii_lowercase().as_str() {
        "bergamo" | "siena" => "Genoa",
        _ => text,
    };
    line.parse()
        .map_err(|()| "expected one of Milan, Genoa, Turin".to_owned())
}

/// There is nobody else to take turns with.
const PATIENCE: Duration = Duration::ZERO;
