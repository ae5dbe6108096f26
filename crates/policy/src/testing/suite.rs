//! The model of a test file. Reading it checks everything that can be checked without the policy.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use thiserror::Error;

use super::claims::{ClaimList, ExpectedClaims};
use crate::catalog::{Subject, UnknownSubject};
use crate::diagnostic::quotable;

/// Cases in one test file. The reader of a file evaluates the policy as often; a person writes some tens.
pub const CASES: usize = 1024;

/// Bytes of a test file that readers should take. A case is some hundred bytes, one with the events of a whole
/// boot log some hundred kilobytes.
pub const SUITE_BYTES: usize = 4 * 1024 * 1024;

/// A test file that cannot be used. Readers add where in the file it is.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SuiteError {
    /// More cases than are run.
    #[error("a test file has at most {allowed} cases")]
    TooManyCases {
        /// How many are allowed.
        allowed: usize,
    },
    /// A test file without cases tests nothing.
    #[error("the test file has no `[[case]]`")]
    NoCases,
    /// Reports name cases, so names are unique.
    #[error("two cases are named `{name}`")]
    RepeatedName {
        /// The name.
        name: String,
    },
    /// A case without a name.
    #[error("the name of a case is empty")]
    EmptyName,
    /// What a case expects of a token goes with `expect = "permit"` only, and so on.
    #[error("case `{name}`: `{key}` needs `expect = \"{needs}\"`, found `expect = \"{found}\"`")]
    Contradiction {
        /// The case.
        name: String,
        /// The key that does not go with the expectation.
        key: &'static str,
        /// The expectation that it goes with.
        needs: Decided,
        /// The case's expectation.
        found: Decided,
    },
    /// Both forms of the issued claims.
    #[error("case `{name}`: give `issued` or `issued-exactly`, not both")]
    IssuedTwice {
        /// The case.
        name: String,
    },
    /// The evidence of a case has no file.
    #[error("case `{name}`: its evidence has no `file`")]
    EvidenceWithoutFile {
        /// The case.
        name: String,
    },
    /// The value of `type` is no attestation type.
    #[error(transparent)]
    UnknownType(#[from] UnknownSubject),
    /// Evidence cannot be read without knowing what it is.
    #[error("the test file has evidence, so it must have a `type`")]
    EvidenceWithoutType,
}

/// A test file: cases for one policy.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "SuiteFile")]
#[non_exhaustive]
pub struct Suite {
    /// The policy's file, relative to the test file; without it the caller knows the policy.
    pub policy: Option<String>,
    /// What the policy judges.
    pub subject: Option<Subject>,
    /// The settings that the policy's `configurationrules` must give, all of them.
    pub configuration: Option<ExpectedClaims>,
    /// Claims that every case starts from.
    pub claims: ClaimList,
    /// The cases, in the order of the file.
    pub cases: Vec<Case>,
}

/// One evaluation and what must come of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Case {
    /// What reports call it; unique in its file.
    pub name: String,
    /// The evidence whose claims the case starts from.
    pub evidence: Option<EvidenceFiles>,
    /// Claims of the case. They replace all claims of the same types.
    pub claims: ClaimList,
    /// Claim types that the case is without.
    pub without: Vec<String>,
    /// What must come of it.
    pub expect: Expect,
}

/// What must come of a case.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// The policy permits, and issues this.
    Permit(ExpectedPermit),
    /// The policy denies, for this reason.
    Deny(ExpectedDenial),
    /// The evaluation ends with an error.
    Error {
        /// Text that the error's message has.
        contains: Option<String>,
    },
}

impl Expect {
    /// The decision alone.
    pub const fn decided(&self) -> Decided {
        match self {
            Self::Permit(_) => Decided::Permit,
            Self::Deny(_) => Decided::Deny,
            Self::Error { .. } => Decided::Error,
        }
    }
}

/// How an evaluation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decided {
    /// `permit`
    Permit,
    /// `deny`
    Deny,
    /// `error`
    Error,
}

impl Decided {
    /// The name in test files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Decided {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a permitting policy must issue. Empty expectations are met by everything.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ExpectedPermit {
    /// Claims for the token.
    pub issued: ExpectedClaims,
    /// Whether the token may have no other claims of the policy.
    pub nothing_else: bool,
    /// Claim types that must not be issued.
    pub not_issued: Vec<String>,
    /// The properties of the token, all of them.
    pub properties: Option<ExpectedClaims>,
}

/// Why a policy must deny. What is not given is not compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct ExpectedDenial {
    /// The number in `authorizationrules`, from 1, of the rule that denies or came nearest to permitting.
    pub rule: Option<u32>,
    /// The line on which that rule starts, from 1.
    pub line: Option<u32>,
    /// Text that the reason has.
    pub reason: Option<String>,
    /// A claim type that the rule that came nearest to permitting asks for and that is not there.
    pub missing: Option<String>,
}

/// Evidence and what it is verified with, as paths relative to the test file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct EvidenceFiles {
    /// The evidence.
    pub file: Option<String>,
    /// Reference documents.
    pub collateral: Option<String>,
    /// The public key of the operator who signed `collateral`, when it is a bundle.
    pub bundle_key: Option<String>,
    /// Trust anchors instead of the built-in ones.
    #[serde(default)]
    pub root: Vec<String>,
    /// The time of verification: RFC 3339, or seconds since 1970.
    pub at: Option<String>,
    /// Data that the evidence must vouch for.
    pub runtime_data: Option<String>,
    /// Data that must have been bound when the environment was made.
    pub init_time_data: Option<String>,
}

