//! Functions that put values in order: numbers by value, strings by code points. An array has one kind.

use std::cmp::Ordering;

use super::Site;
use crate::jmespath::error::{SearchError, type_name};
use crate::jmespath::evaluate::Evaluator;
use crate::jmespath::signature::ByKey;
use crate::jmespath::tree::Node;
use crate::jmespath::value::{Value, View};
use crate::json::text;

/// A value to order by, and what is ordered.
type Keyed<'a> = (Value<'a>, Value<'a>);

impl Evaluator<'_> {
    /// Null for an empty array.
    pub(super) fn maximum<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let keyed = self.keyed_by_themselves(site, value)?;
        self.foremost(keyed, Ordering::is_gt)
    }

    /// Null for an empty array.
    pub(super) fn minimum<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let keyed = self.keyed_by_themselves(site, value)?;
        self.foremost(keyed, Ordering::is_lt)
    }

    pub(super) fn sort<'a>(&mut self, site: Site, value: &Value<'a>) -> Result<Value<'a>, SearchError> {
        let keyed = self.keyed_by_themselves(site, value)?;
        self.sorted(keyed)
    }

    pub(super) fn by_key<'a>(
        &mut self,
        function: ByKey,
        site: Site,
        array: &Value<'a>,
        key: &'a Node,
    ) -> Result<Value<'a>, SearchError> {
        let mut keyed: Vec<Keyed<'a>> = Vec::new();
        for element in site.array(1, array)?.iter() {
            let key = self.evaluate(key, &element)?;
            if !continues(&keyed, &key) {
                let expected = "an expression that gives only numbers or only strings";
                return Err(site.wrong(2, expected, type_name(key.json_type())));
            }
            keyed.push((key, element));
        }
        match function {
            ByKey::Sort => self.sorted(keyed),
            ByKey::Max => self.foremost(keyed, Ordering::is_gt),
            ByKey::Min => self.foremost(keyed, Ordering::is_lt),
        }
    }

    fn keyed_by_themselves<'a>(
        &mut self,
        site: Site,
        value: &Value<'a>,
    ) -> Result<Vec<Keyed<'a>>, SearchError> {
        let mut keyed: Vec<Keyed<'a>> = Vec::new();
        for element in site.array(1, value)?.iter() {
            self.spend(1)?;
            if !continues(&keyed, &element) {
                let expected = "an array of numbers or an array of strings";
                return Err(site.wrong_element(1, expected, &element));
            }
            keyed.push((element.clone(), element));
        }
        Ok(keyed)
    }

    /// The first whose key is `before` those of all others.
    fn foremost<'a>(
        &mut self,
        keyed: Vec<Keyed<'a>>,
        before: fn(Ordering) -> bool,
    ) -> Result<Value<'a>, SearchError> {
        self.spend_text(text_bytes(&keyed))?;
        let foremost = keyed.into_iter().reduce(|best, next| {
            let takes_over = before(next.0.order(&best.0));
            if takes_over { next } else { best }
        });
        Ok(foremost.map_or(Value::NULL, |(_, value)| value))
    }

    /// Elements with equal keys stay in their order.
    fn sorted<'a>(&mut self, mut keyed: Vec<Keyed<'a>>) -> Result<Value<'a>, SearchError> {
        let elements = text::length(keyed.len());
        let rounds = u64::from(elements.checked_ilog2().unwrap_or(0)).saturating_add(1);
        self.spend(rounds.saturating_mul(elements))?;
        self.spend_text(rounds.saturating_mul(text_bytes(&keyed)))?;
        keyed.sort_by(|left, right| left.0.order(&right.0));
        let sorted = keyed.into_iter().map(|(_, value)| value).collect();
        self.list(sorted)
    }
}

/// Whether `key` can be ordered, and with the keys before it.
fn continues(keyed: &[Keyed<'_>], key: &Value<'_>) -> bool {
    let first = keyed.first().map_or(key, |(first, _)| first);
    match key.view() {
        View::Number(_) => first.number().is_some(),
        View::Text(_) => first.text().is_some(),
        _ => false,
    }
}

/// Bytes of all keys that are text.
fn text_bytes(keyed: &[Keyed<'_>]) -> u64 {
    let lengths = keyed
        .iter()
        .filter_map(|(key, _)| key.text())
        .map(|key| text::length(key.len()));
    lengths.fold(0, u64::saturating_add)
}
