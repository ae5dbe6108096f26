//! From the bytes of a file to reference values. Owns the form of the file and its limits; who signed it is decided
//! before, and what the values mean for a guest where they are compared.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::ReferenceError;
use super::object::{Object, wrong};
use super::values::{
    ChipId, ComplianceStatus, ReferenceValues, SnpParavisor, TcbFloor, TdxParavisor, UvmIssuer,
};
use crate::hex;
use crate::json::{AmbiguityError, JsonLimits, check_unambiguous};
use crate::snp::Product;

impl ReferenceValues {
    /// Reads a file: JSON in UTF-8 without unknown or repeated members, every value of the right form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReferenceError> {
        check_unambiguous(bytes, LIMITS)?;
        let value: Value = serde_json::from_slice(bytes).map_err(|error| ReferenceError::Syntax {
            reason: error.to_string(),
        })?;
        let file = Object::new(String::new(), &value, FILE)?;
        let values = Self {
            version: version(&file)?,
            issued: file.date("issued")?,
            expires: file.date("expires")?,
            description: description(&file)?,
            snp_paravisors: paravisors(&file, "snp", SNP_PARAVISOR, snp_paravisor)?,
            tdx_paravisors: paravisors(&file, "tdx", TDX_PARAVISOR, tdx_paravisor)?,
            uvm_issuers: uvm_issuers(&file)?,
            tcb_floors: tcb_floors(&file)?,
            allowed_chips: chips(&file, "allow")?,
            denied_chips: chips(&file, "deny")?,
            refused_products: file.products("refused_products")?,
        };
        values.check()
    }

    /// What holds between the sections.
    fn check(self) -> Result<Self, ReferenceError> {
        if self.expires <= self.issued {
            return Err(ReferenceError::Period {
                issued: self.issued,
                expires: self.expires,
            });
        }
        let mut names = BTreeSet::new();
        if let Some(name) = self.names().find(|name| !names.insert(*name)) {
            return Err(ReferenceError::Duplicate {
                field: "name".to_owned(),
                value: name.to_owned(),
            });
        }
        Ok(self)
    }
}

fn version(file: &Object<'_>) -> Result<u64, ReferenceError> {
    let expected = "an integer from 1 to 9007199254740991";
    match file.number("version", expected)? {
        version if (1..=MAX_VERSION).contains(&version) => Ok(version),
        _ => Err(file.wrong("version", expected)),
    }
}

fn description(file: &Object<'_>) -> Result<String, ReferenceError> {
    let text = file.text_or_empty("description")?;
    if text.len() > MAX_DESCRIPTION_BYTES || text.chars().any(char::is_control) {
        return Err(file.wrong("description", "a line of at most 1024 bytes"));
    }
    Ok(text.to_owned())
}

