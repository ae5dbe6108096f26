-- Providers that were created by requests, as resources of Azure Resource Manager. `name` is in lower case.
ALTER TABLE provider ADD COLUMN given_name TEXT NOT NULL DEFAULT '';       -- the name as its creator spelled it
ALTER TABLE provider ADD COLUMN subscription TEXT NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN resource_group TEXT NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN location TEXT NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN trust_model TEXT NOT NULL DEFAULT 'AAD';   -- AAD, Isolated
ALTER TABLE provider ADD COLUMN tags TEXT NOT NULL DEFAULT '{}';           -- JSON
ALTER TABLE provider ADD COLUMN public_network_access INTEGER;             -- 0, 1; NULL: not said
ALTER TABLE provider ADD COLUMN tpm_attestation_authentication INTEGER;    -- 0, 1; NULL: not said
ALTER TABLE provider ADD COLUMN protected INTEGER NOT NULL DEFAULT 0;      -- 1: deletion is refused
ALTER TABLE provider ADD COLUMN created_by TEXT NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN updated_by TEXT NOT NULL DEFAULT '';
ALTER TABLE provider ADD COLUMN deleted_at INTEGER;                        -- NULL: not deleted
CREATE INDEX provider_by_group
    ON provider (subscription COLLATE NOCASE, resource_group COLLATE NOCASE, name);

CREATE TABLE private_endpoint_connection (
    provider         TEXT NOT NULL,
    name             TEXT NOT NULL,                -- in lower case
    given_name       TEXT NOT NULL,
    private_endpoint TEXT,                         -- resource id
    status           TEXT NOT NULL CHECK (status IN ('Pending', 'Approved', 'Rejected')),
    description      TEXT NOT NULL,
    networks         TEXT NOT NULL,                -- JSON: networks given with the connection
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    PRIMARY KEY (provider, name)
) STRICT;

-- Append-only: who created, changed or deleted a provider, and what it was afterwards.
CREATE TABLE provider_change (
    revision   INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider   TEXT NOT NULL,
    operation  TEXT NOT NULL,
    detail     TEXT NOT NULL,                      -- JSON
    actor      TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX provider_change_by_provider ON provider_change (provider, revision);
CREATE TRIGGER provider_change_no_update BEFORE UPDATE ON provider_change
BEGIN SELECT RAISE(ABORT, 'provider history is append-only'); END;
CREATE TRIGGER provider_change_no_delete BEFORE DELETE ON provider_change
BEGIN SELECT RAISE(ABORT, 'provider history is append-only'); END;
