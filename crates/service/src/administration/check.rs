//! Whether a change may be made to a provider as it is, and what it then becomes. Pure.

use std::sync::Arc;

use attestry_api::{
    AttestationType,
    certificate_envelope::CertificateEnvelope,
    json,
    jwk::thumbprint,
    policy_envelope::{BINDING_MEMBERS, PolicyEnvelope},
    signed_envelope::{SignedEnvelope, Signer},
};
use attestry_evidence::time::UnixTime;
use attestry_policy::{Diagnostic, lint};
use serde_json::Value;

use super::{AdministrationError, Binding, Change, PolicyForm};
use crate::{
    provider::{
        OwnSettings, PolicyCertificate, PolicySigners, Provider, ProviderMode, Settings, StoredPolicy,
        UntrustedSigner, subject,
    },
    store::{PolicyRecord, SignerOperation},
};

/// A change that may be made.
#[derive(Debug)]
pub struct Checked {
    /// What the JWS says about its own use.
    pub binding: Binding,
    /// What changes.
    pub effect: Effect,
}

/// What a change does.
#[derive(Debug)]
pub enum Effect {
    /// A policy is set.
    SetPolicy {
        /// The policy.
        policy: Arc<StoredPolicy>,
        /// What the linter has to say.
        warnings: Vec<Diagnostic>,
    },
    /// The default policy, of types that have one, counts again.
    Reset {
        /// It.
        default: Option<Arc<StoredPolicy>>,
    },
    /// An earlier policy counts again, or the default one.
    Rollback {
        /// The revision.
        revision: i64,
        /// Its JWS; `None`: it was a reset.
        token: Option<String>,
        /// The policy.
        policy: Option<Arc<StoredPolicy>>,
    },
    /// The provider has other settings of its own.
    Settings {
        /// What they make of the provider's settings.
        settings: Box<Settings>,
        /// They, JSON.
        text: String,
    },
    /// The signers change.
    Signers {
        /// Thumbprint of the certificate.
        thumbprint: String,
        /// The certificate, JSON.
        certificate: String,
        /// The signers afterwards; `None`: nothing has to change.
        signers: Option<PolicySigners>,
    },
}

/// Checks a change against the provider as it is; `restored` is the revision that a rollback names.
pub(super) fn check(
    provider: &Provider,
    change: &Change,
    restored: Option<&PolicyRecord>,
    now: UnixTime,
) -> Result<Checked, AdministrationError> {
    let of_signers = matches!(change, Change::Signer { .. });
    if provider.mode == ProviderMode::Shared && !of_signers {
        return Err(AdministrationError::Shared);
    }
    match change {
        Change::SetPolicy { kind, envelope, form } => {
            set_policy(provider, change, *kind, envelope, *form, now)
        }
        Change::ResetPolicy { kind, envelope } => {
            let opened = PolicyEnvelope::open_reset(envelope)?;
            let binding = admit(provider, change, opened.signer(), opened.payload(), now)?;
            let default = default_policy(provider, *kind)?;
            let effect = Effect::Reset { default };
            Ok(Checked { binding, effect })
        }
        Change::Rollback {
            kind,
            revision,
            envelope,
        } => {
            let restored = restored.ok_or(AdministrationError::UnknownRevision { revision: *revision })?;
            rollback(provider, change, *kind, restored, envelope.as_deref(), now)
        }
        Change::Settings { settings, envelope } => {
            own_settings(provider, change, settings, envelope.as_deref(), now)
        }
        Change::Signer { action, envelope } => signer(provider, change, *action, envelope, now),
    }
}

/// Signer, form, tests and lints of a policy; only lints do not keep it from being set.
fn set_policy(
    provider: &Provider,
    change: &Change,
    kind: AttestationType,
    envelope: &str,
    form: PolicyForm,
    now: UnixTime,
) -> Result<Checked, AdministrationError> {
    let opened = PolicyEnvelope::open(envelope)?;
    let binding = admit(provider, change, opened.signer(), opened.payload(), now)?;
    let text = opened.policy().ok_or(AdministrationError::NoPolicy)?;
    if opened.is_plain_text() && form == PolicyForm::Current {
        return Err(AdministrationError::PlainText);
    }
    let limits = &provider.settings.policy_limits;
    let policy = StoredPolicy::from_envelope(envelope, limits)?.accepted(kind, &provider.tests, limits)?;
    Ok(Checked {
        binding,
        effect: Effect::SetPolicy {
            policy: Arc::new(policy),
            warnings: lint::lint(text, Some(subject(kind))),
        },
    })
}

