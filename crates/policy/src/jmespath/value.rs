//! Values while a search runs: parts of the document and of the query by reference, and what the search
//! built. Owns looking into them and comparing; must not know expressions.

use std::cell::OnceCell;
use std::cmp::Ordering;
use std::rc::Rc;

use crate::json::index::Index;
use crate::json::{Json, JsonError, JsonType, Number, Object, text};

#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Json(&'a Json, Origin),
    Boolean(bool),
    Number(Number),
    /// The name of a member.
    Name(&'a str),
    /// Text that the search made.
    Text(Rc<str>),
    List(Rc<List<'a>>),
    Map(Rc<Map<'a>>),
}

/// Whose part a value is. A result may share the document, which belongs to one request; the query
/// belongs to all threads, so that it is copied rather than counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    Document,
    Query,
}

/// An array that the search made.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) elements: Vec<Value<'a>>,
    pub(super) extent: Extent,
    /// What [`result`](super::result) made of it.
    pub(super) json: OnceCell<Json>,
}

/// An object that the search made.
#[derive(Debug)]
pub(super) struct Map<'a> {
    pub(super) members: Vec<(&'a str, Value<'a>)>,
    index: Index,
    pub(super) extent: Extent,
    /// What [`result`](super::result) made of it.
    pub(super) json: OnceCell<Json>,
}

/// How large a value is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// Bytes of its compact text.
    pub(super) text_length: u64,
    /// Levels of arrays and objects.
    pub(super) depth: u32,
}

/// What a value is, wherever it is from.
pub(super) enum View<'v, 'a> {
    Null,
    Boolean(bool),
    Number(Number),
    Text(&'v str),
    List(Elements<'v, 'a>),
    Map(Members<'v, 'a>),
}

#[derive(Clone, Copy)]
pub(super) enum Elements<'v, 'a> {
    Json(&'a [Json], Origin),
    Built(&'v [Value<'a>]),
}

#[derive(Clone, Copy)]
pub(super) enum Members<'v, 'a> {
    Json(&'a Object, Origin),
    Built(&'v Map<'a>),
}

impl<'a> Value<'a> {
    pub(super) const NULL: Value<'static> = Value::Json(&Json::Null, Origin::Document);

    pub(super) fn view(&self) -> View<'_, 'a> {
        match self {
            Self::Json(json, origin) => match json {
                Json::Null => View::Null,
                Json::Boolean(value) => View::Boolean(*value),
                Json::Number(number) => View::Number(*number),
                Json::String(text) => View::Text(text),
                Json::Array(array) => View::List(Elements::Json(array.elements(), *origin)),
                Json::Object(object) => View::Map(Members::Json(object, *origin)),
            },
            Self::Boolean(value) => View::Boolean(*value),
            Self::Number(number) => View::Number(*number),
            Self::Name(text) => View::Text(text),
            Self::Text(text) => View::Text(text),
            Self::List(list) => View::List(Elements::Built(&list.elements)),
            Self::Map(map) => View::Map(Members::Built(map)),
        }
    }

    pub(super) fn json_type(&self) -> JsonType {
        match self.view() {
            View::Null => JsonType::Null,
            View::Boolean(_) => JsonType::Boolean,
            View::Number(_) => JsonType::Number,
            View::Text(_) => JsonType::String,
            View::List(_) => JsonType::Array,
            View::Map(_) => JsonType::Object,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Self::Json(Json::Null, _))
    }

    /// JMESPath specification, "Or Expressions": false are `null`, `false` and what is empty.
    pub(super) fn is_true(&self) -> bool {
        match self.view() {
            View::Null => false,
            View::Boolean(value) => value,
            View::Number(_) => true,
            View::Text(text) => !text.is_empty(),
            View::List(elements) => elements.len() > 0,
            View::Map(members) => members.len() > 0,
        }
    }

    pub(super) fn elements(&self) -> Option<Elements<'_, 'a>> {
        match self.view() {
            View::List(elements) => Some(elements),
            _ => None,
        }
    }

