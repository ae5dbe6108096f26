-- The signed file that reference values came in, if it was signed; NULL once there is a newer version. What was taken in
-- before has none, and counts as unsigned where a signer is configured, until its file is taken in again.
ALTER TABLE reference_values ADD COLUMN envelope BLOB;
