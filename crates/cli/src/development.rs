//! What a development server is given: the forge's roots and its collateral for every kind of minted evidence.

use attestry_evidence::dcap::{CollateralDocuments, Tee};
use attestry_evidence::time::UnixTime;
use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine};
use attestry_forge::azure::UvmAuthority;
use attestry_forge::intel::{self, IntelForge, PckCa, UpdateSet};
use attestry_forge::pki::CertificateSpec;
use attestry_service::server::DevFixtures;

use crate::input;

/// The well-known forge, fresh at `as_of` or now.
pub fn forge(as_of: Option<i64>) -> IntelForge {
    IntelForge::new(Seed::default(), as_of.unwrap_or_else(input::now))
}

/// The default forge's root and collateral, and more collateral where a user brings some.
pub fn fixtures(as_of: Option<i64>, more: Vec<(Tee, CollateralDocuments)>) -> DevFixtures {
    let forge = forge(as_of);
    let mut collateral = more;
    for (tee, name) in [(Tee::Sgx, intel::Tee::Sgx), (Tee::Tdx, intel::Tee::Tdx)] {
        for ca in [PckCa::Platform, PckCa::Processor] {
            let spec = forge.collateral_spec(name, ca, UpdateSet::Standard.evaluation_number());
            collateral.push((tee, documents(spec.mint())));
        }
    }
    // Roots do not depend on the time.
    let uvm = UvmAuthority::new(0);
    DevFixtures {
        as_of: as_of.map(UnixTime::new),
        trust_roots: vec![forge.root_certificate_der()],
        amd_anchors: amd_anchors(),
        uvm_signer_roots: vec![uvm.root.to_der()],
        uvm_time_stamp_roots: vec![uvm.time_stamp_root.to_der()],
        collateral,
    }
}

/// The well-known forge of AMD's evidence, fresh at `as_of` or now.
pub fn amd_forge(as_of: Option<i64>) -> AmdForge {
    AmdForge::new(Seed::default(), as_of.unwrap_or_else(input::now))
}

/// The authorities of the forge's own AMD hierarchies.
fn amd_anchors() -> Vec<Vec<u8>> {
    // Only certificates of chips and lists depend on the time.
    let forge = amd_forge(Some(0));
    let of_line = |line| {
        let line = forge.line(line);
        [&line.ark, &line.ask, &line.asvk].map(CertificateSpec::to_der)
    };
    ProductLine::ALL.into_iter().flat_map(of_line).collect()
}

fn documents(minted: intel::Collateral) -> CollateralDocuments {
    CollateralDocuments {
        tcb_info: minted.tcb_info,
        tcb_info_issuer_chain: minted.tcb_info_issuer_chain,
        qe_identity: minted.qe_identity,
        qe_identity_issuer_chain: minted.qe_identity_issuer_chain,
        root_ca_crl: minted.root_ca_crl,
        pck_crl: minted.pck_crl,
        pck_crl_issuer_chain: minted.pck_crl_issuer_chain,
    }
}
