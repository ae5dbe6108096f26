//! A whole file is read, and every member has a way to be wrong.

use attestry_forge::amd::ProductLine;
use serde_json::{Value, json};

use super::super::fixture::{file, forge, guest, parse};
use super::super::{ReferenceError, ReferenceValues};
use super::{MAX_CHIPS, MAX_REFERENCE_BYTES};

fn whole() -> Value {
    file(&guest(&forge(), ProductLine::Milan))
}

/// The refusal of the whole file with one value replaced.
fn refusal(pointer: &str, value: Value) -> ReferenceError {
    let mut file = whole();
    *file.pointer_mut(pointer).unwrap() = value;
    ReferenceValues::parse(file.to_string().as_bytes()).unwrap_err()
}

/// The refusal of the whole file with one member less.
fn refusal_without(pointer: &str, member: &str) -> ReferenceError {
    let mut file = whole();
    let object = file.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
    object.remove(member).unwrap();
    ReferenceValues::parse(file.to_string().as_bytes()).unwrap_err()
}

#[test]
fn a_whole_file_is_read() {
    let values = parse(&whole());
    assert_eq!(values.version(), 7);
    assert_eq!(values.issued().to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(values.expires().to_string(), "2026-04-01T00:00:00Z");
    assert_eq!(values.description(), "Paravisors of January");
    let names: Vec<&str> = values.names().collect();
    assert_eq!(names, ["hcl-snp", "hcl-tdx", "containers"]);
    let expected = [
        ("hcl.snp", 1),
        ("hcl.tdx", 1),
        ("uvm", 1),
        ("tcb_floors", 2),
        ("chips.allow", 1),
        ("chips.deny", 2),
        ("refused_products", 1),
    ];
    assert_eq!(values.counts(), expected);
}

#[test]
fn version_and_dates_are_all_that_a_file_needs() {
    let values = parse(&json!({
        "version": 1, "issued": "2026-01-01T00:00:00Z", "expires": "2026-01-01T00:00:01Z",
    }));
    assert!(values.counts().iter().all(|(_, count)| *count == 0));
}

#[test]
fn a_value_that_is_not_what_belongs_there_is_refused_with_its_path() {
    let digest = "48 bytes in hexadecimal";
    let digest_not_zero = "48 bytes in hexadecimal, not all of them zero";
    let sixteen = "16 bytes in hexadecimal";
    let version = "an integer from 1 to 9007199254740991";
    let date = "a date in the form YYYY-MM-DDThh:mm:ssZ";
    let name = "a name of 1 to 64 letters, digits, `.`, `_` and `-`";
    let description = "a line of at most 1024 bytes";
    let did = "a decentralised identifier `did:x509:0:...`";
    let feed = "1 to 128 printable characters without blanks";
    let status = "azure-compliant-uvm or azure-signed-katacc-uvm";
    let component = "an integer from 0 to 255";
    let mitigations = "8 bytes in hexadecimal, the highest first, not all of them zero";
    let long_chip = "a chip's 64 bytes in hexadecimal";
    let short_chip = "a chip's 8 bytes in hexadecimal";
    let product = "Milan, Genoa, Turin or Venice";
    let cases = [
        ("/version", json!(0), version),
        ("/version", json!(9_007_199_254_740_992_u64), version),
        ("/version", json!(-1), version),
        ("/version", json!("7"), version),
        ("/version", json!(7.5), version),
        ("/issued", json!("2026-01-01"), date),
        ("/issued", json!(1), date),
        ("/expires", json!("2026-02-30T00:00:00Z"), date),
        ("/description", json!(1), "a string"),
        ("/description", json!("two\nlines"), description),
        ("/description", json!("x".repeat(1025)), description),
        ("/hcl", json!([]), "an object"),
        ("/hcl/snp", json!({}), "a list"),
        ("/hcl/snp/0", json!("hcl"), "an object"),
        ("/hcl/snp/0/name", json!(""), name),
        ("/hcl/snp/0/name", json!("two words"), name),
        ("/hcl/snp/0/name", json!("n".repeat(65)), name),
        ("/hcl/snp/0/name", json!(null), name),
        ("/hcl/snp/0/products", json!("Milan"), "a list"),
        ("/hcl/snp/0/products/0", json!("milan"), product),
        ("/hcl/snp/0/products/0", json!(25), "a string"),
        (
            "/hcl/snp/0/id_key_digest",
            json!("11".repeat(47)),
            digest_not_zero,
        ),
        (
            "/hcl/snp/0/id_key_digest",
            json!("11".repeat(49)),
            digest_not_zero,
        ),
        (
            "/hcl/snp/0/id_key_digest",
            json!("zz".repeat(48)),
            digest_not_zero,
        ),
        (
            "/hcl/snp/0/id_key_digest",
            json!("00".repeat(48)),
            digest_not_zero,
        ),
        (
            "/hcl/snp/0/author_key_digest",
            json!("00".repeat(48)),
            digest_not_zero,
        ),
        ("/hcl/snp/0/measurement", json!("00".repeat(48)), digest_not_zero),
        ("/hcl/snp/0/measurement", json!(7), digest_not_zero),
        ("/hcl/snp/0/family_id", json!("01"), sixteen),
        ("/hcl/snp/0/image_id", json!("01"), sixteen),
        (
            "/hcl/snp/0/minimum_guest_svn",
            json!(4_294_967_296_u64),
            "an integer from 0 to 4294967295",
        ),
        ("/hcl/tdx/0/name", json!("ä"), name),
        ("/hcl/tdx/0/mrtd", json!("00".repeat(48)), digest_not_zero),
        ("/hcl/tdx/0/mrseam", json!("00".repeat(48)), digest_not_zero),
        ("/hcl/tdx/0/mrsignerseam", json!("00"), digest),
        ("/hcl/tdx/0/mrconfigid", json!("00"), digest),
        ("/hcl/tdx/0/mrowner", json!("00"), digest),
        ("/hcl/tdx/0/mrownerconfig", json!("00"), digest),
        ("/hcl/tdx/0/minimum_tee_tcb_svn", json!("00"), sixteen),
        ("/uvm/0/name", json!("/"), name),
        ("/uvm/0/issuer", json!("did:web:example.com"), did),
        ("/uvm/0/issuer", json!("did:x509:0:sha256:a b"), did),
        (
            "/uvm/0/issuer",
            json!(format!("did:x509:0:{}", "x".repeat(1014))),
            did,
        ),
        ("/uvm/0/feed", json!(""), feed),
        ("/uvm/0/feed", json!("f".repeat(129)), feed),
        (
            "/uvm/0/minimum_svn",
            json!("100"),
            "an integer that is not negative",
        ),
        ("/uvm/0/status", json!("azure-compliant-cvm"), status),
        ("/tcb_floors/Milan/bootloader", json!(256), component),
        ("/tcb_floors/Milan/tee", json!(256), component),
        ("/tcb_floors/Milan/snp", json!(256), component),
        ("/tcb_floors/Milan/microcode", json!(256), component),
        ("/tcb_floors/Turin/fmc", json!(256), component),
        ("/tcb_floors/Turin/mitigations", json!("0b"), mitigations),
        (
            "/tcb_floors/Turin/mitigations",
            json!("0000000000000000"),
            mitigations,
        ),
        ("/tcb_floors/Turin/alias_check", json!(1), "true or false"),
        ("/chips/allow/Milan", json!("all"), "a list"),
        ("/chips/allow/Milan/0", json!("ab".repeat(63)), long_chip),
        ("/chips/allow/Milan/0", json!("00".repeat(64)), long_chip),
        ("/chips/deny/Turin/0", json!("ab".repeat(64)), short_chip),
        ("/chips/deny/Turin/0", json!("ab".repeat(7)), short_chip),
        ("/refused_products/0", json!("Rome"), product),
    ];
    for (pointer, value, expected) in cases {
        let error = refusal(pointer, value.clone());
        let ReferenceError::Field {
            field,
            expected: stated,
            ..
        } = &error
        else {
            panic!("{pointer} = {value}: {error:?}");
        };
        assert_eq!(*stated, expected, "{pointer} = {value}");
        assert_eq!(*field, path_of(pointer), "{value}");
    }
}

/// `/hcl/snp/0/name` as `hcl.snp[0].name`.
fn path_of(pointer: &str) -> String {
    let mut path = String::new();
    for part in pointer.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            path.extend(["[", part, "]"]);
        } else if path.is_empty() {
            path.push_str(part);
        } else {
            path.extend([".", part]);
        }
    }
    path
}

