//! Who may do what: roles, the operations they allow, and the scopes in which somebody holds them.
//!
//! It owns the table from operations to roles (MAA documentation, "Azure role-based access control"). How callers
//! prove who they are is [`crate::authn`]'s; what an operation does is its own module's.

mod assignment;

use std::fmt;

use thiserror::Error;

pub(crate) use self::assignment::APPLICATION_CLAIMS;
pub use self::assignment::{AssignmentError, Assignments, CertificateAttribute, NotAnAttribute};
use crate::authn::Principal;

/// A role, as somebody holds it in a [`Scope`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Attestation Reader: reads policies, signers and the provider, and attests where that needs a caller.
    Reader,
    /// Attestation Contributor: reads and changes policies and signers, and attests.
    Contributor,
    /// Owner of a provider: whatever can be done with it, also changing and deleting the provider itself.
    Owner,
    /// Operator of the service: creates, changes and deletes providers and reads everything, but changes no tenant's
    /// policy.
    Operator,
}

/// Where a role is held.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everywhere.
    Everything,
    /// In one provider, by its name.
    Provider(String),
    /// In every provider of a subscription.
    Subscription(String),
    /// In every provider of a resource group of a subscription.
    ResourceGroup {
        /// The subscription.
        subscription: String,
        /// The group in it.
        group: String,
    },
}

/// A role in a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where it is held.
    pub scope: Scope,
}

/// What somebody asks to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Reads policies, signers, their histories, TCB baselines.
    ReadPolicies,
    /// Sets, rolls back or approves a policy, adds a signer.
    WritePolicies,
    /// Resets a policy, removes a signer.
    DeletePolicies,
    /// Attests with evidence whose type needs an authenticated caller.
    Attest,
    /// Reads a provider as a resource.
    ReadProvider,
    /// Creates or changes a provider, or its connections.
    WriteProvider,
    /// Deletes or restores a provider.
    DeleteProvider,
    /// Reads what concerns the whole service.
    Operate,
}

/// What an operation is aimed at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Target<'a> {
    /// The provider's name, when there is one.
    pub provider: Option<&'a str>,
    /// Its subscription, when it has one.
    pub subscription: Option<&'a str>,
    /// Its resource group, when it has one.
    pub resource_group: Option<&'a str>,
    /// Whose it is ([`Principal::id`]): they own it whatever else they hold. `None`: nobody's.
    pub owner: Option<&'a str>,
}

/// The caller is known and does not hold a role that allows the operation there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{caller}` may not do `{operation}` here; one of these roles is needed: {}", roles(*.operation))]
pub struct Denied {
    /// Who asked.
    pub caller: String,
    /// For what.
    pub operation: Operation,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Contributor, Self::Owner, Self::Operator];

    /// As configurations and tokens spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Contributor => "contributor",
            Self::Owner => "owner",
            Self::Operator => "operator",
        }
    }

    /// Whether holders may do this.
    pub fn allows(self, operation: Operation) -> bool {
        match operation {
            Operation::ReadPolicies => true,
            // Attestation Contributor has no action on the provider as a resource (MAA documentation, "Azure role-based
            // access control").
            Operation::ReadProvider => self != Self::Contributor,
            Operation::Attest => self != Self::Operator,
            Operation::WritePolicies | Operation::DeletePolicies => {
                matches!(self, Self::Contributor | Self::Owner)
            }
            Operation::WriteProvider | Operation::DeleteProvider => {
                matches!(self, Self::Owner | Self::Operator)
            }
            Operation::Operate => self == Self::Operator,
        }
    }
}

impl Operation {
    /// The action's name, as MAA's role definitions have it where they have it.
    pub fn action(self) -> &'static str {
        match self {
            Self::ReadPolicies => "Microsoft.Attestation/attestationProviders/attestation/read",
            Self::WritePolicies => "Microsoft.Attestation/attestationProviders/attestation/write",
            Self::DeletePolicies => "Microsoft.Attestation/attestationProviders/attestation/delete",
            Self::Attest => "Microsoft.Attestation/attestationProviders/attestation/attest",
            Self::ReadProvider => "Microsoft.Attestation/attestationProviders/read",
            Self::WriteProvider => "Microsoft.Attestation/attestationProviders/write",
            Self::DeleteProvider => "Microsoft.Attestation/attestationProviders/delete",
            Self::Operate => "Microsoft.Attestation/operate",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.action())
    }
}

impl Scope {
    fn covers(&self, target: &Target<'_>) -> bool {
        let same =
            |asked: Option<&str>, held: &str| asked.is_some_and(|asked| asked.eq_ignore_ascii_case(held));
        match self {
            Self::Everything => true,
            Self::Provider(name) => same(target.provider, name),
            Self::Subscription(subscription) => same(target.subscription, subscription),
            Self::ResourceGroup { subscription, group } => {
                same(target.subscription, subscription) && same(target.resource_group, group)
            }
        }
    }
}

/// Whether `caller` may do `operation` at `target`.
pub fn authorize(caller: &Principal, operation: Operation, target: &Target<'_>) -> Result<(), Denied> {
    let owns = target.owner.is_some_and(|owner| owner == caller.id());
    let held = caller
        .grants
        .iter()
        .any(|grant| grant.role.allows(operation) && grant.scope.covers(target));
    if held || (owns && Role::Owner.allows(operation)) {
        return Ok(());
    }
    Err(Denied {
        caller: caller.id(),
        operation,
    })
}

/// Whether `caller` was given this role at `target`, whatever else they may do there.
pub fn holds(caller: &Principal, role: Role, target: &Target<'_>) -> bool {
    caller
        .grants
        .iter()
        .any(|grant| grant.role == role && grant.scope.covers(target))
}

fn roles(operation: Operation) -> String {
    let names = Role::ALL.into_iter().filter(|role| role.allows(operation));
    names.map(Role::name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
