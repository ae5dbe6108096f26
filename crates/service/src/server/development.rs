//! Development mode: what `serve --dev` and `demo` change about a configuration, and their certificates.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use attestry_evidence::time::UnixTime;
use http::Uri;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

use super::StartError;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, ExplainLevel, ProviderConfig, ProviderMode};

/// Development mode takes anybody for an administrator: nobody but this machine may reach it or be told to.
pub(super) fn check(config: &Config) -> Result<(), ConfigError> {
    let refused = |key: &str, reason: &str| {
        Err(ConfigError::Key {
            key: key.to_owned(),
            reason: reason.to_owned(),
        })
    };
    let server = &config.server;
    if !server.listen.ip().is_loopback() {
        return refused("server.listen", "development mode listens on loopback only");
    }
    let base_url = server.base_url.parse::<Uri>().ok();
    let host = base_url.as_ref().and_then(Uri::host);
    if !server.base_url.is_empty() && !host.is_some_and(is_this_machine) {
        return refused("server.base_url", "development mode is for this machine only");
    }
    if !server.base_domain.is_empty() && !is_this_machine(&server.base_domain) {
        return refused("server.base_domain", "development mode is for this machine only");
    }
    Ok(())
}

/// `localhost` with everything below it (RFC 6761, 6.3), and loopback addresses.
fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

/// `config` for development: certificates of an authority of its own, nothing fetched unless sources were
/// configured, and the three providers unless others were.
pub(super) fn config(mut config: Config) -> Result<Config, StartError> {
    if !config.server.has_tls() {
        let certificates = issue_certificates(&config.store.data_dir.join("tls"))?;
        config.server.tls_certificate = certificates.certificate;
        config.server.tls_private_key = certificates.private_key;
    }
    if config.provider.is_empty() {
        let signer = policy_signer(&config.store.data_dir.join("tls"))?;
        config.provider = PROVIDERS.iter().map(|given| provider(given, &signer)).collect();
    }
    Ok(config)
}

/// Name of the authority's certificate in the directory `tls` of the data directory.
pub(super) const CA_CERTIFICATE: &str = "ca.pem";

const PROVIDERS: [(&str, ProviderMode); 3] = [
    ("dev", ProviderMode::Aad),
    ("isolated", ProviderMode::Isolated),
    ("shared", ProviderMode::Shared),
];

/// Names of the policy signing certificate and of its private key in the directory `tls` of the data directory.
const POLICY_SIGNER: [&str; 2] = ["policy-signer.pem", "policy-signer.key"];

fn provider(&(name, mode): &(&str, ProviderMode), signer: &str) -> ProviderConfig {
    let signers = Some(signer.to_owned()).filter(|_| mode == ProviderMode::Isolated);
    ProviderConfig {
        policy_signers: signers.into_iter().collect(),
        name: name.to_owned(),
        default: mode == ProviderMode::Aad,
        mode,
        explain: ExplainLevel::Full,
        ..ProviderConfig::default()
    }
}

struct CertificateFiles {
    certificate: PathBuf,
    private_key: PathBuf,
}

/// Issues a fresh server certificate under the authority in `directory`, which is set up the first time and
/// then stays, so that clients that trust it go on to.
fn issue_certificates(directory: &Path) -> Result<CertificateFiles, StartError> {
    let failed = || StartError::DevelopmentCa {
        path: directory.to_owned(),
    };
    std::fs::create_dir_all(directory).map_err(|_| failed())?;
    let (ca_certificate, ca_key) = (directory.join(CA_CERTIFICATE), directory.join("ca.key"));
    let ca_params = ca_params().map_err(|_| failed())?;
    let key = match std::fs::read_to_string(&ca_key) {
        Ok(pem) if ca_certificate.exists() => KeyPair::from_pem(&pem).map_err(|_| failed())?,
        _ => {
            let key = KeyPair::generate().map_err(|_| failed())?;
            let certificate = ca_params.self_signed(&key).map_err(|_| failed())?;
            write_private(&ca_key, &key.serialize_pem()).map_err(|_| failed())?;
            std::fs::write(&ca_certificate, certificate.pem()).map_err(|_| failed())?;
            key
        }
    };
    let files = CertificateFiles {
        certificate: directory.join("server.pem"),
        private_key: directory.join("server.key"),
    };
    let server_key = KeyPair::generate().map_err(|_| failed())?;
    let certificate = server_params()
        .and_then(|params| params.signed_by(&server_key, &Issuer::new(ca_params, key)))
        .map_err(|_| failed())?;
    std::fs::write(&files.certificate, certificate.pem()).map_err(|_| failed())?;
    write_private(&files.private_key, &server_key.serialize_pem()).map_err(|_| failed())?;
    Ok(files)
}

/// The certificate that the isolated provider trusts at first. It and its key are made once and stay, as the trust in
/// it does.
fn policy_signer(directory: &Path) -> Result<String, StartError> {
    let failed = || StartError::DevelopmentCa {
        path: directory.to_owned(),
    };
    let [certificate_file, key_file] = POLICY_SIGNER.map(|name| directory.join(name));
    let name = certificate_file.to_str().map(str::to_owned).ok_or_else(failed)?;
    if certificate_file.exists() && key_file.exists() {
        return Ok(name);
    }
    std::fs::create_dir_all(directory).map_err(|_| failed())?;
    // RSA, because the Python client signs with nothing else.
    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).map_err(|_| failed())?;
    let mut params = CertificateParams::new(Vec::new()).map_err(|_| failed())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Attestry development policy signer");
    // Every chain of signers ends in an authority, be it of one certificate.
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign];
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    let certificate = params.self_signed(&key).map_err(|_| failed())?;
    write_private(&key_file, &key.serialize_pem()).map_err(|_| failed())?;
    std::fs::write(&certificate_file, certificate.pem()).map_err(|_| failed())?;
    Ok(name)
}

fn ca_params() -> Result<CertificateParams, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params
        .distinguished_name
        .push(DnType::CommonName, "Attestry development CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Fixed, because the authority is made again from these parameters at every start.
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    Ok(params)
}

fn server_params() -> Result<CertificateParams, rcgen::Error> {
    let names = ["localhost", "*.localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, "localhost");
    params.is_ca = IsCa::ExplicitNoCa;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // TLS clients go by the real time, whatever time evidence is judged by.
    let now = Clock::live().now();
    let ((year, month, day), until) = (civil_date(now, -1), civil_date(now, CERTIFICATE_DAYS));
    params.not_before = date_time_ymd(year, month, day);
    params.not_after = date_time_ymd(until.0, until.1, until.2);
    Ok(params)
}

/// Clients limit the life of certificates; a fresh one comes with every start.
const CERTIFICATE_DAYS: i64 = 397;

/// Year, month and day, so many days after `now`.
fn civil_date(now: UnixTime, days: i64) -> (i32, u8, u8) {
    let seconds = now.seconds().saturating_add(days.saturating_mul(86_400));
    let date = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    let date = date.to_zoned(jiff::tz::TimeZone::UTC).date();
    let unsigned = |part: i8| u8::try_from(part).unwrap_or(1);
    (
        i32::from(date.year()),
        unsigned(date.month()),
        unsigned(date.day()),
    )
}

fn write_private(path: &Path, content: &str) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(content.as_bytes())
}