#[test]
fn members_that_are_needed_are_missed() {
    let cases = [
        ("", "version"),
        ("", "issued"),
        ("", "expires"),
        ("/hcl/snp/0", "name"),
        ("/hcl/tdx/0", "name"),
        ("/uvm/0", "name"),
        ("/uvm/0", "issuer"),
        ("/uvm/0", "feed"),
        ("/uvm/0", "minimum_svn"),
        ("/uvm/0", "status"),
    ];
    for (pointer, member) in cases {
        let error = refusal_without(pointer, member);
        let path = path_of(&format!("{pointer}/{member}"));
        assert!(
            matches!(&error, ReferenceError::Field { field, found, .. } if *field == path && found == "nothing"),
            "{error:?}"
        );
    }
}

#[test]
fn unknown_members_are_refused_everywhere() {
    let cases = [
        "",
        "/hcl",
        "/hcl/snp/0",
        "/hcl/tdx/0",
        "/uvm/0",
        "/tcb_floors",
        "/tcb_floors/Milan",
        "/chips",
        "/chips/allow",
        "/chips/deny",
    ];
    for pointer in cases {
        let mut file = whole();
        let object = file.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        object.insert("Unknown".to_owned(), json!(1));
        let error = ReferenceValues::parse(file.to_string().as_bytes()).unwrap_err();
        let path = path_of(&format!("{pointer}/Unknown"));
        assert!(
            matches!(&error, ReferenceError::UnknownMember { field, .. } if *field == path),
            "{error:?}"
        );
    }
}

