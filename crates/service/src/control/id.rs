//! Names of resources: subscription, resource group, provider, connection. What parses is safe to store and to show.

use std::fmt;

use thiserror::Error;

/// The longest subscription id; Azure's are GUIDs of 36 characters.
pub const MAX_SUBSCRIPTION: usize = 64;
/// The longest name of a resource group (Azure documentation, "Naming rules and restrictions for Azure resources").
pub const MAX_RESOURCE_GROUP: usize = 90;
/// The longest name of a private endpoint connection: a private endpoint's name of 80 characters, a dot and a GUID
/// make 117.
pub const MAX_CONNECTION_NAME: usize = 128;

/// A subscription's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription(String);

/// A resource group of a subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupId {
    /// The subscription.
    pub subscription: Subscription,
    /// The group's name, as given.
    pub group: String,
}

/// The name of a provider: 3 to 24 letters, digits and hyphens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderName {
    given: String,
    key: String,
}

/// A provider as a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderId {
    /// Its resource group.
    pub group: GroupId,
    /// Its name.
    pub name: ProviderName,
}

/// The name of a private endpoint connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionName {
    given: String,
    key: String,
}

/// A name that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// Not a subscription's id.
    #[error("`{0}` is not a subscription id: letters, digits and hyphens, {MAX_SUBSCRIPTION} at most")]
    Subscription(String),
    /// Not a resource group's name.
    #[error(
        "`{0}` is not a resource group name: letters, digits, `_`, `-`, `.` and parentheses, {MAX_RESOURCE_GROUP} at most, no `.` at the end"
    )]
    Group(String),
    /// Not a provider's name.
    #[error(
        "`{0}` is not an attestation provider name: 3 to 24 letters, digits and hyphens, no hyphen at either end"
    )]
    Provider(String),
    /// The name is kept for shared providers.
    #[error("`{0}` is reserved: names that begin with `shared` are those of default providers")]
    Reserved(String),
    /// Not a connection's name.
    #[error(
        "`{0}` is not a private endpoint connection name: letters, digits, `_`, `-` and `.`, {MAX_CONNECTION_NAME} at most"
    )]
    Connection(String),
}

impl Subscription {
    /// Letters, digits and hyphens.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if fits(text, MAX_SUBSCRIPTION) && text.chars().all(plain) {
            return Ok(Self(text.to_owned()));
        }
        Err(NameError::Subscription(shown(text)))
    }

    /// As given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl GroupId {
    /// A group's name takes letters of every script.
    pub fn parse(subscription: &str, group: &str) -> Result<Self, NameError> {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '(' | ')');
        if !fits(group, MAX_RESOURCE_GROUP) || !group.chars().all(plain) || group.ends_with('.') {
            return Err(NameError::Group(shown(group)));
        }
        Ok(Self {
            subscription: Subscription::parse(subscription)?,
            group: group.to_owned(),
        })
    }
}

impl ProviderName {
    /// Any name that a provider has; see [`ProviderName::check_free`] for new ones.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let key = text.to_ascii_lowercase();
        if !crate::config::is_provider_name(&key) {
            return Err(NameError::Provider(shown(text)));
        }
        Ok(Self {
            given: text.to_owned(),
            key,
        })
    }

    /// Refuses a name that a new provider cannot have.
    pub fn check_free(&self) -> Result<(), NameError> {
        if self.key.starts_with("shared") {
            return Err(NameError::Reserved(self.given.clone()));
        }
        Ok(())
    }

    /// As given.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// In lower case: what it is stored and found by.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl ConnectionName {
    /// Letters, digits, `_`, `-` and `.`.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if !fits(text, MAX_CONNECTION_NAME) || !text.chars().all(plain) {
            return Err(NameError::Connection(shown(text)));
        }
        Ok(Self {
            given: text.to_owned(),
            key: text.to_ascii_lowercase(),
        })
    }

    /// As given.
    pub fn given(&self) -> &str {
        &self.given
    }

    /// In lower case: what it is stored and found by.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl fmt::Display for ProviderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.given)
    }
}

fn fits(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().take(longest.saturating_add(1)).count() <= longest
}

/// What a message repeats of a name that is refused: one line of readable length.
fn shown(text: &str) -> String {
    text.chars()
        .take(MAX_CONNECTION_NAME)
        .flat_map(char::escape_debug)
        .collect()
}

#[cfg(test)]
mod tests;
