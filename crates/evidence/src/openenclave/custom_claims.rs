//! The serialised list of custom claims (Open Enclave SDK, `oe_serialize_custom_claims`).

use super::{OpenEnclaveError, surplus, truncated};
use crate::reader::Reader;

/// A claim that an enclave made about itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CustomClaim<'a> {
    /// The claim's name, without its terminating zero byte.
    pub name: &'a str,
    /// The claim's value, opaque.
    pub value: &'a [u8],
}

/// Reads a list: version 1 and a count, eight bytes each, then for each claim the sizes of its name (with the
/// terminating zero byte) and its value, eight bytes each, and the two.
pub fn parse_custom_claims(buffer: &[u8]) -> Result<Vec<CustomClaim<'_>>, OpenEnclaveError> {
    let end = truncated("custom claims");
    let mut reader = Reader::new(buffer);
    let version = reader.u64_le().map_err(end)?;
    if version != SERIALIZED_CLAIMS_VERSION {
        return Err(OpenEnclaveError::CustomClaimsVersion { found: version });
    }
    let count = reader.size_u64_le().map_err(end)?;
    if count > MAX_CUSTOM_CLAIMS {
        return Err(OpenEnclaveError::CustomClaimsCount {
            found: count,
            limit: MAX_CUSTOM_CLAIMS,
        });
    }
    let claims = (0..count)
        .map(|index| read_claim(&mut reader, index))
        .collect::<Result<_, _>>()?;
    reader.finish().map_err(surplus("custom claims"))?;
    Ok(claims)
}

fn read_claim<'a>(reader: &mut Reader<'a>, index: usize) -> Result<CustomClaim<'a>, OpenEnclaveError> {
    let end = truncated("custom claims");
    let name_size = reader.size_u64_le().map_err(end)?;
    let value_size = reader.size_u64_le().map_err(end)?;
    let name = match reader.take(name_size).map_err(end)?.split_last() {
        Some((0, name)) if !name.contains(&0) => std::str::from_utf8(name).ok(),
        _ => None,
    };
    let name = name.ok_or(OpenEnclaveError::CustomClaimName { index })?;
    let value = reader.take(value_size).map_err(end)?;
    Ok(CustomClaim { name, value })
}

/// The most claims in a list. Real lists have one to three; 256 is far above and keeps the work small.
pub const MAX_CUSTOM_CLAIMS: usize = 256;

const SERIALIZED_CLAIMS_VERSION: u64 = 1;

#[cfg(test)]
mod tests;
