//! TCB info documents (Intel PCS API v4 and v3, "Get TCB Info", versions 3 and 2): the security levels of one kind of
//! platform. Owns their shape and the order of their levels; signatures and dates are judged by the collateral.

use std::cmp::Reverse;
use std::sync::Arc;

use super::json::{JsonError, Object, SignedDocument};
use super::quote::Tee;
use super::tcb::TcbStatus;
use crate::time::UnixTime;

/// A TCB info document, read and put in order.
#[derive(Clone, Debug)]
pub(super) struct TcbInfo {
    pub(super) tee: Tee,
    pub(super) issue_date: UnixTime,
    pub(super) next_update: UnixTime,
    pub(super) fmspc: [u8; 6],
    pub(super) pce_id: [u8; 2],
    pub(super) evaluation_number: u32,
    /// For TDX, always present; for SGX never.
    pub(super) tdx_module: Option<TdxModule>,
    pub(super) module_identities: Vec<TdxModuleIdentity>,
    /// Highest first.
    pub(super) levels: Vec<TcbLevel>,
}

/// The SEAM module that a TDX platform may run (member `tdxModule`, and part of each module identity).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TdxModule {
    pub(super) mrsigner: [u8; 48],
    pub(super) attributes: [u8; 8],
    pub(super) attributes_mask: [u8; 8],
}

/// The SEAM module of one major version (member `tdxModuleIdentities`).
#[derive(Clone, Debug)]
pub(super) struct TdxModuleIdentity {
    /// In upper case, for instance `TDX_01`.
    pub(super) id: String,
    pub(super) module: TdxModule,
    /// Highest first.
    pub(super) levels: Vec<IsvSvnLevel>,
}

/// A security level of the platform.
#[derive(Clone, Debug)]
pub(super) struct TcbLevel {
    pub(super) sgx: [u8; COMPONENTS],
    pub(super) pce_svn: u16,
    /// Zero for SGX.
    pub(super) tdx: [u8; COMPONENTS],
    /// What Intel calls the components; empty where it does not.
    pub(super) sgx_names: Arc<[Option<Arc<str>>]>,
    pub(super) tdx_names: Arc<[Option<Arc<str>>]>,
    pub(super) verdict: LevelVerdict,
}

/// A security level of an enclave or module, which has one SVN.
#[derive(Clone, Debug)]
pub(super) struct IsvSvnLevel {
    pub(super) isv_svn: u16,
    pub(super) verdict: LevelVerdict,
}

/// What Intel says of a level.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LevelVerdict {
    pub(super) status: TcbStatus,
    pub(super) tcb_date: UnixTime,
    pub(super) advisories: Arc<[String]>,
}

/// The number of SGX and of TDX TCB components.
pub(super) const COMPONENTS: usize = 16;

impl TcbInfo {
    /// Reads the signed object. The caller has verified its signature.
    pub(super) fn parse(document: &SignedDocument<'_>) -> Result<Self, JsonError> {
        let value = document.parse()?;
        let info = Object::new("tcbInfo", &value)?;
        let version = version(&info)?;
        if info.number::<u64>("tcbType", "0")? != COMPONENT_WISE {
            return Err(info.wrong("tcbType", "0"));
        }
        let tee = tee(&info, version)?;
        let mut levels = levels(&info, version, tee)?;
        levels.sort_by_key(|level| Reverse(level.order()));
        refuse_duplicate(&levels, TcbLevel::order, || {
            info.wrong("tcbLevels", "no two levels with the same SVNs")
        })?;
        let (tdx_module, module_identities) = match tee {
            Tee::Sgx => (None, Vec::new()),
            Tee::Tdx => (
                Some(TdxModule::parse(&info.object("tdxModule")?)?),
                module_identities(&info)?,
            ),
        };
        Ok(Self {
            tee,
            issue_date: info.date("issueDate")?,
            next_update: info.date("nextUpdate")?,
            fmspc: info.bytes("fmspc", "6 bytes in hexadecimal")?,
            pce_id: info.bytes("pceId", "2 bytes in hexadecimal")?,
            evaluation_number: info.number("tcbEvaluationDataNumber", "a number up to 4294967295")?,
            tdx_module,
            module_identities,
            levels,
        })
    }
}

