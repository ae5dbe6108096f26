//! Fields by name: how `--set FIELD=VALUE` reaches any field of a specification, and how fixed layouts are
//! written. A specification lists its fields once, in wire order, and both follow from the list.

use attestry_api::hex;

/// A field by its name, borrowed from a specification.
pub(crate) type Named<'a> = (&'static str, Slot<'a>);

/// The place and kind of one field.
pub(crate) enum Slot<'a> {
    /// 1 byte on the wire.
    U8(&'a mut u8),
    /// Little-endian, 2 bytes on the wire.
    U16(&'a mut u16),
    /// Little-endian, 4 bytes on the wire.
    U32(&'a mut u32),
    /// Little-endian, 8 bytes on the wire.
    U64(&'a mut u64),
    /// Bytes of a fixed number.
    Bytes(&'a mut [u8]),
    /// Bytes of any number.
    Data(&'a mut Vec<u8>),
    /// Bytes that are left out unless set.
    OptionalData(&'a mut Option<Vec<u8>>),
    /// A truth value.
    Flag(&'a mut bool),
    /// A truth value that may be missing.
    OptionalFlag(&'a mut Option<bool>),
    /// A number of 32 bits that may be missing.
    OptionalU32(&'a mut Option<u32>),
    /// Unix seconds.
    Time(&'a mut i64),
    /// Text, taken as it is.
    Text(&'a mut String),
}

/// A value that a field cannot take, or a field that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetError {
    /// No field has this name.
    #[error("unknown field `{field}`; known are {}", known.join(", "))]
    UnknownField {
        /// The name as given.
        field: String,
        /// Names of all fields.
        known: Vec<String>,
    },
    /// The field takes a number up to a bound.
    #[error("field `{field}` takes a number from 0 to {max}, decimal or 0x hexadecimal, not `{value}`")]
    Number {
        /// The name as given.
        field: String,
        /// The value as given.
        value: String,
        /// Greatest value.
        max: u64,
    },
    /// The field takes bytes as hexadecimal.
    #[error("field `{field}` takes hexadecimal bytes, not `{value}`")]
    Hexadecimal {
        /// The name as given.
        field: String,
        /// The value as given.
        value: String,
    },
    /// The field takes exactly so many bytes.
    #[error("field `{field}` takes {expected} bytes, not {found}")]
    Size {
        /// The name as given.
        field: String,
        /// Its size in bytes.
        expected: usize,
        /// The size of the value.
        found: usize,
    },
    /// The field takes `true` or `false`.
    #[error("field `{field}` takes true or false, not `{value}`")]
    Flag {
        /// The name as given.
        field: String,
        /// The value as given.
        value: String,
    },
    /// The field takes unix seconds.
    #[error("field `{field}` takes unix seconds, not `{value}`")]
    Time {
        /// The name as given.
        field: String,
        /// The value as given.
        value: String,
    },
}

/// One settable field, for lists and help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name to set it by.
    pub name: String,
    /// What it takes: `number up to 65535`, `32 bytes`, `bytes`, `true or false`, `unix seconds`, `text`.
    pub takes: String,
}

/// Fields under one prefix.
pub(crate) enum Group<'a> {
    /// Fields of their own.
    Fields(&'static str, Vec<Named<'a>>),
    /// Single bits of one number, by name and position.
    Bits(&'static str, &'static [(&'static str, u32)], &'a mut u64),
}

/// A specification whose fields can be set by name.
pub(crate) trait Settable {
    /// The groups of fields, by position from 0 on.
    fn group(&mut self, position: usize) -> Option<Group<'_>>;
}

/// Sets the field called `field`, which is its group's prefix and its name. Case and underscores do not matter.
pub(crate) fn set(specification: &mut impl Settable, field: &str, value: &str) -> Result<(), SetError> {
    for position in 0.. {
        match specification.group(position) {
            Some(Group::Fields(prefix, fields)) => {
                let named = |(name, _): &Named<'_>| is_called(field, prefix, name);
                if let Some((_, slot)) = fields.into_iter().find(named) {
                    return slot.set(field, value);
                }
            }
            Some(Group::Bits(prefix, bits, word)) => {
                if let Some((_, bit)) = bits.iter().find(|(name, _)| is_called(field, prefix, name)) {
                    let mask = 1 << bit;
                    *word = if parse_flag(field, value)? {
                        *word | mask
                    } else {
                        *word & !mask
                    };
                    return Ok(());
                }
            }
            None => break,
        }
    }
    let known = list(specification).into_iter().map(|field| field.name).collect();
    Err(SetError::UnknownField {
        field: field.to_owned(),
        known,
    })
}

/// The names of all fields and what they take.
pub(crate) fn list(specification: &mut impl Settable) -> Vec<Field> {
    let mut all = Vec::new();
    for position in 0.. {
        match specification.group(position) {
            Some(Group::Fields(prefix, fields)) => all.extend(fields.into_iter().map(|(name, slot)| Field {
                name: full_name(prefix, name),
                takes: slot.takes(),
            })),
            Some(Group::Bits(prefix, bits, _)) => all.extend(bits.iter().map(|(name, _)| Field {
                name: full_name(prefix, name),
                takes: FLAG_VALUES.to_owned(),
            })),
            None => break,
        }
    }
    all
}

/// The fields one after the other, as they lie on the wire.
pub(crate) fn write(fields: Vec<Named<'_>>) -> Vec<u8> {
    let mut out = Vec::new();
    for (_, slot) in fields {
        match slot {
            Slot::U8(number) => out.push(*number),
            Slot::U16(number) => out.extend_from_slice(&number.to_le_bytes()),
            Slot::U32(number) => out.extend_from_slice(&number.to_le_bytes()),
            Slot::U64(number) => out.extend_from_slice(&number.to_le_bytes()),
            Slot::Bytes(bytes) => out.extend_from_slice(bytes),
            Slot::Data(bytes) => out.extend_from_slice(bytes),
            // Not part of any layout.
            Slot::OptionalData(_)
            | Slot::Flag(_)
            | Slot::OptionalFlag(_)
            | Slot::OptionalU32(_)
            | Slot::Time(_)
            | Slot::Text(_) => {}
        }
    }
    out
}

impl Slot<'_> {
    fn set(self, field: &str, value: &str) -> Result<(), SetError> {
        match self {
            Self::U8(number) => {
                let max = u64::from(u8::MAX);
                *number = u8::try_from(parse_number(field, value, max)?).unwrap_or(u8::MAX);
            }
            Self::U16(number) => {
                let max = u64::from(u16::MAX);
                *number = u16::try_from(parse_number(field, value, max)?).unwrap_or(u16::MAX);
            }
            Self::U32(number) => {
                let max = u64::from(u32::MAX);
                *number = u32::try_from(parse_number(field, value, max)?).unwrap_or(u32::MAX);
            }
            Self::U64(number) => *number = parse_number(field, value, u64::MAX)?,
            Self::Bytes(bytes) => {
                let new = parse_bytes(field, value)?;
                if new.len() != bytes.len() {
                    let (field, expected, found) = (field.to_owned(), bytes.len(), new.len());
                    return Err(SetError::Size {
                        field,
                        expected,
                        found,
                    });
                }
                bytes.copy_from_slice(&new);
            }
            Self::Data(bytes) => *bytes = parse_bytes(field, value)?,
            Self::OptionalData(bytes) => *bytes = Some(parse_bytes(field, value)?),
            Self::Flag(flag) => *flag = parse_flag(field, value)?,
            Self::OptionalFlag(flag) => {
                *flag = if value == MISSING {
                    None
                } else {
                    Some(parse_flag(field, value)?)
                };
            }
            Self::OptionalU32(number) => {
                *number = if value == MISSING {
                    None
                } else {
                    u32::try_from(parse_number(field, value, u64::from(u32::MAX))?).ok()
                };
            }
            Self::Time(time) => {
                let wrong = || SetError::Time {
                    field: field.to_owned(),
                    value: value.to_owned(),
                };
                *time = value.parse().map_err(|_| wrong())?;
            }
            Self::Text(text) => value.clone_into(text),
        }
        Ok(())
    }

    fn takes(&self) -> String {
        match self {
            Self::U8(_) => format!("number up to {}", u8::MAX),
            Self::U16(_) => format!("number up to {}", u16::MAX),
            Self::U32(_) => format!("number up to {}", u32::MAX),
            Self::U64(_) => format!("number up to {}", u64::MAX),
            Self::Bytes(bytes) => format!("{} bytes", bytes.len()),
            Self::Data(_) | Self::OptionalData(_) => "bytes".to_owned(),
            Self::Flag(_) => FLAG_VALUES.to_owned(),
            Self::OptionalFlag(_) => format!("{FLAG_VALUES}, or {MISSING}"),
            Self::OptionalU32(_) => format!("number up to {}, or {MISSING}", u32::MAX),
            Self::Time(_) => "unix seconds".to_owned(),
            Self::Text(_) => "text".to_owned(),
        }
    }
}

fn full_name(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

fn is_called(field: &str, prefix: &str, name: &str) -> bool {
    plain(field) == plain(&full_name(prefix, name))
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|&c| c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

fn parse_number(field: &str, value: &str, max: u64) -> Result<u64, SetError> {
    let parsed = match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => value.parse(),
    };
    match parsed {
        Ok(number) if number <= max => Ok(number),
        _ => Err(SetError::Number {
            field: field.to_owned(),
            value: value.to_owned(),
            max,
        }),
    }
}

fn parse_bytes(field: &str, value: &str) -> Result<Vec<u8>, SetError> {
    let wrong = || SetError::Hexadecimal {
        field: field.to_owned(),
        value: value.to_owned(),
    };
    hex::decode(value.strip_prefix("0x").unwrap_or(value)).ok_or_else(wrong)
}

fn parse_flag(field: &str, value: &str) -> Result<bool, SetError> {
    let wrong = || SetError::Flag {
        field: field.to_owned(),
        value: value.to_owned(),
    };
    value.parse().map_err(|_| wrong())
}

/// What takes a value away.
const MISSING: &str = "none";
const FLAG_VALUES: &str = "true or false";
