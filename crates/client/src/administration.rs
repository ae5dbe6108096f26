//! A provider's policies and policy signing certificates: MAA's operations, and Attestry's own on top of them.
//!
//! Every answer that is a token is validated like any other token of the service, and must say that the very thing
//! that was sent was done. Signing is [`crate::signing`]'s.

pub(crate) mod dry_run;
pub(crate) mod history;
pub(crate) mod second_person;
pub(crate) mod settings;

use attestry_api::certificate_envelope::CertificateEnvelope;
use attestry_api::jwk::{JwkSet, thumbprint};
use attestry_api::jwt::ValidatedToken;
use attestry_api::policy_envelope::{EMPTY_ENVELOPE, PolicyEnvelope, wrap_unsigned};
use attestry_api::{AttestationType, claim, policy_token_hash};
use reqwest::Method;
use serde_json::{Map, Value, json};

use self::history::{PolicyDifference, PolicyRevision, RolledBack, SignerChange};
use self::second_person::{Outcome, PendingChange};
use crate::client::{API_VERSION, Client, TokenAnswer, unix_now};
use crate::error::ClientError;
use crate::signing::SignedUse;
use crate::token::repeats;
use crate::transport::{Answer, Content};

/// A policy or certificate operation's answer, validated.
#[derive(Clone, Debug, PartialEq)]
pub struct ManagementToken {
    token: String,
    validated: ValidatedToken,
}

impl ManagementToken {
    /// The token as received: the service's signed word on what it did.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// The token's claims.
    pub fn claims(&self) -> &Map<String, Value> {
        self.validated.claims()
    }
}

/// The policy that counts for an attestation type.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredPolicy {
    answer: ManagementToken,
    envelope: String,
    opened: PolicyEnvelope,
}

impl StoredPolicy {
    /// The answer it came in.
    pub fn answer(&self) -> &ManagementToken {
        &self.answer
    }

    /// The JWS, byte for byte as it was set; of a default policy, an unsigned one.
    pub fn envelope(&self) -> &str {
        &self.envelope
    }

    /// The policy's text; `None` when there is no policy.
    pub fn text(&self) -> Option<&str> {
        self.opened.policy()
    }

    /// `x-ms-policy-hash`, as tokens issued under this policy carry it.
    pub fn hash(&self) -> String {
        self.opened.policy_hash()
    }

    /// Thumbprint (upper-case hexadecimal SHA-1) of the certificate that signed it; `None` for an unsigned one. The
    /// signature is verified; whether the signer is to be trusted is the provider's to judge.
    pub fn signer(&self) -> Option<String> {
        let leaf = self.opened.signer()?.certificates().first()?;
        Some(thumbprint(leaf))
    }
}

/// A policy signing certificate of an isolated provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyCertificate {
    /// DER of the certificate and of those that came along with it, its own first.
    pub chain: Vec<Vec<u8>>,
    /// Upper-case hexadecimal SHA-1 of the certificate.
    pub thumbprint: String,
}

/// Which revision to bring back, and on whose word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollback {
    /// This one, unsigned; isolated providers refuse that.
    Revision(i64),
    /// The one that a JWS names (see [`crate::PolicySigner::sign_rollback`]).
    Signed(String),
}

impl Client {
    /// The policy of an attestation type.
    pub async fn policy(&self, kind: AttestationType) -> Result<StoredPolicy, ClientError> {
        let path = format!("policies/{kind}?api-version={API_VERSION}");
        let answer = self.transport.send(Method::GET, &path, Content::Nothing).await?;
        let token = self.management_token(&answer).await?;
        let envelope = token.claims().get(claim::POLICY).and_then(Value::as_str);
        let envelope = envelope
            .ok_or_else(|| answer.malformed("the token names no policy"))?
            .to_owned();
        let opened = PolicyEnvelope::open(&envelope).map_err(|error| answer.malformed(&error))?;
        Ok(StoredPolicy {
            answer: token,
            envelope,
            opened,
        })
    }

