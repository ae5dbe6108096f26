//! Recorded quotes are read, and no damaged one is.

use attestry_evidence::dcap::quote::MAX_TRAILING_ZEROS;
use attestry_evidence::dcap::{Quote, QuoteBody, QuoteError, Tee};

use crate::pool::{self, Vector, real_quotes, vectors};

fn end_of_quote(vector: &Vector) -> usize {
    let (_, trailing) = Quote::parse_prefix(&vector.quote).unwrap();
    vector.quote.len() - trailing.len()
}

#[test]
fn every_recorded_quote_states_what_is_known_of_it() {
    for vector in real_quotes() {
        let (quote, trailing) =
            Quote::parse_prefix(&vector.quote).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        let (body_type, debug) = match quote.body() {
            QuoteBody::Sgx(body) => ("sgx384", body.attributes.debug()),
            QuoteBody::Tdx(body) => {
                let body_type = match body.td15 {
                    None => "td10",
                    Some(td15) if td15.extended.is_none() => "td15",
                    Some(_) => "td15ex",
                };
                (body_type, body.td_attributes.debug())
            }
        };
        let tee_type = if quote.tee() == Tee::Sgx { 0 } else { 0x81 };
        let facts = serde_json::json!({
            "ver": quote.version(),
            "tee": tee_type,
            "bt": body_type,
            "off": quote.signed_bytes().len(),
            "trailing": trailing.len(),
            "qauth": quote.qe_auth_data().len(),
            "ct": quote.certification_data().kind,
            "cl": quote.certification_data().data.len(),
            "len": vector.quote.len(),
            "debug": debug,
        });
        for (name, value) in facts.as_object().unwrap() {
            assert_eq!(
                value,
                vector.known(&format!("quote_info/{name}")),
                "{}: {name}",
                vector.name
            );
        }
    }
}

#[test]
fn every_truncation_of_a_recorded_quote_is_an_error() {
    for vector in real_quotes() {
        for size in 0..end_of_quote(&vector) {
            let error = Quote::parse(&vector.quote[..size]).unwrap_err();
            assert!(
                matches!(error, QuoteError::Truncated { .. }),
                "{} cut to {size} bytes: {error:?}",
                vector.name
            );
        }
    }
}

#[test]
fn recorded_padding_is_accepted_and_recorded_text_is_not() {
    for vector in real_quotes() {
        let end = end_of_quote(&vector);
        let expected = match &vector.quote[end..] {
            text @ [b'\n', ..] if text.is_ascii() => Err(QuoteError::TrailingData { offset: end }),
            padding => Ok(padding.len()),
        };
        let found = Quote::parse(&vector.quote).map(|quote| quote.trailing_zeros());
        assert_eq!(found, expected, "{}", vector.name);
    }
}

#[test]
fn random_bytes_after_a_recorded_quote_are_refused() {
    let mut state = 0x2545_F491_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(4096)
    .collect();
    let first = noise.iter().position(|byte| *byte != 0).unwrap();
    for vector in real_quotes() {
        let end = end_of_quote(&vector);
        let bytes = [&vector.quote[..end], &noise].concat();
        let error = Quote::parse(&bytes).unwrap_err();
        assert_eq!(
            error,
            QuoteError::TrailingData { offset: end + first },
            "{}",
            vector.name
        );
    }
}

#[test]
fn zero_padding_after_a_recorded_quote_is_accepted_up_to_the_limit() {
    for vector in real_quotes() {
        let quote = &vector.quote[..end_of_quote(&vector)];
        for size in [0, 1, MAX_TRAILING_ZEROS] {
            let bytes = [quote, &vec![0; size]].concat();
            assert_eq!(
                Quote::parse(&bytes).unwrap().trailing_zeros(),
                size,
                "{}",
                vector.name
            );
        }
        let bytes = [quote, &[0; MAX_TRAILING_ZEROS + 1]].concat();
        assert!(
            matches!(Quote::parse(&bytes), Err(QuoteError::TrailingPadding { .. })),
            "{}",
            vector.name
        );
    }
}

#[test]
fn a_quote_without_a_certificate_names_its_platform_by_an_encrypted_identifier() {
    let (Some(bytes), Some(encrypted_ppid)) = (
        pool::file("dcap/quotes-only/fortanix/quote_raw_tcb.bin"),
        pool::file("dcap/quotes-only/fortanix/encrypted_ppid.bin"),
    ) else {
        return;
    };
    let quote = Quote::parse(&bytes).unwrap();
    let certification = quote.certification_data();
    assert_eq!((certification.kind, certification.data.len()), (3, 404));
    assert_eq!(certification.data[..384], encrypted_ppid);
}

#[test]
fn minted_quotes_with_a_flaw_in_their_form_are_refused_for_that_flaw() {
    let refusal = |name: &str| {
        let vectors = vectors("forged");
        let vector = vectors.iter().find(|vector| vector.name == name)?;
        Some(Quote::parse(&vector.quote).unwrap_err())
    };
    for (name, expected) in [
        ("version-2", QuoteError::Version { found: 2 }),
        ("version-6", QuoteError::Version { found: 6 }),
        ("att-key-type-3", QuoteError::AttestationKeyType { found: 3 }),
        (
            "v3-with-tdx-tee",
            QuoteError::TeeType {
                version: 3,
                found: 0x81,
            },
        ),
        ("v4-outer-type-5", QuoteError::OuterCertificationType { found: 5 }),
        ("v5-body-type-9", QuoteError::BodyType { found: 9 }),
        ("cert-type-7", QuoteError::CertificationType { found: 7 }),
    ] {
        if let Some(found) = refusal(name) {
            assert_eq!(found, expected, "{name}");
        }
    }
}
