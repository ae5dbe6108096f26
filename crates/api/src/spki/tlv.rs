//! One DER element (X.690, 8.1): enough to walk to a public key, and no more.

/// Tag of SEQUENCE.
pub const SEQUENCE: u8 = 0x30;
/// Tag of INTEGER.
pub const INTEGER: u8 = 0x02;
/// Tag of BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// Tag of `[0] EXPLICIT`.
pub const CONTEXT_0: u8 = 0xa0;

/// Tag, content, and the whole element they came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    pub tag: u8,
    pub content: &'a [u8],
    pub whole: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The first element of `input`, and what follows it. `None` when it does not fit, when its length is
    /// indefinite, not minimal, or above four bytes, or when its tag has more than one byte.
    pub fn read(input: &'a [u8]) -> Option<(Self, &'a [u8])> {
        /// Low five bits all set announce a tag of several bytes (X.690, 8.1.2.4), unused in certificates.
        const LONG_TAG: u8 = 0x1f;
        let (&tag, rest) = input.split_first()?;
        let (&first, rest) = rest.split_first()?;
        if tag & LONG_TAG == LONG_TAG {
            return None;
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => long_length(usize::from(first & 0x7f), rest)?,
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        let whole = input.get(..input.len().checked_sub(rest.len())?)?;
        Some((Self { tag, content, whole }, rest))
    }
}

/// A length in `count` bytes, which must need that many (X.690, 10.1).
fn long_length(count: usize, rest: &[u8]) -> Option<(usize, &[u8])> {
    let (bytes, rest) = rest.split_at_checked(count)?;
    let length = bytes.iter().try_fold(0_usize, |sum, &byte| {
        sum.checked_mul(256)?.checked_add(byte.into())
    })?;
    let minimal = bytes.first() != Some(&0) && length >= 0x80;
    minimal.then_some((length, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_lengths_are_read() {
        let (element, rest) = Tlv::read(&[0x30, 0x01, 0xaa, 0xbb]).unwrap();
        assert_eq!(
            (element.content, element.whole, rest),
            (&[0xaa][..], &[0x30, 0x01, 0xaa][..], &[0xbb][..])
        );
        let mut long = vec![0x04, 0x81, 0x80];
        long.extend([7; 0x80]);
        assert_eq!(Tlv::read(&long).unwrap().0.content, &[7; 0x80]);
    }

    #[test]
    fn truncated_indefinite_and_padded_lengths_are_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x02, 0x00],
            &[0x30, 0x80, 0x00, 0x00],
            &[0x30, 0x81, 0x01, 0x00],
        ] {
            assert_eq!(Tlv::read(bytes), None, "{bytes:?}");
        }
        assert_eq!(Tlv::read(&[0x04, 0x82, 0x00, 0x01, 0xff]), None);
        assert_eq!(Tlv::read(&[0x04, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(Tlv::read(&[0x1f, 0x81, 0x01, 0x00]), None);
    }
}
