//! Minted evidence, each piece with one property that verifiers treat differently or often forget: the outcome is the
//! recommended one, and differs from other verifiers only as the table explains.

use attestry_evidence::dcap::TcbStatus;

use crate::differences::{DCAP_QVL, DCAP_QVL_DEFAULT, Difference, INTEL_QVL, assert_explained};
use crate::outcome::{Outcome, appraisal, ours};
use crate::pool::vectors;

#[test]
fn every_outcome_is_the_recommended_one() {
    for vector in vectors("forged") {
        let recommended = vector.known("recommended").as_str().unwrap();
        let accepted = recommended.strip_prefix("accept ");
        assert!(
            accepted.is_some() || recommended.starts_with("reject"),
            "{}: {recommended}",
            vector.name
        );
        let expected = accepted.map_or(Outcome::Refused, |status| {
            Outcome::Status(status.split(',').next().unwrap().to_owned())
        });
        let result = appraisal(&vector);
        assert_eq!(ours(&result), expected, "{}: {result:?}", vector.name);
    }
}

#[test]
fn outcomes_differ_from_other_verifiers_only_where_explained() {
    assert_explained(&vectors("forged"), "", &DIFFERENCES);
}

/// A refusal for another reason than the one that was minted would hide a check that is missing.
#[test]
fn every_refusal_is_for_the_minted_reason() {
    let mut refusals = REFUSALS.to_vec();
    let vectors = vectors("forged");
    for vector in &vectors {
        let Err(rejected) = appraisal(vector) else {
            continue;
        };
        let explanation = rejected.explain();
        let position = refusals.iter().position(|(name, ..)| *name == vector.name);
        let position = position.unwrap_or_else(|| panic!("{} is refused: {explanation:?}", vector.name));
        let (name, code, field) = refusals.remove(position);
        assert_eq!(
            (explanation.code, explanation.field.as_str()),
            (code, field),
            "{name}"
        );
        for text in [&explanation.expected, &explanation.found, &explanation.hint] {
            assert!(!text.is_empty(), "{name}: {explanation:?}");
        }
    }
    assert!(
        refusals.is_empty() || vectors.is_empty(),
        "not refused: {refusals:?}"
    );
}

#[test]
fn the_module_loaded_now_is_judged_beside_the_one_at_launch() {
    for vector in vectors("forged") {
        if vector.name == "tdx15-current-outofdate" {
            let appraisal = appraisal(&vector).unwrap();
            assert_eq!(appraisal.launch_status(), TcbStatus::UpToDate);
            assert_eq!(appraisal.current_status(), Some(TcbStatus::OutOfDate));
        }
    }
}

