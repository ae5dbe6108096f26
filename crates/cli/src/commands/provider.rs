//! `attestry provider`: attestation providers as resources, as `az attestation` has them.

mod settings;

use std::collections::BTreeMap;
use std::path::PathBuf;

use attestry_client::{ClientError, ControlPlane, NewProvider, Provider, ProviderUpdate};
use clap::{Subcommand, ValueEnum};
use serde_json::json;

use crate::failure::{Failure, Verdict};
use crate::output::{BOLD, FAINT, GOOD, NAME, Output, facts, paint, plain, table};
use crate::{input, service};

/// Create and manage attestation providers
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  export ATTESTRY_ENDPOINT=https://localhost:8443 ATTESTRY_CA=ca.pem
  export ATTESTRY_SUBSCRIPTION=6c1b31a0-7f3c-4a4e-9a15-0a1c5c3f7d11
  attestry provider create --name mine --resource-group rg --location eastus
  attestry provider list
  attestry policy set policy.txt --type sgx-enclave --endpoint https://localhost:8443/p/mine

Arguments are named like those of `az attestation`. The endpoint is the service itself, not one of
its providers.")]
pub struct Args {
    #[command(subcommand)]
    command: ProviderCommand,
}

#[derive(Debug, Subcommand)]
enum ProviderCommand {
    Create(CreateArgs),
    List(ListArgs),
    /// Show a provider
    #[command(override_usage = "attestry provider show --name <NAME> --resource-group <GROUP> [OPTIONS]")]
    #[command(after_help = "\
Examples:
  attestry provider show --name mine --resource-group rg --subscription $SUB
  attestry provider show -n mine -g rg --json | jq -r .properties.attestUri")]
    Show(OneArgs),
    Update(UpdateArgs),
    /// Delete a provider; it can be restored for a while
    #[command(override_usage = "attestry provider delete --name <NAME> --resource-group <GROUP> [OPTIONS]")]
    #[command(after_help = "\
Examples:
  attestry provider delete --name mine --resource-group rg --subscription $SUB")]
    Delete(OneArgs),
    ListDefault(ListDefaultArgs),
    /// List the deleted providers that can be restored
    #[command(after_help = "\
Examples:
  attestry provider list-deleted --endpoint https://localhost:8443 --ca ca.pem")]
    ListDeleted(ServiceArgs),
    /// Bring a deleted provider back, with its policies and signers
    #[command(after_help = "\
Examples:
  attestry provider restore --name mine --endpoint https://localhost:8443 --ca ca.pem")]
    Restore(NameArgs),
    /// Protect a provider from deletion
    #[command(after_help = "\
Examples:
  attestry provider protect --name mine --endpoint https://localhost:8443 --ca ca.pem")]
    Protect(NameArgs),
    /// Let a provider be deleted again
    #[command(after_help = "\
Examples:
  attestry provider unprotect --name mine --endpoint https://localhost:8443 --ca ca.pem")]
    Unprotect(NameArgs),
    Settings(settings::Args),
}

/// A subscription of a service.
#[derive(Debug, clap::Args)]
struct Scope {
    /// The subscription
    #[arg(long, value_name = "ID", env = "ATTESTRY_SUBSCRIPTION")]
    subscription: String,

    #[command(flatten)]
    connection: service::Connection,
}

/// One provider.
#[derive(Debug, clap::Args)]
struct OneArgs {
    /// Name of the provider
    #[arg(long, short, value_name = "NAME")]
    name: String,

    /// Resource group of the provider
    #[arg(long, short = 'g', value_name = "GROUP")]
    resource_group: String,

    #[command(flatten)]
    scope: Scope,
}

/// Create a provider
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "attestry provider create --name <NAME> --resource-group <GROUP> --location <PLACE> [OPTIONS]"
)]
#[command(after_help = "\
Examples:
  attestry provider create --name mine --resource-group rg --location eastus --tags team=a env=test

  # Isolated: takes only policies signed by one of these certificates.
  attestry provider create -n mine -g rg -l eastus --certs-input-path signer.pem")]
struct CreateArgs {
    /// Where it is, for example eastus
    #[arg(long, short, value_name = "LOCATION")]
    location: String,

    /// Tags, KEY or KEY=VALUE
    #[arg(long, value_name = "TAG", num_args = 1.., value_parser = tag)]
    tags: Vec<(String, String)>,

