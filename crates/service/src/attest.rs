//! The pipeline from a request to a token.
//!
//! It owns the order of the steps: decode, parse, collateral, verify, TCB acceptance, binding, claims, policy,
//! token.
//! Every step is a pure function of what came before; waiting for collateral is the only effect between them,
//! and the work of the processor runs on a bounded pool. HTTP and storage are not known here.

mod claims;
mod decision;
mod error;
mod evidence;
mod pool;
mod refusal;

use std::sync::Arc;

use attestry_api::{
    AttestationType,
    request::{AttestRequest, RequestError},
};
use attestry_evidence::{
    dcap::{Tee, VerifiedCollateral, VerifiedPck, appraise},
    rejection::Rejected,
    time::UnixTime,
};
use bytes::Bytes;

pub(crate) use self::refusal::shortfall_details;
pub use self::{
    error::AttestError,
    pool::{WorkPool, WorkPoolError},
    refusal::{Denial, TcbRefusal},
};
use crate::{
    clock::Clock,
    collateral::{Baseline, CollateralService, PckCache},
    provider::{Provider, StoredPolicy},
};

/// Attests for every provider.
#[derive(Clone)]
pub struct Attestor {
    verification_clock: Clock,
    token_clock: Clock,
    collateral: CollateralService,
    pool: WorkPool,
}

impl Attestor {
    /// An attestor that judges evidence as of `verification_clock` and dates tokens by `token_clock`. They
    /// differ only when old evidence is judged as of its day: the token is issued today all the same, or no
    /// client would accept it.
    pub fn new(
        verification_clock: Clock,
        token_clock: Clock,
        collateral: CollateralService,
        pool: WorkPool,
    ) -> Self {
        Self {
            verification_clock,
            token_clock,
            collateral,
            pool,
        }
    }

    /// Turns the body of a request into a token, or says what stands against it.
    pub async fn attest(
        &self,
        provider: Arc<Provider>,
        kind: AttestationType,
        form: RequestForm,
        body: Bytes,
    ) -> Result<Attested, AttestError> {
        let now = self.verification_clock.now();
        let collateral = self.collateral.clone();
        let admit = move || {
            Case::admit(
                provider,
                kind,
                form.decode(&body, kind)?,
                collateral.pck_cache(),
                now,
            )
        };
        let case = self.pool.run(admit).await??;
        let collateral = self
            .collateral
            .obtain(&case.pck, case.tee(), &case.baseline, now)
            .await?;
        let issued_at = self.token_clock.now();
        self.pool
            .run(move || case.attest_with(&collateral, now, issued_at))
            .await?
    }
}

/// Which members the body of a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestForm {
    /// As since 2020-10-01.
    Current,
    /// As in the 2018 preview.
    Preview2018,
}

impl RequestForm {
    fn decode(self, body: &[u8], kind: AttestationType) -> Result<AttestRequest, RequestError> {
        match self {
            Self::Current => AttestRequest::from_json(body, kind),
            Self::Preview2018 => AttestRequest::from_json_2018(body, kind),
        }
    }
}

/// The answer to an attest request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attested {
    /// The token.
    pub token: String,
    /// TCB status of the evidence as appraised, for the record.
    pub tcb_status: &'static str,
}

/// A request whose evidence is well formed and comes from a platform with a genuine certificate; what is
/// missing is the collateral to judge it by.
#[derive(Debug)]
pub struct Case {
    provider: Arc<Provider>,
    kind: AttestationType,
    request: AttestRequest,
    /// The policy sent along, which then counts instead of the provider's.
    draft: Option<StoredPolicy>,
    /// The platform's certificate chain, verified.
    pub pck: Arc<VerifiedPck>,
    /// The baseline that the policy asks for.
    pub baseline: Baseline,
}

impl Case {
    /// The steps before collateral: choose the policy and let it choose the baseline, parse the evidence,
    /// verify the platform's certificates.
    pub fn admit(
        provider: Arc<Provider>,
        kind: AttestationType,
        request: AttestRequest,
        pck_cache: &PckCache,
        now: UnixTime,
    ) -> Result<Self, AttestError> {
        let draft = request
            .draft_policy
            .as_deref()
            .map(StoredPolicy::from_text)
            .transpose()?;
        let policy = draft.as_ref().or_else(|| provider.policies.get(&kind));
        let policy = policy.ok_or(AttestError::NoPolicy { kind })?;
        let baseline = decision::baseline(policy, &provider.settings)?;
        let quote = evidence::quote_of(kind, &request.evidence)?;
        let pck = pck_cache
            .verify(&quote.certification_data(), now)
            .map_err(Rejected::from)?;
        Ok(Self {
            provider,
            kind,
            request,
            draft,
            pck,
            baseline,
        })
    }

    /// What the evidence must be.
    pub fn tee(&self) -> Tee {
        evidence::tee_of(self.kind)
    }

    /// The steps after collateral, up to the token. Pure but for the token's random identifier.
    pub fn attest_with(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
        issued_at: UnixTime,
    ) -> Result<Attested, AttestError> {
        let settings = &self.provider.settings;
        let quote = evidence::quote_of(self.kind, &self.request.evidence)?;
        let appraisal = appraise(&quote, &self.pck, collateral, now, settings.staleness)?;
        if !settings.accepted_tcb_statuses.contains(&appraisal.status()) {
            return Err(AttestError::TcbStatus(Box::new(TcbRefusal::new(
                &appraisal, settings,
            ))));
        }
        let bound = evidence::bind(&quote, &self.request)?;
        let service = claims::of_evidence(&appraisal, collateral, &self.request.evidence);
        let facts = claims::facts(&appraisal);
        let policy = self.policy()?;
        let issued = decision::decide(policy, claims::incoming(&service, &facts), settings.explain)?;
        let mut claims = claims::issued_by_policy(&issued);
        claims.extend(service);
        claims.extend(claims::of_request(&self.request, self.kind));
        claims.extend(claims::of_policy(policy));
        claims.extend(claims::of_service(settings, &appraisal, facts, bound));
        let token = match self.draft {
            Some(_) => self.provider.tokens.draft(claims, issued_at)?,
            None => self.provider.tokens.attestation(claims, issued_at)?,
        };
        Ok(Attested {
            token,
            tcb_status: appraisal.status().name(),
        })
    }

    fn policy(&self) -> Result<&StoredPolicy, AttestError> {
        let policy = self
            .draft
            .as_ref()
            .or_else(|| self.provider.policies.get(&self.kind));
        policy.ok_or(AttestError::NoPolicy { kind: self.kind })
    }
}
