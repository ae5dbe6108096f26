//! The functions of the JMESPath specification, "Built-in Functions", and `equals_ignore_case` of MAA.

use std::collections::BTreeMap;

use super::error::{SearchError, type_name};
use super::evaluate::Evaluator;
use super::signature::{Binary, Unary, Variadic};
use super::tree::{Call, Node, Operation};
use super::value::{Elements, Members, Value, View};
use crate::json::{JSON_BYTES, Json, JsonLimits, JsonType, text};

mod numbers;
mod order;

/// Which call of the query a type error is about.
#[derive(Clone, Copy)]
struct Site {
    function: &'static str,
    offset: usize,
}

impl Site {
    fn wrong_type(self, argument: usize, expected: &'static str, found: &Value<'_>) -> SearchError {
        self.wrong(argument, expected, type_name(found.json_type()))
    }

    /// An array with an element that the function is not made for.
    fn wrong_element(self, argument: usize, expected: &'static str, found: &Value<'_>) -> SearchError {
        let found = match found.json_type() {
            JsonType::Null => "an array with null",
            JsonType::Boolean => "an array with a boolean",
            JsonType::Number => "an array with a number",
            JsonType::String => "an array with a string",
            JsonType::Array => "an array with an array",
            JsonType::Object => "an array with an object",
        };
        self.wrong(argument, expected, found)
    }

    fn wrong(self, argument: usize, expected: &'static str, found: &'static str) -> SearchError {
        SearchError::InvalidType {
            function: self.function,
            argument,
            expected,
            found,
            offset: self.offset,
        }
    }

    fn array<'v, 'a>(self, argument: usize, value: &'v Value<'a>) -> Result<Elements<'v, 'a>, SearchError> {
        let elements = value.elements();
        elements.ok_or_else(|| self.wrong_type(argument, "an array", value))
    }

    fn object<'v, 'a>(self, argument: usize, value: &'v Value<'a>) -> Result<Members<'v, 'a>, SearchError> {
        let members = value.members();
        members.ok_or_else(|| self.wrong_type(argument, "an object", value))
    }

    fn string<'v>(self, argument: usize, value: &'v Value<'_>) -> Result<&'v str, SearchError> {
        let text = value.text();
        text.ok_or_else(|| self.wrong_type(argument, "a string", value))
    }
}

