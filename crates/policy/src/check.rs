//! Tree to program: resolves names, enforces versions, sections and types. Owns every rule of the
//! language that the grammar cannot say; what passes here cannot fail at evaluation for a reason that
//! was visible in the text.

use crate::ast;
use crate::claim::{Issuer, Value, ValueType};
use crate::diagnostic::{Finding, Findings, quotable};
use crate::functions::Caller;
use crate::limits::Limits;
use crate::program::{
    Call, Condition, Operand, Program, Property, Relation, Rule, SectionKind, Test, Version,
};
use crate::source::{Positions, Span};
use crate::suggest::closest;

pub(crate) use error::{CheckError, Lint};
use expression::CONSTANT_LIMITS;

mod action;
mod error;
mod expression;

/// Words that cannot name a binding.
const RESERVED: [&str; 22] = [
    "version",
    "configurationrules",
    "authorizationrules",
    "issuancerules",
    "permit",
    "deny",
    "add",
    "issue",
    "issueproperty",
    "type",
    "value",
    "valueType",
    "issuer",
    "true",
    "false",
    "claim",
    "JmesPath",
    "JsonToClaimValue",
    "IsSubsetOf",
    "AppendString",
    "NegateBool",
    "ContainsOnlyValue",
];

/// Checks `policy` and compiles it. The program is usable only if no error was reported.
pub(crate) fn check<'t>(
    policy: &ast::Policy<'_>,
    text: &'t str,
    limits: &'t Limits,
    findings: &mut Findings,
) -> (Version, Program) {
    let syntax_is_sound = !findings.has_errors();
    let language = policy
        .version
        .map_or(Language::Unknown, |version| Language::of(version.text));
    let mut checker = Checker {
        text,
        findings,
        positions: Positions::new(text),
        limits,
        caller: Caller::new(&CONSTANT_LIMITS),
        language,
        section: SectionKind::Authorization,
    };
    checker.version(policy);
    checker.order_of_sections(policy);
    if syntax_is_sound {
        checker.authorization_exists(policy);
    }
    let mut program = Program::default();
    for section in &policy.sections {
        checker.section = section.kind;
        let rules = section.rules.iter().filter_map(|rule| checker.rule(rule).ok());
        program.section_mut(section.kind).extend(rules);
    }
    let version = match language {
        Language::V1_0 => Version::V1_0,
        Language::V1_1 => Version::V1_1,
        Language::V1_2 | Language::Unknown => Version::V1_2,
    };
    (version, program)
}

/// The language that the version statement asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Language {
    V1_0,
    V1_1,
    V1_2,
    /// No readable or no known version; reported, and everything is allowed so that only one thing is.
    Unknown,
}

impl Language {
    fn of(version: &str) -> Self {
        match version {
            "1.0" => Self::V1_0,
            "1.1" => Self::V1_1,
            "1.2" => Self::V1_2,
            _ => Self::Unknown,
        }
    }
}

/// The construct is wrong; why has been reported.
struct Wrong;

type Checked<T> = Result<T, Wrong>;

/// The bindings of one rule, in the order of their conditions.
#[derive(Default)]
struct Scope<'a> {
    names: Vec<&'a str>,
}

struct Checker<'t, 'f> {
    text: &'t str,
    findings: &'f mut Findings,
    positions: Positions<'t>,
    limits: &'t Limits,
    /// For constant calls, all of them together.
    caller: Caller<'static>,
    language: Language,
    section: SectionKind,
}

impl Checker<'_, '_> {
    fn version(&mut self, policy: &ast::Policy<'_>) {
        let Some(version) = policy.version else { return };
        if self.language == Language::Unknown {
            let error = CheckError::UnknownVersion {
                found: quotable(version.text),
            };
            self.report(&error, version.span, "versionInfo");
        }
    }

