//! Text as a claim's value. Owns the two ways in which a value holds text: as such, or as a JSON
//! document whose text is written only when somebody reads it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use crate::json::Json;

/// Text; cheap to clone.
///
/// The result of a JMESPath query stays a document until its text is asked for, so that a chain of
/// queries neither writes nor reads JSON. A JSON string stands for its characters, without quotes;
/// everything else for its compact JSON text.
///
/// ```
/// use attestry_policy::{Text, json::{Json, JsonLimits}};
///
/// let text = Text::from(Json::parse(r#"[1, "a"]"#, &JsonLimits::default()).unwrap());
/// assert_eq!(&*text, r#"[1,"a"]"#);
/// assert_eq!(text, Text::from(r#"[1,"a"]"#));
/// assert_eq!(&*Text::from(Json::from("a")), "a");
/// ```
#[derive(Clone)]
pub struct Text(Held);

#[derive(Clone)]
enum Held {
    Characters(Arc<str>),
    Document(Arc<Document>),
}

struct Document {
    json: Json,
    text: OnceLock<Box<str>>,
}

impl Text {
    /// The document behind the text, when it came from JSON.
    pub fn document(&self) -> Option<&Json> {
        match &self.0 {
            Held::Characters(_) => None,
            Held::Document(document) => Some(&document.json),
        }
    }

    /// Bytes of the text, without writing it.
    pub(crate) fn text_length(&self) -> u64 {
        match &self.0 {
            Held::Characters(characters) => length(characters),
            Held::Document(document) => match &document.json {
                Json::String(characters) => length(characters),
                json => json.text_length(),
            },
        }
    }

    /// Whether both are the same text in memory.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Held::Characters(left), Held::Characters(right)) => Arc::ptr_eq(left, right),
            (Held::Document(left), Held::Document(right)) => Arc::ptr_eq(left, right),
            _ => false,
        }
    }

    /// A copy that shares no reference count with the program, which every thread of a service uses.
    pub(crate) fn unshared(&self) -> Self {
        match &self.0 {
            Held::Characters(characters) => Self::from(&**characters),
            Held::Document(document) => Self::from(document.json.unshared()),
        }
    }

    /// The text, shared where it is held as such.
    pub(crate) fn characters(&self) -> Arc<str> {
        match &self.0 {
            Held::Characters(characters) => characters.clone(),
            Held::Document(_) => Arc::from(&**self),
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Held::Characters(characters) => characters,
            Held::Document(document) => match &document.json {
                Json::String(characters) => characters,
                json => document.text.get_or_init(|| json.to_string().into()),
            },
        }
    }
}

impl From<Json> for Text {
    fn from(json: Json) -> Self {
        Self(Held::Document(Arc::new(Document {
            json,
            text: OnceLock::new(),
        })))
    }
}

impl From<&str> for Text {
    fn from(characters: &str) -> Self {
        Self(Held::Characters(characters.into()))
    }
}

impl From<String> for Text {
    fn from(characters: String) -> Self {
        Self(Held::Characters(characters.into()))
    }
}

impl From<Arc<str>> for Text {
    fn from(characters: Arc<str>) -> Self {
        Self(Held::Characters(characters))
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || (self.text_length() == other.text_length() && **self == **other)
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        str::hash(self, state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

fn length(characters: &str) -> u64 {
    u64::try_from(characters.len()).unwrap_or(u64::MAX)
}
