//! The TCB evaluation: which of Intel's levels a platform, its quoting enclave and its TDX module meet, and what they
//! lack for a better one (Intel PCS API v4, "Get TCB Info", algorithm for determining the TCB status; Intel SGX and
//! TDX DCAP Quote Verification Library). Numbers in, verdicts out; nothing is verified here.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::AppraisalError;
use crate::dcap::enclave_identity::EnclaveIdentity;
use crate::dcap::pck::VerifiedPck;
use crate::dcap::tcb::TcbStatus;
use crate::dcap::tcb_info::{
    COMPONENTS, IsvSvnLevel, LevelVerdict, TcbInfo, TcbLevel, TdxModule, TdxModuleIdentity,
};
use crate::time::UnixTime;

/// What has a TCB level of its own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum TcbComponent {
    /// Processor, firmware and provisioning certification enclave.
    Platform,
    /// The quoting enclave.
    Qe,
    /// The TDX module.
    TdxModule,
}

impl TcbComponent {
    /// A stable identifier.
    pub const fn identifier(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Qe => "qe",
            Self::TdxModule => "tdx_module",
        }
    }
}

impl fmt::Display for TcbComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Platform => "platform",
            Self::Qe => "quoting enclave",
            Self::TdxModule => "TDX module",
        })
    }
}

/// Which of a TD 1.5's two TCBs is evaluated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TcbMoment {
    /// The one under which the environment was launched.
    Launch,
    /// The one that is loaded now (`TEE_TCB_SVN_2`).
    Current,
}

/// Written so that it can be appended to a sentence; the launch is the ordinary case and goes without saying.
impl fmt::Display for TcbMoment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Launch => Ok(()),
            Self::Current => f.write_str(" by the TDX module that is loaded now"),
        }
    }
}

/// What Intel says of the level that one component meets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComponentVerdict {
    component: TcbComponent,
    verdict: LevelVerdict,
}

impl ComponentVerdict {
    /// Which component.
    pub const fn component(&self) -> TcbComponent {
        self.component
    }

    /// The level's status; never `Revoked`, which refuses the evidence.
    pub const fn status(&self) -> TcbStatus {
        self.verdict.status
    }

    /// The level's date.
    pub const fn tcb_date(&self) -> UnixTime {
        self.verdict.tcb_date
    }

    /// The advisories that apply to the level.
    pub fn advisories(&self) -> &[String] {
        &self.verdict.advisories
    }
}

/// One SVN that is too low for a level.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortfall {
    /// Whose SVN.
    pub component: SvnComponent,
    /// What the platform has.
    pub found: u16,
    /// What the level needs.
    pub needed: u16,
}

/// What an SVN belongs to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum SvnComponent {
    /// An SGX TCB component, 1 to 16 as Intel numbers them.
    Sgx {
        /// Its number.
        number: u8,
        /// What it is, where Intel's TCB info says so.
        name: Option<Arc<str>>,
    },
    /// A TDX TCB component, 1 to 16.
    Tdx {
        /// Its number.
        number: u8,
        /// What it is, where Intel's TCB info says so.
        name: Option<Arc<str>>,
    },
    /// The provisioning certification enclave.
    Pce,
    /// The quoting enclave.
    Qe,
    /// The TDX module.
    TdxModule,
}

impl fmt::Display for SvnComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (family, number, name) = match self {
            Self::Sgx { number, name } => ("SGX", number, name),
            Self::Tdx { number, name } => ("TDX", number, name),
            Self::Pce => return f.write_str("PCESVN"),
            Self::Qe => return f.write_str("QE ISVSVN"),
            Self::TdxModule => return f.write_str("TDX module ISVSVN"),
        };
        write!(f, "{family} TCB component {number}")?;
        name.as_ref().map_or(Ok(()), |name| write!(f, " ({name})"))
    }
}

/// The verdicts on all components and what they come to.
#[derive(Clone, Debug)]
pub(super) struct Evaluation {
    pub(super) status: TcbStatus,
    pub(super) platform: ComponentVerdict,
    pub(super) module: Option<ComponentVerdict>,
    pub(super) qe: ComponentVerdict,
    /// For a better level of those components that are not current.
    pub(super) shortfalls: Vec<Shortfall>,
}

