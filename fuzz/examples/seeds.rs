//! Writes the seeds that the corpus starts from, all of it minted: `cargo run --example seeds`.

use std::fs;
use std::path::Path;

use attestry_forge::Seed;
use attestry_forge::amd::{AmdForge, ProductLine};
use attestry_forge::azure::{HclReport, TimeStamp, VtpmKeys};
use attestry_forge::intel::{IntelForge, PckCa, PckSpec, Tee, split_envelope};
use attestry_forge::openenclave::{custom_claims, endorsements};
use attestry_forge::pki::CertificateSpec;
use attestry_forge::quote::TdBody;
use attestry_fuzz::World;
use attestry_fuzz::azure::ENDORSEMENTS;

fn main() {
    amd();
    azure();
    event_logs();
    sipa();
    let forge = World::shared().forge();
    let sgx = forge.collateral(Tee::Sgx);
    let tdx = forge.collateral(Tee::Tdx);
    quotes(forge);
    thim();
    write("oe_evidence", "report", &forge.oe_report(&forge.sgx_quote_spec()));
    write(
        "oe_evidence",
        "claims",
        &forge.oe_evidence(&forge.sgx_quote_spec(), &[("pk", &[7; 32])]),
    );
    write(
        "oe_evidence",
        "tdx",
        &forge.oe_tdx_evidence(&forge.tdx_quote_spec(TdBody::Td10)),
    );
    write("oe_endorsements", "sgx", &endorsements(&sgx, forge.now));
    write("oe_claims", "one", &custom_claims(&[("pk", &[7; 32])]));
    write("oe_claims", "two", &custom_claims(&[("a", b""), ("b", b"value")]));
    let pck = PckSpec::new(&forge.seed, PckCa::Platform);
    for (name, certificate) in [
        ("root", &forge.root),
        ("platform_ca", &forge.platform_ca),
        ("tcb_signing", &forge.tcb_signing),
        ("pck", &pck.certificate(forge)),
    ] {
        write("certificate", name, &CertificateSpec::to_der(certificate));
    }
    let mut revoked = forge.pck_crl(PckCa::Platform);
    revoked.revoke(&[0x12, 0x34]);
    write("crl", "root", &forge.root_crl().to_der());
    write("crl", "revoked", &revoked.to_der());
    write("pem_chain", "pck", pck.chain_pem(forge).as_bytes());
    write("pem_chain", "tcb_signing", &sgx.tcb_info_issuer_chain);
    for (name, ca) in [("platform", PckCa::Platform), ("processor", PckCa::Processor)] {
        write(
            "sgx_extension",
            name,
            &PckSpec::new(&forge.seed, ca).sgx_extension(),
        );
    }
    for (name, collateral) in [("sgx", &sgx), ("tdx", &tdx)] {
        write(
            "tcb_info",
            name,
            split_envelope(&collateral.tcb_info).0.as_bytes(),
        );
        write(
            "enclave_identity",
            name,
            split_envelope(&collateral.qe_identity).0.as_bytes(),
        );
    }
    // No edit; one edit of the report data; one of each document.
    write("appraise", "good", &[0]);
    write("appraise", "report_data", &[0, 0x40, 0x02, 0xFF]);
    for selector in 1..8 {
        write(
            "appraise",
            &format!("document_{selector}"),
            &[selector, 0x20, 0, 0x20],
        );
    }
}

fn quotes(forge: &IntelForge) {
    let mut quotes = Vec::new();
    for version in 3..=5 {
        let mut spec = forge.sgx_quote_spec();
        spec.header.version = version;
        quotes.push((format!("sgx_{version}"), forge.sgx_quote(&spec)));
    }
    for (name, body) in [
        ("td_1_0", TdBody::Td10),
        ("td_1_5", TdBody::Td15),
        ("td_1_5_extended", TdBody::Td15Extended),
    ] {
        quotes.push((name.to_owned(), forge.tdx_quote(&forge.tdx_quote_spec(body))));
    }
    for (name, quote) in quotes {
        write("quote", &name, &quote);
        write("inspect", &name, &quote);
    }
}

