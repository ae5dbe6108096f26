//! The pieces of evidence the demo attests: one of every supported kind, and one that has to be refused.

use attestry_client::key_release::UnwrappingKey;
use attestry_client::{AttestationType, Data};
use attestry_forge::amd::{AmdForge, ProductLine, SnpEvidence};
use attestry_forge::intel::IntelForge;
use attestry_forge::openenclave::{self, Format};
use attestry_forge::quote::{SgxQuoteSpec, TdBody, TdxQuoteSpec};
use serde_json::{Value, json};

use crate::failure::Failure;

/// One piece of evidence and what must come of it.
#[derive(Clone)]
pub struct Piece {
    /// For the table.
    pub title: &'static str,
    /// For the samples' file names.
    pub slug: &'static str,
    pub kind: AttestationType,
    pub evidence: Vec<u8>,
    /// The data the evidence vouches for.
    pub runtime_data: Data,
    pub nonce: &'static str,
    /// What the token must say; empty for what must be refused.
    pub expected_claims: Vec<(&'static str, Value)>,
    /// The code of the explanation, for what must be refused.
    pub expect_refusal: Option<&'static str>,
}

/// What a workload typically binds: a key that it alone holds.
pub const RUNTIME_DATA: &str =
    r#"{"purpose":"attestry demo","key":{"kty":"EC","crv":"P-256","kid":"workload-1"}}"#;

/// Ties each token to its request.
const NONCE: &str = "demo-4711";

/// An SNP guest with a key of its own.
pub struct Guest {
    pub piece: Piece,
    /// Opens what is wrapped to the guest.
    pub key: UnwrappingKey,
    /// The launch measurement, in hexadecimal.
    pub measurement: String,
    /// Whether a vault should give it the secret.
    pub deserves_secret: bool,
}

/// The SNP guests of the demo.
pub struct Guests {
    pub milan: Guest,
    pub turin: Guest,
    /// Like the first, but its host can read its memory.
    pub debug: Guest,
}

/// Guests on two generations of processors, each with the key that it announces in its runtime data.
pub fn guests(forge: &AmdForge) -> Result<Guests, Failure> {
    let mut turin = forge.snp_evidence(ProductLine::Turin);
    turin.use_vlek(forge, "cloud.example", ProductLine::Turin.default_tcb());
    let mut debug = forge.snp_evidence(ProductLine::Milan);
    debug.report.set_debug(true);
    let debug = guest(forge, ("SNP report, debug", "snp-debug"), debug, false)?;
    Ok(Guests {
        milan: guest(
            forge,
            ("SNP report of Milan (VCEK)", "snp-milan"),
            forge.snp_evidence(ProductLine::Milan),
            true,
        )?,
        turin: guest(forge, ("SNP report of Turin (VLEK)", "snp-turin"), turin, true)?,
        debug,
    })
}

fn guest(
    forge: &AmdForge,
    (title, slug): (&'static str, &'static str),
    mut evidence: SnpEvidence,
    deserves_secret: bool,
) -> Result<Guest, Failure> {
    let unusable = |error| Failure::environment(format!("no key can be made: {error}"));
    let key = UnwrappingKey::generate().map_err(unusable)?;
    let runtime_data = key.runtime_data("guest-1").map_err(unusable)?;
    evidence.bind_runtime_data(runtime_data.as_bytes());
    let measurement = attestry_api::hex::encode(&evidence.report.measurement);
    let mut piece = accepted(
        title,
        slug,
        AttestationType::SevSnpVm,
        evidence.to_json(forge).into_bytes(),
        vec![
            ("x-ms-attestation-type", json!("sevsnpvm")),
            ("x-ms-sevsnpvm-launchmeasurement", json!(measurement)),
            ("x-ms-sevsnpvm-is-debuggable", json!(!deserves_secret)),
            ("x-ms-sevsnpvm-vmpl", json!(0)),
        ],
    );
    let announced = serde_json::from_str(&runtime_data).unwrap_or_default();
    for (name, expected) in &mut piece.expected_claims {
        if *name == "x-ms-runtime" {
            *expected = Value::clone(&announced);
        }
    }
    piece.runtime_data = Data::Json(runtime_data.into_bytes());
    Ok(Guest {
        piece,
        key,
        measurement,
        deserves_secret,
    })
}

pub fn pieces(forge: &IntelForge, guests: &Guests) -> Vec<Piece> {
    let sgx = bound(forge.sgx_quote_spec());
    let mut outdated = sgx.clone();
    // The first component is the microcode that the firmware loads early; 9 is two updates behind.
    outdated.pck.set_component_svn(0, 9);
    outdated.qe_report.cpu_svn = cpu_svn(&outdated.pck.cpu_svn);
    outdated.report.cpu_svn = outdated.qe_report.cpu_svn;
    vec![
        accepted(
            "SGX quote, version 3",
            "sgx-quote",
            AttestationType::SgxEnclave,
            sgx.mint(forge),
            enclave(&sgx),
        ),
        accepted(
            "Open Enclave report",
            "oe-report",
            AttestationType::OpenEnclave,
            forge.oe_report(&sgx),
            enclave(&sgx),
        ),
        accepted(
            "Open Enclave evidence",
            "oe-evidence",
            AttestationType::OpenEnclave,
            // The data is the custom claims buffer, so that one hash binds both.
            openenclave::evidence(
                Format::SgxEcdsa,
                &openenclave::sgx_ecdsa_data(&sgx.mint(forge), RUNTIME_DATA.as_bytes()),
            ),
            enclave(&sgx),
        ),
        tdx("TDX quote, version 4 (TD 1.0)", "tdx-quote", forge, TdBody::Td10),
        tdx(
            "TDX quote, version 5 (TD 1.5)",
            "tdx15-quote",
            forge,
            TdBody::Td15,
        ),
        guests.milan.piece.clone(),
        guests.turin.piece.clone(),
        Piece {
            expected_claims: Vec::new(),
            expect_refusal: Some("tcb_status_not_accepted"),
            ..accepted(
                "SGX quote, old microcode",
                "sgx-outdated",
                AttestationType::SgxEnclave,
                outdated.mint(forge),
                Vec::new(),
            )
        },
    ]
}

fn accepted(
    title: &'static str,
    slug: &'static str,
    kind: AttestationType,
    evidence: Vec<u8>,
    mut expected_claims: Vec<(&'static str, Value)>,
) -> Piece {
    let runtime_data = serde_json::from_str(RUNTIME_DATA).unwrap_or_default();
    expected_claims.extend([
        ("x-ms-runtime", runtime_data),
        ("nonce", json!(NONCE)),
        ("x-attestry-dev", json!(true)),
    ]);
    Piece {
        title,
        slug,
        kind,
        evidence,
        runtime_data: Data::Json(RUNTIME_DATA.into()),
        nonce: NONCE,
        expected_claims,
        expect_refusal: None,
    }
}

fn tdx(title: &'static str, slug: &'static str, forge: &IntelForge, body: TdBody) -> Piece {
    let mut spec = forge.tdx_quote_spec(body);
    spec.bind_runtime_data(RUNTIME_DATA.as_bytes());
    accepted(
        title,
        slug,
        AttestationType::TdxVm,
        spec.mint(forge),
        trust_domain(&spec),
    )
}

fn bound(mut spec: SgxQuoteSpec) -> SgxQuoteSpec {
    spec.bind_runtime_data(RUNTIME_DATA.as_bytes());
    spec
}

/// What a relying party pins: which code, by whom, not in debug mode.
fn enclave(spec: &SgxQuoteSpec) -> Vec<(&'static str, Value)> {
    vec![
        ("x-ms-attestation-type", json!("sgx")),
        (
            "x-ms-sgx-mrenclave",
            json!(attestry_api::hex::encode(&spec.report.mr_enclave)),
        ),
        (
            "x-ms-sgx-mrsigner",
            json!(attestry_api::hex::encode(&spec.report.mr_signer)),
        ),
        ("x-ms-sgx-is-debuggable", json!(false)),
    ]
}

fn trust_domain(spec: &TdxQuoteSpec) -> Vec<(&'static str, Value)> {
    vec![
        ("x-ms-attestation-type", json!("tdxvm")),
        ("tdx_mrtd", json!(attestry_api::hex::encode(&spec.report.mr_td))),
        ("tdx_td_attributes_debug", json!(false)),
        ("attester_tcb_status", json!("UpToDate")),
    ]
}

fn cpu_svn(bytes: &[u8]) -> [u8; 16] {
    bytes.try_into().unwrap_or_default()
}
