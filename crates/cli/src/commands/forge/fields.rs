//! `attestry forge fields`: what `--set` can reach.

use attestry_forge::amd::{AmdForge, ProductLine};
use attestry_forge::azure::{HclReport, UvmAuthority, UvmEndorsement, VtpmKeys};
use attestry_forge::intel::IntelForge;
use attestry_forge::quote::TdBody;
use attestry_forge::windows::WindowsBoot;
use attestry_forge::{Field, Seed};
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Verdict};
use crate::output::{BOLD, Output, facts, paint};

/// List the fields that --set knows
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry forge fields
  attestry forge fields --json | jq -r '.sgx_quote[].name'")]
pub struct Args {}

pub fn run(Args {}: &Args, output: Output) -> Result<Verdict, Failure> {
    let kinds = kinds();
    if output.is_json() {
        let list = |fields: &[Field]| {
            let field = |field: &Field| json!({"name": field.name, "takes": field.takes});
            fields.iter().map(field).collect::<Value>()
        };
        let document: Map<_, _> = kinds
            .iter()
            .map(|(name, _, fields)| ((*name).to_owned(), list(fields)))
            .collect();
        Output::document(&document)?;
        return Ok(Verdict::Accepted);
    }
    let section = |(_, title, fields): &Kind| {
        let rows = facts(fields.iter().map(|field| (&field.name, &field.takes)));
        format!("{}\n{rows}", paint(BOLD, title))
    };
    let sections: Vec<_> = kinds.iter().map(section).collect();
    Output::text(&sections.join("\n"))?;
    Ok(Verdict::Accepted)
}

/// Name in JSON, title, fields.
type Kind = (&'static str, &'static str, Vec<Field>);

fn kinds() -> Vec<Kind> {
    let intel = IntelForge::new(Seed::default(), 0);
    let snp = AmdForge::new(Seed::default(), 0).snp_evidence(ProductLine::Milan);
    let hcl = HclReport::snp(snp.clone(), &VtpmKeys::new(&Seed::default()));
    let own = |field: &Field| {
        let hardware = ["report.", "vek."]
            .iter()
            .any(|prefix| field.name.starts_with(prefix));
        !hardware && field.name.contains('.')
    };
    let uvm = UvmEndorsement::new(&UvmAuthority::new(0), &[]);
    vec![
        (
            "sgx_quote",
            "SGX quotes, Open Enclave reports and evidence",
            intel.sgx_quote_spec().fields(),
        ),
        (
            "tdx_quote",
            "TDX quotes",
            intel.tdx_quote_spec(TdBody::Td15Extended).fields(),
        ),
        ("snp_evidence", "SEV-SNP reports and evidence", snp.fields()),
        (
            "hcl_report",
            "HCL reports, besides the fields of the report inside",
            hcl.fields().into_iter().filter(own).collect(),
        ),
        ("uvm_endorsement", "UVM endorsements", uvm.fields()),
        ("windows_events", "Windows boots", WindowsBoot::default().fields()),
    ]
}