impl Evaluation {
    /// Evaluates one TCB. `tee_tcb_svn` is that of the TD report; an enclave has none. The platform's SGX SVNs are those
    /// of its PCK certificate: the CPUSVN of a report is opaque.
    pub(super) fn of(
        pck: &VerifiedPck,
        tcb_info: &TcbInfo,
        qe_identity: &EnclaveIdentity,
        qe_isv_svn: u16,
        tee_tcb_svn: Option<&[u8; COMPONENTS]>,
        moment: TcbMoment,
    ) -> Result<Self, AppraisalError> {
        let svns = Svns {
            sgx: pck.component_svns(),
            pce: pck.pce_svn(),
            tdx: tee_tcb_svn,
        };
        let mut shortfalls = Vec::new();
        let platform = platform_verdict(&svns, &tcb_info.levels, moment, &mut shortfalls)?;
        let module = match tee_tcb_svn {
            Some(&[isv_svn, version, ..]) if version > 0 => {
                let identity = module_identity(tcb_info, version)?;
                let rung = Rung {
                    component: TcbComponent::TdxModule,
                    svn: SvnComponent::TdxModule,
                    moment,
                };
                Some(rung.verdict(u16::from(isv_svn), &identity.levels, &mut shortfalls)?)
            }
            _ => None,
        };
        let rung = Rung {
            component: TcbComponent::Qe,
            svn: SvnComponent::Qe,
            moment,
        };
        let qe = rung.verdict(qe_isv_svn, &qe_identity.levels, &mut shortfalls)?;
        let status = module
            .iter()
            .chain([&qe])
            .fold(platform.status(), |status, component| {
                status.converged_with(component.status())
            });
        Ok(Self {
            status,
            platform,
            module,
            qe,
            shortfalls,
        })
    }

    /// The oldest of the components' dates.
    pub(super) fn tcb_date(&self) -> UnixTime {
        self.components()
            .map(ComponentVerdict::tcb_date)
            .fold(self.platform.tcb_date(), UnixTime::min)
    }

    /// The advisories of all components.
    pub(super) fn advisories(&self) -> BTreeSet<String> {
        self.components()
            .flat_map(ComponentVerdict::advisories)
            .cloned()
            .collect()
    }

    fn components(&self) -> impl Iterator<Item = &ComponentVerdict> {
        [&self.platform, &self.qe].into_iter().chain(&self.module)
    }
}

/// The SEAM module that a TD report names: by its major version, or the only one there was before modules had versions.
pub(super) fn seam_module<'a>(
    tcb_info: &'a TcbInfo,
    tee_tcb_svn: &[u8; COMPONENTS],
) -> Result<Option<&'a TdxModule>, AppraisalError> {
    match tee_tcb_svn {
        [_, 0, ..] => Ok(tcb_info.tdx_module.as_ref()),
        [_, version, ..] => module_identity(tcb_info, *version).map(|identity| Some(&identity.module)),
    }
}

fn module_identity(tcb_info: &TcbInfo, version: u8) -> Result<&TdxModuleIdentity, AppraisalError> {
    let id = format!("TDX_{version:02X}");
    match tcb_info
        .module_identities
        .iter()
        .find(|identity| identity.id == id)
    {
        Some(identity) => Ok(identity),
        None => Err(AppraisalError::TdxModuleUnknown { id }),
    }
}

/// The SVNs of a platform.
struct Svns<'a> {
    sgx: [u8; COMPONENTS],
    pce: u16,
    tdx: Option<&'a [u8; COMPONENTS]>,
}

