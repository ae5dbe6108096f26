use super::*;
use crate::openssl::run;

#[test]
fn pem_lines_have_64_columns() {
    assert_eq!(pem("X", &[0; 3]), "-----BEGIN X-----\nAAAA\n-----END X-----\n");
    let line = "A".repeat(64);
    assert_eq!(
        pem("X", &[0; 48]),
        format!("-----BEGIN X-----\n{line}\n-----END X-----\n")
    );
    assert_eq!(
        pem("X", &[0; 51]),
        format!("-----BEGIN X-----\n{line}\nAAAA\n-----END X-----\n")
    );
}

#[test]
fn rsa_keys_have_the_usual_exponent() {
    let generate = |exponent: &str| {
        let option = format!("rsa_keygen_pubexp:{exponent}");
        let arguments = [
            "genpkey",
            "-algorithm",
            "RSA",
            "-outform",
            "DER",
            "-pkeyopt",
            &option,
        ];
        let bare = run(
            &[&arguments[..], &["-pkeyopt", "rsa_keygen_bits:2048"]].concat(),
            &[],
        )?;
        let wrap = ["pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER"];
        Some(run(&wrap, &bare.stdout)?.stdout)
    };
    let Some(usual) = generate("65537") else { return };
    let key = RsaKeyPair::from_pkcs8(&usual, RsaScheme::PSS_SHA384).unwrap();
    assert_eq!(key.modulus().len(), 256);
    assert!(key.modulus()[0] >= 0x80);
    let other = generate("65539").unwrap();
    assert!(RsaKeyPair::from_pkcs8(&other, RsaScheme::PSS_SHA384).is_none());
}
