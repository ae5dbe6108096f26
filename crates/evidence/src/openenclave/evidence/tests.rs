use proptest::prelude::*;

use super::*;
use crate::dcap::quote::fixture::RawQuote;

const SGX_ECDSA: &str = "a3a21e871b4d4014b70aa125d2fbcd8c";
const REPORT: &str = "c8303454d9234c2ca691df7def460a76";
const RAW_SGX_QUOTE: &str = "1923d91e12d24c72b22025cd8dace871";
const TDX_QUOTE: &str = "8ba70286c1cf11edafa10242ac120002";

/// SHA-256 of nothing and of `abc` (FIPS 180-4 examples).
const HASH_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const HASH_OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

fn hex(text: &str) -> Vec<u8> {
    crate::hex::decode(text.as_bytes()).unwrap()
}

fn report(kind: u32, quote: &[u8]) -> Vec<u8> {
    let size = u64::try_from(quote.len()).unwrap();
    [
        &1_u32.to_le_bytes()[..],
        &kind.to_le_bytes(),
        &size.to_le_bytes(),
        quote,
    ]
    .concat()
}

fn evidence(uuid: &str, data: &[u8]) -> Vec<u8> {
    let size = u64::try_from(data.len()).unwrap();
    [&3_u32.to_le_bytes()[..], &hex(uuid), &size.to_le_bytes(), data].concat()
}

/// A quote whose report data begins with this hash.
fn quote_over(hash: &str) -> Vec<u8> {
    let mut report_data = [0; 64];
    report_data[..32].copy_from_slice(&hex(hash));
    RawQuote::v3().with_report_data(&report_data).build()
}

#[test]
fn a_report_is_a_header_and_a_quote() {
    let quote = RawQuote::v3().build();
    for bytes in [report(2, &quote), evidence(REPORT, &report(2, &quote))] {
        let parsed = Evidence::parse(&bytes).unwrap();
        assert_eq!((parsed.format(), parsed.quote()), (Format::Report, &quote[..]));
        assert_eq!(
            (parsed.custom_claims_buffer(), parsed.custom_claims()),
            (&[][..], &[][..])
        );
    }
}

#[test]
fn a_local_report_is_not_remote_evidence() {
    let refused = Err(OpenEnclaveError::FormatNotRemote {
        format: Format::SgxLocal,
    });
    assert_eq!(Evidence::parse(&report(1, &[0; 432])), refused);
}

#[test]
fn other_report_types_and_header_versions_are_refused() {
    assert_eq!(
        Evidence::parse(&report(3, b"")),
        Err(OpenEnclaveError::ReportType { found: 3 })
    );
    for found in [0, 2, 4, 0x0002_0003_u32] {
        let bytes = [&found.to_le_bytes()[..], &[0; 40]].concat();
        assert_eq!(
            Evidence::parse(&bytes),
            Err(OpenEnclaveError::HeaderVersion { found })
        );
    }
    let nested = evidence(REPORT, &evidence(REPORT, b""));
    assert_eq!(
        Evidence::parse(&nested),
        Err(OpenEnclaveError::HeaderVersion { found: 3 })
    );
}

#[test]
fn the_announced_size_is_the_size_of_the_rest() {
    let mut longer = report(2, b"quote");
    longer.push(0);
    let error = OpenEnclaveError::Surplus {
        part: "report",
        offset: 21,
        size: 1,
    };
    assert_eq!(Evidence::parse(&longer), Err(error));
    let shorter = &report(2, b"quote")[..20];
    let error = OpenEnclaveError::Truncated {
        part: "report",
        offset: 16,
        needed: 5,
        left: 4,
    };
    assert_eq!(Evidence::parse(shorter), Err(error));

    let mut longer = evidence(RAW_SGX_QUOTE, &RawQuote::v3().build());
    longer.push(0);
    assert!(matches!(
        Evidence::parse(&longer),
        Err(OpenEnclaveError::Surplus { size: 1, .. })
    ));
}

#[test]
fn every_truncation_is_an_error() {
    let quote = quote_over(HASH_OF_ABC);
    for bytes in [
        report(2, &quote),
        evidence(SGX_ECDSA, &[&quote[..], b"abc"].concat()),
    ] {
        for size in 0..bytes.len() {
            let error = Evidence::parse(&bytes[..size]).unwrap_err();
            assert!(
                matches!(error, OpenEnclaveError::Truncated { .. }),
                "{size} bytes: {error:?}"
            );
        }
    }
}

#[test]
fn sgx_ecdsa_evidence_carries_claims_that_the_quote_vouches_for() {
    let quote = quote_over(HASH_OF_ABC);
    let bytes = evidence(SGX_ECDSA, &[&quote[..], b"abc"].concat());
    let parsed = Evidence::parse(&bytes).unwrap();
    assert_eq!((parsed.format(), parsed.quote()), (Format::SgxEcdsa, &quote[..]));
    assert_eq!(parsed.custom_claims_buffer(), b"abc");
    assert_eq!(parsed.custom_claims(), []);

    let quote = quote_over(HASH_OF_NOTHING);
    let bytes = evidence(SGX_ECDSA, &quote);
    assert_eq!(Evidence::parse(&bytes).unwrap().custom_claims_buffer(), b"");
}

#[test]
fn a_serialised_list_is_read_into_claims() {
    let mut list = [1_u64, 1, 3, 2].map(u64::to_le_bytes).concat();
    list.extend(b"pk\0\xAA\xBB");
    let mut report_data = [0; 64];
    report_data[..32].copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &list).as_ref());
    let quote = RawQuote::v3().with_report_data(&report_data).build();
    let bytes = evidence(SGX_ECDSA, &[quote, list].concat());
    let parsed = Evidence::parse(&bytes).unwrap();
    assert_eq!(
        parsed.custom_claims(),
        [CustomClaim {
            name: "pk",
            value: &[0xAA, 0xBB]
        }]
    );
}