    fn order_of_sections(&mut self, policy: &ast::Policy<'_>) {
        let mut last: Option<SectionKind> = None;
        for section in &policy.sections {
            let name = section.kind.name();
            match last {
                Some(last) if last == section.kind => {
                    self.report(&CheckError::RepeatedSection { name }, section.span, "policy");
                }
                Some(last) if last > section.kind => {
                    let error = CheckError::SectionOrder {
                        name,
                        before: last.name(),
                    };
                    self.report(&error, section.span, "policy");
                }
                _ => last = Some(section.kind),
            }
            if section.kind == SectionKind::Configuration {
                self.require(Language::V1_1, "configurationrules", section.span, "configRules");
            }
        }
    }

    /// A policy that cannot permit is a mistake when it does not even try; one that only denies is
    /// published, so it is accepted with a warning.
    fn authorization_exists(&mut self, policy: &ast::Policy<'_>) {
        let mut sections = policy
            .sections
            .iter()
            .filter(|section| section.kind == SectionKind::Authorization);
        let Some(section) = sections.next() else {
            let end = policy.sections.last().map(|section| section.span);
            let span = end
                .or(policy.version.map(|version| version.span))
                .unwrap_or_default();
            self.report(&CheckError::MissingAuthorization, span, "policy");
            return;
        };
        if section.rules.is_empty() {
            self.report(&CheckError::EmptyAuthorization, section.span, "authRules");
        } else if !section
            .rules
            .iter()
            .any(|rule| matches!(rule.action.kind, ast::ActionBody::Permit))
        {
            self.report(&Lint::NeverPermits, section.span, "authRules");
        }
    }

    fn rule(&mut self, rule: &ast::Rule<'_>) -> Checked<Rule> {
        let position = self.positions.at(rule.span.start);
        let mut scope = Scope::default();
        let mut conditions = Vec::with_capacity(rule.conditions.len());
        let mut sound = true;
        for condition in &rule.conditions {
            // A rule with an error is not used, but its other conditions and its action are read on.
            match self.condition(condition, &mut scope) {
                Ok(condition) => conditions.push(condition),
                Err(Wrong) => sound = false,
            }
        }
        let action = self.action(&rule.action, &scope)?;
        if sound {
            Ok(Rule {
                conditions: conditions.into(),
                action,
                position,
            })
        } else {
            Err(Wrong)
        }
    }

