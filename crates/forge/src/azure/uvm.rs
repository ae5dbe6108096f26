//! Endorsements of utility VMs: COSE_Sign1 (RFC 9052, 4.2) over a launch measurement, in the forms that Azure
//! Container Instances have carried.

use attestry_api::hex;
use serde_json::{Map, json};

use crate::{
    field::{self, Field, Group, SetError, Settable, Slot},
    pki::{AnyKey, RsaHash, RsaScheme, SigningKey},
    seed::sha256,
};

use super::{Cbor, TimeStamp, UvmAuthority};

/// Everything an endorsement says, and the key that signs it.
#[derive(Clone, Debug)]
pub struct UvmEndorsement {
    /// Where issuer, feed and security version are.
    pub form: UvmForm,
    /// The signature algorithm (IANA COSE Algorithms): -37 PS256, -38 PS384, -39 PS512, -7 ES256, -35 ES384.
    pub algorithm: i64,
    /// What the payload is said to be.
    pub content_type: String,
    /// The issuer: a did:x509 identifier.
    pub issuer: String,
    /// The feed.
    pub feed: String,
    /// When it was signed, unix seconds.
    pub signing_time: i64,
    /// Security version of the guest.
    pub svn: u32,
    /// The launch measurement.
    pub measurement: Vec<u8>,
    /// `x-ms-maa-api-version`, which early endorsements have.
    pub maa_api_version: String,
    /// Bytes instead of the good payload.
    pub payload: Option<Vec<u8>>,
    /// The chain, leaf first, DER.
    pub chain: Vec<Vec<u8>>,
    /// The protected header instead of the good one, which [`UvmEndorsement::protected_header`] gives.
    pub protected: Option<Vec<(Cbor, Cbor)>>,
    /// The key that signs.
    pub signer: AnyKey,
    /// The time stamp in the unprotected header; its message becomes the signature.
    pub time_stamp: Option<TimeStamp>,
    /// Whether the message of the time stamp stays what it is.
    pub keeps_stamped_message: bool,
    /// The signature instead of a computed one.
    pub signature: Option<Vec<u8>>,
    /// The tag around it all: 18.
    pub tag: u64,
    /// Bytes after it.
    pub trailing: Vec<u8>,
    /// Bits to flip in the finished endorsement: bit `n` is bit `n % 8` of byte `n / 8`.
    pub flip_bits: Vec<usize>,
}

/// Where issuer, feed and security version of an endorsement are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UvmForm {
    /// Issuer and feed under names in the protected header, the version in a JSON payload.
    #[default]
    Named,
    /// All in CWT claims (RFC 9597), and the payload is the measurement itself as the hash of an envelope
    /// (draft-ietf-cose-hash-envelope): since ContainerPlat 0.2.10.
    CwtClaims,
}

impl UvmEndorsement {
    /// A good endorsement of a measurement, signed a week before the authority's present and stamped then.
    pub fn new(authority: &UvmAuthority, measurement: &[u8]) -> Self {
        let signing_time = authority.now.saturating_sub(7 * 86_400);
        Self {
            form: UvmForm::Named,
            algorithm: PS384,
            content_type: "application/json".to_owned(),
            issuer: authority.did_by_eku(),
            feed: "ContainerPlat-AMD-UVM".to_owned(),
            signing_time,
            svn: 104,
            measurement: measurement.to_vec(),
            maa_api_version: String::new(),
            payload: None,
            chain: authority.chain(),
            protected: None,
            signer: authority.leaf.subject_key.clone(),
            time_stamp: Some(TimeStamp::new(authority, signing_time, &[])),
            keeps_stamped_message: false,
            signature: None,
            tag: COSE_SIGN1,
            trailing: Vec::new(),
            flip_bits: Vec::new(),
        }
    }

    /// Turns it into the form with CWT claims.
    pub fn use_cwt_claims(&mut self) {
        self.form = UvmForm::CwtClaims;
        "application/octet-stream".clone_into(&mut self.content_type);
    }

    /// Moves the signature, and the time stamp if there is one, to a time.
    pub fn sign_at(&mut self, time: i64) {
        self.signing_time = time;
        if let Some(stamp) = &mut self.time_stamp {
            stamp.time = time;
        }
    }

    /// The good protected header, to be changed.
    pub fn protected_header(&self) -> Vec<(Cbor, Cbor)> {
        let leaf_hash = sha256(&[self.chain.first().map(Vec::as_slice).unwrap_or_default()]);
        let chain = self.chain.iter().cloned().map(Cbor::Bytes).collect();
        let thumbprint = Cbor::Array(vec![Cbor::Int(SHA256), Cbor::Bytes(leaf_hash.to_vec())]);
        let time = Cbor::Tag(EPOCH_TIME, Box::new(Cbor::Int(self.signing_time)));
        let content_type = Cbor::text(&self.content_type);
        let (issuer, feed) = (Cbor::text(&self.issuer), Cbor::text(&self.feed));
        let algorithm = (Cbor::Int(ALGORITHM), Cbor::Int(self.algorithm));
        let certificates = [
            (Cbor::Int(X5_CHAIN), Cbor::Array(chain)),
            (Cbor::Int(X5_T), thumbprint),
        ];
        let mut header = vec![algorithm];
        match self.form {
            UvmForm::Named => {
                header.push((Cbor::Int(CONTENT_TYPE), content_type));
                header.extend(certificates);
                header.push((Cbor::text("iss"), issuer));
                header.push((Cbor::text("feed"), feed));
                header.push((Cbor::text("signingtime"), time));
            }
            UvmForm::CwtClaims => {
                let claims = vec![
                    (Cbor::Int(1), issuer),
                    (Cbor::Int(2), feed),
                    (Cbor::Int(6), time),
                    (Cbor::text("svn"), Cbor::Int(self.svn.into())),
                ];
                header.push((Cbor::Int(CWT_CLAIMS), Cbor::Map(claims)));
                header.extend(certificates);
                header.push((Cbor::Int(PAYLOAD_HASH_ALGORITHM), Cbor::Int(SHA384)));
                header.push((Cbor::Int(PREIMAGE_CONTENT_TYPE), content_type));
            }
        }
        header
    }

