//! The public face: a policy is compiled once and evaluated many times.

use crate::check::check;
use crate::claim::{Claim, ClaimSet};
use crate::diagnostic::{Diagnostic, Findings};
use crate::eval::{self, EvaluationError};
use crate::limits::Limits;
use crate::outcome::Outcome;
use crate::parser::parse;
use crate::program::{Program, Version};

#[cfg(test)]
mod tests;

/// A compiled policy. Immutable: any number of threads evaluate it at once.
///
/// ```
/// use attestry_policy::{Claim, ClaimSet, Decision, Limits, Policy};
///
/// let policy = Policy::compile(r#"
///     version=1.0;
///     authorizationrules{ [type=="x-ms-sgx-svn", value>=2] => permit(); };
///     issuancerules{ c:[type=="x-ms-sgx-svn"] => issue(type="svn", value=c.value); };
/// "#).unwrap();
///
/// let claims = ClaimSet::from_iter([Claim::from_service("x-ms-sgx-svn", 3)]);
/// let outcome = policy.evaluate(claims, &Limits::default()).unwrap();
/// assert_eq!(outcome.decision, Decision::Permit);
/// assert_eq!(&*outcome.outgoing[0].claim_type, "svn");
///
/// let claims = ClaimSet::from_iter([Claim::from_service("x-ms-sgx-svn", 1)]);
/// let Decision::Deny(reason) = policy.evaluate(claims, &Limits::default()).unwrap().decision else {
///     panic!("permitted")
/// };
/// assert_eq!(
///     reason.to_string(),
///     "no rule permits; rule 1 of `authorizationrules` (line 3) came nearest: \
///      claim `x-ms-sgx-svn`: expected value >= 2, found 1"
/// );
/// ```
#[derive(Debug)]
pub struct Policy {
    version: Version,
    program: Program,
    warnings: Vec<Diagnostic>,
}

impl Policy {
    /// Compiles a policy text with the default [`Limits`].
    ///
    /// # Errors
    /// Every finding about the text, in its order, at least one of them an error.
    pub fn compile(text: &str) -> Result<Self, Vec<Diagnostic>> {
        Self::compile_within(text, &Limits::default())
    }

    /// Compiles a policy text.
    ///
    /// # Errors
    /// Every finding about the text, in its order, at least one of them an error.
    pub fn compile_within(text: &str, limits: &Limits) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Findings::default();
        let tree = parse(text, limits, &mut findings);
        let (version, program) = check(&tree, text, limits, &mut findings);
        let refused = findings.has_errors();
        let diagnostics = findings.into_diagnostics(text);
        if refused {
            Err(diagnostics)
        } else {
            Ok(Self {
                version,
                program,
                warnings: diagnostics,
            })
        }
    }

    /// The version that the policy declares.
    pub const fn version(&self) -> Version {
        self.version
    }

    /// What in the policy is accepted, but probably not meant.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The settings of the verification (`configurationrules`), which come before any claim is
    /// trusted: the rules see no claims but those they issue themselves.
    ///
    /// ```
    /// use attestry_policy::{Limits, Policy, Value, configuration::TCB_IDENTIFIER, defaults};
    ///
    /// let policy = Policy::compile(defaults::SGX).unwrap();
    /// let settings = policy.configuration(&Limits::default()).unwrap();
    /// assert_eq!(&*settings[0].claim_type, TCB_IDENTIFIER);
    /// assert_eq!(settings[0].value, Value::from("azuredefault"));
    /// ```
    pub fn configuration(&self, limits: &Limits) -> Result<Vec<Claim>, EvaluationError> {
        eval::configuration(&self.program, limits)
    }

    /// Decides about the verified claims of one piece of evidence. A refusal is an [`Outcome`], with
    /// its reason; an error means that there is no decision, and nothing may be issued.
    pub fn evaluate(&self, incoming: ClaimSet, limits: &Limits) -> Result<Outcome, EvaluationError> {
        eval::evaluate(&self.program, incoming, limits)
    }

    /// As [`Policy::evaluate`], and the outcome has a trace.
    pub fn evaluate_traced(&self, incoming: ClaimSet, limits: &Limits) -> Result<Outcome, EvaluationError> {
        eval::evaluate_traced(&self.program, incoming, limits)
    }
}
