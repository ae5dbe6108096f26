-- Changes that wait for a second person. Decided ones stay, with who decided.
CREATE TABLE pending_change (
    id         TEXT PRIMARY KEY NOT NULL,          -- 32 random hexadecimal digits
    provider   TEXT NOT NULL,
    operation  TEXT NOT NULL,                      -- JSON: what is asked for
    base       INTEGER NOT NULL,                   -- newest revision of what it changes, when it was asked for
    actor      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    state      TEXT NOT NULL CHECK (state IN ('pending', 'applied', 'rejected')),
    decided_by TEXT,
    decided_at INTEGER
) STRICT;
CREATE INDEX pending_change_by_provider ON pending_change (provider, created_at);

-- Evidence of past decisions, kept on a provider's wish to see what another policy would have decided. Sealed under
-- the key-encryption key; the oldest go when there are too many.
CREATE TABLE recorded_decision (
    id               INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    provider         TEXT NOT NULL,
    attestation_type TEXT NOT NULL,
    sealed           BLOB NOT NULL,
    created_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX recorded_decision_by_subject ON recorded_decision (provider, attestation_type, id);
