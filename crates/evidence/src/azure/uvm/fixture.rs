//! CBOR and envelopes written by hand for tests, after RFC 8949 and RFC 9052, where nothing is signed; and the forge's
//! signer, made once.

use std::sync::LazyLock;

use attestry_forge::azure::UvmAuthority;

/// The time of the tests, seconds since 1970.
pub(super) const NOW: i64 = 1_768_435_200;

/// The forge's signer and time stamp authority at [`NOW`].
pub(super) fn authority() -> UvmAuthority {
    static AUTHORITY: LazyLock<UvmAuthority> = LazyLock::new(|| UvmAuthority::new(NOW));
    AUTHORITY.clone()
}

/// A CBOR item to be written.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Integer(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Self>),
    Map(Vec<(Self, Self)>),
    Tagged(u64, Box<Self>),
    Null,
}

impl Item {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The encoding in its shortest form.
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Integer(number) if *number < 0 => head(1, u64::try_from(!number).unwrap()),
            Self::Integer(number) => head(0, u64::try_from(*number).unwrap()),
            Self::Bytes(bytes) => [head(2, size(bytes)), bytes.clone()].concat(),
            Self::Text(text) => [head(3, size(text.as_bytes())), text.clone().into_bytes()].concat(),
            Self::Array(items) => {
                let items: Vec<u8> = items.iter().flat_map(Self::encode).collect();
                [head(4, self.count()), items].concat()
            }
            Self::Map(entries) => {
                let entries: Vec<u8> = entries
                    .iter()
                    .flat_map(|(key, value)| [key.encode(), value.encode()].concat())
                    .collect();
                [head(5, self.count()), entries].concat()
            }
            Self::Tagged(tag, item) => [head(6, *tag), item.encode()].concat(),
            Self::Null => vec![0xf6],
        }
    }

    fn count(&self) -> u64 {
        let count = match self {
            Self::Array(items) => items.len(),
            Self::Map(entries) => entries.len(),
            _ => 0,
        };
        u64::try_from(count).unwrap()
    }
}

fn size(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap()
}

fn head(major_type: u8, argument: u64) -> Vec<u8> {
    let first = major_type << 5;
    let bytes = argument.to_be_bytes();
    match argument {
        0..24 => vec![first | bytes[7]],
        24..0x100 => vec![first | 0x18, bytes[7]],
        0x100..0x1_0000 => [&[first | 0x19], &bytes[6..]].concat(),
        0x1_0000..0x1_0000_0000 => [&[first | 0x1a], &bytes[4..]].concat(),
        _ => [&[first | 0x1b], &bytes[..]].concat(),
    }
}

/// The parts of an envelope, each of which a test can replace.
#[derive(Clone)]
pub(super) struct RawEnvelope {
    pub(super) protected: Vec<(Item, Item)>,
    pub(super) unprotected: Vec<(Item, Item)>,
    pub(super) payload: Item,
    pub(super) signature: Vec<u8>,
}

impl RawEnvelope {
    /// The early form: `iss`, `feed` and `signingtime` are headers.
    pub(super) fn early() -> Self {
        let measurement = crate::hex::encode(&[0xAB; 48]);
        let payload = format!(
            r#"{{"x-ms-sevsnpvm-guestsvn":"104","x-ms-sevsnpvm-launchmeasurement":"{measurement}"}}"#
        );
        Self {
            protected: vec![
                (Item::Integer(1), Item::Integer(-38)),
                (Item::Integer(3), Item::text("application/json")),
                (Item::Integer(33), Item::Array(vec![Item::Bytes(vec![0x30, 0])])),
                (Item::text("iss"), Item::text(ISSUER)),
                (Item::text("feed"), Item::text("ContainerPlat-AMD-UVM")),
                (
                    Item::text("signingtime"),
                    Item::Tagged(1, Box::new(Item::Integer(1_700_000_000))),
                ),
            ],
            unprotected: Vec::new(),
            payload: Item::Bytes(payload.into_bytes()),
            signature: vec![7; 8],
        }
    }

    /// The later form: CWT claims, and the measurement itself as payload.
    pub(super) fn later() -> Self {
        let mut raw = Self::early();
        for label in ["iss", "feed", "signingtime"] {
            raw.remove(&Item::text(label));
        }
        raw.set(Item::Integer(3), Item::text("application/octet-stream"));
        raw.set(
            Item::Integer(15),
            Item::Map(vec![
                (Item::Integer(1), Item::text(ISSUER)),
                (Item::Integer(2), Item::text("ContainerPlat-AMD-UVM")),
                (Item::Integer(6), Item::Integer(1_700_000_000)),
                (Item::text("svn"), Item::Integer(104)),
            ]),
        );
        raw.payload = Item::Bytes(vec![0xAB; 48]);
        raw
    }

    /// Replaces or adds a protected header.
    pub(super) fn set(&mut self, label: Item, value: Item) {
        self.remove(&label);
        self.protected.push((label, value));
    }

    pub(super) fn remove(&mut self, label: &Item) {
        self.protected
            .retain(|(known, _)| known.encode() != label.encode());
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let parts = vec![
            Item::Bytes(Item::Map(self.protected.clone()).encode()),
            Item::Map(self.unprotected.clone()),
            self.payload.clone(),
            Item::Bytes(self.signature.clone()),
        ];
        Item::Tagged(18, Box::new(Item::Array(parts))).encode()
    }
}

/// A did:x509 of the form that the endorsements of Azure Container Instances have.
pub(super) const ISSUER: &str =
    "did:x509:0:sha256:I__iuL25oXEVFdTP_aBLx_eT1RPHbCQ_ECBQfYZpt9s::eku:1.3.6.1.4.1.311.76.59.1.2";
