//! The pipeline from a request to a token.
//!
//! It owns the order of the steps: decode, parse, collateral, verify, TCB acceptance, binding, claims, policy, token.
//! Every step is a pure function of what came before; waiting for collateral is the only effect between them,
//! and the work of the processor runs on a bounded pool. HTTP and storage are not known here.

mod claims;
mod error;
mod pool;
mod refusal;

use std::sync::Arc;

use attestry_api::{
    AttestationType, claim,
    request::{AttestRequest, RequestError},
};
use attestry_evidence::{
    binding,
    dcap::{Quote, QuoteBody, Tee, VerifiedCollateral, VerifiedPck, appraise},
    openenclave::Evidence,
    rejection::Rejected,
    time::UnixTime,
};
use attestry_policy::{Claim, ClaimSet, Decision, Limits, Value};
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
    provider::{DEFAULT_TCB_IDENTIFIER, ExplainLevel, Provider, StoredPolicy},
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
            Self::Preview2018 => AttestRequest::from_json_2018(body),
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
        let baseline = baseline(&provider, policy)?;
        let quote = quote_of(kind, &request.evidence)?;
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
        tee_of(self.kind)
    }

    /// The steps after collateral, up to the token. Pure but for the token's random identifier.
    pub fn attest_with(
        &self,
        collateral: &VerifiedCollateral,
        now: UnixTime,
        issued_at: UnixTime,
    ) -> Result<Attested, AttestError> {
        let settings = &self.provider.settings;
        let quote = quote_of(self.kind, &self.request.evidence)?;
        let appraisal = appraise(&quote, &self.pck, collateral, now, settings.staleness)?;
        if !settings.accepted_tcb_statuses.contains(&appraisal.status()) {
            return Err(AttestError::TcbStatus(Box::new(TcbRefusal::new(
                &appraisal, settings,
            ))));
        }
        let bound = self.bind(&quote)?;
        let service = claims::of_evidence(&appraisal, collateral, &self.request.evidence);
        let facts = claims::facts(&appraisal);
        let issued = self.decide(claims::incoming(&service, &facts))?;
        let mut claims = claims::issued_by_policy(&issued);
        claims.extend(service);
        claims.extend(claims::of_request(&self.request, self.kind));
        claims.extend(claims::of_policy(self.policy()?));
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

    /// Runtime data must be what the report data vouches for, init-time data what the configuration id does.
    fn bind(&self, quote: &Quote<'_>) -> Result<Bound, AttestError> {
        let mut bound = Bound::default();
        if let Some(data) = &self.request.runtime_data {
            let runtime =
                binding::bind_runtime_data(quote.report_data(), &data.bytes).map_err(Rejected::from)?;
            bound.report_data_rest_is_set = runtime.rest_is_set;
        }
        if let Some(data) = &self.request.init_time_data {
            match quote.body() {
                QuoteBody::Sgx(report) => {
                    let kss = report.attributes.kss();
                    binding::bind_init_time_data_sgx(&report.config_id, kss, &data.bytes)
                }
                QuoteBody::Tdx(report) => binding::bind_init_time_data_tdx(&report.mrconfigid, &data.bytes),
            }
            .map_err(Rejected::from)?;
        }
        Ok(bound)
    }

    /// The claims that the policy issues, if it permits.
    fn decide(&self, incoming: ClaimSet) -> Result<Vec<Claim>, AttestError> {
        let program = self.policy()?.program();
        let outcome = match self.provider.settings.explain {
            ExplainLevel::Full => program.evaluate_traced(incoming, &Limits::default())?,
            ExplainLevel::None | ExplainLevel::Reason => program.evaluate(incoming, &Limits::default())?,
        };
        match outcome.decision {
            Decision::Permit => Ok(outcome.outgoing),
            Decision::Deny(reason) => {
                let denial = Denial {
                    reason,
                    incoming: outcome.incoming,
                    trace: outcome.trace,
                };
                Err(AttestError::Denied(Box::new(denial)))
            }
        }
    }
}

/// What binding the request's data to the evidence left to report.
#[derive(Debug, Clone, Copy, Default)]
struct Bound {
    /// Bytes of the report data that nothing vouches for are set.
    report_data_rest_is_set: bool,
}

/// Configuration rules run before anything is verified (MAA documentation, "Custom TCB baseline enforcement").
fn baseline(provider: &Provider, policy: &StoredPolicy) -> Result<Baseline, AttestError> {
    let configuration = policy.program().configuration(&Limits::default())?;
    let identifier = configuration
        .iter()
        .rev()
        .find_map(tcb_identifier)
        .unwrap_or(DEFAULT_TCB_IDENTIFIER);
    let unknown = || AttestError::UnknownBaseline {
        identifier: identifier.to_owned(),
    };
    provider.settings.baseline(identifier).ok_or_else(unknown)
}

fn tcb_identifier(setting: &Claim) -> Option<&str> {
    match &setting.value {
        Value::String(identifier) if &*setting.claim_type == claim::SGX_TCB_IDENTIFIER => Some(identifier),
        _ => None,
    }
}

/// The quote in the evidence, which must be of the kind that the request names.
fn quote_of(kind: AttestationType, evidence: &[u8]) -> Result<Quote<'_>, AttestError> {
    let bytes = match kind {
        AttestationType::OpenEnclave => Evidence::parse(evidence).map_err(Rejected::from)?.quote(),
        _ => evidence,
    };
    let quote = Quote::parse(bytes).map_err(Rejected::from)?;
    let expected = tee_of(kind);
    if quote.tee() == expected {
        Ok(quote)
    } else {
        Err(AttestError::OtherTee {
            kind,
            expected,
            found: quote.tee(),
        })
    }
}

fn tee_of(kind: AttestationType) -> Tee {
    if kind == AttestationType::TdxVm {
        Tee::Tdx
    } else {
        Tee::Sgx
    }
}
