//! `attestry policy sign`: the JWS for an isolated provider, made where the key is.

use std::path::PathBuf;

use attestry_api::{AttestationType, policy_hash, policy_token_hash};
use attestry_client::SignedUse;
use serde_json::json;

use crate::certificate::Described;
use crate::failure::{Failure, Verdict};
use crate::output::{Output, facts};
use crate::{input, signing};

/// Sign a policy for an isolated provider
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("content").required(true).args(["file", "reset"])))]
#[command(after_help = "\
Examples:
  attestry policy sign policy.txt --key signer.key --cert signer.pem --out policy.jws
  attestry policy set policy.jws --type sgx-enclave --endpoint https://attest.example/p/mine

  # Good for one provider and type only, and not again after a later one:
  attestry policy sign policy.txt --key signer.key --cert signer.pem \\
      --for https://attest.example/p/mine/policies/SgxEnclave

  # The signed request for the default policy:
  attestry policy sign --reset --key signer.key --cert signer.pem --out reset.jws

RSA keys sign with RS256, EC keys on P-256 with ES256, on P-384 with ES384. The text is not checked:
`attestry policy check` does.")]
pub struct Args {
    /// The policy's text; `-` reads stdin
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,

    /// Sign a reset instead of a policy
    #[arg(long)]
    reset: bool,

    /// Private key (PEM: PKCS #8, PKCS #1 or SEC 1)
    #[arg(long, value_name = "PEM")]
    key: PathBuf,

    /// The certificate of the key, and those that lead to a trusted one (PEM)
    #[arg(long, value_name = "PEM")]
    cert: PathBuf,

    /// The only place it is good for: the provider's URL followed by `/policies/TYPE`
    #[arg(long = "for", value_name = "URL", value_parser = policy_url)]
    only_for: Option<String>,

    /// Where to write the JWS [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: &Args, output: Output) -> Result<Verdict, Failure> {
    let text = args
        .file
        .as_ref()
        .map(|file| input::read_text(file))
        .transpose()?;
    let signer = signing::signer(&args.key, &args.cert)?;
    let action = if text.is_none() { ":reset" } else { "" };
    let only_for = args.only_for.as_ref().map(|url| SignedUse {
        url: format!("{url}{action}"),
        issued_at: input::now(),
    });
    let jws = match &text {
        Some(text) => signer.sign_policy(text, only_for.as_ref()),
        None => signer.sign_reset(only_for.as_ref()),
    }
    .map_err(|error| signing::failure(&error))?;
    let by = signer.certificates().first().map(|der| Described::new(der));
    let document = json!({
        "jws": jws,
        "algorithm": signer.algorithm(),
        "signer": by.as_ref().map(Described::document),
        "policy_hash": text.as_deref().map(policy_hash),
        "token_hash": policy_token_hash(&jws),
        "for": only_for.as_ref().map(|only_for| &only_for.url),
    });
    if let Some(path) = &args.out {
        std::fs::write(path, format!("{jws}\n"))
            .map_err(|error| Failure::environment(format!("cannot write {}: {error}", input::name(path))))?;
    }
    if output.is_json() {
        Output::document(&document)?;
        return Ok(Verdict::Accepted);
    }
    let mut rows = vec![
        ("signer", by.map(|by| by.subject).unwrap_or_default()),
        ("algorithm", signer.algorithm().to_owned()),
    ];
    rows.extend(text.as_deref().map(|text| ("policy hash", policy_hash(text))));
    rows.push(("token hash", policy_token_hash(&jws)));
    Output::note(facts(rows).trim_end());
    if args.out.is_none() {
        Output::text(&jws)?;
    }
    Ok(Verdict::Accepted)
}

/// `<attest URI>/policies/<Type>`.
fn policy_url(text: &str) -> Result<String, String> {
    let kind = text
        .rsplit_once("/policies/")
        .map(|(provider, kind)| (provider, kind.parse()));
    match kind {
        Some((provider, Ok(kind))) if provider.starts_with("http") => {
            let kind: AttestationType = kind;
            Ok(format!("{provider}/policies/{kind}"))
        }
        _ => Err("expected the provider's URL followed by /policies/ and a type, \
                  like https://attest.example/policies/SgxEnclave"
            .to_owned()),
    }
}