#[test]
fn claims_that_the_quote_does_not_vouch_for_are_refused() {
    let quote = quote_over(HASH_OF_ABC);
    for buffer in [&b"abd"[..], b"", b"abc\0"] {
        let bytes = evidence(SGX_ECDSA, &[&quote[..], buffer].concat());
        assert_eq!(
            Evidence::parse(&bytes),
            Err(OpenEnclaveError::CustomClaimsHash),
            "{buffer:?}"
        );
    }
}

#[test]
fn a_bare_quote_is_of_the_environment_of_its_format() {
    let sgx = RawQuote::v3().build();
    let tdx = RawQuote::v4(Tee::Tdx).build();
    for (uuid, quote, format) in [
        (RAW_SGX_QUOTE, &sgx, Format::RawSgxQuote),
        (TDX_QUOTE, &tdx, Format::TdxQuote),
    ] {
        let bytes = evidence(uuid, quote);
        let parsed = Evidence::parse(&bytes).unwrap();
        assert_eq!((parsed.format(), parsed.quote()), (format, &quote[..]));
    }
    let mismatch = |format, expected, found| {
        Err(OpenEnclaveError::FormatTee {
            format,
            expected,
            found,
        })
    };
    let error = mismatch(Format::RawSgxQuote, Tee::Sgx, Tee::Tdx);
    assert_eq!(Evidence::parse(&evidence(RAW_SGX_QUOTE, &tdx)), error);
    let error = mismatch(Format::TdxQuote, Tee::Tdx, Tee::Sgx);
    assert_eq!(Evidence::parse(&evidence(TDX_QUOTE, &sgx)), error);
    let error = mismatch(Format::SgxEcdsa, Tee::Sgx, Tee::Tdx);
    assert_eq!(Evidence::parse(&evidence(SGX_ECDSA, &tdx)), error);
}

#[test]
fn formats_that_cannot_be_judged_remotely_are_refused_by_name() {
    for (uuid, format) in [
        ("09268c336e0b45e58a2715644d0ef89a", Format::SgxLocal),
        ("cac1fba9fb7f401d9577d72b0da00813", Format::LegacySgxLocal),
        ("f228aa3fde4d49d3884cb2aa87a50da6", Format::SgxEpidLinkable),
        ("5c35d290a2c24c559e135ad732746c88", Format::SgxEpidUnlinkable),
        ("170494a6ab2347988c38351cb0b6af0a", Format::Eeid),
    ] {
        let bytes = evidence(uuid, &RawQuote::v3().build());
        let error = Evidence::parse(&bytes);
        assert_eq!(error, Err(OpenEnclaveError::FormatNotRemote { format }));
    }
    let unknown = evidence("a3a21e871b4d4014b70aa125d2fbcd8d", b"");
    let found = hex("a3a21e871b4d4014b70aa125d2fbcd8d").try_into().unwrap();
    assert_eq!(
        Evidence::parse(&unknown),
        Err(OpenEnclaveError::UnknownFormat { found })
    );
}

#[test]
fn evidence_without_a_header_is_told_apart_by_the_hash() {
    let quote = quote_over(HASH_OF_ABC);
    let bytes = [&quote[..], b"abc"].concat();
    let parsed = Evidence::parse_with_or_without_header(&bytes).unwrap();
    assert_eq!((parsed.format(), parsed.quote()), (Format::SgxEcdsa, &quote[..]));
    assert_eq!(parsed.custom_claims_buffer(), b"abc");

    let padded = [&quote[..], &[0; 70]].concat();
    let parsed = Evidence::parse_with_or_without_header(&padded).unwrap();
    assert_eq!(
        (parsed.format(), parsed.quote()),
        (Format::RawSgxQuote, &padded[..])
    );

    let tdx = RawQuote::v4(Tee::Tdx).build();
    let parsed = Evidence::parse_with_or_without_header(&tdx).unwrap();
    assert_eq!(parsed.format(), Format::TdxQuote);

    let other = [&quote[..], b"abd"].concat();
    assert_eq!(
        Evidence::parse_with_or_without_header(&other),
        Err(OpenEnclaveError::CustomClaimsHash)
    );
    let report = report(2, &quote);
    assert_eq!(
        Evidence::parse_with_or_without_header(&report).unwrap().format(),
        Format::Report
    );
}

#[test]
fn what_is_wrong_with_the_quote_is_told_as_such() {
    let error = Evidence::parse(&evidence(RAW_SGX_QUOTE, &[9; 500])).unwrap_err();
    assert_eq!(
        error,
        OpenEnclaveError::Quote(QuoteError::Version { found: 0x0909 })
    );
    assert_eq!(error.explain().code, "quote_version");
}

#[test]
fn a_huge_input_is_refused_before_it_is_read() {
    let size = MAX_EVIDENCE_SIZE + 1;
    let error = OpenEnclaveError::TooLarge {
        size,
        limit: MAX_EVIDENCE_SIZE,
    };
    assert_eq!(Evidence::parse(&vec![0; size]), Err(error.clone()));
    assert_eq!(Evidence::parse_with_or_without_header(&vec![5; size]), Err(error));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..1024)) {
        let _ = Evidence::parse_with_or_without_header(&bytes);
        let _ = Evidence::parse(&evidence(SGX_ECDSA, &bytes));
        let _ = Evidence::parse(&report(2, &bytes));
    }
}
