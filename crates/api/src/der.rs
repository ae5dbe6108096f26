//! A writer for DER (ITU-T X.690), small enough to read in one sitting: each function returns one
//! complete element, and elements are nested by passing them on. It parses nothing and knows no
//! certificate; who mints certificates composes them from these.

#[cfg(test)]
mod tests;

use crate::calendar::UtcDateTime;

/// One element: identifier octet `tag`, definite length, `content` (X.690, 8.1 and 10.1).
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len().saturating_add(6));
    out.push(tag);
    if let Ok(short @ 0..0x80) = u8::try_from(content.len()) {
        out.push(short);
    } else {
        let bytes = content.len().to_be_bytes();
        let significant = without_leading_zeros(&bytes);
        out.push(LONG_LENGTH | u8::try_from(significant.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(significant);
    }
    out.extend_from_slice(content);
    out
}

/// SEQUENCE of the given elements, in this order.
pub fn sequence<I>(items: I) -> Vec<u8>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    element(tag::SEQUENCE, &concat(items))
}

/// SET OF the given elements, sorted as DER demands (X.690, 11.6).
pub fn set<I>(items: I) -> Vec<u8>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut sorted: Vec<Vec<u8>> = items.into_iter().map(|item| item.as_ref().to_vec()).collect();
    sorted.sort();
    element(tag::SET, &concat(sorted))
}

/// `[number]` EXPLICIT around one or more complete elements. `number` is 0 to 30.
pub fn explicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(
        tag::CONTEXT | tag::CONSTRUCTED | (number & tag::NUMBER_MASK),
        content,
    )
}

/// `[number]` IMPLICIT over a primitive type: `content` is the bare value. `number` is 0 to 30.
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(tag::CONTEXT | (number & tag::NUMBER_MASK), content)
}

/// BOOLEAN: TRUE is 0xFF (X.690, 11.1).
pub fn boolean(value: bool) -> Vec<u8> {
    element(tag::BOOLEAN, &[if value { 0xFF } else { 0 }])
}

/// INTEGER of a number.
pub fn integer(value: u64) -> Vec<u8> {
    integer_from_bytes(&value.to_be_bytes())
}

/// INTEGER of an unsigned big-endian number of any length: leading zeros go, and one comes back
/// where the highest bit would make the number negative (X.690, 8.3).
pub fn integer_from_bytes(big_endian: &[u8]) -> Vec<u8> {
    element(tag::INTEGER, &unsigned(big_endian))
}

/// ENUMERATED of a number.
pub fn enumerated(value: u64) -> Vec<u8> {
    element(tag::ENUMERATED, &unsigned(&value.to_be_bytes()))
}

/// NULL.
pub fn null() -> Vec<u8> {
    element(tag::NULL, &[])
}

/// OCTET STRING.
pub fn octet_string(content: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, content)
}

/// BIT STRING of whole octets.
pub fn bit_string(content: &[u8]) -> Vec<u8> {
    element(tag::BIT_STRING, &concat([&[0], content]))
}

/// BIT STRING of named bits: bit 0 is the highest of the first octet; trailing zero bits are left
/// out (X.690, 11.2.2). `bits` are bit numbers in any order.
pub fn named_bits(bits: &[u8]) -> Vec<u8> {
    let Some(last) = bits.iter().copied().max() else {
        return bit_string(&[]);
    };
    let mut octets = vec![0_u8; usize::from(last / 8).saturating_add(1)];
    for &bit in bits {
        if let Some(octet) = octets.get_mut(usize::from(bit / 8)) {
            *octet |= 0x80 >> (bit % 8);
        }
    }
    element(tag::BIT_STRING, &concat([&[7 - last % 8], octets.as_slice()]))
}

/// UTF8String.
pub fn utf8_string(text: &str) -> Vec<u8> {
    element(tag::UTF8_STRING, text.as_bytes())
}

/// PrintableString. The caller keeps to its alphabet: letters, digits, space and `'()+,-./:=?`.
pub fn printable_string(text: &str) -> Vec<u8> {
    element(tag::PRINTABLE_STRING, text.as_bytes())
}

/// IA5String. The caller keeps to ASCII.
pub fn ia5_string(text: &str) -> Vec<u8> {
    element(tag::IA5_STRING, text.as_bytes())
}

