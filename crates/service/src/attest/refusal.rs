//! Refusals that carry more than a sentence: a TCB status that is not accepted, a policy that denies.

use std::{collections::BTreeSet, fmt};

use attestry_evidence::{
    dcap::{Appraisal, ComponentVerdict, Shortfall, TcbStatus},
    time::UnixTime,
};
use attestry_policy::{Claim, DenyReason, Trace};
use serde_json::{Map, Value, json};

use crate::provider::Settings;

/// Genuine evidence of a platform whose TCB status the provider does not accept.
#[derive(Debug, Clone, PartialEq)]
pub struct TcbRefusal {
    /// The status as appraised.
    pub status: TcbStatus,
    /// The statuses that the provider accepts.
    pub accepted: BTreeSet<TcbStatus>,
    /// What is too old, and how new it must be.
    pub shortfalls: Vec<Shortfall>,
    /// Intel's advisories about the platform.
    pub advisories: BTreeSet<String>,
    /// Date of the TCB level that the platform meets.
    pub tcb_date: UnixTime,
    /// TCB evaluation data number of the collateral.
    pub evaluation_number: u32,
    /// Each component and its own status.
    components: Vec<(&'static str, TcbStatus)>,
}

impl TcbRefusal {
    pub(super) fn new(appraisal: &Appraisal, settings: &Settings) -> Self {
        let verdicts = [
            Some(appraisal.platform()),
            Some(appraisal.qe()),
            appraisal.module(),
        ];
        let component = |verdict: &ComponentVerdict| (verdict.component().identifier(), verdict.status());
        Self {
            status: appraisal.status(),
            accepted: settings.accepted_tcb_statuses.clone(),
            shortfalls: appraisal.shortfalls().to_vec(),
            advisories: appraisal.advisories().clone(),
            tcb_date: appraisal.tcb_date(),
            evaluation_number: appraisal.supplemental().tcb_evaluation_data_number,
            components: verdicts.into_iter().flatten().map(component).collect(),
        }
    }

    /// What the owner of the platform can do.
    pub fn hint(&self) -> String {
        let raise =
            |short: &Shortfall| format!("{} from {} to {}", short.component, short.found, short.needed);
        let raises: Vec<_> = self.shortfalls.iter().map(raise).collect();
        if raises.is_empty() {
            "see the advisories for what to change in the platform's configuration".to_owned()
        } else {
            format!("update the platform: raise {}", raises.join(", "))
        }
    }

    /// The facts for `innererror`.
    pub fn details(&self) -> Map<String, Value> {
        let mut details = shortfall_details(&self.shortfalls);
        let components: Map<_, _> = self
            .components
            .iter()
            .map(|(name, status)| ((*name).to_owned(), status.name().into()))
            .collect();
        details.insert("components".to_owned(), Value::Object(components));
        details.insert("tcbStatus".to_owned(), self.status.name().into());
        details.insert("advisories".to_owned(), self.advisories.iter().cloned().collect());
        details.insert("tcbDate".to_owned(), self.tcb_date.to_string().into());
        details.insert(
            "tcbEvaluationDataNumber".to_owned(),
            self.evaluation_number.into(),
        );
        details
    }
}

/// Which SVN is short, found and needed: the member `shortfalls` of `innererror`.
pub(crate) fn shortfall_details(shortfalls: &[Shortfall]) -> Map<String, Value> {
    let short = |shortfall: &Shortfall| {
        json!({
            "component": shortfall.component.to_string(), "found": shortfall.found, "needed": shortfall.needed,
        })
    };
    Map::from_iter([("shortfalls".to_owned(), shortfalls.iter().map(short).collect())])
}

impl fmt::Display for TcbRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the platform's TCB status is `{}`, which this provider does not accept",
            self.status.name()
        )
    }
}

/// A policy's refusal.
#[derive(Debug, Clone, PartialEq)]
pub struct Denial {
    /// Which rule denied, or came nearest to permitting.
    pub reason: DenyReason,
    /// What the policy saw.
    pub incoming: Vec<Claim>,
    /// What each rule did, when the provider explains in full.
    pub trace: Option<Trace>,
}
