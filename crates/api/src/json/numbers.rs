//! Numbers as a client wrote them against numbers as a token would carry them. The reader keeps integers of 64
//! bits exactly and everything else as a double (RFC 8259, section 6, on interoperability); a number that this
//! would change is refused, because the evidence vouches for the text that the client sent.

use std::cmp::Ordering;

use serde_json::Number;

const OVERSIZED: &str = "an integer does not fit into 64 bits";
const INEXACT: &str = "a number has more digits or a larger exponent than a double can hold";

/// The offset of the first number in a well-formed JSON text that would be changed, and what is wrong with it.
pub(super) fn first_changed(text: &[u8]) -> Option<(usize, &'static str)> {
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => after_string(after),
            b'-' | b'0'..=b'9' => {
                let end = rest.iter().position(|byte| !is_of_number(*byte));
                let (number, after) = rest
                    .split_at_checked(end.unwrap_or(rest.len()))
                    .unwrap_or((rest, &[]));
                if let Some(fault) = fault(number) {
                    return Some((text.len().saturating_sub(rest.len()), fault));
                }
                after
            }
            _ => after,
        };
    }
    None
}

/// Which of two numbers is larger, as the decimal numbers they are written as: nothing is rounded on the way, as it would
/// be if a 64-bit integer had to become a double first. `None` only for what is no decimal number.
pub fn compare(left: &Number, right: &Number) -> Option<Ordering> {
    let (left, right) = (decimal(&left.to_string())?, decimal(&right.to_string())?);
    Some(match (left.0, right.0) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => compare_magnitudes(&left, &right),
        (true, true) => compare_magnitudes(&right, &left),
    })
}

/// Digits have no zeros at either end, so that the place of the first one decides, then the digits as text.
fn compare_magnitudes(left: &Decimal, right: &Decimal) -> Ordering {
    let first_digit = |(_, digits, exponent): &Decimal| {
        let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
        (!digits.is_empty()).then(|| exponent.saturating_add(length))
    };
    // Zero has no digit, and `None` is less than any place.
    first_digit(left)
        .cmp(&first_digit(right))
        .then_with(|| left.1.cmp(&right.1))
}

/// What follows a string whose opening quotation mark was read.
fn after_string(mut rest: &[u8]) -> &[u8] {
    loop {
        rest = match rest {
            [b'\\', _, after @ ..] | [_, after @ ..] if !rest.starts_with(b"\"") => after,
            [_, after @ ..] => return after,
            [] => return rest,
        };
    }
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')
}

fn fault(number: &[u8]) -> Option<&'static str> {
    let Ok(text) = str::from_utf8(number) else {
        return Some(INEXACT);
    };
    let Ok(read) = serde_json::from_str::<Number>(text) else {
        return Some(INEXACT);
    };
    if !read.is_f64() {
        return None;
    }
    if text != "-0" && !text.contains(['.', 'e', 'E']) {
        return Some(OVERSIZED);
    }
    let written = read.to_string();
    let read_back = serde_json::from_str(&written).is_ok_and(|again: Number| again == read);
    let same = read_back && decimal(text) == decimal(&written);
    (!same).then_some(INEXACT)
}

/// A decimal number with one form for each value: sign, digits without zeros at either end, power of ten.
type Decimal = (bool, String, i64);

/// `None` when the exponent is beyond all reason.
fn decimal(text: &str) -> Option<Decimal> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    if significant.trim_start_matches('0').is_empty() {
        return Some((false, String::new(), 0));
    }
    let zeros = i64::try_from(digits.len().checked_sub(significant.len())?).ok()?;
    let places = i64::try_from(fraction.len()).ok()?;
    let exponent = exponent
        .parse::<i64>()
        .ok()?
        .checked_sub(places)?
        .checked_add(zeros)?;
    Some((negative, significant.trim_start_matches('0').to_owned(), exponent))
}