/// OBJECT IDENTIFIER of at least two arcs, which the compiler checks.
pub fn oid<const N: usize>(arcs: &[u64; N]) -> Vec<u8> {
    const { assert!(N >= 2, "an object identifier has at least two arcs") };
    oid_from_arcs(arcs).unwrap_or_default()
}

/// OBJECT IDENTIFIER of its dotted form, such as `1.2.840.113741.1.13.1`; `None` if the text is not one.
pub fn oid_from_dotted(dotted: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u64> = dotted
        .split('.')
        .map(|arc| arc.parse().ok())
        .collect::<Option<_>>()?;
    oid_from_arcs(&arcs)
}

/// OBJECT IDENTIFIER of its arcs; `None` if there are fewer than two, or if the first two break the
/// rule of X.660 (first 0 to 2; second below 40 under 0 and 1) that X.690, 8.19.4 packs into one number.
pub fn oid_from_arcs(arcs: &[u64]) -> Option<Vec<u8>> {
    let [first, second, rest @ ..] = arcs else {
        return None;
    };
    if *first > 2 || (*first < 2 && *second >= 40) {
        return None;
    }
    let mut content = base128(first.checked_mul(40)?.checked_add(*second)?);
    for &arc in rest {
        content.extend(base128(arc));
    }
    Some(element(tag::OID, &content))
}

/// UTCTime `YYMMDDhhmmssZ` (RFC 5280, 4.1.2.5.1): right for the years 1950 to 2049.
pub fn utc_time(unix_seconds: i64) -> Vec<u8> {
    let UtcDateTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = UtcDateTime::from_unix(unix_seconds);
    let text = format!(
        "{:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z",
        year % 100
    );
    element(tag::UTC_TIME, text.as_bytes())
}

/// GeneralizedTime `YYYYMMDDhhmmssZ` (RFC 5280, 4.1.2.5.2).
pub fn generalized_time(unix_seconds: i64) -> Vec<u8> {
    let UtcDateTime {
        year,
        month,
        day,
        hour,
        minute,
        second,
    } = UtcDateTime::from_unix(unix_seconds);
    let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z");
    element(tag::GENERALIZED_TIME, text.as_bytes())
}

/// The time type RFC 5280, 4.1.2.5 demands in certificates and CRLs: UTCTime through 2049, then
/// GeneralizedTime.
pub fn time(unix_seconds: i64) -> Vec<u8> {
    match UtcDateTime::from_unix(unix_seconds).year {
        1950..=2049 => utc_time(unix_seconds),
        _ => generalized_time(unix_seconds),
    }
}

/// Identifier octets (X.690, 8.1.2; X.680, table 1).
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0A;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0C;
    /// PrintableString.
    pub const PRINTABLE_STRING: u8 = 0x13;
    /// IA5String.
    pub const IA5_STRING: u8 = 0x16;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE, constructed.
    pub const SEQUENCE: u8 = 0x30;
    /// SET, constructed.
    pub const SET: u8 = 0x31;
    pub(super) const CONSTRUCTED: u8 = 0x20;
    pub(super) const CONTEXT: u8 = 0x80;
    pub(super) const NUMBER_MASK: u8 = 0x1F;
}

fn concat<I>(items: I) -> Vec<u8>
where
    I: IntoIterator,
    I::Item: AsRef<[u8]>,
{
    let mut out = Vec::new();
    for item in items {
        out.extend_from_slice(item.as_ref());
    }
    out
}

fn unsigned(big_endian: &[u8]) -> Vec<u8> {
    let significant = without_leading_zeros(big_endian);
    match significant.first() {
        Some(0..0x80) => significant.to_vec(),
        Some(_) | None => concat([&[0], significant]),
    }
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Base 128, most significant group first, every group but the last with the high bit (X.690, 8.19.2).
fn base128(value: u64) -> Vec<u8> {
    let mut groups = Vec::new();
    let mut rest = value;
    loop {
        let low = u8::try_from(rest & 0x7F).unwrap_or(0);
        groups.push(if groups.is_empty() { low } else { low | 0x80 });
        rest >>= 7;
        if rest == 0 {
            break;
        }
    }
    groups.reverse();
    groups
}

/// First length octet of the long form (X.690, 8.1.3.5).
const LONG_LENGTH: u8 = 0x80;
