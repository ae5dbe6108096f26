//! Columns are counted as the editor counts them.

use super::*;

/// The letter after the emoji is at byte 5, UTF-16 column 3.
const TEXT: &str = "a😀b\r\nä\n";

#[test]
fn both_encodings_go_there_and_back() {
    for (encoding, offset, line, column) in [
        (Encoding::Utf16, 0, 0, 0),
        (Encoding::Utf16, 5, 0, 3),
        (Encoding::Utf8, 5, 0, 5),
        (Encoding::Utf16, 6, 0, 4),
        (Encoding::Utf16, 8, 1, 0),
        (Encoding::Utf16, 10, 1, 1),
        (Encoding::Utf8, 10, 1, 2),
        (Encoding::Utf16, 11, 2, 0),
    ] {
        let lines = Lines::new(TEXT, encoding);
        let position = Position::new(line, column);
        assert_eq!(lines.position(offset), position, "{encoding:?} {offset}");
        assert_eq!(lines.offset(position), offset, "{encoding:?} {position:?}");
    }
}

#[test]
fn positions_outside_the_text_are_its_edges() {
    let lines = Lines::new(TEXT, Encoding::Utf16);
    assert_eq!(lines.offset(Position::new(0, 99)), 6);
    assert_eq!(lines.offset(Position::new(9, 0)), TEXT.len());
    assert_eq!(lines.offset(Position::new(u32::MAX, u32::MAX)), TEXT.len());
    // In the middle of the emoji.
    assert_eq!(lines.offset(Position::new(0, 2)), 5);
    assert_eq!(lines.position(usize::MAX), Position::new(2, 0));
    assert_eq!(
        lines.whole(),
        Range::new(Position::new(0, 0), Position::new(2, 0))
    );
    assert_eq!(Lines::new("", Encoding::Utf8).whole(), Range::default());
}

#[test]
fn utf_8_is_chosen_when_it_is_offered() {
    let utf16 = PositionEncodingKind::UTF16;
    assert_eq!(Encoding::choose(None), Encoding::Utf16);
    assert_eq!(
        Encoding::choose(Some(std::slice::from_ref(&utf16))),
        Encoding::Utf16
    );
    assert_eq!(
        Encoding::choose(Some(&[utf16, PositionEncodingKind::UTF8])),
        Encoding::Utf8
    );
}
