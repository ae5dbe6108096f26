//! The files that an administrator signs with.

use std::path::PathBuf;

use attestry_client::{Client, PolicySigner, SignedUse, SigningError};

use crate::failure::Failure;
use crate::{input, service};

/// A key and a certificate to sign with on the way, where the provider wants signatures.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Signature")]
pub struct OnTheWay {
    /// Sign with this private key (PEM: PKCS #8, PKCS #1 or SEC 1)
    #[arg(long, value_name = "PEM", requires = "cert")]
    key: Option<PathBuf>,

    /// The certificate of the key, and those that lead to a trusted one (PEM)
    #[arg(long, value_name = "PEM", requires = "key")]
    cert: Option<PathBuf>,

    /// Make the signature good for this operation of this provider alone, and from now on
    #[arg(long, requires = "key")]
    bind: bool,
}

impl OnTheWay {
    /// The signer, if one is given.
    pub fn signer(&self) -> Result<Option<PolicySigner>, Failure> {
        match (&self.key, &self.cert) {
            (Some(key), Some(certificate)) => signer(key, certificate).map(Some),
            _ => Ok(None),
        }
    }

    /// The use that a signature is to name, if it is to name one: the operation at this path of the client's provider.
    pub async fn only_for(&self, client: &Client, operation: &str) -> Result<Option<SignedUse>, Failure> {
        if !self.bind {
            return Ok(None);
        }
        let only_for = client.signed_use(operation).await;
        only_for.map(Some).map_err(|error| service::failure(&error))
    }
}

/// A signer from files: a private key, and a certificate with those that lead to its authority.
pub fn signer(key: &PathBuf, certificate: &PathBuf) -> Result<PolicySigner, Failure> {
    PolicySigner::from_pem(&input::read(key)?, &input::read(certificate)?).map_err(|error| {
        let file = match &error {
            SigningError::NoKey | SigningError::Key { .. } => key,
            _ => certificate,
        };
        Failure::usage(format!("{}: {error}", input::name(file)))
    })
}

/// Signing failed although key and certificate are good.
pub fn failure(error: &SigningError) -> Failure {
    Failure::environment(error.to_string())
}
