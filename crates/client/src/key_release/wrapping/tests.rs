use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::rsa::KeySize;
use proptest::prelude::*;

use super::*;
use crate::key_release::tests::token;

const ALGORITHMS: [KeyEncryption; 3] = KeyEncryption::ALL;

fn key_of(size: KeySize) -> UnwrappingKey {
    UnwrappingKey(PrivateDecryptingKey::generate(size).unwrap())
}

/// The public half, as a vault takes it from a token.
fn public(key: &UnwrappingKey) -> WrappingKey {
    let runtime: Value = serde_json::from_str(&key.runtime_data("k").unwrap()).unwrap();
    WrappingKey::from_token(&token(&json!({"x-ms-runtime": runtime}))).unwrap()
}

#[test]
fn what_is_wrapped_opens_with_the_key_and_the_algorithm_alone() {
    let (key, other) = (
        UnwrappingKey::generate().unwrap(),
        UnwrappingKey::generate().unwrap(),
    );
    for algorithm in ALGORITHMS {
        let wrapped = WrappedSecret::wrap(b"secret", &public(&key), algorithm).unwrap();
        assert_eq!(wrapped.as_bytes().len(), 256 + 16);
        assert_eq!(key.unwrap(&wrapped, algorithm).unwrap().as_bytes(), b"secret");
        assert_eq!(other.unwrap(&wrapped, algorithm).err(), Some(WrapError::Refused));
        for another in ALGORITHMS.into_iter().filter(|another| *another != algorithm) {
            assert_eq!(key.unwrap(&wrapped, another).err(), Some(WrapError::Refused));
        }
    }
}

#[test]
fn every_wrapping_has_a_key_of_its_own() {
    let key = public(&UnwrappingKey::generate().unwrap());
    let wrap = || WrappedSecret::wrap(b"secret", &key, KeyEncryption::default()).unwrap();
    let (one, two) = (wrap(), wrap());
    assert_ne!(one.parts(256).unwrap().0, two.parts(256).unwrap().0);
    assert_ne!(one.parts(256).unwrap().1, two.parts(256).unwrap().1);
}

#[test]
fn a_changed_byte_anywhere_is_refused() {
    let key = UnwrappingKey::generate().unwrap();
    let wrapped = WrappedSecret::wrap(&[7; 40], &public(&key), KeyEncryption::RsaAesKeyWrap256).unwrap();
    let length = wrapped.as_bytes().len();
    for place in [0, 100, 255, 256, 263, 264, length - 1] {
        let mut bytes = wrapped.as_bytes().to_vec();
        bytes[place] ^= 1;
        let opened = key.unwrap(&WrappedSecret::from_bytes(bytes), KeyEncryption::RsaAesKeyWrap256);
        assert_eq!(opened.err(), Some(WrapError::Refused), "byte {place}");
    }
    for cut in [257, length - 8, length - 1] {
        let bytes = wrapped.as_bytes()[..cut].to_vec();
        let opened = key.unwrap(&WrappedSecret::from_bytes(bytes), KeyEncryption::RsaAesKeyWrap256);
        assert_eq!(opened.err(), Some(WrapError::Refused), "{cut} bytes");
    }
    for found in [0, 255, 256] {
        let bytes = wrapped.as_bytes()[..found].to_vec();
        let opened = key.unwrap(&WrappedSecret::from_bytes(bytes), KeyEncryption::RsaAesKeyWrap256);
        assert_eq!(
            opened.err(),
            Some(WrapError::WrappedSize {
                found,
                key_bytes: 256
            })
        );
    }
}

#[test]
fn sizes_of_secrets_stop_at_their_limits() {
    let key = UnwrappingKey::generate().unwrap();
    let public = public(&key);
    let wrap = |length: usize| WrappedSecret::wrap(&vec![1; length], &public, KeyEncryption::default());
    for length in [1, MAX_SECRET_BYTES] {
        let wrapped = wrap(length).unwrap();
        let opened = key.unwrap(&wrapped, KeyEncryption::default()).unwrap();
        assert_eq!(opened.as_bytes().len(), length);
    }
    for found in [0, MAX_SECRET_BYTES + 1] {
        assert_eq!(wrap(found), Err(WrapError::SecretSize { found }));
    }
    let found = 256 + MAX_SECRET_BYTES + 16;
    let opened = key.unwrap(
        &WrappedSecret::from_bytes(vec![0; found]),
        KeyEncryption::default(),
    );
    assert_eq!(
        opened.err(),
        Some(WrapError::WrappedSize {
            found,
            key_bytes: 256
        })
    );
}

#[test]
fn a_key_goes_through_pkcs8_and_nothing_else_is_taken() {
    let key = UnwrappingKey::generate().unwrap();
    let wrapped = WrappedSecret::wrap(b"secret", &public(&key), KeyEncryption::default()).unwrap();
    let again = UnwrappingKey::from_pkcs8(key.to_pkcs8().unwrap().as_bytes()).unwrap();
    assert_eq!(
        again
            .unwrap(&wrapped, KeyEncryption::default())
            .unwrap()
            .as_bytes(),
        b"secret"
    );
    for der in [&b""[..], b"secret", &[0x30, 0x80]] {
        assert_eq!(UnwrappingKey::from_pkcs8(der).err(), Some(WrapError::PrivateKey));
    }
}

