//! Running a compiled query. Owns the budget and the meaning of every expression except functions. The
//! recursion is as deep as the query's tree is high, never as deep as the document.

use std::rc::Rc;

use super::Budget;
use super::error::SearchError;
use super::tree::{Comparator, Node, Projection, Slice, Step};
use super::value::{Elements, Extent, List, Map, Origin, Value, View};
use crate::json::{JSON_DEPTH, Json, text};

/// Bytes of text that are read, compared or written in a step, which otherwise is some ten nanoseconds.
const TEXT_PER_STEP: u64 = 16;

/// Bytes of the text of arrays and objects that are compared in a step: their elements are short.
const STRUCTURE_PER_STEP: u64 = 4;

pub(super) fn search(root: &Node, document: &Json, budget: &mut Budget) -> Result<Json, SearchError> {
    let mut evaluator = Evaluator { budget };
    let found = evaluator.evaluate(root, &Value::Json(document, Origin::Document))?;
    evaluator.json(&found)
}

pub(super) struct Evaluator<'b> {
    budget: &'b mut Budget,
}

impl Evaluator<'_> {
    pub(super) fn evaluate<'a>(
        &mut self,
        node: &'a Node,
        current: &Value<'a>,
    ) -> Result<Value<'a>, SearchError> {
        self.spend(1)?;
        match node {
            Node::Current => Ok(current.clone()),
            Node::Field(name) => self.field(name, current),
            Node::Literal(value) => Ok(Value::Json(value, Origin::Query)),
            Node::Chain(first, steps) => {
                let mut value = self.evaluate(first, current)?;
                for step in steps {
                    value = self.step(step, &value)?;
                }
                Ok(value)
            }
            Node::Or(alternatives) => self.first(alternatives, current, Value::is_true),
            Node::And(conditions) => self.first(conditions, current, |value| !value.is_true()),
            Node::Not(inner) => Ok(Value::Boolean(!self.evaluate(inner, current)?.is_true())),
            Node::Compare(comparator, sides) => {
                let left = self.evaluate(&sides.0, current)?;
                let right = self.evaluate(&sides.1, current)?;
                self.compare(*comparator, &left, &right)
            }
            Node::List(_) | Node::Hash(_) if current.is_null() => Ok(Value::NULL),
            Node::List(elements) => {
                let values = elements.iter().map(|element| self.evaluate(element, current));
                let values = values.collect::<Result<_, SearchError>>()?;
                self.list(values)
            }
            Node::Hash(members) => {
                let values = members
                    .iter()
                    .map(|(name, value)| Ok((&**name, self.evaluate(value, current)?)));
                let values = values.collect::<Result<_, SearchError>>()?;
                self.map(values)
            }
            Node::Call(call) => self.call(call, current),
        }
    }

    /// The first value for which `decides` holds, or the last.
    fn first<'a>(
        &mut self,
        nodes: &'a [Node],
        current: &Value<'a>,
        decides: impl Fn(&Value<'a>) -> bool,
    ) -> Result<Value<'a>, SearchError> {
        let mut value = Value::NULL;
        for node in nodes {
            value = self.evaluate(node, current)?;
            if decides(&value) {
                break;
            }
        }
        Ok(value)
    }

    fn step<'a>(&mut self, step: &'a Step, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        self.spend(1)?;
        match step {
            Step::Field(name) => self.field(name, value),
            Step::Index(index) => {
                let element = value.elements().and_then(|elements| at(elements, *index));
                Ok(element.unwrap_or(Value::NULL))
            }
            Step::Then(node) => self.evaluate(node, value),
            Step::Project(projection, each) => self.project(projection, each, value),
        }
    }

    fn field<'a>(&mut self, name: &str, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        self.spend_text(text::length(name.len()))?;
        Ok(value.field(name).unwrap_or(Value::NULL))
    }

    /// JMESPath specification, "Projections": nulls are left out of the result.
    fn project<'a>(
        &mut self,
        projection: &'a Projection,
        each: &'a Node,
        value: &Value<'a>,
    ) -> Result<Value<'a>, SearchError> {
        let mut found = Vec::new();
        if let Projection::Values = projection {
            let Some(members) = value.members() else {
                return Ok(Value::NULL);
            };
            for (_, value) in members.iter() {
                self.keep(each, value, &mut found)?;
            }
            return self.list(found);
        }
        let Some(elements) = value.elements() else {
            return Ok(Value::NULL);
        };
        match projection {
            Projection::Slice(slice) => {
                for element in slice.positions(elements.len()).filter_map(|at| elements.get(at)) {
                    self.keep(each, element, &mut found)?;
                }
            }
            Projection::Filter(condition) => {
                for element in elements.iter() {
                    if self.evaluate(condition, &element)?.is_true() {
                        self.keep(each, element, &mut found)?;
                    }
                }
            }
            Projection::Flatten => {
                for element in elements.iter() {
                    self.spend(1)?;
                    match element.elements() {
                        Some(inner) => inner
                            .iter()
                            .try_for_each(|inner| self.keep(each, inner, &mut found))?,
                        None => self.keep(each, element, &mut found)?,
                    }
                }
            }
            Projection::Elements | Projection::Values => {
                for element in elements.iter() {
                    self.keep(each, element, &mut found)?;
                }
            }
        }
        self.list(found)
    }

    fn keep<'a>(
        &mut self,
        each: &'a Node,
        element: Value<'a>,
        found: &mut Vec<Value<'a>>,
    ) -> Result<(), SearchError> {
        let value = match each {
            Node::Current => {
                self.spend(1)?;
                element
            }
            each => self.evaluate(each, &element)?,
        };
        if !value.is_null() {
            found.push(value);
        }
        Ok(())
    }

    /// JMESPath specification, "Comparison Operators": anything can be equal, only numbers have an order.
    fn compare<'a>(
        &mut self,
        comparator: Comparator,
        left: &Value<'a>,
        right: &Value<'a>,
    ) -> Result<Value<'a>, SearchError> {
        let equal = match comparator {
            Comparator::Equal => true,
            Comparator::NotEqual => false,
            ordering => {
                let (Some(left), Some(right)) = (left.number(), right.number()) else {
                    return Ok(Value::NULL);
                };
                let order = left.compare(right);
                return Ok(Value::Boolean(match ordering {
                    Comparator::Less => order.is_lt(),
                    Comparator::LessOrEqual => order.is_le(),
                    Comparator::Greater => order.is_gt(),
                    _ => order.is_ge(),
                }));
            }
        };
        Ok(Value::Boolean(self.are_equal(left, right)? == equal))
    }

    /// Equality, paid for before it is looked for.
    pub(super) fn are_equal(&mut self, left: &Value<'_>, right: &Value<'_>) -> Result<bool, SearchError> {
        match (left.view(), right.view()) {
            (View::Text(left), View::Text(right)) => {
                if left.len() != right.len() {
                    return Ok(false);
                }
                self.spend_text(text::length(left.len()))?;
                Ok(left == right)
            }
            (View::List(_), View::List(_)) | (View::Map(_), View::Map(_)) => {
                let length = left.extent().text_length;
                if length != right.extent().text_length {
                    return Ok(false);
                }
                self.spend(length.checked_div(STRUCTURE_PER_STEP).unwrap_or(length))?;
                Ok(left == right)
            }
            _ => Ok(left == right),
        }
    }

    /// An array of `elements`, if it stays within the bounds.
    pub(super) fn list<'a>(&mut self, elements: Vec<Value<'a>>) -> Result<Value<'a>, SearchError> {
        let punctuation = text::punctuation_length(elements.len());
        let extent = self.extent(punctuation, elements.iter())?;
        Ok(Value::List(Rc::new(List::new(elements, extent))))
    }

    /// An object of `members`, whose names are unique, if it stays within the bounds.
    pub(super) fn map<'a>(&mut self, members: Vec<(&'a str, Value<'a>)>) -> Result<Value<'a>, SearchError> {
        let mut names = text::punctuation_length(members.len());
        for (name, _) in &members {
            // The name and a colon.
            let length = text::string_length(name).saturating_add(1);
            self.spend_text(length)?;
            names = names.saturating_add(length);
        }
        let extent = self.extent(names, members.iter().map(|(_, value)| value))?;
        let map = Map::new(members, extent)?;
        Ok(Value::Map(Rc::new(map)))
    }

    /// Text, if it stays within the bounds.
    pub(super) fn text<'a>(&mut self, value: String) -> Result<Value<'a>, SearchError> {
        let length = text::string_length(&value);
        self.spend_text(length)?;
        self.fits(length)?;
        Ok(Value::Text(Rc::from(value)))
    }

    /// Refuses a value of `text_length` that is not built yet.
    pub(super) fn fits(&self, text_length: u64) -> Result<(), SearchError> {
        if text_length > self.budget.json_bytes {
            return Err(SearchError::TooLong {
                limit: self.budget.json_bytes,
            });
        }
        Ok(())
    }

    pub(super) fn spend(&mut self, steps: u64) -> Result<(), SearchError> {
        let left = self.budget.steps.checked_sub(steps);
        self.budget.steps = left.unwrap_or(0);
        left.map(|_| ()).ok_or(SearchError::Steps)
    }

    pub(super) fn spend_text(&mut self, bytes: u64) -> Result<(), SearchError> {
        self.spend(bytes.checked_div(TEXT_PER_STEP).unwrap_or(bytes))
    }

    fn extent<'v, 'a: 'v>(
        &mut self,
        own: u64,
        parts: impl Iterator<Item = &'v Value<'a>>,
    ) -> Result<Extent, SearchError> {
        let mut whole = Extent {
            text_length: own,
            depth: 0,
        };
        for part in parts {
            self.spend(1)?;
            let extent = part.extent();
            if extent.depth == 0 {
                // The length of text is found by reading it.
                self.spend_text(extent.text_length)?;
            }
            whole.text_length = whole.text_length.saturating_add(extent.text_length);
            whole.depth = whole.depth.max(extent.depth);
            self.fits(whole.text_length)?;
        }
        whole.depth = whole.depth.saturating_add(1);
        if whole.depth > JSON_DEPTH {
            return Err(SearchError::TooDeep { limit: JSON_DEPTH });
        }
        Ok(whole)
    }
}

