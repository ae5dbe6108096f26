//! The provisioning certification key (PCK) certificate of a platform and its SGX extension
//! (Intel SGX PCK Certificate and CRL Profile Specification, section 1.3.5 and appendix A).

use attestry_api::der;

use crate::{
    Seed,
    field::{Named, Slot},
    pki::{CertificateSpec, Extension, KeyPair, Name, pem_chain},
};

use super::{IntelForge, hierarchy};

/// Which authority certified a platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PckCa {
    /// Single-socket platforms, certified by the manufacturer at first boot.
    Processor,
    /// Multi-socket and cloud platforms, registered as a whole.
    Platform,
}

impl PckCa {
    /// The value of the `ca` parameter of Intel's provisioning service: `processor` or `platform`.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Processor => "processor",
            Self::Platform => "platform",
        }
    }
}

/// A platform as its PCK certificate describes it.
#[derive(Clone, Debug)]
pub struct PckSpec {
    /// The issuer.
    pub ca: PckCa,
    /// Serial number, big-endian, unsigned.
    pub serial: Vec<u8>,
    /// Start of validity, unix seconds.
    pub not_before: i64,
    /// End of validity, unix seconds.
    pub not_after: i64,
    /// The platform's key: it signs QE reports.
    pub key: KeyPair,
    /// Subject name.
    pub subject: Name,
    /// Platform provisioning identifier: 16 bytes.
    pub ppid: Vec<u8>,
    /// SVNs of the TCB components: 16 numbers of one byte.
    pub component_svns: Vec<u64>,
    /// SVN of the provisioning certification enclave: 0 to 65535.
    pub pce_svn: u64,
    /// The raw CPUSVN: 16 bytes.
    pub cpu_svn: Vec<u8>,
    /// Identifier of the provisioning certification enclave: 2 bytes.
    pub pce_id: Vec<u8>,
    /// Family, model, stepping, platform type and customized SKU: 6 bytes.
    pub fmspc: Vec<u8>,
    /// 0 standard, 1 scalable, 2 scalable with integrity.
    pub sgx_type: u64,
    /// Platform instance identifier: 16 bytes, with the Platform CA only.
    pub platform_instance_id: Option<Vec<u8>>,
    /// Configuration flags, with the Platform CA only.
    pub configuration: Option<PckConfiguration>,
}

/// The configuration flags of a multi-socket or cloud platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PckConfiguration {
    /// Packages can be added by the provider's signature.
    pub dynamic_platform: bool,
    /// Intel keeps the platform root keys.
    pub cached_keys: bool,
    /// Simultaneous multithreading is on.
    pub smt_enabled: bool,
}

impl PckSpec {
    /// A good platform under `ca`; the two kinds differ in key, identity and the optional fields.
    pub fn new(seed: &Seed, ca: PckCa) -> Self {
        let label = format!("pck {}", ca.parameter());
        let is_platform = ca == PckCa::Platform;
        let mut component_svns = DEFAULT_COMPONENT_SVNS.to_vec();
        component_svns.resize(COMPONENTS, 0);
        Self {
            ca,
            serial: hierarchy::serial(seed, &label),
            not_before: hierarchy::NOT_BEFORE,
            not_after: hierarchy::NOT_AFTER,
            key: seed.key(&label),
            subject: Name::forged("Intel SGX PCK Certificate"),
            ppid: seed.bytes::<16>(&format!("{label} ppid")).to_vec(),
            cpu_svn: component_svns
                .iter()
                .map(|&svn| u8::try_from(svn).unwrap_or(u8::MAX))
                .collect(),
            component_svns,
            pce_svn: DEFAULT_PCE_SVN,
            pce_id: vec![0, 0],
            fmspc: DEFAULT_FMSPC.to_vec(),
            sgx_type: u64::from(is_platform),
            platform_instance_id: is_platform
                .then(|| seed.bytes::<16>(&format!("{label} instance")).to_vec()),
            configuration: is_platform.then_some(PckConfiguration {
                dynamic_platform: false,
                cached_keys: true,
                smt_enabled: true,
            }),
        }
    }

    /// Sets one component SVN (index 0 to 15) and the byte of the raw CPUSVN that mirrors it.
    pub fn set_component_svn(&mut self, index: usize, svn: u8) {
        if let Some(component) = self.component_svns.get_mut(index) {
            *component = u64::from(svn);
        }
        if let Some(byte) = self.cpu_svn.get_mut(index) {
            *byte = svn;
        }
    }

    /// The certificate, to be changed or minted.
    pub fn certificate(&self, forge: &IntelForge) -> CertificateSpec {
        let issuer = forge.pck_ca(self.ca);
        let mut extensions =
            hierarchy::end_entity_extensions(&issuer.subject_key, &self.key, hierarchy::PCK_CRL_URL);
        extensions.push(Extension::new(SGX_EXTENSION, false, self.sgx_extension()));
        CertificateSpec {
            serial: self.serial.clone(),
            issuer: issuer.subject.clone(),
            subject: self.subject.clone(),
            not_before: self.not_before,
            not_after: self.not_after,
            subject_key: self.key.clone(),
            issuer_key: issuer.subject_key.clone(),
            extensions,
        }
    }

