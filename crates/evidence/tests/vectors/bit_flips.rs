//! No bit of a real quote can be changed: what is signed is covered by a signature, and what is not is bound to it.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use attestry_evidence::dcap::{
    CollateralDocuments, Quote, Staleness, VerifiedCollateral, VerifiedPck, appraise,
};

use crate::outcome::{anchors, verify_time};
use crate::pool::{Vector, real_quotes};

/// Everything that is verified once for a quote, and the quote to damage.
struct Target {
    vector: Vector,
    pck: VerifiedPck,
    collateral: VerifiedCollateral,
    /// Header, body, and in version 5 the body descriptor.
    signed: Range<usize>,
    /// Quote signature, attestation key, QE report, its signature, and the QE authentication data.
    certified: Vec<Range<usize>>,
}

impl Target {
    /// `None` for a quote that is refused as it is, in which a flipped bit would prove nothing.
    fn new(vector: Vector) -> Option<Self> {
        let (now, anchors) = (verify_time(&vector), anchors(&vector));
        let quote = Quote::parse(&vector.quote).ok()?;
        let documents = CollateralDocuments::from_json(&vector.file("collateral.json").unwrap()).unwrap();
        let collateral =
            VerifiedCollateral::verify(documents, quote.tee(), &anchors, now, Staleness::Strict).unwrap();
        let pck = VerifiedPck::verify(&quote.certification_data(), &anchors, now).unwrap();
        appraise(&quote, &pck, &collateral, now, Staleness::Strict).ok()?;
        let place = |part: &[u8]| {
            let start = part.as_ptr().addr() - vector.quote.as_ptr().addr();
            start..start + part.len()
        };
        let signed = place(quote.signed_bytes());
        let certified = vec![
            place(quote.signature()),
            place(quote.attestation_key()),
            place(quote.qe_report_bytes()),
            place(quote.qe_report_signature()),
            place(quote.qe_auth_data()),
        ];
        Some(Self {
            vector,
            pck,
            collateral,
            signed,
            certified,
        })
    }

    fn accepts(&self, bytes: &[u8]) -> bool {
        let now = verify_time(&self.vector);
        Quote::parse(bytes)
            .is_ok_and(|quote| appraise(&quote, &self.pck, &self.collateral, now, Staleness::Strict).is_ok())
    }

    /// Which bits in `range` can be flipped without a refusal.
    fn survivors(&self, range: &Range<usize>) -> Vec<String> {
        let mut bytes = self.vector.quote.clone();
        let mut survivors = Vec::new();
        for position in range.clone() {
            for bit in 0..8 {
                bytes[position] ^= 1 << bit;
                if self.accepts(&bytes) {
                    survivors.push(format!("{}: byte {position} bit {bit}", self.vector.name));
                }
                bytes[position] ^= 1 << bit;
            }
        }
        survivors
    }
}

/// Runs `check` over the targets on every core and gathers what it finds.
fn on_every_core(check: impl Fn(&Target) -> Vec<String> + Sync) -> Vec<String> {
    let targets: Vec<Target> = distinct_quotes().into_iter().filter_map(Target::new).collect();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let survivors = check(target);
                    found.lock().unwrap().extend(survivors);
                }
            });
        }
    });
    found.into_inner().unwrap()
}

/// The recorded quotes, each once: some are recorded with several sets of collateral.
fn distinct_quotes() -> Vec<Vector> {
    let mut distinct: Vec<Vector> = Vec::new();
    for vector in real_quotes() {
        if distinct.iter().all(|known| known.quote != vector.quote) {
            distinct.push(vector);
        }
    }
    distinct
}

#[test]
fn every_bit_of_the_signed_region_counts() {
    let survivors = on_every_core(|target| target.survivors(&target.signed));
    assert_eq!(survivors, Vec::<String>::new());
}

#[test]
fn every_bit_that_certifies_the_attestation_key_counts() {
    let survivors = on_every_core(|target| {
        target
            .certified
            .iter()
            .flat_map(|range| target.survivors(range))
            .collect()
    });
    assert_eq!(survivors, Vec::<String>::new());
}