/// The entries of `hcl.<kind>`.
fn paravisors<T>(
    file: &Object<'_>,
    kind: &str,
    known: &[&str],
    read: impl Fn(&Object<'_>) -> Result<T, ReferenceError>,
) -> Result<Vec<T>, ReferenceError> {
    let Some(section) = file.object("hcl", HCL)? else {
        return Ok(Vec::new());
    };
    let entries = section.objects(kind, known, MAX_PARAVISORS)?;
    entries.iter().map(read).collect()
}

/// An ID block without a key that signs it is the host's own, so only a digest says whose guest it is; and what the
/// ID block states counts only together with a key's digest (AMD publication 56860, "SNP_LAUNCH_FINISH").
fn snp_paravisor(entry: &Object<'_>) -> Result<SnpParavisor, ReferenceError> {
    let paravisor = SnpParavisor {
        name: name(entry)?,
        products: entry.products("products")?,
        id_key_digest: entry.identity("id_key_digest", DIGEST_NOT_ZERO)?,
        author_key_digest: entry.identity("author_key_digest", DIGEST_NOT_ZERO)?,
        measurement: entry.identity("measurement", DIGEST_NOT_ZERO)?,
        family_id: entry.bytes("family_id", SIXTEEN_BYTES)?,
        image_id: entry.bytes("image_id", SIXTEEN_BYTES)?,
        minimum_guest_svn: entry.optional_number("minimum_guest_svn", "an integer from 0 to 4294967295")?,
    };
    let keyed = paravisor.id_key_digest.is_some() || paravisor.author_key_digest.is_some();
    if !keyed && paravisor.measurement.is_none() {
        return Err(ReferenceError::MatchesAnyone {
            field: entry.path().to_owned(),
            needed: "`id_key_digest`, `author_key_digest` or `measurement`",
        });
    }
    let in_id_block = ["family_id", "image_id", "minimum_guest_svn"];
    match in_id_block.into_iter().find(|member| entry.has(member)) {
        Some(member) if !keyed => Err(ReferenceError::Unvouched {
            field: entry.path_of(member),
        }),
        _ => Ok(paravisor),
    }
}

/// Of what a trust domain's report states, MRTD alone says what was launched: the rest is the module's or was chosen
/// by the host.
fn tdx_paravisor(entry: &Object<'_>) -> Result<TdxParavisor, ReferenceError> {
    let mrtd = entry
        .identity("mrtd", DIGEST_NOT_ZERO)?
        .ok_or_else(|| ReferenceError::MatchesAnyone {
            field: entry.path().to_owned(),
            needed: "`mrtd`",
        })?;
    Ok(TdxParavisor {
        name: name(entry)?,
        mrtd,
        mrseam: entry.identity("mrseam", DIGEST_NOT_ZERO)?,
        mrsignerseam: entry.bytes("mrsignerseam", DIGEST)?,
        mrconfigid: entry.bytes("mrconfigid", DIGEST)?,
        mrowner: entry.bytes("mrowner", DIGEST)?,
        mrownerconfig: entry.bytes("mrownerconfig", DIGEST)?,
        minimum_tee_tcb_svn: entry.bytes("minimum_tee_tcb_svn", SIXTEEN_BYTES)?,
    })
}

fn uvm_issuers(file: &Object<'_>) -> Result<Vec<UvmIssuer>, ReferenceError> {
    let mut issuers = Vec::<UvmIssuer>::new();
    for entry in file.objects("uvm", UVM_ISSUER, MAX_UVM_ISSUERS)? {
        let issuer = uvm_issuer(&entry)?;
        let same = |other: &UvmIssuer| other.issuer == issuer.issuer && other.feed == issuer.feed;
        if issuers.iter().any(same) {
            return Err(entry.duplicate("feed", &issuer.feed));
        }
        issuers.push(issuer);
    }
    Ok(issuers)
}

fn uvm_issuer(entry: &Object<'_>) -> Result<UvmIssuer, ReferenceError> {
    let issuer = entry.text("issuer", DID)?;
    if !issuer.starts_with("did:x509:0:") || !is_printable(issuer, MAX_ISSUER_BYTES) {
        return Err(entry.wrong("issuer", DID));
    }
    let feed = entry.text("feed", FEED)?;
    if !is_printable(feed, MAX_FEED_BYTES) {
        return Err(entry.wrong("feed", FEED));
    }
    let expected = "azure-compliant-uvm or azure-signed-katacc-uvm";
    let status = entry.text("status", expected)?;
    Ok(UvmIssuer {
        name: name(entry)?,
        issuer: issuer.to_owned(),
        feed: feed.to_owned(),
        minimum_svn: entry.number("minimum_svn", "an integer that is not negative")?,
        status: ComplianceStatus::OF_UVM
            .into_iter()
            .find(|known| known.name() == status)
            .ok_or_else(|| entry.wrong("status", expected))?,
    })
}

fn tcb_floors(file: &Object<'_>) -> Result<BTreeMap<Product, TcbFloor>, ReferenceError> {
    let mut floors = BTreeMap::new();
    let Some(section) = file.object("tcb_floors", &PRODUCT_NAMES)? else {
        return Ok(floors);
    };
    for product in Product::ALL {
        if let Some(entry) = section.object(product.name(), TCB_FLOOR)? {
            floors.insert(product, tcb_floor(product, &entry)?);
        }
    }
    Ok(floors)
}

fn tcb_floor(product: Product, entry: &Object<'_>) -> Result<TcbFloor, ReferenceError> {
    let component = |name| entry.optional_number(name, "an integer from 0 to 255");
    if !product.has_fmc() && entry.has("fmc") {
        return Err(entry.wrong("fmc", "absent, for this product line has no FMC"));
    }
    let floor = TcbFloor {
        fmc: component("fmc")?,
        bootloader: component("bootloader")?,
        tee: component("tee")?,
        snp: component("snp")?,
        microcode: component("microcode")?,
        mitigations: entry
            .identity(
                "mitigations",
                "8 bytes in hexadecimal, the highest first, not all of them zero",
            )?
            .map(u64::from_be_bytes),
        alias_check: entry.flag("alias_check")?,
    };
    if floor == TcbFloor::default() {
        return Err(ReferenceError::MatchesAnyone {
            field: entry.path().to_owned(),
            needed: "a component, `mitigations` or `alias_check`",
        });
    }
    Ok(floor)
}

/// The chips of `chips.<list>` by product line. A line that is listed without a chip is kept: it allows none.
fn chips(file: &Object<'_>, list: &str) -> Result<BTreeMap<Product, BTreeSet<ChipId>>, ReferenceError> {
    let mut chips = BTreeMap::new();
    let section = file.object("chips", CHIPS)?;
    let lists = section
        .map(|section| section.object(list, &PRODUCT_NAMES))
        .transpose()?;
    let Some(lists) = lists.flatten() else {
        return Ok(chips);
    };
    for product in Product::ALL
        .into_iter()
        .filter(|product| lists.has(product.name()))
    {
        let mut ids = BTreeSet::new();
        for (path, text) in lists.texts(product.name(), MAX_CHIPS)? {
            let id = chip_id(product, text)
                .ok_or_else(|| wrong(path.clone(), chip_id_form(product), Some(&Value::from(text))))?;
            if !ids.insert(id) {
                return Err(ReferenceError::Duplicate {
                    field: path,
                    value: crate::json::abridged(text),
                });
            }
        }
        chips.insert(product, ids);
    }
    Ok(chips)
}

/// The identifier as reports state it: what a line does not use is zero. All zero it is masked, and of no chip.
fn chip_id(product: Product, text: &str) -> Option<ChipId> {
    let stated = hex::decode(text.as_bytes())?;
    let mut id = [0; 64];
    id.get_mut(..product.chip_id_bytes())?
        .copy_from_slice((stated.len() == product.chip_id_bytes()).then_some(&stated)?);
    (id != [0; 64]).then_some(id)
}

const fn chip_id_form(product: Product) -> &'static str {
    if product.has_fmc() {
        "a chip's 8 bytes in hexadecimal"
    } else {
        "a chip's 64 bytes in hexadecimal"
    }
}