impl TcbLevel {
    /// What levels are ordered by, highest first, and what makes two of them the same: the SGX components, the PCE's
    /// SVN, the TDX components.
    fn order(&self) -> ([u8; COMPONENTS], u16, [u8; COMPONENTS]) {
        (self.sgx, self.pce_svn, self.tdx)
    }
}

impl TdxModule {
    fn parse(object: &Object<'_>) -> Result<Self, JsonError> {
        Ok(Self {
            mrsigner: object.bytes("mrsigner", "48 bytes in hexadecimal")?,
            attributes: object.bytes("attributes", "8 bytes in hexadecimal")?,
            attributes_mask: object.bytes("attributesMask", "8 bytes in hexadecimal")?,
        })
    }
}

/// The levels of an enclave identity or module identity, highest first; at least one, no SVN twice, and no status but
/// the three that Intel's verification library knows for them.
pub(super) fn isv_svn_levels(object: &Object<'_>) -> Result<Vec<IsvSvnLevel>, JsonError> {
    let mut levels = Vec::new();
    for level in object.objects("tcbLevels")? {
        let isv_svn = level.object("tcb")?.number("isvsvn", "a number up to 65535")?;
        let verdict = LevelVerdict::parse(&level)?;
        if !matches!(
            verdict.status,
            TcbStatus::UpToDate | TcbStatus::OutOfDate | TcbStatus::Revoked
        ) {
            return Err(level.wrong("tcbStatus", "UpToDate, OutOfDate or Revoked"));
        }
        levels.push(IsvSvnLevel { isv_svn, verdict });
    }
    if levels.is_empty() {
        return Err(object.wrong("tcbLevels", "at least one level"));
    }
    levels.sort_by_key(|level| Reverse(level.isv_svn));
    refuse_duplicate(
        &levels,
        |level| level.isv_svn,
        || object.wrong("tcbLevels", "no two levels with the same SVN"),
    )?;
    Ok(levels)
}