/// An earlier policy must be good today: it compiles, passes today's tests, and its signer is trusted still.
fn rollback(
    provider: &Provider,
    change: &Change,
    kind: AttestationType,
    restored: &PolicyRecord,
    envelope: Option<&str>,
    now: UnixTime,
) -> Result<Checked, AdministrationError> {
    let opened = envelope.map(SignedEnvelope::open).transpose()?;
    let signer = opened.as_ref().and_then(|opened| opened.signer.as_ref());
    let payload = opened.as_ref().map_or(&[][..], |opened| &opened.payload);
    let binding = admit(provider, change, signer, payload, now)?;
    if opened.is_some() {
        let asked = sole_member(payload, REVISION);
        let asked = asked.as_ref().and_then(Value::as_i64);
        if asked != Some(restored.revision) {
            return Err(AdministrationError::RollbackPayload {
                revision: restored.revision,
            });
        }
    }
    let limits = &provider.settings.policy_limits;
    let policy = match restored.token.as_deref() {
        None => default_policy(provider, kind)?,
        Some(token) => {
            let policy =
                StoredPolicy::from_envelope(token, limits)?.accepted(kind, &provider.tests, limits)?;
            if provider.mode == ProviderMode::Isolated {
                policy.check_signer(provider.signers())?;
            }
            Some(Arc::new(policy))
        }
    };
    Ok(Checked {
        binding,
        effect: Effect::Rollback {
            revision: restored.revision,
            token: restored.token.clone(),
            policy,
        },
    })
}

/// The settings of a provider of the configuration are its operator's.
fn own_settings(
    provider: &Provider,
    change: &Change,
    asked: &OwnSettings,
    envelope: Option<&str>,
    now: UnixTime,
) -> Result<Checked, AdministrationError> {
    if provider.resource.is_none() {
        return Err(AdministrationError::Configured);
    }
    let opened = envelope.map(SignedEnvelope::open).transpose()?;
    let signer = opened.as_ref().and_then(|opened| opened.signer.as_ref());
    let payload = opened.as_ref().map_or(&[][..], |opened| &opened.payload);
    let binding = admit(provider, change, signer, payload, now)?;
    if opened.is_some() && settings_in(payload)? != *asked {
        return Err(AdministrationError::SettingsPayload);
    }
    let settings = asked.apply(&provider.settings)?;
    Ok(Checked {
        binding,
        effect: Effect::Settings {
            settings: Box::new(settings),
            text: asked.to_json(),
        },
    })
}

/// The settings in a payload: its member `settings`.
pub fn settings_in(payload: &[u8]) -> Result<OwnSettings, AdministrationError> {
    // A list would be taken for the settings in their order.
    let settings = sole_member(payload, SETTINGS).filter(Value::is_object);
    let settings = settings.ok_or(AdministrationError::SettingsPayload)?;
    Ok(OwnSettings::from_json(&settings.to_string())?)
}

/// The member that says what a payload asks for; nothing beside it but what says when and where it may be used, so that
/// no JWS is good for two purposes.
fn sole_member(payload: &[u8], name: &str) -> Option<Value> {
    let Ok(Value::Object(mut members)) = json::parse_strict(payload) else {
        return None;
    };
    let asked = members.remove(name)?;
    members
        .keys()
        .all(|other| BINDING_MEMBERS.contains(&other.as_str()))
        .then_some(asked)
}

/// Member of the payload that holds the settings.
const SETTINGS: &str = "settings";

/// Member of the payload that names the revision to bring back.
const REVISION: &str = "revision";

fn signer(
    provider: &Provider,
    change: &Change,
    action: SignerOperation,
    envelope: &str,
    now: UnixTime,
) -> Result<Checked, AdministrationError> {
    if provider.mode != ProviderMode::Isolated {
        return Err(AdministrationError::NotIsolated);
    }
    let opened = CertificateEnvelope::open(envelope)?;
    let binding = admit(provider, change, opened.signer(), opened.payload(), now)?;
    let thumbprint = thumbprint(opened.leaf());
    let known = provider.signers();
    let signers = match (action, known.contains(&thumbprint)) {
        (SignerOperation::Add, true) | (SignerOperation::Remove, false) => None,
        (SignerOperation::Add, false) => {
            Some(known.with(PolicyCertificate::from_jwk(opened.certificate())?)?)
        }
        (SignerOperation::Remove, true) => {
            let fewer = known.without(&thumbprint);
            if !fewer.can_sign() {
                return Err(AdministrationError::LastCertificate);
            }
            Some(fewer)
        }
    };
    Ok(Checked {
        binding,
        effect: Effect::Signers {
            thumbprint,
            certificate: serde_json::to_string(opened.certificate()).unwrap_or_default(),
            signers,
        },
    })
}

/// Whether the signer counts, and the JWS is for this operation. Anybody with the role may change an AAD provider,
/// whoever signed; an isolated one only listens to those who hold the key of a trusted certificate or were certified
/// by one.
fn admit(
    provider: &Provider,
    change: &Change,
    signer: Option<&Signer>,
    payload: &[u8],
    now: UnixTime,
) -> Result<Binding, AdministrationError> {
    if provider.mode == ProviderMode::Isolated {
        let signer = signer.ok_or(UntrustedSigner::Unsigned)?;
        provider.signers().authority_of(signer, Some(now))?;
    }
    Ok(Binding::check(
        payload,
        signer.is_some(),
        provider,
        &change.path(),
        now,
    )?)
}

fn default_policy(
    provider: &Provider,
    kind: AttestationType,
) -> Result<Option<Arc<StoredPolicy>>, AdministrationError> {
    let limits = &provider.settings.policy_limits;
    StoredPolicy::default_for(kind, provider.mode, limits)
        .map(|policy| policy.and_then(|policy| policy.accepted(kind, &provider.tests, limits)))
        .transpose()
        .map(|policy| policy.map(Arc::new))
        .map_err(AdministrationError::from)
}
