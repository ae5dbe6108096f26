//! Reading a release policy: JSON, then the grammar, member by member, nothing left over.

use attestry_api::b64;
use attestry_api::json::{self, shown};
use serde_json::{Map, Value};

use super::{
    Authority, ClaimCondition, Condition, Group, GroupKind, Literal, MAX_AUTHORITIES, MAX_CLAIM_BYTES,
    MAX_CONDITIONS, MAX_NESTING, MAX_POLICY_BYTES, Operator, ReleasePolicy, ReleasePolicyError, Test,
};

type Members = Map<String, Value>;

/// The whole document, as messages call it.
const WHOLE: &str = "the release policy";
const IN_POLICY: &str = "`version` and `anyOf` are known";
const IN_WIRE_FORM: &str = "`contentType`, `data` and `immutable` are known";
const IN_AUTHORITY: &str = "`authority`, `allOf` and `anyOf` are known";
const IN_CONDITION: &str = "`claim` with one of `equals`, `notEquals`, `less`, `lessOrEquals`, `greater`, \
                            `greaterOrEquals`, `exists`, or `allOf`, or `anyOf` are known";
const ALL_OF: &str = "allOf";
const ANY_OF: &str = "anyOf";

/// Reads a policy or its wire form.
pub(super) fn policy(bytes: &[u8]) -> Result<ReleasePolicy, ReleasePolicyError> {
    let members = document(bytes)?;
    if !members.contains_key("data") {
        return grammar(bytes, &members, false);
    }
    known_only(
        &members,
        WHOLE,
        &["contentType", "data", "immutable"],
        IN_WIRE_FORM,
    )?;
    if let Some(found) = members.get("contentType") {
        content_type(text(found, "`contentType`")?)?;
    }
    let immutable = match members.get("immutable") {
        None => false,
        Some(value) => value
            .as_bool()
            .ok_or_else(|| not("`immutable`", "true or false"))?,
    };
    let data = text(required(&members, WHOLE, "data")?, "`data`")?;
    let inner = b64::decode_url(data).map_err(ReleasePolicyError::Encoding)?;
    grammar(&inner, &document(&inner)?, immutable)
}

fn document(bytes: &[u8]) -> Result<Members, ReleasePolicyError> {
    if bytes.len() > MAX_POLICY_BYTES {
        return Err(ReleasePolicyError::TooLarge { found: bytes.len() });
    }
    match json::parse_strict(bytes).map_err(ReleasePolicyError::Json)? {
        Value::Object(members) => Ok(members),
        _ => Err(not(WHOLE, "a JSON object")),
    }
}

/// "application/json; charset=utf-8" in any case and spacing; UTF-8 is what JSON is in without saying so, too.
fn content_type(found: &str) -> Result<(), ReleasePolicyError> {
    let plain: String = found.chars().filter(|c| *c != ' ').collect();
    match plain.to_ascii_lowercase().as_str() {
        "application/json" | "application/json;charset=utf-8" => Ok(()),
        _ => Err(ReleasePolicyError::ContentType { found: shown(found) }),
    }
}

fn grammar(bytes: &[u8], members: &Members, immutable: bool) -> Result<ReleasePolicy, ReleasePolicyError> {
    known_only(members, WHOLE, &["version", ANY_OF], IN_POLICY)?;
    match text(required(members, WHOLE, "version")?, "`version`")? {
        "1.0.0" | "0.2" => {}
        other => return Err(ReleasePolicyError::Version { found: shown(other) }),
    }
    let list = elements(required(members, WHOLE, ANY_OF)?, "`anyOf`")?;
    at_most("authorities", list.len(), MAX_AUTHORITIES)?;
    let mut reader = Reader { conditions: 0 };
    let authorities = list
        .iter()
        .enumerate()
        .map(|(index, value)| reader.authority(value, format!("{ANY_OF}[{index}]")))
        .collect::<Result<_, _>>()?;
    Ok(ReleasePolicy {
        text: bytes.to_vec(),
        immutable,
        authorities,
    })
}

/// Counts what was read, so that a policy's evaluation is as bounded as its text.
struct Reader {
    conditions: usize,
}

impl Reader {
    fn authority(&mut self, value: &Value, place: String) -> Result<Authority, ReleasePolicyError> {
        let members = object(value, &place)?;
        known_only(members, &place, &["authority", ALL_OF, ANY_OF], IN_AUTHORITY)?;
        let issuer = text(
            required(members, &place, "authority")?,
            &format!("`authority` of {place}"),
        )?;
        if issuer.is_empty() {
            return Err(ReleasePolicyError::Empty {
                place: format!("`authority` of {place}"),
            });
        }
        Ok(Authority {
            issuer: issuer.to_owned(),
            conditions: self.group(members, &place, 1)?,
            place,
        })
    }

