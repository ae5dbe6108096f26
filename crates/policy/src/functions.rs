//! The functions of version 1.2 (MAA documentation, "policy version 1.2", "functions"). Owns what they
//! take and give; must not know rules or claims.

use thiserror::Error;

use crate::claim::{Text, Value, ValueType};
use crate::fuel::{Exceeded, Fuel};
use crate::jmespath::{Budget, Query, QueryError, SearchError};
use crate::json::{Json, JsonError};
use crate::limits::{Limit, Limits};
use crate::outcome::{CLAIMS_SHOWN, CallTrace};
use crate::program::{Argument, Call, Function, Property};

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FunctionError {
    /// An argument has another type.
    #[error("`{function}` takes a value of type {expected} as `{parameter}`, found one of type {found}")]
    ArgumentType {
        /// The function.
        function: Function,
        /// The name of the parameter.
        parameter: &'static str,
        /// The type it takes.
        expected: ValueType,
        /// The type of the argument.
        found: ValueType,
    },
    /// An argument that has to be one value is none or several.
    #[error("`{function}` takes one value as `{parameter}`, found {found}")]
    NotOneValue {
        /// The function.
        function: Function,
        /// The name of the parameter.
        parameter: &'static str,
        /// How many values the argument has.
        found: usize,
    },
    /// An argument that has to be text with something in it is empty.
    #[error("`{function}` takes text that is not empty as `{parameter}`")]
    EmptyText {
        /// The function.
        function: Function,
        /// The name of the parameter.
        parameter: &'static str,
    },
    /// The text is no JSON document.
    #[error("`{function}` cannot read its JSON: {reason}")]
    Json {
        /// The function.
        function: Function,
        /// What is wrong with it.
        reason: JsonError,
    },
    /// The text is no JMESPath query.
    #[error("`JmesPath` cannot read its query: {0}")]
    Query(QueryError),
    /// The query does not fit the document.
    #[error("`JmesPath` cannot run its query: {0}")]
    Search(SearchError),
    /// The document has no claim value.
    #[error("`JsonToClaimValue` makes claim values of scalars and arrays of them, found {found}")]
    NoClaimValue {
        /// What the document is or has in it.
        found: &'static str,
    },
}

impl FunctionError {
    pub(crate) fn help(&self) -> Option<String> {
        match self {
            Self::Query(error) => error.help(),
            Self::NoClaimValue { found } if found.contains("object") => {
                Some("select what is wanted with `JmesPath` first".to_owned())
            }
            _ => None,
        }
    }
}

/// A call that was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallError {
    Function(FunctionError),
    Limit(Exceeded),
}

impl From<FunctionError> for CallError {
    fn from(error: FunctionError) -> Self {
        Self::Function(error)
    }
}

impl From<Exceeded> for CallError {
    fn from(exceeded: Exceeded) -> Self {
        Self::Limit(exceeded)
    }
}

/// What an expression stands for: no value, one, or a set of several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    /// In order, none twice.
    pub(crate) values: Vec<Value>,
    /// Whether they come from what a policy may not issue.
    pub(crate) read_only: bool,
}

impl Values {
    pub(crate) fn one(value: impl Into<Value>, read_only: bool) -> Self {
        Self {
            values: vec![value.into()],
            read_only,
        }
    }

    /// Adds `value` unless it is there.
    pub(crate) fn insert(&mut self, value: Value, fuel: &mut Fuel<'_>) -> Result<(), Exceeded> {
        if !contains(&self.values, &value, fuel)? {
            self.values.push(value);
        }
        Ok(())
    }

    /// Bytes of text in the values.
    pub(crate) fn text_length(&self) -> u64 {
        let lengths = self.values.iter().map(Value::text_length);
        lengths.fold(0, u64::saturating_add)
    }
}

