//! X.509 certificates and CRLs of the vendors' fixed hierarchies (RFC 5280; Intel SGX PCK Certificate and
//! Certificate Revocation List Profile Specification): strict DER, exact profiles, trust by public key. One reader
//! serves Intel's hierarchy, which knows one curve and one algorithm, and those of the other vendors; the chain
//! checks here are Intel's. It must not know quotes, collateral documents or TCB levels.

mod anchors;
mod certificate;
mod chain;
mod crl;
mod encoding;
mod error;
mod explain;
mod family;
mod key;
mod path;
mod pem;
mod serial;
mod vendor;

pub use anchors::TrustAnchors;
pub use certificate::{BasicConstraints, Certificate, CertificateOf, KeyUsage, VendorCertificate};
pub use crl::{Crl, CrlOf, VendorCrl};
pub use encoding::EncodingError;
pub use error::{AnchorError, CertificateError, CertificateRole, CrlError};
pub use family::{EcdsaP256Sha256, KeyFamily};
pub use key::PublicKey;
pub use path::{MAX_PATH_CERTIFICATES, PathError};
pub use serial::Serial;
pub use vendor::{Hash, RsaKey, SignatureAlgorithm, VendorKey};

pub(crate) use chain::{ChainProfile, VerifiedChain, is_in_future};
pub(crate) use error::PCK_PLATFORM_CA;
pub(crate) use explain::{Told, explain_encoding};
pub(crate) use path::Path;
pub(crate) use pem::{certificates_to_pem, crl_to_pem};
pub(crate) use vendor::hash_of;

/// The clock skew granted to moments in the future: a document, CRL or certificate that begins up to this many
/// seconds after the verifier's time is accepted. Five minutes is the customary allowance between unsynchronised
/// hosts (RFC 4120, 8.2, "clock skew").
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// The largest certificate that is read, in bytes. Intel's PCK certificates take about 1,200; an eight-fold margin
/// rounded up.
pub const MAX_CERTIFICATE_BYTES: usize = 16 * 1024;

/// The largest CRL that is read, in bytes of DER. Intel's longest list takes about 3 KiB for 57 entries; one
/// mebibyte holds some 25,000.
pub const MAX_CRL_BYTES: usize = 1024 * 1024;

/// The most certificates that are read from one PEM text. The longest chain of Intel's hierarchy has three; one more
/// is read so that a surplus certificate is told as such.
pub const MAX_CHAIN_CERTIFICATES: usize = 4;