    fn condition<'a>(&mut self, condition: &ast::Condition<'a>, scope: &mut Scope<'a>) -> Checked<Condition> {
        let position = self.positions.at(condition.span.start);
        let mut sound = true;
        let mut tests = Vec::with_capacity(condition.tests.len());
        let mut calls = Vec::new();
        for test in &condition.tests {
            match self.test(test, scope, &mut calls) {
                Ok(test) => tests.push(test),
                Err(Wrong) => sound = false,
            }
        }
        if let Some(span) = condition.negated {
            sound &= self.negation(condition, span).is_ok();
        } else if let Some(name) = condition.binding {
            sound &= self.bind(name, scope).is_ok();
        }
        if !sound {
            return Err(Wrong);
        }
        Ok(Condition {
            is_negated: condition.negated.is_some(),
            is_bound: condition.binding.is_some(),
            claim_type: tests.iter().find_map(named_type),
            tests: tests.into(),
            calls: calls.into(),
            position,
        })
    }

    fn negation(&mut self, condition: &ast::Condition<'_>, span: Span) -> Checked<()> {
        self.require(Language::V1_2, "`!` before a condition", span, "condition");
        let Some(name) = condition.binding else {
            return Ok(());
        };
        let error = CheckError::NegatedBinding {
            name: quotable(name.text),
        };
        self.wrong(&error, name.span, "condition")
    }

    /// Takes the name into the scope even when it is wrong, so that its uses are not reported too.
    fn bind<'a>(&mut self, name: ast::Name<'a>, scope: &mut Scope<'a>) -> Checked<()> {
        let is_taken = scope.names.contains(&name.text);
        scope.names.push(name.text);
        if RESERVED.contains(&name.text) {
            return self.wrong(
                &CheckError::ReservedName {
                    name: name.text.to_owned(),
                },
                name.span,
                "condition",
            );
        }
        if is_taken {
            let error = CheckError::RepeatedName {
                name: quotable(name.text),
            };
            return self.wrong(&error, name.span, "condition");
        }
        Ok(())
    }

    fn test(&mut self, test: &ast::Test<'_>, scope: &Scope<'_>, calls: &mut Vec<Call>) -> Checked<Test> {
        let operand = self.operand(&test.operand, scope, calls)?;
        let (property, relation) = (test.property, test.relation);
        if property == Property::Value {
            if let Operand::Literal(value) = &operand
                && relation.is_ordering()
                && value.value_type() != ValueType::Integer
            {
                let error = CheckError::OrderOfNonInteger {
                    relation,
                    found: value.value_type(),
                };
                return self.wrong(&error, test.span, "propCond");
            }
            return Ok(Test {
                property,
                relation,
                operand,
            });
        }
        if relation.is_ordering() {
            return self.wrong(
                &CheckError::OrderOfText { relation, property },
                test.span,
                "propCond",
            );
        }
        match &operand {
            Operand::Literal(Value::String(text)) => {
                self.note_unknown_name(property, text, test.operand.span);
            }
            Operand::Literal(value) => {
                let error = CheckError::TextExpected {
                    property,
                    found: value.value_type(),
                };
                return self.wrong(&error, test.operand.span, "propCond");
            }
            Operand::Bound { .. } | Operand::Computed(_) => {}
        }
        Ok(Test {
            property,
            relation,
            operand,
        })
    }

    /// An issuer or a value type that no claim has.
    fn note_unknown_name(&mut self, property: Property, text: &str, span: Span) {
        let known = match property {
            Property::Issuer => Issuer::ALL.map(Issuer::name),
            Property::ValueType => ValueType::ALL.map(ValueType::name),
            Property::Type | Property::Value => return,
        };
        if !known.contains(&text) {
            let lint = Lint::UnknownName {
                property,
                name: quotable(text),
                known,
                suggestion: closest(text, &known),
            };
            self.report(&lint, span, "propCond");
        }
    }

    fn resolve(
        &mut self,
        name: ast::Name<'_>,
        scope: &Scope<'_>,
        production: &'static str,
    ) -> Checked<usize> {
        if let Some(slot) = scope.names.iter().position(|bound| *bound == name.text) {
            return Ok(slot);
        }
        let suggestion = closest(name.text, &scope.names).map(str::to_owned);
        let error = CheckError::UnknownIdentifier {
            name: quotable(name.text),
            suggestion,
        };
        self.wrong(&error, name.span, production)
    }

    fn require(&mut self, needed: Language, feature: &'static str, span: Span, production: &'static str) {
        if self.language < needed {
            let needed = if needed == Language::V1_1 { "1.1" } else { "1.2" };
            self.report(&CheckError::NeedsVersion { feature, needed }, span, production);
        }
    }

    fn wrong<T>(&mut self, finding: &impl Finding, span: Span, production: &'static str) -> Checked<T> {
        self.report(finding, span, production);
        Err(Wrong)
    }

    fn report(&mut self, finding: &impl Finding, span: Span, production: &'static str) {
        let path: &[&str] = if production == "policy" {
            &["policy"]
        } else {
            &["policy", production]
        };
        self.findings.report(finding, span, path);
    }
}

/// The claim type that `test` asks for, when it is such a test.
fn named_type(test: &Test) -> Option<Box<str>> {
    match (test.property, test.relation, &test.operand) {
        (Property::Type, Relation::Equal, Operand::Literal(Value::String(name))) => Some(Box::from(&**name)),
        _ => None,
    }
}
