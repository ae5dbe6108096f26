//! Lines to text. Owns indentation, blank lines and where long rules break.

use super::LINE;
use super::piece::{Comment, Line, LineKind, Piece};
use crate::lexer::TokenKind;

/// Columns of one level of indentation.
const INDENT: usize = 4;

/// The text written so far.
pub(super) struct Layout {
    text: String,
    /// Whether nothing but a section's `{` and its comment stands on the last line: no blank line follows.
    opened: bool,
}

impl Layout {
    /// The canonical text of `lines`.
    pub(super) fn of(lines: Vec<Line<'_>>) -> String {
        let mut layout = Self {
            text: String::new(),
            opened: false,
        };
        for line in lines {
            layout.line(&line);
        }
        layout.text.push('\n');
        layout.text
    }

    fn line(&mut self, line: &Line<'_>) {
        let Some((first, _)) = line.pieces.split_first() else {
            return;
        };
        let (indent, comment_indent) = match line.kind {
            LineKind::Version | LineKind::Open | LineKind::End => (0, 0),
            LineKind::Rule => (INDENT, INDENT),
            LineKind::Close => (0, INDENT),
        };
        // A section is always set apart, with the comments before it.
        let mut set_apart = line.kind == LineKind::Open;
        for comment in &first.comments {
            if comment.is_trailing {
                self.append(comment);
            } else {
                self.start_line(set_apart || comment.after_blank_line, comment_indent);
                self.text.push_str(comment.text);
                set_apart = false;
            }
        }
        match line.kind {
            LineKind::End => return,
            LineKind::Close if self.opened && first.comments.is_empty() => {}
            LineKind::Close => self.start_line(false, indent),
            _ => self.start_line(set_apart || first.after_blank_line, indent),
        }
        self.pieces(&line.pieces, indent);
        self.opened = line.kind == LineKind::Open;
    }

    fn pieces(&mut self, pieces: &[Piece<'_>], indent: usize) {
        let has_comments = pieces.iter().skip(1).any(|piece| !piece.comments.is_empty());
        let is_broken = has_comments || indent.saturating_add(width(pieces)) > LINE;
        let mut after_arrow = false;
        let mut last: Option<TokenKind> = None;
        for piece in pieces {
            if let Some(last) = last {
                let starts_part = last == TokenKind::And || piece.kind == TokenKind::Arrow;
                let levels = match (last, piece.kind) {
                    (TokenKind::And, _) => 0,
                    _ if after_arrow => 2,
                    _ => 1,
                };
                let part_indent = indent.saturating_add(INDENT.saturating_mul(levels));
                for comment in &piece.comments {
                    if comment.is_trailing {
                        self.append(comment);
                    } else {
                        self.start_line(false, part_indent);
                        self.text.push_str(comment.text);
                    }
                }
                if !piece.comments.is_empty() || (is_broken && starts_part) {
                    self.start_line(false, part_indent);
                } else if is_spaced(last, piece.kind) {
                    self.text.push(' ');
                }
            }
            self.text.push_str(&piece.text);
            after_arrow |= piece.kind == TokenKind::Arrow;
            last = Some(piece.kind);
        }
    }

    fn append(&mut self, comment: &Comment<'_>) {
        self.text.push(' ');
        self.text.push_str(comment.text);
    }

    fn start_line(&mut self, after_blank_line: bool, indent: usize) {
        if !self.text.is_empty() {
            self.text.push('\n');
            if after_blank_line && !self.opened {
                self.text.push('\n');
            }
        }
        self.opened = false;
        self.text.extend(std::iter::repeat_n(' ', indent));
    }
}

/// Columns of a line that is not broken.
fn width(pieces: &[Piece<'_>]) -> usize {
    let mut width = 0_usize;
    let mut last = None;
    for piece in pieces {
        let space = last.is_some_and(|last| is_spaced(last, piece.kind));
        width = width
            .saturating_add(piece.text.chars().count())
            .saturating_add(usize::from(space));
        last = Some(piece.kind);
    }
    width
}

/// Whether a space stands between two tokens on one line.
fn is_spaced(left: TokenKind, right: TokenKind) -> bool {
    matches!(left, TokenKind::And | TokenKind::Arrow | TokenKind::Comma)
        || matches!(right, TokenKind::And | TokenKind::Arrow | TokenKind::LeftBrace)
}
