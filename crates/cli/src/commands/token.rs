//! `attestry token`: reads and checks tokens as a relying party does.

use std::path::{Path, PathBuf};

use attestry_api::jws::CompactJws;
use attestry_client::key_release::{Evaluation, ReleasePolicy};
use attestry_client::{ClientError, JwkSet, TokenRules, ValidatedToken};
use clap::Subcommand;
use serde_json::{Map, Value, json};

use crate::failure::{Failure, Verdict};
use crate::output::claims::claims;
use crate::output::{BAD, BOLD, FAINT, GOOD, Output, paint};
use crate::{input, service};

/// Decode a token, or verify it as a relying party
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  attestry token inspect token.jwt
  attestry token verify token.jwt --endpoint https://localhost:8443 --ca ca.pem")]
pub struct Args {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    Inspect(InspectArgs),
    Verify(VerifyArgs),
}

/// Decode a token without checking anything
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  attestry token inspect token.jwt
  attestry token inspect eyJhbGciOi...
  attestry token inspect --json - < token.jwt | jq .claims")]
struct InspectArgs {
    /// The token itself, or a file that holds it; `-` reads stdin
    #[arg(value_name = "TOKEN|FILE")]
    token: String,
}

/// Check signature, issuer and times of a token, and whether a release policy is met
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("keys").required(true).multiple(true).args(["endpoint", "jwks"])))]
#[command(after_help = "\
Examples:
  attestry token verify token.jwt --endpoint https://localhost:8443 --ca ca.pem
  attestry token verify token.jwt --jwks keys.json --issuer https://localhost:8443
  attestry token verify token.jwt --jwks keys.json --at 2026-03-01T00:00:00Z
  attestry token verify token.jwt --endpoint https://localhost:8443 --ca ca.pem \\
      --release-policy policy.json

With --endpoint the issuer and the keys come from the service's metadata; with --jwks from the
file, and the issuer is only checked when --issuer names it. A release policy compares the token's
issuer with its authorities: the file's keys must then be that issuer's.")]
struct VerifyArgs {
    /// The token itself, or a file that holds it; `-` reads stdin
    #[arg(value_name = "TOKEN|FILE")]
    token: String,

    /// The service that issued it: keys and issuer are fetched from there
    #[arg(long, value_name = "URL", env = "ATTESTRY_ENDPOINT")]
    endpoint: Option<String>,

    /// A JSON Web Key Set with the issuer's keys
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,

    /// The issuer that the token must name
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,

    /// Check the times as of this time: RFC 3339 or unix seconds
    #[arg(long, value_name = "TIME", value_parser = crate::input::time)]
    at: Option<i64>,

    /// Certificate (PEM) of the authority that issued the service's TLS certificate
    #[arg(long, value_name = "FILE", env = "ATTESTRY_CA")]
    ca: Option<PathBuf>,

    /// A release policy of Azure Key Vault, as JSON or in its wire form: would it release a key?
    #[arg(long, value_name = "FILE")]
    release_policy: Option<PathBuf>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    match &args.command {
        TokenCommand::Inspect(args) => inspect(args, output),
        TokenCommand::Verify(args) => verify(args, output),
    }
}

fn inspect(args: &InspectArgs, output: Output) -> Result<Verdict, Failure> {
    let text = token_text(&args.token)?;
    let decoded = Decoded::parse(&text)?;
    output.answer(&decoded.document(), || decoded.text())?;
    Ok(Verdict::Accepted)
}

fn verify(args: &VerifyArgs, output: Output) -> Result<Verdict, Failure> {
    let token = token_text(&args.token)?;
    Decoded::parse(&token)?;
    let policy = args.release_policy.as_deref().map(release_policy).transpose()?;
    let mut rules = TokenRules::new();
    if let Some(issuer) = &args.issuer {
        rules = rules.issuer(issuer);
    }
    let now = args.at.unwrap_or_else(input::now);
    let checked = match (&args.jwks, &args.endpoint) {
        (Some(path), _) => {
            let keys = JwkSet::from_json(&input::read(path)?)
                .map_err(|error| Failure::usage(format!("{}: {error}", input::name(path))))?;
            rules.validate(&token, &keys, now).map_err(ClientError::from)
        }
        (None, Some(endpoint)) => {
            let client = service::client(endpoint, args.ca.as_deref(), None)?
                .token_rules(rules)
                .build()
                .map_err(|error| service::failure(&error))?;
            service::block_on(async { Ok(client.validate_at(&token, now).await) })?
        }
        (None, None) => return Err(Failure::usage("either --endpoint or --jwks is needed")),
    };
    match checked {
        Ok(validated) => valid(&validated, policy.as_ref(), output),
        Err(ClientError::Token(error)) => invalid(&error.to_string(), output),
        Err(error) => Err(service::failure(&error)),
    }
}