    /// Policy signing certificates (PEM); with at least one, the provider is isolated
    #[arg(long, value_name = "PEM", num_args = 1..)]
    certs_input_path: Vec<PathBuf>,

    /// Whether it can be reached from other than its private networks
    #[arg(long, value_name = "STATE")]
    public_network_access: Option<Switch>,

    #[command(flatten)]
    provider: OneArgs,
}

/// Change a provider
#[derive(Debug, clap::Args)]
#[command(override_usage = "attestry provider update --name <NAME> --resource-group <GROUP> [OPTIONS]")]
#[command(group(clap::ArgGroup::new("change").required(true).multiple(true).args(["tags", "public_network_access"])))]
#[command(after_help = "\
Examples:
  attestry provider update --name mine --resource-group rg --tags team=b
  attestry provider update -n mine -g rg --public-network-access disabled

Tags are replaced as a whole.")]
struct UpdateArgs {
    /// All its tags, KEY or KEY=VALUE; none after the option removes them
    #[arg(long, value_name = "TAG", num_args = 0.., value_parser = tag)]
    tags: Option<Vec<(String, String)>>,

    /// Whether it can be reached from other than its private networks
    #[arg(long, value_name = "STATE")]
    public_network_access: Option<Switch>,

    #[command(flatten)]
    provider: OneArgs,
}

/// List the providers of a subscription or of one of its resource groups
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry provider list --subscription $SUB --endpoint https://localhost:8443 --ca ca.pem
  attestry provider list --resource-group rg")]
struct ListArgs {
    /// Only those of this resource group
    #[arg(long, short = 'g', value_name = "GROUP")]
    resource_group: Option<String>,

    #[command(flatten)]
    scope: Scope,
}

/// List the shared providers, which everybody may use
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry provider list-default --subscription $SUB --endpoint https://localhost:8443 --ca ca.pem
  attestry provider list-default --location eastus")]
struct ListDefaultArgs {
    /// Only the one of this location
    #[arg(long, short, value_name = "LOCATION")]
    location: Option<String>,

    #[command(flatten)]
    scope: Scope,
}

#[derive(Debug, clap::Args)]
struct ServiceArgs {
    #[command(flatten)]
    connection: service::Connection,
}

/// A provider by its name, which is one of a kind in a service.
#[derive(Debug, clap::Args)]
struct NameArgs {
    /// Name of the provider
    #[arg(long, short, value_name = "NAME")]
    name: String,

    #[command(flatten)]
    connection: service::Connection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Switch {
    Enabled,
    Disabled,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        ProviderCommand::Create(args) => create(args, output),
        ProviderCommand::List(args) => {
            let control = args.scope.control_plane()?;
            let group = args.resource_group.as_deref();
            list(
                service::block_on(async { Ok(control.list(group).await) })?,
                output,
            )
        }
        ProviderCommand::Show(args) => {
            let control = args.scope.control_plane()?;
            let asked = async { Ok(control.get(&args.resource_group, &args.name).await) };
            one(service::block_on(asked)?, output)
        }
        ProviderCommand::Update(args) => update(args, output),
        ProviderCommand::Delete(args) => delete(args, output),
        ProviderCommand::ListDefault(args) => list_default(args, output),
        ProviderCommand::Protect(args) => protect(args, true, output),
        ProviderCommand::Unprotect(args) => protect(args, false, output),
        ProviderCommand::Settings(args) => settings::run(args, output),
        ProviderCommand::ListDeleted(args) => list_deleted(args, output),
        ProviderCommand::Restore(args) => {
            let client = args.connection.client()?;
            one(
                service::block_on(async { Ok(client.restore_provider(&args.name).await) })?,
                output,
            )
        }
    }
}

impl Scope {
    fn control_plane(&self) -> Result<ControlPlane, Failure> {
        Ok(self
            .connection
            .client()?
            .control_plane(self.subscription.as_str()))
    }
}

fn create(args: &CreateArgs, output: Output) -> Result<Verdict, Failure> {
    let mut new = NewProvider {
        location: args.location.clone(),
        tags: args.tags.iter().cloned().collect(),
        public_network_access: args.public_network_access.map(Switch::is_on),
        ..NewProvider::default()
    };
    for path in &args.certs_input_path {
        new.add_policy_signers(&input::read(path)?)
            .map_err(|error| Failure::usage(format!("{}: {error}", input::name(path))))?;
    }
    let OneArgs {
        name,
        resource_group,
        scope,
    } = &args.provider;
    let control = scope.control_plane()?;
    one(
        service::block_on(async { Ok(control.create(resource_group, name, &new).await) })?,
        output,
    )
}

