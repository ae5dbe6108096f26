//! HCL reports, quotes of virtual TPMs and certificates of their keys, as recorded on Azure confidential VMs.

use attestry_evidence::azure::{
    BoundRuntime, HardwareReport, HashType, HclReport, RuntimeBindingError, RuntimeClaims, ak_certificate,
    bind_snp, bind_tdx,
};
use attestry_evidence::dcap::Quote;
use attestry_evidence::x509::{RsaKey, VendorCertificate};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::pool::file;

/// One confidential VM: what its virtual TPM kept and signed.
struct Machine {
    name: String,
    hcl_report: Vec<u8>,
    /// The quote that Intel's quoting enclave made of the TDREPORT, where one was recorded.
    td_quote: Option<Vec<u8>>,
    /// `TPMS_ATTEST` and its signature by the attestation key, where recorded.
    tpm_quote: Option<(Vec<u8>, Vec<u8>)>,
}

impl Machine {
    fn bind(&self) -> Result<BoundRuntime, RuntimeBindingError> {
        bind(&self.hcl_report, self.td_quote.as_deref())
    }

    /// Whether the TPM's quote is signed by this key.
    fn signed_by(&self, key: &RsaKey) -> Option<bool> {
        let (message, signature) = self.tpm_quote.as_ref()?;
        let key = RsaPublicKeyComponents {
            n: key.modulus(),
            e: key.exponent(),
        };
        Some(
            key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        )
    }
}

/// Binds a report as if the hardware report in it were verified.
fn bind(hcl_report: &[u8], td_quote: Option<&[u8]>) -> Result<BoundRuntime, RuntimeBindingError> {
    let report = HclReport::parse(hcl_report).unwrap();
    match (report.hardware(), td_quote) {
        (HardwareReport::Snp { report: snp, .. }, _) => report.bind_to_snp_report(snp),
        (HardwareReport::Tdx { .. }, Some(quote)) => {
            report.bind_to_tdx_quote(Quote::parse(quote).unwrap().report_data())
        }
        (HardwareReport::Tdx { report_data, .. }, None) => report.bind_to_tdx_quote(report_data),
    }
}

/// Every recorded machine whose evidence holds together.
fn machines() -> Vec<Machine> {
    let mut machines: Vec<Machine> = ["cat-snp", "coco-snp", "coco-tdx", "flashbots", "kinvolk-snp"]
        .into_iter()
        .filter_map(|name| {
            Some(Machine {
                name: name.to_owned(),
                hcl_report: file(&format!("snp/hcl/{name}.bin"))?,
                td_quote: match name {
                    "coco-tdx" => file("snp/az-tdx-vtpm/td-quote.bin"),
                    _ => None,
                },
                tpm_quote: None,
            })
        })
        .collect();
    machines.extend(
        file("maa/evidence/azurevm/kinvolk-hcl-report-tdx.bin").map(|hcl_report| Machine {
            name: "kinvolk-tdx".to_owned(),
            hcl_report,
            td_quote: None,
            tpm_quote: None,
        }),
    );
    let evidence = [
        "az-snp-vtpm/evidence-genoa",
        "az-snp-vtpm/evidence-v0",
        "az-snp-vtpm/evidence-v1",
        "az-snp-vtpm/evidence-v2",
        "az-tdx-vtpm/evidence-v0",
        "az-tdx-vtpm/evidence-v1",
    ];
    machines.extend(evidence.into_iter().filter_map(|name| {
        let json: Value = serde_json::from_slice(&file(&format!("snp/{name}.json"))?).unwrap();
        let (report, quote) = match json.get("tpm_quote") {
            Some(quote) => (&json["hcl_report"], quote),
            None => (&json["report"], &json["quote"]),
        };
        Some(Machine {
            name: name.to_owned(),
            hcl_report: bytes(report),
            td_quote: json.get("td_quote").map(bytes),
            tpm_quote: Some((bytes(&quote["message"]), bytes(&quote["signature"]))),
        })
    }));
    machines
}

/// Bytes as the recordings write them: an array of numbers, hexadecimal or base64url.
pub fn bytes(value: &Value) -> Vec<u8> {
    match value {
        Value::Array(numbers) => numbers
            .iter()
            .map(|number| u8::try_from(number.as_u64().unwrap()).unwrap())
            .collect(),
        Value::String(text) if text.bytes().all(|digit| digit.is_ascii_hexdigit()) => {
            attestry_evidence::hex::decode(text.as_bytes()).unwrap()
        }
        Value::String(text) => URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap(),
        other => unreachable!("{other}"),
    }
}

