//! Tests that a provider's policies must pass before they are used: the tenant's own statement of what a policy
//! must never permit, kept apart from the policy itself.

use std::path::Path;

use attestry_api::AttestationType;
use attestry_policy::{
    Limits,
    catalog::Subject,
    testing::{NoEvidence, SUITE_BYTES, Suite, run},
};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// The tests of one provider.
#[derive(Debug, Default)]
pub struct PolicyTests {
    suites: Vec<NamedSuite>,
    required: bool,
}

#[derive(Debug)]
struct NamedSuite {
    name: String,
    suite: Suite,
}

/// A test file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the policy tests `{file}` cannot be used: {reason}")]
pub struct PolicyTestsError {
    /// The file as configured.
    pub file: String,
    /// What is wrong.
    pub reason: String,
}

/// Why a policy is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NotAccepted {
    /// Tests are required, and there are none for the type.
    #[error("the provider requires tests of its policies and has none for `{kind}`")]
    NoTests {
        /// The policy's attestation type.
        kind: AttestationType,
    },
    /// The policy does something else than a test expects.
    #[error(
        "the policy fails {failures} of {cases} required tests; first `{case}` of `{file}`: {difference}"
    )]
    Failed {
        /// How many cases failed, in all files.
        failures: usize,
        /// How many cases there are.
        cases: usize,
        /// The first case that failed.
        case: String,
        /// Its file.
        file: String,
        /// What it expected and found.
        difference: String,
    },
}

impl PolicyTests {
    /// Reads test files. Each must say its attestation type, and have claims instead of evidence: what a policy
    /// is allowed must not depend on the day's collateral.
    pub fn load(files: &[String], required: bool) -> Result<Self, PolicyTestsError> {
        let load_one = |file: &String| {
            let refused = |reason: String| PolicyTestsError {
                file: file.clone(),
                reason,
            };
            let suite = read(Path::new(file)).map_err(refused)?;
            if suite.subject.is_none() {
                return Err(refused("it has no `type`".to_owned()));
            }
            if suite.cases.iter().any(|case| case.evidence.is_some()) {
                return Err(refused("a case has evidence; give it claims".to_owned()));
            }
            let name = file.clone();
            Ok(NamedSuite { name, suite })
        };
        Ok(Self {
            suites: files.iter().map(load_one).collect::<Result<_, _>>()?,
            required,
        })
    }

    /// Whether there is nothing to pass.
    pub fn accept_everything(&self) -> bool {
        self.suites.is_empty() && !self.required
    }

    /// Whether a policy for `kind` passes every test for that type. The text compiles.
    pub fn check(&self, kind: AttestationType, policy: &str, limits: &Limits) -> Result<(), NotAccepted> {
        let subject = subject(kind);
        let mut first = None;
        let (mut failures, mut cases) = (0_usize, 0_usize);
        for NamedSuite { name, suite } in &self.suites {
            if suite.subject != Some(subject) {
                continue;
            }
            cases = cases.saturating_add(suite.cases.len());
            let report = match run(policy, suite, limits, &NoEvidence) {
                Ok(report) => report,
                Err(findings) => {
                    failures = failures.saturating_add(1);
                    let finding = findings.first().map(|finding| finding.message.clone());
                    let difference = format!("it does not compile: {}", finding.unwrap_or_default());
                    first.get_or_insert_with(|| ("compiling".to_owned(), name.clone(), difference));
                    continue;
                }
            };
            let settings = report.configuration.iter();
            let of_settings = settings.map(|difference| ("configuration".to_owned(), difference));
            let of_cases = report.cases.iter().filter(|case| !case.passed());
            let of_cases = of_cases.filter_map(|case| Some((case.name.clone(), case.differences.first()?)));
            for (case, difference) in of_settings.chain(of_cases) {
                failures = failures.saturating_add(1);
                first.get_or_insert_with(|| (case, name.clone(), difference.to_string()));
            }
        }
        match first {
            Some((case, file, difference)) => Err(NotAccepted::Failed {
                failures,
                cases,
                case,
                file,
                difference,
            }),
            None if cases == 0 && self.required => Err(NotAccepted::NoTests { kind }),
            None => Ok(()),
        }
    }
}

fn read(path: &Path) -> Result<Suite, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.kind().to_string())?;
    if text.len() > SUITE_BYTES {
        return Err(format!("it has more than {SUITE_BYTES} bytes"));
    }
    toml::from_str(&text).map_err(|error| error.message().trim().replace('\n', " "))
}

/// The type by the policy language's own name for it.
pub fn subject(kind: AttestationType) -> Subject {
    match kind {
        AttestationType::SgxEnclave => Subject::SgxEnclave,
        AttestationType::OpenEnclave => Subject::OpenEnclave,
        AttestationType::TdxVm => Subject::TdxVm,
        AttestationType::SevSnpVm => Subject::SevSnpVm,
        AttestationType::AzureGuest => Subject::AzureGuest,
        AttestationType::Tpm => Subject::Tpm,
    }
}