    pub(super) fn members(&self) -> Option<Members<'_, 'a>> {
        match self.view() {
            View::Map(members) => Some(members),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self.view() {
            View::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<Number> {
        match self.view() {
            View::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The member called `name` of an object.
    pub(super) fn field(&self, name: &str) -> Option<Value<'a>> {
        self.members()?.find(name)
    }

    pub(super) fn extent(&self) -> Extent {
        let (text_length, depth) = match self {
            Self::Json(json, _) => (json.text_length(), json.depth()),
            Self::Boolean(value) => (text::boolean_length(*value), 0),
            Self::Number(number) => (number.text_length(), 0),
            Self::Name(name) => (text::string_length(name), 0),
            Self::Text(value) => (text::string_length(value), 0),
            Self::List(list) => return list.extent,
            Self::Map(map) => return map.extent,
        };
        Extent { text_length, depth }
    }

    /// The order of two numbers or two texts, by code points; everything else is level.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        match (self.view(), other.view()) {
            (View::Number(left), View::Number(right)) => left.compare(right),
            (View::Text(left), View::Text(right)) => left.cmp(right),
            _ => Ordering::Equal,
        }
    }
}

/// By value. Whoever compares large values accounts for it first.
impl PartialEq for Value<'_> {
    fn eq(&self, other: &Self) -> bool {
        if let (Self::Json(left, _), Self::Json(right, _)) = (self, other) {
            return left == right;
        }
        match (self.view(), other.view()) {
            (View::Null, View::Null) => true,
            (View::Boolean(left), View::Boolean(right)) => left == right,
            (View::Number(left), View::Number(right)) => left == right,
            (View::Text(left), View::Text(right)) => left == right,
            (View::List(left), View::List(right)) => {
                left.len() == right.len() && left.iter().eq(right.iter())
            }
            (View::Map(left), View::Map(right)) => {
                left.len() == right.len()
                    && left
                        .iter()
                        .all(|(name, value)| right.find(name).is_some_and(|other| other == value))
            }
            _ => false,
        }
    }
}

impl<'a> List<'a> {
    pub(super) fn new(elements: Vec<Value<'a>>, extent: Extent) -> Self {
        Self {
            elements,
            extent,
            json: OnceCell::new(),
        }
    }
}

impl<'a> Map<'a> {
    /// An object of `members`, whose names are unique.
    pub(super) fn new(members: Vec<(&'a str, Value<'a>)>, extent: Extent) -> Result<Self, JsonError> {
        Ok(Self {
            index: Index::new(&members)?,
            members,
            extent,
            json: OnceCell::new(),
        })
    }
}

impl<'v, 'a> Elements<'v, 'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Json(elements, _) => elements.len(),
            Self::Built(elements) => elements.len(),
        }
    }

    pub(super) fn get(self, position: usize) -> Option<Value<'a>> {
        match self {
            Self::Json(elements, origin) => elements.get(position).map(|json| Value::Json(json, origin)),
            Self::Built(elements) => elements.get(position).cloned(),
        }
    }

    pub(super) fn iter(self) -> impl DoubleEndedIterator<Item = Value<'a>> + use<'v, 'a> {
        (0..self.len()).filter_map(move |position| self.get(position))
    }
}

impl<'v, 'a> Members<'v, 'a> {
    pub(super) fn len(self) -> usize {
        match self {
            Self::Json(object, _) => object.len(),
            Self::Built(map) => map.members.len(),
        }
    }

    pub(super) fn find(self, name: &str) -> Option<Value<'a>> {
        match self {
            Self::Json(object, origin) => object.member(name).map(|json| Value::Json(json, origin)),
            Self::Built(map) => map.index.find(name, &map.members).cloned(),
        }
    }

    pub(super) fn iter(self) -> impl Iterator<Item = (&'a str, Value<'a>)> + use<'v, 'a> {
        (0..self.len()).filter_map(move |position| match self {
            Self::Json(object, origin) => {
                let (name, json) = object.members().get(position)?;
                Some((&**name, Value::Json(json, origin)))
            }
            Self::Built(map) => map.members.get(position).cloned(),
        })
    }
}