#[test]
fn every_recorded_machine_vouches_for_its_claims_and_its_key() {
    let mut quotes = 0;
    for machine in machines() {
        let bound = machine
            .bind()
            .unwrap_or_else(|error| panic!("{}: {error}", machine.name));
        let key = bound.claims().ak_pub().expect("a paravisor states the key");
        assert_ne!(machine.signed_by(key), Some(false), "{}", machine.name);
        quotes += usize::from(machine.tpm_quote.is_some());
        assert!(bound.claims().vm_configuration().is_some(), "{}", machine.name);
    }
    assert!(quotes == 0 || quotes == 6, "{quotes}");
}

/// The example of the REST API's specification, from the preview in which a key was transferred.
#[test]
fn runtime_data_of_a_request_are_bound_to_its_report() {
    let (Some(report), Some(data)) = (
        file("maa/evidence/snp/spec-snpv1-report.bin"),
        file("maa/evidence/snp/spec-snpv1-runtimedata.json"),
    ) else {
        return;
    };
    let report_data = report[0x50..0x90].try_into().unwrap();
    let bound = bind_snp(report_data, 0, HashType::Sha256, &data).unwrap();
    assert!(bound.claims().transfer_key().is_some());
    assert_eq!(bound.claims().ak_pub(), None);
    let refused = bind_snp(report_data, 1, HashType::Sha256, &data);
    assert_eq!(refused, Err(RuntimeBindingError::Vmpl { found: 1 }));
}

#[test]
fn claims_that_were_edited_after_the_report_was_made_are_refused() {
    let Some(report) = file("snp/hcl/guestlib-snp-v1.bin") else {
        return;
    };
    let refused = bind(&report, None).unwrap_err();
    assert_eq!(refused.explain().code, "runtime_data_hash");
}

#[test]
fn the_claims_of_another_machine_are_refused() {
    let machines = machines();
    for one in &machines {
        let report = HclReport::parse(&one.hcl_report).unwrap();
        for other in &machines {
            let foreign = HclReport::parse(&other.hcl_report).unwrap();
            if foreign.runtime_claims() == report.runtime_claims() {
                continue;
            }
            let bound = bind_tdx(
                report.hardware().report_data(),
                report.hash_type(),
                foreign.runtime_claims(),
            );
            assert!(
                matches!(bound, Err(RuntimeBindingError::ReportData { .. })),
                "{} vouches for {}",
                one.name,
                other.name
            );
        }
    }
}

#[test]
fn the_key_of_another_machine_is_refused() {
    let machines = machines();
    for one in &machines {
        let bound = one.bind().unwrap();
        let own = bound.claims().ak_pub().unwrap();
        assert_eq!(bound.check_ak(own), Ok(()));
        for other in &machines {
            let other = other.bind().unwrap();
            let key = other.claims().ak_pub().unwrap();
            assert_eq!(bound.check_ak(key).is_ok(), key == own);
        }
    }
}

#[test]
fn the_key_is_the_one_of_its_certificate_and_of_no_other() {
    let Some(recording) = file("snp/az-tdx-vtpm/flashbots-azure-tdx-with-ak-intermediates-1780922561.yaml")
    else {
        return;
    };
    let recording = String::from_utf8(recording).unwrap();
    let base64 = |name: &str| {
        let (_, rest) = recording.split_once(name).unwrap();
        let text = rest.split_whitespace().nth(1).unwrap();
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).unwrap()
    };
    let (hcl_report, td_quote) = (base64("hcl_report_base64:"), base64("tdx_quote_base64:"));
    let bound = bind(&hcl_report, Some(&td_quote)).unwrap();
    let keys: Vec<RsaKey> = certificates(&recording)
        .iter()
        .map(|certificate| certificate.public_key().rsa().unwrap().clone())
        .collect();
    let (ak, authorities) = keys.split_first().unwrap();
    assert_eq!(bound.check_ak(ak), Ok(()));
    assert!(!authorities.is_empty());
    assert!(authorities.iter().all(|key| bound.check_ak(key).is_err()));
}

/// The certificates in a text that indents them.
fn certificates(text: &str) -> Vec<VendorCertificate> {
    text.split("-----BEGIN CERTIFICATE-----")
        .skip(1)
        .map(|rest| {
            let (body, _) = rest.split_once("-----END CERTIFICATE-----").unwrap();
            let der = STANDARD
                .decode(body.split_whitespace().collect::<String>())
                .unwrap();
            VendorCertificate::from_der(&der).unwrap()
        })
        .collect()
}

