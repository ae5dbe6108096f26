//! Tokens to tree by recursive descent. Owns the grammar of versions 1.0 to 1.2 and recovery: after
//! an error it goes on at the next rule, so that one reading finds every error. Must not know what
//! names mean; that is the checker's.

use crate::ast::{Name, Policy, Section};
use crate::diagnostic::{Finding, Findings, symbol};
use crate::lexer::{Token, TokenKind, tokenize};
use crate::limits::Limits;
use crate::program::SectionKind;
use crate::source::Span;
use crate::suggest::closest;

pub(crate) use error::{Leniency, ParseError, did_you_mean};

mod error;
mod rule;

/// Reads `text` as far as it can be understood; what cannot be is reported.
pub(crate) fn parse<'t>(text: &'t str, limits: &Limits, findings: &mut Findings) -> Policy<'t> {
    let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
    if length > limits.policy_bytes {
        let error = ParseError::PolicyTooLong {
            allowed: limits.policy_bytes,
            found: length,
        };
        findings.report(&error, Span::default(), &["policy"]);
        return Policy {
            version: None,
            sections: Vec::new(),
        };
    }
    let tokens = tokenize(text, findings);
    let end = Token {
        kind: TokenKind::End,
        span: Span::new(text.len(), text.len()),
    };
    Parser {
        text,
        tokens,
        end,
        next: 0,
        context: vec!["policy"],
        rules: 0,
        depth: 0,
        limits,
        findings,
    }
    .policy()
}

/// The construct being read is given up; why has been reported.
struct GivenUp;

type Parsed<T> = Result<T, GivenUp>;

struct Parser<'t, 'f> {
    text: &'t str,
    tokens: Vec<Token>,
    /// What lies after the last token.
    end: Token,
    next: usize,
    /// The grammar rules being read, outermost first.
    context: Vec<&'static str>,
    /// Rules read so far.
    rules: u32,
    /// Depth of nested expressions.
    depth: u32,
    limits: &'f Limits,
    findings: &'f mut Findings,
}

