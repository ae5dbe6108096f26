//! `GET /.well-known/openid-configuration`: what a provider says of itself.

use serde::{Deserialize, Serialize};

/// The metadata, with the six members MAA answers, in its order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenIdMetadata {
    /// Always `token` and `none`.
    pub response_types_supported: Vec<String>,
    /// Algorithms that tokens may be signed with.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// `<issuer>/revoke`; MAA names it, and serves nothing there.
    pub revocation_endpoint: String,
    /// The attest URI.
    pub issuer: String,
    /// `<issuer>/certs`.
    pub jwks_uri: String,
    /// Claims a token may carry.
    pub claims_supported: Vec<String>,
}

/// The list MAA answers with for every provider, SGX-centred as it is.
const CLAIMS_SUPPORTED: [&str; 18] = [
    "cnf",
    "nonce",
    "x-ms-ver",
    "x-ms-attestation-type",
    "x-ms-policy-hash",
    "x-ms-policy-signer",
    "x-ms-sgx-is-debuggable",
    "x-ms-sgx-mrenclave",
    "x-ms-sgx-mrsigner",
    "x-ms-sgx-svn",
    "x-ms-sgx-ehd",
    "x-ms-sgx-collateral",
    "is-debuggable",
    "sgx-mrsigner",
    "sgx-mrenclave",
    "product-id",
    "svn",
    "tee",
];

impl OpenIdMetadata {
    /// The metadata of the provider at `issuer`, an attest URI without trailing slash, that signs with
    /// `algorithms`.
    pub fn new<'a>(issuer: &str, algorithms: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            response_types_supported: owned(["token", "none"]),
            id_token_signing_alg_values_supported: owned(algorithms),
            revocation_endpoint: format!("{issuer}/revoke"),
            issuer: issuer.to_owned(),
            jwks_uri: format!("{issuer}/certs"),
            claims_supported: owned(CLAIMS_SUPPORTED),
        }
    }
}

fn owned<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    names.into_iter().map(str::to_owned).collect()
}