    /// The payload.
    pub fn payload(&self) -> Vec<u8> {
        if let Some(payload) = &self.payload {
            return payload.clone();
        }
        match self.form {
            UvmForm::CwtClaims => self.measurement.clone(),
            UvmForm::Named => {
                let mut members = Map::new();
                if !self.maa_api_version.is_empty() {
                    members.insert("x-ms-maa-api-version".to_owned(), json!(self.maa_api_version));
                }
                // A string, as in Microsoft's.
                members.insert("x-ms-sevsnpvm-guestsvn".to_owned(), json!(self.svn.to_string()));
                let measurement = json!(hex::encode(&self.measurement));
                members.insert("x-ms-sevsnpvm-launchmeasurement".to_owned(), measurement);
                format!("{:#}", json!(members)).into_bytes()
            }
        }
    }

    /// Sets a field by name, such as `feed` or `svn`; [`UvmEndorsement::fields`] lists the names.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), SetError> {
        field::set(self, field, value)
    }

    /// The names of all fields that [`UvmEndorsement::set`] knows, and what they take.
    pub fn fields(&self) -> Vec<Field> {
        field::list(&mut self.clone())
    }

    /// The endorsement.
    pub fn mint(&self) -> Vec<u8> {
        let header = self.protected.clone().unwrap_or_else(|| self.protected_header());
        let protected = Cbor::Map(header).encode();
        let payload = self.payload();
        let signature = self.signature.clone();
        let signature = signature.unwrap_or_else(|| self.sign(&protected, &payload));
        let unprotected = self.time_stamp.as_ref().map(|stamp| {
            let mut stamp = stamp.clone();
            if !self.keeps_stamped_message {
                stamp.message.clone_from(&signature);
            }
            (Cbor::text("timestamp"), Cbor::Bytes(stamp.to_der()))
        });
        let message = Cbor::Array(vec![
            Cbor::Bytes(protected),
            Cbor::Map(unprotected.into_iter().collect()),
            Cbor::Bytes(payload),
            Cbor::Bytes(signature),
        ]);
        let mut bytes = Cbor::Tag(self.tag, Box::new(message)).encode();
        bytes.extend_from_slice(&self.trailing);
        for bit in &self.flip_bits {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        bytes
    }

    /// Signs Sig_structure (RFC 9052, 4.4) the way the algorithm and the key want it.
    fn sign(&self, protected: &[u8], payload: &[u8]) -> Vec<u8> {
        let signed = Cbor::Array(vec![
            Cbor::text("Signature1"),
            Cbor::Bytes(protected.to_vec()),
            Cbor::Bytes(Vec::new()),
            Cbor::Bytes(payload.to_vec()),
        ]);
        let signed = signed.encode();
        match &self.signer {
            AnyKey::P256(key) => key.sign_raw(&signed).to_vec(),
            AnyKey::P384(key) => key.sign_raw(&signed).to_vec(),
            AnyKey::Rsa(key) => {
                let hash = match self.algorithm {
                    PS256 => RsaHash::Sha256,
                    PS512 => RsaHash::Sha512,
                    _ => RsaHash::Sha384,
                };
                let scheme = RsaScheme::Pss {
                    hash,
                    spells_trailer: false,
                };
                key.with_scheme(scheme).sign(&signed)
            }
        }
    }
}

impl Settable for UvmEndorsement {
    fn group(&mut self, position: usize) -> Option<Group<'_>> {
        (position == 0).then(|| {
            Group::Fields(
                "",
                vec![
                    ("content_type", Slot::Text(&mut self.content_type)),
                    ("issuer", Slot::Text(&mut self.issuer)),
                    ("feed", Slot::Text(&mut self.feed)),
                    ("signing_time", Slot::Time(&mut self.signing_time)),
                    ("svn", Slot::U32(&mut self.svn)),
                    ("measurement", Slot::Data(&mut self.measurement)),
                    ("maa_api_version", Slot::Text(&mut self.maa_api_version)),
                    ("payload", Slot::OptionalData(&mut self.payload)),
                    ("signature", Slot::OptionalData(&mut self.signature)),
                    ("tag", Slot::U64(&mut self.tag)),
                    ("trailing", Slot::Data(&mut self.trailing)),
                ],
            )
        })
    }
}

const COSE_SIGN1: u64 = 18;
/// Time as seconds since 1970 (RFC 8949, 3.4.2).
const EPOCH_TIME: u64 = 1;
const PS256: i64 = -37;
const PS384: i64 = -38;
const PS512: i64 = -39;
/// SHA-256 and SHA-384 as COSE algorithms (RFC 9054, section 2).
const SHA256: i64 = -16;
const SHA384: i64 = -43;
/// Labels of COSE header parameters (IANA COSE Header Parameters).
const ALGORITHM: i64 = 1;
const CONTENT_TYPE: i64 = 3;
const CWT_CLAIMS: i64 = 15;
const X5_CHAIN: i64 = 33;
const X5_T: i64 = 34;
const PAYLOAD_HASH_ALGORITHM: i64 = 258;
const PREIMAGE_CONTENT_TYPE: i64 = 259;
