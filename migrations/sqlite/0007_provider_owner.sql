-- Whose a created provider is, apart from who created it; and which of all that ever had its name it is.
-- Providers from before have no owner: who may change them says the configuration.
ALTER TABLE provider ADD COLUMN owner TEXT NOT NULL DEFAULT '';      -- '': nobody
ALTER TABLE provider ADD COLUMN creation TEXT NOT NULL DEFAULT '';   -- random, for each creation another
