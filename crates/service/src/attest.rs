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
mod findings;
mod limits;
mod pool;
mod quote;
mod refusal;
mod snp;

use std::sync::Arc;

use attestry_api::{
    AttestationType,
    request::{AttestRequest, RequestError},
};
use attestry_evidence::{
    dcap::{Tee, VerifiedPck, check_signatures},
    time::UnixTime,
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Semaphore;

pub(crate) use self::refusal::shortfall_details;
use self::snp::SnpCase;
pub use self::{
    baselines::TcbBaseline,
    claims::policy_claims,
    error::AttestError,
    findings::Findings,
    limits::{AttestLimits, Place},
    pool::{WorkPool, WorkPoolError},
    quote::AdmittedQuote,
    refusal::{Denial, TcbRefusal},
};
use crate::{
    clock::Clock,
    collateral::{AmdCollateral, Baseline, CollateralService, PckCache, UvmVerifier, VekId},
    provider::{Provider, StoredPolicy},
};

/// Attests for every provider.
#[derive(Clone)]
pub struct Attestor {
    verification_clock: Clock,
    token_clock: Clock,
    collateral: CollateralService,
    amd: AmdCollateral,
    uvm: UvmVerifier,
    pool: WorkPool,
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// Apart from the others: reports wait for a certificate before their signature can be verified.
    waiting_for_vek: Arc<Semaphore>,
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
        amd: AmdCollateral,
        pool: WorkPool,
    ) -> Self {
        let limits = AttestLimits::default();
        Self {
            verification_clock,
            token_clock,
            collateral,
            amd,
            uvm: UvmVerifier::default(),
            pool,
            places: Arc::new(Semaphore::new(limits.in_flight)),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            waiting_for_vek: Arc::new(Semaphore::new(limits.waiting)),
            limits,
        }
    }

    /// With other roots of endorsements of utility VMs than Microsoft's alone.
    #[must_use]
    pub fn with_uvm(self, uvm: UvmVerifier) -> Self {
        Self { uvm, ..self }
    }

    /// With other limits than the usual ones.
    #[must_use]
    pub fn with_limits(self, limits: AttestLimits) -> Self {
        Self {
            places: Arc::new(Semaphore::new(limits.in_flight)),
            waiting: Arc::new(Semaphore::new(limits.waiting)),
            waiting_for_vek: Arc::new(Semaphore::new(limits.waiting)),
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
        match self.pool.run(begin).await?? {
            Begun::Attested(attested) => Ok(attested),
            Begun::WantsCollateral { case, pck } => self.finish_quote(case, &pck, now).await,
            Begun::WantsVek { case, wanted } => self.finish_report(case, &wanted, now).await,
        }
    }

    async fn finish_quote(
        &self,
        case: Box<Case>,
        pck: &VerifiedPck,
        now: UnixTime,
    ) -> Result<Attested, AttestError> {
        let Family::Quote { tee, baseline } = case.family else {
            return Err(RequestError::Unsupported { kind: case.kind }.into());
        };
        let obtained = async { Ok(self.collateral.obtain(pck, tee, &baseline, now).await?) };
        let collateral = self.wait_for(&self.waiting, obtained).await?;
        let attestor = self.clone();
        let finish = move || {
            let evidence = case.admit(attestor.collateral.pck_cache(), now)?;
            evidence.attest_with(&collateral, now, attestor.token_clock.now())
        };
        self.pool.run(finish).await?
    }

    async fn finish_report(
        &self,
        case: Box<Case>,
        wanted: &VekId,
        now: UnixTime,
    ) -> Result<Attested, AttestError> {
        let obtained = async {
            let vek = self.amd.obtain(wanted, now).await;
            vek.map_err(|reason| AttestError::Vek(Box::new(reason)))
        };
        let vek = self.wait_for(&self.waiting_for_vek, obtained).await?;
        let attestor = self.clone();
        let finish = move || {
            let issued_at = attestor.token_clock.now();
            let evidence = SnpCase::new(&case)?;
            evidence.admit()?.attest_with(&vek, &attestor, now, issued_at)
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
            attestor.judge_held(&case, now)
        };
        self.pool.run(judge).await?
    }

    fn judge_held(&self, case: &Case, now: UnixTime) -> Result<Option<Judged>, AttestError> {
        match case.family {
            Family::Quote { tee, baseline } => {
                let evidence = case.admit(self.collateral.pck_cache(), now)?;
                let held = self.collateral.held(&evidence.pck, tee, &baseline, now);
                held.map(|collateral| evidence.judge_with(&collateral, now))
                    .transpose()
            }
            Family::SnpReport => {
                let evidence = SnpCase::new(case)?;
                let evidence = evidence.admit()?;
                let held = evidence.vek(&self.amd, now)?;
                held.map(|vek| evidence.judge_with(&vek, self, now)).transpose()
            }
        }
    }

    /// As far as it goes without waiting: to the end, when the collateral is at hand. Before a source is asked
    /// for a stranger's platform, the evidence must at least be signed by that platform.
    fn begin(&self, case: Case, now: UnixTime) -> Result<Begun, AttestError> {
        match case.family {
            Family::Quote { tee, baseline } => self.begin_quote(case, tee, &baseline, now),
            Family::SnpReport => self.begin_report(case, now),
        }
    }

    fn begin_quote(
        &self,
        case: Case,
        tee: Tee,
        baseline: &Baseline,
        now: UnixTime,
    ) -> Result<Begun, AttestError> {
        let evidence = case.admit(self.collateral.pck_cache(), now)?;
        let pck = &evidence.pck;
        if let Some(collateral) = self.collateral.held(pck, tee, baseline, now) {
            let attested = evidence.attest_with(&collateral, now, self.token_clock.now())?;
            return Ok(Begun::Attested(attested));
        }
        check_signatures(&evidence.quote, pck)?;
        let pck = Arc::clone(pck);
        let case = Box::new(case);
        Ok(Begun::WantsCollateral { case, pck })
    }

    fn begin_report(&self, case: Case, now: UnixTime) -> Result<Begun, AttestError> {
        if let Some(attested) = self.attest_report(&case, now)? {
            return Ok(Begun::Attested(attested));
        }
        let wanted = SnpCase::new(&case)?.admit()?.wanted()?;
        let case = Box::new(case);
        Ok(Begun::WantsVek { case, wanted })
    }

    /// From an SNP report to its token on this thread, as far as it goes without waiting: `None` when the certificate of
    /// the key that signed it is neither brought along nor held.
    pub fn attest_report(&self, case: &Case, now: UnixTime) -> Result<Option<Attested>, AttestError> {
        let evidence = SnpCase::new(case)?;
        let admitted = evidence.admit()?;
        let vek = admitted.vek(&self.amd, now)?;
        vek.map(|vek| admitted.attest_with(&vek, self, now, self.token_clock.now()))
            .transpose()
    }

    /// The fetch itself goes on when this one gives up, so that a later request finds what it brought.
    async fn wait_for<T>(
        &self,
        places: &Semaphore,
        obtained: impl Future<Output = Result<T, AttestError>>,
    ) -> Result<T, AttestError> {
        let _waiting = places.try_acquire().map_err(|_| WorkPoolError::Overloaded)?;
        let waited = self.limits.collateral_wait;
        tokio::time::timeout(waited, obtained)
            .await
            .unwrap_or(Err(AttestError::CollateralLate { waited }))
    }
}

/// How far a request came without waiting.
enum Begun {
    Attested(Attested),
    WantsCollateral { case: Box<Case>, pck: Arc<VerifiedPck> },
    WantsVek { case: Box<Case>, wanted: VekId },
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
    /// TCB status of the evidence as appraised, for the record; empty where there is none.
    pub tcb_status: &'static str,
}

/// Evidence that the policy permits.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The claims of its token, without issuer, times and identifier.
    pub claims: Map<String, Value>,
    /// TCB status of the evidence as appraised; empty where there is none.
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
    family: Family,
}

