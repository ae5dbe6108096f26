//! What a search found, as its caller gets it: parts of the document are shared, parts of the query are
//! copied and paid for.

use std::cell::OnceCell;
use std::sync::Arc;

use super::error::SearchError;
use super::evaluate::Evaluator;
use super::value::{List, Map, Origin, Value};
use crate::json::{Array, Json, Object, text};

impl Evaluator<'_> {
    pub(super) fn json(&mut self, value: &Value<'_>) -> Result<Json, SearchError> {
        Ok(match value {
            Value::Json(json, Origin::Document) => (*json).clone(),
            Value::Json(json, Origin::Query) => {
                let length = json.text_length();
                self.fits(length)?;
                self.spend(length)?;
                json.unshared()
            }
            Value::Boolean(value) => Json::Boolean(*value),
            Value::Number(number) => Json::Number(*number),
            Value::Name(name) => {
                self.fits(text::string_length(name))?;
                Json::String(self.copied(name)?)
            }
            Value::Text(value) => Json::String(self.copied(value)?),
            Value::List(list) => self.once(&list.json, |this| this.array(list).map(Json::Array))?,
            Value::Map(map) => self.once(&map.json, |this| this.object(map).map(Json::Object))?,
        })
    }

    /// A list that stands in many places is converted once, or the result of `[@, @] | [@, @] | ...`
    /// would take the memory of its text.
    fn once(
        &mut self,
        cell: &OnceCell<Json>,
        make: impl FnOnce(&mut Self) -> Result<Json, SearchError>,
    ) -> Result<Json, SearchError> {
        if let Some(json) = cell.get() {
            return Ok(json.clone());
        }
        let json = make(self)?;
        Ok(cell.get_or_init(|| json).clone())
    }

    fn array(&mut self, list: &List<'_>) -> Result<Array, SearchError> {
        self.spend(text::length(list.elements.len()))?;
        let elements = list.elements.iter().map(|element| self.json(element));
        let elements = elements.collect::<Result<_, _>>()?;
        Ok(Array::measured(
            elements,
            list.extent.text_length,
            list.extent.depth,
        )?)
    }

    fn object(&mut self, map: &Map<'_>) -> Result<Object, SearchError> {
        self.spend(text::length(map.members.len()))?;
        let members = map.members.iter();
        let members = members.map(|(name, value)| Ok((self.copied(name)?, self.json(value)?)));
        let members = members.collect::<Result<_, SearchError>>()?;
        Ok(Object::measured(
            members,
            map.extent.text_length,
            map.extent.depth,
        )?)
    }

    fn copied(&mut self, text: &str) -> Result<Arc<str>, SearchError> {
        self.spend_text(text::length(text.len()))?;
        Ok(Arc::from(text))
    }
}
