-- AMD's endorsements, as they were obtained. They are verified whenever they are read.

-- Certificates of chips' keys (VCEK), one for each key.
CREATE TABLE amd_vek (
    product     TEXT NOT NULL,
    chip_id     TEXT NOT NULL,              -- hexadecimal
    tcb         TEXT NOT NULL,              -- 16 hexadecimal digits
    certificate BLOB NOT NULL,              -- DER
    not_before  INTEGER NOT NULL,
    source      TEXT NOT NULL,
    fetched_at  INTEGER NOT NULL,
    imported    INTEGER NOT NULL,           -- 1: handed over by an operator, and not displaced by fetched ones
    PRIMARY KEY (product, chip_id, tcb)
) STRICT;
CREATE INDEX amd_vek_by_age ON amd_vek (imported, fetched_at);

-- The last list of each root.
CREATE TABLE amd_crl (
    product     TEXT NOT NULL,
    root        TEXT NOT NULL,              -- SHA-256 of the root's key
    crl         BLOB NOT NULL,              -- DER
    this_update INTEGER NOT NULL,
    source      TEXT NOT NULL,
    fetched_at  INTEGER NOT NULL,
    PRIMARY KEY (product, root)
) STRICT;