/// What is refused, by which check, at which field.
const REFUSALS: [(&str, &str, &str); 73] = [
    (
        "att-key-type-3",
        "quote_attestation_key_type",
        "quote.header.attestation_key_type",
    ),
    ("authlen-huge", "quote_truncated", "quote"),
    (
        "bad-intermediate-signature",
        "certificate_signature",
        "pck_crl_issuer_chain.pck_ca.signature",
    ),
    ("bad-pck-crl-signature", "crl_signature", "pck_crl.signature"),
    (
        "bad-qeidentity-signature",
        "collateral_signature",
        "qe_identity.signature",
    ),
    ("bad-quote-signature", "quote_signature", "quote.signature"),
    ("bad-quote-signature-tdx", "quote_signature", "quote.signature"),
    (
        "bad-tcbinfo-signature",
        "collateral_signature",
        "tcb_info.signature",
    ),
    (
        "cert-type-2",
        "certification_data_kind",
        "quote.certification_data.type",
    ),
    (
        "cert-type-3",
        "certification_data_kind",
        "quote.certification_data.type",
    ),
    (
        "cert-type-4",
        "certification_data_kind",
        "quote.certification_data.type",
    ),
    (
        "cert-type-7",
        "quote_certification_type",
        "quote.certification_data.type",
    ),
    (
        "cn-intermediate-wrong",
        "certificate_common_name",
        "pck_crl_issuer_chain.pck_ca.subject.common_name",
    ),
    (
        "cn-pck-wrong",
        "certificate_common_name",
        "pck_certificate_chain.pck.subject.common_name",
    ),
    (
        "cn-root-wrong",
        "certificate_common_name",
        "tcb_info_issuer_chain.root.subject.common_name",
    ),
    (
        "date-offset-form",
        "collateral_field",
        "tcb_info.tcbInfo.nextUpdate",
    ),
    (
        "expired-cert-root",
        "certificate_expired",
        "tcb_info_issuer_chain.root.not_after",
    ),
    (
        "expired-cert-tcb",
        "certificate_expired",
        "tcb_info_issuer_chain.tcb_signing.not_after",
    ),
    ("expired-crl-root", "crl_expired", "root_ca_crl.next_update"),
    (
        "expired-qeidentity",
        "collateral_expired",
        "qe_identity.nextUpdate",
    ),
    ("expired-tcbinfo", "collateral_expired", "tcb_info.nextUpdate"),
    ("fmspc-mismatch", "fmspc_mismatch", "tcb_info.fmspc"),
    (
        "intermediate-revoked",
        "certificate_revoked",
        "pck_crl_issuer_chain.pck_ca.serial_number",
    ),
    (
        "notyet-cert-root",
        "certificate_not_yet_valid",
        "tcb_info_issuer_chain.root.not_before",
    ),
    (
        "notyet-cert-tcb",
        "certificate_not_yet_valid",
        "tcb_info_issuer_chain.tcb_signing.not_before",
    ),
    ("notyet-crl-pck", "crl_not_yet_valid", "pck_crl.this_update"),
    ("notyet-crl-root", "crl_not_yet_valid", "root_ca_crl.this_update"),
    (
        "notyet-qeidentity",
        "collateral_not_yet_valid",
        "qe_identity.issueDate",
    ),
    ("notyet-tcbinfo", "collateral_not_yet_valid", "tcb_info.issueDate"),
    ("pceid-mismatch", "pce_id_mismatch", "tcb_info.pceId"),
    (
        "pck-chain-extra-root",
        "certificate_chain_roots",
        "pck_certificate_chain",
    ),
    (
        "pck-chain-no-intermediate",
        "certificate_chain_length",
        "pck_certificate_chain",
    ),
    (
        "pck-revoked",
        "certificate_revoked",
        "pck_certificate_chain.pck.serial_number",
    ),
    (
        "pck-tcb-15-components",
        "sgx_extension",
        "pck_certificate_chain.pck.sgx_extension.tcb.component_svn",
    ),
    ("qe-debug", "qe_identity_mismatch", "quote.qe_report.attributes"),
    (
        "qe-debug-masked-out",
        "qe_debug",
        "quote.qe_report.attributes.debug",
    ),
    ("qe-id-qve", "collateral_field", "qe_identity.enclaveIdentity.id"),
    ("qe-id-tdqe-for-sgx", "collateral_other_tee", "qe_identity.id"),
    (
        "qe-level-configneeded",
        "collateral_field",
        "qe_identity.enclaveIdentity.tcbLevels[0].tcbStatus",
    ),
    ("qe-level-none", "tcb_not_supported", "qe"),
    ("qe-level-revoked", "tcb_revoked", "qe"),
    (
        "qe-level-swhardening",
        "collateral_field",
        "qe_identity.enclaveIdentity.tcbLevels[0].tcbStatus",
    ),
    (
        "qe-miscselect-mismatch",
        "qe_identity_mismatch",
        "quote.qe_report.misc_select",
    ),
    (
        "qe-mrsigner-mismatch",
        "qe_identity_mismatch",
        "quote.qe_report.mrsigner",
    ),
    (
        "qe-prodid-mismatch",
        "qe_identity_mismatch",
        "quote.qe_report.isv_prod_id",
    ),
    (
        "qe-version-1",
        "collateral_field",
        "qe_identity.enclaveIdentity.version",
    ),
    (
        "qe-version-3-sgx",
        "collateral_field",
        "qe_identity.enclaveIdentity.version",
    ),
    (
        "root-revoked",
        "certificate_revoked",
        "tcb_info_issuer_chain.root.serial_number",
    ),
    (
        "tcb-levels-duplicate",
        "collateral_field",
        "tcb_info.tcbInfo.tcbLevels",
    ),
    ("tcb-none-pcesvn", "tcb_not_supported", "platform"),
    (
        "tcb-signing-revoked",
        "certificate_revoked",
        "tcb_info_issuer_chain.tcb_signing.serial_number",
    ),
    (
        "tcb-status-Bogus",
        "collateral_field",
        "tcb_info.tcbInfo.tcbLevels[0].tcbStatus",
    ),
    (
        "tcb-status-TDRelaunchAdvised",
        "collateral_field",
        "tcb_info.tcbInfo.tcbLevels[0].tcbStatus",
    ),
    (
        "tcbinfo-15-components",
        "collateral_field",
        "tcb_info.tcbInfo.tcbLevels[0].tcb.sgxtcbcomponents",
    ),
    ("tcbinfo-id-sgx-for-tdx", "collateral_other_tee", "tcb_info.id"),
    (
        "tcbinfo-id-tdx-for-sgx",
        "collateral_field",
        "tcb_info.tcbInfo.tcbLevels[0].tcb.tdxtcbcomponents",
    ),
    (
        "tcbinfo-svn-256",
        "collateral_field",
        "tcb_info.tcbInfo.tcbLevels[0].tcb.sgxtcbcomponents[0].svn",
    ),
    (
        "tcbinfo-tcbtype-1",
        "collateral_field",
        "tcb_info.tcbInfo.tcbType",
    ),
    (
        "tcbinfo-version-4",
        "collateral_field",
        "tcb_info.tcbInfo.version",
    ),
    (
        "tdx-module-configneeded",
        "collateral_field",
        "tcb_info.tcbInfo.tdxModuleIdentities[0].tcbLevels[0].tcbStatus",
    ),
    (
        "tdx-module-id-unknown",
        "tdx_module_unknown",
        "tcb_info.tdxModuleIdentities",
    ),
    ("tdx-module-revoked", "tcb_revoked", "tdx_module"),
    (
        "tdx-no-module-identities",
        "tdx_module_unknown",
        "tcb_info.tdxModuleIdentities",
    ),
    (
        "tdx-no-tdxmodule",
        "collateral_field",
        "tcb_info.tcbInfo.tdxModule",
    ),
    (
        "tdx-seamattr-nonzero",
        "tdx_module_attributes",
        "quote.body.seam_attributes",
    ),
    ("tdx15-current-unsupported", "tcb_not_supported", "tdx_module"),
    ("truncated-600", "quote_truncated", "quote"),
    (
        "untrusted-root",
        "certificate_untrusted_root",
        "tcb_info_issuer_chain",
    ),
    ("v3-with-tdx-tee", "quote_tee_type", "quote.header.tee_type"),
    (
        "v4-outer-type-5",
        "quote_outer_certification_type",
        "quote.certification_data.type",
    ),
    ("v5-body-type-9", "quote_body_type", "quote.body.type"),
    ("version-2", "quote_version", "quote.header.version"),
    ("version-6", "quote_version", "quote.header.version"),
];