    /// Sets a policy to the one in a JWS: [`unsigned_policy`](Self::unsigned_policy), or one made by
    /// [`PolicySigner::sign_policy`](crate::PolicySigner::sign_policy). The answer must repeat the hash of the JWS.
    pub async fn set_policy(
        &self,
        kind: AttestationType,
        jws: &str,
    ) -> Result<Outcome<ManagementToken>, ClientError> {
        let path = format!("policies/{kind}?api-version={API_VERSION}");
        let answer = self
            .transport
            .send(Method::PUT, &path, Content::Text(jws))
            .await?;
        let hash = policy_token_hash(jws);
        let said = [
            (claim::POLICY_RESULT, "Updated"),
            (claim::POLICY_TOKEN_HASH, hash.as_str()),
        ];
        self.change_outcome(&answer, said).await
    }

    /// Resets a policy to the default one. `jws` is what [`PolicySigner::sign_reset`](crate::PolicySigner::sign_reset)
    /// made, and is not needed where unsigned policies are taken.
    pub async fn reset_policy(
        &self,
        kind: AttestationType,
        jws: Option<&str>,
    ) -> Result<Outcome<ManagementToken>, ClientError> {
        let path = format!("policies/{kind}:reset?api-version={API_VERSION}");
        let body = Content::Text(jws.unwrap_or(EMPTY_ENVELOPE));
        let answer = self.transport.send(Method::POST, &path, body).await?;
        self.change_outcome(&answer, [(claim::POLICY_RESULT, "Removed")])
            .await
    }

    /// The policy signing certificates; none for a provider that is not isolated.
    pub async fn policy_certificates(
        &self,
    ) -> Result<(Vec<PolicyCertificate>, ManagementToken), ClientError> {
        let path = format!("certificates?api-version={API_VERSION}");
        let answer = self.transport.send(Method::GET, &path, Content::Nothing).await?;
        let token = self.management_token(&answer).await?;
        let set = token.claims().get(claim::POLICY_CERTIFICATES);
        let set = set.ok_or_else(|| answer.malformed("the token names no certificates"))?;
        let set = JwkSet::from_json(set.to_string().as_bytes()).map_err(|error| answer.malformed(&error))?;
        let mut certificates = Vec::with_capacity(set.keys.len());
        for key in &set.keys {
            let chain = key.certificates().map_err(|error| answer.malformed(&error))?;
            let leaf = chain.first();
            let leaf = leaf.ok_or_else(|| answer.malformed("a policy key without certificate"))?;
            certificates.push(PolicyCertificate {
                thumbprint: thumbprint(leaf),
                chain,
            });
        }
        Ok((certificates, token))
    }

    /// Adds the policy signing certificate in a JWS made by
    /// [`PolicySigner::sign_certificate`](crate::PolicySigner::sign_certificate). The answer must name its thumbprint.
    pub async fn add_policy_certificate(&self, jws: &str) -> Result<Outcome<ManagementToken>, ClientError> {
        self.change_certificates(jws, "add", "IsPresent").await
    }

    /// Removes the policy signing certificate in a JWS. The answer must name its thumbprint.
    pub async fn remove_policy_certificate(
        &self,
        jws: &str,
    ) -> Result<Outcome<ManagementToken>, ClientError> {
        self.change_certificates(jws, "remove", "IsAbsent").await
    }

    /// The history of a policy, newest first: at most `limit` revisions older than the revision `before`.
    pub async fn policy_history(
        &self,
        kind: AttestationType,
        before: Option<i64>,
        limit: Option<usize>,
    ) -> Result<Vec<PolicyRevision>, ClientError> {
        let mut path = format!("attestry/v1/policies/{kind}/history?");
        for (name, value) in [
            ("before", before.map(|number| number.to_string())),
            ("limit", limit.map(|number| number.to_string())),
        ] {
            path.extend(value.map(|value| format!("{name}={value}&")));
        }
        let history: history::Revisions = self.transport.get(path.trim_end_matches(['?', '&'])).await?;
        Ok(history.revisions)
    }