#[test]
fn a_certificate_is_cut_from_the_buffer_of_the_tpm() {
    if let Some(certificate) = file("snp/vtpm-pki/ca2a-2026-07-27/akcert_0x01C101D0.der") {
        let mut buffer = certificate.clone();
        buffer.resize(4096, 0);
        assert_eq!(ak_certificate(&buffer), Ok(&certificate[..]));
        buffer[4095] = 1;
        assert!(ak_certificate(&buffer).is_err());
    }
}

#[test]
fn a_report_of_the_guest_is_refused() {
    for machine in machines() {
        let mut bytes = machine.hcl_report.clone();
        let report = HclReport::parse(&bytes).unwrap();
        if matches!(report.hardware(), HardwareReport::Snp { .. }) {
            // VMPL, at 0x30 of the report that begins at 32.
            bytes[32 + 0x30] = 1;
            assert_eq!(
                bind(&bytes, None),
                Err(RuntimeBindingError::Vmpl { found: 1 }),
                "{}",
                machine.name
            );
        }
    }
}

#[test]
fn a_report_of_the_other_type_or_with_set_padding_is_refused() {
    for machine in machines() {
        let mut bytes = machine.hcl_report.clone();
        // The report type, 2 or 4, becomes the other.
        bytes[1224] ^= 6;
        assert_eq!(code(&bytes), "hcl_hardware_report", "{}", machine.name);
        let mut bytes = machine.hcl_report.clone();
        *bytes.last_mut().unwrap() = 1;
        assert_eq!(code(&bytes), "hcl_not_zero", "{}", machine.name);
    }
}

fn code(bytes: &[u8]) -> &'static str {
    HclReport::parse(bytes).unwrap_err().explain().code
}

#[test]
fn a_report_is_read_whole_or_not_at_all() {
    for machine in machines() {
        let whole = HclReport::parse(&machine.hcl_report).unwrap();
        let used = 1236 + whole.runtime_claims().len();
        for size in 0..machine.hcl_report.len() {
            let read = HclReport::parse(&machine.hcl_report[..size]);
            assert_eq!(read.is_ok(), size >= used, "{} at {size}", machine.name);
        }
    }
}

/// The signature of the hardware covers its own report; here it is the rest that no bit may change unnoticed.
#[test]
fn every_bit_outside_the_hardware_report_is_refused_or_changes_nothing() {
    for machine in machines() {
        let good = machine.bind().unwrap();
        let snp = match HclReport::parse(&machine.hcl_report).unwrap().hardware() {
            HardwareReport::Snp { report, .. } => Some(report.to_vec()),
            HardwareReport::Tdx { .. } => None,
        };
        let report_data = *HclReport::parse(&machine.hcl_report)
            .unwrap()
            .hardware()
            .report_data();
        let mut bytes = machine.hcl_report.clone();
        let mut unnoticed = Vec::new();
        for position in 0..bytes.len() {
            for bit in 0..8 {
                bytes[position] ^= 1 << bit;
                let bound = HclReport::parse(&bytes).ok().and_then(|report| match &snp {
                    Some(verified) => report.bind_to_snp_report(verified).ok(),
                    None => report.bind_to_tdx_quote(&report_data).ok(),
                });
                if let Some(bound) = bound {
                    assert_eq!(bound, good, "{} byte {position} bit {bit}", machine.name);
                    unnoticed.push(position);
                }
                bytes[position] ^= 1 << bit;
            }
        }
        // The version and the request are not measured; of a TDREPORT only the report data count, the quote proves
        // the rest.
        let harmless = |position: &usize| {
            matches!(position, 4 | 12) || (snp.is_none() && (32..32 + 1024).contains(position))
        };
        assert!(unnoticed.iter().all(harmless), "{}: {unnoticed:?}", machine.name);
    }
}

#[test]
fn runtime_claims_are_kept_as_they_are() {
    for machine in machines() {
        let report = HclReport::parse(&machine.hcl_report).unwrap();
        let claims = RuntimeClaims::parse(report.runtime_claims()).unwrap();
        let text: Value = serde_json::from_slice(report.runtime_claims()).unwrap();
        assert_eq!(Value::Object(claims.members().clone()), text);
    }
}
