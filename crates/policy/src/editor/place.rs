//! Where in a policy an offset is: in which section, condition or call, and what came before. Reads tokens, not the
//! tree, since a text that is being written has no tree.

use crate::diagnostic::Findings;
use crate::lexer::{Token, TokenKind, string_value, tokenize_with_comments};
use crate::program::{ActionKind, ClaimAction, Property, SectionKind};
use crate::source::Span;

/// What is known about a place in a text.
#[derive(Debug, Default)]
pub(super) struct Place<'t> {
    /// The version that the text declares, such as `1.2`.
    pub(super) version: Option<&'t str>,
    pub(super) section: Option<SectionKind>,
    /// The brackets that are open, outermost first, without the section's.
    pub(super) levels: Vec<Level<'t>>,
    /// The token before the place.
    pub(super) before: Option<Token>,
    /// The text of `before`.
    pub(super) before_text: &'t str,
    /// Identifiers that conditions of this rule bind, with the claim type each asks for.
    pub(super) bindings: Vec<Binding<'t>>,
    /// Types of claims that rules before this one make, and those of this rule.
    pub(super) made: Vec<String>,
    pending_section: Option<SectionKind>,
    pending_binding: Option<&'t str>,
    version_starts: Option<usize>,
}

/// An open bracket.
#[derive(Debug)]
pub(super) struct Level<'t> {
    pub(super) kind: LevelKind<'t>,
    /// The property whose value is being written.
    pub(super) property: Option<Property>,
    /// The properties that were named.
    pub(super) used: Vec<Property>,
    /// The claim type that a condition asks for.
    pub(super) claim_type: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LevelKind<'t> {
    /// `[`
    Condition,
    /// `action(`
    Action(ActionKind),
    /// `name(`, not an action
    Call(&'t str),
}

#[derive(Debug)]
pub(super) struct Binding<'t> {
    pub(super) name: &'t str,
    pub(super) claim_type: Option<String>,
}

/// The token that an offset is in or, for a word, right behind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Touched {
    pub(super) token: Token,
    /// For a string, what stands between its quotes.
    pub(super) inner: Span,
}

/// The tokens of a text that is being written, and its comments.
pub(super) struct Tokens<'t> {
    text: &'t str,
    all: Vec<Token>,
    comments: Vec<Span>,
}

impl<'t> Tokens<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let (tokens, comments) = tokenize_with_comments(text, &mut Findings::default());
        Self {
            text,
            all: tokens,
            comments,
        }
    }

    /// Whether `offset` is in a comment, or at its end.
    pub(super) fn is_comment(&self, offset: u32) -> bool {
        let mut comments = self.comments.iter();
        comments.any(|comment| comment.start < offset && offset <= comment.end)
    }

    /// The token at `offset`.
    pub(super) fn touched(&self, offset: u32) -> Option<Touched> {
        let touches = |token: &&Token| match token.kind {
            TokenKind::Word | TokenKind::Integer(_) => token.span.start <= offset && offset <= token.span.end,
            TokenKind::String if is_closed(token.span.of(self.text)) => {
                token.span.start < offset && offset < token.span.end
            }
            TokenKind::String => token.span.start < offset && offset <= token.span.end,
            _ => false,
        };
        let token = *self.all.iter().find(touches)?;
        Some(Touched {
            token,
            inner: self.inner(token, offset),
        })
    }

    fn inner(&self, token: Token, offset: u32) -> Span {
        if token.kind != TokenKind::String {
            return token.span;
        }
        let start = token.span.start.saturating_add(1);
        let written = token.span.of(self.text);
        let end = if is_closed(written) {
            token.span.end.saturating_sub(1)
        } else {
            // The rest of the line is not the string that is being written; a name is.
            let rest = Span {
                start: offset,
                end: token.span.end,
            };
            let name = rest
                .of(self.text)
                .chars()
                .take_while(|character| is_name(*character));
            offset.saturating_add(name.map(|_| 1).sum())
        };
        Span { start, end }
    }

    /// What is known at `offset`, from the tokens that end before it.
    pub(super) fn place(&self, offset: u32) -> Place<'t> {
        let mut place = Place::default();
        let before = self.all.iter().take_while(|token| token.span.end <= offset);
        for token in before.filter(|token| token.kind != TokenKind::End) {
            place.pass(*token, self.text);
        }
        place
    }
}

