//! Positions of the protocol (lines and columns from 0, columns in UTF-16 or UTF-8 units) and byte offsets.

use attestry_policy::Span;
use lsp_types::{Position, PositionEncodingKind, Range};

/// What columns count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    /// What every editor knows.
    #[default]
    Utf16,
    Utf8,
}

impl Encoding {
    /// The simplest of those an editor offers.
    pub fn choose(offered: Option<&[PositionEncodingKind]>) -> Self {
        let offers_utf8 = offered.is_some_and(|offered| offered.contains(&PositionEncodingKind::UTF8));
        if offers_utf8 { Self::Utf8 } else { Self::Utf16 }
    }

    /// The protocol's name.
    pub fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf16 => PositionEncodingKind::UTF16,
            Self::Utf8 => PositionEncodingKind::UTF8,
        }
    }

    fn width(self, character: char) -> u32 {
        let width = match self {
            Self::Utf16 => character.len_utf16(),
            Self::Utf8 => character.len_utf8(),
        };
        u32::try_from(width).unwrap_or(u32::MAX)
    }
}

/// A text and where its lines start.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    encoding: Encoding,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str, encoding: Encoding) -> Self {
        let feeds = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        Self {
            text,
            starts: std::iter::once(0).chain(feeds).collect(),
            encoding,
        }
    }

    /// The byte at `position`; a column past the end of its line is the end of the line, a line past the end of the
    /// text the end of the text.
    pub fn offset(&self, position: Position) -> usize {
        let line = usize::try_from(position.line).unwrap_or(usize::MAX);
        let Some(start) = self.starts.get(line).copied() else {
            return self.text.len();
        };
        let mut column = 0_u32;
        let mut offset = start;
        for character in self.text.get(start..).unwrap_or_default().chars() {
            if column >= position.character || matches!(character, '\n' | '\r') {
                break;
            }
            column = column.saturating_add(self.encoding.width(character));
            offset = offset.saturating_add(character.len_utf8());
        }
        offset
    }

    /// Where the byte at `offset` is.
    pub fn position(&self, offset: usize) -> Position {
        let line = self
            .starts
            .partition_point(|start| *start <= offset)
            .saturating_sub(1);
        let start = self.starts.get(line).copied().unwrap_or_default();
        let before = self
            .text
            .get(start..offset.min(self.text.len()))
            .unwrap_or_default();
        let column = before
            .chars()
            .map(|character| self.encoding.width(character))
            .fold(0_u32, u32::saturating_add);
        Position::new(u32::try_from(line).unwrap_or(u32::MAX), column)
    }

    /// The range of the bytes at `span`.
    pub fn range(&self, span: Span) -> Range {
        let at = |offset: u32| self.position(usize::try_from(offset).unwrap_or(usize::MAX));
        Range::new(at(span.start), at(span.end))
    }

    /// The range of the whole text.
    pub fn whole(&self) -> Range {
        Range::new(Position::new(0, 0), self.position(self.text.len()))
    }
}

#[cfg(test)]
mod tests;
