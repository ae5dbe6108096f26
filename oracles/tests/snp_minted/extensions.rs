//! Our reader of AMD's certificate extensions against x509-parser, over forged certificates with random changes and
//! over real ones.

use std::path::{Path, PathBuf};

use attestry_evidence::snp::{SnpError, SuppliedChain, VekCertificate};
use attestry_oracles::Random;
use x509_parser::asn1_rs::{FromDer as _, Ia5String, Integer, OctetString, Oid};
use x509_parser::prelude::{Pem, X509Certificate};

use super::mutations::MUTATIONS;
use super::world::World;

/// What a certificate says by its extensions.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    product_name: String,
    tcb: Vec<u8>,
    hardware_id: Option<Vec<u8>>,
    csp_id: Option<String>,
}

fn ours(der: &[u8]) -> Result<Facts, SnpError> {
    let vek = VekCertificate::parse(der)?;
    Ok(Facts {
        product_name: vek.product_name().to_owned(),
        tcb: vek.tcb().map(|(_, svn)| svn).collect(),
        hardware_id: vek.hardware_id().map(<[u8]>::to_vec),
        csp_id: vek.csp_id().map(str::to_owned),
    })
}

/// The same by another reader, and `None` where the profile does not allow it.
fn theirs(der: &[u8]) -> Option<Facts> {
    let (rest, certificate) = X509Certificate::from_der(der).ok()?;
    // Refuses extensions that appear twice.
    let extensions = certificate.tbs_certificate.extensions_map().ok()?;
    let value = |arcs: &[u64]| {
        let oid = Oid::from(&[&[1, 3, 6, 1, 4, 1, 3704, 1], arcs].concat()).unwrap();
        extensions.get(&oid).map(|extension| extension.value)
    };
    let number = |arcs: &[u64]| {
        let (rest, number) = Integer::from_der(value(arcs)?).ok()?;
        rest.is_empty().then_some(())?;
        number.as_u8().ok()
    };
    let text = |arcs: &[u64]| {
        let (rest, text) = Ia5String::from_der(value(arcs)?).ok()?;
        (rest.is_empty() && !text.as_ref().is_empty()).then(|| text.as_ref().to_owned())
    };
    let product_name = text(&[2])?;
    let has_fmc = match product_name.split('-').next()? {
        "Milan" | "Genoa" | "Bergamo" | "Siena" => false,
        "Turin" | "Venice" => true,
        _ => return None,
    };
    let reserved_are_zero = (4..=7).all(|at| value(&[3, at]).is_none() || number(&[3, at]) == Some(0));
    let form = number(&[1])? == u8::from(has_fmc) && value(&[3, 9]).is_some() == has_fmc;
    let critical = extensions.values().any(|extension| extension.critical);
    let on_p384 = certificate.public_key().subject_public_key.data.len() == 97;
    if !reserved_are_zero || !form || critical || !on_p384 || !rest.is_empty() {
        return None;
    }
    let components: &[&[u64]] = &[&[3, 9], &[3, 1], &[3, 2], &[3, 3], &[3, 8]];
    let tcb = components
        .iter()
        .skip(usize::from(!has_fmc))
        .map(|arcs| number(arcs))
        .collect::<Option<_>>()?;
    let name = certificate.subject().iter_common_name().next()?.as_str().ok()?;
    let (hardware_id, csp_id) = match (name, value(&[4]), value(&[5])) {
        ("SEV-VCEK", Some(id), None) => (Some(hardware_id(id, has_fmc)?), None),
        ("SEV-VLEK", None, Some(_)) => (None, Some(text(&[5])?)),
        _ => return None,
    };
    Some(Facts {
        product_name,
        tcb,
        hardware_id,
        csp_id,
    })
}

/// The identifier itself or in an OCTET STRING.
fn hardware_id(value: &[u8], has_fmc: bool) -> Option<Vec<u8>> {
    let size = if has_fmc { 8 } else { 64 };
    if value.len() == size {
        return Some(value.to_vec());
    }
    let (rest, string) = OctetString::from_der(value).ok()?;
    (rest.is_empty() && string.as_ref().len() == size).then(|| string.as_ref().to_vec())
}

/// Fewer cases than for the whole verification do: every change of a certificate is drawn many times.
const CASES: u64 = 1_000;

#[test]
fn extensions_of_forged_certificates_are_read_alike() {
    let changes: Vec<_> = MUTATIONS
        .iter()
        .skip_while(|mutation| mutation.name != "certificate of another chip")
        .collect();
    let (mut read, mut refused) = (0, 0);
    for case in 0..CASES {
        let mut random = Random::new(case);
        let mut world = World::good(&mut random);
        let mut names = Vec::new();
        for _ in 0..random.below(3) {
            let change = random.pick(&changes);
            (change.apply)(&mut world, &mut random);
            names.push(change.name);
        }
        let der = world.vek().to_der();
        let ours = ours(&der);
        assert_eq!(
            ours.as_ref().ok(),
            theirs(&der).as_ref(),
            "case {case} {names:?}: {ours:?}"
        );
        if ours.is_ok() { read += 1 } else { refused += 1 }
    }
    println!("{CASES} cases from seed 0: {read} read, {refused} refused");
    assert!(read * 4 > CASES && refused * 10 > CASES);
}

/// Every single changed byte of the extensions, too.
#[test]
fn extensions_of_damaged_certificates_are_read_alike() {
    let mut random = Random::new(7);
    for (processor, vlek) in [(0, false), (1, true), (4, false)] {
        let world = World::of(super::PROCESSORS[processor], 3, vlek);
        let good = world.vek().to_der();
        // The extensions end where the signature begins.
        for at in good.len() - 900..good.len() - 560 {
            let mut der = good.clone();
            der[at] ^= 1 << random.below(8);
            let (ours, theirs) = (ours(&der).ok(), theirs(&der));
            if ours != theirs {
                // Where only one reads it, we are the stricter.
                assert!(ours.is_none(), "byte {at}: {ours:?} {theirs:?}");
            }
        }
    }
}

#[test]
fn extensions_of_real_certificates_are_read_alike() {
    let root = std::env::var_os("ATTESTRY_VECTORS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/vectors")),
        PathBuf::from,
    );
    let mut count = 0;
    for directory in [
        "snp/reports",
        "snp/certs-only",
        "snp/az-snp-vtpm",
        "maa/evidence/snp",
    ] {
        for path in files(&root.join(directory)) {
            let is_chain = ["der", "pem"].map(|suffix| path.extension().is_some_and(|found| found == suffix));
            let bytes = std::fs::read(&path).unwrap();
            let der = match is_chain {
                [true, _] => bytes,
                [_, true] => match SuppliedChain::parse(&bytes) {
                    Ok(chain) => {
                        let certificates = Pem::iter_from_buffer(&bytes).map(|pem| pem.unwrap().contents);
                        let ours = chain.vek().certificate().der().to_vec();
                        assert!(
                            certificates.into_iter().any(|der| der == ours),
                            "{}",
                            path.display()
                        );
                        ours
                    }
                    Err(_) => continue,
                },
                _ => continue,
            };
            assert_eq!(ours(&der).ok(), theirs(&der), "{}", path.display());
            count += 1;
        }
    }
    if count == 0 {
        eprintln!(
            "SKIPPED: no recorded evidence at {} (set ATTESTRY_VECTORS)",
            root.display()
        );
    } else {
        println!("{count} real certificates");
        assert!(count >= 10);
    }
}

/// The files in a directory and those directly below it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .collect()
}
