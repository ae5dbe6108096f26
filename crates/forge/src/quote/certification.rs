//! Certification data: how a quote names or carries its PCK certificate (QuoteLibReference, A.4, table 9).

use crate::intel::{IntelForge, PckSpec};

/// PPID in clear, CPUSVN, PCESVN, PCEID.
pub const PLAIN_PPID: u16 = 1;
/// PPID encrypted under RSA-2048 with OAEP, CPUSVN, PCESVN, PCEID.
pub const RSA_2048_PPID: u16 = 2;
/// PPID encrypted under RSA-3072 with OAEP, CPUSVN, PCESVN, PCEID.
pub const RSA_3072_PPID: u16 = 3;
/// The PCK certificate alone, PEM.
pub const PCK_LEAF: u16 = 4;
/// The chain of the PCK certificate, leaf first, PEM, ended by a NUL.
pub const PCK_CHAIN: u16 = 5;
/// The QE report and what certifies it: the outer type of versions 4 and 5.
pub const QE_REPORT_CERTIFICATION: u16 = 6;
/// A platform manifest.
pub const PLATFORM_MANIFEST: u16 = 7;

/// Good data of a type for a platform; empty for types that have none.
pub(super) fn data(kind: u16, pck: &PckSpec, forge: &IntelForge) -> Vec<u8> {
    // Only Intel could decrypt a PPID, so only the size of the ciphertext matters.
    match kind {
        PLAIN_PPID => identified(&pck.ppid, pck),
        RSA_2048_PPID => identified(&forge.seed.bytes::<256>("encrypted ppid"), pck),
        RSA_3072_PPID => identified(&forge.seed.bytes::<384>("encrypted ppid"), pck),
        PCK_LEAF => pck.certificate(forge).to_pem().into_bytes(),
        PCK_CHAIN => {
            let mut chain = pck.chain_pem(forge).into_bytes();
            chain.push(0);
            chain
        }
        PLATFORM_MANIFEST => forge.seed.bytes::<512>("platform manifest").to_vec(),
        _ => Vec::new(),
    }
}

fn identified(ppid: &[u8], pck: &PckSpec) -> Vec<u8> {
    let pce_svn = u16::try_from(pck.pce_svn).unwrap_or(u16::MAX);
    [ppid, pck.cpu_svn.as_slice(), &pce_svn.to_le_bytes(), &pck.pce_id].concat()
}
