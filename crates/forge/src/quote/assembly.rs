//! A whole quote: header, body, and the authentication data that certifies them.

use crate::{
    field::{self, Field, Group, Named, SetError, Settable, Slot},
    intel::{IntelForge, PckCa, PckSpec, Tee},
    pki::KeyPair,
    seed::sha256,
};

use super::{QuoteHeader, SgxReport, TdBody, TdReport, certification, sgx_report, td_report};

/// A quote about an enclave.
pub type SgxQuoteSpec = QuoteSpec<SgxReport>;

/// A quote about a trust domain.
pub type TdxQuoteSpec = QuoteSpec<TdReport>;

/// Everything a quote says, and the keys that sign it.
#[derive(Clone, Debug)]
pub struct QuoteSpec<Body> {
    /// The header; its version decides the layout.
    pub header: QuoteHeader,
    /// The report about the enclave or trust domain.
    pub report: Body,
    /// The report of the quoting enclave.
    pub qe_report: SgxReport,
    /// Whether minting puts SHA-256 of attestation key and QE authentication data into the QE's report data.
    pub binds_attestation_key: bool,
    /// QE authentication data, up to 65535 bytes.
    pub qe_auth_data: Vec<u8>,
    /// The platform.
    pub pck: PckSpec,
    /// How the PCK certificate is carried: a type of [`super::certification_type`].
    pub certification_type: u16,
    /// Data of that type, instead of the good ones.
    pub certification_data: Option<Vec<u8>>,
    /// The type around the QE report in versions 4 and 5: 6.
    pub outer_certification_type: u16,
    /// The attestation key that the quote names.
    pub attestation_key: KeyPair,
    /// The key that signs header and body: the attestation key, or another one for a bad signature.
    pub quote_signer: KeyPair,
    /// The key that signs the QE report; `None` is the platform's.
    pub qe_report_signer: Option<KeyPair>,
    /// The quote signature, 64 bytes, instead of a computed one.
    pub quote_signature: Option<Vec<u8>>,
    /// The QE report signature, 64 bytes, instead of a computed one.
    pub qe_report_signature: Option<Vec<u8>>,
    /// Body type and size of version 5, instead of the true ones.
    pub body_descriptor: Option<(u16, u32)>,
    /// Bytes at the end of the authentication data, inside its length.
    pub slack: Vec<u8>,
    /// Bytes after the quote.
    pub trailing: Vec<u8>,
    /// Bits to flip in the finished quote: bit `n` is bit `n % 8` of byte `n / 8`.
    pub flip_bits: Vec<usize>,
}

/// A report body that a quote can carry.
pub(crate) trait Report: Clone {
    /// The bytes of the body.
    fn bytes(&self) -> Vec<u8>;
    /// The body type of version 5.
    fn body_type(&self) -> u16;
    /// REPORTDATA.
    fn report_data(&mut self) -> &mut [u8; 64];
    /// The fields, in wire order.
    fn layout(&mut self) -> Vec<Named<'_>>;
    /// The attribute word and the names of its bits.
    fn attributes(&mut self) -> (&'static [(&'static str, u32)], &mut u64);
}

impl Report for SgxReport {
    fn bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn body_type(&self) -> u16 {
        1
    }

    fn report_data(&mut self) -> &mut [u8; 64] {
        &mut self.report_data
    }

    fn layout(&mut self) -> Vec<Named<'_>> {
        Self::layout(self)
    }

    fn attributes(&mut self) -> (&'static [(&'static str, u32)], &mut u64) {
        (sgx_report::FLAG_BITS, &mut self.flags)
    }
}

impl Report for TdReport {
    fn bytes(&self) -> Vec<u8> {
        self.to_bytes()
    }

    fn body_type(&self) -> u16 {
        self.body.body_type()
    }

    fn report_data(&mut self) -> &mut [u8; 64] {
        &mut self.report_data
    }

    fn layout(&mut self) -> Vec<Named<'_>> {
        Self::layout(self)
    }

    fn attributes(&mut self) -> (&'static [(&'static str, u32)], &mut u64) {
        (td_report::ATTRIBUTE_BITS, &mut self.td_attributes)
    }
}