fn azure() {
    let seed = Seed::default();
    let keys = VtpmKeys::new(&seed);
    let amd = AmdForge::new(seed.clone(), NOW);
    let intel = World::shared().forge();
    let snp = HclReport::snp(amd.snp_evidence(ProductLine::Milan), &keys).mint();
    let tdx = HclReport::tdx(&seed, intel.tdx_quote_spec(TdBody::Td10).report, &keys).mint();
    write("hcl_report", "snp", &snp.hcl_report);
    write("hcl_report", "tdx", &tdx.hcl_report);
    write("runtime_json", "paravisor", &snp.runtime_claims);
    write("runtime_json", "empty", b"{}");
    let world = &*ENDORSEMENTS;
    let mut later = world.good.clone();
    later.use_cwt_claims();
    let mut stamped = world.good.clone();
    stamped.time_stamp = Some(TimeStamp::new(&world.authority, world.good.signing_time, &[]));
    let token = TimeStamp::new(&world.authority, world.good.signing_time, b"other bytes").to_der();
    for (name, selector, part) in [
        ("named", 0, stamped.mint()),
        ("claims", 0, later.mint()),
        ("statement", 1, world.good.payload()),
        ("issuer", 2, world.good.issuer.clone().into_bytes()),
        ("subject", 2, world.authority.did_by_subject().into_bytes()),
        ("time_stamp", 3, token),
    ] {
        write("cose_endorsement", name, &[&[selector], &part[..]].concat());
    }
}

/// What Windows measures (Windows SDK, `wbcl.h`): each form that a payload can have.
/// A variable, in UEFI's form and in logs of both kinds.
fn event_logs() {
    let guid = [
        0x61, 0xDF, 0xE4, 0x8B, 0xCA, 0x93, 0xD2, 0x11, 0xAA, 0x0D, 0x00, 0xE0, 0x98, 0x03, 0x2B, 0x8C,
    ];
    let name: Vec<u8> = "db".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let sha256_list = [
        &[
            0x26, 0x16, 0xC4, 0xC1, 0x4C, 0x50, 0x92, 0x40, 0xAC, 0xA9, 0x41, 0xF9, 0x36, 0x93, 0x43, 0x28,
        ][..],
        &[76, 0, 0, 0, 0, 0, 0, 0, 48, 0, 0, 0],
        &guid,
        &[7; 32],
    ]
    .concat();
    let size = |bytes: &[u8]| u32::try_from(bytes.len()).expect("seeds are small").to_le_bytes();
    let variable = [
        &guid[..],
        &2_u64.to_le_bytes(),
        &76_u64.to_le_bytes(),
        &name,
        &sha256_list,
    ]
    .concat();
    let head = |pcr: u32, kind: u32| [pcr.to_le_bytes(), kind.to_le_bytes()].concat();
    let legacy = |pcr, kind, data: &[u8]| [&head(pcr, kind)[..], &[7; 20], &size(data), data].concat();
    let agile = |pcr, kind, data: &[u8]| {
        let digests = [&[1, 0, 0, 0, 11, 0][..], &[7; 32]].concat();
        [&head(pcr, kind)[..], &digests, &size(data), data].concat()
    };
    let header = [
        &b"Spec ID Event03\0"[..],
        &[0, 0, 0, 0, 0, 2, 0, 2, 1, 0, 0, 0, 11, 0, 32, 0, 0],
    ]
    .concat();
    let locality = [&b"StartupLocality\0"[..], &[3]].concat();
    let crypto_agile = [
        legacy(0, 3, &header),
        agile(0, 3, &locality),
        agile(7, 0x8000_0001, &variable),
        agile(7, 4, &[0; 4]),
    ];
    write("tcg_log", "crypto_agile", &crypto_agile.concat());
    let sha1 = [legacy(7, 0x8000_0001, &variable), legacy(7, 4, &[0; 4])];
    write("tcg_log", "sha1", &sha1.concat());
    let path = [4, 4, 8, 0, b'a', 0, 0, 0, 0x7F, 0xFF, 4, 0];
    let option = [&[1, 0, 0, 0, 12, 0, b'o', 0, 0, 0][..], &path].concat();
    let image = [&[0; 24][..], &12_u64.to_le_bytes(), &path].concat();
    let partitions = [
        &[1; 84][..],
        &[128, 0, 0, 0],
        &[1; 4],
        &[1, 0, 0, 0, 0, 0, 0, 0],
        &[0; 128],
    ]
    .concat();
    for (selector, name, bytes) in [
        (0, "variable", &variable),
        (1, "signature_list", &sha256_list),
        (2, "load_option", &option),
        (3, "device_path", &path.to_vec()),
        (5, "partitions", &partitions),
        (6, "image", &image),
        (7, "blob", &[0; 16].to_vec()),
        (8, "tables", &[&[1, 0, 0, 0, 0, 0, 0, 0][..], &[7; 24]].concat()),
    ] {
        write("efi_structure", name, &[&[selector], &bytes[..]].concat());
    }
}

