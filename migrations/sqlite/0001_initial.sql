-- The embedded store. Migrations are additive: a release runs on its own schema and on the one before it.
-- Times are seconds since 1970-01-01T00:00:00Z.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE provider (
    name       TEXT PRIMARY KEY NOT NULL,
    settings   TEXT NOT NULL,               -- JSON
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;

-- Append-only: what a provider's policy was at any time stays answerable.
CREATE TABLE policy (
    revision         INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider         TEXT NOT NULL,
    attestation_type TEXT NOT NULL,
    token            TEXT,                  -- the stored policy JWS; NULL: reset to the built-in default
    actor            TEXT NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX policy_by_subject ON policy (provider, attestation_type, revision);
CREATE TRIGGER policy_no_update BEFORE UPDATE ON policy
BEGIN SELECT RAISE(ABORT, 'policy history is append-only'); END;
CREATE TRIGGER policy_no_delete BEFORE DELETE ON policy
BEGIN SELECT RAISE(ABORT, 'policy history is append-only'); END;

-- The last good set of documents of each key, whole.
CREATE TABLE collateral (
    tee                           TEXT NOT NULL,
    fmspc                         TEXT NOT NULL,
    ca                            TEXT NOT NULL,
    edition                       TEXT NOT NULL,
    tcb_info                      BLOB NOT NULL,
    tcb_info_issuer_chain         BLOB NOT NULL,
    qe_identity                   BLOB NOT NULL,
    qe_identity_issuer_chain      BLOB NOT NULL,
    root_ca_crl                   BLOB NOT NULL,
    pck_crl                       BLOB NOT NULL,
    pck_crl_issuer_chain          BLOB NOT NULL,
    source                        TEXT NOT NULL,
    fetched_at                    INTEGER NOT NULL,
    tcb_info_evaluation_number    INTEGER NOT NULL,
    qe_identity_evaluation_number INTEGER NOT NULL,
    pck_crl_number                INTEGER NOT NULL,
    root_crl_number               INTEGER NOT NULL,
    PRIMARY KEY (tee, fmspc, ca, edition)
) STRICT;

-- Private keys only ever rest here sealed under the key-encryption key.
CREATE TABLE signing_key (
    kid          TEXT PRIMARY KEY NOT NULL,
    algorithm    TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('prepared', 'active', 'retired')),
    wrapped_key  BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    activated_at INTEGER,
    retired_at   INTEGER
) STRICT;
