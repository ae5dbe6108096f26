//! Policy text to tokens. Owns white space, comments, literals and symbols; must not know the
//! grammar. Every byte of the text is read once.

use std::str::Chars;

use thiserror::Error;

use crate::diagnostic::{Finding, Findings};
use crate::source::Span;

#[cfg(test)]
mod tests;

/// A symbol of the language and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A letter, then letters, digits and underscores; keywords included.
    Word,
    /// A string with its quotes and escapes; see [`string_value`].
    String,
    Integer(i64),
    LeftBrace,
    RightBrace,
    LeftBracket,
    RightBracket,
    LeftParenthesis,
    RightParenthesis,
    Semicolon,
    Comma,
    Colon,
    Dot,
    Not,
    And,
    Arrow,
    Assign,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    End,
}

/// Text that is no symbol of the language.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum LexError {
    #[error("`{0}` is not a symbol of the policy language")]
    UnknownCharacter(String),
    #[error("a block comment is not part of the policy language")]
    BlockComment,
    #[error("the string has no closing quote on its line")]
    UnterminatedString,
    #[error("unknown escape `{0}` in a string")]
    UnknownEscape(String),
    #[error("`{0}` is not a number")]
    MalformedInteger(String),
    #[error("`{0}` is outside the range of 64-bit integers")]
    IntegerOutOfRange(String),
}

impl Finding for LexError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnknownCharacter(_) => "unknown-character",
            Self::BlockComment => "block-comment",
            Self::UnterminatedString => "unterminated-string",
            Self::UnknownEscape(_) => "unknown-escape",
            Self::MalformedInteger(_) => "malformed-integer",
            Self::IntegerOutOfRange(_) => "integer-out-of-range",
        }
    }

    fn help(&self) -> Option<String> {
        let help = match self {
            Self::UnknownCharacter(found) => match found.as_str() {
                "“" | "”" | "'" => "strings stand between straight double quotes",
                "|" => "write an alternative as a rule of its own",
                "&" => "conditions are joined with `&&`",
                "/" => "a comment starts with `//`",
                "\\u{feff}" | "\u{feff}" => "save the file as UTF-8 without a byte order mark",
                _ => return None,
            },
            Self::BlockComment => "comments start with `//` and end with the line",
            Self::UnterminatedString => "close the string, or write a quote inside it as `\\\"`",
            Self::UnknownEscape(_) => "the only escapes are `\\\"` and `\\\\`",
            Self::MalformedInteger(_) | Self::IntegerOutOfRange(_) => return None,
        };
        Some(help.to_owned())
    }
}

/// The tokens of `text`, the last of which is [`TokenKind::End`]. What is not a token is reported and
/// left out.
pub(crate) fn tokenize(text: &str, findings: &mut Findings) -> Vec<Token> {
    tokens(text, findings, |_| {})
}

/// As [`tokenize`], and where the comments are: from their `//` to before the end of the line.
pub(crate) fn tokenize_with_comments(text: &str, findings: &mut Findings) -> (Vec<Token>, Vec<Span>) {
    let mut comments = Vec::new();
    let tokens = tokens(text, findings, |comment| comments.push(comment));
    (tokens, comments)
}

fn tokens(text: &str, findings: &mut Findings, mut on_comment: impl FnMut(Span)) -> Vec<Token> {
    let mut lexer = Lexer {
        text,
        rest: text.chars(),
        findings,
    };
    let mut tokens = Vec::new();
    loop {
        lexer.skip_blanks(&mut on_comment);
        let start = lexer.offset();
        let Some(first) = lexer.rest.next() else { break };
        if let Some(kind) = lexer.token(first, start) {
            tokens.push(Token {
                kind,
                span: Span::new(start, lexer.offset()),
            });
        }
    }
    tokens.push(Token {
        kind: TokenKind::End,
        span: Span::new(text.len(), text.len()),
    });
    tokens
}

/// The text that a string token means.
pub(crate) fn string_value(token: &str) -> String {
    let inner = token.strip_prefix('"').unwrap_or(token);
    let mut value = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => value.extend(characters.next()),
            _ => value.push(character),
        }
    }
    value
}

struct Lexer<'t, 'f> {
    text: &'t str,
    rest: Chars<'t>,
    findings: &'f mut Findings,
}

