-- Reference values that were taken in: every version, so that none comes back. The newest of a scope is in force.
CREATE TABLE reference_values (
    scope       TEXT NOT NULL,                     -- '': of all providers without their own, else a provider's name
    version     INTEGER NOT NULL,
    digest      TEXT NOT NULL,                     -- SHA-256 of the document, hexadecimal
    document    BLOB,                              -- JSON; NULL once there is a newer version
    source      TEXT NOT NULL,                     -- where it came from: a file, and how
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    imported_at INTEGER NOT NULL,
    PRIMARY KEY (scope, version)
) STRICT;
