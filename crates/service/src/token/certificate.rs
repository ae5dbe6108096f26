//! The certificate that publishes a signing key, in the shape of MAA's: version 3, serial number 1, subject and
//! issuer the provider's URL, a fixed validity, and no statement about the environment it was made in.

use attestry_api::{der, spki};
use aws_lc_rs::digest;

use super::{SigningKey, TokenError};

/// 2019-05-01T00:00:00Z, as in MAA's certificates.
const NOT_BEFORE: i64 = 1_556_668_800;
/// 2050-12-31T23:59:59Z, as in MAA's certificates.
const NOT_AFTER: i64 = 2_556_143_999;

/// A self-signed DER certificate of `key` in the name of `issuer_url`.
pub(super) fn self_signed(key: &SigningKey, issuer_url: &str) -> Result<Vec<u8>, TokenError> {
    let tbs = tbs_certificate(key, issuer_url)?;
    let (algorithm, signature) = key.sign_certificate(&tbs)?;
    Ok(der::sequence([tbs, algorithm, der::bit_string(&signature)]))
}

fn tbs_certificate(key: &SigningKey, issuer_url: &str) -> Result<Vec<u8>, TokenError> {
    let version_3 = der::explicit(0, &der::integer(2));
    let name = common_name(issuer_url);
    let validity = der::sequence([
        der::generalized_time(NOT_BEFORE),
        der::generalized_time(NOT_AFTER),
    ]);
    Ok(der::sequence([
        version_3,
        der::integer(1),
        key.certificate_algorithm(),
        name.clone(),
        validity,
        name,
        key.spki().to_vec(),
        der::explicit(3, &extensions(key)?),
    ]))
}

fn common_name(text: &str) -> Vec<u8> {
    let attribute = der::sequence([der::oid(&[2, 5, 4, 3]), der::utf8_string(text)]);
    der::sequence([der::set([attribute])])
}

/// basicConstraints, subjectKeyIdentifier, authorityKeyIdentifier (RFC 5280, 4.2.1), in MAA's order.
fn extensions(key: &SigningKey) -> Result<Vec<u8>, TokenError> {
    let bits = spki::public_key_bits(key.spki()).map_err(|_| TokenError::Crypto { operation: "encode" })?;
    // RFC 5280, 4.2.1.2, method (1).
    let identifier = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bits);
    let identifier = identifier.as_ref();
    Ok(der::sequence([
        extension(19, &der::sequence::<[Vec<u8>; 0]>([])),
        extension(14, &der::octet_string(identifier)),
        extension(35, &der::sequence([der::implicit(0, identifier)])),
    ]))
}

/// An extension that is not critical, by its last arc under `id-ce`.
fn extension(arc: u64, value: &[u8]) -> Vec<u8> {
    der::sequence([der::oid(&[2, 5, 29, arc]), der::octet_string(value)])
}

#[cfg(test)]
mod tests;
