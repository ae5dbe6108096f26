//! Places in a policy text: spans of bytes and positions that people count. Knows nothing of tokens.

/// A range of bytes in the policy text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The range `start..end`; offsets beyond 4 GiB saturate (policies are far shorter).
    pub(crate) fn new(start: usize, end: usize) -> Self {
        let offset = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            start: offset(start),
            end: offset(end),
        }
    }

    /// From the start of this span to the end of `last`.
    pub(crate) const fn to(self, last: Self) -> Self {
        Self {
            start: self.start,
            end: last.end,
        }
    }

    /// The text that the span covers.
    pub(crate) fn of(self, text: &str) -> &str {
        let offset = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
        text.get(offset(self.start)..offset(self.end)).unwrap_or_default()
    }
}

/// Line and column, both counted from 1; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Turns offsets into positions. Walks forward from the last answer, so that asking in the order of
/// the text costs one pass however long the lines are.
pub(crate) struct Positions<'t> {
    text: &'t str,
    offset: u32,
    position: Position,
}

impl<'t> Positions<'t> {
    pub(crate) const fn new(text: &'t str) -> Self {
        Self {
            text,
            offset: 0,
            position: Position { line: 1, column: 1 },
        }
    }

    /// The position of the byte at `offset`.
    pub(crate) fn at(&mut self, offset: u32) -> Position {
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        for character in (Span {
            start: self.offset,
            end: offset,
        })
        .of(self.text)
        .chars()
        {
            if character == '\n' {
                self.position.line = self.position.line.saturating_add(1);
                self.position.column = 1;
            } else {
                self.position.column = self.position.column.saturating_add(1);
            }
        }
        self.offset = offset;
        self.position
    }
}