const DIFFERENCES: [Difference; 39] = [
    (
        "cert-type-2",
        INTEL_QVL,
        "UpToDate",
        "refused",
        PCK_GIVEN_SEPARATELY,
    ),
    (
        "cert-type-3",
        INTEL_QVL,
        "UpToDate",
        "refused",
        PCK_GIVEN_SEPARATELY,
    ),
    (
        "cert-type-4",
        INTEL_QVL,
        "UpToDate",
        "refused",
        PCK_GIVEN_SEPARATELY,
    ),
    ("cn-intermediate-wrong", DCAP_QVL, "UpToDate", "refused", NAMES),
    ("cn-pck-wrong", DCAP_QVL, "UpToDate", "refused", NAMES),
    ("cn-root-wrong", DCAP_QVL, "UpToDate", "refused", NAMES),
    ("date-offset-form", DCAP_QVL, "UpToDate", "refused", DATE_FORM),
    ("expired-cert-root", DCAP_QVL, "UpToDate", "refused", ROOT_DATES),
    ("notyet-cert-root", DCAP_QVL, "UpToDate", "refused", ROOT_DATES),
    ("notyet-cert-root", INTEL_QVL, "UpToDate", "refused", START_DATES),
    ("notyet-cert-tcb", INTEL_QVL, "UpToDate", "refused", START_DATES),
    ("notyet-crl-pck", DCAP_QVL, "UpToDate", "refused", CRL_START),
    ("notyet-crl-root", DCAP_QVL, "UpToDate", "refused", CRL_START),
    ("notyet-qeidentity", INTEL_QVL, "UpToDate", "refused", START_DATES),
    ("notyet-tcbinfo", INTEL_QVL, "UpToDate", "refused", START_DATES),
    ("ok-sgx-v4", DCAP_QVL, "refused", "UpToDate", SGX_IN_NEW_VERSIONS),
    ("ok-sgx-v5", DCAP_QVL, "refused", "UpToDate", SGX_IN_NEW_VERSIONS),
    ("pceid-mismatch", DCAP_QVL, "UpToDate", "refused", PCE_ID),
    (
        "pck-chain-extra-root",
        DCAP_QVL,
        "UpToDate",
        "refused",
        EXTRA_ROOT,
    ),
    ("pck-chain-reversed", DCAP_QVL, "refused", "UpToDate", CHAIN_ORDER),
    (
        "pck-tcb-15-components",
        DCAP_QVL,
        "UpToDate",
        "refused",
        PCK_COMPONENTS,
    ),
    (
        "qe-auth-data-len-1000",
        DCAP_QVL,
        "refused",
        "UpToDate",
        QE_AUTH_DATA,
    ),
    (
        "qe-auth-data-len-64",
        DCAP_QVL,
        "refused",
        "UpToDate",
        QE_AUTH_DATA,
    ),
    ("qe-debug-masked-out", INTEL_QVL, "UpToDate", "refused", QE_DEBUG),
    (
        "qe-level-configneeded",
        DCAP_QVL,
        "UpToDate",
        "refused",
        QE_STATUS,
    ),
    ("qe-level-revoked", INTEL_QVL, "Revoked", "refused", REVOKED),
    ("qe-levels-unsorted", DCAP_QVL, "refused", "UpToDate", LEVEL_ORDER),
    ("root-revoked", INTEL_QVL, "UpToDate", "refused", ROOT_REVOKED),
    (
        "tcb-chain-no-root",
        INTEL_QVL,
        "refused",
        "UpToDate",
        CHAIN_WITHOUT_ROOT,
    ),
    (
        "tcb-levels-duplicate",
        DCAP_QVL,
        "UpToDate",
        "refused",
        DUPLICATE_LEVELS,
    ),
    ("tcbinfo-svn-256", INTEL_QVL, "OutOfDate", "refused", SVN_RANGE),
    (
        "tcbinfo-tcbtype-1",
        DCAP_QVL,
        "UpToDate",
        "refused",
        UNKNOWN_FORMS,
    ),
    ("tcbinfo-v2", DCAP_QVL, "refused", "UpToDate", TCB_INFO_2),
    (
        "tcbinfo-version-4",
        DCAP_QVL,
        "UpToDate",
        "refused",
        UNKNOWN_FORMS,
    ),
    ("tdx-migratable", DCAP_QVL, "refused", "UpToDate", TD_ATTRIBUTES),
    ("tdx-module-revoked", INTEL_QVL, "Revoked", "refused", REVOKED),
    (
        "tdx-reserved-attr",
        DCAP_QVL,
        "refused",
        "UpToDate",
        TD_ATTRIBUTES,
    ),
    (
        "tdx-servtd",
        DCAP_QVL_DEFAULT,
        "refused",
        "UpToDate",
        SERVICE_DOMAIN_OR_MIGRATION,
    ),
    ("v4-outer-type-5", DCAP_QVL, "UpToDate", "refused", OUTER_TYPE),
];

