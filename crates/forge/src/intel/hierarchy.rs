//! The certificates above evidence and collateral, in the shape of Intel's
//! (Intel SGX PCK Certificate and Certificate Revocation List Profile Specification, sections 1.3.1 to 1.3.5).

use crate::{
    Seed,
    pki::{CertificateSpec, CrlSpec, Extension, KeyPair, Name},
};

use super::PckCa;

/// One forged Intel: its keys and its certificates. Every public field may be changed before minting.
#[derive(Clone, Debug)]
pub struct IntelForge {
    /// Where keys, serial numbers and identities come from.
    pub seed: Seed,
    /// The moment that dates in collateral are relative to, unix seconds.
    pub now: i64,
    /// The self-signed root.
    pub root: CertificateSpec,
    /// Issuer of PCK certificates of single-socket platforms.
    pub processor_ca: CertificateSpec,
    /// Issuer of PCK certificates of multi-socket and cloud platforms.
    pub platform_ca: CertificateSpec,
    /// Signer of TCB info, enclave identities and evaluation number lists.
    pub tcb_signing: CertificateSpec,
}

impl IntelForge {
    /// The world of `seed`, with collateral fresh at `now` (unix seconds).
    pub fn new(seed: Seed, now: i64) -> Self {
        let root_key = seed.key("root");
        let root_name = Name::forged("Intel SGX Root CA");
        let authority = |label: &str, common_name: &str, path_length| {
            authority(&seed, label, common_name, path_length, &root_name, &root_key)
        };
        let root = authority("root", "Intel SGX Root CA", 1);
        let processor_ca = authority("processor ca", "Intel SGX PCK Processor CA", 0);
        let platform_ca = authority("platform ca", "Intel SGX PCK Platform CA", 0);
        let mut tcb_signing = authority("tcb signing", "Intel SGX TCB Signing", 0);
        tcb_signing.extensions = end_entity_extensions(&root_key, &tcb_signing.subject_key, ROOT_CRL_URL);
        Self {
            seed,
            now,
            root,
            processor_ca,
            platform_ca,
            tcb_signing,
        }
    }

    /// The root certificate: what a verifier of this world must be given to trust it.
    pub fn root_certificate_der(&self) -> Vec<u8> {
        self.root.to_der()
    }

    /// The root certificate, PEM.
    pub fn root_certificate_pem(&self) -> String {
        self.root.to_pem()
    }

    /// The authority that issues PCK certificates of a kind.
    pub fn pck_ca(&self, ca: PckCa) -> &CertificateSpec {
        match ca {
            PckCa::Processor => &self.processor_ca,
            PckCa::Platform => &self.platform_ca,
        }
    }

    /// The root's revocation list: nothing revoked, good for a year.
    pub fn root_crl(&self) -> CrlSpec {
        self.crl(&self.root, ROOT_CRL_LIFE)
    }

    /// The revocation list of a PCK authority: nothing revoked, good for thirty days.
    pub fn pck_crl(&self, ca: PckCa) -> CrlSpec {
        self.crl(self.pck_ca(ca), PCK_CRL_LIFE)
    }

    fn crl(&self, issuer: &CertificateSpec, life: i64) -> CrlSpec {
        let this_update = self.now.saturating_sub(DAY);
        let next_update = this_update.saturating_add(life);
        let key = issuer.subject_key.clone();
        CrlSpec::empty(issuer.subject.clone(), key, CRL_NUMBER, this_update, next_update)
    }
}

/// Extensions of a leaf of this hierarchy, in Intel's order.
pub(super) fn end_entity_extensions(issuer: &KeyPair, subject: &KeyPair, crl_url: &str) -> Vec<Extension> {
    vec![
        Extension::authority_key_id(issuer),
        Extension::crl_distribution_point(crl_url),
        Extension::subject_key_id(subject),
        Extension::key_usage(&[DIGITAL_SIGNATURE, NON_REPUDIATION]),
        Extension::basic_constraints(None),
    ]
}

/// A serial number: nineteen octets of the seed, the first never zero, so that its length is constant.
pub(super) fn serial(seed: &Seed, label: &str) -> Vec<u8> {
    let mut serial = seed.bytes::<19>(label).to_vec();
    if let Some(first) = serial.first_mut() {
        *first |= 0x40;
    }
    serial
}

fn authority(
    seed: &Seed,
    label: &str,
    common_name: &str,
    path_length: u64,
    issuer: &Name,
    issuer_key: &KeyPair,
) -> CertificateSpec {
    let subject_key = seed.key(label);
    let extensions = vec![
        Extension::authority_key_id(issuer_key),
        Extension::crl_distribution_point(ROOT_CRL_URL),
        Extension::subject_key_id(&subject_key),
        Extension::key_usage(&[KEY_CERT_SIGN, CRL_SIGN]),
        Extension::basic_constraints(Some(path_length)),
    ];
    CertificateSpec {
        serial: serial(seed, label),
        issuer: issuer.clone(),
        subject: Name::forged(common_name),
        not_before: NOT_BEFORE,
        not_after: NOT_AFTER,
        subject_key,
        issuer_key: issuer_key.clone(),
        extensions,
    }
}

pub(super) const DAY: i64 = 86_400;
/// 2018-05-21T00:00:00Z: Intel's own hierarchy begins on that day.
pub(super) const NOT_BEFORE: i64 = 1_526_860_800;
/// 2049-12-31T23:59:59Z: the end of Intel's current root, and the last second of UTCTime.
pub(super) const NOT_AFTER: i64 = 2_524_607_999;
/// Intel renews the root's list once a year and those of the PCK authorities every thirty days.
const ROOT_CRL_LIFE: i64 = 365 * DAY;
const PCK_CRL_LIFE: i64 = 30 * DAY;
const CRL_NUMBER: u64 = 1;
const ROOT_CRL_URL: &str = "https://forge.invalid/IntelSGXRootCA.crl";
pub(super) const PCK_CRL_URL: &str = "https://forge.invalid/sgx/certification/v4/pckcrl";
const DIGITAL_SIGNATURE: u8 = 0;
const NON_REPUDIATION: u8 = 1;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;
