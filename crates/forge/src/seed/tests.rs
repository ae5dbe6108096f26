use super::*;

#[test]
fn the_default_roots_are_the_same_in_every_process() {
    // Pinned: development servers and published demo evidence rely on this key.
    let key = Seed::default().key("root");
    assert_eq!(attestry_api::hex::encode(&key.key_id()), PINNED_ROOT_KEY_ID);
}

#[test]
fn labels_and_seeds_separate_keys_and_bytes() {
    let seed = Seed::default();
    assert_ne!(seed.key("root").public_xy(), seed.key("leaf").public_xy());
    assert_ne!(
        seed.key("root").public_xy(),
        Seed::from_text("other").key("root").public_xy()
    );
    assert_eq!(seed.key("root").public_xy(), seed.clone().key("root").public_xy());
    assert_ne!(seed.bytes::<16>("ppid"), seed.bytes::<16>("instance"));
}

#[test]
fn long_byte_strings_do_not_repeat() {
    let bytes = Seed::default().bytes::<96>("long");
    assert_ne!(bytes[..32], bytes[32..64]);
    assert_ne!(bytes[32..64], bytes[64..]);
}

const PINNED_ROOT_KEY_ID: &str = "92351a3065003732bb511a957545208f072bfd9e";
