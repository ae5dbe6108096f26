use super::*;

#[test]
fn pem_wraps_at_64_characters_and_ends_in_a_line_feed() {
    let text = pem("PUBLIC KEY", &[0; 50]);
    let lines: Vec<&str> = text.split('\n').collect();
    assert_eq!(lines[0], "-----BEGIN PUBLIC KEY-----");
    assert_eq!(lines[1], "A".repeat(64));
    assert_eq!(lines[2], "AAA=");
    assert_eq!(lines[3..], ["-----END PUBLIC KEY-----", ""]);
    // Exactly one full line must not leave an empty one behind it.
    assert_eq!(
        pem("X", &[0; 48]),
        format!("-----BEGIN X-----\n{}\n-----END X-----\n", "A".repeat(64))
    );
}

#[test]
fn foreign_and_truncated_structures_are_refused() {
    assert_eq!(
        spki_of_certificate(&[0x30, 0x00]),
        Err(SpkiError::Malformed {
            structure: "certificate"
        })
    );
    assert_eq!(
        key_kind(&[0x30, 0x00]),
        Err(SpkiError::Malformed {
            structure: "subjectPublicKeyInfo"
        })
    );
    // An Ed25519 key (RFC 8410) is well formed and of no use here.
    let mut ed25519 = vec![
        0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
    ];
    ed25519.extend([7; 32]);
    assert_eq!(key_kind(&ed25519), Err(SpkiError::UnsupportedKey));
    ed25519.push(0);
    assert_eq!(
        key_kind(&ed25519),
        Err(SpkiError::Malformed {
            structure: "subjectPublicKeyInfo"
        })
    );
}