impl Evaluator<'_> {
    pub(super) fn call<'a>(&mut self, call: &'a Call, current: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let site = Site {
            function: call.name,
            offset: call.offset,
        };
        match &call.operation {
            Operation::Unary(function, value) => {
                let value = self.evaluate(value, current)?;
                self.unary(*function, site, value)
            }
            Operation::Binary(function, first, second) => {
                let first = self.evaluate(first, current)?;
                let second = self.evaluate(second, current)?;
                self.binary(*function, site, &first, &second)
            }
            Operation::ByKey(function, array, key) => {
                let array = self.evaluate(array, current)?;
                self.by_key(*function, site, &array, key)
            }
            Operation::Map(each, array) => {
                let array = self.evaluate(array, current)?;
                self.map_elements(site, each, &array)
            }
            Operation::Variadic(function, values) => {
                let values = values.iter().map(|value| self.evaluate(value, current));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                match function {
                    Variadic::NotNull => {
                        let found = values.into_iter().find(|value| !value.is_null());
                        Ok(found.unwrap_or(Value::NULL))
                    }
                    Variadic::Merge => self.merge(site, &values),
                }
            }
        }
    }

    fn unary<'a>(&mut self, function: Unary, site: Site, value: Value<'a>) -> Result<Value<'a>, SearchError> {
        match function {
            Unary::Abs => site.number(&value).map(|number| Value::Number(number.abs())),
            Unary::Ceil => site.number(&value).map(|number| Value::Number(number.ceil())),
            Unary::Floor => site.number(&value).map(|number| Value::Number(number.floor())),
            Unary::Avg => self.average(site, &value),
            Unary::Sum => self.sum(site, &value),
            Unary::Max => self.maximum(site, &value),
            Unary::Min => self.minimum(site, &value),
            Unary::Sort => self.sort(site, &value),
            Unary::Reverse => self.reverse(site, &value),
            Unary::Length => self.length(site, &value),
            Unary::Keys => {
                let names = site.object(1, &value)?.iter();
                let names = names.map(|(name, _)| Value::Name(name)).collect();
                self.list(names)
            }
            Unary::Values => {
                let values = site.object(1, &value)?.iter().map(|(_, value)| value);
                let values = values.collect();
                self.list(values)
            }
            Unary::ToArray if value.elements().is_some() => Ok(value),
            Unary::ToArray => self.list(vec![value]),
            Unary::ToNumber => self.number_of(value),
            Unary::ToString => self.string_of(value),
            Unary::Type => Ok(Value::Name(match value.json_type() {
                JsonType::Null => "null",
                JsonType::Boolean => "boolean",
                JsonType::Number => "number",
                JsonType::String => "string",
                JsonType::Array => "array",
                JsonType::Object => "object",
            })),
        }
    }

    fn binary<'a>(
        &mut self,
        function: Binary,
        site: Site,
        first: &Value<'a>,
        second: &Value<'a>,
    ) -> Result<Value<'a>, SearchError> {
        match function {
            Binary::Contains => self.contains(site, first, second).map(Value::Boolean),
            Binary::Join => self.join(site, first, second),
            Binary::EqualsIgnoreCase => self.equals_ignore_case(site, first, second).map(Value::Boolean),
            Binary::StartsWith | Binary::EndsWith => {
                let (subject, part) = (site.string(1, first)?, site.string(2, second)?);
                self.spend_text(text::length(part.len()))?;
                Ok(Value::Boolean(match function {
                    Binary::StartsWith => subject.starts_with(part),
                    _ => subject.ends_with(part),
                }))
            }
        }
    }

    /// MAA's own function, used on `EVENT_FILEPATH`. Null is equal to nothing, so that an event without
    /// a path does not end the evaluation; any other value that is no string is an error. Characters
    /// are compared by their lower case, whatever the language.
    fn equals_ignore_case(
        &mut self,
        site: Site,
        first: &Value<'_>,
        second: &Value<'_>,
    ) -> Result<bool, SearchError> {
        const EXPECTED: &str = "a string or null";
        let text = |argument, value: &'_ Value<'_>| match value.view() {
            View::Null | View::Text(_) => Ok(()),
            _ => Err(site.wrong_type(argument, EXPECTED, value)),
        };
        text(1, first)?;
        text(2, second)?;
        let (Some(first), Some(second)) = (first.text(), second.text()) else {
            return Ok(false);
        };
        // Looking up the case of a character costs more than reading it.
        self.spend(text::length(first.len().min(second.len())))?;
        let lower_case = |text| str::chars(text).flat_map(char::to_lowercase);
        Ok(lower_case(first).eq(lower_case(second)))
    }

    fn contains(&mut self, site: Site, subject: &Value<'_>, search: &Value<'_>) -> Result<bool, SearchError> {
        match subject.view() {
            View::Text(subject) => {
                let Some(search) = search.text() else {
                    return Ok(false);
                };
                self.spend_text(text::length(subject.len().saturating_add(search.len())))?;
                Ok(subject.contains(search))
            }
            View::List(elements) => {
                for element in elements.iter() {
                    self.spend(1)?;
                    if self.are_equal(&element, search)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            _ => Err(site.wrong_type(1, "an array or a string", subject)),
        }
    }

    fn join<'a>(
        &mut self,
        site: Site,
        glue: &Value<'a>,
        array: &Value<'a>,
    ) -> Result<Value<'a>, SearchError> {
        let (glue, elements) = (site.string(1, glue)?, site.array(2, array)?);
        let mut joined = String::new();
        for (position, element) in elements.iter().enumerate() {
            let Some(text) = element.text() else {
                return Err(site.wrong_element(2, "an array of strings", &element));
            };
            let glue = if position == 0 { "" } else { glue };
            let length = text::length(glue.len().saturating_add(text.len()));
            self.spend(1)?;
            self.spend_text(length)?;
            self.fits(length.saturating_add(text::length(joined.len())))?;
            joined.push_str(glue);
            joined.push_str(text);
        }
        self.text(joined)
    }

    fn length<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let length = match value.view() {
            View::Text(text) => {
                self.spend_text(text::length(text.len()))?;
                text.chars().count()
            }
            View::List(elements) => elements.len(),
            View::Map(members) => members.len(),
            _ => return Err(site.wrong_type(1, "an array, an object or a string", value)),
        };
        Ok(Value::Number(text::length(length).into()))
    }

    fn reverse<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        match value.view() {
            View::Text(text) => {
                self.spend_text(text::length(text.len()))?;
                let reversed = text.chars().rev().collect();
                self.text(reversed)
            }
            View::List(elements) => {
                let reversed = elements.iter().rev().collect();
                self.list(reversed)
            }
            _ => Err(site.wrong_type(1, "an array or a string", value)),
        }
    }

    /// Text is a number when it is one of JSON, without white space around it.
    fn number_of<'a>(&mut self, value: Value<'a>) -> Result<Value<'a>, SearchError> {
        let text = match value.view() {
            View::Number(_) => return Ok(value),
            View::Text(text) => text,
            _ => return Ok(Value::NULL),
        };
        self.spend_text(text::length(text.len()))?;
        let starts = text.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        if !starts || !text.ends_with(|last: char| last.is_ascii_digit()) {
            return Ok(Value::NULL);
        }
        let limits = JsonLimits {
            bytes: JSON_BYTES,
            depth: 0,
        };
        Ok(match Json::parse(text, &limits) {
            Ok(Json::Number(number)) => Value::Number(number),
            _ => Value::NULL,
        })
    }

    fn string_of<'a>(&mut self, value: Value<'a>) -> Result<Value<'a>, SearchError> {
        if value.text().is_some() {
            return Ok(value);
        }
        let length = value.extent().text_length;
        self.fits(length)?;
        self.spend(length)?;
        let text = self.json(&value)?.to_string();
        self.text(text)
    }

    fn map_elements<'a>(
        &mut self,
        site: Site,
        each: &'a Node,
        array: &Value<'a>,
    ) -> Result<Value<'a>, SearchError> {
        let elements = site.array(2, array)?.iter();
        let mapped = elements.map(|element| self.evaluate(each, &element));
        let mapped = mapped.collect::<Result<_, _>>()?;
        self.list(mapped)
    }

    /// The members of all objects; of members with one name the last, in the place of the first.
    fn merge<'a>(&mut self, site: Site, objects: &[Value<'a>]) -> Result<Value<'a>, SearchError> {
        let mut merged: Vec<(&'a str, Value<'a>)> = Vec::new();
        let mut positions = BTreeMap::new();
        for (argument, object) in (1..).zip(objects) {
            for (name, value) in site.object(argument, object)?.iter() {
                self.spend(1)?;
                self.spend_text(text::length(name.len()))?;
                let position = *positions.entry(name).or_insert(merged.len());
                match merged.get_mut(position) {
                    Some(member) => member.1 = value,
                    None => merged.push((name, value)),
                }
            }
        }
        self.map(merged)
    }
}
