//! Reference values as they are held: every digest has its length, every entry says whose guests it means.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::snp::Product;
use crate::time::UnixTime;

/// Reference values (RFC 9334, 4.3) for confidential virtual machines: what an operator takes as good. Made by
/// [`ReferenceValues::parse`] alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReferenceValues {
    pub(super) version: u64,
    pub(super) issued: UnixTime,
    pub(super) expires: UnixTime,
    pub(super) description: String,
    pub(super) snp_paravisors: Vec<SnpParavisor>,
    pub(super) tdx_paravisors: Vec<TdxParavisor>,
    pub(super) uvm_issuers: Vec<UvmIssuer>,
    pub(super) tcb_floors: BTreeMap<Product, TcbFloor>,
    pub(super) allowed_chips: BTreeMap<Product, BTreeSet<ChipId>>,
    pub(super) denied_chips: BTreeMap<Product, BTreeSet<ChipId>>,
    pub(super) refused_products: Vec<Product>,
}

/// CHIP_ID of a report, 64 bytes.
pub type ChipId = [u8; 64];

/// A paravisor (Azure calls it HCL) whose runtime claims are believed, in SEV-SNP guests. What is `None` may be
/// anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SnpParavisor {
    pub(super) name: String,
    pub(super) products: Vec<Product>,
    pub(super) id_key_digest: Option<[u8; 48]>,
    pub(super) author_key_digest: Option<[u8; 48]>,
    pub(super) measurement: Option<[u8; 48]>,
    pub(super) family_id: Option<[u8; 16]>,
    pub(super) image_id: Option<[u8; 16]>,
    pub(super) minimum_guest_svn: Option<u32>,
}

/// A paravisor whose runtime claims are believed, in TDX trust domains. What is `None` may be anything.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TdxParavisor {
    pub(super) name: String,
    pub(super) mrtd: [u8; 48],
    pub(super) mrseam: Option<[u8; 48]>,
    pub(super) mrsignerseam: Option<[u8; 48]>,
    pub(super) mrconfigid: Option<[u8; 48]>,
    pub(super) mrowner: Option<[u8; 48]>,
    pub(super) mrownerconfig: Option<[u8; 48]>,
    pub(super) minimum_tee_tcb_svn: Option<[u8; 16]>,
}

/// Who may endorse utility VMs, and for what.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UvmIssuer {
    pub(super) name: String,
    pub(super) issuer: String,
    pub(super) feed: String,
    pub(super) minimum_svn: u64,
    pub(super) status: ComplianceStatus,
}

/// The least firmware of a product line. What is `None` may be anything.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct TcbFloor {
    pub(super) fmc: Option<u8>,
    pub(super) bootloader: Option<u8>,
    pub(super) tee: Option<u8>,
    pub(super) snp: Option<u8>,
    pub(super) microcode: Option<u8>,
    pub(super) mitigations: Option<u64>,
    pub(super) alias_check: bool,
}

/// What `x-ms-compliance-status` says of a guest (MAA documentation, "Claim sets").
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ComplianceStatus {
    /// A confidential virtual machine with a known paravisor.
    AzureCompliantCvm,
    /// The utility VM of a container group.
    AzureCompliantUvm,
    /// The utility VM of a pod in a cluster.
    AzureSignedKataccUvm,
}

impl ComplianceStatus {
    /// Those that an endorsement of a utility VM can give.
    pub(super) const OF_UVM: [Self; 2] = [Self::AzureCompliantUvm, Self::AzureSignedKataccUvm];

    /// The value of the claim.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AzureCompliantCvm => "azure-compliant-cvm",
            Self::AzureCompliantUvm => "azure-compliant-uvm",
            Self::AzureSignedKataccUvm => "azure-signed-katacc-uvm",
        }
    }
}

impl fmt::Display for ComplianceStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether reference values count at a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// They do.
    Current,
    /// They are issued later.
    NotYetIssued {
        /// When.
        issued: UnixTime,
    },
    /// They are outdated.
    Expired {
        /// Since when.
        expires: UnixTime,
    },
}

impl ReferenceValues {
    /// Which edition this is: of two, the one with the greater number is the later.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// When they were issued.
    pub const fn issued(&self) -> UnixTime {
        self.issued
    }

    /// Until when they count, that moment excluded.
    pub const fn expires(&self) -> UnixTime {
        self.expires
    }

    /// What their author says about them; may be empty.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The names of all entries in the order of the file.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let snp = self.snp_paravisors.iter().map(|entry| entry.name.as_str());
        let tdx = self.tdx_paravisors.iter().map(|entry| entry.name.as_str());
        let uvm = self.uvm_issuers.iter().map(|entry| entry.name.as_str());
        snp.chain(tdx).chain(uvm)
    }

    /// How many entries each section has, by the section's path.
    pub fn counts(&self) -> [(&'static str, usize); 7] {
        let chips = |lists: &BTreeMap<Product, BTreeSet<ChipId>>| lists.values().map(BTreeSet::len).sum();
        [
            ("hcl.snp", self.snp_paravisors.len()),
            ("hcl.tdx", self.tdx_paravisors.len()),
            ("uvm", self.uvm_issuers.len()),
            ("tcb_floors", self.tcb_floors.len()),
            ("chips.allow", chips(&self.allowed_chips)),
            ("chips.deny", chips(&self.denied_chips)),
            ("refused_products", self.refused_products.len()),
        ]
    }

    /// Whether they count at `now`. Clocks may differ: `now` may be a little before the time of issue.
    pub fn standing(&self, now: UnixTime) -> Standing {
        let with_skew = now.add_seconds(crate::x509::CLOCK_SKEW_SECONDS).unwrap_or(now);
        if with_skew < self.issued {
            Standing::NotYetIssued { issued: self.issued }
        } else if now >= self.expires {
            Standing::Expired {
                expires: self.expires,
            }
        } else {
            Standing::Current
        }
    }
}