impl<'t> Parser<'t, '_> {
    fn policy(mut self) -> Policy<'t> {
        let version = self.within("versionInfo", Self::version_info).ok();
        if version.is_none() {
            self.skip_to_section(TokenKind::Semicolon);
        }
        let mut sections = Vec::new();
        while self.peek().kind != TokenKind::End && !self.findings.is_full() {
            if let Ok(section) = self.section() {
                sections.push(section);
            } else {
                self.skip_to_section(TokenKind::RightBrace);
                self.eat(TokenKind::Semicolon);
            }
        }
        Policy { version, sections }
    }

    fn version_info(&mut self) -> Parsed<Name<'t>> {
        let keyword = self.name(self.peek());
        if !keyword.text.eq_ignore_ascii_case("version") {
            return Err(self.unexpected(&["version"]));
        }
        self.bump();
        self.note_case(keyword, "version");
        self.expect(TokenKind::Assign, "=")?;
        let major = self.digits()?;
        self.expect(TokenKind::Dot, ".")?;
        let minor = self.digits()?;
        let span = major.to(minor);
        self.expect(TokenKind::Semicolon, ";")?;
        // White space between the symbols does not make it another version.
        let text = match (major.of(self.text), minor.of(self.text)) {
            ("1", "0") => "1.0",
            ("1", "1") => "1.1",
            ("1", "2") => "1.2",
            _ => span.of(self.text),
        };
        Ok(Name { text, span })
    }

    fn digits(&mut self) -> Parsed<Span> {
        let token = self.peek();
        let is_digits = token.span.of(self.text).bytes().all(|byte| byte.is_ascii_digit());
        match token.kind {
            TokenKind::Integer(_) if is_digits => Ok(self.bump().span),
            _ => Err(self.unexpected(&["digits"])),
        }
    }

    /// One section; a misspelt name is reported and read as what it resembles.
    fn section(&mut self) -> Parsed<Section<'t>> {
        let token = self.peek();
        if token.kind != TokenKind::Word {
            return Err(self.unexpected(&["configurationrules", "authorizationrules", "issuancerules"]));
        }
        let name = self.name(token);
        let names = SectionKind::ALL.map(SectionKind::name);
        self.bump();
        let kind = if let Some(kind) = section_kind(name.text) {
            self.note_case(name, kind.name());
            kind
        } else {
            let suggestion = closest(name.text, &names);
            let error = ParseError::UnknownSection {
                name: symbol(self.text, name.span),
                suggestion,
            };
            let given_up = self.report(&error, name.span);
            suggestion.and_then(section_kind).ok_or(given_up)?
        };
        let production = match kind {
            SectionKind::Configuration => "configRules",
            SectionKind::Authorization => "authRules",
            SectionKind::Issuance => "issuanceRules",
        };
        let rules = self.within(production, Self::rules)?;
        Ok(Section {
            kind,
            span: name.span,
            rules,
        })
    }

    /// The body of a section with its braces and semicolon.
    fn rules(&mut self) -> Parsed<Vec<crate::ast::Rule<'t>>> {
        self.expect(TokenKind::LeftBrace, "{")?;
        let mut rules = Vec::new();
        while self.peek().kind != TokenKind::RightBrace {
            if self.peek().kind == TokenKind::End || self.at_section() {
                // Closing the section here, without a `;`, lets the next one be read as usual.
                self.unexpected(&["}"]);
                return Ok(rules);
            }
            if self.findings.is_full() {
                return Err(GivenUp);
            }
            let before = self.next;
            match self.within("rule", Self::rule) {
                Ok(rule) => rules.push(rule),
                Err(GivenUp) => self.skip_rule(before),
            }
            self.count_rule()?;
        }
        self.bump();
        if self.peek().kind == TokenKind::Semicolon {
            self.bump();
        } else {
            self.unexpected(&[";"]);
        }
        Ok(rules)
    }

    fn count_rule(&mut self) -> Parsed<()> {
        self.rules = self.rules.saturating_add(1);
        if self.rules > self.limits.rules {
            let error = ParseError::TooManyRules {
                allowed: self.limits.rules,
            };
            self.report(&error, self.peek().span);
            // Nothing after this is worth reading.
            self.next = self.tokens.len();
            return Err(GivenUp);
        }
        Ok(())
    }

    /// Goes to the end of a rule that could not be read: after its `;`, or before what ends the section.
    fn skip_rule(&mut self, start: usize) {
        loop {
            match self.peek().kind {
                TokenKind::End | TokenKind::RightBrace => break,
                TokenKind::Semicolon => {
                    self.bump();
                    break;
                }
                _ if self.at_section() && self.next > start => break,
                _ => self.bump(),
            };
        }
    }

    /// Goes after the next `stop`, or before the next section.
    fn skip_to_section(&mut self, stop: TokenKind) {
        while self.peek().kind != TokenKind::End && !self.at_section() {
            if self.bump().kind == stop {
                return;
            }
        }
    }

    /// Whether a section starts here: its name, or one close to it, and a brace.
    fn at_section(&self) -> bool {
        let token = self.peek();
        token.kind == TokenKind::Word && self.peek_second().kind == TokenKind::LeftBrace && {
            let name = token.span.of(self.text);
            section_kind(name).is_some() || closest(name, &SectionKind::ALL.map(SectionKind::name)).is_some()
        }
    }

    fn within<T>(&mut self, production: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.context.push(production);
        let result = read(self);
        self.context.pop();
        result
    }

    fn peek(&self) -> Token {
        self.tokens.get(self.next).copied().unwrap_or(self.end)
    }

    fn peek_second(&self) -> Token {
        self.tokens
            .get(self.next.saturating_add(1))
            .copied()
            .unwrap_or(self.end)
    }

    fn bump(&mut self) -> Token {
        let token = self.peek();
        self.next = self.next.saturating_add(1);
        token
    }

    fn eat(&mut self, kind: TokenKind) -> bool {
        let found = self.peek().kind == kind;
        if found {
            self.bump();
        }
        found
    }

    fn expect(&mut self, kind: TokenKind, shown: &'static str) -> Parsed<Span> {
        if self.peek().kind == kind {
            Ok(self.bump().span)
        } else {
            Err(self.unexpected(&[shown]))
        }
    }

    fn word(&mut self, expected: &'static str) -> Parsed<Name<'t>> {
        let token = self.peek();
        if token.kind != TokenKind::Word {
            return Err(self.unexpected(&[expected]));
        }
        self.bump();
        Ok(self.name(token))
    }

    fn name(&self, token: Token) -> Name<'t> {
        Name {
            text: token.span.of(self.text),
            span: token.span,
        }
    }

    fn unexpected(&mut self, expected: &[&'static str]) -> GivenUp {
        let span = self.peek().span;
        let found = symbol(self.text, span);
        self.report(
            &ParseError::Unexpected {
                found,
                expected: expected.to_vec(),
            },
            span,
        )
    }

    fn report(&mut self, finding: &impl Finding, span: Span) -> GivenUp {
        self.findings.report(finding, span, &self.context);
        GivenUp
    }

    /// MAA's published samples write `Issuancerules` once; the names are otherwise lower case.
    fn note_case(&mut self, name: Name<'_>, usual: &'static str) {
        if name.text != usual {
            self.report(&Leniency::UnusualCase { usual }, name.span);
        }
    }
}

fn section_kind(name: &str) -> Option<SectionKind> {
    SectionKind::ALL
        .into_iter()
        .find(|kind| kind.name().eq_ignore_ascii_case(name))
}