fn update(args: &UpdateArgs, output: Output) -> Result<Verdict, Failure> {
    let tags = args.tags.as_ref();
    let update = ProviderUpdate {
        tags: tags.map(|tags| tags.iter().cloned().collect::<BTreeMap<_, _>>()),
        public_network_access: args.public_network_access.map(Switch::is_on),
    };
    let OneArgs {
        name,
        resource_group,
        scope,
    } = &args.provider;
    let control = scope.control_plane()?;
    one(
        service::block_on(async { Ok(control.update(resource_group, name, &update).await) })?,
        output,
    )
}

fn delete(args: &OneArgs, output: Output) -> Result<Verdict, Failure> {
    let control = args.scope.control_plane()?;
    let asked = async { Ok(control.delete(&args.resource_group, &args.name).await) };
    match service::block_on(asked)? {
        Ok(existed) => output.answer(&json!({ "deleted": existed }), || {
            if existed {
                format!(
                    "{} `attestry provider restore` brings it back",
                    paint(GOOD, "deleted:")
                )
            } else {
                "there was no such provider".to_owned()
            }
        })?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn protect(args: &NameArgs, protected: bool, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    let asked = async { Ok(client.protect_provider(&args.name, protected).await) };
    one(service::block_on(asked)?, output)
}

fn list_default(args: &ListDefaultArgs, output: Output) -> Result<Verdict, Failure> {
    let control = args.scope.control_plane()?;
    let found = service::block_on(async {
        Ok(match &args.location {
            None => control.list_default().await,
            Some(location) => control.default_at(location).await.map(|provider| vec![provider]),
        })
    })?;
    list(found, output)
}

fn list_deleted(args: &ServiceArgs, output: Output) -> Result<Verdict, Failure> {
    let client = args.connection.client()?;
    match service::block_on(async { Ok(client.deleted_providers().await) })? {
        Ok(deleted) => output.answer(&json!({ "value": deleted }), || {
            let rows = deleted.iter().map(|one| {
                let until = format!("restorable until {}", one.restorable_until);
                vec![
                    (NAME, one.provider.name.clone()),
                    (BOLD, one.provider.id.clone()),
                    (FAINT, until),
                ]
            });
            table(&rows.collect::<Vec<_>>())
        })?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn list(found: Result<Vec<Provider>, ClientError>, output: Output) -> Result<Verdict, Failure> {
    match found {
        Ok(providers) => output.answer(&json!({ "value": providers }), || listed(&providers))?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn listed(providers: &[Provider]) -> String {
    if providers.is_empty() {
        return "there are none".to_owned();
    }
    let heading = ["name", "location", "mode", "endpoint"].map(|title| (BOLD, title.to_owned()));
    let mut rows = vec![heading.to_vec()];
    for provider in providers {
        rows.push(vec![
            (NAME, plain(&provider.name)),
            (FAINT, plain(&provider.location)),
            (FAINT, plain(&provider.properties.trust_model)),
            (BOLD, plain(&provider.properties.attest_uri)),
        ]);
    }
    table(&rows)
}

fn one(found: Result<Provider, ClientError>, output: Output) -> Result<Verdict, Failure> {
    match found {
        Ok(provider) => output.answer(&provider, || described(&provider))?,
        Err(error) => return service::refused(&error, output),
    }
    Ok(Verdict::Accepted)
}

fn described(provider: &Provider) -> String {
    let properties = &provider.properties;
    let mut rows = vec![
        ("name", plain(&provider.name)),
        ("endpoint", plain(&properties.attest_uri)),
        ("mode", plain(&properties.trust_model)),
        ("status", plain(&properties.status)),
        ("location", plain(&provider.location)),
    ];
    if let Some(access) = &properties.public_network_access {
        rows.push(("public network access", plain(access)));
    }
    for (name, value) in &provider.tags {
        rows.push(("tag", plain(&format!("{name}={value}"))));
    }
    rows.push(("id", plain(&provider.id)));
    facts(rows)
}

impl Switch {
    fn is_on(self) -> bool {
        self == Self::Enabled
    }
}

/// `KEY=VALUE`, or `KEY` for an empty value, as `az` takes them.
fn tag(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').unwrap_or((text, ""));
    if key.is_empty() {
        return Err("expected KEY=VALUE".to_owned());
    }
    Ok((key.to_owned(), value.to_owned()))
}
