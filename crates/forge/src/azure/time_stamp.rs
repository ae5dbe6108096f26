//! Time stamp tokens (RFC 3161) in the form that Microsoft's service gives them: CMS signed data (RFC 5652) with
//! signed attributes and the certificates inside.

use attestry_api::{calendar::UtcDateTime, der};
use aws_lc_rs::digest::{SHA256, SHA384, digest};

use crate::pki::{AnyKey, CertificateSpec, SigningKey};

use super::{UvmAuthority, uvm_authority::issuer_and_serial};

/// Everything a time stamp token says, and the key that signs it.
#[derive(Clone, Debug)]
pub struct TimeStamp {
    /// The time, unix seconds.
    pub time: i64,
    /// Thousandths of a second after it.
    pub milliseconds: u16,
    /// What is stamped: the token holds its SHA-384.
    pub message: Vec<u8>,
    /// The policy of the authority, arcs.
    pub policy: Vec<u64>,
    /// Serial number of the token, big-endian.
    pub serial: Vec<u8>,
    /// The certificate of who signs.
    pub signer: CertificateSpec<AnyKey>,
    /// The key that signs: the certified one, or another one for a bad signature. It signs with SHA-384.
    pub key: AnyKey,
    /// The certificates that go along, DER.
    pub certificates: Vec<Vec<u8>>,
}

impl TimeStamp {
    /// A good token of the authority over a message.
    pub fn new(authority: &UvmAuthority, time: i64, message: &[u8]) -> Self {
        Self {
            time,
            milliseconds: 572,
            message: message.to_vec(),
            policy: POLICY.to_vec(),
            serial: vec![0x63, 0xC6, 0x8B, 1],
            signer: authority.time_stamp.clone(),
            key: authority.time_stamp.subject_key.clone(),
            certificates: vec![authority.time_stamp.to_der(), authority.time_stamp_root.to_der()],
        }
    }

    /// The token: ContentInfo of signed data, DER.
    pub fn to_der(&self) -> Vec<u8> {
        let content = self.info();
        let encapsulated = der::sequence([
            der::oid(&TST_INFO),
            der::explicit(0, &der::octet_string(&content)),
        ]);
        let signed_data = der::sequence([
            der::integer(3),
            der::set([sha384()]),
            encapsulated,
            context_0(der::set(&self.certificates)),
            der::set([self.signer_info(&content)]),
        ]);
        der::sequence([der::oid(&SIGNED_DATA), der::explicit(0, &signed_data)])
    }

    /// TSTInfo (RFC 3161, 2.4.2).
    fn info(&self) -> Vec<u8> {
        let imprint = digest(&SHA384, &self.message);
        let milliseconds = der::implicit(0, &500_u16.to_be_bytes());
        der::sequence([
            der::integer(1),
            der::oid_from_arcs(&self.policy).unwrap_or_default(),
            der::sequence([sha384(), der::octet_string(imprint.as_ref())]),
            der::integer_from_bytes(&self.serial),
            self.generalized_time(),
            // Accuracy: half a second.
            der::sequence([milliseconds]),
            // Who stamps, as a directory name.
            der::explicit(0, &der::explicit(4, &self.signer.subject.to_der())),
        ])
    }

    /// GeneralizedTime with a fraction that does not end with zero (RFC 3161, 2.4.2).
    fn generalized_time(&self) -> Vec<u8> {
        if self.milliseconds == 0 {
            return der::generalized_time(self.time);
        }
        let at = UtcDateTime::from_unix(self.time);
        let fraction = format!("{:03}", self.milliseconds);
        let text = format!(
            "{:04}{:02}{:02}{:02}{:02}{:02}.{}Z",
            at.year,
            at.month,
            at.day,
            at.hour,
            at.minute,
            at.second,
            fraction.trim_end_matches('0')
        );
        der::element(der::tag::GENERALIZED_TIME, text.as_bytes())
    }

    /// SignerInfo (RFC 5652, 5.3): the signature is over the attributes, one of which is the content's hash.
    fn signer_info(&self, content: &[u8]) -> Vec<u8> {
        let attribute = |oid: Vec<u8>, value: Vec<u8>| der::sequence([oid, der::set([value])]);
        let certificate_hash = digest(&SHA256, &self.signer.to_der());
        let attributes = der::set([
            attribute(der::oid(&CONTENT_TYPE), der::oid(&TST_INFO)),
            attribute(
                der::oid(&MESSAGE_DIGEST),
                der::octet_string(digest(&SHA384, content).as_ref()),
            ),
            // ESSCertIDv2 with its default hash, SHA-256 (RFC 5035, section 4).
            attribute(
                der::oid(&SIGNING_CERTIFICATE_V2),
                der::sequence([der::sequence([der::sequence([der::octet_string(
                    certificate_hash.as_ref(),
                )])])]),
            ),
        ]);
        der::sequence([
            der::integer(1),
            issuer_and_serial(&self.signer),
            sha384(),
            context_0(attributes.clone()),
            self.key.algorithm_identifier(),
            der::octet_string(&self.key.sign(&attributes)),
        ])
    }
}

/// A SET as `[0] IMPLICIT` (RFC 5652, 5.1 and 5.3).
fn context_0(mut set: Vec<u8>) -> Vec<u8> {
    if let Some(tag) = set.first_mut() {
        *tag = CONTEXT_0_CONSTRUCTED;
    }
    set
}

/// AlgorithmIdentifier of SHA-384, with the NULL that Microsoft writes.
fn sha384() -> Vec<u8> {
    der::sequence([der::oid(&[2, 16, 840, 1, 101, 3, 4, 2, 2]), der::null()])
}

/// The policy that Microsoft's service names.
const POLICY: &[u64] = &[1, 3, 6, 1, 4, 1, 601, 10, 3, 1];
const SIGNED_DATA: [u64; 7] = [1, 2, 840, 113_549, 1, 7, 2];
const CONTENT_TYPE: [u64; 7] = [1, 2, 840, 113_549, 1, 9, 3];
const MESSAGE_DIGEST: [u64; 7] = [1, 2, 840, 113_549, 1, 9, 4];
const TST_INFO: [u64; 9] = [1, 2, 840, 113_549, 1, 9, 16, 1, 4];
const SIGNING_CERTIFICATE_V2: [u64; 9] = [1, 2, 840, 113_549, 1, 9, 16, 2, 47];
const CONTEXT_0_CONSTRUCTED: u8 = 0xA0;
