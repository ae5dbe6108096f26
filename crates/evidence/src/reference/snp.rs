//! The comparison of an appraised SEV-SNP guest with reference values.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::json;

use super::comparison::{Comparison, Expected, FieldComparison, Found};
use super::matching::{Match, PlatformFindings};
use super::values::{ChipId, ComplianceStatus, ReferenceValues, SnpParavisor, TcbFloor, UvmIssuer};
use crate::azure::uvm::UvmEndorsement;
use crate::claims::{Claims, named};
use crate::snp::{Appraisal, Product, ReportBody};
use crate::time::UnixTime;

/// An appraised guest and what was verified beside its report.
#[derive(Clone, Copy, Debug)]
pub struct SnpGuest<'a> {
    /// The appraisal of its report.
    pub appraisal: &'a Appraisal,
    /// Whether it brought runtime claims, and the report data are their hash.
    pub runtime_bound: bool,
    /// What verified endorsements of utility VMs state.
    pub endorsements: &'a [Endorsement<'a>],
}

/// What the verified endorsement of a utility VM states.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Endorsement<'a> {
    pub(super) issuer: &'a str,
    pub(super) feed: &'a str,
    pub(super) svn: u64,
    pub(super) measurement: &'a [u8; 48],
}

impl<'a> From<&'a UvmEndorsement> for Endorsement<'a> {
    fn from(endorsement: &'a UvmEndorsement) -> Self {
        Self {
            issuer: endorsement.issuer().as_str(),
            feed: endorsement.feed(),
            svn: endorsement.svn(),
            measurement: endorsement.measurement(),
        }
    }
}

/// What a policy can ask about the endorsement of a report's measurement, whether or not reference values know its
/// issuer. Of several, the first one speaks.
pub fn endorsement_facts(body: &ReportBody, endorsements: &[Endorsement<'_>]) -> Claims {
    let endorsement = endorsements
        .iter()
        .find(|endorsement| verify_slices_are_equal(endorsement.measurement, &body.measurement).is_ok());
    endorsement.map_or_else(Claims::new, |endorsement| {
        named([
            ("x-attestry-uvm-issuer", json!(endorsement.issuer)),
            ("x-attestry-uvm-feed", json!(endorsement.feed)),
            ("x-attestry-uvm-svn", json!(endorsement.svn)),
        ])
    })
}

impl ReferenceValues {
    /// Compares a guest. Each part is compared whatever came out for those before it, so that the outcome explains
    /// everything at once.
    pub fn match_snp<'a>(&'a self, guest: &SnpGuest<'a>, now: UnixTime) -> Match<'a> {
        let (body, product) = (guest.appraisal.body(), guest.appraisal.product());
        let isolation = isolation(body);
        let runtime = runtime_data(guest.runtime_bound);
        let (platform, findings) = self.compare_platform(guest.appraisal);
        let paravisors: Vec<_> = self
            .snp_paravisors
            .iter()
            .map(|paravisor| compare_paravisor(paravisor, body, product))
            .collect();
        let (endorsed, endorsed_status) = self.compare_endorsements(guest.endorsements, body);

        let common = isolation.matched() && platform.iter().all(Comparison::matched);
        let paravisor = guest.runtime_bound && paravisors.iter().any(Comparison::matched);
        let compliance = match (common, paravisor) {
            (true, true) => Some(ComplianceStatus::AzureCompliantCvm),
            (true, false) => endorsed_status,
            (false, _) => None,
        };
        let mut comparisons = vec![isolation, runtime];
        comparisons.extend(platform);
        comparisons.extend(paravisors);
        comparisons.extend(endorsed);
        Match::new(self, now, comparisons, compliance, findings)
    }

    /// Product line, firmware and chip.
    fn compare_platform<'a>(&'a self, appraisal: &'a Appraisal) -> (Vec<Comparison<'a>>, PlatformFindings) {
        let product = appraisal.product();
        let refused =
            (!self.refused_products.is_empty()).then(|| compare_product(&self.refused_products, product));
        let floor = self
            .tcb_floors
            .get(&product)
            .map(|floor| compare_floor(floor, appraisal));
        // As certified: a report may mask the chip, its key does not hide.
        let chip = appraisal.certified_chip_id();
        let listed = self
            .allowed_chips
            .get(&product)
            .map(|ids| compare_allowed(ids, product, chip));
        let denied = denied(&self.denied_chips, product);
        let denied = denied.map(|ids| compare_denied(ids, product, chip));
        let findings = PlatformFindings {
            product_refused: refused.as_ref().map(|refused| !refused.matched()),
            tcb_floor_met: floor.as_ref().map(Comparison::matched),
            chip_listed: listed.as_ref().map(Comparison::matched),
            chip_denied: denied
                .as_ref()
                .filter(|_| !is_masked(chip))
                .map(|denied| !denied.matched()),
        };
        let platform = [refused, floor, listed, denied];
        (platform.into_iter().flatten().collect(), findings)
    }

    /// The first entry that an endorsement of this very measurement satisfies decides the status.
    fn compare_endorsements<'a>(
        &'a self,
        endorsements: &'a [Endorsement<'a>],
        body: &'a ReportBody,
    ) -> (Vec<Comparison<'a>>, Option<ComplianceStatus>) {
        let mut comparisons = Vec::new();
        let mut status = None;
        for issuer in &self.uvm_issuers {
            let before = comparisons.len();
            comparisons.extend(
                endorsements
                    .iter()
                    .map(|endorsement| compare_endorsement(issuer, endorsement, body)),
            );
            if endorsements.is_empty() {
                comparisons.push(not_endorsed(issuer));
            }
            if comparisons.iter().skip(before).any(Comparison::matched) {
                status = status.or(Some(issuer.status));
            }
        }
        (comparisons, status)
    }
}

