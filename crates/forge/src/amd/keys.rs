//! The RSA keys of the forge's AMD hierarchies. They cannot be derived from a seed, so they are files; the
//! README beside them says what they are not.

use std::sync::LazyLock;

use crate::{
    Seed,
    pki::{RsaKeyPair, RsaScheme},
};

use super::ProductLine;

/// The keys of one product line.
pub(super) struct LineKeys {
    pub(super) ark: RsaKeyPair,
    pub(super) ask: RsaKeyPair,
    pub(super) asvk: RsaKeyPair,
}

/// The keys of a line: of the default seed each line has its own, all lines of all other seeds share one set.
pub(super) fn line_keys(seed: &Seed, line: ProductLine) -> &'static LineKeys {
    if *seed == Seed::default() {
        match line {
            ProductLine::Milan => &MILAN,
            ProductLine::Genoa => &GENOA,
            ProductLine::Turin => &TURIN,
        }
    } else {
        &OTHER
    }
}

macro_rules! line_keys {
    ($line:literal) => {
        LazyLock::new(|| LineKeys {
            ark: load(include_bytes!(concat!("keys/", $line, "-ark.der"))),
            ask: load(include_bytes!(concat!("keys/", $line, "-ask.der"))),
            asvk: load(include_bytes!(concat!("keys/", $line, "-asvk.der"))),
        })
    };
}

static MILAN: LazyLock<LineKeys> = line_keys!("milan");
static GENOA: LazyLock<LineKeys> = line_keys!("genoa");
static TURIN: LazyLock<LineKeys> = line_keys!("turin");
static OTHER: LazyLock<LineKeys> = line_keys!("other");

#[expect(clippy::expect_used, reason = "the key files are part of this crate")]
fn load(pkcs8: &[u8]) -> RsaKeyPair {
    RsaKeyPair::from_pkcs8(pkcs8, RsaScheme::PSS_SHA384).expect("a key file of this crate")
}