impl LevelVerdict {
    fn parse(level: &Object<'_>) -> Result<Self, JsonError> {
        let status = level
            .text("tcbStatus")?
            .parse()
            .ok()
            .filter(|status| {
                !matches!(
                    status,
                    TcbStatus::TdRelaunchAdvised | TcbStatus::TdRelaunchAdvisedConfigurationNeeded
                )
            })
            .ok_or_else(|| level.wrong("tcbStatus", "a TCB status"))?;
        Ok(Self {
            status,
            tcb_date: level.date("tcbDate")?,
            advisories: level.texts("advisoryIDs")?.into(),
        })
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Version {
    V2,
    V3,
}

fn version(info: &Object<'_>) -> Result<Version, JsonError> {
    match info.number::<u64>("version", "2 or 3")? {
        2 => Ok(Version::V2),
        3 => Ok(Version::V3),
        _ => Err(info.wrong("version", "2 or 3")),
    }
}

/// Version 2 precedes TDX and has no `id`.
fn tee(info: &Object<'_>, version: Version) -> Result<Tee, JsonError> {
    match version {
        Version::V2 if !info.has("id") => Ok(Tee::Sgx),
        Version::V2 => Err(info.wrong("id", "nothing in version 2")),
        Version::V3 => match info.text("id")? {
            "SGX" => Ok(Tee::Sgx),
            "TDX" => Ok(Tee::Tdx),
            _ => Err(info.wrong("id", "SGX or TDX")),
        },
    }
}

fn levels(info: &Object<'_>, version: Version, tee: Tee) -> Result<Vec<TcbLevel>, JsonError> {
    let unnamed: Arc<[Option<Arc<str>>]> = Arc::from([const { None }; COMPONENTS]);
    let mut levels = Vec::new();
    for level in info.objects("tcbLevels")? {
        let tcb = level.object("tcb")?;
        let (sgx, sgx_names) = match version {
            Version::V2 => (flat_components(&tcb)?, Arc::clone(&unnamed)),
            Version::V3 => components(&tcb, "sgxtcbcomponents")?,
        };
        let (tdx, tdx_names) = match tee {
            Tee::Sgx => ([0; COMPONENTS], Arc::clone(&unnamed)),
            Tee::Tdx => components(&tcb, "tdxtcbcomponents")?,
        };
        let pce_svn = tcb.number("pcesvn", "a number up to 65535")?;
        levels.push(TcbLevel {
            sgx,
            pce_svn,
            tdx,
            sgx_names,
            tdx_names,
            verdict: LevelVerdict::parse(&level)?,
        });
    }
    if levels.is_empty() {
        return Err(info.wrong("tcbLevels", "at least one level"));
    }
    Ok(levels)
}

/// Version 2: sixteen members `sgxtcbcomp01svn` to `sgxtcbcomp16svn`.
fn flat_components(tcb: &Object<'_>) -> Result<[u8; COMPONENTS], JsonError> {
    let mut svns = [0; COMPONENTS];
    for (number, svn) in (1_u8..).zip(&mut svns) {
        *svn = tcb.number(&format!("sgxtcbcomp{number:02}svn"), "a number up to 255")?;
    }
    Ok(svns)
}

type NamedComponents = ([u8; COMPONENTS], Arc<[Option<Arc<str>>]>);

/// Version 3: an array of sixteen objects with an SVN and, since 2023, what the component is.
fn components(tcb: &Object<'_>, member: &str) -> Result<NamedComponents, JsonError> {
    let objects = tcb.objects(member)?;
    let objects: &[Object<'_>; COMPONENTS] = objects.as_slice().try_into().map_err(|_| JsonError::Field {
        field: tcb.path_of(member),
        expected: "16 components",
        found: format!("{} components", objects.len()),
    })?;
    let mut svns = [0; COMPONENTS];
    let mut names = Vec::with_capacity(COMPONENTS);
    for (component, svn) in objects.iter().zip(&mut svns) {
        *svn = component.number("svn", "a number up to 255")?;
        names.push(component_name(component));
    }
    Ok((svns, names.into()))
}

/// `type` and `category` of a component, for people: nothing is decided by them.
fn component_name(component: &Object<'_>) -> Option<Arc<str>> {
    match (
        component.text("type").ok().filter(|text| !text.is_empty()),
        component.text("category").ok(),
    ) {
        (Some(kind), Some(category)) => Some(Arc::from(format!("{category}: {kind}"))),
        (Some(only), None) | (None, Some(only)) => Some(Arc::from(only)),
        (None, None) => None,
    }
}

fn module_identities(info: &Object<'_>) -> Result<Vec<TdxModuleIdentity>, JsonError> {
    if !info.has("tdxModuleIdentities") {
        return Ok(Vec::new());
    }
    let mut identities = Vec::new();
    for identity in info.objects("tdxModuleIdentities")? {
        identities.push(TdxModuleIdentity {
            id: identity.text("id")?.to_ascii_uppercase(),
            module: TdxModule::parse(&identity)?,
            levels: isv_svn_levels(&identity)?,
        });
    }
    identities.sort_by(|one, other| one.id.cmp(&other.id));
    refuse_duplicate(
        &identities,
        |identity| identity.id.clone(),
        || info.wrong("tdxModuleIdentities", "no two identities with the same id"),
    )?;
    Ok(identities)
}

/// Two equal neighbours in a sorted list make it ambiguous which one counts.
fn refuse_duplicate<T, K: PartialEq>(
    sorted: &[T],
    key: impl Fn(&T) -> K,
    error: impl FnOnce() -> JsonError,
) -> Result<(), JsonError> {
    let duplicate = sorted
        .iter()
        .zip(sorted.iter().skip(1))
        .any(|(one, next)| key(one) == key(next));
    if duplicate { Err(error()) } else { Ok(()) }
}

/// The only `tcbType` defined: every component is compared by itself.
const COMPONENT_WISE: u64 = 0;

#[cfg(test)]
mod tests;