#[test]
fn entries_that_would_match_anybodys_guest_are_refused() {
    let mut file = whole();
    let entry = file.pointer_mut("/hcl/snp/0").unwrap().as_object_mut().unwrap();
    for member in ["id_key_digest", "author_key_digest", "measurement"] {
        entry.remove(member);
    }
    assert_eq!(
        ReferenceValues::parse(file.to_string().as_bytes()),
        Err(ReferenceError::MatchesAnyone {
            field: "hcl.snp[0]".to_owned(),
            needed: "`id_key_digest`, `author_key_digest` or `measurement`",
        })
    );
    assert_eq!(
        refusal_without("/hcl/tdx/0", "mrtd"),
        ReferenceError::MatchesAnyone {
            field: "hcl.tdx[0]".to_owned(),
            needed: "`mrtd`",
        }
    );
    assert_eq!(
        refusal("/tcb_floors/Milan", json!({ "alias_check": false })),
        ReferenceError::MatchesAnyone {
            field: "tcb_floors.Milan".to_owned(),
            needed: "a component, `mitigations` or `alias_check`",
        }
    );
}

#[test]
fn what_only_an_id_key_vouches_for_is_no_condition_without_one() {
    for member in ["family_id", "image_id", "minimum_guest_svn"] {
        let mut entry = json!({ "name": "measured", "measurement": "11".repeat(48) });
        entry[member] = whole()["hcl"]["snp"][0][member].clone();
        let error = refusal("/hcl/snp/0", entry);
        let field = format!("hcl.snp[0].{member}");
        assert_eq!(error, ReferenceError::Unvouched { field });
    }
}