#[expect(private_bounds, reason = "the two bodies are the two there are")]
impl<Body: Report> QuoteSpec<Body> {
    fn new(forge: &IntelForge, tee: Tee, version: u16, report: Body) -> Self {
        let attestation_key = forge.seed.key("attestation key");
        let qe_product = crate::intel::enclave_product_id(tee.qe_id());
        let pck = PckSpec::new(&forge.seed, PckCa::Platform);
        let mut qe_report = SgxReport::new(
            forge.seed.bytes("quoting enclave"),
            forge.enclave_signer(),
            u16::try_from(qe_product).unwrap_or(u16::MAX),
            u16::try_from(crate::intel::QE_ISVSVN).unwrap_or(u16::MAX),
        );
        qe_report.flags = QE_FLAGS;
        qe_report.cpu_svn = array(&pck.cpu_svn);
        Self {
            header: QuoteHeader::new(version, tee_type(tee), forge.seed.bytes("qe id")),
            report,
            qe_report,
            binds_attestation_key: true,
            qe_auth_data: (0..32).collect(),
            pck,
            certification_type: certification::PCK_CHAIN,
            certification_data: None,
            outer_certification_type: certification::QE_REPORT_CERTIFICATION,
            quote_signer: attestation_key.clone(),
            attestation_key,
            qe_report_signer: None,
            quote_signature: None,
            qe_report_signature: None,
            body_descriptor: None,
            slack: Vec::new(),
            trailing: Vec::new(),
            flip_bits: Vec::new(),
        }
    }

    /// Puts SHA-256 of `data` into the first half of the report data and zeros into the second: how
    /// runtime data is bound.
    pub fn bind_runtime_data(&mut self, data: &[u8]) {
        let mut bound = [0; 64];
        for (to, from) in bound.iter_mut().zip(sha256(&[data])) {
            *to = from;
        }
        *self.report.report_data() = bound;
    }

    /// Moves the quote to another platform.
    pub fn use_platform(&mut self, pck: PckSpec) {
        self.qe_report.cpu_svn = array(&pck.cpu_svn);
        self.pck = pck;
    }

    /// Sets a field by name, such as `report.isvsvn` or `pck.component_01`; [`QuoteSpec::fields`] lists the
    /// names. Case and underscores in names do not matter; numbers are decimal or 0x hexadecimal, bytes
    /// hexadecimal. A component SVN takes its byte of the raw CPUSVN along.
    pub fn set(&mut self, field: &str, value: &str) -> Result<(), SetError> {
        let components = self.pck.component_svns.clone();
        let binding = self.qe_report.report_data;
        field::set(self, field, value)?;
        for (index, (before, after)) in components.iter().zip(self.pck.component_svns.clone()).enumerate() {
            if *before != after {
                self.pck
                    .set_component_svn(index, u8::try_from(after).unwrap_or(u8::MAX));
            }
        }
        if binding != self.qe_report.report_data {
            self.binds_attestation_key = false;
        }
        Ok(())
    }

    /// The names of all fields that [`QuoteSpec::set`] knows, and what they take.
    pub fn fields(&self) -> Vec<Field> {
        field::list(&mut self.clone())
    }

    /// The quote.
    pub fn mint(&self, forge: &IntelForge) -> Vec<u8> {
        let mut quote = self.signed_bytes();
        let auth_data = self.auth_data(&quote, forge);
        push_sized_u32(&mut quote, &auth_data);
        quote.extend_from_slice(&self.trailing);
        for bit in &self.flip_bits {
            if let Some(byte) = quote.get_mut(bit / 8) {
                *byte ^= 1 << (bit % 8);
            }
        }
        quote
    }

    /// Header and body: what the attestation key signs.
    pub(super) fn signed_bytes(&self) -> Vec<u8> {
        let mut bytes = self.header.to_bytes();
        let body = self.report.bytes();
        if self.header.version >= 5 {
            let size = u32::try_from(body.len()).unwrap_or(u32::MAX);
            let (kind, size) = self.body_descriptor.unwrap_or((self.report.body_type(), size));
            bytes.extend_from_slice(&kind.to_le_bytes());
            bytes.extend_from_slice(&size.to_le_bytes());
        }
        bytes.extend_from_slice(&body);
        bytes
    }

    fn auth_data(&self, signed_bytes: &[u8], forge: &IntelForge) -> Vec<u8> {
        let signature = self.quote_signature.clone();
        let mut out = signature.unwrap_or_else(|| self.quote_signer.sign_raw(signed_bytes).to_vec());
        out.extend_from_slice(&self.attestation_key.public_xy());
        let certified = self.certified_qe_report(forge);
        if self.header.version >= 4 {
            out.extend_from_slice(&self.outer_certification_type.to_le_bytes());
            push_sized_u32(&mut out, &certified);
        } else {
            out.extend_from_slice(&certified);
        }
        out.extend_from_slice(&self.slack);
        out
    }

