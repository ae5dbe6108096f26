//! Finding a member of an object by its name. Owns the order of names; must not know what is named.

use super::JsonError;
use crate::diagnostic::quotable;

/// Objects up to this size are searched one by one, which is faster than anything else for them.
const LINEAR: usize = 8;

/// Positions of members in the order of their names; nothing for small objects.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Index(Box<[u32]>);

impl Index {
    /// The index of `members`; a name that stands twice is refused.
    pub(crate) fn new<N: AsRef<str>, V>(members: &[(N, V)]) -> Result<Self, JsonError> {
        if members.len() <= LINEAR {
            return unique_linear(members).map(|()| Self(Box::default()));
        }
        let count = u32::try_from(members.len()).map_err(|_| JsonError::TooManyMembers)?;
        let mut positions: Vec<u32> = (0..count).collect();
        positions.sort_unstable_by_key(|position| name_at(members, *position));
        for (first, second) in positions.iter().zip(positions.iter().skip(1)) {
            if name_at(members, *first) == name_at(members, *second) {
                return Err(duplicate(name_at(members, *first).unwrap_or_default()));
            }
        }
        Ok(Self(positions.into_boxed_slice()))
    }

    /// The member of `members`, those that the index was made of, called `name`.
    pub(crate) fn find<'m, N: AsRef<str>, V>(&self, name: &str, members: &'m [(N, V)]) -> Option<&'m V> {
        if members.len() <= LINEAR {
            let found = members.iter().find(|(candidate, _)| candidate.as_ref() == name);
            return found.map(|(_, value)| value);
        }
        let found = self
            .0
            .binary_search_by(|position| name_at(members, *position).cmp(&Some(name)));
        let position = self.0.get(found.ok()?)?;
        members
            .get(usize::try_from(*position).ok()?)
            .map(|(_, value)| value)
    }
}

fn unique_linear<N: AsRef<str>, V>(members: &[(N, V)]) -> Result<(), JsonError> {
    let mut rest = members;
    while let Some(((name, _), others)) = rest.split_first() {
        if others.iter().any(|(other, _)| other.as_ref() == name.as_ref()) {
            return Err(duplicate(name.as_ref()));
        }
        rest = others;
    }
    Ok(())
}

fn name_at<N: AsRef<str>, V>(members: &[(N, V)], position: u32) -> Option<&str> {
    let position = usize::try_from(position).ok()?;
    members.get(position).map(|(name, _)| name.as_ref())
}

fn duplicate(name: &str) -> JsonError {
    JsonError::DuplicateMember { name: quotable(name) }
}
