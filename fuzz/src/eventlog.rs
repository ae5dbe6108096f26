//! Logs of measured boots, as strangers send them.

use attestry_evidence::eventlog::sipa::{Budget, Tag, parse, parse_measured};

/// Any bytes as an event of Windows. What is decoded is the input, byte for byte.
pub fn sipa(data: &[u8]) {
    let Ok(tags) = parse(data, &mut Budget::default()) else {
        return;
    };
    assert_eq!(encoded(&tags), data);
    match parse_measured(data, &mut Budget::default()) {
        Ok(measured) => assert_eq!(measured, tags),
        Err(_) => assert!(tags.iter().any(has_unmeasured)),
    }
}

fn encoded(tags: &[Tag<'_>]) -> Vec<u8> {
    tags.iter()
        .flat_map(|tag| {
            let payload = if tag.id().is_container() {
                encoded(tag.children())
            } else {
                tag.payload().to_vec()
            };
            let size = u32::try_from(payload.len()).expect("a payload has a size of 32 bits");
            [&tag.id().0.to_le_bytes()[..], &size.to_le_bytes(), &payload].concat()
        })
        .collect()
}

fn has_unmeasured(tag: &Tag<'_>) -> bool {
    tag.id().is_unmeasured() || tag.children().iter().any(has_unmeasured)
}
