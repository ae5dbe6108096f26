//! The comparison of an appraised TDX trust domain with reference values.

use super::comparison::{Comparison, Expected, FieldComparison, Found};
use super::matching::{Match, PlatformFindings};
use super::snp::runtime_data;
use super::values::{ComplianceStatus, ReferenceValues, TdxParavisor};
use crate::tdx::TdReportBody;
use crate::time::UnixTime;

/// An appraised trust domain and what was verified beside its quote.
#[derive(Clone, Copy, Debug)]
pub struct TdxGuest<'a> {
    /// The report in its quote, appraised.
    pub report: &'a TdReportBody,
    /// Whether it brought runtime claims, and the report data are their hash.
    pub runtime_bound: bool,
}

impl ReferenceValues {
    /// Compares a trust domain. The platform's firmware is judged by Intel's TCB levels, not here.
    pub fn match_tdx<'a>(&'a self, guest: &TdxGuest<'a>, now: UnixTime) -> Match<'a> {
        let isolation = isolation(guest.report);
        let runtime = runtime_data(guest.runtime_bound);
        let paravisors: Vec<_> = self
            .tdx_paravisors
            .iter()
            .map(|paravisor| compare_paravisor(paravisor, guest.report))
            .collect();
        let known = paravisors.iter().any(Comparison::matched);
        let compliant = isolation.matched() && guest.runtime_bound && known;
        let compliance = compliant.then_some(ComplianceStatus::AzureCompliantCvm);
        let mut comparisons = vec![isolation, runtime];
        comparisons.extend(paravisors);
        Match::new(self, now, comparisons, compliance, PlatformFindings::default())
    }
}

/// What no reference value can make up for: the host must not read or change the domain's memory, nor a service domain
/// move it to another machine.
fn isolation<'a>(report: &TdReportBody) -> Comparison<'a> {
    let attributes = report.td_attributes;
    let set = |set| if set { "set" } else { "not set" };
    let (debug, migratable) = (attributes.debug(), attributes.migratable());
    Comparison {
        section: "guest",
        name: "isolation",
        fields: vec![
            FieldComparison::told("td_attributes.debug", "not set", set(debug), !debug),
            FieldComparison::told(
                "td_attributes.migratable",
                "not set",
                set(migratable),
                !migratable,
            ),
        ],
    }
}

fn compare_paravisor<'a>(paravisor: &'a TdxParavisor, report: &'a TdReportBody) -> Comparison<'a> {
    let stated = [
        ("mrseam", &paravisor.mrseam, &report.mrseam),
        ("mrsignerseam", &paravisor.mrsignerseam, &report.mrsignerseam),
        ("mrconfigid", &paravisor.mrconfigid, &report.mrconfigid),
        ("mrowner", &paravisor.mrowner, &report.mrowner),
        ("mrownerconfig", &paravisor.mrownerconfig, &report.mrownerconfig),
    ];
    let mut fields = vec![FieldComparison::equal("mrtd", &paravisor.mrtd, &report.mrtd)];
    fields.extend(stated.into_iter().filter_map(|(field, expected, found)| {
        Some(FieldComparison::equal(field, expected.as_ref()?, found))
    }));
    fields.extend(
        paravisor
            .minimum_tee_tcb_svn
            .as_ref()
            .map(|least| compare_svn(least, &report.tee_tcb_svn)),
    );
    Comparison {
        section: "hcl",
        name: &paravisor.name,
        fields,
    }
}

/// Component by component, as Intel's TCB levels are compared (Intel PCS API v4, "tdxtcbcomponents").
fn compare_svn<'a>(least: &'a [u8; 16], found: &'a [u8; 16]) -> FieldComparison<'a> {
    FieldComparison {
        field: "tee_tcb_svn",
        expected: Expected::AtLeastBytes(least),
        found: Found::Bytes(found),
        met: least.iter().zip(found).all(|(least, found)| found >= least),
    }
}

#[cfg(test)]
mod tests;
