//! What stands at a place.

use std::fmt::Write as _;

use super::Hover;
use super::completion::described;
use super::place::{LevelKind, Place, Tokens, Touched, property};
use super::words::{self, Word};
use crate::catalog::{self, Subject};
use crate::lexer::{TokenKind, string_value};
use crate::program::{ActionKind, ClaimAction, Function, Property, SectionKind};
use crate::source::Span;

pub(super) fn at(text: &str, offset: usize, subject: Option<Subject>) -> Option<Hover> {
    let at = Span::new(offset, offset).start;
    let tokens = Tokens::of(text);
    if tokens.is_comment(at) {
        return None;
    }
    let touched = tokens.touched(at)?;
    let place = tokens.place(touched.token.span.start);
    let (title, text) = match touched.token.kind {
        TokenKind::Word => word(touched.token.span.of(text), &place)?,
        TokenKind::String => string(&string_value(touched.token.span.of(text)), &place, subject)?,
        _ => return None,
    };
    Some(Hover {
        span: span(touched),
        title,
        text,
    })
}

fn span(touched: Touched) -> Span {
    match touched.token.kind {
        TokenKind::String => touched.inner,
        _ => touched.token.span,
    }
}

fn word(name: &str, place: &Place<'_>) -> Option<(String, String)> {
    if let Some(binding) = place.bindings.iter().find(|binding| binding.name == name) {
        return Some(bound(name, binding.claim_type.as_deref()));
    }
    let known = match place.level().map(|level| level.kind) {
        None if place.section.is_none() => outer_word(name),
        None => ActionKind::ALL
            .into_iter()
            .find(|action| action.name() == name)
            .map(words::action),
        Some(LevelKind::Action(_)) if name == words::CLAIM.name => Some(words::CLAIM),
        Some(_) => property(name).map(words::property).or_else(|| function(name)),
    };
    known.map(shown)
}

/// What an identifier stands for.
fn bound(name: &str, claim_type: Option<&str>) -> (String, String) {
    let Some(claim_type) = claim_type else {
        return (
            name.to_owned(),
            "The claims that satisfy its condition.".to_owned(),
        );
    };
    let meaning = catalog::claim(claim_type).map(described).unwrap_or_default();
    let text = format!("The claims `{claim_type}` that satisfy its condition. {meaning}");
    (name.to_owned(), text.trim_end().to_owned())
}

fn outer_word(name: &str) -> Option<Word> {
    if name == words::VERSION.name {
        return Some(words::VERSION);
    }
    let mut sections = SectionKind::ALL.into_iter();
    let section = sections.find(|kind| kind.name().eq_ignore_ascii_case(name));
    section.map(words::section)
}

fn function(name: &str) -> Option<Word> {
    let mut functions = Function::ALL.into_iter();
    functions
        .find(|function| function.name() == name)
        .map(words::function)
}

fn string(value: &str, place: &Place<'_>, subject: Option<Subject>) -> Option<(String, String)> {
    if !place.awaits_value() {
        return None;
    }
    match (place.property()?, place.level()?.kind) {
        (Property::Type, LevelKind::Condition) => claim(value, place, subject),
        (Property::Type, LevelKind::Action(ActionKind::Claim(ClaimAction::IssueProperty))) => {
            let mut settings = words::SETTINGS.iter().chain(&words::TOKEN_PROPERTIES);
            let setting = settings.find(|word| word.name == value)?;
            Some((
                format!("{}: {}", setting.name, setting.signature),
                setting.meaning.to_owned(),
            ))
        }
        (Property::Issuer | Property::ValueType, LevelKind::Condition) => {
            place.property().map(words::property).map(shown)
        }
        _ => None,
    }
}

fn claim(name: &str, place: &Place<'_>, subject: Option<Subject>) -> Option<(String, String)> {
    if place.made.iter().any(|made| made == name) {
        return Some((
            name.to_owned(),
            "A claim that an earlier rule of this policy makes.".to_owned(),
        ));
    }
    let claim = catalog::claim(name)?;
    let mut text = described(claim);
    match subject {
        Some(subject) if !claim.is_given_by(subject) => {
            let _ = write!(text, " Evidence of type {subject} does not give it.");
        }
        _ => {}
    }
    Some((format!("{name}: {}", claim.value_type), text))
}

fn shown(word: Word) -> (String, String) {
    (word.signature.to_owned(), word.meaning.to_owned())
}