/// What the evidence must be, and what it is judged by.
#[derive(Debug, Clone, Copy)]
enum Family {
    /// A quote of this TEE, judged by the baseline that the policy asks for.
    Quote { tee: Tee, baseline: Baseline },
    /// An SNP report.
    SnpReport,
}

impl Case {
    /// Chooses the policy, and lets it choose the baseline.
    pub fn new(
        provider: Arc<Provider>,
        kind: AttestationType,
        request: AttestRequest,
    ) -> Result<Self, AttestError> {
        let draft = request
            .draft_policy
            .as_deref()
            .map(|text| StoredPolicy::from_text(text, &provider.settings.policy_limits))
            .transpose()?;
        let policy = policy_of(&provider, kind, draft.as_ref())?;
        let family = match (quote::tee_of(kind), kind) {
            (Some(tee), _) => Family::Quote {
                tee,
                baseline: decision::baseline(policy, &provider.settings)?,
            },
            (None, AttestationType::SevSnpVm) => Family::SnpReport,
            (None, _) => return Err(RequestError::Unsupported { kind }.into()),
        };
        Ok(Self {
            provider,
            kind,
            request,
            draft,
            family,
        })
    }

    /// The steps of a quote before collateral: parses the evidence and verifies the platform's certificates.
    pub fn admit(&self, pck_cache: &PckCache, now: UnixTime) -> Result<AdmittedQuote<'_>, AttestError> {
        match self.family {
            Family::Quote { tee, .. } => AdmittedQuote::new(self, tee, pck_cache, now),
            Family::SnpReport => Err(RequestError::Unsupported { kind: self.kind }.into()),
        }
    }

    /// The policy's part, and what goes into the token. Pure.
    fn decide(&self, findings: Findings) -> Result<Judged, AttestError> {
        let settings = &self.provider.settings;
        let policy = self.policy()?;
        let version = decision::program(policy)?.version();
        let incoming = claims::incoming(&findings.claims, &findings.facts, version);
        let issued = decision::decide(policy, incoming, settings)?;
        let tcb_status = findings.tcb_status;
        let mut claims = claims::issued_by_policy(&issued);
        claims.extend(findings.claims.clone());
        claims.extend(claims::of_request(&self.request, self.kind));
        claims.extend(claims::of_policy(policy));
        claims.extend(claims::of_service(settings, findings));
        Ok(Judged { claims, tcb_status })
    }

    /// The token of what was judged: unsigned for a draft of a policy.
    fn issue(&self, judged: Judged, issued_at: UnixTime) -> Result<Attested, AttestError> {
        let Judged { claims, tcb_status } = judged;
        let tokens = &self.provider.tokens;
        let token = match self.draft {
            Some(_) => tokens.draft(claims, issued_at)?,
            None => tokens.attestation(claims, issued_at)?,
        };
        Ok(Attested { token, tcb_status })
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
