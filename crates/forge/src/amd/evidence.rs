//! A signed report with its certificates: as 1184 bytes, and as the JSON that MAA takes
//! (MAA REST API, "Attestation - Attest SEV SNP VM").

use attestry_api::b64;
use serde_json::json;

use crate::{
    field::{self, Field, Group, SetError, Settable, Slot},
    pki::{P384KeyPair, pem_chain},
    seed::sha256,
};

use super::{
    AmdForge, Processor, ProductLine, SnpReport, Tcb, VekKind, VekSpec,
    report::{PLATFORM_BITS, POLICY_BITS},
};

/// Everything a report says, the key that signs it and how both are carried.
#[derive(Clone, Debug)]
pub struct SnpEvidence {
    /// The signed part.
    pub report: SnpReport,
    /// The key and its certificate.
    pub vek: VekSpec,
    /// The key that signs; `None` is the certified one.
    pub report_signer: Option<P384KeyPair>,
    /// R as it lies in the report, little-endian, 72 bytes, instead of a computed one.
    pub signature_r: Option<Vec<u8>>,
    /// S as it lies in the report, little-endian, 72 bytes, instead of a computed one.
    pub signature_s: Option<Vec<u8>>,
    /// Reserved bytes after the signature.
    pub reserved_330: [u8; 368],
    /// Bytes after the report.
    pub trailing: Vec<u8>,
    /// Bits to flip in the finished report: bit `n` is bit `n % 8` of byte `n / 8`.
    pub flip_bits: Vec<usize>,
    /// How lines of the certificate chain end.
    pub line_ends: LineEnds,
    /// UVM endorsements (COSE_Sign1) that go along.
    pub uvm_endorsements: Vec<Vec<u8>>,
}

/// How lines of PEM text end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineEnds {
    /// LF, as from AMD and from Azure's metadata service.
    #[default]
    Lf,
    /// CR LF, as some Windows clients send it.
    CrLf,
}

impl AmdForge {
    /// Good evidence of the processor that a line is named after, signed by its chip's VCEK.
    pub fn snp_evidence(&self, line: ProductLine) -> SnpEvidence {
        self.snp_evidence_of(line.processor())
    }

    /// CHIP_ID of the forge's own chip of a line: of Turin 8 bytes and zeros.
    pub fn chip_id(&self, line: ProductLine) -> [u8; 64] {
        let mut chip_id = self.seed.bytes(&format!("{} chip", line.name()));
        for byte in chip_id.iter_mut().skip(line.hw_id_size()) {
            *byte = 0;
        }
        chip_id
    }

    /// Good evidence of a processor, signed by its chip's VCEK.
    pub fn snp_evidence_of(&self, processor: Processor) -> SnpEvidence {
        let line = processor.line();
        let chip_id = self.chip_id(line);
        let hw_id = chip_id.get(..line.hw_id_size()).unwrap_or_default();
        let mut evidence = SnpEvidence {
            report: SnpReport::new(&self.seed, processor),
            vek: VekSpec::vcek(self, line, hw_id, line.default_tcb()),
            report_signer: None,
            signature_r: None,
            signature_s: None,
            reserved_330: [0; 368],
            trailing: Vec::new(),
            flip_bits: Vec::new(),
            line_ends: LineEnds::Lf,
            uvm_endorsements: Vec::new(),
        };
        evidence.use_chip(self, hw_id, line.default_tcb());
        evidence
    }
}

impl SnpEvidence {
    /// Moves the evidence to a chip at a TCB: report, key and certificate agree. `hw_id` has 64 bytes, of
    /// Turin 8.
    pub fn use_chip(&mut self, forge: &AmdForge, hw_id: &[u8], tcb: Tcb) {
        let line = self.vek.line;
        self.vek = VekSpec::vcek(forge, line, hw_id, tcb);
        self.report.use_tcb(tcb, line);
        self.report.use_signing_key(VekKind::Vcek);
        self.report.chip_id = [0; 64];
        for (to, from) in self.report.chip_id.iter_mut().zip(hw_id) {
            *to = *from;
        }
    }

    /// Moves the evidence to another TCB of its chip or provider.
    pub fn use_tcb(&mut self, forge: &AmdForge, tcb: Tcb) {
        match self.vek.kind {
            VekKind::Vcek => self.use_chip(forge, &self.vek.hw_id.clone(), tcb),
            VekKind::Vlek => self.use_vlek(forge, &self.vek.csp_id.clone(), tcb),
        }
    }

    /// Signs with a provider's VLEK, which masks the chip's identity.
    pub fn use_vlek(&mut self, forge: &AmdForge, csp_id: &str, tcb: Tcb) {
        let line = self.vek.line;
        self.vek = VekSpec::vlek(forge, line, csp_id, tcb);
        self.report.use_tcb(tcb, line);
        self.report.use_signing_key(VekKind::Vlek);
        self.report.chip_id = [0; 64];
    }

