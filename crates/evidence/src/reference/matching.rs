//! The outcome of comparing a guest with reference values, and the facts it gives to policies. Owns when values that
//! are outdated still count; what is compared is decided for each kind of guest elsewhere.

use std::fmt;

use serde_json::json;

use super::comparison::Comparison;
use super::values::{ComplianceStatus, ReferenceValues, Standing};
use crate::claims::{Claims, named};
use crate::time::UnixTime;

/// A guest compared with reference values.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Match<'a> {
    version: u64,
    standing: Standing,
    comparisons: Vec<Comparison<'a>>,
    compliance: Option<ComplianceStatus>,
    platform: PlatformFindings,
}

/// What the lists of platforms say of an SEV-SNP guest's; `None` where there is no list, or where the report does not
/// tell.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct PlatformFindings {
    pub(super) product_refused: Option<bool>,
    pub(super) tcb_floor_met: Option<bool>,
    pub(super) chip_listed: Option<bool>,
    pub(super) chip_denied: Option<bool>,
}

impl<'a> Match<'a> {
    pub(super) fn new(
        values: &ReferenceValues,
        now: UnixTime,
        comparisons: Vec<Comparison<'a>>,
        compliance: Option<ComplianceStatus>,
        platform: PlatformFindings,
    ) -> Self {
        let standing = values.standing(now);
        Self {
            version: values.version(),
            standing,
            comparisons,
            compliance: compliance.filter(|_| standing == Standing::Current),
            platform,
        }
    }

    /// Which demands the guest meets, if the values count now and it meets those of one status; else MAA's claim is
    /// absent.
    pub const fn compliance(&self) -> Option<ComplianceStatus> {
        self.compliance
    }

    /// Whether the values count now.
    pub const fn standing(&self) -> Standing {
        self.standing
    }

    /// Everything that was compared, in the order of the file.
    pub fn comparisons(&self) -> &[Comparison<'a>] {
        &self.comparisons
    }

    /// The names of the paravisors and issuers of endorsements that the guest has. None of them says alone that it is
    /// compliant.
    pub fn matched(&self) -> impl Iterator<Item = &'a str> {
        self.comparisons
            .iter()
            .filter(|comparison| ["hcl", "uvm"].contains(&comparison.section) && comparison.matched())
            .map(|comparison| comparison.name)
    }

    /// The claim of MAA's tokens, `x-ms-compliance-status`.
    pub fn token_claims(&self) -> Claims {
        let status = self.compliance.map(ComplianceStatus::name);
        let claim = status.map(|status| ("x-ms-compliance-status".to_owned(), json!(status)));
        claim.into_iter().collect()
    }

    /// What a policy can ask beyond it. Values that do not count now vouch for nothing, but what they refuse stays
    /// refused: a policy that denies by such a fact must not begin to permit when they expire.
    pub fn policy_facts(&self) -> Claims {
        let current = self.standing == Standing::Current;
        let mut facts = named([
            ("x-attestry-reference-version", json!(self.version)),
            ("x-attestry-reference-current", json!(current)),
        ]);
        if current {
            let matched: Vec<&str> = self.matched().collect();
            facts.insert("x-attestry-reference-matched".to_owned(), json!(matched));
        }
        let platform = &self.platform;
        let findings = [
            ("x-attestry-snp-product-refused", platform.product_refused, true),
            ("x-attestry-snp-tcb-floor-met", platform.tcb_floor_met, false),
            ("x-attestry-snp-chip-listed", platform.chip_listed, false),
            ("x-attestry-snp-chip-denied", platform.chip_denied, true),
        ];
        facts.extend(findings.into_iter().filter_map(|(name, finding, refusal)| {
            let finding = finding.filter(|finding| current || *finding == refusal)?;
            Some((name.to_owned(), json!(finding)))
        }));
        facts
    }

    /// What a relying party or an operator may want to know.
    pub fn warning(&self) -> Option<ReferenceWarning> {
        match self.standing {
            Standing::Current => None,
            Standing::NotYetIssued { issued } => Some(ReferenceWarning::NotYetIssued { issued }),
            Standing::Expired { expires } => Some(ReferenceWarning::Expired { expires }),
        }
    }
}

/// Why reference values did not count.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReferenceWarning {
    /// They are issued later.
    NotYetIssued {
        /// When.
        issued: UnixTime,
    },
    /// They are outdated.
    Expired {
        /// Since when.
        expires: UnixTime,
    },
}

impl fmt::Display for ReferenceWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotYetIssued { issued } => {
                write!(f, "the reference values are not issued before {issued}")
            }
            Self::Expired { expires } => write!(f, "the reference values expired at {expires}"),
        }
    }
}

#[cfg(test)]
mod tests;