fn sipa() {
    let tag = |id: u32, payload: &[u8]| {
        let size = u32::try_from(payload.len()).expect("a payload has a size of 32 bits");
        [&id.to_le_bytes()[..], &size.to_le_bytes(), payload].concat()
    };
    let text = |text: &str| -> Vec<u8> {
        text.encode_utf16()
            .chain([0])
            .flat_map(u16::to_le_bytes)
            .collect()
    };
    let digest = |length: u32| [&length.to_le_bytes()[..], &11_u16.to_le_bytes(), &[7; 32]].concat();
    let revoked = [&[1; 8][..], &digest(32)].concat();
    let name = text("p.p7b");
    let policy = [
        &[2; 8][..],
        &[12, 0, 11, 0],
        &32_u32.to_le_bytes(),
        &name,
        &[7; 32],
    ]
    .concat();
    let numbers = |numbers: [u32; 4]| numbers.map(u32::to_le_bytes).concat();
    let key = [&numbers([1, 2048, 3, 256])[..], &[1, 0, 1], &[0xC5; 256]].concat();
    let custom = [&[1, 0, 0, 0, 20, 0, 0, 0, 11, 0, 32, 0][..], &[0; 8], &[7; 32]].concat();
    let signer = [
        &[6, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0, 1, 0, 1, 0][..],
        &name,
        b"ec",
    ]
    .concat();
    let module = [
        tag(0x7_0001, &text("\\Windows\\System32\\winload.efi")),
        tag(0x7_0004, &[7; 32]),
        tag(0x7_000A, &[1]),
        tag(0x7_000B, &5_u32.to_le_bytes()),
    ];
    let settings = [
        tag(0x2_0005, &4_u32.to_le_bytes()),
        tag(0x4_0001, &[0]),
        tag(0x5_0004, &3_u64.to_le_bytes()),
        tag(0x4_0002, &revoked),
        tag(0x5_000F, &policy),
        tag(0x5_0023, &key),
        tag(0x5_0029, &custom),
        tag(0x5_0031, &signer),
        tag(0x4001_0003, &module.concat()),
    ];
    write("sipa", "settings", &tag(0x4001_0001, &settings.concat()));
    write(
        "sipa",
        "signers",
        &[tag(0x6_0002, b"key"), tag(0x6_0002, b"key")].concat(),
    );
    write(
        "sipa",
        "trust_point",
        &tag(0xC001_0004, &tag(0x8008_0004, &[7; 20])),
    );
}

/// The time at which the seeds are minted.
const NOW: i64 = 1_768_435_200;

/// What Azure's THIM would answer on a forged chip.
fn amd() {
    let forge = AmdForge::new(Seed::default(), 1_800_000_000);
    for line in ProductLine::ALL {
        let mut evidence = forge.snp_evidence(line);
        let name = line.name();
        write("snp_report", name, &evidence.to_report_bytes());
        write("vek_certificate", name, &evidence.vek_der(&forge));
        write(
            "vek_certificate",
            &format!("{name}_chain"),
            evidence.chain_pem(&forge).as_bytes(),
        );
        write("amd_crl", name, &forge.crl(line).to_der());
        let request = serde_json::json!({
            "report": attestry_api::b64::encode_url(evidence.to_json(&forge).as_bytes()),
            "nonce": 7,
        });
        write(
            "attest_request",
            &format!("snp_{name}"),
            request.to_string().as_bytes(),
        );
        evidence.use_vlek(&forge, "cloud.example", line.default_tcb());
        write("snp_report", &format!("{name}_vlek"), &evidence.to_report_bytes());
        write(
            "vek_certificate",
            &format!("{name}_vlek"),
            &evidence.vek_der(&forge),
        );
    }
    // The report data of the second line, flipped.
    write("snp_report", "edit", &[1, 0x50, 0, 0xff]);
}

fn thim() {
    let forge = AmdForge::new(Seed::default(), NOW);
    let line = ProductLine::Milan;
    let chain = forge.snp_evidence(line).chain_pem(&forge);
    let end = "-----END CERTIFICATE-----\n";
    let (vcek, issuers) = chain.split_once(end).expect("a chain has several certificates");
    let answer = format!(
        "{{\"vcekCert\":{:?},\"tcbm\":\"{:016X}\",\"certificateChain\":{issuers:?},\"cacheControl\":\"86400\"}}",
        format!("{vcek}{end}"),
        line.default_tcb().raw(line),
    );
    write("thim_json", "milan", answer.as_bytes());
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    fs::create_dir_all(&directory).expect("the corpus can be written");
    fs::write(directory.join(name), bytes).expect("the corpus can be written");
}