/// Names stand in claims and are what policies compare.
fn name(entry: &Object<'_>) -> Result<String, ReferenceError> {
    let expected = "a name of 1 to 64 letters, digits, `.`, `_` and `-`";
    let name = entry.text("name", expected)?;
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if (1..=MAX_NAME_BYTES).contains(&name.len()) && name.bytes().all(of_name) {
        Ok(name.to_owned())
    } else {
        Err(entry.wrong("name", expected))
    }
}

fn is_printable(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

impl From<AmbiguityError> for ReferenceError {
    fn from(error: AmbiguityError) -> Self {
        match error {
            AmbiguityError::TooLarge { size, limit } => Self::TooLarge { size, limit },
            AmbiguityError::Syntax { reason } => Self::Syntax { reason },
        }
    }
}

/// The largest file read, in bytes. A list of [`MAX_CHIPS`] chips of one line takes about 2 MB.
pub const MAX_REFERENCE_BYTES: usize = 4 * 1024 * 1024;
/// The most paravisors of one kind. Azure signs all of one generation with one key.
pub const MAX_PARAVISORS: usize = 256;
/// The most issuers of endorsements. Azure has two feeds.
pub const MAX_UVM_ISSUERS: usize = 64;
/// The most chips of one product line on a list: ten thousand hosts of two sockets and some.
pub const MAX_CHIPS: usize = 16 * 1024;

/// The file nests five levels deep (file, chips, list, product line, chip).
const MAX_DEPTH: u8 = 8;
const LIMITS: JsonLimits = JsonLimits {
    bytes: MAX_REFERENCE_BYTES,
    depth: MAX_DEPTH,
};
/// The largest integer that every reader of JSON keeps (RFC 8259, 6).
const MAX_VERSION: u64 = (1 << 53) - 1;
const MAX_DESCRIPTION_BYTES: usize = 1024;
const MAX_NAME_BYTES: usize = 64;
/// A did:x509 with several policies has about 200.
const MAX_ISSUER_BYTES: usize = 1024;
/// The feeds there are have 20.
const MAX_FEED_BYTES: usize = 128;

const DIGEST: &str = "48 bytes in hexadecimal";
const DIGEST_NOT_ZERO: &str = "48 bytes in hexadecimal, not all of them zero";
const SIXTEEN_BYTES: &str = "16 bytes in hexadecimal";
const DID: &str = "a decentralised identifier `did:x509:0:...`";
const FEED: &str = "1 to 128 printable characters without blanks";

const FILE: &[&str] = &[
    "version",
    "issued",
    "expires",
    "description",
    "hcl",
    "uvm",
    "tcb_floors",
    "chips",
    "refused_products",
];
const HCL: &[&str] = &["snp", "tdx"];
const SNP_PARAVISOR: &[&str] = &[
    "name",
    "products",
    "id_key_digest",
    "author_key_digest",
    "measurement",
    "family_id",
    "image_id",
    "minimum_guest_svn",
];
const TDX_PARAVISOR: &[&str] = &[
    "name",
    "mrtd",
    "mrseam",
    "mrsignerseam",
    "mrconfigid",
    "mrowner",
    "mrownerconfig",
    "minimum_tee_tcb_svn",
];
const UVM_ISSUER: &[&str] = &["name", "issuer", "feed", "minimum_svn", "status"];
const TCB_FLOOR: &[&str] = &[
    "fmc",
    "bootloader",
    "tee",
    "snp",
    "microcode",
    "mitigations",
    "alias_check",
];
const CHIPS: &[&str] = &["allow", "deny"];
const PRODUCT_NAMES: [&str; 4] = [
    Product::Milan.name(),
    Product::Genoa.name(),
    Product::Turin.name(),
    Product::Venice.name(),
];

#[cfg(test)]
mod tests;
