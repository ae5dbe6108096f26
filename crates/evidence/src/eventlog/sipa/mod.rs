//! What Windows measures about its own boot: tags of an id, a size and a payload in events of type EV_EVENT_TAG (Windows
//! SDK, `wbcl.h`; TCG PC Client Platform Firmware Profile, "TCG_PCClientTaggedEvent"). Owns the tree, the ids and the
//! forms of payloads. It proves nothing: whether a digest covers an event, and what a tag means for a boot, is decided
//! elsewhere.

mod error;
mod id;
mod value;

use crate::reader::Reader;

pub use error::SipaError;
pub use id::TagId;
pub use value::{
    CustomPolicy, Digest, IdentityKey, KsrSignature, PolicySigner, RevocationList, SiPolicy, Value,
};

/// One measurement, or several in one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tag<'a> {
    id: TagId,
    offset: usize,
    payload: &'a [u8],
    value: Value<'a>,
}

/// How many more tags are read. One budget serves all events of one log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Budget {
    tags: usize,
    modules: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            tags: MAX_TAGS,
            modules: MAX_MODULES,
        }
    }
}

/// The tags of an event that a PCR covers. A tag that says that it is not measured has no place there.
pub fn parse_measured<'a>(event: &'a [u8], budget: &mut Budget) -> Result<Vec<Tag<'a>>, SipaError> {
    let walk = Walk {
        budget,
        unmeasured: false,
    };
    sequence(Reader::new(event), 0, walk)
}

/// The tags of any event, for showing them. No claim may come from what no PCR covers.
pub fn parse<'a>(event: &'a [u8], budget: &mut Budget) -> Result<Vec<Tag<'a>>, SipaError> {
    let walk = Walk {
        budget,
        unmeasured: true,
    };
    sequence(Reader::new(event), 0, walk)
}

/// Whether the tagged event is Windows' by its first id; anybody may write tags with ids of their own.
pub fn is_of_windows(event: &[u8]) -> bool {
    let id = Reader::new(event).u32_le();
    id.is_ok_and(|id| TagId(id).is_of_windows())
}

impl<'a> Tag<'a> {
    /// What kind of thing was measured.
    pub const fn id(&self) -> TagId {
        self.id
    }

    /// Where the tag begins, in bytes from the start of the event's data.
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// The payload as it was measured, without id and size.
    pub const fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// The payload, read.
    pub const fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The tags inside; none when the tag is no container.
    pub fn children(&self) -> &[Self] {
        match &self.value {
            Value::Container(children) => children,
            _ => &[],
        }
    }

    /// The flag, when the tag is one.
    pub const fn flag(&self) -> Option<bool> {
        match self.value {
            Value::Flag(flag) => Some(flag),
            _ => None,
        }
    }

    /// The number, when the tag is one.
    pub const fn number(&self) -> Option<u64> {
        match self.value {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The text, when the tag is one.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The name of the tag's number, where its kind has names: that of the value, or those of its bits joined with `|`.
    /// Empty for a value without name.
    pub fn number_name(&self) -> Option<String> {
        value::number_name(self.id, self.number()?)
    }
}

/// What all levels of one event have in common.
struct Walk<'b> {
    budget: &'b mut Budget,
    unmeasured: bool,
}

fn sequence<'a>(mut reader: Reader<'a>, depth: usize, mut walk: Walk<'_>) -> Result<Vec<Tag<'a>>, SipaError> {
    let mut tags = Vec::new();
    while reader.remaining() > 0 {
        tags.push(tag(&mut reader, depth, &mut walk)?);
    }
    Ok(tags)
}

fn tag<'a>(reader: &mut Reader<'a>, depth: usize, walk: &mut Walk<'_>) -> Result<Tag<'a>, SipaError> {
    let offset = reader.offset();
    let end = error::end("header", None);
    let id = TagId(reader.u32_le().map_err(end)?);
    let size = reader.size_u32_le().map_err(end)?;
    if id.is_unmeasured() && !walk.unmeasured {
        return Err(SipaError::Unmeasured { tag: id, offset });
    }
    walk.budget.spend(id)?;
    let inside = reader.sub(size).map_err(error::end("payload", Some(id)))?;
    let payload = inside.clone().rest();
    let value = if id.is_container() {
        if depth >= MAX_DEPTH {
            return Err(SipaError::TooDeep {
                offset,
                limit: MAX_DEPTH,
            });
        }
        let walk = Walk {
            budget: walk.budget,
            unmeasured: walk.unmeasured,
        };
        Value::Container(sequence(inside, depth.saturating_add(1), walk)?)
    } else {
        Value::parse(id, inside)?
    };
    Ok(Tag {
        id,
        offset,
        payload,
        value,
    })
}

impl Budget {
    fn spend(&mut self, id: TagId) -> Result<(), SipaError> {
        self.tags = self
            .tags
            .checked_sub(1)
            .ok_or(SipaError::TooManyTags { limit: MAX_TAGS })?;
        if id == TagId::LOADEDMODULE_AGGREGATION {
            self.modules = self
                .modules
                .checked_sub(1)
                .ok_or(SipaError::TooManyModules { limit: MAX_MODULES })?;
        }
        Ok(())
    }
}

/// The most containers inside one another. Windows nests two: a module inside a trust boundary.
pub const MAX_DEPTH: usize = 8;

/// The most tags of one log. A boot of Windows with 64 modules has some 1,200.
pub const MAX_TAGS: usize = 8192;

/// The most loaded modules of one log. Windows lists each one twice, and some two hundred of them.
pub const MAX_MODULES: usize = 2048;

#[cfg(test)]
mod tests;
