//! What a guest is compared with and how it came out, field by field. Owns the form of the explanation; nothing is
//! copied until somebody looks at it.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::hex;
use crate::snp::Product;

/// One reference value compared with a guest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison<'a> {
    /// The part of the reference values: `hcl`, `uvm`, `tcb_floors`, `chips`, `refused_products`; or `guest` for
    /// what is demanded of every guest.
    pub section: &'static str,
    /// The entry's name; of a product line where there is one entry for each.
    pub name: &'a str,
    /// Every field that was compared, in a fixed order.
    pub fields: Vec<FieldComparison<'a>>,
}

impl Comparison<'_> {
    /// Whether every field is as it should be.
    pub fn matched(&self) -> bool {
        self.fields.iter().all(|field| field.met)
    }

    /// The fields that are not as they should be.
    pub fn missed(&self) -> impl Iterator<Item = &FieldComparison<'_>> {
        self.fields.iter().filter(|field| !field.met)
    }
}

/// One field of a reference value and what the guest has there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FieldComparison<'a> {
    /// The field, under the name it has in the file or in the report.
    pub field: &'static str,
    /// What would match.
    pub expected: Expected<'a>,
    /// What the guest has.
    pub found: Found<'a>,
    /// Whether it does match.
    pub met: bool,
}

/// What a reference value demands of a field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Expected<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// At least this number.
    AtLeast(u64),
    /// Every byte at least as great.
    AtLeastBytes(&'a [u8]),
    /// These bits set.
    Bits(u64),
    /// This text.
    Text(&'a str),
    /// This number.
    Number(u64),
    /// One of these product lines.
    Products(&'a [Product]),
    /// None of these product lines.
    NoneOf(&'a [Product]),
    /// What the words say.
    Words(&'static str),
}

/// What a guest has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Found<'a> {
    /// Bytes.
    Bytes(&'a [u8]),
    /// A number.
    Number(u64),
    /// Bits.
    Bits(u64),
    /// A text.
    Text(&'a str),
    /// What the words say.
    Words(&'static str),
}

impl<'a> FieldComparison<'a> {
    /// Bytes that have to be equal.
    pub(super) fn equal(field: &'static str, expected: &'a [u8], found: &'a [u8]) -> Self {
        Self {
            field,
            expected: Expected::Bytes(expected),
            found: Found::Bytes(found),
            met: verify_slices_are_equal(expected, found).is_ok(),
        }
    }

    /// A number that has to be reached.
    pub(super) fn at_least(field: &'static str, expected: u64, found: u64) -> Self {
        Self {
            field,
            expected: Expected::AtLeast(expected),
            found: Found::Number(found),
            met: found >= expected,
        }
    }

    /// A condition told in words.
    pub(super) const fn told(
        field: &'static str,
        expected: &'static str,
        found: &'static str,
        met: bool,
    ) -> Self {
        Self {
            field,
            expected: Expected::Words(expected),
            found: Found::Words(found),
            met,
        }
    }
}

impl fmt::Display for Expected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
            Self::AtLeast(number) => write!(f, "at least {number}"),
            Self::AtLeastBytes(bytes) => write!(f, "each byte at least {}", hex::encode(bytes)),
            Self::Bits(bits) => write!(f, "the bits {bits:016x}"),
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => write!(f, "{number}"),
            Self::Products(products) => write_products(f, products),
            Self::NoneOf(products) => {
                f.write_str("not ")?;
                write_products(f, products)
            }
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => f.write_str(&hex::encode(bytes)),
            Self::Number(number) => write!(f, "{number}"),
            Self::Bits(bits) => write!(f, "{bits:016x}"),
            Self::Text(text) => f.write_str(text),
            Self::Words(words) => f.write_str(words),
        }
    }
}

fn write_products(f: &mut fmt::Formatter<'_>, products: &[Product]) -> fmt::Result {
    for (index, product) in products.iter().enumerate() {
        let separator = if index == 0 { "" } else { " or " };
        write!(f, "{separator}{product}")?;
    }
    Ok(())
}