const PCK_GIVEN_SEPARATELY: &str =
    "Intel's library was given the PCK certificate beside the quote; here a quote has to carry its chain";
const NAMES: &str = "dcap-qvl does not look at the names in certificates, so any certificate under the root could take any role";
const DATE_FORM: &str = "Intel's documents have one date form; dcap-qvl takes any of RFC 3339";
const ROOT_DATES: &str = "dcap-qvl does not look at the dates of the root certificate";
const START_DATES: &str =
    "Intel's library does not look at notBefore and issueDate; a document from the future is refused here";
const CRL_START: &str = "dcap-qvl accepts a CRL from the future";
const SGX_IN_NEW_VERSIONS: &str =
    "dcap-qvl knows SGX in version 3 only; Intel's library also accepts it in 4 and 5";
const PCE_ID: &str = "dcap-qvl does not compare the PCE's identity with the TCB info";
const EXTRA_ROOT: &str = "dcap-qvl tolerates surplus certificates in the chain";
const CHAIN_ORDER: &str = "dcap-qvl needs the leaf first; here a chain is put in order by its issuers";
const PCK_COMPONENTS: &str = "Intel's profile has sixteen components; dcap-qvl takes fifteen";
const QE_AUTH_DATA: &str =
    "the format leaves the size of the QE authentication data open; dcap-qvl insists on 32 bytes";
const QE_DEBUG: &str =
    "a quoting enclave in debug mode is refused here even if the identity's mask does not cover the bit";
const QE_STATUS: &str = "Intel's library knows three statuses of a quoting enclave; dcap-qvl takes any";
const REVOKED: &str = "Intel's library reports revocation as a status; evidence whose quoting enclave or module is revoked is refused here";
const LEVEL_ORDER: &str =
    "dcap-qvl trusts the order of levels in the document; here and in Intel's library they are sorted";
const ROOT_REVOKED: &str = "Intel's library does not look for the root in its own list; here a root that revokes itself is not trusted";
const CHAIN_WITHOUT_ROOT: &str = "Intel's library counts the certificates; here the root may be left out, since it is compared with the anchor anyway";
const DUPLICATE_LEVELS: &str = "two levels with the same SVNs are ambiguous; dcap-qvl takes the first";
const SVN_RANGE: &str = "an SVN is one byte; Intel's library reads a larger number, which no platform reaches, and falls to a lower level";
const UNKNOWN_FORMS: &str = "dcap-qvl does not look at the version and the comparison type of TCB info";
const TCB_INFO_2: &str = "dcap-qvl cannot read TCB info of version 2, which PCS v3 and caches still serve";
const TD_ATTRIBUTES: &str =
    "dcap-qvl judges the domain's attributes; here they are claims, and the policy decides";
const SERVICE_DOMAIN_OR_MIGRATION: &str = "dcap-qvl refuses migratable domains and, unless told otherwise, bound service domains; here both are facts for the policy";
const OUTER_TYPE: &str = "dcap-qvl does not look at the type around the QE report";