    /// The chain as a quote carries it: leaf, authority, root, PEM, without the final NUL.
    pub fn chain_pem(&self, forge: &IntelForge) -> String {
        let authority = forge.pck_ca(self.ca).to_der();
        pem_chain([self.certificate(forge).to_der(), authority, forge.root.to_der()])
    }

    pub(crate) fn fields(&mut self) -> Vec<Named<'_>> {
        let mut fields = vec![
            ("serial", Slot::Data(&mut self.serial)),
            ("not_before", Slot::Time(&mut self.not_before)),
            ("not_after", Slot::Time(&mut self.not_after)),
            ("ppid", Slot::Data(&mut self.ppid)),
            ("pce_svn", Slot::U64(&mut self.pce_svn)),
            ("cpu_svn", Slot::Data(&mut self.cpu_svn)),
            ("pce_id", Slot::Data(&mut self.pce_id)),
            ("fmspc", Slot::Data(&mut self.fmspc)),
            ("sgx_type", Slot::U64(&mut self.sgx_type)),
            (
                "platform_instance_id",
                Slot::OptionalData(&mut self.platform_instance_id),
            ),
        ];
        if let Some(configuration) = &mut self.configuration {
            fields.push((
                "dynamic_platform",
                Slot::Flag(&mut configuration.dynamic_platform),
            ));
            fields.push(("cached_keys", Slot::Flag(&mut configuration.cached_keys)));
            fields.push(("smt_enabled", Slot::Flag(&mut configuration.smt_enabled)));
        }
        fields
    }

    pub(crate) fn component_fields(&mut self) -> Vec<Named<'_>> {
        COMPONENT_NAMES
            .into_iter()
            .zip(self.component_svns.iter_mut().map(Slot::U64))
            .collect()
    }

    /// The value of the SGX extension: a SEQUENCE of (identifier, value).
    pub fn sgx_extension(&self) -> Vec<u8> {
        let mut entries = vec![
            entry(&[1], &der::octet_string(&self.ppid)),
            entry(&[2], &self.tcb()),
            entry(&[3], &der::octet_string(&self.pce_id)),
            entry(&[4], &der::octet_string(&self.fmspc)),
            entry(&[5], &der::enumerated(self.sgx_type)),
        ];
        entries.extend(
            self.platform_instance_id
                .as_ref()
                .map(|id| entry(&[6], &der::octet_string(id))),
        );
        entries.extend(self.configuration.map(|flags| {
            let flags = [
                (1, flags.dynamic_platform),
                (2, flags.cached_keys),
                (3, flags.smt_enabled),
            ];
            entry(
                &[7],
                &der::sequence(flags.map(|(arc, flag)| entry(&[7, arc], &der::boolean(flag)))),
            )
        }));
        der::sequence(entries)
    }

    fn tcb(&self) -> Vec<u8> {
        let mut entries: Vec<_> = (1_u64..)
            .zip(&self.component_svns)
            .map(|(arc, &svn)| entry(&[2, arc], &der::integer(svn)))
            .collect();
        entries.push(entry(&[2, PCE_SVN_ARC], &der::integer(self.pce_svn)));
        entries.push(entry(&[2, CPU_SVN_ARC], &der::octet_string(&self.cpu_svn)));
        der::sequence(entries)
    }
}

fn entry(arcs: &[u64], value: &[u8]) -> Vec<u8> {
    let oid = der::oid_from_arcs(&[SGX_EXTENSION, arcs].concat()).unwrap_or_default();
    der::sequence([oid.as_slice(), value])
}

/// Arcs of the SGX extension; its entries are below it.
pub(super) const SGX_EXTENSION: &[u64] = &[1, 2, 840, 113_741, 1, 13, 1];
const PCE_SVN_ARC: u64 = 17;
const CPU_SVN_ARC: u64 = 18;
/// Number of TCB components (appendix A: identifiers .2.1 to .2.16).
pub(super) const COMPONENTS: usize = 16;
/// The first component SVNs of the default platform; the others are zero.
pub(super) const DEFAULT_COMPONENT_SVNS: [u64; 6] = [11, 11, 2, 2, 4, 1];
pub(super) const DEFAULT_PCE_SVN: u64 = 13;
/// Not the FMSPC of any real platform.
pub(crate) const DEFAULT_FMSPC: [u8; 6] = [0xF0, 0x06, 0xE0, 0, 0, 0];
const COMPONENT_NAMES: [&str; COMPONENTS] = [
    "component_01",
    "component_02",
    "component_03",
    "component_04",
    "component_05",
    "component_06",
    "component_07",
    "component_08",
    "component_09",
    "component_10",
    "component_11",
    "component_12",
    "component_13",
    "component_14",
    "component_15",
    "component_16",
];
