//! What an appraised guest's report claims, under the names of MAA's documentation ("Claim sets", SEV-SNP). Compliance,
//! runtime and init-time data, issuer and times are claimed elsewhere.

use std::fmt;
use std::str::FromStr;

use serde_json::json;

use super::appraise::Appraisal;
use super::product::TcbVersion;
use crate::claims::{Claims, named};
use crate::hex;

/// Which claims tokens carry. MAA's set has grown twice, and a relying party may count on an earlier one.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ClaimProfile {
    /// The 17 claims of the report since 2022-08-01.
    Of2022,
    /// Since 2025 also the chip's identifier.
    Of2025,
    /// Since 2026 also the processor's family and the newer bits of the guest policy.
    #[default]
    Of2026,
}

/// No claim profile has this name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{0}` is no claim profile; there are 2022, 2025 and 2026")]
pub struct UnknownClaimProfile(pub String);

impl ClaimProfile {
    /// Every profile, the oldest first.
    pub const ALL: [Self; 3] = [Self::Of2022, Self::Of2025, Self::Of2026];

    /// The year of its introduction.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Of2022 => "2022",
            Self::Of2025 => "2025",
            Self::Of2026 => "2026",
        }
    }
}

impl fmt::Display for ClaimProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ClaimProfile {
    type Err = UnknownClaimProfile;

    fn from_str(text: &str) -> Result<Self, UnknownClaimProfile> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| UnknownClaimProfile(text.to_owned()))
    }
}

/// The claims of an appraised guest that belong into a token of this profile.
pub fn token_claims(appraisal: &Appraisal, profile: ClaimProfile) -> Claims {
    let mut claims = claims_of_2022(appraisal);
    if profile >= ClaimProfile::Of2025 {
        let chip_id = hex::encode(&appraisal.body().chip_id);
        claims.insert("x-ms-sevsnpvm-chipid".to_owned(), json!(chip_id));
    }
    if profile >= ClaimProfile::Of2026 {
        claims.extend(claims_since_2026(appraisal));
    }
    claims
}

/// What a policy can ask beyond the token's claims: the claims of later profiles, and what the report and the
/// verification tell for which MAA has no name.
pub fn policy_facts(appraisal: &Appraisal, profile: ClaimProfile) -> Claims {
    let in_token = token_claims(appraisal, profile);
    let mut facts = token_claims(appraisal, ClaimProfile::Of2026);
    facts.retain(|name, _| !in_token.contains_key(name));
    facts.extend(report_facts(appraisal));
    facts.extend(tcb_facts("current", appraisal.current_tcb()));
    facts.extend(tcb_facts("launch", appraisal.launch_tcb()));
    if appraisal.body().version > 1 {
        facts.extend(tcb_facts("committed", appraisal.committed_tcb()));
    }
    let fmc = appraisal.reported_tcb().fmc;
    facts.extend(fmc.map(|fmc| ("x-attestry-snp-fmc-svn".to_owned(), json!(fmc))));
    let csp_id = appraisal.csp_id();
    facts.extend(csp_id.map(|id| ("x-attestry-snp-csp-id".to_owned(), json!(id))));
    facts
}

fn claims_of_2022(appraisal: &Appraisal) -> Claims {
    let body = appraisal.body();
    let tcb = appraisal.reported_tcb();
    named([
        ("x-ms-attestation-type", json!("sevsnpvm")),
        (
            "x-ms-sevsnpvm-authorkeydigest",
            json!(hex::encode(&body.author_key_digest)),
        ),
        ("x-ms-sevsnpvm-bootloader-svn", json!(tcb.bootloader)),
        ("x-ms-sevsnpvm-familyId", json!(hex::encode(&body.family_id))),
        ("x-ms-sevsnpvm-guestsvn", json!(body.guest_svn)),
        ("x-ms-sevsnpvm-hostdata", json!(hex::encode(&body.host_data))),
        (
            "x-ms-sevsnpvm-idkeydigest",
            json!(hex::encode(&body.id_key_digest)),
        ),
        ("x-ms-sevsnpvm-imageId", json!(hex::encode(&body.image_id))),
        ("x-ms-sevsnpvm-is-debuggable", json!(body.policy.debug_allowed())),
        (
            "x-ms-sevsnpvm-launchmeasurement",
            json!(hex::encode(&body.measurement)),
        ),
        ("x-ms-sevsnpvm-microcode-svn", json!(tcb.microcode)),
        (
            "x-ms-sevsnpvm-migration-allowed",
            json!(body.policy.migration_allowed()),
        ),
        ("x-ms-sevsnpvm-reportdata", json!(hex::encode(&body.report_data))),
        ("x-ms-sevsnpvm-reportid", json!(hex::encode(&body.report_id))),
        ("x-ms-sevsnpvm-smt-allowed", json!(body.policy.smt_allowed())),
        ("x-ms-sevsnpvm-snpfw-svn", json!(tcb.snp)),
        ("x-ms-sevsnpvm-tee-svn", json!(tcb.tee)),
        ("x-ms-sevsnpvm-vmpl", json!(body.vmpl)),
    ])
}