impl Lexer<'_, '_> {
    fn offset(&self) -> usize {
        self.text.len().saturating_sub(self.rest.as_str().len())
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.rest.next();
        }
        found
    }

    fn eat_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.rest.next();
        }
    }

    fn skip_blanks(&mut self, mut on_comment: impl FnMut(Span)) {
        loop {
            self.eat_while(|character| matches!(character, ' ' | '\t' | '\r' | '\n'));
            if !self.rest.as_str().starts_with("//") {
                return;
            }
            let start = self.offset();
            self.eat_while(|character| character != '\n');
            on_comment(Span::new(start, self.offset()));
        }
    }

    fn token(&mut self, first: char, start: usize) -> Option<TokenKind> {
        let kind = match first {
            '{' => TokenKind::LeftBrace,
            '}' => TokenKind::RightBrace,
            '[' => TokenKind::LeftBracket,
            ']' => TokenKind::RightBracket,
            '(' => TokenKind::LeftParenthesis,
            ')' => TokenKind::RightParenthesis,
            ';' => TokenKind::Semicolon,
            ',' => TokenKind::Comma,
            ':' => TokenKind::Colon,
            '.' => TokenKind::Dot,
            '=' if self.eat('=') => TokenKind::Equal,
            '=' if self.eat('>') => TokenKind::Arrow,
            '=' => TokenKind::Assign,
            '!' if self.eat('=') => TokenKind::NotEqual,
            '!' => TokenKind::Not,
            '<' if self.eat('=') => TokenKind::LessOrEqual,
            '<' => TokenKind::Less,
            '>' if self.eat('=') => TokenKind::GreaterOrEqual,
            '>' => TokenKind::Greater,
            '&' if self.eat('&') => TokenKind::And,
            '"' => {
                self.string(start);
                TokenKind::String
            }
            '-' | '0'..='9' => self.integer(start),
            _ if first.is_ascii_alphabetic() => {
                self.eat_while(is_word);
                TokenKind::Word
            }
            _ => {
                self.not_a_symbol(first, start);
                return None;
            }
        };
        Some(kind)
    }

    fn string(&mut self, start: usize) {
        loop {
            let at = self.offset();
            match self.peek() {
                None | Some('\n' | '\r') => return self.report(&LexError::UnterminatedString, start),
                Some('"') => {
                    self.rest.next();
                    return;
                }
                Some('\\') => {
                    self.rest.next();
                    if matches!(self.peek(), Some('"' | '\\')) {
                        self.rest.next();
                    } else {
                        let escaped = self.peek().filter(|character| !character.is_control());
                        self.report(&LexError::UnknownEscape(escaped_text(escaped)), at);
                    }
                }
                Some(_) => {
                    self.rest.next();
                }
            }
        }
    }

    fn integer(&mut self, start: usize) -> TokenKind {
        self.eat_while(is_word);
        let text = Span::new(start, self.offset()).of(self.text);
        let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
        let (radix, digits) = digits
            .strip_prefix("0x")
            .map_or((10, digits), |digits| (16, digits));
        if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
            self.report(
                &LexError::MalformedInteger(crate::diagnostic::quotable(text)),
                start,
            );
            return TokenKind::Integer(0);
        }
        let value = i64::from_str_radix(&format!("{sign}{digits}"), radix);
        TokenKind::Integer(value.unwrap_or_else(|_| {
            self.report(
                &LexError::IntegerOutOfRange(crate::diagnostic::quotable(text)),
                start,
            );
            0
        }))
    }

    fn not_a_symbol(&mut self, first: char, start: usize) {
        if first == '/' && self.eat('*') {
            let comment = self.rest.as_str();
            let length = comment
                .find("*/")
                .map_or(comment.len(), |end| end.saturating_add(2));
            self.rest = comment.get(length..).unwrap_or_default().chars();
            return self.report(&LexError::BlockComment, start);
        }
        if !first.is_ascii() {
            // A run of foreign characters is one finding.
            self.eat_while(|character| !character.is_ascii() && character.is_alphanumeric());
        }
        let found = crate::diagnostic::quotable(Span::new(start, self.offset()).of(self.text));
        self.report(&LexError::UnknownCharacter(found), start);
    }

    fn report(&mut self, error: &LexError, start: usize) {
        let span = Span::new(start, self.offset());
        self.findings.report(error, span, &["policy"]);
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn escaped_text(escaped: Option<char>) -> String {
    let mut text = String::from("\\");
    text.extend(escaped);
    text
}
