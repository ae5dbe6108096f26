//! What could stand at a place.

use super::place::{Level, LevelKind, Place, Tokens};
use super::words::{self, Word};
use super::{Completion, CompletionKind};
use crate::catalog::{self, ClaimEntry, SettingEntry, Subject};
use crate::claim::{Issuer, ValueType};
use crate::lexer::TokenKind;
use crate::program::{ActionKind, ClaimAction, Function, Property, SectionKind};
use crate::source::Span;

pub(super) fn at(text: &str, offset: usize, subject: Option<Subject>) -> Vec<Completion> {
    let at = Span::new(offset, offset);
    let tokens = Tokens::of(text);
    if tokens.is_comment(at.start) {
        return Vec::new();
    }
    let touched = tokens.touched(at.start);
    let kind = touched.map(|touched| touched.token.kind);
    let offers = Offers {
        place: tokens.place(touched.map_or(at.start, |touched| touched.token.span.start)),
        subject,
        replaced: touched.map_or(at, |touched| touched.inner),
        quoted: kind == Some(TokenKind::String),
    };
    match kind {
        None | Some(TokenKind::Word) => offers.words(),
        Some(TokenKind::String) if offers.place.awaits_value() => offers.texts(),
        Some(_) => Vec::new(),
    }
}

/// Finds what the catalog says about a setting.
type Entry = fn(&str) -> Option<&'static SettingEntry>;

struct Offers<'t> {
    place: Place<'t>,
    subject: Option<Subject>,
    replaced: Span,
    /// Whether the place is in a string, so that names come without quotes.
    quoted: bool,
}