    /// One revision of a policy, with its JWS and text.
    pub async fn policy_revision(
        &self,
        kind: AttestationType,
        revision: i64,
    ) -> Result<PolicyRevision, ClientError> {
        let path = format!("attestry/v1/policies/{kind}/history/{revision}");
        self.transport.get(&path).await
    }

    /// How the texts of two revisions differ; the newest and the one before it when none are named. 0 is the default
    /// policy.
    pub async fn policy_difference(
        &self,
        kind: AttestationType,
        from: Option<i64>,
        to: Option<i64>,
    ) -> Result<PolicyDifference, ClientError> {
        let mut path = format!("attestry/v1/policies/{kind}/diff?");
        path.extend(from.map(|number| format!("from={number}&")));
        path.extend(to.map(|number| format!("to={number}")));
        self.transport.get(path.trim_end_matches(['?', '&'])).await
    }

    /// Brings an earlier revision of a policy back, as a new revision.
    pub async fn roll_back_policy(
        &self,
        kind: AttestationType,
        rollback: &Rollback,
    ) -> Result<Outcome<RolledBack>, ClientError> {
        let path = format!("attestry/v1/policies/{kind}:rollback");
        let unsigned;
        let content = match rollback {
            Rollback::Revision(revision) => {
                unsigned = json!({ "revision": revision });
                Content::Json(&unsigned)
            }
            Rollback::Signed(jws) => Content::Text(jws),
        };
        let answer = self.transport.send(Method::POST, &path, content).await?;
        match PendingChange::of(&answer)? {
            Some(waiting) => Ok(Outcome::Waiting(Box::new(waiting))),
            None => Ok(Outcome::Done(answer.json()?)),
        }
    }

    /// The history of the policy signing certificates, newest first.
    pub async fn policy_certificate_history(&self) -> Result<Vec<SignerChange>, ClientError> {
        let history: history::SignerChanges = self.transport.get("attestry/v1/certificates/history").await?;
        Ok(history.changes)
    }

    /// The unsigned JWS of a policy's text.
    pub fn unsigned_policy(text: &str) -> String {
        wrap_unsigned(text)
    }

    /// The use of a signature that is for one operation of this provider alone, now. `operation` is the path below
    /// the provider's URL, for example `policies/SgxEnclave` or `certificates:add`.
    pub async fn signed_use(&self, operation: &str) -> Result<SignedUse, ClientError> {
        let issuer = &self.metadata().await?.issuer;
        Ok(SignedUse {
            url: format!("{issuer}/{operation}"),
            issued_at: unix_now(),
        })
    }

    async fn change_certificates(
        &self,
        jws: &str,
        action: &str,
        result: &str,
    ) -> Result<Outcome<ManagementToken>, ClientError> {
        let sent = CertificateEnvelope::open(jws).map_err(|error| ClientError::Envelope {
            reason: error.to_string(),
        })?;
        let path = format!("certificates:{action}?api-version={API_VERSION}");
        let body = Value::from(jws);
        let answer = self
            .transport
            .send(Method::POST, &path, Content::Json(&body))
            .await?;
        let thumbprint = thumbprint(sent.leaf());
        let said = [
            (claim::CERTIFICATE_RESULT, result),
            (claim::CERTIFICATE_THUMBPRINT, thumbprint.as_str()),
        ];
        self.change_outcome(&answer, said).await
    }

    /// What a change came to; the token of one that was made must say these things.
    async fn change_outcome<const N: usize>(
        &self,
        answer: &Answer,
        said: [(&'static str, &str); N],
    ) -> Result<Outcome<ManagementToken>, ClientError> {
        if let Some(waiting) = PendingChange::of(answer)? {
            return Ok(Outcome::Waiting(Box::new(waiting)));
        }
        let token = self.management_token(answer).await?;
        for (claim, expected) in said {
            repeats(&token.validated, claim, Some(expected))?;
        }
        Ok(Outcome::Done(token))
    }

    async fn management_token(&self, answer: &Answer) -> Result<ManagementToken, ClientError> {
        let TokenAnswer { token } = answer.json()?;
        let validated = self.validate(&token).await?;
        Ok(ManagementToken { token, validated })
    }
}
