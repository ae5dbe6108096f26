//! Paths and parameters (Intel SGX and TDX PCS API v3 and v4; PCCS design guide; Azure THIM).

use attestry_api::hex;

use crate::intel::{EARLY_NUMBER, OLDEST_NUMBER, PckCa, Tee, UpdateSet};

/// The generation of the interface: it decides the form of TCB info and the names of headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum ApiVersion {
    V2,
    V3,
    V4,
}

/// A document asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    TcbInfo {
        tee: Tee,
        fmspc: Vec<u8>,
        edition: Edition,
    },
    EnclaveIdentity {
        id: &'static str,
        edition: Edition,
    },
    PckCrl {
        ca: PckCa,
        form: ListForm,
    },
    RootCrl {
        form: ListForm,
    },
    RootCertificate,
    EvaluationNumbers {
        tee: Tee,
    },
    Fmspcs,
    PckCertificate,
}

/// Which set of TCB info or identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Edition {
    Update(UpdateSet),
    Number(u64),
}

/// How a revocation list is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum ListForm {
    Der,
    Hex,
    Pem,
}

/// A request understood.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    pub(super) version: ApiVersion,
    pub(super) wanted: Wanted,
}

/// Understands a request, or gives the status of its refusal.
pub(super) fn parse(path: &str, query: &str, has_metadata_header: bool) -> Result<Asked, u16> {
    let path = match path.strip_prefix("/metadata/THIM") {
        Some(_) if !has_metadata_header => return Err(BAD_REQUEST),
        Some(rest) => rest,
        None => path,
    };
    let asked = |version, wanted| Ok(Asked { version, wanted });
    match path {
        "/IntelSGXRootCA.der" => return asked(ApiVersion::V4, Wanted::RootCertificate),
        "/IntelSGXRootCA.crl" => return asked(ApiVersion::V4, Wanted::RootCrl { form: ListForm::Der }),
        _ => {}
    }
    let (tee, rest) = match (
        path.strip_prefix("/sgx/certification/"),
        path.strip_prefix("/tdx/certification/"),
    ) {
        (Some(rest), _) => (Tee::Sgx, rest),
        (_, Some(rest)) => (Tee::Tdx, rest),
        _ => return Err(NOT_FOUND),
    };
    let (version, resource) = match rest.split_once('/') {
        Some(("v4", resource)) => (ApiVersion::V4, resource),
        Some(("v3", resource)) => (ApiVersion::V3, resource),
        Some(("v2", resource)) => (ApiVersion::V2, resource),
        // Azure's older cache path has no version.
        _ => (ApiVersion::V2, rest),
    };
    if tee == Tee::Tdx && version != ApiVersion::V4 {
        return Err(NOT_FOUND);
    }
    asked(version, wanted(tee, version, resource, &Query(query))?)
}

fn wanted(tee: Tee, version: ApiVersion, resource: &str, query: &Query<'_>) -> Result<Wanted, u16> {
    Ok(match (tee, resource) {
        (_, "tcb") => {
            let fmspc = query
                .get("fmspc")
                .and_then(|text| hex::decode(&text))
                .ok_or(BAD_REQUEST)?;
            Wanted::TcbInfo {
                tee,
                fmspc,
                edition: edition(version, query)?,
            }
        }
        (Tee::Sgx, "qe/identity") => identity("QE", version, query)?,
        (Tee::Tdx, "qe/identity") => identity("TD_QE", version, query)?,
        (Tee::Sgx, "qve/identity") => identity("QVE", version, query)?,
        (Tee::Sgx, "qae/identity") if version == ApiVersion::V4 => identity("QAE", version, query)?,
        // Azure's cache knows lists by their addresses, the root's among them.
        (Tee::Sgx, "pckcrl")
            if query
                .get("uri")
                .is_some_and(|uri| uri.ends_with("/IntelSGXRootCA.crl")) =>
        {
            Wanted::RootCrl {
                form: list_form(query)?,
            }
        }
        (Tee::Sgx, "pckcrl") => Wanted::PckCrl {
            ca: pck_ca(query)?,
            form: list_form(query)?,
        },
        (_, "rootcacrl") => Wanted::RootCrl { form: ListForm::Hex },
        (_, "tcbevaluationdatanumbers") if version == ApiVersion::V4 => Wanted::EvaluationNumbers { tee },
        (Tee::Sgx, "fmspcs") => Wanted::Fmspcs,
        (Tee::Sgx, "pckcert") => Wanted::PckCertificate,
        _ => return Err(NOT_FOUND),
    })
}

fn identity(id: &'static str, version: ApiVersion, query: &Query<'_>) -> Result<Wanted, u16> {
    Ok(Wanted::EnclaveIdentity {
        id,
        edition: edition(version, query)?,
    })
}

/// `update` and `tcbEvaluationDataNumber` exclude each other; a retired number is gone, a future one unknown.
fn edition(version: ApiVersion, query: &Query<'_>) -> Result<Edition, u16> {
    let number = query
        .get("tcbEvaluationDataNumber")
        .filter(|_| version == ApiVersion::V4);
    match (query.get("update").as_deref(), number) {
        (None, Some(number)) => match number.parse() {
            Ok(number) if number < OLDEST_NUMBER => Err(GONE),
            Ok(number) if number > EARLY_NUMBER => Err(NOT_FOUND),
            Ok(number) => Ok(Edition::Number(number)),
            Err(_) => Err(BAD_REQUEST),
        },
        (None | Some("standard"), None) => Ok(Edition::Update(UpdateSet::Standard)),
        (Some("early"), None) => Ok(Edition::Update(UpdateSet::Early)),
        (Some(_), _) => Err(BAD_REQUEST),
    }
}

/// Intel's services name the authority; Azure's older cache gives the URL of its list.
fn pck_ca(query: &Query<'_>) -> Result<PckCa, u16> {
    let names_ca = |text: &str| match text {
        "processor" => Some(PckCa::Processor),
        "platform" => Some(PckCa::Platform),
        _ => None,
    };
    match (query.get("ca"), query.get("uri")) {
        (Some(ca), _) => names_ca(&ca).ok_or(BAD_REQUEST),
        (None, Some(uri)) => {
            let inner = uri.split_once('?').map_or("", |(_, query)| query);
            Query(inner)
                .get("ca")
                .and_then(|ca| names_ca(&ca))
                .ok_or(BAD_REQUEST)
        }
        (None, None) => Err(BAD_REQUEST),
    }
}

fn list_form(query: &Query<'_>) -> Result<ListForm, u16> {
    match query.get("encoding").as_deref() {
        None | Some("pem") => Ok(ListForm::Pem),
        Some("der") => Ok(ListForm::Der),
        Some(_) => Err(BAD_REQUEST),
    }
}

/// The part of an address after the question mark.
pub(super) struct Query<'a>(pub(super) &'a str);

impl Query<'_> {
    /// The first value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        let mut pairs = self.0.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .map(|(_, value)| percent_decode(value))
    }
}

fn percent_decode(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low]).ok().and_then(hex::decode),
            _ => None,
        };
        if let Some(decoded) = escaped {
            out.extend(decoded);
            rest = after.get(2..).unwrap_or_default();
        } else {
            out.push(byte);
            rest = after;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

pub(super) const BAD_REQUEST: u16 = 400;
pub(super) const NOT_FOUND: u16 = 404;
/// A TCB evaluation data number that has been retired (PCS API v4, "Get TCB Info").
pub(super) const GONE: u16 = 410;
