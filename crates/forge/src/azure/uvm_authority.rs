//! Who signs UVM endorsements: a leaf under two authorities, and who stamps them with the time. The certificates
//! have the shape of those in Microsoft's endorsements.

use attestry_api::{b64, der};

use crate::{
    pki::{AnyKey, CertificateSpec, Extension, Name, RsaKeyPair},
    seed::sha256,
};

use super::keys;

/// One forged Microsoft, as far as it signs endorsements. Every public field may be changed before minting.
///
/// Its keys are files of this crate, the same for all seeds, and certificates are signed deterministically: the
/// root is the same bytes in every process.
#[derive(Clone, Debug)]
pub struct UvmAuthority {
    /// The moment that the life of the leaf is relative to, unix seconds.
    pub now: i64,
    /// The self-signed root, which the issuer's identifier names by its hash.
    pub root: CertificateSpec<AnyKey>,
    /// Issues leaves.
    pub issuer: CertificateSpec<AnyKey>,
    /// Signs endorsements; lives for a year.
    pub leaf: CertificateSpec<AnyKey>,
    /// The self-signed root of time stamps.
    pub time_stamp_root: CertificateSpec<AnyKey>,
    /// Stamps endorsements.
    pub time_stamp: CertificateSpec<AnyKey>,
}

impl UvmAuthority {
    /// The authority with a leaf that began thirty days before `now` (unix seconds).
    pub fn new(now: i64) -> Self {
        let root = authority(&keys::uvm_root(), "Forge Supply Chain RSA Root CA", None, 1);
        let issuer = authority(&keys::uvm_issuer(), "Forge SCD Products RSA CA", Some(&root), 2);
        let not_before = now.saturating_sub(LEAF_AGE);
        let not_after = not_before.saturating_add(LEAF_LIFE);
        let leaf = leaf(
            &keys::uvm_leaf(),
            "ContainerPlat",
            &issuer,
            Extension::extended_key_usage(false, &[CONTAINER_SIGNING, UVM_SIGNING]),
        );
        let time_stamp_root = authority(&keys::time_stamp_root(), "Forge Time-Stamp PCA", None, 4);
        let time_stamp = leaf_of_time_stamps(&time_stamp_root);
        Self {
            now,
            leaf: CertificateSpec {
                not_before,
                not_after,
                ..leaf
            },
            root,
            issuer,
            time_stamp_root,
            time_stamp,
        }
    }

    /// The chain of an endorsement, leaf first, DER.
    pub fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.leaf.to_der(), self.issuer.to_der(), self.root.to_der()]
    }

    /// The issuer's identifier with the policy that the leaf may sign endorsements
    /// (did:x509 method specification, version 0, policy `eku`).
    pub fn did_by_eku(&self) -> String {
        format!("{}::eku:1.3.6.1.4.1.311.76.59.1.2", self.did())
    }

    /// The issuer's identifier in its early form, with the policy that the leaf has this name (policy `subject`).
    pub fn did_by_subject(&self) -> String {
        format!("{}::subject:CN:ContainerPlat", self.did())
    }

    fn did(&self) -> String {
        let hash = sha256(&[&self.root.to_der()]);
        format!("did:x509:0:sha256:{}", b64::encode_url(&hash))
    }
}

fn authority(
    key: &RsaKeyPair,
    common_name: &str,
    parent: Option<&CertificateSpec<AnyKey>>,
    serial: u8,
) -> CertificateSpec<AnyKey> {
    let subject = Name::forged_microsoft(common_name);
    let key = AnyKey::from(key.clone());
    let mut extensions = vec![
        Extension::key_usage(&[DIGITAL_SIGNATURE, KEY_CERT_SIGN, CRL_SIGN]),
        Extension::unbounded_authority(),
        Extension::subject_key_id(&key),
    ];
    if let Some(parent) = parent {
        extensions.push(Extension::authority_key_id(&parent.subject_key));
    }
    CertificateSpec {
        serial: vec![0x33, 0, 0, serial],
        issuer: parent.map_or_else(|| subject.clone(), |parent| parent.subject.clone()),
        subject,
        not_before: NOT_BEFORE,
        not_after: NOT_AFTER,
        issuer_key: parent.map_or_else(|| key.clone(), |parent| parent.subject_key.clone()),
        subject_key: key,
        extensions,
    }
}

fn leaf(
    key: &RsaKeyPair,
    common_name: &str,
    issuer: &CertificateSpec<AnyKey>,
    usage: Extension,
) -> CertificateSpec<AnyKey> {
    let key = AnyKey::from(key.clone());
    CertificateSpec {
        serial: vec![0x33, 0, 0, 3],
        issuer: issuer.subject.clone(),
        subject: Name::forged_microsoft(common_name),
        not_before: NOT_BEFORE,
        not_after: NOT_AFTER,
        extensions: vec![
            Extension::key_usage(&[DIGITAL_SIGNATURE]),
            usage,
            Extension::subject_key_id(&key),
            Extension::authority_key_id(&issuer.subject_key),
            Extension::basic_constraints(None),
        ],
        subject_key: key,
        issuer_key: issuer.subject_key.clone(),
    }
}

fn leaf_of_time_stamps(root: &CertificateSpec<AnyKey>) -> CertificateSpec<AnyKey> {
    // RFC 3161, 2.3: the one purpose, and critical.
    let usage = Extension::extended_key_usage(true, &[TIME_STAMPING]);
    leaf(&keys::time_stamp(), "Forge Time-Stamp Service", root, usage)
}

/// The name of a certificate's issuer and its serial number, as CMS refers to it (RFC 5652, 10.2.4).
pub(super) fn issuer_and_serial(certificate: &CertificateSpec<AnyKey>) -> Vec<u8> {
    let serial = der::integer_from_bytes(&certificate.serial);
    der::sequence([certificate.issuer.to_der(), serial])
}

/// 2022-02-17T00:00:00Z and 25 years later: the life of Microsoft's root.
const NOT_BEFORE: i64 = 1_645_056_000;
const NOT_AFTER: i64 = 2_433_974_399;
const LEAF_AGE: i64 = 30 * 86_400;
const LEAF_LIFE: i64 = 363 * 86_400;
const DIGITAL_SIGNATURE: u8 = 0;
const KEY_CERT_SIGN: u8 = 5;
const CRL_SIGN: u8 = 6;
/// Purposes of Microsoft's own: signing container components, and signing utility VMs among them.
const CONTAINER_SIGNING: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 76, 59, 1, 1];
const UVM_SIGNING: &[u64] = &[1, 3, 6, 1, 4, 1, 311, 76, 59, 1, 2];
/// id-kp-timeStamping (RFC 5280, 4.2.1.12).
const TIME_STAMPING: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 8];
