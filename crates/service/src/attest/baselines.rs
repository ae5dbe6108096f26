//! The TCB baselines that a provider's policy can choose, and the one that it chose (MAA documentation, "Custom TCB
//! baseline enforcement").

use attestry_api::AttestationType;
use attestry_evidence::dcap::Tee;
use attestry_evidence::time::UnixTime;

use super::{Attestor, decision, quote};
use crate::{
    collateral::Generations,
    provider::{DEFAULT_TCB_IDENTIFIER, Provider},
};

/// A baseline on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcbBaseline {
    /// Value of the policy property `x-ms-sgx-tcbidentifier` that chooses it.
    pub identifier: String,
    /// The TCB evaluation data number behind it at present.
    pub number: u32,
    /// When the generation was published, if that is known.
    pub released: Option<UnixTime>,
    /// Oldest versions of Intel's platform software that it accepts, Linux and Windows, where they are documented.
    pub platform_software: Option<(&'static str, &'static str)>,
    /// Whether evidence is judged by it under the present policy.
    pub selected: bool,
}

impl Attestor {
    /// The baselines for evidence of a type, newest first, then those with names of their own; none for evidence
    /// without Intel's TCB levels.
    pub async fn baselines(&self, provider: &Provider, kind: AttestationType) -> Vec<TcbBaseline> {
        let Some(tee) = quote::tee_of(kind) else {
            return Vec::new();
        };
        let now = self.verification_clock.now();
        let generations = self.collateral.generations(tee, now).await;
        list(tee, &generations, provider, kind)
    }
}

fn list(tee: Tee, generations: &Generations, provider: &Provider, kind: AttestationType) -> Vec<TcbBaseline> {
    let settings = &provider.settings;
    // A policy that does not count chooses nothing.
    let chosen = match provider.policy(kind) {
        Ok(Some(policy)) => decision::identifier(policy, settings).ok(),
        Ok(None) | Err(_) => None,
    };
    let in_force = chosen
        .as_deref()
        .and_then(|chosen| settings.baseline(chosen))
        .and_then(|baseline| generations.in_force(baseline));
    let of = |identifier: String, number, selected| TcbBaseline {
        identifier,
        number,
        released: generations
            .date_of(number)
            .or_else(|| documented(number)?.released()),
        platform_software: documented(number)
            .filter(|_| tee == Tee::Sgx)
            .map(|documented| (documented.linux, documented.windows)),
        selected,
    };
    let is_number = |identifier: &str| identifier.bytes().all(|byte| byte.is_ascii_digit());
    let named = settings
        .baselines
        .iter()
        .filter(|(identifier, _)| *identifier != DEFAULT_TCB_IDENTIFIER && !is_number(identifier))
        .filter_map(|(identifier, baseline)| {
            let selected = chosen.as_deref() == Some(identifier);
            Some(of(identifier.clone(), generations.in_force(*baseline)?, selected))
        })
        .collect::<Vec<_>>();
    let by_name = named.iter().any(|baseline| baseline.selected);
    let numbered = generations
        .iter()
        .rev()
        .map(|(number, _)| of(number.to_string(), number, !by_name && in_force == Some(number)));
    numbered.chain(named).collect()
}

/// A generation as MAA documents it.
struct Documented {
    number: u32,
    released: &'static str,
    linux: &'static str,
    windows: &'static str,
}

impl Documented {
    fn released(&self) -> Option<UnixTime> {
        UnixTime::parse_rfc3339_z(self.released)
    }
}

fn documented(number: u32) -> Option<&'static Documented> {
    DOCUMENTED.iter().find(|documented| documented.number == number)
}

const fn documented_as(
    number: u32,
    released: &'static str,
    linux: &'static str,
    windows: &'static str,
) -> Documented {
    Documented {
        number,
        released,
        linux,
        windows,
    }
}

/// MAA documentation, "Custom TCB baseline enforcement": the table of available baselines.
const DOCUMENTED: [Documented; 6] = [
    documented_as(10, "2020-11-11T00:00:00Z", "2.9", "2.7.101.2"),
    documented_as(11, "2021-06-09T00:00:00Z", "2.13.3", "2.13.100.2"),
    documented_as(12, "2021-11-10T00:00:00Z", "2.13.3", "2.13.100.2"),
    documented_as(13, "2022-08-09T00:00:00Z", "2.17", "2.16"),
    documented_as(14, "2022-11-08T00:00:00Z", "2.17", "2.16"),
    documented_as(15, "2023-02-14T00:00:00Z", "2.17", "2.16"),
];