impl Offers<'_> {
    fn words(&self) -> Vec<Completion> {
        match (self.place.level(), self.place.section) {
            (Some(level), _) => self.in_brackets(level),
            (None, Some(section)) => self.in_section(section),
            (None, None) => self.outside(),
        }
    }

    fn outside(&self) -> Vec<Completion> {
        match self.place.before_kind() {
            None => vec![self.keyword(words::VERSION, "version=1.2;")],
            Some(TokenKind::Semicolon) => SectionKind::ALL
                .into_iter()
                .map(|kind| {
                    let word = words::section(kind);
                    self.keyword(word, &format!("{} {{\n    \n}};", word.name))
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    fn in_section(&self, section: SectionKind) -> Vec<Completion> {
        match self.place.before_kind() {
            Some(TokenKind::Arrow) => ActionKind::ALL
                .into_iter()
                .filter(|action| action.sections().contains(&section))
                .map(|action| self.action(action))
                .collect(),
            Some(TokenKind::LeftBrace | TokenKind::Semicolon) => vec![
                self.symbol("=>", "a rule without conditions", "=> "),
                self.symbol("[ ]", "a condition", "[type==\"\"]"),
                self.symbol(
                    "c:[ ]",
                    "a condition whose claims are bound to `c`",
                    "c:[type==\"\"]",
                ),
            ],
            Some(TokenKind::And) => vec![
                self.symbol("[ ]", "a condition", "[type==\"\"]"),
                self.symbol(
                    "c:[ ]",
                    "a condition whose claims are bound to `c`",
                    "c:[type==\"\"]",
                ),
                self.symbol("![ ]", "no claim is such; from version 1.2 on", "![type==\"\"]"),
            ],
            Some(TokenKind::RightBracket) => vec![
                self.symbol("&&", "one more condition", "&& "),
                self.symbol("=>", "the action", "=> "),
            ],
            _ => Vec::new(),
        }
    }

    fn in_brackets(&self, level: &Level<'_>) -> Vec<Completion> {
        let starts = matches!(
            self.place.before_kind(),
            Some(TokenKind::LeftBracket | TokenKind::LeftParenthesis | TokenKind::Comma)
        );
        match level.kind {
            _ if self.place.before_kind() == Some(TokenKind::Dot) => Property::ALL
                .into_iter()
                .map(|property| self.property(property))
                .collect(),
            LevelKind::Condition if starts => self.unused_properties(level, &Property::ALL),
            LevelKind::Action(ActionKind::Claim(_)) if starts => {
                let mut offers = self.unused_properties(level, &[Property::Type, Property::Value]);
                if level.used.is_empty() {
                    offers.push(self.keyword(words::CLAIM, "claim="));
                }
                offers
            }
            LevelKind::Call(_) if starts => self.expressions(None),
            LevelKind::Condition | LevelKind::Action(_) if self.place.awaits_value() => self.values(level),
            _ => Vec::new(),
        }
    }

    fn unused_properties(&self, level: &Level<'_>, properties: &[Property]) -> Vec<Completion> {
        let unused = properties
            .iter()
            .filter(|property| !level.used.contains(property));
        unused.map(|property| self.property(*property)).collect()
    }

    /// What can stand behind a comparison or an assignment.
    fn values(&self, level: &Level<'_>) -> Vec<Completion> {
        match level.property {
            Some(Property::Value) => self.expressions(level.claim_type.as_deref()),
            Some(_) => self.texts(),
            // `claim=`
            None => self
                .place
                .bindings
                .iter()
                .map(|binding| self.identifier(binding.name, binding.claim_type.as_deref(), binding.name))
                .collect(),
        }
    }

    /// Expressions; `compared` is the claim type whose value they are compared with.
    fn expressions(&self, compared: Option<&str>) -> Vec<Completion> {
        let expected = compared.and_then(catalog::claim).map(|claim| claim.value_type);
        let mut offers = Vec::new();
        if expected.is_none_or(|expected| expected == ValueType::Boolean) {
            offers.extend(["true", "false"].map(|name| self.value(name, "Boolean", name)));
        }
        for binding in &self.place.bindings {
            let value = format!("{}.value", binding.name);
            offers.push(self.identifier(&value, binding.claim_type.as_deref(), &value));
        }
        if self.place.version.is_none_or(|version| version == "1.2") {
            offers.extend(Function::ALL.into_iter().map(|function| {
                let word = words::function(function);
                self.word(word, CompletionKind::Function, &format!("{}(", word.name))
            }));
        }
        offers
    }

    /// Texts that the property takes.
    fn texts(&self) -> Vec<Completion> {
        let level = self.place.level().map(|level| level.kind);
        match (self.place.property(), level) {
            (Some(Property::Type), Some(LevelKind::Condition)) => self.claims(),
            (
                Some(Property::Type),
                Some(LevelKind::Action(ActionKind::Claim(ClaimAction::IssueProperty))),
            ) => {
                let (settings, entry): (&[Word], Entry) =
                    if self.place.section == Some(SectionKind::Configuration) {
                        (&words::SETTINGS, catalog::setting)
                    } else {
                        (&words::TOKEN_PROPERTIES, catalog::token_property)
                    };
                let has_effect = |word: &&Word| {
                    self.subject.is_none_or(|subject| {
                        entry(word.name).is_none_or(|entry| entry.subjects.contains(&subject))
                    })
                };
                let offer = |word: &Word| self.word(*word, CompletionKind::Setting, &self.quote(word.name));
                settings.iter().filter(has_effect).map(offer).collect()
            }
            (Some(Property::Issuer), Some(LevelKind::Condition)) => Issuer::ALL
                .map(|issuer| self.value(issuer.name(), "issuer", &self.quote(issuer.name())))
                .into(),
            (Some(Property::ValueType), Some(_)) => ValueType::ALL
                .map(|value_type| self.value(value_type.name(), "value type", &self.quote(value_type.name())))
                .into(),
            _ => Vec::new(),
        }
    }

    /// Claims of the evidence, and those that the policy makes before this place.
    fn claims(&self) -> Vec<Completion> {
        let old = self.place.version.is_some_and(|version| version != "1.2");
        let given = catalog::all()
            .filter(|claim| self.subject.is_none_or(|subject| claim.is_given_by(subject)))
            .filter(|claim| !(old && claim.needs_1_2));
        let mut offers: Vec<Completion> = given.map(|claim| self.claim(claim)).collect();
        let mut made: Vec<&str> = self.place.made.iter().map(String::as_str).collect();
        made.sort_unstable();
        made.dedup();
        for name in made {
            if !offers.iter().any(|offer| offer.label == name) {
                let made = "made by this policy";
                offers.push(self.offer(name, CompletionKind::Claim, made, "", &self.quote(name)));
            }
        }
        offers
    }

    fn claim(&self, claim: &ClaimEntry) -> Completion {
        let mut offer = self.offer(
            claim.name,
            CompletionKind::Claim,
            claim.value_type.name(),
            &described(claim),
            &self.quote(claim.name),
        );
        offer.deprecated = claim.deprecated_by.is_some();
        offer
    }

    fn action(&self, action: ActionKind) -> Completion {
        let insert = match action {
            ActionKind::Permit | ActionKind::Deny => format!("{}();", action.name()),
            ActionKind::Claim(_) => format!("{}(", action.name()),
        };
        self.word(words::action(action), CompletionKind::Action, &insert)
    }

    fn property(&self, property: Property) -> Completion {
        self.word(
            words::property(property),
            CompletionKind::Property,
            property.name(),
        )
    }

    fn identifier(&self, label: &str, claim_type: Option<&str>, insert: &str) -> Completion {
        let detail = claim_type.map_or_else(|| "bound claims".to_owned(), |name| format!("claims `{name}`"));
        let meaning = claim_type.and_then(catalog::claim).map(described);
        self.offer(
            label,
            CompletionKind::Identifier,
            &detail,
            &meaning.unwrap_or_default(),
            insert,
        )
    }

    fn keyword(&self, word: Word, insert: &str) -> Completion {
        self.word(word, CompletionKind::Keyword, insert)
    }

    fn symbol(&self, label: &str, meaning: &str, insert: &str) -> Completion {
        self.offer(label, CompletionKind::Keyword, meaning, "", insert)
    }

    fn value(&self, label: &str, detail: &str, insert: &str) -> Completion {
        self.offer(label, CompletionKind::Value, detail, "", insert)
    }

    fn word(&self, word: Word, kind: CompletionKind, insert: &str) -> Completion {
        self.offer(word.name, kind, word.signature, word.meaning, insert)
    }

    fn offer(
        &self,
        label: &str,
        kind: CompletionKind,
        detail: &str,
        documentation: &str,
        insert: &str,
    ) -> Completion {
        Completion {
            label: label.to_owned(),
            kind,
            detail: detail.to_owned(),
            documentation: documentation.to_owned(),
            insert: insert.to_owned(),
            replaced: self.replaced,
            deprecated: false,
        }
    }

    fn quote(&self, name: &str) -> String {
        if self.quoted {
            // What stands between quotes is written with escapes.
            name.replace('\\', "\\\\").replace('"', "\\\"")
        } else {
            crate::claim::Value::from(name).to_string()
        }
    }
}

/// What a claim says, in sentences.
pub(super) fn described(claim: &ClaimEntry) -> String {
    let mut text = format!("{}.", claim.meaning.trim_end_matches('.'));
    if let Some(name) = claim.deprecated_by {
        text.push_str(" An old name of `");
        text.push_str(name);
        text.push_str("`.");
    }
    for (holds, sentence) in [
        (claim.is_json, " JSON text, to be searched with `JmesPath`."),
        (claim.needs_1_2, " From version 1.2 on."),
        (claim.read_only, " Read-only: a policy cannot issue its value."),
        (claim.has_several_values, " Can have several values."),
    ] {
        if holds {
            text.push_str(sentence);
        }
    }
    text
}