    /// The one list of conditions that an authority or a condition has.
    fn group(&mut self, members: &Members, place: &str, depth: usize) -> Result<Group, ReleasePolicyError> {
        if depth > MAX_NESTING {
            return Err(ReleasePolicyError::TooDeep {
                place: place.to_owned(),
            });
        }
        let (kind, name, list) = match (members.get(ALL_OF), members.get(ANY_OF)) {
            (Some(list), None) => (GroupKind::All, ALL_OF, list),
            (None, Some(list)) => (GroupKind::Any, ANY_OF, list),
            _ => {
                return Err(ReleasePolicyError::Choice {
                    place: place.to_owned(),
                });
            }
        };
        let place = format!("{place}.{name}");
        let members = elements(list, &place)?
            .iter()
            .enumerate()
            .map(|(index, value)| self.condition(value, format!("{place}[{index}]"), depth))
            .collect::<Result<_, _>>()?;
        Ok(Group { kind, members })
    }

    fn condition(
        &mut self,
        value: &Value,
        place: String,
        depth: usize,
    ) -> Result<Condition, ReleasePolicyError> {
        self.conditions = self.conditions.saturating_add(1);
        at_most("conditions", self.conditions, MAX_CONDITIONS)?;
        let members = object(value, &place)?;
        if members.contains_key("claim") {
            return claim_condition(members, place).map(Condition::Claim);
        }
        match members
            .keys()
            .find(|name| ![ALL_OF, ANY_OF].contains(&name.as_str()))
        {
            Some(name) if Operator::from_name(name).is_some() => Err(ReleasePolicyError::Missing {
                place,
                member: "claim",
            }),
            Some(name) => Err(unknown(&place, name, IN_CONDITION)),
            None => self
                .group(members, &place, depth.saturating_add(1))
                .map(Condition::Group),
        }
    }
}

fn claim_condition(members: &Members, place: String) -> Result<ClaimCondition, ReleasePolicyError> {
    let mut operators = Vec::new();
    for (name, value) in members.iter().filter(|(name, _)| *name != "claim") {
        let operator = Operator::from_name(name).ok_or_else(|| unknown(&place, name, IN_CONDITION))?;
        operators.push((operator, value));
    }
    let &[(operator, value)] = operators.as_slice() else {
        return Err(ReleasePolicyError::Operators {
            place,
            found: operators.len(),
        });
    };
    let claim = text(
        required(members, &place, "claim")?,
        &format!("`claim` of {place}"),
    )?;
    check_path(claim, &place)?;
    let test = match operator {
        Operator::Exists => {
            Test::Exists(truth(value).ok_or_else(|| ReleasePolicyError::Exists { place: place.clone() })?)
        }
        other => Test::Compare(other, literal(value, other, &place)?),
    };
    Ok(ClaimCondition {
        claim: claim.to_owned(),
        test,
        place,
    })
}

fn check_path(claim: &str, place: &str) -> Result<(), ReleasePolicyError> {
    let reason = if claim.len() > MAX_CLAIM_BYTES {
        "it is too long"
    } else if claim.split('.').any(str::is_empty) {
        "a name in it is empty"
    } else {
        return Ok(());
    };
    Err(ReleasePolicyError::Path {
        place: place.to_owned(),
        claim: shown(claim),
        reason,
    })
}

/// Published policies write booleans as strings.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(value) => Some(*value),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

fn literal(value: &Value, operator: Operator, place: &str) -> Result<Literal, ReleasePolicyError> {
    match value {
        Value::String(text) => Ok(Literal::Text(text.clone())),
        Value::Number(number) => Ok(Literal::Number(number.clone())),
        Value::Bool(value) => Ok(Literal::Boolean(*value)),
        Value::Null | Value::Array(_) | Value::Object(_) => Err(not(
            &format!("`{operator}` of {place}"),
            "a string, a number or a boolean",
        )),
    }
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Members, ReleasePolicyError> {
    value.as_object().ok_or_else(|| not(place, "a JSON object"))
}

/// A list with something in it.
fn elements<'a>(value: &'a Value, place: &str) -> Result<&'a [Value], ReleasePolicyError> {
    match value.as_array().ok_or_else(|| not(place, "an array"))?.as_slice() {
        [] => Err(ReleasePolicyError::Empty {
            place: place.to_owned(),
        }),
        list => Ok(list),
    }
}

fn text<'a>(value: &'a Value, place: &str) -> Result<&'a str, ReleasePolicyError> {
    value.as_str().ok_or_else(|| not(place, "a string"))
}

fn required<'a>(
    members: &'a Members,
    place: &str,
    member: &'static str,
) -> Result<&'a Value, ReleasePolicyError> {
    members.get(member).ok_or_else(|| ReleasePolicyError::Missing {
        place: place.to_owned(),
        member,
    })
}

fn known_only(
    members: &Members,
    place: &str,
    known: &[&str],
    expected: &'static str,
) -> Result<(), ReleasePolicyError> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(unknown(place, name, expected)),
        None => Ok(()),
    }
}

fn at_most(what: &'static str, found: usize, most: usize) -> Result<(), ReleasePolicyError> {
    if found > most {
        return Err(ReleasePolicyError::TooMany { what, most });
    }
    Ok(())
}

fn unknown(place: &str, member: &str, expected: &'static str) -> ReleasePolicyError {
    ReleasePolicyError::Unknown {
        place: place.to_owned(),
        member: shown(member),
        expected,
    }
}

fn not(place: &str, expected: &'static str) -> ReleasePolicyError {
    ReleasePolicyError::Type {
        place: place.to_owned(),
        expected,
    }
}