/// What no reference value can make up for: the host must not read or change the guest's memory, nor another machine
/// take it over, and the report must be the most privileged software's.
fn isolation(body: &ReportBody) -> Comparison<'_> {
    let (debug, migration) = (body.policy.debug_allowed(), body.policy.migration_allowed());
    let allowed = |allowed| if allowed { "allowed" } else { "not allowed" };
    Comparison {
        section: "guest",
        name: "isolation",
        fields: vec![
            FieldComparison {
                field: "vmpl",
                expected: Expected::Number(0),
                found: Found::Number(body.vmpl.into()),
                met: body.vmpl == 0,
            },
            FieldComparison::told("policy.debug", "not allowed", allowed(debug), !debug),
            FieldComparison::told("policy.migration", "not allowed", allowed(migration), !migration),
        ],
    }
}

pub(super) fn runtime_data<'a>(bound: bool) -> Comparison<'a> {
    let found = if bound { "bound" } else { "none" };
    Comparison {
        section: "guest",
        name: "runtime-data",
        fields: vec![FieldComparison::told("report_data", "bound", found, bound)],
    }
}

fn compare_product(refused: &[Product], product: Product) -> Comparison<'_> {
    Comparison {
        section: "refused_products",
        name: product.name(),
        fields: vec![FieldComparison {
            field: "product",
            expected: Expected::NoneOf(refused),
            found: Found::Text(product.name()),
            met: !refused.contains(&product),
        }],
    }
}

/// REPORTED_TCB is compared: it is the one that the signing key was derived from, and the lowest of those that the
/// firmware may still run (AMD publication 56860, "TCB_VERSION").
fn compare_floor<'a>(floor: &TcbFloor, appraisal: &Appraisal) -> Comparison<'a> {
    let (tcb, body) = (appraisal.reported_tcb(), appraisal.body());
    let components = [
        ("fmc", floor.fmc, tcb.fmc),
        ("bootloader", floor.bootloader, Some(tcb.bootloader)),
        ("tee", floor.tee, Some(tcb.tee)),
        ("snp", floor.snp, Some(tcb.snp)),
        ("microcode", floor.microcode, Some(tcb.microcode)),
    ];
    let mut fields: Vec<_> = components
        .into_iter()
        .filter_map(|(field, least, found)| {
            Some(FieldComparison::at_least(field, least?.into(), found?.into()))
        })
        .collect();
    if let Some(bits) = floor.mitigations {
        fields.push(mitigations("launch_mitigations", bits, body.launch_mitigations));
        fields.push(mitigations("current_mitigations", bits, body.current_mitigations));
    }
    if floor.alias_check {
        let complete = body.platform_info.alias_check_complete();
        let found = if complete { "complete" } else { "not complete" };
        fields.push(FieldComparison::told("alias_check", "complete", found, complete));
    }
    Comparison {
        section: "tcb_floors",
        name: appraisal.product().name(),
        fields,
    }
}

