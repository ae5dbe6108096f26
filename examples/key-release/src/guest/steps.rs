//! The three steps of a workload.

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use attestry_client::key_release::{ReleaseAnswer, ReleaseRequest, UnwrappingKey};
use attestry_client::{Attestation, AttestationType, Client, Data};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::Value;

use crate::Release;

type Done = Result<(), Box<dyn Error>>;

const API_VERSION: &str = "7.4";
const KEY: &str = "guest.der";
const RUNTIME_DATA: &str = "runtime.json";

/// The key is as secret as what it opens. A real workload keeps it in memory.
pub fn make_key(directory: &Path) -> Done {
    let key = UnwrappingKey::generate()?;
    fs::create_dir_all(directory)?;
    write_secret(&directory.join(KEY), key.to_pkcs8()?.as_bytes())?;
    fs::write(directory.join(RUNTIME_DATA), key.runtime_data("guest-key")?)?;
    Ok(())
}

pub async fn attest(
    directory: &Path,
    endpoint: &str,
    ca: &Path,
    kind: AttestationType,
    evidence: &Path,
) -> Done {
    let client = Client::builder(endpoint).ca_pem(read(ca)?).build()?;
    let runtime_data = read(&directory.join(RUNTIME_DATA))?;
    let attestation = Attestation::new(kind, read(evidence)?).runtime_data(Data::Json(runtime_data));
    println!("{}", client.attest(&attestation).await?.token());
    Ok(())
}

/// The vault is known by its certificate alone, so that nobody between the two can put another secret in its place.
pub async fn release(args: &Release) -> Done {
    let key = UnwrappingKey::from_pkcs8(&read(&args.directory.join(KEY))?)?;
    let certificate = CertificateDer::from_pem_slice(&read(&args.vault_certificate)?)?;
    let token = String::from_utf8(read(&args.token)?)?;
    let request = ReleaseRequest::new(token.trim(), args.enc)?;
    let kid = format!("{}/keys/{}", args.vault.trim_end_matches('/'), args.key);
    let jws = ask(&kid, &request).await?;
    let answer = ReleaseAnswer::verify(&jws, &certificate, &kid, &request)?;
    if let Some(path) = &args.save_wrapped {
        fs::write(path, answer.wrapped().as_bytes())?;
    }
    write_secret(&args.out, answer.open(&key)?.as_bytes())?;
    println!("released {kid} ({})", answer.kty());
    Ok(())
}

/// Sends the request and gives the answer's JWS, or the vault's reason as an error.
async fn ask(kid: &str, request: &ReleaseRequest) -> Result<String, Box<dyn Error>> {
    let response = reqwest::Client::builder()
        .no_proxy()
        .build()?
        .post(format!("{kid}/release?api-version={API_VERSION}"))
        .json(&request.to_json())
        .send()
        .await?;
    let status = response.status().as_u16();
    let body: Value = response.json().await?;
    if let Some(message) = body.pointer("/error/message").and_then(Value::as_str) {
        return Err(format!("the vault answered {status}: {message}").into());
    }
    let value = body.get("value").and_then(Value::as_str);
    value
        .map(str::to_owned)
        .ok_or_else(|| "the vault's answer has no `value`".into())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write_secret(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(bytes)
}