#[test]
fn algorithms_have_the_names_of_the_rest_interface() {
    for algorithm in ALGORITHMS {
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
    }
    for name in ["", "ckm_rsa_aes_key_wrap", "RSA_AES_KEY_WRAP_512"] {
        let found = name.to_owned();
        assert_eq!(name.parse::<KeyEncryption>(), Err(WrapError::Algorithm { found }));
    }
}

/// RFC 5649, section 6, with keys of 192 bits, which this module does not use: the examples show that `openssl` is the judge
/// it is taken for below.
#[test]
fn openssl_gives_the_examples_of_rfc_5649() {
    let kek = "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8";
    for (plain, wrapped) in [
        (
            "c37b7e6492584340bed12207808941155068f738",
            "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
        ),
        ("466f7250617369", "afbeb0f07dfbf5419200f2ccb50bb24f"),
    ] {
        let plain = attestry_api::hex::decode(plain).unwrap();
        let found = openssl(
            &["enc", "-e", "-id-aes192-wrap-pad", "-K", kek, "-iv", KWP_IV],
            &plain,
        );
        assert_eq!(attestry_api::hex::encode(&found), wrapped);
    }
}

#[test]
fn openssl_opens_what_is_wrapped_here_and_the_other_way_round() {
    for (size, bytes) in [
        (KeySize::Rsa2048, 256),
        (KeySize::Rsa3072, 384),
        (KeySize::Rsa4096, 512),
    ] {
        let key = key_of(size);
        let pem = KeyFile::of(&key);
        for (algorithm, hash) in ALGORITHMS.into_iter().zip(["sha1", "sha256", "sha384"]) {
            let secret: Vec<u8> = (0..77).collect();
            let wrapped = WrappedSecret::wrap(&secret, &public(&key), algorithm).unwrap();
            let (encrypted, rest) = wrapped.parts(bytes).unwrap();
            let kek = pem.oaep("-decrypt", hash, encrypted);
            assert_eq!(kwp("-d", &kek, rest), secret, "{bytes} {hash}");

            let kek = [0x5A; KEK_BYTES];
            let theirs = [pem.oaep("-encrypt", hash, &kek), kwp("-e", &kek, &secret)].concat();
            let opened = key.unwrap(&WrappedSecret::from_bytes(theirs), algorithm).unwrap();
            assert_eq!(opened.as_bytes(), secret, "{bytes} {hash}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_length_comes_back(secret in prop::collection::vec(any::<u8>(), 1..100)) {
        let kek = [9; KEK_BYTES];
        let mut wrapped = vec![0; secret.len() + KWP_OVERHEAD];
        let wrapped = AesKek::new(&AES_256, &kek).unwrap().wrap_with_padding(&secret, &mut wrapped).unwrap();
        let opened = WrappedSecret::unwrap_with(&kek, wrapped).unwrap();
        prop_assert_eq!(opened.as_bytes(), &secret[..]);
        prop_assert_eq!(kwp("-d", &kek, wrapped), secret);
    }
}

/// RFC 5649, section 3: the constant of the initial value, which `openssl enc` wants to be told.
const KWP_IV: &str = "A65959A6";

fn kwp(direction: &str, kek: &[u8], input: &[u8]) -> Vec<u8> {
    let kek = attestry_api::hex::encode(kek);
    openssl(
        &["enc", direction, "-id-aes256-wrap-pad", "-K", &kek, "-iv", KWP_IV],
        input,
    )
}

/// A private key in a file, for `openssl` to read.
struct KeyFile(tempfile::TempDir);

impl KeyFile {
    fn of(key: &UnwrappingKey) -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(
            directory.path().join("key.der"),
            key.to_pkcs8().unwrap().as_bytes(),
        )
        .unwrap();
        Self(directory)
    }

    fn path(&self) -> PathBuf {
        Path::new(self.0.path()).join("key.der")
    }

    fn oaep(&self, direction: &str, hash: &str, input: &[u8]) -> Vec<u8> {
        let (path, hash, mgf) = (
            self.path(),
            format!("rsa_oaep_md:{hash}"),
            format!("rsa_mgf1_md:{hash}"),
        );
        let path = path.to_str().unwrap();
        let padding = "rsa_padding_mode:oaep";
        let options = [
            "-keyform", "DER", "-pkeyopt", padding, "-pkeyopt", &hash, "-pkeyopt", &mgf,
        ];
        openssl(
            &[&["pkeyutl", direction, "-inkey", path][..], &options].concat(),
            input,
        )
    }
}

fn openssl(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("`openssl` is installed");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {args:?}");
    output.stdout
}
