//! The compiled policy: names resolved, types of literals checked, nothing left that could have been
//! found wrong at upload. Owns the vocabulary of the language; must not know text or evaluation.

use std::fmt;

use crate::claim::Value;
use crate::source::Position;

/// Version of the policy language that a policy declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// 1.0: authorization and issuance rules.
    V1_0,
    /// 1.1: also configuration rules.
    V1_1,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
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
    /// Whether the claims that match are kept for later: bindings are numbered in the order of the
    /// conditions that have one.
    pub(crate) is_bound: bool,
    pub(crate) tests: Box<[Test]>,
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
    },
}
