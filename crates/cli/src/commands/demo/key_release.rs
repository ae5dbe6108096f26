//! What people attest for: a secret that only the attested guest gets. A vault decides by a release policy over the
//! validated token, and wraps the secret to the key that the guest's hardware vouches for.

use std::time::Instant;

use attestry_client::Attestation;
use attestry_client::key_release::{KeyEncryption, ReleasePolicy, UnwrappingKey, WrappedSecret, WrappingKey};
use serde_json::json;

use super::evidence::Guest;
use super::{Outcome, RelyingParty, Step};

/// What the vault keeps.
const SECRET: &[u8] = b"the key of the guest's encrypted disk";

/// Asks for the secret with a guest's token; what comes of it has to be what the guest deserves.
pub async fn step(relying_party: &RelyingParty, guest: &Guest) -> Step {
    let started = Instant::now();
    let token = relying_party
        .workload
        .attest(
            &Attestation::new(guest.piece.kind, guest.piece.evidence.clone())
                .runtime_data(guest.piece.runtime_data.clone()),
        )
        .await;
    let attest = started.elapsed();
    let started = Instant::now();
    let outcome = match token {
        Ok(result) => match ask(relying_party, guest, result.token()).await {
            Ok(outcome) => outcome,
            Err(reason) => Outcome::Failed(reason),
        },
        Err(error) => Outcome::Failed(error.to_string()),
    };
    Step {
        title: if guest.deserves_secret {
            "Secret for that guest"
        } else {
            "Secret for a guest in debug mode"
        },
        kind: "KeyRelease",
        attest,
        verify: started.elapsed(),
        outcome,
    }
}

async fn ask(relying_party: &RelyingParty, guest: &Guest, token: &str) -> Result<Outcome, String> {
    let policy = json!({
        "version": "1.0.0",
        "anyOf": [{
            "authority": relying_party.endpoint,
            "allOf": [
                {"claim": "x-ms-attestation-type", "equals": "sevsnpvm"},
                {"claim": "x-ms-sevsnpvm-is-debuggable", "equals": false},
                {"claim": "x-ms-sevsnpvm-launchmeasurement", "equals": guest.measurement},
            ],
        }],
    });
    let policy =
        ReleasePolicy::from_json(policy.to_string().as_bytes()).map_err(|error| error.to_string())?;
    let vault = super::client(&relying_party.endpoint, &relying_party.ca_pem)
        .map_err(|failure| failure.to_string())?;
    let token = vault.validate(token).await.map_err(|error| error.to_string())?;
    let evaluation = policy.evaluate(&token).map_err(|error| error.to_string())?;
    match (evaluation.is_released(), guest.deserves_secret) {
        (true, true) => {}
        (false, false) => {
            // The table says already that the secret is withheld; what is left fits its width.
            let why = evaluation.to_string();
            let why = why
                .strip_prefix("the release policy is not met: ")
                .unwrap_or(&why);
            return Ok(Outcome::Withheld(why.to_owned()));
        }
        (true, false) => return Err("the secret was released to a guest in debug mode".to_owned()),
        (false, true) => return Err(evaluation.to_string()),
    }
    let key = WrappingKey::from_token(&token).map_err(|error| error.to_string())?;
    let algorithm = KeyEncryption::default();
    let wrapped = WrappedSecret::wrap(SECRET, &key, algorithm).map_err(|error| error.to_string())?;
    let opened = guest
        .key
        .unwrap(&wrapped, algorithm)
        .map_err(|error| error.to_string())?;
    let other = UnwrappingKey::generate().map_err(|error| error.to_string())?;
    if opened.as_bytes() != SECRET || other.unwrap(&wrapped, algorithm).is_ok() {
        return Err("the secret opened with another key than the attested one".to_owned());
    }
    Ok(Outcome::Released(format!(
        "to `{}` ({})",
        key.kid(),
        algorithm.as_str()
    )))
}
