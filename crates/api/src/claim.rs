//! Names of the claims the service writes, as MAA's documentation ("Claim sets", "Attestation token")
//! and recorded tokens spell them; our own additions have the prefix `x-attestry-`.

/// RFC 7519: issuer, the attest URI without a trailing slash.
pub const ISS: &str = "iss";
/// RFC 7519: issued at, whole seconds.
pub const IAT: &str = "iat";
/// RFC 7519: not before, whole seconds.
pub const NBF: &str = "nbf";
/// RFC 7519: expiry, whole seconds.
pub const EXP: &str = "exp";
/// RFC 7519: unique id, 64 lower-case hexadecimal digits.
pub const JTI: &str = "jti";
/// Version of the token's claims, `1.0`.
pub const VERSION: &str = "x-ms-ver";
/// Kind of evidence: `sgx`, `tdxvm`, ...
pub const ATTESTATION_TYPE: &str = "x-ms-attestation-type";
/// Hash of the policy that was evaluated (see [`crate::policy_hash`]).
pub const POLICY_HASH: &str = "x-ms-policy-hash";
/// JWK of the policy's signer, only for signed policies.
pub const POLICY_SIGNER: &str = "x-ms-policy-signer";
/// The stored policy's JWS, in the answer to a policy query.
pub const POLICY: &str = "x-ms-policy";
/// What a policy operation did: `Updated` or `Removed`.
pub const POLICY_RESULT: &str = "x-ms-policy-result";
/// Hash of the JWS in which a policy was sent (see [`crate::policy_token_hash`]).
pub const POLICY_TOKEN_HASH: &str = "x-ms-policy-token-hash";
/// The provider's policy signing certificates, a JWK set.
pub const POLICY_CERTIFICATES: &str = "x-ms-policy-certificates";
/// Thumbprint of the certificate that was added or removed (see [`crate::jwk::thumbprint`]).
pub const CERTIFICATE_THUMBPRINT: &str = "x-ms-certificate-thumbprint";
/// Where a certificate operation left the certificate: `IsPresent` or `IsAbsent`.
pub const CERTIFICATE_RESULT: &str = "x-ms-policycertificates-result";
/// Runtime data given as JSON.
pub const RUNTIME: &str = "x-ms-runtime";
/// Init-time data given as JSON.
pub const INIT_TIME: &str = "x-ms-inittime";
/// The request's nonce.
pub const NONCE: &str = "nonce";
/// Runtime data of an SGX enclave given as bytes, base64url.
pub const SGX_EHD: &str = "x-ms-sgx-ehd";
/// Deprecated names of [`SGX_EHD`], which MAA still writes beside it.
pub const SGX_EHD_DEPRECATED: [&str; 2] = ["aas-ehd", "maa-ehd"];
/// Hashes of the collateral and of the evidence of an SGX attestation.
pub const SGX_COLLATERAL: &str = "x-ms-sgx-collateral";
/// Configuration property that names the TCB baseline of SGX evidence.
pub const SGX_TCB_IDENTIFIER: &str = "x-ms-sgx-tcbidentifier";
/// True when the token comes from a service in development mode.
pub const DEVELOPMENT: &str = "x-attestry-dev";
/// What was relaxed while verifying, as strings; absent when nothing was.
pub const WARNINGS: &str = "x-attestry-warnings";
