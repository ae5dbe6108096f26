//! The configuration reference: one line for every key, from which `docs/reference/configuration.md` is made.
//!
//! A test holds this table against the keys and the defaults of the structures, so that it cannot lag.

use std::fmt::Write;

use toml::Value;

use super::{
    AmdSourceConfig, AmdSourceKind, AssignmentConfig, Config, IssuerConfig, PrivateEndpointConfig,
    ProviderConfig, SourceConfig, SourceKind,
};

/// What one key means. The default is not repeated here: it comes from the structures.
pub(super) struct Field {
    pub(super) key: &'static str,
    pub(super) meaning: &'static str,
}

/// One table of the file.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) intro: &'static str,
    pub(super) fields: &'static [Field],
}

const fn field(key: &'static str, meaning: &'static str) -> Field {
    Field { key, meaning }
}

/// The reference as Markdown.
pub fn markdown() -> String {
    let mut text = String::from(HEAD);
    for section in SECTIONS {
        let defaults = defaults(section.title);
        // Writing to a `String` cannot fail.
        let _ = write!(
            text,
            "\n## `{}`\n\n{}\n\n| Key | Default | Meaning |\n|---|---|---|\n",
            section.title, section.intro
        );
        for field in section.fields {
            let default = defaults
                .get(field.key)
                .map_or_else(|| "required".to_owned(), |value| format!("`{value}`"));
            let _ = writeln!(text, "| `{}` | {default} | {} |", field.key, field.meaning);
        }
    }
    text
}

/// Keys and defaults of a section, from its structure.
pub(super) fn defaults(title: &str) -> toml::Table {
    let value = match title {
        PROVIDER => Value::try_from(ProviderConfig::default()),
        PRIVATE_ENDPOINT => Value::try_from(PrivateEndpointConfig::default()),
        SOURCES => Value::try_from(SourceConfig::new(SourceKind::IntelPcs)),
        AMD_SOURCES => Value::try_from(AmdSourceConfig::new(AmdSourceKind::Kds)),
        ISSUER => Value::try_from(IssuerConfig::default()),
        ASSIGNMENT => Value::try_from(AssignmentConfig::default()),
        CLIENT_CERTIFICATES => Value::try_from(Config::default().authentication.client_certificates),
        _ => Value::try_from(Config::default()).map(|config| {
            config
                .get(title.trim_matches(['[', ']']))
                .cloned()
                .unwrap_or(Value::Table(toml::Table::new()))
        }),
    };
    match value {
        Ok(Value::Table(table)) => table,
        _ => toml::Table::new(),
    }
}

pub(super) const SOURCES: &str = "[[collateral.sources]]";
pub(super) const AMD_SOURCES: &str = "[[snp.sources]]";
pub(super) const PROVIDER: &str = "[[provider]]";
pub(super) const ISSUER: &str = "[[authentication.issuer]]";
pub(super) const CLIENT_CERTIFICATES: &str = "[authentication.client_certificates]";
pub(super) const ASSIGNMENT: &str = "[[authorization.assignment]]";
pub(super) const PRIVATE_ENDPOINT: &str = "[[control_plane.private_endpoint]]";

const HEAD: &str = "\
# Configuration

`attestry serve --config FILE` reads one TOML file. Every key has a default; an unknown key, a wrong type or a value out
of range stops the start with an error that names the key. Relative paths are relative to the working directory.

An environment variable `ATTESTRY_<SECTION>__<KEY>` overrides a key, for example `ATTESTRY_SERVER__LISTEN=0.0.0.0:443`
or `ATTESTRY_STORE__KEY_ENCRYPTION_KEY=...`. A value that reads as a TOML value (`64`, `true`, `[\"intel\"]`,
`[{kind=\"pccs\", url=\"https://pccs.example\"}]`) is taken as that, any other as a string; to pass a string of digits,
put it in quotes of its own.
";

pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "[server]",
        intro: "The listener and its limits.\n\nHealth and metrics are answered on the same address as everything else, without authentication. `GET /metrics` counts requests by provider and outcome and names the platform models that collateral is held for; where that is nobody's business, let the proxy before the service pass only what clients need, for example by answering `/metrics` with 404 except to the monitoring system.",
        fields: &[
            field("listen", "Address and port to listen on; port 0 takes a free one"),
            field(
                "base_url",
                "URL under which clients reach the service, `https://host[:port]`; issuer of the default provider's tokens. Empty: `https://localhost:<port>`",
            ),
            field(
                "base_domain",
                "Domain under which providers are addressed as `<name>.<base_domain>`. Empty: only by path, `/p/<name>`",
            ),
            field(
                "tls_certificate",
                "Certificate chain, PEM, leaf first; read again on SIGHUP. Empty, together with the key: plain HTTP, allowed on loopback only",
            ),
            field("tls_private_key", "Private key of the certificate, PEM"),
            field(
                "max_connections",
                "Most connections held at a time; further ones wait to be accepted",
            ),
            field("max_body_bytes", "Most bytes of a request body"),
            field("max_header_bytes", "Most bytes of a request's header"),
            field("max_headers", "Most header fields of a request (HTTP/1.1)"),
            field(
                "max_concurrent_streams",
                "Most requests in flight on one HTTP/2 connection",
            ),
            field("handshake_timeout_seconds", "Time for the TLS handshake"),
            field(
                "header_timeout_seconds",
                "Time for a request's header from its first byte, and for the first request of a connection",
            ),
            field("body_timeout_seconds", "Time for a request's whole body"),
            field(
                "idle_timeout_seconds",
                "How long a connection without a request is kept",
            ),
            field(
                "drain_timeout_seconds",
                "How long requests in flight may take to finish when the service stops",
            ),
        ],
    },
    Section {
        title: "[store]",
        intro: "The embedded store.",
        fields: &[
            field(
                "data_dir",
                "Directory of the database; created, for its owner only, when it is not there. The first start decides whether it is for production or for development mode; the other is refused from then on",
            ),
            field(
                "key_encryption_key_file",
                "File of the key under which signing keys are sealed, readable by its owner only; written on the first start. Empty: `key-encryption.key` in `data_dir`. Losing it loses the signing keys",
            ),
            field(
                "key_encryption_key",
                "The key itself, 64 hexadecimal digits, meant for the environment; wins over the file",
            ),
            field(
                "busy_timeout_seconds",
                "How long a change waits for another process's lock",
            ),
        ],
    },
    Section {
        title: "[collateral]",
        intro: "Reference documents: TCB info, enclave identities, certificate revocation lists.",
        fields: &[
            field(
                "sources",
                "Where documents come from, see below; asked in this order until one gives a set that verifies. `[]`: only what was imported is used",
            ),
            field(
                "early",
                "Whether the early set of TCB levels is kept beside the standard one for every known platform",
            ),
            field(
                "max_platforms",
                "Most platform models that documents are kept for",
            ),
            field(
                "request_timeout_seconds",
                "Time for one request to a source, all of it",
            ),
            field(
                "attempts",
                "How often a request is made before its source counts as failed",
            ),
        ],
    },
    Section {
        title: SOURCES,
        intro: "One source of reference documents. The defaults shown are those of `kind = \"intel-pcs\"`, which is also the only source when none is configured.",
        fields: &[
            field(
                "kind",
                "`intel-pcs`, `pccs`, `azure-thim`, `directory` or `bundle`",
            ),
            field(
                "url",
                "Base URL; required for `pccs`, replaces the public one for `intel-pcs` and `azure-thim`. Plain http only to this machine or a link-local address; without user name and password",
            ),
            field("api_version", "Version of the interface, 3 or 4"),
            field(
                "api_key",
                "Subscription key of Intel's service, sent to that service alone; reference documents are served without one too",
            ),
            field(
                "ca_file",
                "Certificate authority of the source's TLS certificate, PEM. Empty: those that the system trusts",
            ),
            field("path", "The directory of a `directory`, the file of a `bundle`"),
            field(
                "signer",
                "The operator's public key, PEM, that a `bundle` must be signed with",
            ),
        ],
    },
    Section {
        title: "[verification]",
        intro: "What evidence is judged against.",
        fields: &[
            field(
                "trust_roots",
                "Trusted roots of Intel evidence: `intel` for the built-in root, or files in PEM or DER",
            ),
            field(
                "staleness",
                "When collateral is past its next update: `strict` refuses, `grace` uses it for `grace_seconds` more and says so in the token, `maa-compat` does not look at the next update of TCB info and enclave identity (certificates and CRLs are held to their dates always)",
            ),
            field("grace_seconds", "For `staleness = \"grace\"`"),
            field(
                "tcb_identifiers",
                "What values of the policy property `x-ms-sgx-tcbidentifier` mean, each a baseline: `latest`, `early`, `number=N`, `number>=N` or `date>=YYYY-MM-DD`. Digits that are not listed stand for that evaluation number; `azuredefault` also applies without the property",
            ),
        ],
    },
    Section {
        title: "[snp]",
        intro: "How SEV-SNP reports are judged.",
        fields: &[
            field(
                "trust_anchors",
                "Trusted authorities: `amd` for the built-in ones, or files in PEM or DER. Each authority (ASK, ASVK) is pinned: name it beside its root (ARK)",
            ),
            field(
                "report_versions",
                "Versions of reports that are accepted, 1 to 5. 1 is that of a preview of 2021, whose reports lack fields",
            ),
            field(
                "accept_unknown_policy_bits",
                "Whether bits of the guest policy that no published version of AMD's ABI defines are accepted",
            ),
            field(
                "revocation",
                "`when-available`: a revocation list at hand counts, a missing one is no obstacle; `required`: without one that is not outdated, evidence is refused",
            ),
            field(
                "revocation_lists",
                "Revocation lists (PEM or DER files) that are taken in at the start and on SIGHUP",
            ),
            field(
                "uvm_signer_roots",
                "Roots of those who endorse utility VMs, besides Microsoft's: certificates, PEM or DER",
            ),
            field(
                "uvm_time_stamp_roots",
                "Roots of time stamp authorities, besides Microsoft's: certificates, PEM or DER",
            ),
            field(
                "uvm_tolerance_seconds",
                "How long after its end the certificate of who endorsed a utility VM still counts, where no time stamp proves when that was",
            ),
            field(
                "vek_grace_seconds",
                "How long after its end the certificate of a signing key still counts",
            ),
            field(
                "allow_masked_chip_id",
                "Whether a chip's own key may sign a report with a masked chip id, as on hosts that set MASK_CHIP_ID",
            ),
            field(
                "accepted_csp_ids",
                "Cloud service providers whose keys (VLEK) are accepted, as their certificates name them; empty: all",
            ),
            field(
                "sources",
                "Where certificates of chips' keys (VCEK) that requests do not bring, and revocation lists, come from, see below; asked in this order. `[]`: only what callers bring and what was imported is used",
            ),
        ],
    },
    Section {
        title: AMD_SOURCES,
        intro: "One source of certificates and revocation lists. The defaults shown are those of `kind = \"kds\"`. What it gives is verified up to the trusted authorities, kept in the store, and asked for again only when it has expired (certificates) or a day later (lists). Requests for which no source has a turn soon enough are answered 503 with `Retry-After`.",
        fields: &[
            field(
                "kind",
                "`kds`: AMD's Key Distribution Service, or a cache of one's own that answers the same calls; `azure-thim`: Azure's cache of its own chips' certificates, which has no revocation lists",
            ),
            field(
                "url",
                "Base URL, to replace the public one (`https://kdsintf.amd.com`, `https://global.acccache.azure.net`). Plain http only to this machine or a link-local address; without user name and password",
            ),
            field(
                "ca_file",
                "Certificate authority of the source's TLS certificate, PEM. Empty: those that the system trusts",
            ),
            field(
                "requests_per_minute",
                "How often it is asked at most, evenly spaced: strangers can make the service ask for chips that do not exist. AMD's service takes about six a minute; raise it for a cache of one's own",
            ),
        ],
    },
    Section {
        title: "[reference_values]",
        intro: "What SEV-SNP and TDX virtual machines are compared with to tell `x-ms-compliance-status`. See [reference values](../guides/reference-values.md).",
        fields: &[
            field(
                "file",
                "A file of reference values, taken in at the start and on SIGHUP unless a newer version was taken in before. Empty: those that were imported, if any",
            ),
            field(
                "signer",
                "The operator's public key, PEM, Ed25519 or P-256, that the file and those of providers must be signed with. Empty: they are plain JSON, and as trusted as this configuration",
            ),
        ],
    },
    Section {
        title: "[policy]",
        intro: "How much a policy may cost. An upload beyond its part of the limits is refused; an evaluation that meets one ends with `PolicyEvaluationError`, which names the limit.",
        fields: &[
            field("max_bytes", "Most bytes of a policy text"),
            field("max_rules", "Most rules in one policy"),
            field("max_conditions", "Most conditions in one rule"),
            field(
                "max_nesting",
                "Deepest nesting of function calls, and of a JMESPath query; at most 64",
            ),
            field(
                "max_steps",
                "Most steps of one evaluation: comparisons, calls, values that queries visit, bytes of JSON read",
            ),
            field(
                "max_claims",
                "Most claims in one evaluation, those that the policy adds included",
            ),
            field(
                "max_json_bytes",
                "Most bytes of one JSON document that a policy queries, or that a query makes",
            ),
            field(
                "max_text_bytes",
                "Most bytes of the text of all claims that a policy makes",
            ),
            field(
                "max_issued_bytes",
                "Most bytes of the claims that a policy issues into one token, as JSON",
            ),
        ],
    },
    Section {
        title: PROVIDER,
        intro: "One provider (tenant). Without any, there is one shared provider named `shared` at the base URL.",
        fields: &[
            field(
                "name",
                "3 to 24 lower-case letters, digits and hyphens; part of the provider's URL",
            ),
            field(
                "location",
                "Where it is, as Azure names its regions (`eastus`) or a name of your own; with it the provider's host is `<name>.<short code>.<base_domain>`. Shared providers with a location are the default providers of it",
            ),
            field("default", "Whether the base URL is this provider's"),
            field(
                "mode",
                "Who may set policies: `aad` callers with the right role, `isolated` holders of a registered signing certificate, `shared` nobody",
            ),
            field(
                "accepted_tcb_statuses",
                "TCB statuses with which evidence is accepted, as Intel names them",
            ),
            field(
                "explain",
                "How much a refusal explains to the client: `none`, `reason` or `full`",
            ),
            field(
                "token_extensions",
                "Whether tokens carry claims of the service's own, `x-attestry-...`, beside MAA's",
            ),
            field(
                "snp_claims",
                "Which claims of SEV-SNP reports tokens carry: those of MAA in `2022`, `2025` or `2026`",
            ),
            field(
                "reference_values",
                "A file of reference values for this provider alone, instead of the common ones",
            ),
            field(
                "policy_tests",
                "Test files (`*.test.toml`, with a `type` and claims) that every policy of their attestation type must pass before it is used",
            ),
            field(
                "require_policy_tests",
                "Whether a policy of a type that none of `policy_tests` is for is refused",
            ),
            field(
                "policy_signers",
                "Certificates (PEM or DER files) of those who may sign policies and certificate changes of an isolated provider, taken in the first time the provider is loaded; later changes are made by requests",
            ),
            field(
                "require_bound_signatures",
                "Whether signed changes must say which operation they are for (`aud`) and when they were issued (`iat`), so that none can be presented elsewhere or again",
            ),
            field(
                "two_person_changes",
                "Whether a change to policies or signers waits until a second person approves it",
            ),
            field(
                "record_decisions",
                "How many attestations of each type are recorded, evidence and all, encrypted at rest, so that a dry run can tell what another policy would have decided. 0: none",
            ),
        ],
    },
    Section {
        title: "[authentication]",
        intro: "Whose word is taken for who callers are. Without issuers and client certificates nobody can make themselves known, and what needs a caller is refused; attesting with evidence of a TEE, signing certificates and OpenID metadata need none. See the [guide](../guides/authentication.md).",
        fields: &[
            field(
                "issuer",
                "Issuers whose access tokens are accepted, see below; without a caller's token, the first one is pointed to",
            ),
            field(
                "client_certificates",
                "Client certificates as a second way, see below",
            ),
        ],
    },
    Section {
        title: ISSUER,
        intro: "One issuer of access tokens (OpenID Connect, RFC 9068): Entra ID, Keycloak, or any other that signs JWTs. A token counts for the issuer whose exact name is its `iss`.",
        fields: &[
            field(
                "issuer",
                "The exact claim `iss` of its tokens, an https URL; required",
            ),
            field(
                "audiences",
                "What tokens may be for: one of them must be in `aud`. A slash at the end makes no difference",
            ),
            field(
                "jwks_uri",
                "Where its keys are. Empty: where its metadata at `<issuer>/.well-known/openid-configuration` says",
            ),
            field(
                "jwks_file",
                "A file with its keys (a JWK set), for services without a way to it; nothing is fetched then. Read again on SIGHUP",
            ),
            field(
                "algorithms",
                "Algorithms that it signs with; of RFC 7518 those with a public key",
            ),
            field(
                "ca_file",
                "Certificate authority of its TLS certificate, PEM. Empty: those that the system trusts",
            ),
            field("clock_skew_seconds", "How far its clock may differ"),
            field(
                "max_token_life_seconds",
                "The longest time from `iat` to `exp`. 0: whatever the issuer gives its tokens",
            ),
            field("request_timeout_seconds", "Time for one request to it, all of it"),
            field(
                "refresh_seconds",
                "Age of its keys at which they are fetched again; requests go on with those at hand meanwhile",
            ),
            field(
                "unknown_key_pause_seconds",
                "How soon after its keys were fetched they may be fetched again, because a token names a key that is not among them",
            ),
            field(
                "outage_seconds",
                "Age of its keys up to which they are used while it cannot be reached; beyond it, its callers get 503",
            ),
        ],
    },
    Section {
        title: CLIENT_CERTIFICATES,
        intro: "Client certificates (mutual TLS). A client may present one; an expired one, or one of another authority, ends the handshake. Where a request has a bearer token as well, the token counts.",
        fields: &[field(
            "ca_file",
            "Authorities of the clients' certificates, PEM; read again on SIGHUP. Empty: no certificate is asked for",
        )],
    },
    Section {
        title: "[authorization]",
        intro: "Which role callers hold, and where.",
        fields: &[
            field(
                "missing_role_is_401",
                "Whether a caller without the role that is needed gets 401, as from MAA, instead of 403",
            ),
            field("assignment", "Who holds which role, see below"),
        ],
    },
    Section {
        title: ASSIGNMENT,
        intro: "One assignment: whoever's token has the value in the claim holds the role in the scopes. All keys but `issuer` are required.",
        fields: &[
            field(
                "role",
                "`reader`, `contributor`, `owner` or `operator`; `Attestation Reader` and `Attestation Contributor` mean the first two, as do the identifiers of the Azure roles",
            ),
            field(
                "scopes",
                "Where: `/` for everything, `/subscriptions/<id>`, `/subscriptions/<id>/resourceGroups/<name>`, or the name of a provider",
            ),
            field(
                "claim",
                "The claim that must be the value, or a list that has it: `roles`, `groups`, `appid` (also `azp` and `client_id`, whichever the token has), `oid`, `sub` or any other; full stops lead into objects, `realm_access.roles`. Of client certificates: `certificate_fingerprint` (SHA-256, hexadecimal), `certificate_subject` (as RFC 4514 writes it) or `certificate_name` (a DNS name, URI or mail address of its alternative names)",
            ),
            field("value", "The value, compared exactly"),
            field(
                "issuer",
                "The issuer whose tokens this is about. Needed when several are configured: what one calls `sub` is nobody at another",
            ),
        ],
    },
    Section {
        title: "[cors]",
        intro: "Which web pages, by their origin (`https://host[:port]`, or `*` for every one), may read answers. Cookies and client certificates of a browser are never accepted from another origin.",
        fields: &[
            field(
                "verification_origins",
                "May read `/certs` and `/.well-known/openid-configuration`",
            ),
            field("attest_origins", "May attest"),
        ],
    },
    Section {
        title: "[control_plane]",
        intro: "Providers that are created by requests, as resources of Azure Resource Manager ([guide](../guides/control-plane.md)).",
        fields: &[
            field(
                "locations",
                "Locations in which providers may be created, for example `[\"eastus\", \"rack7\"]`. Empty: in any",
            ),
            field(
                "retention_days",
                "Days for which a deleted provider can be restored; its name is not free until then. 0: it is gone at once",
            ),
            field(
                "max_providers",
                "Most providers that requests may create, deleted ones that can be restored among them",
            ),
            field(
                "max_providers_per_subscription",
                "Most of them in one subscription. 0: as many as the service takes",
            ),
            field(
                "private_endpoint",
                "Private endpoints that connections may name, see below",
            ),
        ],
    },
    Section {
        title: PRIVATE_ENDPOINT,
        intro: "A private endpoint: where requests come from when they come through it. An approved connection of a provider to it opens the provider to these networks when its public network access is disabled.",
        fields: &[
            field(
                "id",
                "Resource id, `/subscriptions/.../providers/Microsoft.Network/privateEndpoints/...`",
            ),
            field("networks", "For example `[\"10.1.0.0/16\", \"fd00:1::/64\"]`"),
        ],
    },
    Section {
        title: "[limits]",
        intro: "How often callers may ask, in requests a minute; 0 means as often as they like. Who asks more often is answered 429 with `Retry-After`. A caller is who was authenticated, else an address (of IPv6, the first 64 bits): behind a proxy all who are not authenticated have the proxy's. Administrative requests include reads of policies and signers, and attempts with credentials that do not hold.",
        fields: &[
            field("attest_per_caller", "Attestations of one caller at one provider"),
            field("attest_per_caller_burst", "Most of them at once after a pause"),
            field("attest_per_provider", "Attestations at one provider"),
            field("attest_per_provider_burst", "Most of them at once after a pause"),
            field(
                "administration_per_caller",
                "Administrative requests of one caller at one provider",
            ),
            field(
                "administration_per_caller_burst",
                "Most of them at once after a pause",
            ),
            field(
                "administration_per_provider",
                "Administrative requests at one provider",
            ),
            field(
                "administration_per_provider_burst",
                "Most of them at once after a pause",
            ),
            field(
                "policy_history_bytes",
                "Most bytes that the history of one provider's policies takes; then no policy can be set any more, only reset",
            ),
        ],
    },
    Section {
        title: "[diagnostics]",
        intro: "The diagnostic log: one record a request, in the form of MAA's resource logs, as lines of JSON. Administrative operations by those who may do them are on disk before they are answered, in a file of their own; without one that can be written no change is begun.",
        fields: &[
            field("enabled", "Whether requests are recorded in a file"),
            field(
                "file",
                "The file, made for its owner only. Empty: `diagnostics.jsonl` in `store.data_dir`",
            ),
            field(
                "audit_file",
                "The file of administrative operations by those who may do them, apart so that no number of other requests makes its records be dropped. Empty: `audit.jsonl` beside `file`",
            ),
            field(
                "max_file_bytes",
                "Bytes after which a new file is begun and the old one becomes `<file>.1`, of each file",
            ),
            field("keep_files", "Most older files that are kept beside each"),
            field(
                "stdout",
                "Whether records also go to standard output, for a collector; nothing else is written there",
            ),
        ],
    },
    Section {
        title: "[telemetry]",
        intro: "Logs, on standard error.",
        fields: &[
            field("log_format", "`text` or `json`"),
            field(
                "log_level",
                "A level, or directives such as `info,attestry_service::collateral=debug`",
            ),
        ],
    },
];
