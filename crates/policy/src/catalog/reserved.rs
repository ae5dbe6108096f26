//! Claims of tokens that only the service may state, so that a relying party can tell what is vouched
//! for from what a policy made up.

/// Whether a claim that a policy issues under `name` is kept out of the token, also where the service
/// has nothing to say under that name. The names are those of MAA's tokens (MAA documentation, "claim
/// sets"), of JSON Web Tokens (RFC 7519, RFC 7800), and the service's own prefix.
///
/// ```
/// use attestry_policy::catalog::is_reserved;
///
/// assert!(is_reserved("x-ms-sgx-mrsigner"));
/// assert!(is_reserved("exp"));
/// assert!(!is_reserved("sgx-mrsigner"));
/// ```
pub fn is_reserved(name: &str) -> bool {
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

const NAMES: [&str; 27] = [
    "iss",
    "iat",
    "nbf",
    "exp",
    "jti",
    "x-ms-ver",
    "x-ms-attestation-type",
    "x-ms-runtime",
    "x-ms-inittime",
    "nonce",
    // A key that the bearer has to prove possession of (RFC 7800).
    "cnf",
    "aas-ehd",
    "maa-ehd",
    "maa-attestationcollateral",
    // MAA's Intel TDX claims outside the prefix.
    "attester_tcb_status",
    "dbgstat",
    "eat_profile",
    "intuse",
    "x-ms-compliance-status",
    // Of the guest's boot, outside the prefix.
    "secureboot",
    // Older names of the service's claims (MAA documentation, "deprecated claims"), and of TPM reports.
    "ver",
    "rp_data",
    "policy_hash",
    "maa-policyHash",
    "policy_signer",
    // RFC 7519: whom a token is about and for, which relying parties may act on.
    "aud",
    "sub",
];

const PREFIXES: [&str; 9] = [
    "x-ms-sgx-",
    "tdx_",
    "x-ms-sevsnpvm-",
    "x-ms-azurevm-",
    "x-ms-isolation-tee",
    "x-ms-tpm-",
    "x-ms-policy",
    "x-ms-certificate",
    "x-attestry-",
];
