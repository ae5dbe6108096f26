//! Query text to symbols. Owns white space, names, quotes and numbers; must not know the grammar. Every
//! byte of the text is read once.

use std::borrow::Cow;
use std::str::Chars;
use std::sync::Arc;

use super::error::{QueryError, QueryProblem};
use crate::diagnostic::quotable;
use crate::json::{JSON_BYTES, JSON_DEPTH, Json, JsonLimits};

/// A symbol and the byte where it starts.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) offset: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind {
    /// A name without quotes; functions have such.
    Name(Box<str>),
    /// A name in double quotes.
    QuotedName(Box<str>),
    /// What stands between back-ticks or single quotes.
    Literal(Json),
    Number(i64),
    Symbol(Symbol),
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Symbol {
    Dot,
    Star,
    /// `[]`
    Flatten,
    /// `[?`
    Filter,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    LeftParenthesis,
    RightParenthesis,
    Comma,
    Colon,
    /// `@`
    Current,
    /// `&`
    Reference,
    Not,
    And,
    Or,
    Pipe,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// The symbols of a query, one after the other.
#[derive(Clone)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    rest: Chars<'t>,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self {
            text,
            rest: text.chars(),
        }
    }

    /// The next symbol; at the end of the text always [`TokenKind::End`].
    pub(super) fn token(&mut self) -> Result<Token, QueryError> {
        self.eat_while(|character| matches!(character, ' ' | '\t' | '\r' | '\n'));
        let offset = self.offset();
        let kind = match self.rest.next() {
            None => Ok(TokenKind::End),
            Some('\'') => self.raw_string(),
            Some('"') => self.quoted_name(),
            Some('`') => self.literal(),
            Some('-' | '0'..='9') => self.number(offset),
            Some('A'..='Z' | 'a'..='z' | '_') => {
                self.eat_while(|character| character.is_ascii_alphanumeric() || character == '_');
                Ok(TokenKind::Name(self.since(offset).into()))
            }
            Some(first) => self.symbol(first).map(TokenKind::Symbol).ok_or_else(|| {
                let found = quotable(first.encode_utf8(&mut [0; 4]));
                QueryProblem::UnknownCharacter(found)
            }),
        };
        match kind {
            Ok(kind) => Ok(Token { kind, offset }),
            Err(problem) => Err(QueryError { offset, problem }),
        }
    }

    fn symbol(&mut self, first: char) -> Option<Symbol> {
        Some(match first {
            '.' => Symbol::Dot,
            '*' => Symbol::Star,
            '[' if self.eat(']') => Symbol::Flatten,
            '[' if self.eat('?') => Symbol::Filter,
            '[' => Symbol::LeftBracket,
            ']' => Symbol::RightBracket,
            '{' => Symbol::LeftBrace,
            '}' => Symbol::RightBrace,
            '(' => Symbol::LeftParenthesis,
            ')' => Symbol::RightParenthesis,
            ',' => Symbol::Comma,
            ':' => Symbol::Colon,
            '@' => Symbol::Current,
            '&' if self.eat('&') => Symbol::And,
            '&' => Symbol::Reference,
            '|' if self.eat('|') => Symbol::Or,
            '|' => Symbol::Pipe,
            '!' if self.eat('=') => Symbol::NotEqual,
            '!' => Symbol::Not,
            '=' if self.eat('=') => Symbol::Equal,
            '<' if self.eat('=') => Symbol::LessOrEqual,
            '<' => Symbol::Less,
            '>' if self.eat('=') => Symbol::GreaterOrEqual,
            '>' => Symbol::Greater,
            _ => return None,
        })
    }

    /// JMESPath specification, "Raw String Literals": only `\'` is an escape, any other backslash stays.
    fn raw_string(&mut self) -> Result<TokenKind, QueryProblem> {
        let inner = self.until('\'')?;
        let value = unescaped(inner, "\\'", "'");
        Ok(TokenKind::Literal(Json::String(Arc::from(&*value))))
    }

    fn quoted_name(&mut self) -> Result<TokenKind, QueryProblem> {
        let start = self.offset().saturating_sub(1);
        self.until('"')?;
        match json(self.since(start))? {
            Json::String(name) => Ok(TokenKind::QuotedName((&*name).into())),
            // Text that starts with a quote is a string.
            _ => Err(QueryProblem::Unterminated('"')),
        }
    }

    /// JMESPath specification, "Literal Expressions": JSON in which back-ticks are escaped.
    fn literal(&mut self) -> Result<TokenKind, QueryProblem> {
        let inner = self.until('`')?;
        Ok(TokenKind::Literal(json(&unescaped(inner, "\\`", "`"))?))
    }

    fn number(&mut self, start: usize) -> Result<TokenKind, QueryProblem> {
        self.eat_while(|character| character.is_ascii_digit());
        let text = self.since(start);
        if text == "-" {
            return Err(QueryProblem::UnknownCharacter(quotable(text)));
        }
        let number = text.parse();
        number
            .map(TokenKind::Number)
            .map_err(|_| QueryProblem::NumberOutOfRange(quotable(text)))
    }

    /// The text up to the closing `quote`, which is eaten; a backslash makes the character after it part
    /// of the text.
    fn until(&mut self, quote: char) -> Result<&'t str, QueryProblem> {
        let start = self.offset();
        loop {
            let end = self.offset();
            match self.rest.next() {
                None => return Err(QueryProblem::Unterminated(quote)),
                Some('\\') => {
                    self.rest.next();
                }
                Some(character) if character == quote => {
                    return Ok(self.text.get(start..end).unwrap_or_default());
                }
                Some(_) => {}
            }
        }
    }

    fn offset(&self) -> usize {
        self.text.len().saturating_sub(self.rest.as_str().len())
    }

    fn since(&self, start: usize) -> &'t str {
        self.text.get(start..self.offset()).unwrap_or_default()
    }

    fn eat(&mut self, wanted: char) -> bool {
        let rest = self.rest.as_str().strip_prefix(wanted);
        if let Some(rest) = rest {
            self.rest = rest.chars();
        }
        rest.is_some()
    }

    fn eat_while(&mut self, wanted: impl Fn(char) -> bool) {
        self.rest = self.rest.as_str().trim_start_matches(wanted).chars();
    }
}

