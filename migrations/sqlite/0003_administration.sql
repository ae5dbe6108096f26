-- How each policy revision came about.
ALTER TABLE policy ADD COLUMN operation TEXT NOT NULL DEFAULT 'set';  -- set, reset, rollback
ALTER TABLE policy ADD COLUMN request TEXT;        -- the JWS that asked for the change, where it is not the token
ALTER TABLE policy ADD COLUMN restored INTEGER;    -- the revision that a rollback brought back
ALTER TABLE policy ADD COLUMN issued_at INTEGER;   -- `iat` of the JWS, if it has one
ALTER TABLE policy ADD COLUMN approver TEXT;       -- the second person, where two are needed

-- Append-only: the policy signing certificates of a provider are the sum of these changes.
CREATE TABLE policy_signer (
    revision    INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider    TEXT NOT NULL,
    operation   TEXT NOT NULL CHECK (operation IN ('add', 'remove')),
    thumbprint  TEXT NOT NULL,
    certificate TEXT NOT NULL,                     -- JWK with x5c, JSON
    request     TEXT,                              -- the JWS that asked; NULL: given with the provider
    issued_at   INTEGER,
    actor       TEXT NOT NULL,
    approver    TEXT,
    created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX policy_signer_by_provider ON policy_signer (provider, revision);
CREATE TRIGGER policy_signer_no_update BEFORE UPDATE ON policy_signer
BEGIN SELECT RAISE(ABORT, 'signer history is append-only'); END;
CREATE TRIGGER policy_signer_no_delete BEFORE DELETE ON policy_signer
BEGIN SELECT RAISE(ABORT, 'signer history is append-only'); END;