fn release_policy(path: &Path) -> Result<ReleasePolicy, Failure> {
    ReleasePolicy::from_json(&input::read(path)?)
        .map_err(|error| Failure::usage(format!("{}: {error}", input::name(path))))
}

fn valid(token: &ValidatedToken, policy: Option<&ReleasePolicy>, output: Output) -> Result<Verdict, Failure> {
    let release = match policy.map(|policy| policy.evaluate(token)).transpose() {
        Ok(release) => release,
        Err(error) => return invalid(&error.to_string(), output),
    };
    let refusal = release.as_ref().filter(|release| !release.is_released());
    let error = refusal.map(|refusal| json!({"message": refusal.to_string()}));
    let mut document =
        json!({"valid": true, "header": token.header(), "claims": token.claims(), "error": error});
    if let (Some(release), Some(members)) = (&release, document.as_object_mut()) {
        members.insert("release".to_owned(), json!(release));
    }
    output.answer(&document, || {
        format!(
            "{} signature, issuer and times are good\n{}\n{}",
            paint(GOOD, "valid:"),
            release.as_ref().map(release_text).unwrap_or_default(),
            claims(token.claims())
        )
    })?;
    Ok(if refusal.is_some() {
        Verdict::Refused
    } else {
        Verdict::Accepted
    })
}

/// The decision, and what stands in its way.
fn release_text(release: &Evaluation) -> String {
    if let Some(authority) = release.releasing_authority() {
        let (place, issuer) = (&authority.place, &authority.authority);
        return format!("{} by `{issuer}` ({place})\n", paint(GOOD, "released:"));
    }
    let mut unmet = release.unmet().peekable();
    if unmet.peek().is_none() {
        return format!("{} {release}\n", paint(BAD, "not released:"));
    }
    let conditions: Vec<_> = unmet
        .map(|condition| {
            format!(
                "  {}\n    {}\n",
                paint(FAINT, &condition.place),
                condition.message
            )
        })
        .collect();
    let conditions = conditions.concat();
    format!(
        "{} the release policy is not met\n{conditions}",
        paint(BAD, "not released:")
    )
}

fn invalid(reason: &str, output: Output) -> Result<Verdict, Failure> {
    let document = json!({"valid": false, "header": null, "claims": null, "error": {"message": reason}});
    output.answer(&document, || format!("{} {reason}", paint(BAD, "refused:")))?;
    Ok(Verdict::Refused)
}

/// A token taken apart and not believed.
pub struct Decoded {
    header: Map<String, Value>,
    claims: Value,
    signed: bool,
}

impl Decoded {
    /// Takes a JWT or JWS with a JSON payload apart.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let jws = CompactJws::parse(text)
            .map_err(|error| Failure::usage(format!("this is not a token: {error}")))?;
        let claims = match jws.unverified_payload() {
            [] => Value::Null,
            payload => serde_json::from_slice(payload)
                .map_err(|error| Failure::usage(format!("the token's payload is not JSON: {error}")))?,
        };
        Ok(Self {
            header: jws.header_members().clone(),
            claims,
            signed: !jws.is_unsigned(),
        })
    }

    /// As one JSON document.
    pub fn document(&self) -> Value {
        json!({"header": self.header, "claims": self.claims, "signed": self.signed})
    }

    /// For people.
    pub fn text(&self) -> String {
        let signature = if self.signed {
            "present, not verified here"
        } else {
            "none: anybody can have written this"
        };
        let body = match &self.claims {
            Value::Object(members) => claims(members),
            Value::Null => format!("  {}\n", paint(FAINT, "empty")),
            other => format!("  {other}\n"),
        };
        format!(
            "{}\n{}{}\n{body}{}\n  {signature}\n",
            paint(BOLD, "Header"),
            claims(&self.header),
            paint(BOLD, "Claims"),
            paint(BOLD, "Signature"),
        )
    }
}

/// The token itself, or what is in the file of that name.
fn token_text(argument: &str) -> Result<String, Failure> {
    if looks_like_a_token(argument) {
        return Ok(argument.trim().to_owned());
    }
    Ok(token_in(&input::read_text(Path::new(argument))?))
}

/// The token in a text that is the token, or a service's answer with the token in it.
pub fn token_in(text: &str) -> String {
    let answer: Option<Value> = serde_json::from_str(text).ok();
    let inside = answer
        .as_ref()
        .and_then(|answer| answer.get("token"))
        .and_then(Value::as_str);
    inside.unwrap_or(text.trim()).to_owned()
}

/// `{"` in base64url is `eyJ`, and no file is named like that by accident.
pub fn looks_like_a_token(text: &str) -> bool {
    let text = text.trim();
    text.starts_with("eyJ") && text.bytes().filter(|byte| *byte == b'.').count() == 2
}
