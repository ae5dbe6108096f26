-- Changes to a provider's settings that were asked for with a JWS.
ALTER TABLE provider_change ADD COLUMN request TEXT;       -- the JWS
ALTER TABLE provider_change ADD COLUMN approver TEXT;      -- the second person, where two are needed
ALTER TABLE provider_change ADD COLUMN issued_at INTEGER;  -- `iat` of the JWS, if it has one
