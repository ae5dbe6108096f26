//! A provider's voice: its published keys and the tokens it signs.

use std::sync::{Arc, OnceLock};

use attestry_api::{
    b64, canonical_json, claim, hex,
    jwk::{Jwk, JwkSet},
    jws,
};
use attestry_evidence::time::UnixTime;
use aws_lc_rs::rand;
use serde_json::{Map, Value, json};

use super::{KeyRing, SigningAlgorithm, SigningKey, TokenError, certificate};

/// Life of attestation tokens: eight hours, as MAA's documentation fixes it.
pub const ATTESTATION_TOKEN_SECONDS: i64 = 28_800;
/// Life of tokens that answer policy and certificate operations.
pub const MANAGEMENT_TOKEN_SECONDS: i64 = 3_600;
/// Value of the claim `x-ms-ver`.
const CLAIMS_VERSION: &str = "1.0";

/// Signs tokens in the name of one provider. Its certificates are made when somebody first asks for them: a service
/// of thousands of providers would otherwise spend its start on signing them.
#[derive(Debug)]
pub struct TokenIssuer {
    url: String,
    key: Arc<SigningKey>,
    published: Vec<Arc<SigningKey>>,
    key_set: OnceLock<JwkSet>,
    /// base64url of the header of signed tokens.
    signed_header: String,
    /// base64url of the header of draft tokens.
    draft_header: String,
}

impl TokenIssuer {
    /// The issuer `url` (no trailing slash) that signs with the active key of `algorithm`.
    pub fn new(url: &str, ring: &KeyRing, algorithm: SigningAlgorithm) -> Result<Self, TokenError> {
        let key = Arc::clone(ring.active(algorithm)?);
        Ok(Self {
            url: url.to_owned(),
            signed_header: header(algorithm.as_str(), url, &key),
            draft_header: header("none", url, &key),
            published: ring.published().map(Arc::clone).collect(),
            key_set: OnceLock::new(),
            key,
        })
    }

    /// The attest URI, which is the claim `iss`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The body of `GET /certs`.
    pub fn key_set(&self) -> Result<&JwkSet, TokenError> {
        if let Some(made) = self.key_set.get() {
            return Ok(made);
        }
        let keys = self.published.iter().map(|key| published(key, &self.url));
        let made = JwkSet {
            keys: keys.collect::<Result<_, _>>()?,
        };
        // Of several that are made at the same moment, the first stays: all answers are alike.
        Ok(self.key_set.get_or_init(|| made))
    }

    /// The key tokens are signed with.
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// A signed attestation token.
    pub fn attestation(&self, claims: Map<String, Value>, now: UnixTime) -> Result<String, TokenError> {
        self.signed(self.attestation_claims(claims, now)?)
    }

    /// The answer to a draft policy: the same claims, unsigned, so that nobody can rely on them.
    pub fn draft(&self, claims: Map<String, Value>, now: UnixTime) -> Result<String, TokenError> {
        let claims = self.attestation_claims(claims, now)?;
        Ok(jws::assemble(signing_input(&self.draft_header, claims), &[]))
    }

    /// A signed answer to a policy or certificate operation.
    pub fn management(&self, claims: Map<String, Value>, now: UnixTime) -> Result<String, TokenError> {
        self.signed(self.with_times(claims, now, MANAGEMENT_TOKEN_SECONDS))
    }

    fn attestation_claims(
        &self,
        claims: Map<String, Value>,
        now: UnixTime,
    ) -> Result<Map<String, Value>, TokenError> {
        let mut id = [0; 32];
        rand::fill(&mut id).map_err(|_| TokenError::Crypto { operation: "random" })?;
        let mut claims = self.with_times(claims, now, ATTESTATION_TOKEN_SECONDS);
        claims.insert(claim::JTI.to_owned(), hex::encode(&id).into());
        claims.insert(claim::VERSION.to_owned(), CLAIMS_VERSION.into());
        Ok(claims)
    }

    /// Adds issuer and times. `nbf` is the second that has begun, never a coming one: most client libraries
    /// allow no difference of clocks.
    fn with_times(&self, mut claims: Map<String, Value>, now: UnixTime, life: i64) -> Map<String, Value> {
        let now = now.seconds();
        claims.insert(claim::ISS.to_owned(), self.url.as_str().into());
        claims.insert(claim::IAT.to_owned(), now.into());
        claims.insert(claim::NBF.to_owned(), now.into());
        claims.insert(claim::EXP.to_owned(), now.saturating_add(life).into());
        claims
    }

    fn signed(&self, claims: Map<String, Value>) -> Result<String, TokenError> {
        let input = signing_input(&self.signed_header, claims);
        let signature = self.key.sign(input.as_bytes())?;
        Ok(jws::assemble(input, &signature))
    }
}

fn signing_input(header: &str, claims: Map<String, Value>) -> String {
    format!(
        "{header}.{}",
        b64::encode_url(canonical_json(&Value::Object(claims)).as_bytes())
    )
}

fn header(algorithm: &str, url: &str, key: &SigningKey) -> String {
    let jku = format!("{url}/certs");
    let header = json!({ "alg": algorithm, "jku": jku, "kid": key.kid(), "typ": "JWT" });
    b64::encode_url(canonical_json(&header).as_bytes())
}

/// A key as `/certs` shows it: MAA's members x5c, kid, kty, and those that other relying parties need.
fn published(key: &SigningKey, url: &str) -> Result<Jwk, TokenError> {
    let bare = Jwk::from_spki(key.spki()).map_err(|_| TokenError::Crypto { operation: "encode" })?;
    Ok(Jwk {
        x5c: vec![b64::encode_standard(&certificate::self_signed(key, url)?)],
        kid: Some(key.kid().to_owned()),
        alg: Some(key.algorithm().to_string()),
        key_use: Some("sig".to_owned()),
        ..bare
    })
}

#[cfg(test)]
mod tests;
