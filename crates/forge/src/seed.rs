//! Deterministic key material and identities: everything the forge invents is a hash of a seed and a label.

use aws_lc_rs::digest;

use crate::pki::{KeyPair, P384KeyPair};

/// What all keys, serial numbers and platform identities of one forged world derive from.
///
/// The default seed gives the well-known forge roots, which development servers trust; it is public, so
/// no one else may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seed([u8; 32]);

impl Default for Seed {
    fn default() -> Self {
        Self::from_text("Attestry Forge (test only)")
    }
}

impl Seed {
    /// A seed from any text; different texts give unrelated worlds.
    pub fn from_text(text: &str) -> Self {
        Self(sha256(&[text.as_bytes()]))
    }

    /// The P-256 key pair called `label`.
    pub fn key(&self, label: &str) -> KeyPair {
        // A hash is a valid scalar but for one chance in 2^32; the next counter then gives the next one.
        let mut counter = 0_u32;
        loop {
            let scalar = sha256(&[&self.0, b"key", label.as_bytes(), &counter.to_le_bytes()]);
            if let Some(key) = KeyPair::from_scalar(&scalar) {
                return key;
            }
            counter = counter.wrapping_add(1);
        }
    }

    /// The P-384 key pair called `label`.
    pub fn p384_key(&self, label: &str) -> P384KeyPair {
        // Forty-eight bytes are a valid scalar but for one chance in 2^190.
        let mut counter = 0_u32;
        loop {
            let scalar = self.bytes(&format!("p384 key {label} {counter}"));
            if let Some(key) = P384KeyPair::from_scalar(&scalar) {
                return key;
            }
            counter = counter.wrapping_add(1);
        }
    }

    /// `N` bytes called `label`.
    pub fn bytes<const N: usize>(&self, label: &str) -> [u8; N] {
        let mut out = [0; N];
        for (counter, chunk) in (0_u32..).zip(out.chunks_mut(32)) {
            let block = sha256(&[&self.0, b"bytes", label.as_bytes(), &counter.to_le_bytes()]);
            for (to, from) in chunk.iter_mut().zip(block) {
                *to = from;
            }
        }
        out
    }
}

/// SHA-256 of the parts, one after the other.
pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

#[cfg(test)]
mod tests;
