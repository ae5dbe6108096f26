//! The compiled policy: names resolved, types of literals checked, nothing left that could have been
//! found wrong at upload. Owns the vocabulary of the language; must not know text or evaluation.

use std::fmt;

use crate::claim::Value;
use crate::jmespath::Query;
use crate::source::Position;

/// Version of the policy language that a policy declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// 1.0: authorization and issuance rules.
    V1_0,
    /// 1.1: also configuration rules.
    V1_1,
    /// 1.2: also functions, negated conditions, and evidence as JSON claims.
    V1_2,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        })
    }
}

/// The sections of a policy, in the order in which they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionKind {
    /// `configurationrules`: settings of the verification.
    Configuration,
    /// `authorizationrules`: whether the evidence is accepted.
    Authorization,
    /// `issuancerules`: what the token says.
    Issuance,
}

impl SectionKind {
    pub(crate) const ALL: [Self; 3] = [Self::Configuration, Self::Authorization, Self::Issuance];

    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configurationrules",
            Self::Authorization => "authorizationrules",
            Self::Issuance => "issuancerules",
        }
    }
}

impl fmt::Display for SectionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The properties of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Property {
    /// `type`
    Type,
    /// `value`
    Value,
    /// `valueType`
    ValueType,
    /// `issuer`
    Issuer,
}

impl Property {
    pub(crate) const ALL: [Self; 4] = [Self::Type, Self::Value, Self::ValueType, Self::Issuer];

    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Value => "value",
            Self::ValueType => "valueType",
            Self::Issuer => "issuer",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Relation {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Relation {
    /// Whether it orders values, which only integers allow.
    pub(crate) const fn is_ordering(self) -> bool {
        !matches!(self, Self::Equal | Self::NotEqual)
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

/// The actions of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// `permit()`
    Permit,
    /// `deny()`
    Deny,
    /// An action that makes claims.
    Claim(ClaimAction),
}

impl ActionKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Permit,
        Self::Deny,
        Self::Claim(ClaimAction::Add),
        Self::Claim(ClaimAction::Issue),
        Self::Claim(ClaimAction::IssueProperty),
    ];

    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Deny => "deny",
            Self::Claim(action) => action.name(),
        }
    }

    /// Where it may stand (MAA documentation, "policy actions").
    pub const fn sections(self) -> &'static [SectionKind] {
        match self {
            Self::Permit | Self::Deny => &[SectionKind::Authorization],
            Self::Claim(ClaimAction::Add) => &[SectionKind::Authorization, SectionKind::Issuance],
            Self::Claim(ClaimAction::Issue) => &[SectionKind::Issuance],
            Self::Claim(ClaimAction::IssueProperty) => &[SectionKind::Configuration, SectionKind::Issuance],
        }
    }
}

impl fmt::Display for ActionKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The actions that make claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClaimAction {
    /// `add`: to the incoming claims.
    Add,
    /// `issue`: to the incoming claims and to the token.
    Issue,
    /// `issueproperty`: to the incoming claims and to the properties.
    IssueProperty,
}

impl ClaimAction {
    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Issue => "issue",
            Self::IssueProperty => "issueproperty",
        }
    }
}

/// What a policy text compiles to.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) configuration: Vec<Rule>,
    pub(crate) authorization: Vec<Rule>,
    pub(crate) issuance: Vec<Rule>,
}

impl Program {
    pub(crate) fn section_mut(&mut self, kind: SectionKind) -> &mut Vec<Rule> {
        match kind {
            SectionKind::Configuration => &mut self.configuration,
            SectionKind::Authorization => &mut self.authorization,
            SectionKind::Issuance => &mut self.issuance,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) conditions: Box<[Condition]>,
    pub(crate) action: Action,
    pub(crate) position: Position,
}

#[derive(Debug)]
pub(crate) struct Condition {
    /// Whether it holds when no claim matches.
    pub(crate) is_negated: bool,
    /// Whether the claims that match are kept for later: bindings are numbered in the order of the
    /// conditions that have one.
    pub(crate) is_bound: bool,
    /// The one claim type that can satisfy the condition, when a test names it: most claims are passed over
    /// by it alone.
    pub(crate) claim_type: Option<Box<str>>,
    pub(crate) tests: Box<[Test]>,
    /// The function calls of the tests, made once before claims are compared.
    pub(crate) calls: Box<[Call]>,
    pub(crate) position: Position,
}

#[derive(Debug)]
pub(crate) struct Test {
    pub(crate) property: Property,
    pub(crate) relation: Relation,
    pub(crate) operand: Operand,
}

#[derive(Debug)]
pub(crate) enum Operand {
    Literal(Value),
    /// A property of the claims that an earlier condition bound.
    Bound {
        slot: usize,
        property: Property,
    },
    /// The result of a call, by its number in the condition or the claim being made.
    Computed(usize),
}

/// A function call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) function: Function,
    pub(crate) arguments: Box<[Argument]>,
    pub(crate) position: Position,
}

/// An argument of a call.
#[derive(Debug)]
pub(crate) enum Argument {
    Literal(Value),
    Bound {
        slot: usize,
        property: Property,
    },
    /// A constant JMESPath query.
    Query(Query),
    Call(Call),
}

/// The functions of version 1.2 (MAA documentation, "policy version 1.2").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `JmesPath(json, query)`: the result of the query, as JSON.
    JmesPath,
    /// `JsonToClaimValue(json)`: a JSON scalar or array as claim values.
    JsonToClaimValue,
    /// `IsSubsetOf(a, b)`: whether every value of `a` is in `b`.
    IsSubsetOf,
    /// `AppendString(a, b)`: `a` followed by `b`.
    AppendString,
    /// `NegateBool(b)`: the opposite of `b`.
    NegateBool,
    /// `ContainsOnlyValue(set, v)`: whether `set` has values and all of them are `v`.
    ContainsOnlyValue,
}

impl Function {
    /// Every function.
    pub const ALL: [Self; 6] = [
        Self::JmesPath,
        Self::JsonToClaimValue,
        Self::IsSubsetOf,
        Self::AppendString,
        Self::NegateBool,
        Self::ContainsOnlyValue,
    ];

    /// The name in policies.
    pub const fn name(self) -> &'static str {
        match self {
            Self::JmesPath => "JmesPath",
            Self::JsonToClaimValue => "JsonToClaimValue",
            Self::IsSubsetOf => "IsSubsetOf",
            Self::AppendString => "AppendString",
            Self::NegateBool => "NegateBool",
            Self::ContainsOnlyValue => "ContainsOnlyValue",
        }
    }

    /// The names of the parameters, in order.
    pub const fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::JmesPath => &["json", "query"],
            Self::JsonToClaimValue => &["json"],
            Self::IsSubsetOf => &["a", "b"],
            Self::AppendString => &["first", "second"],
            Self::NegateBool => &["boolean"],
            Self::ContainsOnlyValue => &["set", "value"],
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[derive(Debug)]
pub(crate) enum Action {
    Permit,
    Deny,
    Claim { action: ClaimAction, claim: Template },
}

impl Action {
    pub(crate) const fn kind(&self) -> ActionKind {
        match self {
            Self::Permit => ActionKind::Permit,
            Self::Deny => ActionKind::Deny,
            Self::Claim { action, .. } => ActionKind::Claim(*action),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Template {
    /// Every claim bound to the slot.
    Copy(usize),
    /// One claim for each value.
    Build {
        claim_type: Operand,
        value: Operand,
        value_type: Option<Operand>,
        /// The function calls of the operands, made once before claims are.
        calls: Box<[Call]>,
    },
}