fn claims_since_2026(appraisal: &Appraisal) -> Claims {
    let policy = appraisal.body().policy;
    named([
        ("x-ms-sevsnpvm-chip-family", json!(appraisal.product().name())),
        (
            "x-ms-sevsnpvm-ciphertext-hiding-dram-enabled",
            json!(policy.ciphertext_hiding_required()),
        ),
        ("x-ms-sevsnpvm-cxl-allowed", json!(policy.cxl_allowed())),
        (
            "x-ms-sevsnpvm-mem-aes256-xts-required",
            json!(policy.mem_aes_256_xts_required()),
        ),
        (
            "x-ms-sevsnpvm-page-swap-disabled",
            json!(policy.page_swap_disabled()),
        ),
        ("x-ms-sevsnpvm-rapl-disabled", json!(policy.rapl_disabled())),
        ("x-ms-sevsnpvm-singlesocket", json!(policy.single_socket())),
    ])
}

/// What the report states and MAA has no claim for.
fn report_facts(appraisal: &Appraisal) -> Claims {
    let body = appraisal.body();
    let platform = body.platform_info;
    let firmware = |[build, minor, major]: [u8; 3]| json!(format!("{major}.{minor}.{build}"));
    let warnings: Vec<String> = appraisal.warnings().iter().map(ToString::to_string).collect();
    named([
        ("x-attestry-snp-report-version", json!(body.version)),
        (
            "x-attestry-snp-signing-key",
            json!(appraisal.signing_key().name()),
        ),
        (
            "x-attestry-snp-author-key-enabled",
            json!(body.author_key_enabled()),
        ),
        (
            "x-attestry-snp-platform-smt-enabled",
            json!(platform.smt_enabled()),
        ),
        (
            "x-attestry-snp-platform-tsme-enabled",
            json!(platform.tsme_enabled()),
        ),
        (
            "x-attestry-snp-platform-ecc-enabled",
            json!(platform.ecc_enabled()),
        ),
        (
            "x-attestry-snp-platform-rapl-disabled",
            json!(platform.rapl_disabled()),
        ),
        (
            "x-attestry-snp-platform-ciphertext-hiding-enabled",
            json!(platform.ciphertext_hiding_enabled()),
        ),
        (
            "x-attestry-snp-platform-alias-check-complete",
            json!(platform.alias_check_complete()),
        ),
        (
            "x-attestry-snp-platform-tio-enabled",
            json!(platform.tio_enabled()),
        ),
        (
            "x-attestry-snp-platform-info",
            json!(format!("{:016x}", platform.0)),
        ),
        (
            "x-attestry-snp-report-id-ma",
            json!(hex::encode(&body.report_id_ma)),
        ),
        ("x-attestry-snp-current-firmware", firmware(body.current_firmware)),
        (
            "x-attestry-snp-committed-firmware",
            firmware(body.committed_firmware),
        ),
        (
            "x-attestry-snp-launch-mitigations",
            json!(format!("{:016x}", body.launch_mitigations)),
        ),
        (
            "x-attestry-snp-current-mitigations",
            json!(format!("{:016x}", body.current_mitigations)),
        ),
        (
            "x-attestry-snp-revocation-list",
            json!(appraisal.revocation_list()),
        ),
        ("x-attestry-warnings", json!(warnings)),
    ])
}

fn tcb_facts(which: &str, tcb: &TcbVersion) -> Claims {
    tcb.components()
        .map(|(component, svn)| {
            // MAA's names of the components.
            let component = if component == "snp" { "snpfw" } else { component };
            (format!("x-attestry-snp-{which}-{component}-svn"), json!(svn))
        })
        .collect()
}

#[cfg(test)]
mod tests;
