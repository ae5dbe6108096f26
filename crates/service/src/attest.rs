//! The pipeline from a request to a token.
//!
//! It owns the order of the steps: decode, parse, collateral, verify, TCB acceptance, binding, claims, policy,
//! token.
//! Every step is a pure function of what came before. With collateral at hand they are one job on a bounded pool;
//! waiting for collateral is the only effect between them. HTTP and storage are not known here.

mod baselines;
mod claims;
mod decision;
mod error;
mod evidence;
mod limits;
mod pool;
mod refusal;

use std::sync::Arc;

use attestry_api::{
    AttestationType,
    request::{AttestRequest, RequestError},
};
use attestry_evidence::{
    dcap::{Quote, Tee, VerifiedCollateral, VerifiedPck, appraise, check_signatures},
    rejection::Rejected,
    time::UnixTime,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

pub(crate) use self::refusal::shortfall_details;
pub use self::{
    baselines::TcbBaseline,
    claims::policy_claims,
    error::AttestError,
    limits::{AttestLimits, Place},
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
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    limits: AttestLimits,
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
        let limits = AttestLimits::default();
        Self {
            verification_clock,
            token_clock,
            collateral,
            pool,
            places: Arc::new(Semaphore::new(limits.in_flight)),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            limits,
        }
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub fn with_limits(self, limits: AttestLimits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.in_flight)),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            limits,
            ..self
        }
    }

    /// A place among the requests in flight, or a refusal at once. It is taken before a request's body is read
    /// and kept until the answer.
    pub fn place(&self) -> Result<Place, AttestError> {
        let permit = Arc::clone(&self.places).try_acquire_owned();
        permit
            .map(Place::new)
            .map_err(|_| WorkPoolError::Overloaded.into())
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
        let attestor = self.clone();
        let begin = move || {
            let request = form.decode(&body, kind)?;
            attestor.begin(Case::new(provider, kind, request)?, now)
        };
        let (case, pck) = match self.pool.run(begin).await?? {
            Begun::Attested(attested) => return Ok(attested),
            Begun::WantsCollateral { case, pck } => (case, pck),
        };
        let collateral = self.obtain(&case, &pck, now).await?;
        let attestor = self.clone();
        let finish = move || {
            let evidence = case.admit(attestor.collateral.pck_cache(), now)?;
            evidence.attest_with(&collateral, now, attestor.token_clock.now())
        };
        self.pool.run(finish).await?
    }

    /// What would be decided now of a request, without a token, and without asking any source for collateral:
    /// `None` when there is none at hand.
    pub async fn judge(
        &self,
        provider: Arc<Provider>,
        kind: AttestationType,
        form: RequestForm,
        body: Bytes,
    ) -> Result<Option<Judged>, AttestError> {
        let now = self.verification_clock.now();
        let attestor = self.clone();
        let judge = move || {
            let case = Case::new(provider, kind, form.decode(&body, kind)?)?;
            let evidence = case.admit(attestor.collateral.pck_cache(), now)?;
            let held = attestor
                .collateral
                .held(&evidence.pck, case.tee, &case.baseline, now);
            held.map(|collateral| evidence.judge_with(&collateral, now))
                .transpose()
        };
        self.pool.run(judge).await?
    }

    /// As far as it goes without waiting: to the end, when the collateral is at hand. Before a source is asked
    /// for a stranger's platform, the evidence must at least be signed by that platform.
    fn begin(&self, case: Case, now: UnixTime) -> Result<Begun, AttestError> {
        let evidence = case.admit(self.collateral.pck_cache(), now)?;
        let pck = &evidence.pck;
        if let Some(collateral) = self.collateral.held(pck, case.tee, &case.baseline, now) {
            let attested = evidence.attest_with(&collateral, now, self.token_clock.now())?;
            return Ok(Begun::Attested(attested));
        }
        check_signatures(&evidence.quote, pck)?;
        let pck = Arc::clone(pck);
        let case = Box::new(case);
        Ok(Begun::WantsCollateral { case, pck })
    }

    /// The fetch itself goes on when this one gives up, so that a later request finds what it brought.
    async fn obtain(
        &self,
        case: &Case,
        pck: &VerifiedPck,
        now: UnixTime,
    ) -> Result<Arc<VerifiedCollateral>, AttestError> {
        let _waiting = self
            .waiting
            .try_acquire()
            .map_err(|_| WorkPoolError::Overloaded)?;
        let waited = self.limits.collateral_wait;
        let obtained = self.collateral.obtain(pck, case.tee, &case.baseline, now);
        match tokio::time::timeout(waited, obtained).await {
            Ok(obtained) => Ok(obtained?),
            Err(_) => Err(AttestError::CollateralLate { waited }),
        }
    }
}

/// How far a request came without waiting.
enum Begun {
    Attested(Attested),
    WantsCollateral { case: Box<Case>, pck: Arc<VerifiedPck> },
}