impl Slice {
    /// The positions it takes from an array, in their order.
    fn positions(self, length: usize) -> impl Iterator<Item = usize> {
        let length = i128::try_from(length).unwrap_or(i128::MAX);
        let step = i128::from(self.step);
        // JMESPath specification, "Slices": bounds beyond an end are that end.
        let (lowest, highest) = if step < 0 {
            (-1, length.saturating_sub(1))
        } else {
            (0, length)
        };
        let bound = |bound: i64| {
            let bound = i128::from(bound);
            let bound = if bound < 0 {
                bound.saturating_add(length)
            } else {
                bound
            };
            bound.clamp(lowest, highest)
        };
        let (first, last) = if step < 0 {
            (highest, lowest)
        } else {
            (lowest, highest)
        };
        let start = self.start.map_or(first, bound);
        let stop = self.stop.map_or(last, bound);
        let positions = std::iter::successors(Some(start), move |at| at.checked_add(step));
        let within = move |at: &i128| if step < 0 { *at > stop } else { *at < stop };
        positions
            .take_while(within)
            .filter_map(|at| usize::try_from(at).ok())
    }
}

/// The element at `index`, from the end when it is negative.
fn at<'a>(elements: Elements<'_, 'a>, index: i64) -> Option<Value<'a>> {
    let from_end = || {
        let back = usize::try_from(index.unsigned_abs()).ok()?;
        elements.len().checked_sub(back)
    };
    let position = usize::try_from(index).ok().or_else(from_end)?;
    elements.get(position)
}
