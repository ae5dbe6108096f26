//! The primitives that an attestation cannot do without, for calibration in the same run: two ECDSA P-256
//! verifications over messages of a quote's sizes or one of P-384 over a report's, and one RSA-2048 signature over a
//! token's.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_SHA256,
    RsaKeyPair,
};

/// Keys, messages and signatures made once.
#[derive(Debug)]
pub struct Primitives {
    verification_key: ParsedPublicKey,
    messages: [(Vec<u8>, Vec<u8>); 2],
    report_key: ParsedPublicKey,
    report: (Vec<u8>, Vec<u8>),
    signing_key: RsaKeyPair,
    token: Vec<u8>,
    random: SystemRandom,
}

impl Primitives {
    /// Makes keys, messages and signatures.
    ///
    /// # Errors
    /// What the cryptographic library refuses; never, unless something is broken.
    pub fn new() -> Result<Self, String> {
        let random = SystemRandom::new();
        let key =
            EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(|error| error.to_string())?;
        let report_key =
            EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).map_err(|error| error.to_string())?;
        let sign = |key: &EcdsaKeyPair, message: Vec<u8>| {
            let signature = key.sign(&random, &message).map_err(|error| error.to_string())?;
            Ok::<_, String>((message, signature.as_ref().to_vec()))
        };
        let verification_key = ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref())
            .map_err(|error| error.to_string())?;
        Ok(Self {
            // A version 3 quote's header and body, and a QE report.
            messages: [sign(&key, vec![1; 432])?, sign(&key, vec![2; 384])?],
            verification_key,
            // The signed part of an SNP report.
            report: sign(&report_key, vec![4; 672])?,
            report_key: ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, report_key.public_key().as_ref())
                .map_err(|error| error.to_string())?,
            signing_key: RsaKeyPair::generate(KeySize::Rsa2048).map_err(|error| error.to_string())?,
            token: vec![3; 2500],
            random,
        })
    }

    /// Two ECDSA P-256 verifications; whether both hold.
    #[must_use]
    pub fn verify_twice(&self) -> bool {
        self.messages
            .iter()
            .all(|(message, signature)| self.verification_key.verify_sig(message, signature).is_ok())
    }

    /// One ECDSA P-384 verification; whether it holds.
    #[must_use]
    pub fn verify_report(&self) -> bool {
        let (message, signature) = &self.report;
        self.report_key.verify_sig(message, signature).is_ok()
    }

    /// One RSA-2048 signature; whether it was made.
    #[must_use]
    pub fn sign_token(&self) -> bool {
        let mut signature = vec![0; self.signing_key.public_modulus_len()];
        self.signing_key
            .sign(&RSA_PKCS1_SHA256, &self.random, &self.token, &mut signature)
            .is_ok()
    }
}
