//! The refusal of an endorsement told as facts. Owns wording only.

use super::{CborError, DidError, UvmError};
use crate::hex;
use crate::rejection::{Explanation, Stage};
use crate::x509::{Told, explain_encoding};

impl UvmError {
    /// The refusal as facts.
    pub fn explain(&self) -> Explanation {
        let told = Told::new("uvm_endorsement").hint(self.hint());
        let (told, stage) = match self {
            Self::TooMany { .. }
            | Self::TooLarge { .. }
            | Self::Cbor(_)
            | Self::Envelope { .. }
            | Self::Header { .. }
            | Self::Algorithm { .. }
            | Self::ContentType { .. }
            | Self::PayloadSyntax { .. }
            | Self::Payload { .. } => (self.tell_form(told), Stage::Parse),
            _ => (self.tell_signer(told), Stage::Collateral),
        };
        told.at(stage)
    }

    fn tell_form(&self, told: Told) -> Told {
        match self {
            Self::TooMany { limit } => told
                .code("uvm_too_many")
                .expected(format!("at most {limit} endorsements"))
                .found("more"),
            Self::TooLarge { size, limit } => told
                .code("uvm_too_large")
                .member("size")
                .expected(format!("at most {limit} bytes"))
                .found(format!("{size} bytes")),
            Self::Cbor(error) => tell_cbor(error, told),
            Self::Envelope { field, expected } => told
                .code("uvm_envelope")
                .member(field)
                .expected(expected)
                .found("something else"),
            Self::Header { label, expected } => told
                .code("uvm_header")
                .member("headers")
                .member(label)
                .expected(expected)
                .found("something else"),
            Self::Algorithm { found } => told
                .code("uvm_algorithm")
                .member("headers.1")
                .expected("-37, -38 or -39 (PS256, PS384, PS512), -7 or -35 (ES256, ES384)")
                .found(found),
            Self::ContentType { found } => told
                .code("uvm_content_type")
                .member("headers.3")
                .expected("application/json or application/octet-stream")
                .found(format!("`{found}`")),
            Self::PayloadSyntax { reason } => told
                .code("uvm_payload_syntax")
                .member("payload")
                .expected("JSON in which no object has a member twice")
                .found(reason),
            Self::Payload {
                field,
                expected,
                found,
            } => told
                .code("uvm_payload")
                .member("payload")
                .member(field)
                .expected(expected)
                .found(found),
            _ => told,
        }
    }

    fn tell_signer(&self, told: Told) -> Told {
        match self {
            Self::Certificate(error) => explain_encoding(error, told.member("chain")),
            Self::Path(error) => error.tell(told.member("chain")),
            Self::Did(error) => tell_did(error, told.member("issuer")),
            Self::Thumbprint => told
                .code("uvm_thumbprint")
                .member("headers.34")
                .expected("the hash of the signer's certificate")
                .found("another hash"),
            Self::Signature => told
                .code("uvm_signature")
                .member("signature")
                .expected("a signature by the key of the first certificate of the chain")
                .found("another signature"),
            Self::Validity { error, reason } => error
                .tell(told.member("chain"))
                .hint(&format!("no time stamp proves an earlier signature: {reason}")),
            _ => told,
        }
    }

    const fn hint(&self) -> &'static str {
        match self {
            Self::Path(_) | Self::Did(_) => {
                "only endorsements that Microsoft or a configured root signed are accepted"
            }
            _ => "send the endorsement exactly as the platform handed it out",
        }
    }
}

fn tell_cbor(error: &CborError, told: Told) -> Told {
    match error {
        CborError::Truncated { offset, needed, left } => told
            .code("cbor_truncated")
            .expected(format!("{needed} bytes at offset {offset}"))
            .found(format!("{left} bytes")),
        CborError::Surplus { offset, size } => told
            .code("cbor_surplus")
            .expected("one item")
            .found(format!("{size} more bytes at offset {offset}")),
        CborError::Item { offset, expected } => told
            .code("cbor_item")
            .expected(format!("an item that is {expected}, at offset {offset}"))
            .found("another item"),
        CborError::TooDeep { limit } => told
            .code("cbor_too_deep")
            .expected(format!("at most {limit} levels"))
            .found("more"),
        CborError::TooManyItems { limit } => told
            .code("cbor_too_many_items")
            .expected(format!("at most {limit} items"))
            .found("more"),
        CborError::DuplicateKey { offset } => told
            .code("cbor_duplicate_key")
            .expected(format!("different keys in the map at offset {offset}"))
            .found("a key twice"),
    }
}

fn tell_did(error: &DidError, told: Told) -> Told {
    match error {
        DidError::Form { found } => told
            .code("did_form")
            .expected("did:x509:0:sha256 with a hash and at least one policy")
            .found(format!("`{found}`")),
        DidError::Policy { found } => told
            .code("did_policy")
            .expected("the policy `eku` or `subject`")
            .found(format!("`{found}`")),
        DidError::Root { expected, found } => told
            .code("did_root")
            .expected(format!("a root with SHA-256 {}", hex::encode(expected)))
            .found(format!("a root with SHA-256 {}", hex::encode(found))),
        DidError::Eku { expected } => told
            .code("did_eku")
            .expected(format!("a certificate with the purpose {expected}"))
            .found("a certificate without it"),
        DidError::Subject { expected } => told
            .code("did_subject")
            .expected(format!("a subject with the value `{expected}`"))
            .found("a subject without it"),
    }
}