impl<'t> Place<'t> {
    /// The innermost open bracket.
    pub(super) fn level(&self) -> Option<&Level<'t>> {
        self.levels.last()
    }

    /// The kind of the token before the place.
    pub(super) fn before_kind(&self) -> Option<TokenKind> {
        self.before.map(|token| token.kind)
    }

    /// Whether a value belongs here: a comparison or an assignment came before.
    pub(super) fn awaits_value(&self) -> bool {
        self.before_kind().is_some_and(is_relation)
    }

    /// The property whose value is being written here.
    pub(super) fn property(&self) -> Option<Property> {
        self.level().and_then(|level| level.property)
    }

    fn pass(&mut self, token: Token, text: &'t str) {
        let written = token.span.of(text);
        match token.kind {
            TokenKind::Word => self.word(written),
            TokenKind::String => self.string(written),
            TokenKind::Colon => self.pending_binding = self.word_before(),
            TokenKind::LeftBrace => self.section = self.pending_section.take(),
            TokenKind::RightBrace => {
                self.section = None;
                self.next_rule();
            }
            TokenKind::Semicolon => {
                if let (None, Some(start)) = (self.section, self.version_starts.take()) {
                    let end = usize::try_from(token.span.start).unwrap_or(usize::MAX);
                    self.version = text.get(start..end).map(str::trim);
                }
                self.next_rule();
            }
            TokenKind::LeftBracket => self.open(LevelKind::Condition),
            TokenKind::LeftParenthesis => {
                let name = self.word_before().unwrap_or_default();
                let action = ActionKind::ALL.into_iter().find(|action| action.name() == name);
                self.open(action.map_or(LevelKind::Call(name), LevelKind::Action));
            }
            TokenKind::RightBracket => {
                let closed = self.levels.pop();
                if let Some(name) = self.pending_binding.take() {
                    let claim_type = closed.and_then(|level| level.claim_type);
                    self.bindings.push(Binding { name, claim_type });
                }
            }
            TokenKind::RightParenthesis => {
                self.levels.pop();
            }
            TokenKind::Comma => {
                if let Some(level) = self.levels.last_mut() {
                    level.property = None;
                }
            }
            kind if is_relation(kind) => {
                if kind == TokenKind::Assign && self.word_before() == Some("version") {
                    self.version_starts = usize::try_from(token.span.end).ok();
                }
                let named = self.word_before().and_then(property);
                if let (Some(level), Some(property)) = (self.levels.last_mut(), named) {
                    level.property = Some(property);
                    level.used.push(property);
                }
            }
            _ => {}
        }
        self.before = Some(token);
        self.before_text = written;
    }

    fn word(&mut self, written: &str) {
        if self.section.is_none() && self.levels.is_empty() {
            let named = SectionKind::ALL
                .into_iter()
                .find(|kind| kind.name().eq_ignore_ascii_case(written));
            self.pending_section = named.or(self.pending_section);
        }
    }

    fn string(&mut self, written: &str) {
        if !self.awaits_value() || self.property() != Some(Property::Type) {
            return;
        }
        let Some(level) = self.levels.last_mut() else {
            return;
        };
        match level.kind {
            LevelKind::Condition => level.claim_type = Some(string_value(written)),
            LevelKind::Action(ActionKind::Claim(ClaimAction::Add | ClaimAction::Issue)) => {
                self.made.push(string_value(written));
            }
            LevelKind::Action(_) | LevelKind::Call(_) => {}
        }
    }

    fn word_before(&self) -> Option<&'t str> {
        let is_word = self.before_kind() == Some(TokenKind::Word);
        is_word.then_some(self.before_text)
    }

    fn open(&mut self, kind: LevelKind<'t>) {
        self.levels.push(Level {
            kind,
            property: None,
            used: Vec::new(),
            claim_type: None,
        });
    }

    /// What a rule leaves open ends with it.
    fn next_rule(&mut self) {
        self.levels.clear();
        self.bindings.clear();
        self.pending_binding = None;
    }
}

pub(super) fn property(name: &str) -> Option<Property> {
    Property::ALL.into_iter().find(|property| property.name() == name)
}

/// Whether a value follows.
fn is_relation(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Assign
            | TokenKind::Equal
            | TokenKind::NotEqual
            | TokenKind::Less
            | TokenKind::LessOrEqual
            | TokenKind::Greater
            | TokenKind::GreaterOrEqual
    )
}

/// Whether a string token has its closing quote.
fn is_closed(written: &str) -> bool {
    let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let escapes = inner
        .chars()
        .rev()
        .take_while(|character| *character == '\\')
        .count();
    escapes.checked_rem(2) == Some(0)
}

/// What names of claims are made of; all of it is one byte long.
fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '$' | '.' | ':')
}
