//! The endorsement of a utility VM, as Azure Container Instances hands it to containers.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use attestry_evidence::azure::uvm::{SigningTime, UvmEndorsement, UvmError, UvmTrust};
use attestry_evidence::time::UnixTime;

use crate::pool::file;

fn recorded() -> Option<Vec<u8>> {
    file("snp/reports/aci-milan-v2/uvm-endorsement.cose")
}

fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339_z(text).unwrap()
}

/// Years after the signer's certificate has expired, so that only the time stamp makes the endorsement acceptable.
fn verify(bytes: &[u8]) -> Result<UvmEndorsement, UvmError> {
    UvmEndorsement::verify(bytes, &UvmTrust::microsoft(), time("2026-11-21T00:00:00Z"), 0)
}

#[test]
fn a_recorded_endorsement_covers_the_report_beside_it() {
    let (Some(endorsement), Some(report)) = (recorded(), file("snp/reports/aci-milan-v2/report.bin")) else {
        return;
    };
    let endorsement = verify(&endorsement).unwrap();
    assert_eq!(
        *endorsement.signing_time(),
        SigningTime::Stamped(time("2023-02-08T05:42:23Z"))
    );
    assert_eq!(
        (endorsement.feed(), endorsement.svn()),
        ("ContainerPlat-AMD-UVM", 22)
    );
    let measurement: &[u8; 48] = report[0x90..0xC0].try_into().unwrap();
    assert_eq!(endorsement.measurement(), measurement);
}

#[test]
fn an_endorsement_is_read_whole_or_not_at_all() {
    let Some(endorsement) = recorded() else { return };
    for size in 0..endorsement.len() {
        assert!(verify(&endorsement[..size]).is_err(), "{size} bytes");
    }
}

#[test]
fn no_bit_of_a_recorded_endorsement_can_be_changed() {
    let Some(good) = recorded() else { return };
    let (next, accepted) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                let mut bytes = good.clone();
                loop {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    if position >= bytes.len() {
                        break;
                    }
                    for bit in 0..8 {
                        bytes[position] ^= 1 << bit;
                        if verify(&bytes).is_ok() {
                            accepted.lock().unwrap().push((position, bit));
                        }
                        bytes[position] ^= 1 << bit;
                    }
                }
            });
        }
    });
    assert_eq!(accepted.into_inner().unwrap(), []);
}
