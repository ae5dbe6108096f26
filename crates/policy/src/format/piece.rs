//! Tokens with the comments before them, cut into the lines of the canonical form. Owns which comment
//! belongs to which token, and the spelling of tokens; must not know about indentation.

use std::borrow::Cow;

use crate::lexer::{Token, TokenKind};
use crate::source::Span;

/// A token and what stands before it.
#[derive(Debug)]
pub(super) struct Piece<'t> {
    pub(super) kind: TokenKind,
    pub(super) text: Cow<'t, str>,
    pub(super) comments: Vec<Comment<'t>>,
    /// Whether a blank line separates it from the comment or token before it.
    pub(super) after_blank_line: bool,
}

#[derive(Debug)]
pub(super) struct Comment<'t> {
    /// With its `//`, without white space at the end.
    pub(super) text: &'t str,
    /// Whether it stands on the line of the token before it.
    pub(super) is_trailing: bool,
    /// Whether a blank line separates it from the comment or token before it.
    pub(super) after_blank_line: bool,
}

/// Tokens that share a line unless it is broken.
#[derive(Debug)]
pub(super) struct Line<'t> {
    pub(super) kind: LineKind,
    pub(super) pieces: Vec<Piece<'t>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineKind {
    /// `version=1.0;`
    Version,
    /// `issuancerules {`
    Open,
    /// A rule with its `;`.
    Rule,
    /// `};`
    Close,
    /// Only comments.
    End,
}

/// The lines of a text that the parser accepts.
pub(super) fn lines<'t>(text: &'t str, tokens: &[Token], comments: &[Span]) -> Vec<Line<'t>> {
    let mut lines = Vec::new();
    let mut line: Vec<Piece<'t>> = Vec::new();
    let mut kind = LineKind::Version;
    for piece in pieces(text, tokens, comments) {
        let ends = piece.kind;
        if line.is_empty() && ends == TokenKind::RightBrace {
            kind = LineKind::Close;
        }
        line.push(piece);
        let next = match (ends, kind) {
            (TokenKind::LeftBrace, _) | (TokenKind::Semicolon, LineKind::Rule) => LineKind::Rule,
            (TokenKind::Semicolon, _) => LineKind::Open,
            (TokenKind::End, _) => {
                kind = LineKind::End;
                LineKind::End
            }
            _ => continue,
        };
        lines.push(Line {
            kind,
            pieces: std::mem::take(&mut line),
        });
        kind = next;
    }
    lines
}

fn pieces<'t>(text: &'t str, tokens: &[Token], comments: &[Span]) -> Vec<Piece<'t>> {
    let mut comments = comments.iter().copied().peekable();
    let mut speller = Speller::default();
    // Comments before a separator wait for the token after it.
    let mut waiting: Vec<Comment<'t>> = Vec::new();
    let mut end_of_last = 0;
    let mut pieces = Vec::with_capacity(tokens.len());
    for token in tokens {
        while let Some(span) =
            comments.next_if(|span| span.start < token.span.start || token.kind == TokenKind::End)
        {
            let gap = line_breaks(text, end_of_last, span.start);
            waiting.push(Comment {
                text: span.of(text).trim_end_matches([' ', '\t', '\r']),
                is_trailing: gap == 0 && waiting.is_empty() && !pieces.is_empty(),
                after_blank_line: gap > 1,
            });
            end_of_last = span.end;
        }
        let after_blank_line = line_breaks(text, end_of_last, token.span.start) > 1;
        end_of_last = token.span.end;
        let is_separator = matches!(
            token.kind,
            TokenKind::Semicolon | TokenKind::Comma | TokenKind::And | TokenKind::LeftBrace
        );
        pieces.push(Piece {
            kind: token.kind,
            text: speller.spell(token.kind, token.span.of(text)),
            comments: if is_separator {
                Vec::new()
            } else {
                std::mem::take(&mut waiting)
            },
            after_blank_line,
        });
    }
    pieces
}

fn line_breaks(text: &str, start: u32, end: u32) -> usize {
    Span { start, end }.of(text).matches('\n').count()
}

/// Writes tokens as the grammar has them.
#[derive(Default)]
struct Speller {
    in_section: bool,
    in_condition: bool,
    /// The three tokens before, the last one last.
    before: [Option<TokenKind>; 3],
}

impl Speller {
    fn spell<'t>(&mut self, kind: TokenKind, text: &'t str) -> Cow<'t, str> {
        match kind {
            TokenKind::LeftBrace => self.in_section = true,
            TokenKind::RightBrace => self.in_section = false,
            TokenKind::LeftBracket => self.in_condition = true,
            TokenKind::RightBracket => self.in_condition = false,
            _ => {}
        }
        let [_, second, first] = self.before;
        let is_first_argument = self.before
            == [
                Some(TokenKind::Arrow),
                Some(TokenKind::Word),
                Some(TokenKind::LeftParenthesis),
            ];
        self.before = [second, first, Some(kind)];
        match kind {
            // `version` and the names of sections.
            TokenKind::Word if !self.in_section => Cow::Owned(text.to_ascii_lowercase()),
            TokenKind::Assign if self.in_condition => Cow::Borrowed("=="),
            TokenKind::String if is_first_argument => Cow::Owned(format!("type={text}")),
            _ => Cow::Borrowed(text),
        }
    }
}
