//! Functions that calculate. Integers are added without rounding.

use super::Site;
use crate::jmespath::error::SearchError;
use crate::jmespath::evaluate::Evaluator;
use crate::jmespath::value::Value;
use crate::json::Number;

impl Site {
    pub(super) fn number(self, value: &Value<'_>) -> Result<Number, SearchError> {
        let number = value.number();
        number.ok_or_else(|| self.wrong_type(1, "a number", value))
    }

    fn in_range(self, value: f64) -> Result<Number, SearchError> {
        Number::from_f64(value).ok_or(SearchError::OutOfRange {
            function: self.function,
            offset: self.offset,
        })
    }
}

/// A sum, its integers apart from the others.
#[derive(Default)]
struct Sum {
    integers: i128,
    others: Option<f64>,
    count: u32,
}

impl Evaluator<'_> {
    /// 0 for an empty array.
    pub(super) fn sum<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let sum = self.add(site, value)?;
        Ok(Value::Number(match sum.others {
            None => Number::from_integer(sum.integers),
            Some(_) => site.in_range(sum.total())?,
        }))
    }

    /// Null for an empty array.
    pub(super) fn average<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let sum = self.add(site, value)?;
        let count = i128::from(sum.count);
        match (sum.others, sum.integers.checked_rem(count)) {
            (_, None) => Ok(Value::NULL),
            (None, Some(0)) => {
                let average = sum.integers.checked_div(count).unwrap_or(0);
                Ok(Value::Number(Number::from_integer(average)))
            }
            _ => site
                .in_range(sum.total() / f64::from(sum.count))
                .map(Value::Number),
        }
    }

    fn add(&mut self, site: Site, value: &Value<'_>) -> Result<Sum, SearchError> {
        let mut sum = Sum::default();
        for element in site.array(1, value)?.iter() {
            self.spend(1)?;
            let Some(number) = element.number() else {
                return Err(site.wrong_element(1, "an array of numbers", &element));
            };
            // Steps end long before either overflows.
            sum.count = sum.count.saturating_add(1);
            match number.as_integer() {
                Some(integer) => sum.integers = sum.integers.saturating_add(integer),
                None => sum.others = Some(sum.others.unwrap_or(0.0) + number.to_f64()),
            }
        }
        Ok(sum)
    }
}

impl Sum {
    fn total(&self) -> f64 {
        Number::from_integer(self.integers).to_f64() + self.others.unwrap_or(0.0)
    }
}
