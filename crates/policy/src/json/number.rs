//! Numbers of JSON without loss: 64-bit integers stay integers, and comparing is exact across kinds.

use std::cmp::Ordering;
use std::fmt::{self, Write};

use super::text::Counter;

/// 2^32 and 2^64 as floating-point numbers, both exact.
const TWO_TO_32: f64 = 4_294_967_296.0;
const TWO_TO_64: f64 = 18_446_744_073_709_551_616.0;

/// Bits of a floating-point number (IEEE 754 binary64): the fraction, and what its exponent is counted
/// from when the fraction is taken for an integer.
const FRACTION_BITS: u32 = 52;
const EXPONENT_BIAS: u64 = 1075;

/// A number of JSON. Every value has one form, so that `7.0` and `7` are one number and print as `7`.
#[derive(Clone, Copy, PartialEq)]
pub struct Number(Form);

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Integer(i64),
    /// Larger than any [`Form::Integer`].
    Large(u64),
    /// Finite, and either with a fraction or outside the range of both others.
    Float(f64),
}

impl Number {
    /// The number; nothing for infinities and what is not a number, which JSON has no text for.
    pub fn from_f64(value: f64) -> Option<Self> {
        if !value.is_finite() {
            return None;
        }
        let integral = integral(value).filter(|_| value.fract() == 0.0);
        Some(match integral.map(Self::try_from_integer) {
            Some(Some(number)) => number,
            _ => Self(Form::Float(value)),
        })
    }

    /// The nearest number to an integer: exact within the 64 bits that it is made for.
    pub(crate) fn from_integer(value: i128) -> Self {
        Self::try_from_integer(value).unwrap_or_else(|| Self(Form::Float(nearest(value))))
    }

    fn try_from_integer(value: i128) -> Option<Self> {
        match i64::try_from(value) {
            Ok(value) => Some(Self(Form::Integer(value))),
            Err(_) => u64::try_from(value).ok().map(|value| Self(Form::Large(value))),
        }
    }

    /// The value when it is an integer of 64 bits with a sign.
    pub fn as_i64(self) -> Option<i64> {
        match self.0 {
            Form::Integer(value) => Some(value),
            Form::Large(_) | Form::Float(_) => None,
        }
    }

    /// The value when it is an integer of 64 bits, with or without a sign.
    pub fn as_integer(self) -> Option<i128> {
        match self.0 {
            Form::Integer(value) => Some(value.into()),
            Form::Large(value) => Some(value.into()),
            Form::Float(_) => None,
        }
    }

    /// The nearest floating-point number.
    pub fn to_f64(self) -> f64 {
        match self.0 {
            Form::Float(value) => value,
            Form::Integer(value) => nearest(value.into()),
            Form::Large(value) => nearest(value.into()),
        }
    }

    /// The number without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        match self.as_integer() {
            // Every integer has a sign that can be taken away.
            Some(value) => Self::from_integer(value.saturating_abs()),
            None => Self(Form::Float(self.to_f64().abs())),
        }
    }

    /// The largest integer that is not above the number.
    #[must_use]
    pub fn floor(self) -> Self {
        self.rounded(f64::floor)
    }

    /// The smallest integer that is not below the number.
    #[must_use]
    pub fn ceil(self) -> Self {
        self.rounded(f64::ceil)
    }

    fn rounded(self, round: fn(f64) -> f64) -> Self {
        match self.0 {
            // Rounding keeps a number finite.
            Form::Float(value) => Self::from_f64(round(value)).unwrap_or(self),
            Form::Integer(_) | Form::Large(_) => self,
        }
    }

    /// Which is larger, exactly.
    pub fn compare(self, other: Self) -> Ordering {
        match (self.as_integer(), other.as_integer()) {
            (Some(left), Some(right)) => left.cmp(&right),
            (Some(left), None) => compare_integer(left, other.to_f64()),
            (None, Some(right)) => compare_integer(right, self.to_f64()).reverse(),
            // Neither is NaN.
            (None, None) => self
                .to_f64()
                .partial_cmp(&other.to_f64())
                .unwrap_or(Ordering::Equal),
        }
    }

    pub(crate) fn text_length(self) -> u64 {
        let (magnitude, sign) = match self.0 {
            Form::Integer(value) => (value.unsigned_abs(), u64::from(value < 0)),
            Form::Large(value) => (value, 0),
            Form::Float(_) => {
                let mut counter = Counter::default();
                // A counter does not fail.
                let _ = write!(counter, "{self}");
                return counter.0;
            }
        };
        let digits = u64::from(magnitude.checked_ilog10().unwrap_or(0)).saturating_add(1);
        digits.saturating_add(sign)
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Form::Integer(value))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or(Self(Form::Large(value)), Self::from)
    }
}

/// The shortest text that reads as the number again.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Form::Integer(value) => write!(f, "{value}"),
            Form::Large(value) => write!(f, "{value}"),
            // This form, unlike the other, writes extreme values with an exponent.
            Form::Float(value) => write!(f, "{value:?}"),
        }
    }
}

/// As the text.
impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Which is larger: an integer, or a floating-point number that is no integer of 64 bits.
fn compare_integer(integer: i128, float: f64) -> Ordering {
    match integral(float.floor()) {
        // The float has a fraction, so it is above its floor.
        Some(floor) if integer <= floor => Ordering::Less,
        None if float > 0.0 => Ordering::Less,
        Some(_) | None => Ordering::Greater,
    }
}

/// The integer part of a number that is smaller than 2^64, exactly.
fn integral(value: f64) -> Option<i128> {
    if value.abs() >= TWO_TO_64 {
        return None;
    }
    let bits = value.abs().to_bits();
    let exponent = bits.checked_shr(FRACTION_BITS)?;
    if exponent == 0 {
        // Zero, or smaller than anything else.
        return Some(0);
    }
    let implicit = 1_u64.checked_shl(FRACTION_BITS)?;
    let fraction = bits & implicit.checked_sub(1)? | implicit;
    let magnitude = if let Some(left) = exponent.checked_sub(EXPONENT_BIAS) {
        i128::from(fraction).checked_shl(u32::try_from(left).ok()?)?
    } else {
        let right = u32::try_from(EXPONENT_BIAS.checked_sub(exponent)?).ok()?;
        i128::from(fraction.checked_shr(right).unwrap_or(0))
    };
    if value.is_sign_negative() {
        magnitude.checked_neg()
    } else {
        Some(magnitude)
    }
}

/// The nearest floating-point number to an integer. Up to 64 bits the halves are exact and their sum is
/// rounded once; beyond that the upper half is rounded too.
fn nearest(value: i128) -> f64 {
    let magnitude = value.unsigned_abs();
    let mut float = 0.0;
    for shift in [96, 64, 32, 0_u32] {
        let digit = magnitude.checked_shr(shift).unwrap_or(0) & u128::from(u32::MAX);
        let digit = u32::try_from(digit).unwrap_or(u32::MAX);
        float = float * TWO_TO_32 + f64::from(digit);
    }
    if value < 0 { -float } else { float }
}