impl TokenKind {
    /// The symbol as messages show it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Name(name) => quotable(name),
            Self::QuotedName(name) => quotable(&Json::from(&**name).to_string()),
            Self::Literal(value) => quotable(&value.to_string()),
            Self::Number(number) => number.to_string(),
            Self::Symbol(symbol) => symbol.text().to_owned(),
            Self::End => String::new(),
        }
    }
}

impl Symbol {
    fn text(self) -> &'static str {
        match self {
            Self::Dot => ".",
            Self::Star => "*",
            Self::Flatten => "[]",
            Self::Filter => "[?",
            Self::LeftBracket => "[",
            Self::RightBracket => "]",
            Self::LeftBrace => "{",
            Self::RightBrace => "}",
            Self::LeftParenthesis => "(",
            Self::RightParenthesis => ")",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Current => "@",
            Self::Reference => "&",
            Self::Not => "!",
            Self::And => "&&",
            Self::Or => "||",
            Self::Pipe => "|",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

fn json(text: &str) -> Result<Json, QueryProblem> {
    let limits = JsonLimits {
        bytes: JSON_BYTES,
        depth: JSON_DEPTH,
    };
    Json::parse(text, &limits).map_err(|error| QueryProblem::InvalidLiteral { error })
}

/// `text` with each `escape` replaced. The quote that ends the escape stands nowhere else in `text`: it
/// would have ended it.
fn unescaped<'t>(text: &'t str, escape: &str, by: &str) -> Cow<'t, str> {
    if text.contains(escape) {
        Cow::Owned(text.replace(escape, by))
    } else {
        Cow::Borrowed(text)
    }
}