    /// QE report, its signature, QE authentication data and certification data.
    fn certified_qe_report(&self, forge: &IntelForge) -> Vec<u8> {
        let mut qe_report = self.qe_report.clone();
        if self.binds_attestation_key {
            let hash = sha256(&[&self.attestation_key.public_xy(), &self.qe_auth_data]);
            qe_report.report_data = array(&hash);
        }
        let mut out = qe_report.to_bytes();
        let signer = self.qe_report_signer.as_ref().unwrap_or(&self.pck.key);
        let signature = self.qe_report_signature.clone();
        out.extend(signature.unwrap_or_else(|| signer.sign_raw(&out).to_vec()));
        let length = u16::try_from(self.qe_auth_data.len()).unwrap_or(u16::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&self.qe_auth_data);
        out.extend_from_slice(&self.certification_type.to_le_bytes());
        let good = || certification::data(self.certification_type, &self.pck, forge);
        push_sized_u32(&mut out, &self.certification_data.clone().unwrap_or_else(good));
        out
    }
}

impl<Body: Report> Settable for QuoteSpec<Body> {
    fn group(&mut self, position: usize) -> Option<Group<'_>> {
        Some(match position {
            0 => Group::Fields("header", self.header.fields()),
            1 => Group::Fields("report", self.report.layout()),
            2 => {
                let (bits, word) = self.report.attributes();
                Group::Bits("report", bits, word)
            }
            3 => Group::Fields("qe_report", self.qe_report.layout()),
            4 => Group::Bits(
                "qe_report.attributes",
                sgx_report::FLAG_BITS,
                &mut self.qe_report.flags,
            ),
            5 => Group::Fields("pck", self.pck.fields()),
            6 => Group::Fields("pck", self.pck.component_fields()),
            7 => Group::Fields(
                "",
                vec![
                    ("qe_auth_data", Slot::Data(&mut self.qe_auth_data)),
                    ("certification_type", Slot::U16(&mut self.certification_type)),
                    (
                        "certification_data",
                        Slot::OptionalData(&mut self.certification_data),
                    ),
                    (
                        "outer_certification_type",
                        Slot::U16(&mut self.outer_certification_type),
                    ),
                    ("quote_signature", Slot::OptionalData(&mut self.quote_signature)),
                    (
                        "qe_report_signature",
                        Slot::OptionalData(&mut self.qe_report_signature),
                    ),
                    ("slack", Slot::Data(&mut self.slack)),
                    ("trailing", Slot::Data(&mut self.trailing)),
                ],
            ),
            _ => return None,
        })
    }
}

impl IntelForge {
    /// A good SGX quote of version 3, to be changed and minted; set `header.version` for another layout.
    pub fn sgx_quote_spec(&self) -> SgxQuoteSpec {
        let (mr_enclave, mr_signer) = (self.seed.bytes("enclave"), self.seed.bytes("enclave signer"));
        let report = SgxReport::new(mr_enclave, mr_signer, 1, 1);
        let mut spec = QuoteSpec::new(self, Tee::Sgx, 3, report);
        spec.report.cpu_svn = spec.qe_report.cpu_svn;
        spec
    }

    /// A good TDX quote, to be changed and minted: version 4 for a TD 1.0 body, version 5 for the others.
    pub fn tdx_quote_spec(&self, body: TdBody) -> TdxQuoteSpec {
        let version = if body == TdBody::Td10 { 4 } else { 5 };
        let report = TdReport::new(
            body,
            self.seed.bytes("tdx module"),
            self.seed.bytes("trust domain"),
        );
        QuoteSpec::new(self, Tee::Tdx, version, report)
    }

    /// Mints an SGX quote.
    pub fn sgx_quote(&self, spec: &SgxQuoteSpec) -> Vec<u8> {
        spec.mint(self)
    }

    /// Mints a TDX quote.
    pub fn tdx_quote(&self, spec: &TdxQuoteSpec) -> Vec<u8> {
        spec.mint(self)
    }
}

fn push_sized_u32(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(bytes);
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    for (to, from) in out.iter_mut().zip(bytes) {
        *to = *from;
    }
    out
}

fn tee_type(tee: Tee) -> u32 {
    match tee {
        Tee::Sgx => 0,
        Tee::Tdx => 0x81,
    }
}

/// INIT, MODE64 and PROVISIONKEY: what production quoting enclaves run with.
const QE_FLAGS: u64 = 0x15;
