//! Why a change to a resource is not made.

use thiserror::Error;

use super::NameError;
use crate::{
    location::{Location, LocationError},
    provider::{AssemblyError, PolicyCertificateError, ProvidersError},
    store::StoreError,
};

/// Why a change to a resource is not made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// A name that cannot be one.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Not a location.
    #[error(transparent)]
    Location(#[from] LocationError),
    /// Providers are not created there.
    #[error("attestation providers are not created in `{location}`; the locations are: {}", allowed.join(", "))]
    LocationNotAvailable {
        /// Where it was asked for.
        location: Location,
        /// Where they are created.
        allowed: Vec<String>,
    },
    /// The request's content is wrong.
    #[error("{0}")]
    Content(String),
    /// A certificate cannot be a policy signing certificate.
    #[error(transparent)]
    Certificate(#[from] PolicyCertificateError),
    /// No such provider, or no such resource of one.
    #[error("the resource does not exist")]
    NotFound,
    /// Another provider has the name; names are unique in the service.
    #[error("the name `{0}` is taken by another attestation provider of this service")]
    NameTaken(String),
    /// A deleted provider has the name.
    #[error(
        "the name `{name}` belongs to a deleted attestation provider that can be restored until {until}; restore or purge it"
    )]
    Deleted {
        /// The name.
        name: String,
        /// Until when, RFC 3339.
        until: String,
    },
    /// A provider stays where it was created.
    #[error(
        "the resource `{name}` already exists in location `{existing}`; it cannot be created in location `{asked}`"
    )]
    OtherLocation {
        /// The name.
        name: String,
        /// Where it is.
        existing: String,
        /// Where it was asked for.
        asked: Location,
    },
    /// The certificates of a new provider are changed by their holders alone.
    #[error(
        "the trust model and the policy signing certificates of an existing provider are not changed here: use `certificates:add` and `certificates:remove` of the provider itself"
    )]
    SigningCertificates,
    /// Its deletion is refused.
    #[error("the resource `{0}` is protected against deletion; take the protection off first")]
    Protected(String),
    /// There are as many as the service is set up for.
    #[error("this service has {0} attestation providers, deleted ones among them, and takes no more")]
    TooManyProviders(u32),
    /// There are as many as a subscription may have.
    #[error("the subscription has {0} attestation providers, deleted ones among them, and takes no more")]
    TooManyProvidersInSubscription(u32),
    /// There are as many connections as a provider may have.
    #[error("a provider has {0} private endpoint connections at most")]
    TooManyConnections(usize),
    /// The provider cannot be put together.
    #[error(transparent)]
    Assembly(#[from] AssemblyError),
    /// The provider does not fit to the others.
    #[error(transparent)]
    Providers(#[from] ProvidersError),
    /// The change could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of the service.
    #[error("{0}")]
    Internal(String),
}
