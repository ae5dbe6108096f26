//! The signature of a report, and what is kept of its verification.

use attestry_forge::amd::{Processor, ProductLine};

use super::super::*;
use super::refusal;
use crate::snp::Report;
use crate::snp::world::{DAY, NOW, World, code, refused};

#[test]
fn the_signature_is_the_certified_keys_over_the_signed_bytes() {
    let world = World::milan();
    let vek = world.verified_vek().unwrap();
    let good = world.evidence.to_report_bytes();
    let verify = |bytes: &[u8]| {
        let report = Report::read(bytes)?.admit(&world.settings)?;
        appraise(&report, &vek, None, &world.crls, world.now, &world.settings)
    };
    verify(&good).unwrap();
    for bit in 0..good.len() * 8 {
        let mut flipped = good.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = refused(verify(&flipped));
        let byte = bit / 8;
        // Data that nothing but the signature vouches for.
        if (0x50..0x180).contains(&byte) || (0x2a0..0x2d0).contains(&byte) {
            assert_eq!(error, SnpError::Signature, "byte {byte:#x}");
            assert_eq!(code(&error), "snp_signature");
        }
    }
}

#[test]
fn another_keys_signature_is_refused() {
    let mut world = World::milan();
    let other = World::of(ProductLine::Genoa).evidence.vek.key;
    world.evidence.report_signer = Some(other);
    assert_eq!(code(&world.refusal()), "snp_signature");
}

#[test]
fn numbers_that_are_none_of_a_signature_are_refused() {
    // The order of P-384 (SEC 2, 2.5.1), little-endian.
    let mut n = crate::hex::decode(
        b"ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    )
    .unwrap();
    n.reverse();
    let padded = |mut number: Vec<u8>| {
        number.resize(72, 0);
        Some(number)
    };
    for number in [vec![0; 48], n, vec![0xff; 48]] {
        for of_r in [true, false] {
            let error = refusal(World::milan(), |evidence| {
                let half = if of_r {
                    &mut evidence.signature_r
                } else {
                    &mut evidence.signature_s
                };
                *half = padded(number.clone());
            });
            assert_eq!(code(&error), "snp_signature");
        }
    }
}

// What is kept of a verified signature.

/// The evidence appraised with a proof at hand.
fn appraise_knowing(world: &World, known: SignatureProof) -> Result<Appraisal, SnpError> {
    let bytes = world.evidence.to_report_bytes();
    let report = Report::read(&bytes)?.admit(&world.settings)?;
    let vek = world.verified_vek()?;
    appraise(
        &report,
        &vek,
        Some(known),
        &world.crls,
        world.now,
        &world.settings,
    )
}

/// The proof for exactly this report and key, whether or not the signature is good.
fn proof_of(world: &World) -> SignatureProof {
    let bytes = world.evidence.to_report_bytes();
    let report = Report::read(&bytes).unwrap().admit(&world.settings).unwrap();
    SignatureProof(SignatureProof::identify(&report, &world.verified_vek().unwrap()))
}

/// A badly signed report, so that whoever verifies its signature refuses it.
fn badly_signed() -> World {
    let mut world = World::milan();
    world.evidence.signature_r = Some([vec![1; 48], vec![0; 24]].concat());
    world.evidence.signature_s = world.evidence.signature_r.clone();
    assert_eq!(code(&world.refusal()), "snp_signature");
    world
}

#[test]
fn a_proof_of_the_same_report_and_key_stands_in_for_the_verification() {
    let world = badly_signed();
    let proof = proof_of(&world);
    let appraisal = appraise_knowing(&world, proof).unwrap();
    assert_eq!(appraisal.proof(), proof, "and is handed on");
}

#[test]
fn the_proof_of_an_appraisal_is_that_of_its_report_and_key() {
    let mut world = World::milan();
    // The signature of the forge is drawn anew each time.
    let bytes = world.evidence.to_report_bytes();
    world.evidence.signature_r = Some(bytes[0x2a0..0x2e8].to_vec());
    world.evidence.signature_s = Some(bytes[0x2e8..0x330].to_vec());
    let proof = world.appraise().unwrap().proof();
    assert_eq!(proof, proof_of(&world));
    assert_eq!(proof.identity(), proof_of(&world).identity());
    assert_eq!(appraise_knowing(&world, proof).unwrap().proof(), proof);
}

#[test]
fn a_proof_of_another_report_or_key_proves_nothing() {
    let world = badly_signed();
    let mut other_data = badly_signed();
    other_data.evidence.report.report_data[63] ^= 1;
    let mut other_signature = badly_signed();
    other_signature.evidence.signature_s = Some([vec![2; 48], vec![0; 24]].concat());
    let mut other_key = badly_signed();
    other_key.evidence.vek.key = World::of(ProductLine::Genoa).evidence.vek.key;
    for other in [&other_data, &other_signature, &other_key] {
        let error = refused(appraise_knowing(&world, proof_of(other)));
        assert_eq!(error, SnpError::Signature);
    }
    let genuine = World::milan().appraise().unwrap().proof();
    assert_eq!(
        refused(appraise_knowing(&world, genuine)),
        SnpError::Signature,
        "nor that of a genuine report"
    );
}

/// Only the signature is kept: what can change is judged anew each time.
#[test]
fn a_proof_stands_in_for_nothing_but_the_signature() {
    let check = |change: &dyn Fn(&mut World), expected: &str| {
        let mut world = World::milan();
        change(&mut world);
        let error = refused(appraise_knowing(&world, proof_of(&world)));
        assert_eq!(code(&error), expected);
    };
    check(
        &|world| world.now = UnixTime::new(NOW + 3000 * DAY),
        "vek_expired",
    );
    check(
        &|world| world.use_crl(ProductLine::Milan, |list| list.revoke(&[1, 0, 1])),
        "vek_authority_revoked",
    );
    check(
        &|world| world.settings.revocation = RevocationPolicy::Required,
        "crl_missing",
    );
    check(
        &|world| world.evidence.report.chip_id[5] ^= 1,
        "snp_chip_id_mismatch",
    );
    check(
        &|world| world.evidence.report.reported_tcb -= 1,
        "snp_tcb_mismatch",
    );
    check(&|world| world.evidence.report.current_tcb -= 1, "snp_tcb_order");
    check(
        &|world| world.evidence.report.use_version(3, Processor::Turin),
        "vek_other_product",
    );
}