/// Which members the body of a request has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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

/// Evidence that the policy permits.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The claims of its token, without issuer, times and identifier.
    pub claims: Map<String, Value>,
    /// TCB status of the evidence as appraised.
    pub tcb_status: &'static str,
}

/// A request and how it is to be judged; its evidence has not been looked at.
#[derive(Debug)]
pub struct Case {
    provider: Arc<Provider>,
    kind: AttestationType,
    request: AttestRequest,
    /// The policy sent along, which then counts instead of the provider's.
    draft: Option<StoredPolicy>,
    /// What the evidence must be.
    tee: Tee,
    /// The baseline that the policy asks for.
    baseline: Baseline,
}

/// Well-formed evidence from a platform with a genuine certificate; what is missing is the collateral to judge it
/// by.
#[derive(Debug)]
pub struct Admitted<'c> {
    case: &'c Case,
    quote: Quote<'c>,
    pck: Arc<VerifiedPck>,
}

impl Case {
    /// Chooses the policy, and lets it choose the baseline.
    pub fn new(
        provider: Arc<Provider>,
        kind: AttestationType,
        request: AttestRequest,
    ) -> Result<Self, AttestError> {
        let tee = evidence::tee_of(kind).ok_or(RequestError::Unsupported { kind })?;
        let draft = request
            .draft_policy
            .as_deref()
            .map(|text| StoredPolicy::from_text(text, &provider.settings.policy_limits))
            .transpose()?;
        let baseline = decision::baseline(policy_of(&provider, kind, draft.as_ref())?, &provider.settings)?;
        Ok(Self {
            provider,
            kind,
            request,
            draft,
            tee,
            baseline,
        })
    }

    /// The steps before collateral: parses the evidence and verifies the platform's certificates.
    pub fn admit(&self, pck_cache: &PckCache, now: UnixTime) -> Result<Admitted<'_>, AttestError> {
        let quote = evidence::quote_of(self.kind, self.tee, &self.request.evidence)?;
        let pck = pck_cache
            .verify(&quote.certification_data(), now)
            .map_err(Rejected::from)?;
        Ok(Admitted {
            case: self,
            quote,
            pck,
        })
    }

    fn policy(&self) -> Result<&StoredPolicy, AttestError> {
        policy_of(&self.provider, self.kind, self.draft.as_ref())
    }
}

/// The policy that decides: the draft, else the provider's, if its signer is trusted today.
fn policy_of<'p>(
    provider: &'p Provider,
    kind: AttestationType,
    draft: Option<&'p StoredPolicy>,
) -> Result<&'p StoredPolicy, AttestError> {
    if let Some(draft) = draft {
        return Ok(draft);
    }
    let policy = provider
        .policy(kind)
        .map_err(|reason| AttestError::UntrustedPolicy {
            kind,
            reason: Box::new(reason.clone()),
        })?;
    policy.ok_or(AttestError::NoPolicy { kind })
}

impl Admitted<'_> {
    /// The steps after collateral, up to the token. Pure but for the token's random identifier.
    pub fn attest_with(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
        issued_at: UnixTime,
    ) -> Result<Attested, AttestError> {
        let Judged { claims, tcb_status } = self.judge_with(collateral, now)?;
        let tokens = &self.case.provider.tokens;
        let token = match self.case.draft {
            Some(_) => tokens.draft(claims, issued_at)?,
            None => tokens.attestation(claims, issued_at)?,
        };
        Ok(Attested { token, tcb_status })
    }

    /// The steps after collateral, up to the claims of the token. Pure.
    pub fn judge_with(&self, collateral: &VerifiedCollateral, now: UnixTime) -> Result<Judged, AttestError> {
        let Case {
            provider,
            kind,
            request,
            ..
        } = self.case;
        let settings = &provider.settings;
        let appraisal = appraise(&self.quote, &self.pck, collateral, now, settings.staleness)?;
        if !settings.accepted_tcb_statuses.contains(&appraisal.status()) {
            return Err(AttestError::TcbStatus(Box::new(TcbRefusal::new(
                &appraisal, settings,
            ))));
        }
        let bound = evidence::bind(&self.quote, request)?;
        let service = claims::of_evidence(&appraisal, collateral, &request.evidence);
        let facts = claims::facts(&appraisal);
        let policy = self.case.policy()?;
        let incoming = claims::incoming(&service, &facts, decision::program(policy)?.version());
        let issued = decision::decide(policy, incoming, settings)?;
        let mut claims = claims::issued_by_policy(&issued);
        claims.extend(service);
        claims.extend(claims::of_request(request, *kind));
        claims.extend(claims::of_policy(policy));
        claims.extend(claims::of_service(settings, &appraisal, facts, bound));
        Ok(Judged {
            claims,
            tcb_status: appraisal.status().name(),
        })
    }
}