/// Whether `value` is one of `values`.
fn contains(values: &[Value], value: &Value, fuel: &mut Fuel<'_>) -> Result<bool, Exceeded> {
    fuel.spend_for(values.len().saturating_add(1))?;
    for other in values {
        if other.text_length() == value.text_length() {
            fuel.spend_reading(value.text_length())?;
            if other == value {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Where the values of `c.value` come from.
pub(crate) trait Scope {
    fn bound(&self, slot: usize, property: Property, fuel: &mut Fuel<'_>) -> Result<Values, Exceeded>;
}

/// The scope of constant calls, which refer to nothing.
pub(crate) struct Constants;

impl Scope for Constants {
    fn bound(&self, _: usize, _: Property, _: &mut Fuel<'_>) -> Result<Values, Exceeded> {
        Ok(Values::default())
    }
}

/// Makes calls. Keeps the budgets of one evaluation, documents that were read from text, so that the
/// queries of many rules over one claim read it once, and on request what calls returned.
pub(crate) struct Caller<'l> {
    pub(crate) fuel: Fuel<'l>,
    documents: Vec<(Text, Json)>,
    seen: Option<Vec<CallTrace>>,
}

/// Texts whose documents are kept; a policy queries a handful of claims.
const DOCUMENTS: usize = 16;

impl<'l> Caller<'l> {
    pub(crate) const fn new(limits: &'l Limits) -> Self {
        Self {
            fuel: Fuel::new(limits),
            documents: Vec::new(),
            seen: None,
        }
    }

    /// One that notes what calls return.
    pub(crate) fn watching(limits: &'l Limits) -> Self {
        Self {
            seen: Some(Vec::new()),
            ..Self::new(limits)
        }
    }

    /// What calls returned since this was last asked, in the order in which they ended.
    pub(crate) fn take_seen(&mut self) -> Vec<CallTrace> {
        self.seen.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Makes `call`; its arguments first, from left to right. The depth of calls is bounded by the parser.
    pub(crate) fn call(&mut self, call: &Call, scope: &impl Scope) -> Result<Values, CallError> {
        self.fuel.spend(1)?;
        let returned = match (call.function, &*call.arguments) {
            (Function::JmesPath, [json, query]) => self.jmespath(json, query, scope)?,
            (Function::JsonToClaimValue, [json]) => {
                let json = self.argument(json, scope)?;
                self.json_to_claim_value(&json)?
            }
            (Function::NegateBool, [boolean]) => negate_bool(&self.argument(boolean, scope)?)?,
            (function, [first, second]) => {
                let (first, second) = (self.argument(first, scope)?, self.argument(second, scope)?);
                self.of_two(function, &first, &second)?
            }
            // The checker counts arguments.
            (function, arguments) => return Err(not_one(function, 0, arguments.len()).into()),
        };
        if self.seen.is_some() {
            let shown = returned.values.iter().take(CLAIMS_SHOWN);
            let trace = CallTrace {
                function: call.function,
                position: call.position,
                returned: shown
                    .map(|value| shortened(value, &mut self.fuel))
                    .collect::<Result<_, _>>()?,
            };
            self.seen.get_or_insert_default().push(trace);
        }
        Ok(returned)
    }

    fn argument(&mut self, argument: &Argument, scope: &impl Scope) -> Result<Values, CallError> {
        match argument {
            Argument::Literal(value) => {
                self.fuel.spend_reading(value.text_length())?;
                Ok(Values::one(value.unshared(), false))
            }
            Argument::Bound { slot, property } => Ok(scope.bound(*slot, *property, &mut self.fuel)?),
            Argument::Call(nested) => self.call(nested, scope),
            // A compiled query is only used as such.
            Argument::Query(_) => Ok(Values::default()),
        }
    }

    fn of_two(&mut self, function: Function, first: &Values, second: &Values) -> Result<Values, CallError> {
        let result = match function {
            Function::IsSubsetOf => {
                let mut is_subset = true;
                for value in &first.values {
                    is_subset &= contains(&second.values, value, &mut self.fuel)?;
                }
                Values::one(is_subset, false)
            }
            Function::ContainsOnlyValue => {
                let value = one(second, function, 1)?;
                // A set holds nothing twice.
                let only = first.values.len() == 1 && contains(&first.values, value, &mut self.fuel)?;
                Values::one(only, false)
            }
            _ => {
                let (start, end) = (string(first, function, 0)?, string(second, function, 1)?);
                self.fuel
                    .spend_text(start.text_length().saturating_add(end.text_length()))?;
                Values::one([&**start, &**end].concat(), first.read_only || second.read_only)
            }
        };
        Ok(result)
    }

    fn jmespath(
        &mut self,
        json: &Argument,
        query: &Argument,
        scope: &impl Scope,
    ) -> Result<Values, CallError> {
        let json = self.argument(json, scope)?;
        if let Argument::Query(query) = query {
            let document = self.document_of(&json)?;
            return Ok(Values::one(self.search(query, &document)?, json.read_only));
        }
        let query = self.argument(query, scope)?;
        let text = query_text(one(&query, Function::JmesPath, 1)?)?;
        self.fuel.spend(parsing_steps(text))?;
        let limits = self.fuel.limits().query_limits();
        let compiled = Query::compile(text, &limits).map_err(FunctionError::Query)?;
        let document = self.document_of(&json)?;
        let found = self.search(&compiled, &document)?;
        Ok(Values::one(found, json.read_only || query.read_only))
    }

    fn document_of(&mut self, json: &Values) -> Result<Json, CallError> {
        let function = Function::JmesPath;
        let text = string(json, function, 0)?;
        if text.text_length() == 0 {
            return Err(empty(function, 0).into());
        }
        self.document(function, text)
    }

    fn document(&mut self, function: Function, text: &Text) -> Result<Json, CallError> {
        if let Some(document) = text.document() {
            return Ok(document.clone());
        }
        if let Some((_, document)) = self.documents.iter().find(|(known, _)| known.is_same(text)) {
            return Ok(document.clone());
        }
        self.fuel.spend(parsing_steps(text))?;
        let limits = self.fuel.limits();
        let document = Json::parse(text, &limits.json_limits()).map_err(|reason| match reason {
            JsonError::TooLong { found, .. } => CallError::Limit(Exceeded {
                limit: Limit::Json,
                allowed: limits.json_bytes,
                found,
            }),
            reason => FunctionError::Json { function, reason }.into(),
        })?;
        if self.documents.len() < DOCUMENTS {
            self.documents.push((text.clone(), document.clone()));
        }
        Ok(document)
    }

    fn search(&mut self, query: &Query, document: &Json) -> Result<Json, CallError> {
        let limits = self.fuel.limits();
        let steps = self.fuel.steps_left();
        let mut budget = Budget {
            steps,
            json_bytes: limits.json_bytes,
        };
        let found = query.search(document, &mut budget);
        self.fuel.spend(steps.saturating_sub(budget.steps))?;
        found.map_err(|error| {
            let (limit, allowed) = match error {
                SearchError::Steps => (Limit::Steps, limits.steps),
                SearchError::TooLong { .. } => (Limit::Json, limits.json_bytes),
                error => return FunctionError::Search(error).into(),
            };
            let found = allowed.saturating_add(1);
            CallError::Limit(Exceeded {
                limit,
                allowed,
                found,
            })
        })
    }

    /// Text that is not JSON stands for itself, as the documentation's table of the function has it.
    fn json_to_claim_value(&mut self, json: &Values) -> Result<Values, CallError> {
        let function = Function::JsonToClaimValue;
        let text = string(json, function, 0)?;
        let document = match self.document(function, text) {
            Ok(document) => document,
            Err(CallError::Function(FunctionError::Json {
                reason: JsonError::Syntax { .. },
                ..
            })) if !is_number(text) => return Ok(json.clone()),
            Err(error) => return Err(error),
        };
        let mut result = Values {
            values: Vec::new(),
            read_only: json.read_only,
        };
        match &document {
            Json::Array(elements) => {
                for element in elements.elements() {
                    if let Some(value) = scalar(element, "an array of arrays", "an array of objects")? {
                        result.insert(value, &mut self.fuel)?;
                    }
                }
            }
            single => result.values.extend(scalar(single, "an array", "an object")?),
        }
        Ok(result)
    }
}

/// Reading JSON or a query takes about ten nanoseconds for four bytes.
fn parsing_steps(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX).div_ceil(4)
}

/// A value as traces show it: the beginning of long text.
fn shortened(value: &Value, fuel: &mut Fuel<'_>) -> Result<Value, Exceeded> {
    match value {
        Value::String(text) if text.text_length() > TRACED_BYTES => {
            fuel.spend_reading(text.text_length())?;
            let shown = text.chars().take(TRACED_CHARACTERS);
            Ok(Value::from(shown.chain(['…']).collect::<String>()))
        }
        value => Ok(value.clone()),
    }
}

/// Text up to this length is traced whole.
const TRACED_BYTES: u64 = 1024;
const TRACED_CHARACTERS: usize = 256;

/// Whether text that cannot be read as JSON is a number all the same, one beyond every range.
fn is_number(text: &str) -> bool {
    let mut characters = text.trim().chars().peekable();
    characters.next_if_eq(&'-');
    characters.peek().is_some_and(char::is_ascii_digit)
        && characters.all(|c| matches!(c, '0'..='9' | '.' | 'e' | 'E' | '+' | '-'))
}

/// The text of a query.
pub(crate) fn query_text(value: &Value) -> Result<&str, FunctionError> {
    let function = Function::JmesPath;
    match value {
        Value::String(text) if text.is_empty() => Err(empty(function, 1)),
        Value::String(text) => Ok(text),
        other => Err(wrong_type(function, 1, ValueType::String, other)),
    }
}

fn negate_bool(boolean: &Values) -> Result<Values, FunctionError> {
    let function = Function::NegateBool;
    match one(boolean, function, 0)? {
        Value::Boolean(value) => Ok(Values::one(!value, boolean.read_only)),
        other => Err(wrong_type(function, 0, ValueType::Boolean, other)),
    }
}

/// The claim value of a scalar; `null` has none.
fn scalar(json: &Json, array: &'static str, object: &'static str) -> Result<Option<Value>, FunctionError> {
    match json {
        Json::Null => Ok(None),
        Json::Boolean(value) => Ok(Some(Value::Boolean(*value))),
        Json::Number(number) => match number.as_i64() {
            Some(value) => Ok(Some(Value::Integer(value))),
            None => Err(FunctionError::NoClaimValue {
                found: "a number that is no 64-bit integer",
            }),
        },
        Json::String(_) => Ok(Some(Value::from(json.clone()))),
        Json::Array(_) => Err(FunctionError::NoClaimValue { found: array }),
        Json::Object(_) => Err(FunctionError::NoClaimValue { found: object }),
    }
}

fn string(values: &Values, function: Function, index: usize) -> Result<&Text, FunctionError> {
    match one(values, function, index)? {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(function, index, ValueType::String, other)),
    }
}

fn one(values: &Values, function: Function, index: usize) -> Result<&Value, FunctionError> {
    match values.values.as_slice() {
        [value] => Ok(value),
        several => Err(not_one(function, index, several.len())),
    }
}

fn not_one(function: Function, index: usize, found: usize) -> FunctionError {
    FunctionError::NotOneValue {
        function,
        parameter: parameter(function, index),
        found,
    }
}

fn empty(function: Function, index: usize) -> FunctionError {
    FunctionError::EmptyText {
        function,
        parameter: parameter(function, index),
    }
}

fn wrong_type(function: Function, index: usize, expected: ValueType, found: &Value) -> FunctionError {
    FunctionError::ArgumentType {
        function,
        parameter: parameter(function, index),
        expected,
        found: found.value_type(),
    }
}

fn parameter(function: Function, index: usize) -> &'static str {
    function.parameters().get(index).copied().unwrap_or_default()
}
