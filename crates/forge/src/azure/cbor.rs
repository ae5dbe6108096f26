//! A writer of CBOR (RFC 8949) in its shortest form, small enough to read in one sitting. What it writes need not
//! make sense: maps may repeat keys, and ready-made bytes go in as they are.

/// One data item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cbor {
    /// An integer.
    Int(i64),
    /// A byte string.
    Bytes(Vec<u8>),
    /// A text string.
    Text(String),
    /// An array.
    Array(Vec<Cbor>),
    /// A map; keys in this order, repeated or not.
    Map(Vec<(Cbor, Cbor)>),
    /// A tagged item.
    Tag(u64, Box<Cbor>),
    /// Bytes that stand where an item should.
    Raw(Vec<u8>),
}

impl Cbor {
    /// A text string.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int(number) => match u64::try_from(*number) {
                Ok(number) => head(out, UNSIGNED, number),
                // -1 - n (RFC 8949, 3.1).
                Err(_) => head(out, NEGATIVE, !number.cast_unsigned()),
            },
            Self::Bytes(bytes) => {
                head(out, BYTES, size(bytes.len()));
                out.extend_from_slice(bytes);
            }
            Self::Text(text) => {
                head(out, TEXT, size(text.len()));
                out.extend_from_slice(text.as_bytes());
            }
            Self::Array(items) => {
                head(out, ARRAY, size(items.len()));
                for item in items {
                    item.write(out);
                }
            }
            Self::Map(entries) => {
                head(out, MAP, size(entries.len()));
                for (key, value) in entries {
                    key.write(out);
                    value.write(out);
                }
            }
            Self::Tag(tag, item) => {
                head(out, TAG, *tag);
                item.write(out);
            }
            Self::Raw(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// Major type and argument in the fewest bytes (RFC 8949, section 3 and 4.2.1).
fn head(out: &mut Vec<u8>, major: u8, argument: u64) {
    let bytes = argument.to_be_bytes();
    let (information, size) = match argument {
        0..24 => {
            let [.., small] = bytes;
            out.push(major << 5 | small);
            return;
        }
        24..0x100 => (24, 1),
        0x100..0x1_0000 => (25, 2),
        0x1_0000..0x1_0000_0000 => (26, 4),
        _ => (27, 8),
    };
    out.push(major << 5 | information);
    out.extend(bytes.iter().skip(bytes.len() - size));
}

fn size(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

const UNSIGNED: u8 = 0;
const NEGATIVE: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const ARRAY: u8 = 4;
const MAP: u8 = 5;
const TAG: u8 = 6;
