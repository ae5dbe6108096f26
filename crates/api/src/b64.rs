//! Base64 as the protocol uses it: canonical base64url out, four flavours in where clients send bytes.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose},
};

/// Padding is optional, trailing bits must be zero.
const INDIFFERENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, INDIFFERENT);
const URL_LENIENT: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, INDIFFERENT);

/// The text is not base64 of the wanted kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Base64Error {
    /// A character outside the alphabet; `+` or `/` beside `-` or `_` counts too.
    #[error("character {position} is not base64")]
    Character {
        /// Byte position in the text, from 0.
        position: usize,
    },
    /// The length, padding or last bits do not fit any byte string.
    #[error("the end is not base64: its length, padding or last bits fit no byte string")]
    End,
}

/// Unpadded base64url (RFC 7515, section 2), the only form this service writes into tokens.
pub fn encode_url(bytes: &[u8]) -> String {
    general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

/// Padded base64 of the standard alphabet, as in `x5c` (RFC 7517, section 4.7).
pub fn encode_standard(bytes: &[u8]) -> String {
    general_purpose::STANDARD.encode(bytes)
}

/// Decodes unpadded canonical base64url and nothing else: what JWS demands.
pub fn decode_url(text: &str) -> Result<Vec<u8>, Base64Error> {
    general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .map_err(|error| locate(&error))
}

/// Decodes base64 or base64url, padded or not: what clients of MAA send in byte fields.
///
/// One text must keep to one alphabet; white space and any other character are refused.
pub fn decode_lenient(text: &str) -> Result<Vec<u8>, Base64Error> {
    // Base64url of text has hardly ever a character of its own alphabet: a look for one first would read all of it twice.
    let decoded = match STANDARD_LENIENT.decode(text) {
        Err(_) if text.bytes().any(|byte| matches!(byte, b'-' | b'_')) => URL_LENIENT.decode(text),
        standard => standard,
    };
    decoded.map_err(|error| locate(&error))
}

fn locate(error: &base64::DecodeError) -> Base64Error {
    match *error {
        base64::DecodeError::InvalidByte(position, _) => Base64Error::Character { position },
        _ => Base64Error::End,
    }
}

#[cfg(test)]
mod tests;