/// Reports before version 5 have none of these bits set.
const fn mitigations<'a>(field: &'static str, bits: u64, found: u64) -> FieldComparison<'a> {
    FieldComparison {
        field,
        expected: Expected::Bits(bits),
        found: Found::Bits(found),
        met: found & bits == bits,
    }
}

fn compare_allowed<'a>(ids: &BTreeSet<ChipId>, product: Product, chip: &'a ChipId) -> Comparison<'a> {
    compare_chip(
        "chips.allow",
        product,
        chip,
        "a chip on the list",
        ids.contains(chip),
    )
}

/// A masked chip may be one of the list.
fn compare_denied<'a>(ids: &BTreeSet<ChipId>, product: Product, chip: &'a ChipId) -> Comparison<'a> {
    let met = !is_masked(chip) && !ids.contains(chip);
    compare_chip("chips.deny", product, chip, "a chip that is not on the list", met)
}

fn compare_chip<'a>(
    section: &'static str,
    product: Product,
    chip: &'a ChipId,
    expected: &'static str,
    met: bool,
) -> Comparison<'a> {
    let found = if is_masked(chip) {
        Found::Words("masked")
    } else {
        Found::Bytes(chip)
    };
    Comparison {
        section,
        name: product.name(),
        fields: vec![FieldComparison {
            field: "chip_id",
            expected: Expected::Words(expected),
            found,
            met,
        }],
    }
}

/// A list without a chip denies none.
fn denied(lists: &BTreeMap<Product, BTreeSet<ChipId>>, product: Product) -> Option<&BTreeSet<ChipId>> {
    lists.get(&product).filter(|ids| !ids.is_empty())
}

fn is_masked(chip: &ChipId) -> bool {
    *chip == [0; 64]
}

fn compare_paravisor<'a>(
    paravisor: &'a SnpParavisor,
    body: &'a ReportBody,
    product: Product,
) -> Comparison<'a> {
    let products = (!paravisor.products.is_empty()).then(|| FieldComparison {
        field: "product",
        expected: Expected::Products(&paravisor.products),
        found: Found::Text(product.name()),
        met: paravisor.products.contains(&product),
    });
    let bytes = [
        equal(
            "id_key_digest",
            paravisor.id_key_digest.as_ref(),
            &body.id_key_digest,
        ),
        equal(
            "author_key_digest",
            paravisor.author_key_digest.as_ref(),
            &body.author_key_digest,
        ),
        equal("measurement", paravisor.measurement.as_ref(), &body.measurement),
        equal("family_id", paravisor.family_id.as_ref(), &body.family_id),
        equal("image_id", paravisor.image_id.as_ref(), &body.image_id),
    ];
    let svn = paravisor
        .minimum_guest_svn
        .map(|least| FieldComparison::at_least("guest_svn", least.into(), body.guest_svn.into()));
    Comparison {
        section: "hcl",
        name: &paravisor.name,
        fields: products
            .into_iter()
            .chain(bytes.into_iter().flatten())
            .chain(svn)
            .collect(),
    }
}

/// The comparison of a field, if the entry says something about it.
fn equal<'a, const N: usize>(
    field: &'static str,
    expected: Option<&'a [u8; N]>,
    found: &'a [u8; N],
) -> Option<FieldComparison<'a>> {
    Some(FieldComparison::equal(field, expected?, found))
}

fn compare_endorsement<'a>(
    issuer: &'a UvmIssuer,
    endorsement: &Endorsement<'a>,
    body: &'a ReportBody,
) -> Comparison<'a> {
    let text = |field, expected: &'a str, found: &'a str| FieldComparison {
        field,
        expected: Expected::Text(expected),
        found: Found::Text(found),
        met: expected == found,
    };
    Comparison {
        section: "uvm",
        name: &issuer.name,
        fields: vec![
            text("issuer", &issuer.issuer, endorsement.issuer),
            text("feed", &issuer.feed, endorsement.feed),
            FieldComparison::at_least("svn", issuer.minimum_svn, endorsement.svn),
            FieldComparison::equal("measurement", endorsement.measurement, &body.measurement),
        ],
    }
}

fn not_endorsed(issuer: &UvmIssuer) -> Comparison<'_> {
    let endorsement = FieldComparison::told("endorsement", "one of this issuer", "none", false);
    Comparison {
        section: "uvm",
        name: &issuer.name,
        fields: vec![endorsement],
    }
}

#[cfg(test)]
mod tests;