    /// Puts SHA-256 of `data` into the first half of the report data and zeros into the second: how
    /// runtime data is bound.
    pub fn bind_runtime_data(&mut self, data: &[u8]) {
        self.report.report_data = [0; 64];
        for (to, from) in self.report.report_data.iter_mut().zip(sha256(&[data])) {
            *to = from;
        }
    }

    /// Puts SHA-256 of `data` into the host data: how init-time data is bound.
    pub fn bind_init_time_data(&mut self, data: &[u8]) {
        self.report.host_data = sha256(&[data]);
    }

    /// Sets a field by name, such as `report.vmpl`, `report.policy.debug` or `vek.microcode`;
    /// [`SnpEvidence::fields`] lists the names. Only that field changes: a new `report.reported_tcb` no longer
    /// fits the certificate. Case and underscores in names do not matter; numbers are decimal or 0x
    /// hexadecimal, bytes hexadecimal.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), SetError> {
        field::set(self, field, value)
    }

    /// The names of all fields that [`SnpEvidence::set`] knows, and what they take.
    pub fn fields(&self) -> Vec<Field> {
        field::list(&mut self.clone())
    }

    /// The report: 1184 bytes, and what is trailing.
    pub fn to_report_bytes(&self) -> Vec<u8> {
        let mut bytes = self.report.to_bytes();
        let signer = self.report_signer.as_ref().unwrap_or(&self.vek.key);
        let signature = signer.sign_raw(&bytes);
        let (r, s) = signature.split_at(signature.len() / 2);
        bytes.extend(self.signature_r.clone().unwrap_or_else(|| little_endian(r)));
        bytes.extend(self.signature_s.clone().unwrap_or_else(|| little_endian(s)));
        bytes.extend_from_slice(&self.reserved_330);
        bytes.extend_from_slice(&self.trailing);
        for bit in &self.flip_bits {
            if let Some(byte) = bytes.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        bytes
    }

    /// The VEK certificate, DER.
    pub fn vek_der(&self, forge: &AmdForge) -> Vec<u8> {
        self.vek.certificate(forge).to_der()
    }

    /// The chain as callers send it: VEK, its issuer, ARK, PEM.
    pub fn chain_pem(&self, forge: &AmdForge) -> String {
        let line = forge.line(self.vek.line);
        let issuer = line.vek_issuer(self.vek.kind).to_der();
        let chain = pem_chain([self.vek_der(forge), issuer, line.ark.to_der()]);
        match self.line_ends {
            LineEnds::Lf => chain,
            LineEnds::CrLf => chain.replace('\n', "\r\n"),
        }
    }

    /// The JSON that goes into the member `report` of a request, base64url-encoded there.
    pub fn to_json(&self, forge: &AmdForge) -> String {
        maa_report(
            &self.to_report_bytes(),
            &self.chain_pem(forge),
            &self.uvm_endorsements,
        )
    }
}

/// The JSON of any report, chain and UVM endorsements, good together or not.
pub fn maa_report(report: &[u8], chain_pem: &str, uvm_endorsements: &[Vec<u8>]) -> String {
    let mut body = json!({
        "SnpReport": b64::encode_url(report),
        "VcekCertChain": b64::encode_url(chain_pem.as_bytes()),
    });
    if !uvm_endorsements.is_empty() {
        let encoded: Vec<_> = uvm_endorsements
            .iter()
            .map(|cose| b64::encode_url(cose))
            .collect();
        let endorsements = json!({ "Uvm": encoded }).to_string();
        if let Some(members) = body.as_object_mut() {
            let value = b64::encode_url(endorsements.as_bytes()).into();
            members.insert("Endorsements".to_owned(), value);
        }
    }
    body.to_string()
}

impl Settable for SnpEvidence {
    fn group(&mut self, position: usize) -> Option<Group<'_>> {
        Some(match position {
            0 => Group::Fields("report", self.report.layout()),
            1 => Group::Bits("report.policy", POLICY_BITS, &mut self.report.policy),
            2 => Group::Bits(
                "report.platform_info",
                PLATFORM_BITS,
                &mut self.report.platform_info,
            ),
            3 => Group::Fields("vek", self.vek.fields()),
            4 => Group::Fields(
                "",
                vec![
                    ("signature_r", Slot::OptionalData(&mut self.signature_r)),
                    ("signature_s", Slot::OptionalData(&mut self.signature_s)),
                    ("reserved_330", Slot::Bytes(&mut self.reserved_330)),
                    ("trailing", Slot::Data(&mut self.trailing)),
                ],
            ),
            _ => return None,
        })
    }
}

/// One half of a signature as reports carry it: 72 bytes, little-endian.
fn little_endian(big_endian: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = big_endian.iter().rev().copied().collect();
    bytes.resize(COMPONENT_SIZE, 0);
    bytes
}

/// Size of R and of S (56860, table Signature Format for ECDSA P-384).
const COMPONENT_SIZE: usize = 72;
