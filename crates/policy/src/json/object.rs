//! Objects that keep the order of their members and know their text length and depth.

use std::fmt;
use std::sync::Arc;

use super::index::Index;
use super::{JSON_DEPTH, Json, JsonError, text};

/// An object; clones share it.
#[derive(Clone)]
pub struct Object(Arc<Node>);

struct Node {
    members: Box<[(Arc<str>, Json)]>,
    index: Index,
    text_length: u64,
    depth: u32,
}

impl Object {
    /// An object of `members` in their order; refused when two have one name, or when it would be
    /// deeper than [`JSON_DEPTH`].
    pub fn new(members: Vec<(Arc<str>, Json)>) -> Result<Self, JsonError> {
        // A colon for each.
        let mut text_length =
            text::punctuation_length(members.len()).saturating_add(text::length(members.len()));
        let mut depth = 0;
        for (name, value) in &members {
            let length = text::string_length(name).saturating_add(value.text_length());
            text_length = text_length.saturating_add(length);
            depth = value.depth().max(depth);
        }
        Self::measured(members, text_length, depth.saturating_add(1))
    }

    /// [`Self::new`] when text length and depth are known.
    pub(crate) fn measured(
        members: Vec<(Arc<str>, Json)>,
        text_length: u64,
        depth: u32,
    ) -> Result<Self, JsonError> {
        if depth > JSON_DEPTH {
            return Err(JsonError::TooDeep { limit: JSON_DEPTH });
        }
        let index = Index::new(&members)?;
        Ok(Self(Arc::new(Node {
            members: members.into_boxed_slice(),
            index,
            text_length,
            depth,
        })))
    }

    /// The members in their order.
    pub fn members(&self) -> &[(Arc<str>, Json)] {
        &self.0.members
    }

    /// The members one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, (Arc<str>, Json)> {
        self.members().iter()
    }

    /// The member called exactly `name`.
    pub fn member(&self, name: &str) -> Option<&Json> {
        self.0.index.find(name, &self.0.members)
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.0.members.len()
    }

    /// Whether there are no members.
    pub fn is_empty(&self) -> bool {
        self.0.members.is_empty()
    }

    pub(super) fn text_length(&self) -> u64 {
        self.0.text_length
    }

    pub(super) fn depth(&self) -> u32 {
        self.0.depth
    }

    pub(super) fn unshared(&self) -> Self {
        let copy = |(name, value): &(Arc<str>, Json)| (Arc::from(&**name), value.unshared());
        Self(Arc::new(Node {
            members: self.0.members.iter().map(copy).collect(),
            index: self.0.index.clone(),
            text_length: self.0.text_length,
            depth: self.0.depth,
        }))
    }
}

impl<'a> IntoIterator for &'a Object {
    type Item = &'a (Arc<str>, Json);
    type IntoIter = std::slice::Iter<'a, (Arc<str>, Json)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Equal values have texts of one length, which decides most comparisons at once. Names are unique, so
/// that it is enough to find every member of one in the other.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.text_length == other.0.text_length
                && self.len() == other.len()
                && self
                    .members()
                    .iter()
                    .all(|(name, value)| other.member(name) == Some(value)))
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (position, (name, value)) in self.0.members.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            text::write_string(f, name)?;
            write!(f, ":{value}")?;
        }
        f.write_str("}")
    }
}

/// As the text.
impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