impl Svns<'_> {
    fn meet(&self, level: &TcbLevel) -> bool {
        let sgx = self
            .sgx
            .iter()
            .zip(&level.sgx)
            .all(|(found, needed)| found >= needed);
        let tdx = self
            .tdx_components(level)
            .all(|(_, found, needed)| found >= needed);
        sgx && self.pce >= level.pce_svn && tdx
    }

    /// The TDX components to compare. The first two hold the module's version once it has one, and that is judged by the
    /// module's own levels.
    fn tdx_components<'l>(&self, level: &'l TcbLevel) -> impl Iterator<Item = (u8, u8, u8)> + use<'l> {
        let found = self.tdx.copied();
        let skipped = match &found {
            Some([_, version, ..]) if *version > 0 => 2,
            _ => 0,
        };
        let compared = found.into_iter().flatten().zip(level.tdx).zip(1_u8..);
        compared
            .map(|((found, needed), number)| (number, found, needed))
            .skip(skipped)
    }

    fn shortfalls(&self, level: &TcbLevel) -> Vec<Shortfall> {
        let short = |found: u16, needed: u16| found < needed;
        let name = |names: &[Option<Arc<str>>], number: u8| {
            names
                .get(usize::from(number.saturating_sub(1)))
                .cloned()
                .flatten()
        };
        let sgx = self
            .sgx
            .iter()
            .zip(&level.sgx)
            .zip(1_u8..)
            .map(|((found, needed), number)| Shortfall {
                component: SvnComponent::Sgx {
                    number,
                    name: name(&level.sgx_names, number),
                },
                found: u16::from(*found),
                needed: u16::from(*needed),
            });
        let pce = Shortfall {
            component: SvnComponent::Pce,
            found: self.pce,
            needed: level.pce_svn,
        };
        let tdx = self
            .tdx_components(level)
            .map(|(number, found, needed)| Shortfall {
                component: SvnComponent::Tdx {
                    number,
                    name: name(&level.tdx_names, number),
                },
                found: u16::from(found),
                needed: u16::from(needed),
            });
        sgx.chain([pce])
            .chain(tdx)
            .filter(|one| short(one.found, one.needed))
            .collect()
    }
}

/// The highest level that the platform meets. The levels are sorted, highest first.
fn platform_verdict(
    svns: &Svns<'_>,
    levels: &[TcbLevel],
    moment: TcbMoment,
    shortfalls: &mut Vec<Shortfall>,
) -> Result<ComponentVerdict, AppraisalError> {
    let component = TcbComponent::Platform;
    let Some(level) = levels.iter().find(|level| svns.meet(level)) else {
        let shortfalls = levels
            .last()
            .map(|lowest| svns.shortfalls(lowest))
            .unwrap_or_default();
        return Err(AppraisalError::TcbNotSupported {
            component,
            moment,
            shortfalls,
        });
    };
    let verdict = unless_revoked(component, moment, &level.verdict)?;
    if !verdict.status().is_current()
        && let Some(better) = levels.iter().find(|level| level.verdict.status.is_current())
    {
        shortfalls.extend(svns.shortfalls(better));
    }
    Ok(verdict)
}

/// A component with one SVN.
struct Rung {
    component: TcbComponent,
    svn: SvnComponent,
    moment: TcbMoment,
}

impl Rung {
    /// The highest level with at most this SVN. The levels are sorted, highest first.
    fn verdict(
        self,
        found: u16,
        levels: &[IsvSvnLevel],
        shortfalls: &mut Vec<Shortfall>,
    ) -> Result<ComponentVerdict, AppraisalError> {
        let Self {
            component,
            svn,
            moment,
        } = self;
        let Some(level) = levels.iter().find(|level| found >= level.isv_svn) else {
            let lowest = levels.last().map(|lowest| Shortfall {
                component: svn,
                found,
                needed: lowest.isv_svn,
            });
            return Err(AppraisalError::TcbNotSupported {
                component,
                moment,
                shortfalls: lowest.into_iter().collect(),
            });
        };
        let verdict = unless_revoked(component, moment, &level.verdict)?;
        if !verdict.status().is_current()
            && let Some(better) = levels.iter().find(|level| level.verdict.status.is_current())
        {
            shortfalls.push(Shortfall {
                component: svn,
                found,
                needed: better.isv_svn,
            });
        }
        Ok(verdict)
    }
}

fn unless_revoked(
    component: TcbComponent,
    moment: TcbMoment,
    verdict: &LevelVerdict,
) -> Result<ComponentVerdict, AppraisalError> {
    if verdict.status == TcbStatus::Revoked {
        let advisories = verdict.advisories.iter().cloned().collect();
        return Err(AppraisalError::TcbRevoked {
            component,
            moment,
            tcb_date: verdict.tcb_date,
            advisories,
        });
    }
    Ok(ComponentVerdict {
        component,
        verdict: verdict.clone(),
    })
}

#[cfg(test)]
mod tests;