#[test]
fn what_has_to_be_unique_is_refused_twice() {
    let mut same_name = whole();
    same_name["uvm"][0]["name"] = json!("hcl-snp");
    let mut same_feed = whole();
    let mut second = same_feed["uvm"][0].clone();
    second["name"] = json!("again");
    same_feed["uvm"].as_array_mut().unwrap().push(second);
    let mut same_chip = whole();
    same_chip["chips"]["deny"]["Turin"] = json!(["0102030405060708", "0102030405060708"]);
    let mut same_product = whole();
    same_product["refused_products"] = json!(["Milan", "Milan"]);
    let cases = [
        (same_name, "name", "hcl-snp"),
        (same_feed, "uvm[1].feed", "ContainerPlat-AMD-UVM"),
        (same_chip, "chips.deny.Turin[1]", "0102030405060708"),
        (same_product, "refused_products[1]", "Milan"),
    ];
    for (file, field, value) in cases {
        let (field, value) = (field.to_owned(), value.to_owned());
        assert_eq!(
            ReferenceValues::parse(file.to_string().as_bytes()),
            Err(ReferenceError::Duplicate { field, value })
        );
    }
}

#[test]
fn one_issuer_may_have_two_feeds() {
    let mut file = whole();
    let mut second = file["uvm"][0].clone();
    second["name"] = json!("pods");
    second["feed"] = json!("ConfAKS-AMD-UVM");
    second["status"] = json!("azure-signed-katacc-uvm");
    file["uvm"].as_array_mut().unwrap().push(second);
    assert_eq!(parse(&file).counts()[2], ("uvm", 2));
}

#[test]
fn a_member_given_twice_is_refused() {
    let text = whole().to_string().replacen('{', r#"{"version":8,"#, 1);
    let error = ReferenceValues::parse(text.as_bytes()).unwrap_err();
    assert!(
        matches!(&error, ReferenceError::Syntax { reason } if reason.contains("member `version` appears twice")),
        "{error:?}"
    );
}

#[test]
fn a_milan_has_no_fmc() {
    let mut file = whole();
    file["tcb_floors"]["Milan"]["fmc"] = json!(1);
    let error = ReferenceValues::parse(file.to_string().as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`tcb_floors.Milan.fmc` is not absent, for this product line has no FMC, but `1`"
    );
}

#[test]
fn values_expire_after_they_are_issued() {
    let error = refusal("/expires", json!("2026-01-01T00:00:00Z"));
    assert!(matches!(error, ReferenceError::Period { .. }), "{error:?}");
}

#[test]
fn sizes_and_counts_are_bounded() {
    let entry = |index: usize| json!({ "name": format!("n{index}"), "mrtd": "11".repeat(48) });
    let too_many = json!((0..=256).map(entry).collect::<Vec<_>>());
    assert_eq!(
        refusal("/hcl/tdx", too_many),
        ReferenceError::TooMany {
            field: "hcl.tdx".to_owned(),
            found: 257,
            limit: 256,
        }
    );
    let issuers = vec![whole()["uvm"][0].clone(); 65];
    assert!(matches!(
        refusal("/uvm", json!(issuers)),
        ReferenceError::TooMany { limit: 64, .. }
    ));
    let chips = |count: usize| (1..=count).map(|chip| format!("{chip:016x}")).collect::<Vec<_>>();
    assert!(matches!(
        refusal("/chips/deny/Turin", json!(chips(MAX_CHIPS + 1))),
        ReferenceError::TooMany { limit: MAX_CHIPS, .. }
    ));
    let mut most = whole();
    most["chips"]["deny"]["Turin"] = json!(chips(MAX_CHIPS));
    assert_eq!(parse(&most).counts()[5], ("chips.deny", MAX_CHIPS + 1));

    let mut text = whole().to_string().into_bytes();
    text.resize(MAX_REFERENCE_BYTES, b' ');
    assert!(ReferenceValues::parse(&text).is_ok());
    text.push(b' ');
    assert_eq!(
        ReferenceValues::parse(&text),
        Err(ReferenceError::TooLarge {
            size: MAX_REFERENCE_BYTES + 1,
            limit: MAX_REFERENCE_BYTES,
        })
    );
}

#[test]
fn anything_but_one_object_is_refused() {
    for text in ["", "[]", "7", "null", "{} {}", "{\"version\":1", "\u{feff}{}"] {
        assert!(ReferenceValues::parse(text.as_bytes()).is_err(), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(matches!(
        ReferenceValues::parse(deep.as_bytes()),
        Err(ReferenceError::Syntax { .. })
    ));
}