impl EvidenceFiles {
    /// These, and from `shared` what is not given here.
    fn over(self, shared: &Self) -> Self {
        let or = |own: Option<String>, shared: &Option<String>| own.or_else(|| shared.clone());
        Self {
            file: or(self.file, &shared.file),
            collateral: or(self.collateral, &shared.collateral),
            bundle_key: or(self.bundle_key, &shared.bundle_key),
            root: if self.root.is_empty() {
                shared.root.clone()
            } else {
                self.root
            },
            at: or(self.at, &shared.at),
            runtime_data: or(self.runtime_data, &shared.runtime_data),
            init_time_data: or(self.init_time_data, &shared.init_time_data),
        }
    }
}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SuiteFile {
    policy: Option<String>,
    #[serde(rename = "type")]
    attestation_type: Option<String>,
    evidence: Option<EvidenceFiles>,
    configuration: Option<ExpectedClaims>,
    #[serde(default)]
    claims: ClaimList,
    #[serde(default, rename = "case", deserialize_with = "bounded_cases")]
    cases: Vec<CaseFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct CaseFile {
    name: String,
    expect: Decided,
    evidence: Option<EvidenceFiles>,
    #[serde(default)]
    claims: ClaimList,
    #[serde(default)]
    without: Vec<String>,
    issued: Option<ExpectedClaims>,
    issued_exactly: Option<ExpectedClaims>,
    #[serde(default)]
    not_issued: Vec<String>,
    properties: Option<ExpectedClaims>,
    denied_by: Option<ExpectedDenial>,
    error: Option<String>,
}

impl TryFrom<SuiteFile> for Suite {
    type Error = SuiteError;

    fn try_from(file: SuiteFile) -> Result<Self, SuiteError> {
        if file.cases.is_empty() {
            return Err(SuiteError::NoCases);
        }
        let cases = file
            .cases
            .into_iter()
            .map(|case| case.checked(file.evidence.as_ref()))
            .collect::<Result<Vec<Case>, SuiteError>>()?;
        let subject = file.attestation_type.as_deref().map(str::parse).transpose()?;
        let mut names: Vec<&str> = cases.iter().map(|case| &*case.name).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.array_windows().find(|[before, after]| before == after) {
            return Err(SuiteError::RepeatedName { name: quotable(name) });
        }
        if subject.is_none() && cases.iter().any(|case| case.evidence.is_some()) {
            return Err(SuiteError::EvidenceWithoutType);
        }
        Ok(Self {
            policy: file.policy,
            subject,
            configuration: file.configuration,
            claims: file.claims,
            cases,
        })
    }
}

impl CaseFile {
    fn checked(self, shared: Option<&EvidenceFiles>) -> Result<Case, SuiteError> {
        if self.name.is_empty() {
            return Err(SuiteError::EmptyName);
        }
        self.check_agreement()?;
        let name = quotable(&self.name);
        let evidence = match (self.evidence, shared) {
            (Some(own), Some(shared)) => Some(own.over(shared)),
            (Some(own), None) => Some(own),
            // What all cases share is evidence only when it has the file.
            (None, shared) => shared.filter(|shared| shared.file.is_some()).cloned(),
        };
        if evidence.as_ref().is_some_and(|evidence| evidence.file.is_none()) {
            return Err(SuiteError::EvidenceWithoutFile { name });
        }
        let expect = match self.expect {
            Decided::Permit => {
                if self.issued.is_some() && self.issued_exactly.is_some() {
                    return Err(SuiteError::IssuedTwice { name });
                }
                Expect::Permit(ExpectedPermit {
                    nothing_else: self.issued_exactly.is_some(),
                    issued: self.issued_exactly.or(self.issued).unwrap_or_default(),
                    not_issued: self.not_issued,
                    properties: self.properties,
                })
            }
            Decided::Deny => Expect::Deny(self.denied_by.unwrap_or_default()),
            Decided::Error => Expect::Error { contains: self.error },
        };
        Ok(Case {
            name: self.name,
            evidence,
            claims: self.claims,
            without: self.without,
            expect,
        })
    }

    /// Every key goes with the decision that is expected.
    fn check_agreement(&self) -> Result<(), SuiteError> {
        let given = [
            ("issued", self.issued.is_some(), Decided::Permit),
            ("issued-exactly", self.issued_exactly.is_some(), Decided::Permit),
            ("not-issued", !self.not_issued.is_empty(), Decided::Permit),
            ("properties", self.properties.is_some(), Decided::Permit),
            ("denied-by", self.denied_by.is_some(), Decided::Deny),
            ("error", self.error.is_some(), Decided::Error),
        ];
        let contradiction = given
            .into_iter()
            .find(|(_, is_given, needs)| *is_given && *needs != self.expect);
        contradiction.map_or(Ok(()), |(key, _, needs)| {
            Err(SuiteError::Contradiction {
                name: quotable(&self.name),
                key,
                needs,
                found: self.expect,
            })
        })
    }
}

fn bounded_cases<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CaseFile>, D::Error> {
    deserializer.deserialize_seq(CasesVisitor)
}

struct CasesVisitor;

impl<'de> Visitor<'de> for CasesVisitor {
    type Value = Vec<CaseFile>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of cases")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<CaseFile>, A::Error> {
        let mut cases = Vec::new();
        while let Some(case) = elements.next_element()? {
            if cases.len() >= CASES {
                return Err(A::Error::custom(SuiteError::TooManyCases { allowed: CASES }));
            }
            cases.push(case);
        }
        Ok(cases)
    }
}
