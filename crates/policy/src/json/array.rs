//! Arrays that know their text length and depth.

use std::fmt;
use std::sync::Arc;

use super::{JSON_DEPTH, Json, JsonError, text};

/// An array of JSON values; clones share it.
#[derive(Clone)]
pub struct Array(Arc<Node>);

struct Node {
    elements: Box<[Json]>,
    text_length: u64,
    depth: u32,
}

impl Array {
    /// An array of `elements`; refused when it would be deeper than [`JSON_DEPTH`].
    pub fn new(elements: Vec<Json>) -> Result<Self, JsonError> {
        let mut text_length = text::punctuation_length(elements.len());
        let mut depth = 0;
        for element in &elements {
            text_length = text_length.saturating_add(element.text_length());
            depth = element.depth().max(depth);
        }
        Self::measured(elements, text_length, depth.saturating_add(1))
    }

    /// [`Self::new`] when text length and depth are known.
    pub(crate) fn measured(elements: Vec<Json>, text_length: u64, depth: u32) -> Result<Self, JsonError> {
        if depth > JSON_DEPTH {
            return Err(JsonError::TooDeep { limit: JSON_DEPTH });
        }
        Ok(Self(Arc::new(Node {
            elements: elements.into_boxed_slice(),
            text_length,
            depth,
        })))
    }

    /// The elements in their order.
    pub fn elements(&self) -> &[Json] {
        &self.0.elements
    }

    /// The elements one by one.
    pub fn iter(&self) -> std::slice::Iter<'_, Json> {
        self.elements().iter()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.0.elements.len()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.0.elements.is_empty()
    }

    pub(super) fn text_length(&self) -> u64 {
        self.0.text_length
    }

    pub(super) fn depth(&self) -> u32 {
        self.0.depth
    }

    pub(super) fn unshared(&self) -> Self {
        Self(Arc::new(Node {
            elements: self.0.elements.iter().map(Json::unshared).collect(),
            text_length: self.0.text_length,
            depth: self.0.depth,
        }))
    }
}

impl<'a> IntoIterator for &'a Array {
    type Item = &'a Json;
    type IntoIter = std::slice::Iter<'a, Json>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Equal values have texts of one length, which decides most comparisons at once.
impl PartialEq for Array {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.0.text_length == other.0.text_length && self.0.elements == other.0.elements)
    }
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (position, element) in self.0.elements.iter().enumerate() {
            if position > 0 {
                f.write_str(",")?;
            }
            write!(f, "{element}")?;
        }
        f.write_str("]")
    }
}

/// As the text.
impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
